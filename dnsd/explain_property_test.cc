// Explain equals answer: random registries, random questions; what explain calls in the answer is what a responder's
// message holds, read by ldns, and the reasons are judged from the registry alone.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <random>
#include <set>

#include "dnsd/resolve.h"
#include "dnsd/serve/test_world.h"

namespace dnsd {
namespace {

namespace json = boost::json;
using registry::Fault;
using registry::Instance;
using registry::Reason;
using registry::Verdict;
using serve::test::World;

// Of each of the eight registries: 12,000 in all in every test run, 100,000 in ./dev scorecard.
int states() {
  const char* const asked = std::getenv("DNSD_EXPLAIN_STATES");
  return asked == nullptr ? 1'500 : std::atoi(asked);
}

constexpr std::array<std::string_view, 4> kServices{"az.corp", "bz.corp", "cz.corp", "dz.corp"};

struct Asked {
  std::string name, type;
  bool tcp = false;
  std::uint16_t size = 1232;
  std::uint8_t client = 1;
};

class ExplainProperty : public testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones({*answers::parse_zone_text("c CNAME az\nw CNAME i1.az\nst TXT \"s\"\n", "t.zone",
                                                                {.apex = "corp", .namespace_file = true})},
                                     {});
    world.add_namespace("corp", {"alt.test"});
    world.start();
    registry::ServicePolicy alias;
    alias.alias = "bz.corp";
    world.service("al.corp", alias);
    for (const auto service : kServices) change_policy(service);
    for (int i = 0; i < 50; ++i) {
      const auto id = "i" + std::to_string(i);
      world.put("dz.corp", any_instance("dz.corp", id));
      probe("dz.corp", id, Verdict::ok, Fault::none);
    }
  }

  int pick(int n) { return std::uniform_int_distribution<>(0, n - 1)(random); }
  bool one_in(int n) { return pick(n) == 0; }
  // The last one is large, so that messages are cut, and costs as much: it comes seldom.
  std::string_view any_service() { return kServices[one_in(8) ? 3 : static_cast<std::size_t>(pick(3))]; }
  std::string any_id(std::string_view service) { return "i" + std::to_string(pick(service == "dz.corp" ? 50 : 6)); }

  // -- states -------------------------------------------------------------------------------------------------------
  void change_policy(std::string_view service) {
    registry::ServicePolicy policy;
    policy.max_answers = std::array{0, 1, 2, 8}[static_cast<std::size_t>(pick(4))];
    policy.max_srv = one_in(4) ? 2 : 0;
    policy.order = static_cast<registry::Order>(pick(3));
    policy.on_empty = static_cast<registry::OnEmpty>(pick(3));
    policy.fail_open_below = std::array{0.0, 0.0, 0.5, 1.0}[static_cast<std::size_t>(pick(4))];
    policy.only_passing = one_in(4);
    policy.warning_factor = one_in(3) ? 0.5 : 1.0;
    if (one_in(8)) policy.slow_start = registry::Millis(30'000);
    world.service(service, policy);
  }

  registry::InstanceDef any_instance(std::string_view service, const std::string& id) {
    serve::test::Given given{
        .id = id, .priority = service == "dz.corp" ? 1 : 1 + pick(3), .weight = std::array{0, 1, 10, 10}[pick(4) & 3]};
    const int last = service == "dz.corp" ? 250 : 9;
    if (!one_in(4)) given.v4 = fmt::format("10.0.{}.{}", pick(2), 1 + pick(last));
    if (one_in(3) || given.v4.empty()) given.v6 = fmt::format("2001:db8::{:x}", 1 + pick(last));
    if (!one_in(3)) given.port = 80 + pick(2);
    given.protocols.udp = one_in(2);
    given.protocols.tcp = !one_in(4);
    if (one_in(3)) given.meta = {{"k", "v"}};
    auto def = serve::test::instance(given);
    if (one_in(16)) def.host = "host.example", def.addresses = {};
    if (one_in(2)) def.ports["m"] = {9090, {}, {}};
    if (one_in(3)) def.ports["s"] = {8443, {}, {"h2"}};
    if (one_in(6)) def.ports["t"] = {9443, {}, {"h2", "h3"}};
    if (one_in(2)) def.tags = {"v" + std::to_string(pick(2))};
    if (one_in(2)) def.zone = "z" + std::to_string(pick(2));
    if (!one_in(3)) {
      registry::CheckDef check;
      check.name = "tcp";
      check.fall = 1 + pick(2);
      if (one_in(5)) check.family = registry::Family::ipv4;
      def.checks.push_back(check);
    }
    return def;
  }

  void probe(std::string_view service, const std::string& id, Verdict verdict, Fault fault) {
    if (world.registry.find_instance(service, id) == nullptr) return;
    world.published(world.registry.observe_probe(service, id, "tcp", {verdict, fault, "seen", {}}, world.now));
  }
  void probe_all(Verdict verdict) {
    for (const auto service : kServices) {
      for (int i = 0; i < 50; ++i) probe(service, "i" + std::to_string(i), verdict, Fault::timeout);
    }
  }

  void override_some() {
    const std::string rule = one_in(2) ? "up" : "down";
    if (one_in(2)) {
      if (world.registry.find_override(rule) != nullptr) world.effect(registry::DeleteOverrideEffect{rule});
      return;
    }
    registry::OverrideDef def;
    def.name = rule;
    def.service = any_service();
    def.instance = "i" + std::to_string(pick(6));
    def.up = rule == "up";
    world.effect(registry::PutOverrideEffect{def});
  }

  void drain_some() {
    const auto service = any_service();
    const auto id = any_id(service);
    if (world.registry.find_instance(service, id) == nullptr) return;
    registry::DrainEffect effect{std::string(service), id, std::nullopt, std::nullopt};
    if (one_in(2)) effect.started = world.now.wall;
    world.effect(effect);
  }

  // The server loses its network, or has it back.
  void blackout() {
    const bool dark = one_in(2);
    world.published(world.registry.observe_self_probe(dark, world.now));
    probe_all(dark ? Verdict::failed : Verdict::ok);
  }

  void step() {
    world.pass(registry::Millis(pick(1'500)));
    world.published(world.registry.advance(world.now));
    const auto service = any_service();
    const auto id = any_id(service);
    switch (pick(16)) {
      case 0:
        return change_policy(service);
      case 1:
        return override_some();
      case 2:
        return drain_some();
      case 3:
        if (one_in(5)) blackout();
        return;
      case 4:
        if (world.registry.find_instance(service, id) != nullptr) world.remove(service, id);
        return;
      case 5:
      case 6:
      case 7:
      case 8:
        return world.put(service, any_instance(service, id));
      default: {
        constexpr std::array kVerdicts{Verdict::ok, Verdict::ok, Verdict::failed, Verdict::warn};
        probe(service, id, kVerdicts[static_cast<std::size_t>(pick(4))], Fault::refused);
      }
    }
  }

  // -- questions ----------------------------------------------------------------------------------------------------
  std::string any_name() {
    constexpr std::array<std::string_view, 22> kForms{"{}",
                                                      "{}",
                                                      "{}",
                                                      "{}",
                                                      "_m._tcp.{}",
                                                      "_x._tcp.{}",
                                                      "v0._tag.{}",
                                                      "v1._not.{}",
                                                      "v0._tag.{}",
                                                      "z0.pin._zone.{}",
                                                      "z1.prefer._zone.{}",
                                                      "v9._tag.{}",
                                                      "_m._tcp.v1._tag.{}",
                                                      "z0.pin._zone.v0._not.{}",
                                                      "i1.{}",
                                                      "i9.{}",
                                                      "_status.{}",
                                                      "_tcp.{}",
                                                      "a.b.{}",
                                                      "{}",
                                                      "{}",
                                                      "v0._tag.z0.prefer._zone.{}"};
    std::string service(any_service());
    if (one_in(12)) service = one_in(2) ? "al.corp" : "c.corp";
    if (one_in(40)) service = one_in(2) ? "w.corp" : "nobody.corp";
    if (one_in(8)) service = service.substr(0, service.find('.')) + ".alt.test";
    if (one_in(8)) return fmt::format("_{}._{}.corp", service.substr(0, service.find('.')), one_in(2) ? "tcp" : "udp");
    return fmt::format(fmt::runtime(kForms[static_cast<std::size_t>(pick(kForms.size()))]), service);
  }
  Asked any_question() {
    constexpr std::array<std::string_view, 10> kTypes{"A", "A", "A", "A", "AAAA", "AAAA", "SRV", "SRV", "HTTPS", "TXT"};
    Asked asked{.name = any_name(), .type = std::string(kTypes[static_cast<std::size_t>(pick(10))])};
    if (asked.name[0] == '_' && one_in(2)) asked.type = one_in(3) ? "PTR" : "SRV";
    asked.tcp = one_in(6);
    asked.size = one_in(2) ? 512 : 1232;
    asked.client = static_cast<std::uint8_t>(1 + pick(200));
    return asked;
  }

  // -- judging ------------------------------------------------------------------------------------------------------
  json::object explain(const Asked& asked) {
    const api::Question question{.name = asked.name,
                                 .type = asked.type,
                                 .client = fmt::format("192.0.2.{}:4000", asked.client),
                                 .tcp = asked.tcp,
                                 .size = asked.size};
    auto explained = resolver.explain(question, world.registry, world.now);
    if (!explained) {
      ADD_FAILURE() << explained.error().detail;
      return {};
    }
    return explained->as_object();
  }
  answers::ShownMessage ask(const Asked& asked) {
    return world.ask(asked.name, *answers::type_from_text(asked.type),
                     {.edns = true,
                      .size = asked.size,
                      .tcp = asked.tcp,
                      .rd = true,
                      .client = {{192, 0, 2, asked.client}, false, 4000}});
  }
  void judge(const Asked& asked);
  void judge_row(const Asked& asked, const json::object& body, const json::object& row);

  std::mt19937 random{GetParam()};
  World world{{.listen_addresses = {"127.0.0.1"}, .reverse = {}}};
  Resolver resolver{world.publisher.table(), {}};
  std::map<std::string, int, std::less<>> seen;  // reasons, so that the test shows that it met them
};

std::string text(const json::object& object, std::string_view member) {
  return std::string(object.at(member).as_string());
}

// What of the answer section names an instance: its address, or its label.
std::set<std::string> named(const answers::ShownMessage& message, const std::string& type) {
  std::set<std::string> out;
  for (const auto& record : message.answer) {
    if (record.type != type) continue;
    std::string what = record.data;
    if (type == "SRV") what = what.substr(what.rfind(' ') + 1);
    if (type == "HTTPS")
      what = what.substr(what.find(' ') + 1, what.find(' ', what.find(' ') + 1) - what.find(' ') - 1);
    const bool address = type == "A" || type == "AAAA";
    out.insert(address || what == "host.example." ? what : what.substr(0, what.find('.')));
  }
  return out;
}

void ExplainProperty::judge(const Asked& asked) {
  const json::object body = explain(asked);
  const auto message = ask(asked);
  ASSERT_EQ(text(body, "rcode"), message.rcode);
  ASSERT_EQ(body.at("answer").as_array().size(), message.answer.size());
  for (std::size_t i = 0; i < message.answer.size(); ++i) {
    ASSERT_EQ(text(body.at("answer").as_array()[i].as_object(), "data"), message.answer[i].data);
  }
  const std::string form = text(body, "form");
  std::set<std::string> in;
  std::size_t count = 0;
  for (const auto& value : body.at("instances").as_array()) {
    const auto& row = value.as_object();
    judge_row(asked, body, row);
    if (!row.at("in_answer").as_bool()) continue;
    ++count;
    const bool address = asked.type == "A" || asked.type == "AAAA";
    const bool own_text = asked.type == "TXT";  // of an instance's own name
    const auto* instance = world.registry.find_instance(text(body, "service"), text(row, "id"));
    ASSERT_NE(instance, nullptr);
    if (!own_text)
      in.insert(address                                               ? text(row, "address")
                : !instance->def->host.empty() && asked.type != "PTR" ? "host.example."
                                                                      : text(row, "id"));
  }
  ASSERT_EQ(count, body.at("answered").to_number<std::size_t>());
  ASSERT_EQ(body.at("left_out").to_number<int>(), 0);
  if (!body.at("service").is_null() && asked.type != "TXT" && form != "reverse") {
    ASSERT_EQ(in, named(message, asked.type));
  }
}

// 0 = no limit.
int least_of(const registry::ServicePolicy& policy) {
  if (*policy.max_answers == 0 || *policy.max_srv == 0) return *policy.max_answers + *policy.max_srv;
  return std::min<int>(*policy.max_answers, *policy.max_srv);
}

void ExplainProperty::judge_row(const Asked& asked, const json::object& body, const json::object& row) {
  const std::string reason = text(row, "reason"), form = text(body, "form"), mode = text(body, "mode");
  ++seen[reason];
  if (text(row, "because").starts_with("the message has no room")) ++seen["cut"];
  const auto* service = world.registry.find_service(text(body, "service"));
  const auto* instance = world.registry.find_instance(text(body, "service"), text(row, "id"));
  if (reason == "not_registered") {
    ASSERT_EQ(instance, nullptr);
    return;
  }
  ASSERT_NE(instance, nullptr);
  const bool in = row.at("in_answer").as_bool();
  const std::string state(registry::to_string(instance->reason));
  ASSERT_EQ(row.at("available").as_bool(), instance->available);
  if (in) {
    ASSERT_EQ(reason, instance->available || form == "instance" ? state : "fail_open");
    ASSERT_TRUE(instance->available || form == "instance" || mode == "fail_open");
    return;
  }
  const std::set<std::string> states{"check.failing", "check.first_result_pending", "lease.expired", "draining",
                                     "override.down"};
  if (states.contains(reason)) {
    ASSERT_FALSE(instance->available);
    ASSERT_EQ(reason, state);
    ASSERT_EQ(text(row, "because"), world.registry.because(text(body, "service"), text(row, "id"), world.now.wall));
    return;
  }
  ASSERT_TRUE(instance->available || mode == "fail_open" || form == "instance");
  const auto& addresses = instance->addresses();
  if (reason == "tier_standby") {
    ASSERT_NE(row.at("priority").to_number<int>(), body.at("tier").as_object().at("priority").to_number<int>());
    if (service->policy.fail_open_below == 0 && mode != "fail_open") {
      ASSERT_GT(row.at("priority").to_number<int>(), body.at("tier").as_object().at("priority").to_number<int>());
    }
  } else if (reason == "family_mismatch") {
    const bool of_a = asked.type == "A" && form == "service", of_aaaa = asked.type == "AAAA" && form == "service";
    ASSERT_TRUE(!of_a || !addresses.v4 || !instance->available_v4);
    ASSERT_TRUE(!of_aaaa || !addresses.v6 || !instance->available_v6);
  } else if (reason == "sampled_out") {
    const bool tc =
        std::ranges::find(body.at("flags").as_array(), json::value("tc")) != body.at("flags").as_array().end();
    const auto& policy = service->policy;
    const auto most = static_cast<std::size_t>(asked.type == "A" || asked.type == "AAAA" ? *policy.max_answers
                                               : asked.type == "HTTPS"                   ? least_of(policy)
                                                                                         : *policy.max_srv);
    // Records are counted: an instance may have several, or share one.
    const auto held = std::max(body.at("answered").to_number<std::size_t>(), body.at("answer").as_array().size());
    ASSERT_TRUE(tc || (most != 0 && held >= most));
  } else {
    ASSERT_EQ(reason, "selector");
    const auto& tags = instance->def->tags;
    const bool tagged = std::ranges::find(tags, "v0") != tags.end();
    const bool by_tag = form == "selector" && asked.type == "A" && asked.name.starts_with("v0._tag.") &&
                        asked.name.find("_zone") == std::string::npos;
    ASSERT_FALSE(by_tag && tagged);
  }
}

TEST_P(ExplainProperty, WhatIsInIsWhatTheMessageHoldsAndWhatIsOutHasItsReason) {
  for (int i = 0; i < 40; ++i) step();
  for (int i = 0, count = states(); i < count; ++i) {
    step();
    const Asked asked = any_question();
    judge(asked);
    if (HasFatalFailure()) {
      FAIL() << "state " << i << ": " << asked.name << ' ' << asked.type << " tcp " << asked.tcp << " size "
             << asked.size << '\n'
             << json::serialize(explain(asked));
    }
  }
  for (const auto* reason :
       {"ok", "check.failing", "check.first_result_pending", "draining", "override.down", "override.up", "tier_standby",
        "sampled_out", "family_mismatch", "selector", "fail_open", "guard.held", "not_registered", "cut"}) {
    EXPECT_GT(seen[reason], 0) << reason << " was never met";
  }
}

INSTANTIATE_TEST_SUITE_P(Registries, ExplainProperty, testing::Range(1U, 9U));

}  // namespace
}  // namespace dnsd
