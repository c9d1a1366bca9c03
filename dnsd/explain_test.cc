// Explanations in words: where a name led, why each instance is in the answer or not.
#include <gmock/gmock.h>

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "dnsd/resolve.h"
#include "dnsd/serve/test_world.h"

namespace dnsd {
namespace {

namespace json = boost::json;
using registry::Verdict;
using serve::test::instance;
using serve::test::World;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Explain : public testing::Test {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones(
        {*answers::parse_zone_text("st TXT \"s\"\nc CNAME web\nx.y A 192.0.2.1\nsub NS ns.sub\nns.sub A 192.0.2.2\n",
                                   "t.zone", {.apex = "corp", .namespace_file = true})},
        {});
    world.add_namespace("corp", {"alt.test"});
    world.start();
  }
  json::object explain(std::string_view name, std::string_view type = "A", std::size_t limit = 1000) {
    api::Question question;
    question.name = name;
    question.type = type;
    question.limit = limit;
    auto body = resolver.explain(question, world.registry, world.now);
    EXPECT_TRUE(body.has_value()) << name;
    last = body ? body->as_object() : json::object();
    return last;
  }
  static std::string text(const json::object& object, std::string_view member) {
    return object.at(member).is_null() ? "-" : std::string(object.at(member).as_string());
  }
  // "in w1 ok: it has no checks"
  std::vector<std::string> rows(std::string_view name, std::string_view type = "A") {
    explain(name, type);
    std::vector<std::string> out;
    for (const auto& value : last.at("instances").as_array()) {
      const auto& row = value.as_object();
      out.push_back((row.at("in_answer").as_bool() ? "in " : "out ") + text(row, "id") + " " + text(row, "reason") +
                    ": " + text(row, "because"));
    }
    return out;
  }
  std::string because(std::string_view name, std::string_view type = "A") {
    return text(explain(name, type), "because");
  }
  std::string form(std::string_view name, std::string_view type = "A") { return text(explain(name, type), "form"); }
  void put(std::string_view id, int priority = 1, bool checked = false, int weight = 10) {
    const auto n = std::to_string(++address);
    auto def =
        instance({.id = std::string(id), .v4 = "10.0.0." + n, .port = 80, .priority = priority, .weight = weight});
    if (checked) def.checks.push_back({.name = "tcp"});
    world.put("web.corp", def);
    if (checked) world.probe("web.corp", id, Verdict::ok);
  }
  void fail(std::string_view id) {
    for (int i = 0; i < 3; ++i) {
      world.published(world.registry.observe_probe(
          "web.corp", id, "tcp", {Verdict::failed, registry::Fault::refused, "refused", {}}, world.now));
    }
  }

  World world{{.listen_addresses = {"127.0.0.1"}, .reverse = {{*registry::parse_prefix("10.0.0.0/8")}}}};
  Resolver resolver{world.publisher.table(), {}};
  json::object last;
  int address = 0;
};

TEST_F(Explain, EachInstanceIsInOrOutForAReasonInWords) {
  put("w1");
  put("w2", 1, true);
  put("w3", 1, true);
  put("w4", 2);
  put("w5");
  world.put("web.corp", {.id = "w6", .v6 = "2001:db8::6"});
  fail("w3");
  world.effect(registry::DrainEffect{"web.corp", "w5", world.now.wall, world.now.wall});
  EXPECT_THAT(rows("web.corp"),
              ElementsAre("in w1 ok: it has no checks", "in w2 ok: passing for 0s",
                          "out w6 family_mismatch: it has no IPv4 address",
                          "out w4 tier_standby: it is of tier 2, and tier 1 answers",
                          "out w3 check.failing: check tcp fails: refused, for 0s", "out w5 draining: it is drained"));
  EXPECT_EQ(text(last, "because"), "2 of the 6 instances of web.corp");
  EXPECT_EQ(last.at("answered").to_number<int>(), 2);
  EXPECT_EQ(last.at("total").to_number<int>(), 6);
  EXPECT_EQ(text(last, "service"), "web.corp");
  EXPECT_EQ(text(last, "namespace"), "corp");
  EXPECT_EQ(text(last, "mode"), "normal");
  EXPECT_EQ(text(last, "order"), "weighted");
  EXPECT_EQ(last.at("max_answers").to_number<int>(), 8);
  EXPECT_EQ(text(last, "seed").size(), 16U);
  EXPECT_EQ(last.at("tier").at("priority").to_number<int>(), 1);
  EXPECT_THAT(rows("web.corp", "SRV"), Contains("out w6 selector: it has no such port"));
  EXPECT_EQ(rows("web.alt.test").size(), 6U) << "under another apex it is the same service";
}

TEST_F(Explain, NotDrawnIsSaidWithItsBound) {
  registry::ServicePolicy policy;
  policy.max_answers = 1;
  world.service("web.corp", policy);
  put("w1", 1, false, 0);
  put("w2");
  EXPECT_THAT(rows("web.corp"),
              ElementsAre("in w2 ok: it has no checks",
                          "out w1 sampled_out: an answer holds at most 1 (max_answers), and its weight is 0: it comes "
                          "after all others"));
  explain("web.corp", "A", 1);
  EXPECT_EQ(last.at("instances").as_array().size(), 1U);
  EXPECT_EQ(last.at("left_out").to_number<int>(), 1);
}

TEST_F(Explain, PanicAndSpillingAreSaidWithTheirNumbers) {
  registry::ServicePolicy policy;
  policy.fail_open_below = 0.5;
  world.service("web.corp", policy);
  for (const auto* id : {"w1", "w2", "w3", "w4"}) put(id, 1, true);
  for (const auto* id : {"w2", "w3", "w4"}) fail(id);
  EXPECT_EQ(rows("web.corp")[1],
            "in w2 fail_open: check tcp fails: refused, for 0s; answered all the same: too few are available");
  EXPECT_EQ(text(last, "mode"), "fail_open");
  EXPECT_TRUE(last.at("tier").at("opened").as_bool());
  put("x1", 2);
  EXPECT_THAT(rows("web.corp"),
              ElementsAre("in x1 ok: it has no checks",
                          "out w1 tier_standby: its tier 1 has 1 of 4 available and needs 2, so tier 2 answers",
                          "out w2 check.failing: check tcp fails: refused, for 0s",
                          "out w3 check.failing: check tcp fails: refused, for 0s",
                          "out w4 check.failing: check tcp fails: refused, for 0s"));
  EXPECT_TRUE(last.at("tier").at("spilled").as_bool());
}

TEST_F(Explain, AnInstancesOwnNameIsAnsweredWhateverItsHealth) {
  put("w1", 1, true);
  put("w2");
  fail("w1");
  EXPECT_THAT(rows("w1.web.corp"), ElementsAre("in w1 check.failing: check tcp fails: refused, for 0s; its own name is "
                                               "answered whatever its health"));
  EXPECT_EQ(form("w1.web.corp"), "instance");
  EXPECT_THAT(rows("w9.web.corp"), ElementsAre("out w9 not_registered: web.corp has no instance of that name"));
  EXPECT_THAT(last.at("nearest").as_array(), ElementsAre(json::value("w1.web.corp")));
}

TEST_F(Explain, NamesThatLeadToNoServiceAreExplainedAsWell) {
  put("w1");
  EXPECT_EQ(because("wbe.corp"), "the namespace corp. has no service \"wbe\" with this name");
  EXPECT_THAT(last.at("nearest").as_array(), ElementsAre(json::value("web.corp")));
  EXPECT_THAT(last.at("instances").as_array(), IsEmpty());
  EXPECT_EQ(because("_http._tcp.wbe.corp"), "the namespace corp. has no service \"wbe\" with this name");
  EXPECT_EQ(because("_wbe._tcp.corp", "SRV"), "the namespace corp. has no service \"wbe\" with this name");
  EXPECT_EQ(because("example.org"), "the name is outside of our zones");
  EXPECT_EQ(form("example.org"), "outside");
  EXPECT_EQ(form("corp", "SOA"), "apex");
  EXPECT_EQ(because("st.corp", "TXT"), "a record of corp.");
  EXPECT_EQ(form("st.corp", "TXT"), "static");
  EXPECT_EQ(because("st.corp"), "the name is in corp., without data of this type");
  EXPECT_EQ(form("y.corp"), "empty");
  EXPECT_EQ(form("a.sub.corp"), "delegation");
  EXPECT_EQ(because("1.0.0.10.in-addr.arpa", "PTR"), "the instances that have the address");
  EXPECT_EQ(form("1.0.0.10.in-addr.arpa", "PTR"), "reverse");
  EXPECT_EQ(because("9.0.0.10.in-addr.arpa", "PTR"), "no instance has the address, in 10.in-addr.arpa.");
  EXPECT_EQ(because("v9._tag.web.corp"), "no instance of web.corp bears the tag, or the labels are no selectors");
}

TEST_F(Explain, AChainIsFollowedToItsService) {
  put("w1");
  EXPECT_THAT(rows("c.corp"), ElementsAre("in w1 ok: it has no checks"));
  EXPECT_THAT(last.at("chain").as_array(), ElementsAre(json::value("web.corp.")));
  registry::ServicePolicy alias;
  alias.alias = "example.org";
  world.service("out.corp", alias);
  EXPECT_EQ(because("out.corp"), "the aliases lead out of our zones");
}

TEST_F(Explain, TheTtlSaysWhatBoundIt) {
  put("w1");
  EXPECT_EQ(text(explain("web.corp").at("ttl").as_object(), "value"), "5s");
  EXPECT_EQ(text(last.at("ttl").as_object(), "bound"), "service");
  auto def = instance({.id = "w2", .v4 = "10.0.0.99", .port = 80});
  registry::CheckDef lease{.name = "lease", .kind = registry::CheckKind::heartbeat, .lease = registry::Millis(3'000)};
  def.checks.push_back(lease);
  world.put("web.corp", def);
  EXPECT_EQ(text(explain("web.corp").at("ttl").as_object(), "bound"), "horizon");
  world.pass(registry::Millis(2'500));
  EXPECT_EQ(text(explain("web.corp").at("ttl").as_object(), "bound"), "min_ttl");
  EXPECT_EQ(text(explain("nobody.corp").at("ttl").as_object(), "bound"), "negative");
  EXPECT_EQ(text(explain("st.corp", "TXT").at("ttl").as_object(), "bound"), "record");
}

TEST_F(Explain, AShadowedServiceSaysWhoOwnsItsName) {
  put("w1");
  registry::StaticNames names;
  names.owners = {"web.corp"};
  world.published(world.registry.set_static_names("corp", names, world.now));
  EXPECT_THAT(rows("web.corp"), ElementsAre("out w1 shadowed: a record of the zone file of corp owns the name"));
  EXPECT_THAT(text(last, "because"), HasSubstr("the service is shadowed"));
}

TEST_F(Explain, BadQuestionsAreRefusedAsForResolve) {
  for (const auto& [name, type, client] : {std::array{"a..b", "A", ""}, {"a", "NONSENSE", ""}, {"a", "A", "x"}}) {
    api::Question question;
    question.name = name;
    question.type = type;
    question.client = client;
    EXPECT_FALSE(resolver.explain(question, world.registry, world.now).has_value()) << name;
  }
}

TEST_F(Explain, ARecordThatTwoShareIsOfBoth) {
  for (const char* id : {"w1", "w2"}) {
    world.put("web.corp", instance({.id = id, .port = 80, .host = "node.example.com"}));
  }
  const auto told = rows("web.corp", "SRV");
  EXPECT_EQ(last.at("answer").as_array().size(), 1U);
  EXPECT_THAT(told, testing::Each(testing::StartsWith("in ")));
  EXPECT_THAT(told, Contains(HasSubstr("the record stands there for another instance as well")));
}

}  // namespace
}  // namespace dnsd
