#include "api/cloudmap/registration.h"

#include <gtest/gtest.h>

#include "api/cloudmap/render.h"

namespace api::cloudmap {
namespace {

using registry::CheckState;
using registry::Meta;

ServiceNotes service_of(std::vector<std::string> types, bool weighted = false) {
  ServiceNotes notes;
  notes.name = "worker";
  notes.ours = true;
  if (types.empty()) return notes;
  notes.dns = DnsConfig{weighted, {}};
  for (auto& type : types) notes.dns->records.push_back({std::move(type), 60});
  return notes;
}

std::string fault(const Meta& attributes, const ServiceNotes& service) {
  const auto def = read_instance("i1", attributes, service);
  return def ? "accepted" : def.error().message;
}

registry::InstanceDef good(const Meta& attributes, const ServiceNotes& service) {
  const auto def = read_instance("i1", attributes, service);
  EXPECT_TRUE(def) << (def ? "" : def.error().message);
  return def.value_or(registry::InstanceDef());
}

std::optional<std::string> attribute_of(const registry::InstanceDef& def, std::string_view name) {
  const auto all = attributes_json(def);
  const auto* value = all.if_contains(name);
  return value ? std::optional(std::string(value->as_string())) : std::nullopt;
}

bool mentions(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

TEST(CloudmapRegistration, RecordsSayWhatDnsAnswers) {
  const Meta both{{"AWS_INSTANCE_IPV4", "10.0.0.1"}, {"AWS_INSTANCE_IPV6", "fd00::1"}, {"AWS_INSTANCE_PORT", "80"}};
  const auto a = good(both, service_of({"A"}));
  EXPECT_TRUE(a.addresses.v4);
  EXPECT_FALSE(a.addresses.v6) << "without AAAA records none is answered";
  EXPECT_EQ(attribute_of(a, "AWS_INSTANCE_IPV6"), "fd00::1") << "but it is given back";
  const auto srv = good(both, service_of({"SRV"}));
  EXPECT_TRUE(srv.addresses.v4 && srv.addresses.v6);
  EXPECT_EQ(srv.port, 80);
  EXPECT_EQ(srv.weight, 1);
  EXPECT_EQ(srv.priority, 1);
  EXPECT_EQ(attributes_json(srv).size(), 3U);
}

TEST(CloudmapRegistration, NamesWhatIsMissing) {
  EXPECT_TRUE(mentions(fault({}, service_of({"A"})), "AWS_INSTANCE_IPV4"));
  EXPECT_TRUE(mentions(fault({{"AWS_INSTANCE_IPV4", "10.0.0.1"}}, service_of({"A", "AAAA"})), "AWS_INSTANCE_IPV6"));
  EXPECT_TRUE(mentions(fault({{"AWS_INSTANCE_IPV4", "10.0.0.1"}}, service_of({"SRV"})), "AWS_INSTANCE_PORT"));
  EXPECT_TRUE(mentions(fault({}, service_of({"CNAME"}, true)), "AWS_INSTANCE_CNAME"));
  auto checked = service_of({});
  checked.health = HealthConfig{"TCP", "", std::nullopt};
  EXPECT_TRUE(mentions(fault({{"AWS_INSTANCE_IPV4", "10.0.0.1"}}, checked), "AWS_INSTANCE_PORT"));
}

TEST(CloudmapRegistration, RefusesWhatIsNoAddressOrPort) {
  EXPECT_TRUE(mentions(fault({{"AWS_INSTANCE_IPV4", "10.0.0"}}, service_of({})), "IPv4"));
  EXPECT_TRUE(mentions(fault({{"AWS_INSTANCE_IPV6", "10.0.0.1"}}, service_of({})), "IPv6"));
  for (const char* port : {"0", "65536", "-1", "8o", " 80"}) {
    EXPECT_TRUE(mentions(fault({{"AWS_INSTANCE_PORT", port}}, service_of({})), "65535")) << port;
  }
}

TEST(CloudmapRegistration, AHostIsACnameOrAnAlias) {
  const auto cname = good({{"AWS_INSTANCE_CNAME", "a.example"}}, service_of({"CNAME"}, true));
  EXPECT_EQ(cname.host, "a.example");
  EXPECT_EQ(attribute_of(cname, "AWS_INSTANCE_CNAME"), "a.example");
  const auto alias = good({{"AWS_ALIAS_DNS_NAME", "lb.example"}}, service_of({"A"}, true));
  EXPECT_EQ(alias.host, "lb.example");
  EXPECT_EQ(attribute_of(alias, "AWS_ALIAS_DNS_NAME"), "lb.example");
  EXPECT_FALSE(attribute_of(alias, "AWS_INSTANCE_CNAME"));
  EXPECT_TRUE(mentions(fault({{"AWS_ALIAS_DNS_NAME", "lb.example"}}, service_of({"A"})), "WEIGHTED"));
  EXPECT_TRUE(mentions(fault({{"AWS_INSTANCE_CNAME", "a b"}}, service_of({"CNAME"}, true)), "not a domain name"));
}

TEST(CloudmapRegistration, WithoutAnAddressTheApiAloneTellsOfIt) {
  const auto def = good({{"url", "https://a.example/x"}, {"AWS_EC2_INSTANCE_ID", "i-1"}}, service_of({}));
  EXPECT_TRUE(def.api_only);
  EXPECT_EQ(def.meta.at("url"), "https://a.example/x");
  EXPECT_FALSE(def.meta.contains("AWS_EC2_INSTANCE_ID")) << "not in TXT records";
  EXPECT_EQ(attribute_of(def, "AWS_EC2_INSTANCE_ID"), "i-1");
  EXPECT_EQ(attributes_json(def).size(), 2U);
}

TEST(CloudmapRegistration, TheInitialHealthNeedsACustomCheck) {
  const Meta attributes{{"AWS_INSTANCE_IPV4", "10.0.0.1"}, {"AWS_INIT_HEALTH_STATUS", "UNHEALTHY"}};
  EXPECT_TRUE(mentions(fault(attributes, service_of({"A"})), "HealthCheckCustomConfig"));
  auto custom = service_of({"A"});
  custom.custom = CustomHealth{};
  const auto def = good(attributes, custom);
  ASSERT_EQ(def.checks.size(), 1U);
  EXPECT_EQ(def.checks[0].initial, CheckState::critical);
  EXPECT_EQ(attribute_of(def, "AWS_INIT_HEALTH_STATUS"), "UNHEALTHY");
  EXPECT_TRUE(good({{"AWS_INSTANCE_IPV4", "10.0.0.1"}, {"AWS_INIT_HEALTH_STATUS", "HEALTHY"}}, custom).checks.empty());
}

TEST(CloudmapRegistration, HasAtMostThirtyCustomAttributes) {
  Meta attributes;
  for (int i = 0; i < 30; ++i) attributes["k" + std::to_string(i)] = "v";
  EXPECT_EQ(fault(attributes, service_of({})), "accepted");
  attributes["k30"] = "v";
  EXPECT_TRUE(mentions(fault(attributes, service_of({})), "30 custom"));
}

TEST(CloudmapRegistration, AttributesHaveAtMostFiveThousandCharacters) {
  Meta attributes;
  for (int i = 0; i < 4; ++i) attributes["k" + std::to_string(i)] = std::string(1024, 'v');
  attributes["k4"] = std::string(5000 - 4 * 1026 - 2, 'v');
  EXPECT_EQ(fault(attributes, service_of({})), "accepted");
  attributes["k4"] += 'v';
  EXPECT_TRUE(mentions(fault(attributes, service_of({})), "5000"));
}

TEST(CloudmapRegistration, WhatOthersMadeRequiresNothing) {
  auto native = service_of({"A", "AAAA", "SRV"});  // as derived from the instances that it has
  native.ours = false;
  EXPECT_TRUE(good({{"AWS_INSTANCE_IPV4", "10.0.0.1"}}, native).addresses.v4);
  EXPECT_TRUE(good({{"AWS_INSTANCE_IPV6", "fd00::1"}}, native).addresses.v6);
  native = service_of({"A"});
  native.ours = false;
  EXPECT_TRUE(good({{"AWS_INSTANCE_IPV6", "fd00::1"}}, native).addresses.v6);
  EXPECT_TRUE(good({{"k", "v"}}, native).api_only);
}

TEST(CloudmapRegistration, IdsHaveAClosedAlphabet) {
  EXPECT_TRUE(is_instance_id("host:app/8080@a.b-c_D"));
  EXPECT_FALSE(is_instance_id("a b"));
  EXPECT_FALSE(is_instance_id("a\xC3\xA9"));
  EXPECT_EQ(read_instance("host:8080", {}, service_of({}))->label, registry::label_for_id("host:8080"));
}

}  // namespace
}  // namespace api::cloudmap
