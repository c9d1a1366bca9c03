#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "dnsd/answers/wire_name.h"
#include "dnsd/config.h"

namespace dnsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::expected<Config, std::vector<std::string>> parse(std::string_view text) {
  return parse_config_text(text, "x.toml", {}, [](const std::string&) { return std::nullopt; });
}

class CookieFile : public testing::Test {
 protected:
  CookieFile() : path_(testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name()) {}
  ~CookieFile() override { std::filesystem::remove(path_); }
  std::expected<Config, std::vector<std::string>> with(const std::string& text) const {
    std::ofstream(path_, std::ios::binary) << text;
    return parse("[dns]\ncookie_secret_file = \"" + path_.string() + "\"");
  }
  std::filesystem::path path_;
};

TEST_F(CookieFile, HoldsTheSecretInUseFirst) {
  const auto config = with("# shared\n445536bcd2513298075a5d379663c962\r\n\nDD3BDF9344B678B185A6F5CB60FCA715");
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  ASSERT_TRUE(config->cookie_secrets);
  EXPECT_EQ(config->cookie_secrets->count, 2U);
  EXPECT_EQ(config->cookie_secrets->secret[0][0], 0x44);
  EXPECT_EQ(config->cookie_secrets->secret[0][15], 0x62);
  EXPECT_EQ(config->cookie_secrets->secret[1][1], 0x3b);
  EXPECT_FALSE(parse("")->cookie_secrets) << "drawn at start";
}

TEST_F(CookieFile, WithAnythingElseIsRefused) {
  const std::string good = "445536bcd2513298075a5d379663c962\n";
  for (const std::string& bad : std::vector<std::string>{
           "", "# none\n", good + "445536bc\n", "x" + good, good.substr(1), "-45536bcd2513298075a5d379663c962",
           "445536bcd2513298075a5d379663c9 2", good + good + good + good + good}) {
    const auto config = with(bad);
    ASSERT_FALSE(config) << bad;
    EXPECT_THAT(config.error(), ElementsAre(HasSubstr("x.toml:2:22: error: dns.cookie_secret_file: "))) << bad;
  }
  EXPECT_THAT(parse("[dns]\ncookie_secret_file = \"nowhere\"").error(), ElementsAre(HasSubstr("cannot read")));
}

TEST(ConfigProtection, ReadsPoliciesLimitsAndProxies) {
  const auto config = parse(R"(
[dns]
cookies = "require"
tcp_idle_overload = "500ms"
[rate_limit]
responses_per_second = 50
slip = 3
exempt = ["10.0.0.0/8"]
[proxy_protocol]
listen = ["127.0.0.1:0"]
from = ["127.0.0.1"]
)");
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  EXPECT_EQ(config->dns.responder.cookies, serve::CookiePolicy::require);
  EXPECT_EQ(config->dns.tcp_idle_overload, registry::Millis(500));
  EXPECT_EQ(config->dns.responder.rate_limit.responses_per_second, 50U);
  EXPECT_EQ(config->dns.responder.rate_limit.slip, 3U);
  EXPECT_EQ(config->dns.responder.rate_limit_exempt.size(), 1U);
  EXPECT_EQ(config->dns.proxy_listen.size(), 1U);
  EXPECT_EQ(config->dns.proxies.size(), 1U);
}

TEST(ConfigProtection, AListenerBehindProxiesNeedsToKnowThem) {
  EXPECT_THAT(parse("[proxy_protocol]\nlisten = [\"127.0.0.1:53\"]").error(),
              ElementsAre(HasSubstr("x.toml:2:11: error: proxy_protocol.listen needs proxy_protocol.from")));
  EXPECT_THAT(parse("[dns]\ncookies = \"strict\"").error(),
              ElementsAre(HasSubstr("\"off\", \"lenient\", \"require\"")));
}

TEST(ConfigProtection, ZonesHaveListsOfTheirOwn) {
  const auto config = parse(R"(
[[namespace]]
name = "Corp"
aliases = ["alt.example"]
allow_query = ["10.0.0.0/8", "::1"]
[[namespace]]
name = "lab"
[[zone]]
name = "example.org"
file = "e.zone"
allow_query = []
[[reverse]]
prefix = "10.1.0.0/16"
allow_query = ["192.0.2.1"]
)");
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  std::vector<std::pair<std::string, std::size_t>> got;
  for (const auto& zone : config->dns.responder.zone_access) got.emplace_back(zone.apex, zone.clients.size());
  EXPECT_THAT(got, ElementsAre(std::pair(answers::to_wire("corp"), 2U), std::pair(answers::to_wire("alt.example"), 2U),
                               std::pair(answers::to_wire("example.org"), 0U),
                               std::pair(answers::to_wire("1.10.in-addr.arpa"), 1U)));
}

TEST(ConfigProtection, AZoneOfAnyNameHasItsList) {  // names that no namespace has (RFC 2317, the root, escapes)
  const std::pair<const char*, std::string> cases[] = {
      {".", std::string(1, '\0')},
      {"0/25.2.0.192.in-addr.arpa", *answers::name_to_wire("0/25.2.0.192.in-addr.arpa")},
      {"A\\\\.b.example", std::string("\3a.b\7example\0", 13)},
      {"Example.org.", answers::to_wire("example.org")},
  };
  for (const auto& [text, apex] : cases) {
    const auto config =
        parse("[[zone]]\nname = \"" + std::string(text) + "\"\nfile = \"z.zone\"\nallow_query = [\"10.0.0.0/8\"]\n");
    ASSERT_TRUE(config) << text << testing::PrintToString(config.error());
    ASSERT_EQ(config->dns.responder.zone_access.size(), 1U) << text;
    EXPECT_EQ(config->dns.responder.zone_access[0].apex, apex) << text;
  }
}

TEST(ConfigProtection, AWrongListIsToldWithItsPlace) {
  EXPECT_THAT(parse("[[namespace]]\nname = \"corp\"\nallow_query = \"10.0.0.0/8\"").error(),
              ElementsAre("x.toml:3:15: error: \"allow_query\" is a list of address blocks, not a string"));
  EXPECT_THAT(parse("[[namespace]]\nname = \"corp\"\nallow_query = [\"10.0.0.1/8\", 3]").error(),
              ElementsAre(HasSubstr("x.toml:3:16: error: \"10.0.0.1/8\" is not an address block"),
                          HasSubstr("x.toml:3:30: error: an address block is a string")));
}

}  // namespace
}  // namespace dnsd
