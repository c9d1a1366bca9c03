#include "registry/checks/address_policy.h"

#include <gmock/gmock.h>

#include <boost/asio/ip/address.hpp>
#include <stdexcept>

namespace registry::checks {
namespace {

using boost::asio::ip::make_address;
using boost::asio::ip::tcp;
using testing::HasSubstr;

tcp::endpoint at(const std::string& address, std::uint16_t port) { return {make_address(address), port}; }

TEST(AddressPolicy, RefusesWhatOnlyThisMachineOrItsCloudAnswersOn) {
  const AddressPolicy policy({}, {});
  for (const char* text : {
           "169.254.169.254",
           "169.254.0.1",
           "169.254.255.255",  // link-local (RFC 3927)
           "::ffff:169.254.169.254",
           "::169.254.169.254",  // mapped, compatible
           "64:ff9b::169.254.169.254",
           "2002:a9fe:a9fe::1",  // NAT64, 6to4
           "fe80::1",
           "febf::1",  // fe80::/10
           "224.0.0.1",
           "239.255.255.250",
           "::ffff:224.0.0.1",
           "ff02::1",  // multicast
           "0.0.0.0",
           "0.1.2.3",
           "::",
           "::ffff:0.0.0.0",  // unspecified
           "255.255.255.255",
           "::ffff:255.255.255.255",  // broadcast
           "100.100.100.200",
           "fd00:ec2::254",
           "::ffff:100.100.100.200",  // metadata elsewhere
       }) {
    EXPECT_TRUE(policy.refuses(make_address(text))) << text;
    EXPECT_TRUE(policy.refuses(at(text, 80))) << text;
  }
}

TEST(AddressPolicy, AllowsWhatInstancesHave) {
  const AddressPolicy policy({}, {"127.0.0.1:8500"});
  for (const char* text : {"10.0.0.9", "192.168.1.1", "127.0.0.1", "::1", "fd12::1", "2001:db8::1", "169.253.0.1",
                           "169.255.0.1", "fec0::1", "::ffff:10.0.0.9", "100.100.100.201"}) {
    EXPECT_EQ(policy.refuses(make_address(text)), std::nullopt) << text;
    EXPECT_EQ(policy.refuses(at(text, 80)), std::nullopt) << text;
  }
}

TEST(AddressPolicy, RefusesTheServersOwnApiInEverySpelling) {
  const AddressPolicy policy({}, {"127.0.0.1:8500", "[::1]:8501"});
  EXPECT_THAT(policy.refuses(at("127.0.0.1", 8500)).value_or(""), HasSubstr("8500"));
  EXPECT_TRUE(policy.refuses(at("::ffff:127.0.0.1", 8500)));
  EXPECT_TRUE(policy.refuses(at("64:ff9b::127.0.0.1", 8500)));
  EXPECT_TRUE(policy.refuses(at("::1", 8501)));
  EXPECT_FALSE(policy.refuses(at("127.0.0.1", 8501)));
  EXPECT_FALSE(policy.refuses(at("::1", 8500)));
  EXPECT_FALSE(policy.refuses(at("10.0.0.1", 8500)));
}

TEST(AddressPolicy, AWildcardListenerCoversEveryAddressOfThisMachine) {
  for (const char* wildcard : {"0.0.0.0:8500", "[::]:8500"}) {
    const AddressPolicy policy({}, {wildcard});
    EXPECT_TRUE(policy.refuses(at("127.0.0.1", 8500))) << wildcard;
    EXPECT_TRUE(policy.refuses(at("127.9.9.9", 8500))) << wildcard;
    EXPECT_TRUE(policy.refuses(at("::1", 8500))) << wildcard;
    EXPECT_FALSE(policy.refuses(at("192.0.2.1", 8500))) << wildcard;  // TEST-NET-1 is nobody's
    EXPECT_FALSE(policy.refuses(at("127.0.0.1", 8501))) << wildcard;
  }
}

TEST(AddressPolicy, RefusesConfiguredPrefixes) {
  Prefix ten;
  ten.octets = {10};
  ten.bits = 8;
  const AddressPolicy policy({ten}, {});
  EXPECT_TRUE(policy.refuses(make_address("10.1.2.3")));
  EXPECT_TRUE(policy.refuses(make_address("::ffff:10.1.2.3")));
  EXPECT_FALSE(policy.refuses(make_address("11.1.2.3")));
}

TEST(AddressPolicy, MalformedEndpointsAreFoundAtTheStart) {
  for (const char* bad : {"", "8500", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "host:80", "::1"}) {
    EXPECT_THROW(AddressPolicy({}, {bad}), std::invalid_argument) << bad;
  }
}

}  // namespace
}  // namespace registry::checks
