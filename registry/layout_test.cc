// Namespaces whose names are those of another system: what may stand beside them, and what is made on demand.
#include <gmock/gmock.h>

#include "registry/registry_fixture.h"
#include "registry/transaction.h"
#include "registry/validate.h"

namespace registry {
namespace {

using testing::HasSubstr;

class LayoutTest : public Fixture {
 protected:
  static NamespaceDef ns_of(std::string_view text, Layout layout) {
    NamespaceDef def;
    def.name = name(text);
    def.layout = layout;
    return def;
  }
};

TEST_F(LayoutTest, NoNamespaceLiesBelowConsulsNames) {
  ASSERT_TRUE(put(PutNamespace{ns_of("consul", Layout::consul)}));
  EXPECT_EQ(refused(PutNamespace{ns_of("service.consul", Layout::native)}), ProblemKind::name_conflict);
  ASSERT_TRUE(put(PutNamespace{ns_of("b.example", Layout::native)}));
  EXPECT_EQ(refused(PutNamespace{ns_of("example", Layout::consul)}), ProblemKind::name_conflict);
  EXPECT_TRUE(put(PutNamespace{ns_of("example", Layout::native)}));
  NamespaceDef view = ns_of("other", Layout::native);
  view.consul_aliases = {name("view")};
  ASSERT_TRUE(put(PutNamespace{view}));
  EXPECT_EQ(refused(PutNamespace{ns_of("x.view", Layout::native)}), ProblemKind::name_conflict);
  EXPECT_TRUE(put(PutNamespace{ns_of("x.other", Layout::native)}));
}

TEST_F(LayoutTest, AConsulAliasIsNoPlaceToRegister) {
  NamespaceDef def = ns_of("other", Layout::native);
  def.consul_aliases = {name("view")};
  ASSERT_TRUE(put(PutNamespace{def}));
  const auto outcome = put_instance("web.view", instance("i1"));
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().hint, HasSubstr("web.other"));
  EXPECT_EQ(registry.namespace_of(name("web.view"))->def.name, name("other"));
}

TEST_F(LayoutTest, AReloadMayMakeANamespaceAViewOfAnother) {
  std::vector<std::string> notes;
  registry.declare({{ns_of("corp", Layout::native), ns_of("consul", Layout::consul)}, {}}, now, notes);
  NamespaceDef corp = ns_of("corp", Layout::native);
  corp.consul_aliases = {name("consul")};
  registry.declare({{corp}, {}}, now, notes);
  ASSERT_NE(registry.namespace_of(name("web.consul")), nullptr);
  EXPECT_EQ(registry.namespace_of(name("web.consul"))->def.name, name("corp"));
  registry.declare({{ns_of("corp", Layout::native), ns_of("consul", Layout::consul)}, {}}, now, notes);
  EXPECT_EQ(registry.namespace_of(name("web.consul"))->def.name, name("consul"));
  EXPECT_EQ(registry.find_namespace("consul")->def.layout, Layout::consul);
}

TEST_F(LayoutTest, ANamespaceIsMadeOnDemandAndGoesWithItsLastService) {
  NamespaceDef zone = ns_of("cluster.local", Layout::kubernetes);
  zone.ttl = Millis(9000);
  zone.foreign = R"({"x":{"description":"the cluster"}})";
  ASSERT_TRUE(put(PutNamespace{zone}));
  const auto serial = registry.find_namespace("cluster.local")->serial;
  ASSERT_TRUE(put_instance("web.prod.svc.cluster.local", instance("i1")));
  const Namespace* const made = registry.find_namespace("prod.svc.cluster.local");
  ASSERT_NE(made, nullptr);
  EXPECT_TRUE(made->on_demand);
  EXPECT_EQ(made->def.layout, Layout::native);
  EXPECT_EQ(made->def.ttl, zone.ttl) << "the settings of the one around";
  EXPECT_EQ(made->def.foreign, "") << "what another interface keeps of that one is not its own";
  EXPECT_NE(registry.find_namespace("cluster.local")->serial, serial) << "it has a delegation more";
  ASSERT_TRUE(put_service("db.prod.svc.cluster.local"));
  ASSERT_TRUE(put(DeleteService{name("web.prod.svc.cluster.local"), true, {}}));
  EXPECT_NE(registry.find_namespace("prod.svc.cluster.local"), nullptr) << "db is still there";
  ASSERT_TRUE(put(DeleteService{name("db.prod.svc.cluster.local"), true, {}}));
  EXPECT_EQ(registry.find_namespace("prod.svc.cluster.local"), nullptr);
}

TEST_F(LayoutTest, ANamespaceThatSomebodyPutStaysWithoutServices) {
  ASSERT_TRUE(put(PutNamespace{ns_of("cluster.local", Layout::kubernetes)}));
  ASSERT_TRUE(put_instance("web.prod.svc.cluster.local", instance("i1")));
  ASSERT_TRUE(put(PutNamespace{registry.find_namespace("prod.svc.cluster.local")->def}));
  ASSERT_TRUE(put(DeleteService{name("web.prod.svc.cluster.local"), true, {}}));
  EXPECT_NE(registry.find_namespace("prod.svc.cluster.local"), nullptr);
}

TEST_F(LayoutTest, OtherNamesOfTheClusterAreRefusedAndMakeNothing) {
  ASSERT_TRUE(put(PutNamespace{ns_of("cluster.local", Layout::kubernetes)}));
  for (const auto* text : {"web.cluster.local", "svc.cluster.local", "prod.svc.cluster.local",
                           "a.web.prod.svc.cluster.local", "web.prod.pod.cluster.local"}) {
    EXPECT_EQ(refused(PutService{name(text), {}, {}}), ProblemKind::invalid_registration) << text;
  }
  EXPECT_EQ(refused(PutService{name("_x.prod.svc.cluster.local"), {}, {}}), ProblemKind::invalid_registration);
  EXPECT_EQ(registry.find_namespace("prod.svc.cluster.local"), nullptr) << "what was refused left nothing behind";
}

TEST_F(LayoutTest, OnlySoManyNamespacesAreMadeOnDemand) {
  ASSERT_TRUE(put(PutNamespace{ns_of("cluster.local", Layout::kubernetes)}));
  for (std::size_t i = 0; i < kMaxOnDemand; ++i) {
    ASSERT_TRUE(put_service("web.n" + std::to_string(i) + ".svc.cluster.local"));
  }
  EXPECT_EQ(refused(PutService{name("web.more.svc.cluster.local"), {}, {}}), ProblemKind::invalid_registration);
  ASSERT_TRUE(put(DeleteService{name("web.n0.svc.cluster.local"), true, {}}));
  EXPECT_TRUE(put_service("web.more.svc.cluster.local"));
}

TEST_F(LayoutTest, ATargetUnderConsulsNamesLivesAsLongAsItsNamespaceSays) {
  for (const auto* text : {"corp", "plain"}) {
    NamespaceDef def = ns_of(text, Layout::native);
    def.min_ttl = 4s;
    if (def.name == name("corp")) def.consul_aliases = {name("consul")};
    ASSERT_TRUE(put(PutNamespace{def}));
    ServicePolicy policy;
    policy.ttl = 5s;
    policy.min_ttl = 0s;
    ASSERT_TRUE(put(PutService{name(std::string("web.") + text), policy, {}}));
  }
  EXPECT_EQ(registry.target_ttl_of(*registry.find_service("web.corp")), 4s) << "0a000001.addr.consul has that TTL";
  EXPECT_EQ(registry.target_ttl_of(*registry.find_service("web.plain")), 0s);
}

TEST(LayoutRules, NameTheFault) {
  NamespaceDef def;
  def.name = name("corp");
  def.consul_aliases = {name("consul"), name("x.corp")};
  def.datacenter = "Service";
  auto problem = validate(def);
  ASSERT_TRUE(problem);
  std::string faults;
  for (const auto& error : problem->errors) faults += error.pointer + " " + error.code + "\n";
  EXPECT_EQ(faults, "#/consul_aliases/1 loop\n#/datacenter invalid_label\n");
  def.consul_aliases = {name("consul")};
  def.datacenter = "a.b";
  problem = validate(def);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->errors.front().code, "invalid_label");
  def.datacenter = "dc1";
  EXPECT_FALSE(validate(def));
  def.layout = Layout::kubernetes;
  EXPECT_EQ(validate(def)->errors.front().pointer, "#/layout");
}

}  // namespace
}  // namespace registry
