#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <chrono>

#include "registry/codec/codec.h"
#include "registry/codec/random_defs.h"

namespace registry::codec {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

InstanceContext context() {
  InstanceContext context;
  context.service = DomainName::parse("worker.corp").value();
  context.id = "w1";
  context.peer_v4 = Ipv4{{192, 0, 2, 7}};
  return context;
}

Result<InstanceDef> parse(std::string_view text) { return parse_instance(parse_document(text).value(), context()); }

InstanceDef good(std::string_view text) {
  auto def = parse(text);
  if (def) return *std::move(def);
  ADD_FAILURE() << text << ": " << def.error().detail;
  return {};
}

// "pointer code" of every error.
std::vector<std::string> errors(std::string_view text) {
  std::vector<std::string> out;
  const auto def = parse(text);
  if (def) return {"accepted"};
  EXPECT_EQ(def.error().kind, ProblemKind::invalid_registration);
  EXPECT_FALSE(def.error().detail.empty());
  for (const FieldError& error : def.error().errors) out.push_back(error.pointer + " " + error.code);
  return out;
}

TEST(InstanceCodec, AnEmptyObjectRegistersThePeer) {
  const InstanceDef def = good("{}");
  EXPECT_EQ(def.id, "w1");
  EXPECT_EQ(def.label, "w1");
  EXPECT_EQ(def.addresses.v4, (Ipv4{{192, 0, 2, 7}}));
  EXPECT_EQ(def, good(R"({"address":"auto"})"));
  EXPECT_EQ(def, good(R"({"address":null,"addresses":[],"host":null,"port":null,"lease":null,"tags":null})"));
}

TEST(InstanceCodec, ReadsEveryMember) {
  const InstanceDef def = good(R"({"node":"n1","addresses":["10.0.1.7","fd00::7"],"port":9000,"protocol":["udp","tcp"],
    "ports":{"metrics":9100,"web":{"port":443,"protocol":"udp","alpn":["h3","h2"]}},"priority":2,"weight":20,
    "weight_warning":5,"zone":"az1","tags":["b","a","b"],"meta":{"k":"v"},"lease":"30s","deregister_after":"5m"})");
  EXPECT_EQ(def.node, "n1");
  EXPECT_EQ(to_string(*def.addresses.v4), "10.0.1.7");
  EXPECT_EQ(to_string(*def.addresses.v6), "fd00::7");
  EXPECT_EQ(def.port, 9000);
  EXPECT_EQ(def.protocols, (Protocols{.tcp = true, .udp = true}));
  EXPECT_EQ(def.ports.at("metrics").port, 9100);
  EXPECT_EQ(def.ports.at("metrics").protocols, Protocols());
  EXPECT_EQ(def.ports.at("web").protocols, (Protocols{.tcp = false, .udp = true}));
  EXPECT_THAT(def.ports.at("web").alpn, ::testing::ElementsAre("h3", "h2"));
  EXPECT_EQ(def.priority, 2);
  EXPECT_EQ(def.weight, 20);
  EXPECT_EQ(def.weight_warning, 5);
  EXPECT_EQ(def.zone, "az1");
  EXPECT_THAT(def.tags, ::testing::ElementsAre("a", "b"));
  EXPECT_EQ(def.meta.at("k"), "v");
  EXPECT_EQ(def.deregister_after, 5min);
  ASSERT_EQ(def.checks.size(), 1U);
  EXPECT_EQ(def.checks[0].name, "lease");
  EXPECT_EQ(def.checks[0].kind, CheckKind::heartbeat);
  EXPECT_EQ(def.checks[0].lease, 30s);
}

TEST(InstanceCodec, ShortAndLongFormsOfAnInstanceAreEqual) {
  EXPECT_EQ(good(R"({"address":"fd00::1"})"), good(R"({"addresses":["fd00:0::0:1"]})"));
  EXPECT_EQ(good(R"({"address":"10.0.0.1","addresses":["fd00::1","10.0.0.1"]})"),
            good(R"({"addresses":["10.0.0.1","fd00::1"]})"));
  EXPECT_EQ(good(R"({"ports":{"m":1}})"), good(R"({"ports":{"m":{"port":1,"protocol":["tcp"]}}})"));
  EXPECT_EQ(good(R"({"lease":"30s","port":1,"checks":[{"tcp":true}]})"),
            good(R"({"port":1,"checks":[{"name":"lease","heartbeat":"30s"},{"tcp":{}}]})"));
  EXPECT_EQ(
      good(R"({"port":1,"checks":[{"http":"/x"}]})"),
      good(
          R"({"port":1,"checks":[{"name":"http","kind":"http","http":{"path":"/x"},"interval":"5s","timeout":"2s"}]})"));
}

TEST(InstanceCodec, ANullThatIsExpectedInABodyIsAValue) {
  const InstanceDef def = good(R"({"port":80,"checks":[{"http":{"expect":{"json":{"/error":null,"/a":1}}}}]})");
  ASSERT_EQ(def.checks.size(), 1U);
  const auto& wanted = std::as_const(def.checks)[0].http.expect_json;
  ASSERT_TRUE(wanted.contains("/error"));
  EXPECT_EQ(wanted.find("/error")->second, "null");
  EXPECT_EQ(boost::json::serialize(to_json(std::as_const(def.checks)[0]).at("http").at("expect")),
            R"({"json":{"/a":1,"/error":null}})");
}

TEST(InstanceCodec, NoneIsNoAddress) {
  const InstanceDef def = good(R"({"address":"none","lease":"30s"})");
  EXPECT_TRUE(def.api_only);
  EXPECT_TRUE(def.addresses.empty());
  EXPECT_EQ(parse_instance(json::value(to_json(def)), context()).value(), def);
  EXPECT_FALSE(parse(R"({"address":"none","addresses":["10.0.0.1"]})"));
  EXPECT_FALSE(parse(R"({"address":"none","host":"a.example"})"));
  EXPECT_FALSE(parse(R"({"address":"none","port":1,"checks":[{"tcp":true}]})"));
}

TEST(InstanceCodec, ReadsEveryKindOfCheck) {
  const InstanceDef def = good(R"({"port":80,"checks":[
    {"http":{"path":"/h","port":81,"method":"HEAD","headers":{"X-A":"b"},"host":"h.example","expect":{"status":[200,204],"body":"ok"}},
     "interval":"1s","rise":1,"fall":4,"ok":3},
    {"https":{"tls_skip_verify":true},"timeout":"100ms"},{"tcp":{"port":82,"tls":true},"name":"db"},{"heartbeat":"10s"}]})");
  ASSERT_EQ(def.checks.size(), 4U);
  const CheckDef& http = def.checks[0];
  EXPECT_EQ(http.name, "http");
  EXPECT_EQ(http.http.path, "/h");
  EXPECT_EQ(http.http.port, 81);
  EXPECT_EQ(http.http.headers.at("X-A"), "b");
  EXPECT_THAT(http.http.expect_status, ::testing::ElementsAre(200, 204));
  EXPECT_EQ(http.http.expect_body, "ok");
  EXPECT_EQ(http.timeout, 1s) << "min(2 s, interval)";
  EXPECT_EQ(http.fall, 4);
  EXPECT_TRUE(def.checks[1].http.tls_skip_verify);
  EXPECT_EQ(def.checks[1].timeout, 100ms);
  EXPECT_TRUE(def.checks[2].tcp.tls);
  EXPECT_EQ(def.checks[2].name, "db");
  EXPECT_EQ(def.checks[3].name, "heartbeat");
}

TEST(InstanceCodec, DefaultsOfChecksComeFromTheContext) {
  InstanceContext with = context();
  with.check_defaults.interval = 1s;
  with.check_defaults.fall = 7;
  const auto body =
      parse_document(R"({"port":1,"checks":[{"tcp":true},{"http":"/","interval":"9s","fall":2}],"lease":"9s"})")
          .value();
  const auto def = parse_instance(body, with).value();
  EXPECT_EQ(def.checks[0].interval, 1s);
  EXPECT_EQ(def.checks[0].timeout, 1s);
  EXPECT_EQ(def.checks[0].fall, 7);
  EXPECT_EQ(def.checks[1].interval, 9s);
  EXPECT_EQ(def.checks[1].fall, 2);
  EXPECT_EQ(def.checks[2].fall, CheckDef().fall) << "a lease has no timing";
}

TEST(InstanceCodec, NamesEveryErrorWithItsPointer) {
  using V = std::vector<std::string>;
  EXPECT_EQ(errors(R"({"prot":1})"), V{"#/prot unknown_field"});
  EXPECT_EQ(errors(R"({"port":"80"})"), V{"#/port wrong_type"});
  EXPECT_EQ(errors(R"({"port":80.0})"), V{"#/port wrong_type"});
  EXPECT_EQ(errors(R"({"port":0})"), V{"#/port out_of_range"});
  EXPECT_EQ(errors(R"({"port":65536})"), V{"#/port out_of_range"});
  EXPECT_EQ(errors(R"({"weight":18446744073709551615})"), V{"#/weight out_of_range"});
  EXPECT_EQ(errors(R"({"weight":-1})"), V{"#/weight out_of_range"});
  EXPECT_EQ(errors(R"({"protocol":"sctp"})"), V{"#/protocol invalid_value"});
  EXPECT_EQ(errors(R"({"protocol":[]})"), V{"#/protocol invalid_value"});
  EXPECT_EQ(errors(R"({"ports":{"a/b~":{"prot":1}}})"), V{"#/ports/a~1b~0/prot unknown_field"});
  EXPECT_EQ(errors(R"({"ports":{"m":{}}})"), V{"#/ports/m missing"});
  EXPECT_EQ(errors(R"({"address":"10.0.0"})"), V{"#/address invalid_value"});
  EXPECT_EQ(errors(R"({"addresses":["10.0.0.1","10.0.0.2"]})"), V{"#/addresses/1 conflict"});
  EXPECT_EQ(errors(R"({"address":"10.0.0.3","addresses":["10.0.0.1"]})"), V{"#/address conflict"});
  EXPECT_EQ(errors(R"({"address":"10.0.0.3","host":"x.example"})"), V{"#/host conflict"});
  EXPECT_EQ(errors(R"({"meta":{"k":1}})"), V{"#/meta/k wrong_type"});
  EXPECT_EQ(errors(R"({"tags":"a"})"), V{"#/tags wrong_type"});
  EXPECT_EQ(errors(R"({"lease":30})"), V{"#/lease wrong_type"});
  EXPECT_EQ(errors(R"({"lease":"30"})"), V{"#/lease invalid_value"});
  EXPECT_EQ(errors(R"([])"), V{"# wrong_type"});
}

TEST(InstanceCodec, NamesEveryErrorOfAChecksList) {
  using V = std::vector<std::string>;
  EXPECT_EQ(errors(R"({"port":1,"checks":[{"htpp":"/"}]})"), V{"#/checks/0/htpp unknown_field"});
  EXPECT_EQ(errors(R"({"port":1,"checks":[{"tcp":true},{}]})"), V{"#/checks/1 missing"});
  EXPECT_EQ(errors(R"({"port":1,"checks":[{"tcp":true,"http":"/"}]})"), V{"#/checks/0 conflict"});
  EXPECT_EQ(errors(R"({"port":1,"checks":[{"tcp":false}]})"), V{"#/checks/0/tcp wrong_type"});
  EXPECT_EQ(errors(R"({"port":1,"checks":[{"http":7}]})"), V{"#/checks/0/http wrong_type"});
  EXPECT_EQ(errors(R"({"port":1,"checks":[{"http":{"expect":{"status":[99]}}}]})"),
            V{"#/checks/0/http/expect/status/0 out_of_range"});
  EXPECT_EQ(errors(R"({"port":1,"checks":{"tcp":true}})"), V{"#/checks wrong_type"});
  const auto of = [](std::string check) { return errors(R"({"port":1,"checks":[)" + std::move(check) + "]}"); };
  EXPECT_EQ(of(R"({"grpc":7})"), V{"#/checks/0/grpc wrong_type"});
  EXPECT_EQ(of(R"({"grpc":false})"), V{"#/checks/0/grpc wrong_type"});
  EXPECT_EQ(of(R"({"grpc":{"sevice":"s"}})"), V{"#/checks/0/grpc/sevice unknown_field"});
  EXPECT_EQ(of(R"({"grpc":{"tls_name":"a.test"}})"), V{"#/checks/0/grpc/tls required"});
  EXPECT_EQ(of(R"({"dns":true})"), V{"#/checks/0/dns wrong_type"});
  EXPECT_EQ(of(R"({"dns":{}})"), V{"#/checks/0/dns/name invalid_name"});
  EXPECT_EQ(of(R"({"dns":{"name":"a.test","type":"AAA"}})"), V{"#/checks/0/dns/type invalid_value"});
  EXPECT_EQ(of(R"({"dns":{"name":"a.test","expect":{"rcode":"FINE"}}})"),
            V{"#/checks/0/dns/expect/rcode invalid_value"});
  EXPECT_EQ(of(R"({"dns":{"name":"a.test","expect":{"address":"x"}}})"),
            V{"#/checks/0/dns/expect/address invalid_value"});
  EXPECT_EQ(of(R"({"exec":"/bin/true"})"), V{"#/checks/0/exec wrong_type"});
  EXPECT_EQ(of(R"({"exec":["true"]})"), V{"#/checks/0/exec invalid_path"});
  EXPECT_EQ(of(R"({"exec":["/bin/true",7]})"), V{"#/checks/0/exec/1 wrong_type"});
  EXPECT_EQ(of(R"({"alias":"a..b"})"), V{"#/checks/0/alias invalid_name"});
  EXPECT_EQ(of(R"({"http":{"expect":{"json":[]}}})"), V{"#/checks/0/http/expect/json wrong_type"});
  EXPECT_EQ(of(R"({"http":{"expect":{"json":{"status":"ok"}}}})"),
            V{"#/checks/0/http/expect/json/status invalid_pointer"});
}

TEST(InstanceCodec, ReadsTheNewerKindsInShortAndLong) {
  const InstanceDef def = good(R"({"port":80,"checks":[
    {"grpc":"shop.Cart"},
    {"name":"whole","grpc":true},
    {"name":"far","grpc":{"service":"s","port":81,"host":"h.test","tls":true,"tls_name":"c.test"}},
    {"dns":"www.example.com"},
    {"name":"v6","dns":{"name":"a.test","type":"AAAA","port":53,"tcp":true,"expect":{"address":"fd00::1"}}},
    {"name":"gone","dns":{"name":"b.test","expect":{"rcode":"NXDOMAIN"}}},
    {"exec":["/usr/bin/check","-H","{address}"],"timeout":"1s"},
    {"alias":"DB.corp."},
    {"https":{"tls_name":"c.test","expect":{"json":{"/status":"UP","/n":3,"/gone":null}}}}]})");
  ASSERT_EQ(def.checks.size(), 9U);
  EXPECT_EQ(def.checks[0].grpc.service, "shop.Cart");
  EXPECT_EQ(def.checks[0].name, "grpc");
  EXPECT_EQ(def.checks[1].grpc, GrpcProbe());
  const GrpcProbe& far = def.checks[2].grpc;
  EXPECT_TRUE(far.tls && far.port == 81 && far.host == "h.test" && far.tls_name == "c.test");
  EXPECT_EQ(def.checks[3].dns.name, "www.example.com");
  EXPECT_EQ(def.checks[3].dns.type, 1);
  EXPECT_EQ(def.checks[4].dns.expect_address.v6, parse_ipv6("fd00::1"));
  EXPECT_TRUE(def.checks[4].dns.tcp);
  EXPECT_EQ(def.checks[5].dns.expect_rcode, 3);
  EXPECT_THAT(def.checks[6].exec, ::testing::ElementsAre("/usr/bin/check", "-H", "{address}"));
  EXPECT_EQ(def.checks[7].alias, "DB.corp");
  EXPECT_EQ(def.checks[8].http.tls_name, "c.test");
  ASSERT_EQ(def.checks[8].http.expect_json.size(), 3U);
  EXPECT_EQ(def.checks[8].http.expect_json.at("/status"), "\"UP\"");
  EXPECT_EQ(good(boost::json::serialize(to_json(def))), def);
}

TEST(InstanceCodec, AnAliasHasNoTimingOfItsOwn) {
  EXPECT_EQ(good(R"({"checks":[{"alias":"db.corp","interval":"1s","rise":9}]})"),
            good(R"({"checks":[{"alias":"db.corp"}]})"));
}

TEST(InstanceCodec, ReportsAllErrorsAtOnceTogetherWithThoseOfValidation) {
  EXPECT_THAT(
      errors(R"({"prot":1,"weight":"x","zone":"not a label","port":1,"checks":[{"htpp":"/"},{"tcp":true,"rise":0}]})"),
      ::testing::UnorderedElementsAre("#/prot unknown_field", "#/weight wrong_type", "#/checks/0/htpp unknown_field",
                                      ::testing::StartsWith("#/zone "), ::testing::StartsWith("#/checks/1/rise ")));
}

TEST(InstanceCodec, WhatCouldNotBeReadIsReportedOnceWhateverItsName) {
  EXPECT_THAT(errors(R"({"port":1,"meta":{"a b\u0001":5}})"), ::testing::ElementsAre("#/meta/a%20b%01 wrong_type"));
}

TEST(InstanceCodec, SuggestsTheFieldThatWasMeant) {
  const auto def = parse(R"({"checks":[{"htpp":"/"}],"wieght":1})");
  ASSERT_FALSE(def);
  std::vector<std::string> meant;
  for (const FieldError& error : def.error().errors) meant.push_back(error.did_you_mean);
  EXPECT_THAT(meant, ::testing::UnorderedElementsAre("http", "weight"));
}

TEST(InstanceCodec, TheNumberOfErrorsIsBounded) {
  std::string body = "{";
  for (int i = 0; i < 5000; ++i) body += "\"x" + std::to_string(i) + "\":1,";
  body.back() = '}';
  EXPECT_LE(errors(body).size(), 64U);
}

TEST(InstanceCodec, IgnoresWhatAGetAdds) {
  EXPECT_EQ(
      good(R"({"service":"worker.corp","id":"w1","label":"w1","name":"w1.worker.corp","node":null,"address":"10.0.1.7",
    "addresses":["10.0.1.7"],"host":null,"port":9000,"protocol":"tcp","ports":{"metrics":{"port":9100,"protocol":"tcp"}},"priority":1,
    "weight":10,"effective_weight":10,"zone":"az1","tags":["v2"],"meta":{},"lease":"30s","lease_left":"27s","deregister_after":"10m",
    "checks":[{"name":"http","kind":"http","http":{"path":"/healthz"},"interval":"5s","timeout":"2s","rise":2,"fall":3,
    "state":"passing","since":"2026-01-01T00:00:00Z","output":"200 OK","latency":"1.2ms","failures":0}],
    "state":"passing","available":true,"reason":"ok","draining":false,"safe_after":null,"created":8100,"revision":8124,
    "state_revision":8130})"),
      good(R"({"address":"10.0.1.7","port":9000,"ports":{"metrics":9100},"zone":"az1","tags":["v2"],"lease":"30s",
    "checks":[{"http":"/healthz"}]})"));
}

TEST(InstanceCodec, WhatIsWrittenReadsBackEqual) {
  Dice dice(20260101);
  for (int i = 0; i < 2000; ++i) {
    const InstanceDef def = random_instance(dice);
    InstanceContext here = context();
    here.id = def.id;
    const std::string text = json::serialize(to_json(def));
    const auto back = parse_instance(parse_document(text).value(), here);
    ASSERT_TRUE(back) << text << back.error().detail;
    ASSERT_EQ(*back, def) << text;
  }
}

InstanceDef merged(const InstanceDef& current, std::string_view patch) {
  auto def = merge_instance(current, parse_document(patch).value(), context());
  if (def) return *std::move(def);
  ADD_FAILURE() << patch << ": " << def.error().detail;
  return {};
}

TEST(InstancePatch, FollowsRfc7396) {
  const InstanceDef before =
      good(R"({"address":"10.0.0.1","port":80,"weight":20,"zone":"az1","tags":["a","b"],"lease":"30s",
    "meta":{"a":"1","b":"2"},"ports":{"m":1,"n":2},"checks":[{"tcp":true}]})");
  EXPECT_EQ(merged(before, "{}"), before);
  EXPECT_EQ(merged(before, R"({"weight":null})").weight, 10) << "null removes";
  EXPECT_EQ(merged(before, R"({"zone":null})").zone, "");
  EXPECT_THAT(merged(before, R"({"tags":["c"]})").tags, ::testing::ElementsAre("c")) << "lists replace";
  EXPECT_THAT(merged(before, R"({"meta":{"a":null,"c":"3"}})").meta,
              ::testing::ElementsAre(std::pair("b", "2"), std::pair("c", "3")))
      << "meta merges";
  EXPECT_EQ(merged(before, R"({"ports":{"m":{"protocol":"udp"}}})").ports.at("m").port, 1);
  EXPECT_EQ(merged(before, R"({"ports":{"m":null}})").ports.size(), 1U);
  EXPECT_EQ(merged(before, R"({"lease":null})").checks.size(), 1U);
  EXPECT_EQ(merged(before, R"({"checks":[]})").checks.size(), 1U) << "the lease is a member of its own";
}

TEST(InstancePatch, AddressAndHostReplaceEachOther) {
  const InstanceDef address = good(R"({"addresses":["10.0.0.1","fd00::1"],"port":80})");
  const InstanceDef moved = merged(address, R"({"address":"10.0.0.2"})");
  EXPECT_EQ(to_string(*moved.addresses.v4), "10.0.0.2");
  EXPECT_FALSE(moved.addresses.v6);
  const InstanceDef host = merged(address, R"({"host":"x.example.com"})");
  EXPECT_EQ(host.host, "x.example.com");
  EXPECT_TRUE(host.addresses.empty());
  EXPECT_EQ(merged(host, R"({"address":null})"), host);
  EXPECT_EQ(merged(host, R"({"host":null})").addresses.v4, context().peer_v4);
  EXPECT_EQ(merged(address, R"({"addresses":null})").addresses.v4, context().peer_v4);
}

TEST(InstancePatch, LeavesTheTimingOfChecksWhateverTheDefaultsAre) {
  InstanceContext here = context();
  here.check_defaults.interval = 10s;
  here.check_defaults.fall = 1;
  const auto body = parse_document(R"({"port":1,"checks":[{"tcp":true,"interval":"5s","fall":3}]})").value();
  const InstanceDef before = parse_instance(body, here).value();
  ASSERT_EQ(before.checks[0].interval, 5s);
  const InstanceDef after = merge_instance(before, parse_document(R"({"weight":5})").value(), here).value();
  EXPECT_EQ(after.checks, before.checks);
}

TEST(InstancePatch, KeepsTheIdAndRefusesWhatIsWrong) {
  InstanceDef current = good("{}");
  current.id = "host:app:8080";
  EXPECT_EQ(merged(current, R"({"weight":3})").id, "host:app:8080");
  const auto patch = [&](std::string_view text) {
    return merge_instance(current, parse_document(text).value(), context());
  };
  EXPECT_FALSE(patch(R"({"wieght":null})")) << "a null for a field that is not there";
  EXPECT_FALSE(patch(R"({"weight":"x"})"));
  EXPECT_FALSE(patch("[]"));
  EXPECT_FALSE(patch("null"));
}

// A batch of 1,000 must not hold up the control thread. Printed, not judged: the machine decides.
TEST(InstanceCodec, DecodesABatchOfAThousand) {
  std::string text = "[";
  for (int i = 0; i < 1000; ++i) {
    text +=
        R"({"address":"10.0.1.7","port":9000,"ports":{"metrics":9100},"zone":"az1","tags":["v2","canary"],"meta":{"version":"1.2.3"},)"
        R"("lease":"30s","checks":[{"http":"/healthz","interval":"5s"}]},)";
  }
  text.back() = ']';
  const auto begin = std::chrono::steady_clock::now();
  const auto document = parse_document(text);
  const auto parsed = std::chrono::steady_clock::now();
  for (const auto& body : document->as_array()) ASSERT_TRUE(parse_instance(body, context()));
  const auto end = std::chrono::steady_clock::now();
  using Us = std::chrono::microseconds;
  RecordProperty("document_us", std::to_string(std::chrono::duration_cast<Us>(parsed - begin).count()));
  RecordProperty("instances_us", std::to_string(std::chrono::duration_cast<Us>(end - parsed).count()));
  std::printf("document %ld us, instances %ld us\n", std::chrono::duration_cast<Us>(parsed - begin).count(),
              std::chrono::duration_cast<Us>(end - parsed).count());
}

}  // namespace
}  // namespace registry::codec
