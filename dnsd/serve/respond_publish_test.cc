// What a publish leaves behind: nothing of what it replaced.
#include <gmock/gmock.h>

#include "dnsd/answers/table.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;

answers::StaticZone file(std::string_view apex, std::string_view text, bool of_namespace) {
  return answers::parse_zone_text(text, "t.zone", {.apex = std::string(apex), .namespace_file = of_namespace}).value();
}

registry::NamespaceDef space(std::string_view apex) {
  registry::NamespaceDef def;
  def.name = name(apex);
  return def;
}

// One change set: the namespace's name keeps the service's alive, as an empty non-terminal.
TEST(Publish, AServiceThatGivesWayToANamespaceBelowItLeavesNothing) {
  World world;
  world.add_namespace("corp");
  world.start();
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  registry::Record record{world.registry.reserve_revision(), world.now.wall, {}};
  record.effects.emplace_back(registry::DeleteServiceEffect{"web.corp"});
  record.effects.emplace_back(registry::PutNamespaceEffect{space("in.web.corp")});
  world.published(world.registry.apply(record, world.now));
  world.reclaimer.collect();
  EXPECT_THAT(world.ask("web.corp", type::a).answer, IsEmpty());
  EXPECT_EQ(world.ask("web.corp", type::a).rcode, "NOERROR");
  EXPECT_EQ(world.ask("i1.web.corp", type::a).rcode, "NXDOMAIN");
  EXPECT_THAT(world.ask("in.web.corp", type::soa).answer, SizeIs(1));
}

// The look-up of "_x._tcp.web.alt" tries the service first; a zone below it must be met all the same.
TEST(Publish, AZoneBelowAServicesNameIsFoundBeforeTheService) {
  World world;
  world.publisher.set_static_zones({},
                                   {file("_tcp.web.corp", "@ SOA a. b. 1 2 3 4 5\n@ NS a.\n_x A 192.0.2.1\n", false)});
  world.add_namespace("corp");
  world.start();
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  EXPECT_THAT(data(world.ask("_x._tcp.web.corp", type::a).answer, "A"), ElementsAre("192.0.2.1"));
  EXPECT_EQ(world.ask("_y._tcp.web.corp", type::a).authority.at(0).name, "_tcp.web.corp.");
}

TEST(Publish, TheListOfServicesIsCutByNameAndStaysSoUnderChange) {
  World world;
  world.add_namespace("corp");
  world.start();
  const auto service = [](int i) { return "s" + std::to_string(10'000 + i) + ".corp"; };
  for (int i = 0; i < 2'060; ++i) world.put(service(i), Given{.id = "i", .v4 = "10.0.0.1", .port = 80});
  const auto listed = [&] {
    std::set<std::string> out;
    const auto m = world.ask("_services._dns-sd._udp.corp", type::ptr, {.tcp = true});
    for (const auto& r : m.answer) out.insert(r.data);
    return out;
  };
  auto names = listed();
  EXPECT_THAT(names, SizeIs(2'048));
  EXPECT_EQ(*names.rbegin(), "_s12047._tcp.corp.");
  world.effect(registry::DeleteServiceEffect{service(2'055)});  // not in it
  EXPECT_EQ(listed(), names);
  world.put("a.corp", Given{.id = "i", .v4 = "10.0.0.1", .port = 80});  // takes the first place, the last one goes
  EXPECT_TRUE(listed().contains("_a._tcp.corp."));
  EXPECT_EQ(*listed().rbegin(), "_s12046._tcp.corp.");
  for (int i = 0; i < 20; ++i) world.effect(registry::DeleteServiceEffect{service(i)});
  EXPECT_THAT(listed(), SizeIs(2'040)) << "all that are left, but the one that was never listed";
}

TEST(Publish, ANameServerThatIsNoLongerOursLosesItsAddress) {
  World world;
  world.publisher.set_static_zones({file("corp", "below.ns A 192.0.2.1\n", true)}, {});
  world.add_namespace("corp");
  world.start();
  ASSERT_THAT(world.ask("ns.corp", type::a).answer, SizeIs(1));
  auto def = space("corp");
  def.ns = {"ns1.example.net"};
  world.effect(registry::PutNamespaceEffect{def});
  EXPECT_THAT(world.ask("ns.corp", type::a).answer, IsEmpty());
  EXPECT_THAT(world.ask("below.ns.corp", type::a).answer, SizeIs(1));
  EXPECT_THAT(data(world.ask("corp", type::ns).answer, "NS"), ElementsAre("ns1.example.net."));
}

TEST(Publish, ANamespaceThatGoesLeavesNoNameServersToTheZoneAroundIt) {
  World world;
  for (const char* apex : {"corp", "b.corp", "a.b.corp"}) world.add_namespace(apex);
  world.start();
  ASSERT_THAT(world.ask("b.corp", type::ns).answer, SizeIs(1));
  world.effect(registry::DeleteNamespaceEffect{"b.corp"});
  const auto m = world.ask("b.corp", type::ns);
  EXPECT_EQ(m.rcode, "NOERROR");
  EXPECT_THAT(m.answer, IsEmpty());
  EXPECT_EQ(m.authority.at(0).name, "corp.");
}

TEST(Publish, ReverseNamesOfAZoneFileStayTheFiles) {
  World world{{.listen_addresses = {}, .reverse = {{*registry::parse_prefix("10.0.0.0/8")}}}};
  world.publisher.set_static_zones(
      {},
      {file("5.10.in-addr.arpa", "@ SOA ns.test. host.test. 1 2 3 4 5\n@ NS ns.test.\n1.0 PTR host.test.\n", false)});
  world.add_namespace("corp");
  world.start();
  world.put("web.corp", Given{.id = "i1", .v4 = "10.5.0.1"});
  world.put("web.corp", Given{.id = "i2", .v4 = "10.6.0.1"});
  EXPECT_THAT(data(world.ask("1.0.5.10.in-addr.arpa", type::ptr).answer, "PTR"), ElementsAre("host.test."));
  EXPECT_THAT(data(world.ask("1.0.6.10.in-addr.arpa", type::ptr).answer, "PTR"), ElementsAre("i2.web.corp."));
  world.remove("web.corp", "i1");
  EXPECT_THAT(data(world.ask("1.0.5.10.in-addr.arpa", type::ptr).answer, "PTR"), ElementsAre("host.test."));
}

// What drain counts on: an address that left with somebody else's answer left all the same.
TEST(Publish, AnAddressInAnAdditionalSectionCountsAsAnswered) {
  World world;
  world.publisher.set_static_zones({file("corp", "_db._tcp SRV 0 0 5432 i1.web\n", true)}, {});
  world.add_namespace("corp");
  world.start();
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  ASSERT_FALSE(world.publisher.last_answered("web.corp"));
  ASSERT_THAT(data(world.ask("_db._tcp.corp", type::srv).additional, "A"), ElementsAre("10.0.0.1"));
  EXPECT_EQ(world.publisher.last_answered("web.corp"), world.now.mono + 2 * answers::kTick);
}

TEST(Publish, AWorkerThatComesLateSetsNoClockBack) {
  World world;
  world.add_namespace("corp");
  world.start();
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  world.ask("web.corp", type::a);
  const auto last = world.publisher.last_answered("web.corp");
  world.now.mono -= Millis(3'000);
  world.ask("web.corp", type::a);
  EXPECT_EQ(world.publisher.last_answered("web.corp"), last);
}

// web.corp was answered just now.
class Gone : public testing::Test {
 protected:
  Gone() {
    world.add_namespace("corp");
    world.start();
    world.put("web.corp", instance);
    world.ask("web.corp", type::a);
    last = world.publisher.last_answered("web.corp");
    EXPECT_TRUE(last);
  }
  void go() {
    world.remove("web.corp", "i1");
    world.effect(registry::DeleteServiceEffect{"web.corp"});
  }
  World world;
  const Given instance{.id = "i1", .v4 = "10.0.0.1"};
  std::optional<registry::Mono> last;
};

TEST_F(Gone, ANameThatComesBackRemembersItsAnswersForTheirTtl) {
  go();
  world.pass(Millis(1'000));
  world.put("other.corp", instance);
  world.put("web.corp", instance);
  EXPECT_EQ(world.publisher.last_answered("web.corp"), last);
  EXPECT_EQ(world.publisher.last_answered("other.corp"), std::nullopt);
  go();
  world.publisher.publish_all(world.registry, world.now);
  world.put("web.corp", instance);
  EXPECT_EQ(world.publisher.last_answered("web.corp"), last) << "over a reload as well";
  go();
  world.pass(Millis(6'000));
  world.remove("other.corp", "i1");
  world.put("web.corp", instance);
  EXPECT_LE(world.publisher.last_answered("web.corp").value_or(registry::Mono{}), last);
}

TEST_F(Gone, AReloadThatBringsItBackRemembersItsAnswers) {
  go();
  world.pass(Millis(1'000));
  registry::Record record{world.registry.reserve_revision(), world.now.wall, {}};
  registry::PutServiceEffect back;
  back.name = *registry::DomainName::parse("web.corp");
  record.effects.emplace_back(std::move(back));
  (void)world.registry.apply(std::move(record), world.now);
  world.publisher.publish_all(world.registry, world.now);
  EXPECT_EQ(world.publisher.last_answered("web.corp"), last);
}

TEST(Publish, AReloadForgetsNoAnswerThatLeftMeanwhile) {
  World world;
  world.add_namespace("corp");
  auto& reader = world.reclaimer.add_reader();
  world.start();
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1"});
  const answers::HashedName web(answers::to_wire("web.corp"), world.publisher.table().key());
  world.reclaimer.online(reader);  // a worker in the middle of a batch
  const auto* node = world.publisher.table().closest(web.ref()).node;
  world.publisher.publish_all(world.registry, world.now);
  node->last_sent.store(answers::to_ticks(world.now.mono));
  answers::Reclaimer::offline(reader);
  world.reclaimer.collect();
  EXPECT_EQ(world.publisher.last_answered("web.corp"), world.now.mono + 2 * answers::kTick);
}

TEST(Publish, AnEmptyListOfServicesIsDeniedForAsLongAsARegistrationCannotFillIt) {
  World world;
  world.add_namespace("corp");
  world.start();
  const auto m = world.ask("_services._dns-sd._udp.corp", type::ptr);
  EXPECT_EQ(m.rcode, "NOERROR");
  ASSERT_THAT(m.authority, SizeIs(1));
  EXPECT_EQ(m.authority[0].ttl, 1U);
  EXPECT_EQ(world.ask("_dns-sd._udp.corp", type::ptr).authority.at(0).ttl, 60U);
}

}  // namespace
}  // namespace dnsd::serve::test
