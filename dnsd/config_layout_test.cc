// Namespaces in other systems' layouts, and where those systems' interfaces work.
#include <gtest/gtest.h>

#include <string>

#include "dnsd/config.h"

namespace dnsd {
namespace {

Config layouts_of(const std::string& text) {
  auto config = parse_config_text(text, "x.toml", {}, [](const std::string&) { return std::nullopt; });
  if (config) return *std::move(config);
  ADD_FAILURE() << testing::PrintToString(config.error());
  return {};
}

TEST(ConfigLayout, AViewIsAnAliasInConsulsLayout) {
  const auto config = layouts_of(R"(
[consul]
datacenter = "east"
[[namespace]]
name = "consul"
layout = "consul"
of = "corp"
allow_query = ["192.0.2.0/24"]
[[namespace]]
name = "corp"
aliases = ["alt"]
allow_query = ["10.0.0.0/8"]
[[namespace]]
name = "other"
layout = "consul"
datacenter = "west"
)");
  ASSERT_EQ(config.declared.namespaces.size(), 2U);
  const auto& corp = config.declared.namespaces[0];
  EXPECT_EQ(corp.name.text(), "corp");
  EXPECT_EQ(corp.layout, registry::Layout::native);
  ASSERT_EQ(corp.consul_aliases.size(), 1U);
  EXPECT_EQ(corp.consul_aliases[0].text(), "consul");
  EXPECT_EQ(corp.datacenter, "east");
  EXPECT_EQ(config.declared.namespaces[1].datacenter, "west");
  const auto& access = config.dns.responder.zone_access;
  ASSERT_EQ(access.size(), 3U);
  for (const auto& zone : access) {
    const bool own = zone.apex == std::string("\6consul\0", 8);
    EXPECT_EQ(zone.clients.front(), *registry::parse_prefix(own ? "192.0.2.0/24" : "10.0.0.0/8"));
  }
}

TEST(ConfigLayout, AnInterfaceWorksInTheFirstNamespaceOfItsLayout) {
  const std::string corp = "[[namespace]]\nname = \"corp\"\n";
  const std::string two = corp + "[[namespace]]\nname = \"b\"\n";
  const auto home = [](const std::string& text) {
    return layouts_of(text).home_of(registry::Layout::consul)->name.text();
  };
  EXPECT_EQ(home(two), "corp");
  EXPECT_EQ(home("[[namespace]]\nname = \"k\"\nlayout = \"kubernetes\"\n" + two), "corp");
  EXPECT_EQ(home(two + "[[namespace]]\nname = \"consul\"\nlayout = \"consul\""), "consul");
  EXPECT_EQ(home(two + "[[namespace]]\nname = \"consul\"\nlayout = \"consul\"\nof = \"b\""), "b");
  EXPECT_EQ(layouts_of("[[zone]]\nname = \"z\"\nfile = \"z\"").home_of(registry::Layout::consul), nullptr);
}

}  // namespace
}  // namespace dnsd
