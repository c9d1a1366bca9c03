#include "registry/checks/host_table.h"

#include <gmock/gmock.h>

#include <map>

#include "registry/checks/dns_test_server.h"

namespace registry::checks::test {
namespace {

using std::chrono::seconds;
using Data = DnsTestServer::Data;
using Rcode = DnsTestServer::Rcode;

constexpr Millis kResolvePatience{30'000};
constexpr Ipv4 kFirst{{192, 0, 2, 9}};
constexpr Ipv4 kSecond{{192, 0, 2, 8}};
constexpr Ipv6 kSix{{0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}};

class HostTableTest : public testing::Test {
 protected:
  void TearDown() override {
    table_.stop();
    io_.restart();
    io_.run();  // returns only when nothing is left in the loop
  }
  Generation watch(const std::string& host, const std::string& id = "w1") {
    auto def = std::make_shared<InstanceDef>();
    def->id = id;
    def->host = host;
    table_.watch({++last_, std::make_shared<const std::string>("worker.corp"), def});
    return last_;
  }
  bool run_until(const std::function<bool()>& reached) {
    const Mono end = std::chrono::steady_clock::now() + kResolvePatience;
    while (!reached() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_one_for(Millis(20));
    }
    return reached();
  }
  bool reported(std::size_t count) {
    return run_until([&] { return reports_.size() >= count; });
  }

  DnsTestServer server_;
  boost::asio::io_context io_;
  AddressPolicy policy_{{}, {}};
  std::vector<HostReport> reports_;
  int changes_ = 0;
  HostTable table_{io_,
                   {server_.address()},
                   policy_,
                   [this](HostReport report) { reports_.push_back(std::move(report)); },
                   [this](const std::string&, const Addresses&, const Addresses&) { ++changes_; }};
  Generation last_ = 0;
};

TEST_F(HostTableTest, ResolvesBothFamiliesWithTheirTtl) {
  server_.set("h.example.net", {.a = {kFirst}, .aaaa = {kSix}, .ttl = 77});
  const Generation generation = watch("H.Example.net");
  ASSERT_TRUE(reported(1));
  EXPECT_TRUE(reports_[0].found);
  EXPECT_EQ(reports_[0].service, "worker.corp");
  EXPECT_EQ(reports_[0].id, "w1");
  EXPECT_EQ(reports_[0].generation, generation);
  EXPECT_EQ(reports_[0].addresses, (Addresses{kFirst, kSix}));
  EXPECT_EQ(reports_[0].ttl, seconds(77));
  EXPECT_EQ(table_.find("h.example.net"), (Addresses{kFirst, kSix}));
  EXPECT_EQ(changes_, 1);
}

TEST_F(HostTableTest, TheTtlIsTheSmallestOfTheChainAndWithinBounds) {
  server_.set("alias.example.net", {.a = {kFirst}, .ttl = 500, .alias = "real.example.net", .alias_ttl = 20});
  server_.set("long.example.net", {.a = {kFirst}, .ttl = 86'400});
  server_.set("zero.example.net", {.a = {kFirst}, .ttl = 0});
  watch("alias.example.net", "alias");
  watch("long.example.net", "long");
  watch("zero.example.net", "zero");
  ASSERT_TRUE(run_until([&] { return changes_ == 3; }));
  std::map<std::string, seconds> ttls;
  for (const HostReport& report : reports_) {
    ASSERT_TRUE(report.found) << report.id;
    EXPECT_EQ(report.addresses.v4, kFirst) << report.id;
    ttls[report.id] = report.ttl;
  }
  EXPECT_EQ(ttls["alias"], seconds(20));
  EXPECT_EQ(ttls["long"], seconds(3600));
  EXPECT_EQ(ttls["zero"], seconds(1));
}

TEST_F(HostTableTest, AsksAgainWhenTheTtlHasEnded) {
  server_.set("h.example.net", {.a = {kFirst}, .ttl = 1});
  watch("h.example.net");
  ASSERT_TRUE(reported(1));
  server_.set("h.example.net", {.a = {kSecond}, .ttl = 100});
  ASSERT_TRUE(run_until([&] { return table_.find("h.example.net").v4 == kSecond; }));
  EXPECT_EQ(reports_.back().ttl, seconds(100));
  EXPECT_EQ(changes_, 2);
}

TEST_F(HostTableTest, ANameThatDoesNotExistIsReportedAndAskedAgainLater) {
  watch("none.example.net");
  ASSERT_TRUE(reported(1));
  EXPECT_FALSE(reports_[0].found);
  EXPECT_EQ(reports_[0].ttl, seconds(0));
  EXPECT_TRUE(reports_[0].addresses.empty());
  server_.set("none.example.net", {.a = {kFirst}, .ttl = 100});
  ASSERT_TRUE(reported(2));
  EXPECT_TRUE(reports_[1].found);
}

TEST_F(HostTableTest, KeepsWhatIsKnownThroughFailures) {
  server_.set("h.example.net", {.a = {kFirst}, .ttl = 1});
  watch("h.example.net");
  ASSERT_TRUE(reported(1));
  for (const Rcode rcode : {Rcode::nxdomain, Rcode::servfail}) {
    server_.set("h.example.net", {.rcode = rcode});
    const std::size_t before = reports_.size();
    ASSERT_TRUE(reported(before + 1));
    EXPECT_FALSE(reports_.back().found);
    EXPECT_EQ(reports_.back().addresses.v4, kFirst);
    EXPECT_EQ(table_.find("h.example.net").v4, kFirst);
  }
  EXPECT_EQ(changes_, 1);
}

TEST_F(HostTableTest, OneFamilysFailureDoesNotTakeAwayItsAddress) {
  server_.set("h.example.net", {.a = {kFirst}, .aaaa = {kSix}, .ttl = 1});
  watch("h.example.net");
  ASSERT_TRUE(reported(1));
  server_.set("h.example.net", {.a = {kSecond}, .ttl = 1, .rcode_v6 = Rcode::servfail});
  ASSERT_TRUE(run_until([&] { return table_.find("h.example.net").v4 == kSecond; }));
  EXPECT_EQ(table_.find("h.example.net").v6, kSix) << "a failure is no answer";
  server_.set("h.example.net", {.a = {kSecond}, .ttl = 1});
  EXPECT_TRUE(run_until([&] { return !table_.find("h.example.net").v6; })) << "NODATA is one";
}

TEST_F(HostTableTest, KeepsTheKnownAddressWhileItIsAmongSeveral) {
  server_.set("h.example.net", {.a = {kFirst}, .ttl = 1});
  watch("h.example.net");
  ASSERT_TRUE(reported(1));
  server_.set("h.example.net", {.a = {kSecond, kFirst}, .ttl = 1});
  ASSERT_TRUE(reported(3));
  EXPECT_EQ(table_.find("h.example.net").v4, kFirst);
  server_.set("h.example.net", {.a = {{{192, 0, 2, 7}}, kSecond}, .ttl = 100});
  ASSERT_TRUE(run_until([&] { return table_.find("h.example.net").v4 != kFirst; }));
  EXPECT_EQ(table_.find("h.example.net").v4, (Ipv4{{192, 0, 2, 7}}));
}

TEST_F(HostTableTest, NeverLeadsToForbiddenAddresses) {
  server_.set("h.example.net", {.a = {kFirst}, .ttl = 1});
  watch("h.example.net");
  ASSERT_TRUE(reported(1));
  Ipv6 mapped;
  mapped.octets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 169, 254, 169, 254};
  server_.set("h.example.net", {.a = {{{169, 254, 169, 254}}, {{224, 0, 0, 1}}}, .aaaa = {mapped}, .ttl = 1});
  ASSERT_TRUE(reported(2));
  EXPECT_FALSE(reports_.back().found);
  EXPECT_EQ(table_.find("h.example.net"), (Addresses{kFirst, std::nullopt}));
}

TEST_F(HostTableTest, InstancesOfOneNameShareItsQueries) {
  server_.set("h.example.net", {.a = {kFirst}, .ttl = 100});
  watch("h.example.net", "w1");
  ASSERT_TRUE(reported(1));
  watch("h.example.net", "w2");
  ASSERT_TRUE(reported(2));
  EXPECT_EQ(reports_[1].id, "w2");
  EXPECT_EQ(server_.queries(), 2) << "one A, one AAAA";
}

TEST_F(HostTableTest, ANameThatNobodyUsesIsForgotten) {
  server_.set("h.example.net", {.a = {kFirst}, .ttl = 1});
  const Generation first = watch("h.example.net", "w1");
  const Generation second = watch("h.example.net", "w2");
  table_.unwatch(first);
  EXPECT_EQ(table_.size(), 1U);
  table_.unwatch(second);  // its query is under way
  EXPECT_EQ(table_.size(), 0U);
  watch("h.example.net", "w3");
  ASSERT_TRUE(reported(1));
  EXPECT_EQ(reports_[0].id, "w3");
}

TEST_F(HostTableTest, ManyNamesAreAskedInBatchesFromFreshPorts) {
  constexpr int kNames = 100;
  for (int i = 0; i < kNames; ++i) {
    const std::string name = "h" + std::to_string(i) + ".example.net";
    server_.set(name, {.a = {kFirst}, .ttl = 100});
    watch(name, "w" + std::to_string(i));
  }
  ASSERT_TRUE(reported(kNames));
  for (const HostReport& report : reports_) EXPECT_TRUE(report.found) << report.id;
  EXPECT_GE(server_.source_ports(), 3U);
}

}  // namespace
}  // namespace registry::checks::test
