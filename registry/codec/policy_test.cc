#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <chrono>

#include "registry/codec/codec.h"
#include "registry/codec/words.h"

namespace registry::codec {
namespace {

using namespace std::chrono_literals;

DomainName domain(std::string_view text) { return DomainName::parse(text).value(); }
json::value doc(std::string_view text) { return parse_document(text).value(); }

template <class T>
std::vector<std::string> errors(const Result<T>& result) {
  if (result) return {"accepted"};
  std::vector<std::string> out;
  for (const FieldError& error : result.error().errors) out.push_back(error.pointer + " " + error.code);
  return out;
}

constexpr std::string_view kService =
    R"({"ttl":"10s","min_ttl":"2s","max_answers":0,"max_srv":3,"order":"sticky","on_empty":"fail_open",
  "fail_open_below":0.5,"only_passing":true,"warning_factor":0.25,"slow_start":"30s","meta":{"a":"b"},"foreign":{"x":{"a":1}},"checks":[{"tcp":{"port":5}}]})";

TEST(ServiceCodec, ReadsAndWritesEveryMember) {
  const auto policy = parse_service(doc(kService), domain("worker.corp")).value();
  EXPECT_EQ(policy.ttl, 10s);
  EXPECT_EQ(policy.max_answers, 0);
  EXPECT_EQ(policy.order, Order::sticky);
  EXPECT_EQ(policy.on_empty, OnEmpty::fail_open);
  EXPECT_EQ(policy.fail_open_below, 0.5);
  EXPECT_EQ(policy.warning_factor, 0.25);
  EXPECT_EQ(policy.checks.size(), 1U);
  EXPECT_EQ(policy.foreign.str(), R"({"x":{"a":1}})");
  EXPECT_EQ(parse_service(json::value(to_json(policy)), domain("worker.corp")).value(), policy);
}

TEST(ServiceCodec, MissingIsDefaultAndTheDefaultReadsBack) {
  const auto policy = parse_service(doc("{}"), domain("worker.corp")).value();
  EXPECT_EQ(policy, ServicePolicy());
  EXPECT_EQ(parse_service(json::value(to_json(policy)), domain("worker.corp")).value(), policy);
  const auto alias = parse_service(doc(R"({"alias":"DB.corp."})"), domain("worker.corp")).value();
  EXPECT_EQ(alias.alias, "DB.corp");
  EXPECT_EQ(parse_service(json::value(to_json(alias)), domain("worker.corp")).value(), alias);
}

TEST(ServiceCodec, IgnoresWhatAGetAdds) {
  EXPECT_TRUE(parse_service(doc(R"({"service":"worker.corp","instances":{"total":5,"available":3},"revision":8})"),
                            domain("worker.corp")));
}

TEST(ServiceCodec, NamesEveryError) {
  EXPECT_THAT(
      errors(parse_service(doc(R"({"tll":"5s","order":"weigthed","max_answers":1.5,"fail_open_below":2,"alias":"-x"})"),
                           domain("worker.corp"))),
      ::testing::UnorderedElementsAre("#/tll unknown_field", "#/order invalid_value", "#/max_answers wrong_type",
                                      ::testing::StartsWith("#/fail_open_below "), "#/alias invalid_name"));
}

TEST(NamespaceCodec, ReadsAndWritesEveryMember) {
  const auto def =
      parse_namespace(
          doc(R"({"aliases":["alt"],"ttl":"7s","min_ttl":"2s","negative_ttl":"30s","max_answers":4,"max_srv":9,
    "layout":"consul","consul_aliases":["consul"],"datacenter":"east","ttl_rules":[{"match":"db*","ttl":"10s"}],
    "ns":["ns1.example.com"],"hostmaster":"admin.example.com","soa_refresh":"90s",
    "soa_retry":"20s","soa_expire":"2d","foreign":{"x":"y"}})"),
          domain("corp"))
          .value();
  EXPECT_EQ(def.name, domain("corp"));
  EXPECT_EQ(def.aliases.at(0), domain("alt"));
  EXPECT_EQ(def.layout, Layout::consul);
  EXPECT_EQ(def.consul_aliases.at(0), domain("consul"));
  EXPECT_EQ(def.datacenter, "east");
  EXPECT_EQ(def.ttl, 7s);
  EXPECT_EQ(def.ttl_rules.at(0), (TtlRule{"db*", 10s}));
  EXPECT_EQ(def.ns.at(0), "ns1.example.com");
  EXPECT_EQ(def.soa_expire, 48h);
  EXPECT_EQ(def.foreign.str(), R"({"x":"y"})");
  EXPECT_EQ(parse_namespace(json::value(to_json(def)), domain("corp")).value(), def);
  const auto plain = parse_namespace(doc("{}"), domain("corp")).value();
  EXPECT_EQ(parse_namespace(json::value(to_json(plain)), domain("corp")).value(), plain);
}

TEST(NamespaceCodec, NamesEveryError) {
  EXPECT_THAT(
      errors(parse_namespace(doc(R"({"negativ_ttl":"5s","ttl_rules":[{"match":"a"},7],"ns":["a..b"],"aliases":"x"})"),
                             domain("corp"))),
      ::testing::UnorderedElementsAre("#/negativ_ttl unknown_field", "#/ttl_rules/0 missing",
                                      "#/ttl_rules/1 wrong_type", "#/ns/0 invalid_name", "#/aliases wrong_type"));
}

TEST(OverrideCodec, ReadsAndWritesEveryMember) {
  const Wall now = parse_time("2026-01-01T00:00:00Z").value();
  const auto def =
      parse_override(doc(R"({"match":{"service":"Web*.corp","instance":"W*","address":"10.0.1.0/24","node":"N1"},
    "state":"down","reason":"rack move","expires":"1h"})"),
                     "rack", now)
          .value();
  EXPECT_EQ(def.name, "rack");
  EXPECT_EQ(def.service, "web*.corp") << "names compare folded";
  EXPECT_EQ(def.instance, "W*") << "ids are opaque";
  EXPECT_EQ(def.node, "n1");
  EXPECT_FALSE(def.up);
  EXPECT_EQ(def.expires, now + 1h);
  EXPECT_EQ(parse_override(json::value(to_json(def)), "rack", now + 1h).value(), def) << "an absolute time stays";
}

TEST(OverrideCodec, NamesEveryError) {
  EXPECT_THAT(
      errors(parse_override(doc(R"({"match":{"adress":"x","address":"10.0.1.1/24"},"expires":"soon"})"), "x", Wall{})),
      ::testing::UnorderedElementsAre("#/match/adress unknown_field", "#/match/address invalid_value",
                                      "#/expires invalid_value", "#/state missing"));
}

TEST(OverrideCodec, RefusesAnExpiryThatNoClockReaches) {
  for (const char* far : {"999999999d", "9999-12-31T23:59:59Z", "2200-01-01T00:00:00.001Z"}) {
    const std::string body = std::string(R"({"state":"down","expires":")") + far + "\"}";
    EXPECT_THAT(errors(parse_override(doc(body), "x", Wall{})), ::testing::ElementsAre("#/expires out_of_range"))
        << far;
  }
  EXPECT_TRUE(parse_override(doc(R"({"state":"down","expires":"2200-01-01T00:00:00Z"})"), "x", Wall{}));
}

TEST(Time, ReadsRfc3339) {
  const Wall epoch{};
  EXPECT_EQ(parse_time("1970-01-01T00:00:00Z"), epoch);
  EXPECT_EQ(parse_time("1970-01-01T00:00:01.5Z"), epoch + 1500ms);
  EXPECT_EQ(parse_time("1970-01-01t02:00:00+02:00"), epoch);
  EXPECT_EQ(parse_time("1969-12-31T23:59:59.999-00:01"), epoch + 59999ms);
  for (const char* text :
       {"", "1970-01-01", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z", "1970-01-01T24:00:00Z", "1970-01-01T00:00:00",
        "1970-01-01T00:00:00Zx", "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00+2:00"}) {
    EXPECT_FALSE(parse_time(text)) << text;
  }
  const Wall time = epoch + 1'767'225'600'123ms;
  EXPECT_EQ(parse_time(format_time(time)), time);
}

TEST(CheckStates, AreWordsBothWays) {
  for (const CheckState state : {CheckState::unknown, CheckState::passing, CheckState::warning, CheckState::critical}) {
    EXPECT_EQ(parse_check_state(to_string(state)), state);
  }
  EXPECT_FALSE(parse_check_state("Passing"));
}

}  // namespace
}  // namespace registry::codec
