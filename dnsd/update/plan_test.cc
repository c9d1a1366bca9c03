#include "dnsd/update/plan.h"

#include <gtest/gtest.h>

#include "dnsd/answers/wire_name.h"
#include "dnsd/transfer/catalog.h"
#include "dnsd/wire/writer.h"
#include "registry/registry_fixture.h"

namespace dnsd::update {
namespace {

using registry::DeleteInstance;
using registry::name;
using registry::PutInstance;
using wire::Rcode;
using wire::Record;
namespace type = wire::type;
namespace klass = wire::klass;

std::string wire_of(std::string_view text) { return answers::to_wire(text); }
std::string srv(std::uint16_t priority, std::uint16_t weight, std::uint16_t port, std::string_view target) {
  std::string out(6, '\0');
  auto* p = reinterpret_cast<std::uint8_t*>(out.data());
  wire::put16(p, priority);
  wire::put16(p + 2, weight);
  wire::put16(p + 4, port);
  return out + wire_of(target);
}
const std::string kAddress("\x0a\0\0\x09", 4);

class PlanTest : public registry::Fixture {
 protected:
  PlanTest() : catalog(registry, {}, [](const std::string&) {}) {
    settings.zones[wire_of("corp")].allow_update.emplace_back();
    catalog.configure(settings, {{}, {}, {}}, now);
    message.questions.push_back({wire_of("corp"), type::soa, klass::in});
  }
  void given(std::string_view service, registry::InstanceDef def) {
    ASSERT_TRUE(put_instance(service, std::move(def)));
    catalog.publish(changes, now);
  }
  void require(std::string_view owner, std::uint16_t t, std::uint16_t c, std::string rdata = {},
               std::uint32_t ttl = 0) {
    message.sections[0].push_back({wire_of(owner), t, c, ttl, std::move(rdata)});
  }
  void add(std::string_view owner, std::uint16_t t, std::string rdata) {
    message.sections[1].push_back({wire_of(owner), t, klass::in, 60, std::move(rdata)});
  }
  void remove(std::string_view owner, std::uint16_t t, std::uint16_t c = klass::any, std::string rdata = {}) {
    message.sections[1].push_back({wire_of(owner), t, c, 0, std::move(rdata)});
  }
  std::expected<Plan, Refusal> run() {
    const auto& corp = *registry.find_namespace("corp");
    ViewRecords view(*catalog.find(wire_of("corp")), corp, message);
    return plan(registry, corp, view, message);
  }
  Rcode prerequisites() {
    ViewRecords view(*catalog.find(wire_of("corp")), *registry.find_namespace("corp"), message);
    const auto unmet = check_prerequisites(message, view);
    return unmet ? unmet->rcode : Rcode::noerror;
  }
  Rcode refused() {
    const auto made = run();
    return made ? Rcode::noerror : made.error().rcode;
  }
  template <class T>
  T only_command() {
    const auto made = run();
    if (!made || made->commands.size() != 1 || !std::holds_alternative<T>(made->commands[0])) {
      ADD_FAILURE() << "not the one command";
      return {};
    }
    return std::get<T>(made->commands[0]);
  }

  transfer::Settings settings;
  transfer::Catalog catalog;
  wire::Message message;
};

TEST_F(PlanTest, TheRecordsOfANameBecomeOneInstance) {
  add("W1.web.corp", type::srv, srv(2, 3, 8080, "w1.web.corp"));
  add("w1.web.corp", type::a, kAddress);
  add("w1.web.corp", type::txt, "\3k=v");
  const auto command = only_command<PutInstance>();
  EXPECT_EQ(command.service.key(), "web.corp");
  EXPECT_TRUE(command.when.create_only);
  EXPECT_EQ(command.def.label, "W1");
  EXPECT_EQ(command.def.addresses.v4, registry::parse_ipv4("10.0.0.9"));
  EXPECT_EQ(command.def.port, 8080);
  EXPECT_EQ(command.def.priority, 2);
  EXPECT_EQ(command.def.weight, 3);
  EXPECT_EQ(command.def.meta.at("k"), "v");
}

TEST_F(PlanTest, AnInstanceIsMadeByItsFirstAddressAndNotWithoutOne) {
  add("w1.web.corp", type::srv, srv(1, 1, 80, "w1.web.corp"));
  EXPECT_EQ(refused(), Rcode::refused);
}

TEST_F(PlanTest, AnAddressAtAServiceIsAnInstanceLabelledFromIt) {
  add("web.corp", type::a, kAddress);
  EXPECT_EQ(only_command<PutInstance>().def.label, "ip-10-0-0-9");
  EXPECT_EQ(label_of(*registry::parse_ipv6("fd00::9")), "ip-fd000000000000000000000000000009");
}

TEST_F(PlanTest, AnAddressThatAnInstanceHasAlreadyMakesNoOther) {
  given("web.corp", instance("i", "10.0.0.9"));
  add("web.corp", type::a, kAddress);
  EXPECT_EQ(only_command<PutInstance>().def.id, "i");  // an equal PUT: it renews the lease
}

TEST_F(PlanTest, WhatLosesItsLastAddressIsRemovedAtTheRevisionItWasSeen) {
  given("web.corp", instance("i", "10.0.0.9"));
  for (const bool at_service : {true, false}) {
    message.sections[1].clear();
    remove(at_service ? "web.corp" : "i.web.corp", type::a, klass::none, kAddress);
    const auto command = only_command<DeleteInstance>();
    EXPECT_EQ(command.id, "i");
    EXPECT_EQ(command.when.if_match, get("web.corp", "i").revision);
  }
}

TEST_F(PlanTest, AnAddressIsReplacedByDeletingItFirst) {
  given("web.corp", instance("i", "10.0.0.1"));
  add("i.web.corp", type::a, kAddress);
  EXPECT_EQ(refused(), Rcode::refused) << "two addresses of a family";
  message.sections[1].clear();
  remove("i.web.corp", type::a);
  add("i.web.corp", type::a, kAddress);
  EXPECT_EQ(only_command<PutInstance>().def.addresses.v4, registry::parse_ipv4("10.0.0.9"));
}

TEST_F(PlanTest, OneAddressOfTwoMayGo) {
  auto both = instance("i", "10.0.0.9");
  both.addresses.v6 = registry::parse_ipv6("fd00::1");
  given("web.corp", both);
  remove("i.web.corp", type::a);
  const auto command = only_command<PutInstance>();
  EXPECT_FALSE(command.def.addresses.v4);
  EXPECT_TRUE(command.def.addresses.v6);
}

TEST_F(PlanTest, ToDeleteWhatIsNotThereIsSilence) {
  remove("x.web.corp", type::any);
  remove("web.corp", type::a);
  remove("i.web.corp", type::txt, klass::none, "\3k=v");
  remove("a.b.c.corp", type::any);
  const auto made = run();
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->commands.empty());
}

TEST_F(PlanTest, NamesThatNoInstanceHasAreRefused) {
  for (const char* owner : {"corp", "_web._tcp.corp", "a.b.c.corp", "ns.corp", "_x.web.corp"}) {
    message.sections[1].clear();
    add(owner, type::a, kAddress);
    EXPECT_EQ(refused(), Rcode::refused) << owner;
  }
  message.sections[1].clear();
  remove("corp", type::soa);
  EXPECT_EQ(refused(), Rcode::refused) << "the apex keeps its SOA";
}

// The owner of the zone corp has no say in b.corp: neither by its names nor by a label that looks like them.
TEST_F(PlanTest, ANamespaceBelowIsAnotherOnes) {
  registry::NamespaceDef below;
  below.name = name("b.corp");
  ASSERT_TRUE(put(registry::PutNamespace{below}));
  given("x.b.corp", instance("i", "10.0.0.9"));
  const std::string dotted("\3x.b\4corp\0", 10);
  for (const auto& owner : {dotted, "\1w" + dotted, "\1i" + dotted}) {
    for (const std::uint16_t t : {type::a, type::txt}) {
      message.sections[1] = {{owner, t, klass::in, 60, t == type::a ? kAddress : "\3k=v"}};
      EXPECT_EQ(refused(), Rcode::refused);
    }
    for (const std::uint16_t t : {type::a, type::any}) {
      message.sections[1] = {{owner, t, klass::any, 0, {}}};
      const auto made = run();
      EXPECT_TRUE(!made || made->commands.empty()) << "what is there is not deleted";
    }
    message.sections[0] = {{owner, type::any, klass::any, 0, {}}};
    EXPECT_EQ(prerequisites(), Rcode::nxdomain);
    message.sections[0].clear();
  }
  message.sections[1].clear();
  add("i.x.b.corp", type::a, kAddress);
  EXPECT_EQ(refused(), Rcode::refused);
}

TEST_F(PlanTest, TypesThatNoInstanceHasAreRefused) {
  for (const std::uint16_t t : {type::cname, type::mx, type::ptr, std::uint16_t{65'280}}) {
    message.sections[1].clear();
    add("w.web.corp", t, wire_of("x.corp"));
    EXPECT_EQ(refused(), Rcode::refused) << t;
  }
  message.sections[1].clear();
  add("w.web.corp", type::a, kAddress);
  add("w.web.corp", type::srv, srv(1, 1, 80, "other.web.corp"));
  EXPECT_EQ(refused(), Rcode::refused) << "the target is another";
}

TEST_F(PlanTest, ThePrescanFindsWhatIsMalformedBeforeAnythingElse) {
  add("w.web.corp", type::any, {});
  EXPECT_EQ(refused(), Rcode::formerr);
  message.sections[1] = {{wire_of("w.web.corp"), type::a, klass::any, 5, {}}};
  EXPECT_EQ(refused(), Rcode::formerr) << "a TTL with class ANY";
  message.sections[1] = {{wire_of("w.web.corp"), type::a, klass::ch, 0, {}}};
  EXPECT_EQ(refused(), Rcode::formerr) << "class CH";
  message.sections[1] = {{wire_of("w.example"), type::a, klass::in, 0, kAddress}};
  EXPECT_EQ(refused(), Rcode::notzone);
  message.sections[1] = {{wire_of("w.web.corp"), type::a, klass::in, 0, "abc"}};
  EXPECT_EQ(refused(), Rcode::formerr) << "three octets";
}

TEST_F(PlanTest, PrerequisitesSeeTheTransferView) {
  given("web.corp", instance("i", "10.0.0.9"));
  struct Case {
    const char* owner;
    std::uint16_t type, klass;
    std::string rdata;
    Rcode expected;
  };
  const Case cases[] = {
      {"i.web.corp", type::any, klass::any, {}, Rcode::noerror},
      {"j.web.corp", type::any, klass::any, {}, Rcode::nxdomain},
      {"i.web.corp", type::any, klass::none, {}, Rcode::yxdomain},
      {"j.web.corp", type::any, klass::none, {}, Rcode::noerror},
      {"web.corp", type::srv, klass::any, {}, Rcode::noerror},
      {"web.corp", type::aaaa, klass::any, {}, Rcode::nxrrset},
      {"web.corp", type::a, klass::none, {}, Rcode::yxrrset},
      {"WEB.corp", type::a, klass::in, kAddress, Rcode::noerror},
      {"web.corp", type::a, klass::in, "\1\2\3\4", Rcode::nxrrset},
      {"_web._tcp.corp", type::ptr, klass::any, {}, Rcode::noerror},
      {"_services._dns-sd._udp.corp", type::ptr, klass::any, {}, Rcode::noerror},
      {"corp", type::soa, klass::any, {}, Rcode::noerror},
      {"web.example", type::a, klass::any, {}, Rcode::notzone},
      {"web.corp", type::a, klass::ch, {}, Rcode::formerr},
  };
  for (const auto& each : cases) {
    message.sections[0].clear();
    require(each.owner, each.type, each.klass, each.rdata);
    EXPECT_EQ(prerequisites(), each.expected) << each.owner << ' ' << each.type << ' ' << each.klass;
  }
  message.sections[0].clear();
  require("web.corp", type::a, klass::any, {}, 1);
  EXPECT_EQ(prerequisites(), Rcode::formerr) << "a TTL";
}

TEST_F(PlanTest, ASetIsThereAsAWhole) {
  given("web.corp", instance("i", "10.0.0.9"));
  given("db.corp", instance("j", "10.0.0.9"));
  const std::string list = "_services._dns-sd._udp.corp";
  require(list, type::ptr, klass::in, wire_of("_web._tcp.corp"));
  EXPECT_EQ(prerequisites(), Rcode::nxrrset) << "one of two";
  require(list, type::ptr, klass::in, wire_of("_DB._tcp.corp"));
  require("web.corp", type::a, klass::in, kAddress);
  EXPECT_EQ(prerequisites(), Rcode::noerror) << "each record of the view once, whatever else was looked up";
  require("corp", type::soa, klass::any);
  require("_web._tcp.corp", type::ptr, klass::any);
  EXPECT_EQ(prerequisites(), Rcode::noerror);
}

TEST_F(PlanTest, PrerequisitesTellPortsApart) {
  auto def = instance("i", "10.0.0.9");
  def.port = 0x1f41;
  given("web.corp", def);
  const auto with_port = [&](std::uint16_t port) {
    message.sections[0] = {
        {wire_of("i.web.corp"), type::srv, klass::in, 0, srv(def.priority, def.weight, port, "I.web.corp")}};
    return prerequisites();
  };
  EXPECT_EQ(with_port(0x1f41), Rcode::noerror);
  EXPECT_EQ(with_port(0x1f61), Rcode::nxrrset) << "the same but for one bit, as letters in two cases";
}

TEST_F(PlanTest, ALeaseIsAHeartbeatCheckWithinItsBounds) {
  add("w.web.corp", type::a, kAddress);
  const auto with_lease = [&](const std::string& option) {
    message.sections[2] = {{std::string(1, '\0'), type::opt, 1232, 0, option}};
    return run();
  };
  const auto made = with_lease(std::string("\0\2\0\4\0\0\0\x1e", 8));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->lease, 30U);
  const auto& def = std::get<PutInstance>(made->commands[0]).def;
  ASSERT_EQ(def.checks.size(), 1U);
  EXPECT_EQ(def.checks[0], lease(std::chrono::seconds(30)));
  EXPECT_EQ(with_lease(std::string("\0\2\0\4\xff\xff\xff\xff", 8))->lease, 86'400U);
  EXPECT_EQ(with_lease(std::string("\0\2\0\2\0\0", 6)).error().rcode, Rcode::formerr);
}

TEST_F(PlanTest, TheZoneSectionNamesANamespaceOfOurs) {
  EXPECT_TRUE(find_space(registry, message));
  message.questions[0].name = wire_of("web.corp");
  EXPECT_EQ(find_space(registry, message).error().rcode, Rcode::notauth);
  message.questions[0].type = type::a;
  EXPECT_EQ(find_space(registry, message).error().rcode, Rcode::formerr);
}

TEST(TxtPair, IsReadAsItIsWritten) {
  EXPECT_EQ(pair_of("\3k=v"), (std::pair<std::string, std::string>("k", "v")));
  EXPECT_EQ(pair_of("\2k=\1v"), (std::pair<std::string, std::string>("k", "v")));
  EXPECT_EQ(pair_of("\5a`=b="), (std::pair<std::string, std::string>("a=b", "")));
  EXPECT_EQ(pair_of("\1x"), std::nullopt);
  EXPECT_EQ(pair_of("\2=v"), std::nullopt);
  EXPECT_EQ(pair_of("\5k=v"), std::nullopt);
}

}  // namespace
}  // namespace dnsd::update
