// [consul], [eureka], [cloudmap], [envoy]: where foreign interfaces work.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "dnsd/config.h"

namespace dnsd {
namespace {

auto parsed_dialects(std::string_view text) {
  return parse_config_text(text, "x.toml", {}, [](const std::string&) { return std::nullopt; });
}

Config dialects_of(std::string_view text) {
  auto config = parsed_dialects(text);
  if (config) return *std::move(config);
  ADD_FAILURE() << testing::PrintToString(config.error());
  return {};
}

TEST(ConfigDialects, WorkInTheFirstNamespaceUnlessTheyNameOne) {
  const auto two = "[[namespace]]\nname = \"Prod.example\"\n[[namespace]]\nname = \"a.example\"\n";
  EXPECT_EQ(dialects_of(two).http.consul.ns, "prod.example");
  EXPECT_EQ(dialects_of(two).http.eureka.ns, "prod.example");
  const auto named = dialects_of(std::string(two) + "[consul]\nnamespace = \"Later.\"\nnode = \"hub\"\n");
  EXPECT_EQ(named.http.consul.ns, "later") << "one that the API makes may be named too";
  EXPECT_EQ(named.http.consul.node, "hub");
  EXPECT_EQ(named.http.eureka.ns, "prod.example");
  EXPECT_EQ(dialects_of("").http.consul.ns, "corp");
  EXPECT_EQ(dialects_of("[eureka]\nlease_factor = 2").http.eureka.lease_factor, 2);
  EXPECT_FALSE(parsed_dialects("[consul]\nnamespace = \"a b\""));
  const auto view =
      dialects_of(std::string(two) + "[[namespace]]\nname = \"c\"\nlayout = \"consul\"\nof = \"a.example\"\n");
  EXPECT_EQ(view.http.consul.ns, "a.example") << "whose names are Consul's as well";
  EXPECT_EQ(view.http.eureka.ns, "prod.example");
  EXPECT_FALSE(parsed_dialects("[consul]\nnode = \"a.b\""));
}

TEST(ConfigDialects, EnvoyHasACluster) {
  const auto config = dialects_of("[envoy]\ncluster = \"disc_1\"\nnamespace = \"Prod.example.\"");
  EXPECT_EQ(config.http.envoy.cluster, "disc_1");
  EXPECT_EQ(config.http.envoy.ns, "prod.example");
  EXPECT_EQ(dialects_of("").http.envoy.ns, "") << "all";
  EXPECT_FALSE(parsed_dialects("[envoy]\ncluster = \"\""));
  EXPECT_FALSE(parsed_dialects("[envoy]\ncluster = \"a b\""));
}

TEST(ConfigDialects, CloudMapHasAKeyAndAnEndpointWithItsTwin) {
  const auto secret = std::filesystem::path(testing::TempDir()) / "dnsd-cloudmap.secret";
  std::ofstream(secret) << "SECRET\n";
  const auto config = dialects_of(
      "[http]\nlisten = [\"127.0.0.1:8500\", \"[::1]:8500\"]\n[cloudmap]\naccess_key_id = \"AKID\"\n"
      "secret_key_file = \"" +
      secret.string() + "\"\nendpoint = \"aws.corp\"");
  std::filesystem::remove(secret);
  EXPECT_EQ(config.http.cloudmap.access_key_id, "AKID");
  EXPECT_EQ(config.http.cloudmap.secret_key, "SECRET");
  ASSERT_EQ(config.declared.services.size(), 2U);
  EXPECT_EQ(config.declared.services[0].name.text(), "aws.corp");
  EXPECT_EQ(config.declared.services[1].name.text(), "data-aws.corp");
  ASSERT_EQ(config.declared.services[1].instances.size(), 2U);
  EXPECT_EQ(config.declared.services[1].instances[0].port, 8500);
  EXPECT_TRUE(config.declared.services[1].instances[1].addresses.v6);
  EXPECT_EQ(config.http.allowed_hosts, (std::vector<std::string>{"aws.corp", "data-aws.corp"}));
}

}  // namespace
}  // namespace dnsd
