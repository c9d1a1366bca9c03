#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "registry/codec/codec.h"
#include "registry/codec/random_defs.h"
#include "registry/validate.h"

namespace registry::codec {
namespace {

using namespace std::chrono_literals;

DomainName name(std::string_view text) { return DomainName::parse(text).value(); }

template <class T>
T back(const T& effect) {
  const Row row = encode(effect);
  const auto decoded = decode(row.key, row.body);
  if (!decoded) {
    ADD_FAILURE() << row.key << " " << row.body << ": " << decoded.error();
    return {};
  }
  EXPECT_EQ(encode(*decoded).body, row.body);
  EXPECT_EQ(encode(*decoded).key, row.key);
  return std::get<T>(*decoded);
}

TEST(EffectRows, KeysAreStable) {
  NamespaceDef ns;
  ns.name = name("Corp");
  InstanceDef instance;
  instance.id = "a/b%c";
  OverrideDef rule;
  rule.name = "rack/1";
  EXPECT_EQ(encode(PutNamespaceEffect{ns}).key, "n/corp");
  EXPECT_EQ(encode(DeleteNamespaceEffect{"corp"}).key, "n/corp");
  EXPECT_EQ(encode(PutServiceEffect{name("Worker.corp"), {}, true, 7}).key, "s/worker.corp");
  EXPECT_EQ(encode(PutInstanceEffect{"worker.corp", instance, 7}).key, "i/worker.corp/a%2Fb%25c");
  EXPECT_EQ(encode(DeleteInstanceEffect{"worker.corp", "a/b%c"}).key, "i/worker.corp/a%2Fb%25c");
  EXPECT_EQ(encode(DrainEffect{"worker.corp", "w1", {}, {}}).key, "d/worker.corp/w1");
  EXPECT_EQ(encode(PutOverrideEffect{rule}).key, "o/rack%2F1");
  EXPECT_EQ(encode(CheckStateEffect{"worker.corp", "w1", "http", 0, {}}).key, "c/worker.corp/w1/http");
  EXPECT_EQ(encode(SerialEffect{"corp", 9}).key, "z/corp");
}

TEST(EffectRows, DeletesAreTombstones) {
  EXPECT_EQ(encode(DeleteNamespaceEffect{"corp"}).body, "");
  EXPECT_EQ(back(DeleteNamespaceEffect{"corp"}).name, "corp");
  EXPECT_EQ(back(DeleteServiceEffect{"worker.corp"}).service, "worker.corp");
  EXPECT_EQ(back(DeleteInstanceEffect{"worker.corp", "a/b"}).id, "a/b");
  EXPECT_EQ(back(DeleteOverrideEffect{"x%y"}).name, "x%y");
  EXPECT_FALSE(back(DrainEffect{"worker.corp", "w1", {}, {}}).started);
}

TEST(EffectRows, NamespacesServicesAndOverridesComeBackWhole) {
  NamespaceDef ns;
  ns.name = name("Corp");
  ns.ttl = 9s;
  ns.ttl_rules = {{"db*", 4s}};
  ns.foreign = R"({"x":{"a":1}})";
  EXPECT_EQ(back(PutNamespaceEffect{ns}).def, ns);
  EXPECT_EQ(back(PutNamespaceEffect{ns, 3, 4}).created, 3U);
  EXPECT_EQ(back(PutNamespaceEffect{ns, 3, 4}).revision, 4U);
  EXPECT_FALSE(back(PutNamespaceEffect{ns, 3, 4}).on_demand);
  EXPECT_TRUE(back(PutNamespaceEffect{ns, 3, 4, true}).on_demand);
  EXPECT_EQ(back(PutNamespaceEffect{ns}).def.name.text(), "Corp") << "the spelling stays";
  ServicePolicy policy;
  policy.ttl = 3s;
  policy.meta["k"] = "\"\\é";
  policy.foreign = R"({"x":"y"})";
  const auto service = back(PutServiceEffect{name("Worker.corp"), policy, true, 77, 91});
  EXPECT_EQ(service.policy, policy);
  EXPECT_EQ(service.name.text(), "Worker.corp");
  EXPECT_TRUE(service.declared);
  EXPECT_EQ(service.created, 77U);
  EXPECT_EQ(service.revision, 91U);
  OverrideDef rule;
  rule.name = "rack";
  rule.address = parse_prefix("10.0.0.0/8");
  rule.expires = Wall(1'767'225'600'123ms);
  rule.author = "me";
  EXPECT_EQ(back(PutOverrideEffect{rule, 9}).def, rule);
  EXPECT_EQ(back(PutOverrideEffect{rule, 9}).revision, 9U);
}

TEST(EffectRows, StatesDrainsAndSerialsComeBackWhole) {
  const CheckStatus status{.state = CheckState::critical,
                           .fault = Fault::timeout,
                           .passed_once = true,
                           .successes = 1,
                           .failures = 2,
                           .flaps = 3,
                           .since = Wall(5ms),
                           .output = "timed out \"é\"",
                           .latency = 1234us};
  const auto state = back(CheckStateEffect{"worker.corp", "host:a/8080", "my/check", 1ULL << 62, status});
  EXPECT_EQ(state.status, status);
  EXPECT_EQ(state.subject, 1ULL << 62);
  EXPECT_EQ(state.id, "host:a/8080");
  EXPECT_EQ(state.check, "my/check");
  EXPECT_EQ(back(CheckStateEffect{"worker.corp", "w1", "x", 0, {}}).status, CheckStatus());
  const auto drain = back(DrainEffect{"worker.corp", "w1", Wall(7ms), Wall(9ms)});
  EXPECT_EQ(drain.started, Wall(7ms));
  EXPECT_EQ(drain.safe_after, Wall(9ms));
  EXPECT_EQ(back(SerialEffect{"corp", 4'294'967'295U}).serial, 4'294'967'295U);
}

TEST(EffectRows, AStateOfTheFirstSchemaIsReadAsItIs) {
  const auto old =
      decode("c/worker.corp/w1/http", R"({"subject":5,"state":"critical","successes":1,"since":9,"passed_once":true,)"
                                      R"("output":"x","latency_us":7,"fault":"refused"})");
  ASSERT_TRUE(old) << old.error();
  const CheckStatus& status = std::get<CheckStateEffect>(*old).status;
  EXPECT_EQ(status.state, CheckState::critical);
  EXPECT_EQ(status.successes, 1);
  EXPECT_EQ(status.flaps, 0);
}

TEST(EffectRows, InstancesComeBackWhole) {
  Dice dice(7);
  for (int i = 0; i < 2000; ++i) {
    PutInstanceEffect effect{"worker.corp", random_instance(dice), static_cast<Revision>(dice.roll(0, 1 << 30))};
    if (dice.flip()) effect.def.id = "host:" + dice.text();  // an id of a dialect, with a label of its own
    const auto decoded = back(effect);
    ASSERT_EQ(decoded.def, effect.def);
    ASSERT_EQ(decoded.created, effect.created);
  }
}

TEST(EffectRows, WhatOthersKeepComesBackHoweverDeepItMayBe) {
  std::string deep = R"("]}\\\"[")";
  for (std::size_t i = 0; i < kMaxForeignDepth; ++i) deep = R"({"[{":)" + deep + "}";
  PutInstanceEffect effect;
  effect.service = "worker.corp";
  effect.def.id = effect.def.label = "w1";
  effect.def.addresses.v4 = parse_ipv4("10.0.0.1");
  effect.def.foreign = deep;
  ASSERT_FALSE(validate(effect.def, name("worker.corp"))) << "brackets in strings are text";
  EXPECT_EQ(back(effect).def, effect.def);
}

TEST(EffectRows, AnInstanceOfTheFirstSchemaIsReadAsItIs) {
  const auto old =
      decode("i/worker.corp/w1",
             R"({"created":3,"revision":4,"def":{"address":"10.0.0.1","port":80,"lease":"30s","checks":[)"
             R"({"http":{"path":"/h","expect":{"status":[200],"body":"ok"}},"interval":"1s","timeout":"1s"},)"
             R"({"https":{"path":"/","tls_skip_verify":true}},{"tcp":{"port":81,"tls":true}}]}})");
  ASSERT_TRUE(old) << old.error();
  const auto& checks = std::get<PutInstanceEffect>(*old).def.checks;
  ASSERT_EQ(checks.size(), 4U);
  EXPECT_EQ(checks[0].http.expect_body, "ok");
  EXPECT_TRUE(checks[1].http.tls_skip_verify);
  EXPECT_TRUE(checks[2].tcp.tls);
  EXPECT_EQ(checks[3].lease, 30s);
}

TEST(EffectRows, RefusesWhatItDidNotWrite) {
  for (const auto& [key, body] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {"i", ""},
           {"i/", ""},
           {"i/worker.corp", ""},
           {"i/a/b/c", ""},
           {"x/a", ""},
           {"c/a/b", ""},
           {"c/a/b/c/d", "{}"},
           {"z/corp", ""},
           {"i/worker.corp/a%2", ""},
           {"n/corp", "{"},
           {"n/corp", "{}"},
           {"n/corp", R"({"name":"other","def":{}})"},
           {"s/worker.corp", R"({"name":"worker.corp","def":{},"future":1})"},
           {"s/worker.corp", R"({"name":"worker.corp","def":{"future":1}})"},
           {"i/worker.corp/w1", R"({"def":{}})"},
           {"i/worker.corp/w1", R"({"def":{"address":"10.0.0.1","port":99999}})"},
           {"d/worker.corp/w1", "{}"},
           {"c/worker.corp/w1/x", R"({"state":"fine"})"},
           {"o/x", "{}"},
           {"z/corp", R"({"serial":-1})"}}) {
    EXPECT_FALSE(decode(key, body)) << key << " " << body;
  }
}

TEST(EffectRows, NeverCrashesOnARowWithAnyOctetChanged) {
  Dice dice(11);
  for (int i = 0; i < 300; ++i) {
    const Row row = encode(PutInstanceEffect{"worker.corp", random_instance(dice), 5});
    std::string body = row.body;
    body[static_cast<std::size_t>(dice.roll(0, static_cast<int>(body.size()) - 1))] ^=
        static_cast<char>(dice.roll(1, 255));
    (void)decode(row.key, body);
    (void)decode(row.key, std::string_view(row.body).substr(0, static_cast<std::size_t>(dice.roll(1, 40))));
  }
}

}  // namespace
}  // namespace registry::codec
