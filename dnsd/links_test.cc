#include "dnsd/links.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dnsd {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

Link link(std::string name, bool running, bool important) {
  return {std::move(name), running, important, {boost::asio::ip::make_address("192.0.2.1")}};
}
Link without_address(std::string name, bool important) { return {std::move(name), true, important, {}}; }

class LostLinksTest : public testing::Test {
 protected:
  bool look(const std::vector<Link>& now) { return lost.look(now, time += 5s); }
  LostLinks lost;
  LostLinks::Time time{1h};
};

TEST_F(LostLinksTest, ACardWithoutCarrierIsLostAlthoughABridgeAndATunnelRun) {
  const auto host = [](bool cable) {
    return std::vector{link("eth0", cable, true), link("docker0", true, false), link("wg0", true, false)};
  };
  EXPECT_FALSE(look(host(true)));
  EXPECT_TRUE(look(host(false)));
  EXPECT_TRUE(look(host(false)));
  EXPECT_FALSE(look(host(true)));
}

TEST_F(LostLinksTest, OneOfTwoCardsIsEnough) {
  EXPECT_FALSE(look({link("eth0", true, true), link("eth1", true, true)}));
  EXPECT_TRUE(look({link("eth0", true, true), link("eth1", false, true)}));
}

TEST_F(LostLinksTest, ItIsRememberedWhenTheDefaultRouteWentWithTheLink) {
  EXPECT_FALSE(look({link("veth0", true, true), link("docker0", true, false)}));
  EXPECT_TRUE(look({link("veth0", false, false), link("docker0", true, false)}));
}

TEST_F(LostLinksTest, AnInterfaceThatIsTakenOutIsLost) {
  EXPECT_FALSE(look({link("eth0", true, true), link("wlan0", true, true)}));
  EXPECT_TRUE(look({link("wlan0", true, true)}));
}

TEST_F(LostLinksTest, ABridgeThatLosesItsLastContainerIsNot) {
  EXPECT_FALSE(look({link("eth0", true, true), link("docker0", true, false)}));
  EXPECT_FALSE(look({link("eth0", true, true), link("docker0", false, false)}));
}

TEST_F(LostLinksTest, WhatNeverRanOrNeverHadAnAddressIsNotMissed) {
  EXPECT_FALSE(look({link("eth0", true, true), link("eth1", false, true), without_address("eth2", true)}));
  EXPECT_FALSE(look({link("eth0", true, true)}));
}

TEST_F(LostLinksTest, WithoutAnImportantOneAllHaveToBeLost) {
  EXPECT_FALSE(look({link("a", true, false), link("b", true, false)}));
  EXPECT_FALSE(look({link("a", true, false), link("b", false, false)}));
  EXPECT_TRUE(look({link("a", false, false), link("b", false, false)}));
  EXPECT_FALSE(look({link("a", false, false), link("b", true, false)}));
}

TEST_F(LostLinksTest, AMachineWithoutALinkHasLostNone) { EXPECT_FALSE(look({link("eth0", false, true)})); }

TEST_F(LostLinksTest, WhatStaysAwayIsNoEvidenceForEver) {
  EXPECT_FALSE(look({link("eth0", true, true), link("eth1", true, true)}));
  const auto since = time;
  while (time + 5s <= since + 10min) ASSERT_TRUE(look({link("eth0", true, true)}));
  EXPECT_FALSE(look({link("eth0", true, true)}));
}

TEST(DefaultInterfaces, AreReadFromTheKernelsTables) {
  const std::string ipv4 =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
      "tun0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000080\t0\t0\t0\n"
      "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n";
  const std::string none(32, '0');
  const auto route = [&](const std::string& destination, const char* length, const char* flags, const char* name) {
    return destination + " " + length + " " + none + " 00 " + none + " 00000400 00000000 00000000 " + flags + "     " +
           name + "\n";
  };
  EXPECT_THAT(default_interfaces(ipv4, ""), ElementsAre("eth0"));
  EXPECT_THAT(default_interfaces("", route(none, "00", "00000003", "eth1") + route(none, "00", "00200200", "lo") +
                                         route("fd" + none.substr(2), "08", "00000001", "eth2")),
              ElementsAre("eth1"));
  EXPECT_THAT(default_interfaces("", ""), IsEmpty());
}

TEST(Links, HaveNeitherLoopbackNorLinkLocalAddresses) {
  for (const auto& address : addresses_of(links())) {
    EXPECT_FALSE(address.is_loopback()) << address;
    EXPECT_FALSE(address.is_v6() && address.to_v6().is_link_local()) << address;
  }
}

}  // namespace
}  // namespace dnsd
