#include "api/dnsctl/registration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace ctl {
namespace {

namespace json = boost::json;

json::value check(std::string_view text) {
  auto parsed = parse_check_flag(text);
  return parsed ? json::value(*std::move(parsed)) : json::value(parsed.error());
}

TEST(CheckFlag, SaysInOneWordWhatTheApiSaysInJson) {
  EXPECT_EQ(check("http:/healthz"), json::parse(R"({"http":"/healthz"})"));
  EXPECT_EQ(check("http"), json::parse(R"({"http":"/"})"));
  EXPECT_EQ(check("http:9100/ready"), json::parse(R"({"http":{"path":"/ready","port":9100}})"));
  EXPECT_EQ(check("https:/"), json::parse(R"({"https":"/"})"));
  EXPECT_EQ(check("tcp"), json::parse(R"({"tcp":true})"));
  EXPECT_EQ(check("tcp:9100"), json::parse(R"({"tcp":{"port":9100}})"));
  EXPECT_EQ(check("heartbeat:30s"), json::parse(R"({"heartbeat":"30s"})"));
  EXPECT_EQ(check("grpc"), json::parse(R"({"grpc":true})"));
  EXPECT_EQ(check("grpc:shop.Cart"), json::parse(R"({"grpc":"shop.Cart"})"));
  EXPECT_EQ(check("dns:example.com"), json::parse(R"({"dns":"example.com"})"));
  EXPECT_EQ(check("alias:db.corp"), json::parse(R"({"alias":"db.corp"})"));
  EXPECT_EQ(check("tcp,interval=1s,fall=1,name=port"),
            json::parse(R"({"tcp":true,"interval":"1s","fall":1,"name":"port"})"));
}

TEST(CheckFlag, RefusesWhatItCannotMean) {
  for (const auto* text : {"", "htpp:/", "http:x/", "tcp:", "tcp:0", "tcp:70000", "heartbeat", "grpc:", "dns",
                           "alias:", "exec:/bin/true", "tcp,fall=many", "tcp,colour=red", "tcp,interval"}) {
    EXPECT_FALSE(parse_check_flag(text)) << text;
  }
}

json::value body(std::string endpoint) {
  RegistrationFlags flags;
  flags.endpoint = std::move(endpoint);
  const auto registration = make_registration(flags);
  return registration ? json::value(registration->body) : json::value(registration.error());
}

TEST(Registration, TellsAddressesFromHostNames) {
  EXPECT_EQ(body("10.0.1.7:9000"), json::parse(R"({"address":"10.0.1.7","port":9000})"));
  EXPECT_EQ(body("10.0.1.7"), json::parse(R"({"address":"10.0.1.7"})"));
  EXPECT_EQ(body("[fd00::7]:9000"), json::parse(R"({"address":"fd00::7","port":9000})"));
  EXPECT_EQ(body("fd00::7"), json::parse(R"({"address":"fd00::7"})"));
  EXPECT_EQ(body("auto:9000"), json::parse(R"({"address":"auto","port":9000})"));
  EXPECT_EQ(body("db.example.net:5432"), json::parse(R"({"host":"db.example.net","port":5432})"));
  for (const auto* bad : {"", ":9000", "10.0.1.7:", "10.0.1.7:x", "[fd00::7", "[fd00::7]9000"}) {
    EXPECT_TRUE(body(bad).is_string()) << bad;
  }
}

TEST(Registration, GivesTheSameEndpointTheSameId) {
  RegistrationFlags flags;
  flags.endpoint = "10.0.1.7:9000";
  EXPECT_EQ(make_registration(flags)->id, "10-0-1-7-9000");
  flags.id = "w1";
  EXPECT_EQ(make_registration(flags)->id, "w1");
}

TEST(Registration, CarriesEveryFlag) {
  RegistrationFlags flags;
  flags.endpoint = "10.0.1.7:9000";
  flags.checks = {"http:/healthz"};
  flags.tags = {"v2", "blue"};
  flags.meta = {"version=2.3.1", "empty="};
  flags.ports = {"metrics=9100"};
  flags.lease = "30s";
  flags.zone = "az1";
  flags.weight = 5;
  flags.priority = 2;
  EXPECT_EQ(json::value(make_registration(flags)->body), json::parse(R"({
    "address":"10.0.1.7","port":9000,"lease":"30s","zone":"az1","weight":5,"priority":2,"tags":["v2","blue"],
    "ports":{"metrics":9100},"meta":{"version":"2.3.1","empty":""},"checks":[{"http":"/healthz"}]})"));
}

TEST(Registration, RefusesPairsThatAreNone) {
  RegistrationFlags flags;
  flags.endpoint = "10.0.1.7";
  flags.meta = {"version"};
  EXPECT_FALSE(make_registration(flags));
  flags.meta = {"a=1", "a=2"};
  EXPECT_FALSE(make_registration(flags));
  flags.meta = {};
  flags.ports = {"metrics=x"};
  EXPECT_FALSE(make_registration(flags));
}

}  // namespace
}  // namespace ctl
