// [consul], [eureka]: where foreign interfaces work.
#include <gtest/gtest.h>

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
  EXPECT_FALSE(parsed_dialects("[consul]\nnamespace = \"a b\""));
  EXPECT_FALSE(parsed_dialects("[consul]\nnode = \"a.b\""));
}

}  // namespace
}  // namespace dnsd
