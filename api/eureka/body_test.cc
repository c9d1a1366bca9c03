// Bodies of registrations as clients send them, and what Eureka says of those that lack something.
#include "api/eureka/body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

namespace api::eureka {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Body body_of(std::string_view text, std::string_view type = "application/json") {
  auto body = read_body(type, text);
  EXPECT_TRUE(body) << (body ? "" : body.error());
  return body ? *body : Body();
}

TEST(EurekaBody, EurekaJsSendsTheLeast) {
  const auto body = body_of(R"({"instance":{"app":"worker","instanceId":"w1","hostName":"h1","ipAddr":"10.0.0.1",
    "port":{"$":8080,"@enabled":"true"},"vipAddress":"worker","dataCenterInfo":{"@class":
    "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"},"status":"UP"}})");
  EXPECT_EQ(body.id, "w1");
  EXPECT_EQ(body.app, "WORKER");
  EXPECT_EQ(body.host_name, "h1");
  EXPECT_EQ(body.ip, "10.0.0.1");
  EXPECT_EQ(body.port.number, 8080);
  EXPECT_TRUE(body.port.enabled);
  EXPECT_FALSE(body.secure_port.enabled);
  EXPECT_EQ(body.lease, 90);
  EXPECT_EQ(body.renewal_interval, 30);
  EXPECT_EQ(json::serialize(body.data_center), R"({"name":"MyOwn"})");
  EXPECT_EQ(missing_in(body, "WORKER"), std::nullopt);
}

// As py_eureka_client makes it.
TEST(EurekaBody, NumbersMayBeTextAndFlagsToo) {
  const auto body = body_of(R"({"instance":{"instanceId":"h:w:9090","hostName":"h","app":"W","ipAddr":"10.0.0.2",
    "status":"STARTING","overriddenstatus":"UNKNOWN","port":{"$":"9090","@enabled":true},"securePort":{"$":9443,
    "@enabled":"false"},"countryId":1,"dataCenterInfo":{"@class":"x","name":"MyOwn"},"leaseInfo":
    {"renewalIntervalInSecs":"10","durationInSecs":20},"metadata":{"n":5,"flag":true,"none":null},
    "lastDirtyTimestamp":"1700000000000","isCoordinatingDiscoveryServer":"false"}})");
  EXPECT_EQ(body.status, Status::starting);
  EXPECT_EQ(body.port.number, 9090);
  EXPECT_TRUE(body.port.enabled);
  EXPECT_EQ(body.secure_port.number, 9443);
  EXPECT_FALSE(body.secure_port.enabled);
  EXPECT_EQ(body.lease, 20);
  EXPECT_EQ(body.renewal_interval, 10);
  EXPECT_EQ(body.dirty, 1'700'000'000'000);
  EXPECT_THAT(body.metadata, ElementsAre(Pair("n", "5"), Pair("flag", "true")));
}

TEST(EurekaBody, XmlSaysTheSame) {
  const auto body = body_of(R"(<?xml version="1.0" encoding="UTF-8"?>
    <instance>
      <instanceId>w1</instanceId><hostName>h1</hostName><app>worker</app><ipAddr>10.0.0.1</ipAddr>
      <status>DOWN</status><port enabled="true">8080</port><securePort enabled="true">8443</securePort>
      <dataCenterInfo class="com.netflix.appinfo.AmazonInfo"><name>Amazon</name>
        <metadata><instance-id>i-1</instance-id></metadata></dataCenterInfo>
      <leaseInfo><durationInSecs>30</durationInSecs></leaseInfo>
      <metadata class="java.util.HashMap"><my__key>a &amp; b</my__key></metadata>
      <vipAddress>worker</vipAddress>
    </instance>)",
                            "application/xml; charset=utf-8");
  EXPECT_EQ(body.id, "w1");
  EXPECT_EQ(body.app, "WORKER");
  EXPECT_EQ(body.status, Status::down);
  EXPECT_EQ(body.port.number, 8080);
  EXPECT_EQ(body.secure_port.number, 8443);
  EXPECT_TRUE(body.secure_port.enabled);
  EXPECT_EQ(body.lease, 30);
  EXPECT_EQ(json::serialize(body.data_center), R"({"name":"Amazon","metadata":{"instance-id":"i-1"}})");
  EXPECT_THAT(body.metadata, ElementsAre(Pair("@class", "java.util.HashMap"), Pair("my_key", "a & b")));
  EXPECT_EQ(std::string_view(body.texts.at("vipAddress").get_string()), "worker");
}

TEST(EurekaBody, WithoutATypeTheFirstCharacterTells) {
  EXPECT_EQ(body_of("  <instance><app>a</app></instance>", "").app, "A");
  EXPECT_EQ(body_of(R"({"instance":{"app":"a"}})", "").app, "A");
}

TEST(EurekaBody, TheIdIsTheInstancesElseAmazonsElseTheHosts) {
  EXPECT_EQ(
      body_of(R"({"instance":{"hostName":"h","dataCenterInfo":{"name":"Amazon","metadata":{"instance-id":"i-7"}}}})")
          .id,
      "i-7");
  EXPECT_EQ(
      body_of(R"({"instance":{"hostName":"h","dataCenterInfo":{"name":"MyOwn","metadata":{"instance-id":"i-7"}}}})").id,
      "h");
  EXPECT_EQ(body_of(R"({"instance":{"instanceId":"","hostName":"h"}})").id, "h");
}

TEST(EurekaBody, PortsAreLenient) {
  EXPECT_EQ(body_of(R"({"instance":{"port":8080}})").port.number, 8080);
  EXPECT_TRUE(body_of(R"({"instance":{"port":"8080"}})").port.enabled);
  EXPECT_FALSE(body_of(R"({"instance":{"port":{"$":8080,"@enabled":"false"}}})").port.enabled);
  EXPECT_FALSE(body_of(R"({"instance":{"securePort":443}})").secure_port.enabled) << "only where it says so";
  EXPECT_FALSE(body_of(R"({"instance":{}})").port.enabled);
}

TEST(EurekaBody, AStatusThatNobodyKnowsIsUnknown) {
  EXPECT_EQ(body_of(R"({"instance":{"status":"up"}})").status, Status::up);
  EXPECT_EQ(body_of(R"({"instance":{"status":"FINE"}})").status, Status::unknown);
  EXPECT_EQ(body_of(R"({"instance":{}})").status, Status::up);
}

TEST(EurekaBody, WhatIsMissingIsSaidInEurekasWordsAndOrder) {
  const auto said = [](std::string_view members) {
    const auto body = body_of(R"({"instance":{)" + std::string(members) + "}}");
    return missing_in(body, "WORKER").value_or("");
  };
  EXPECT_EQ(said(""), "Missing instanceId");
  EXPECT_EQ(said(R"("instanceId":"w1")"), "Missing hostname");
  EXPECT_EQ(said(R"("hostName":"h")"), "Missing ip address");
  EXPECT_EQ(said(R"("hostName":"h","ipAddr":"10.0.0.1")"), "Missing appName");
  EXPECT_EQ(said(R"("hostName":"h","ipAddr":"10.0.0.1","app":"other")"),
            "Mismatched appName, expecting WORKER but was OTHER");
  EXPECT_EQ(said(R"("hostName":"h","ipAddr":"10.0.0.1","app":"worker")"), "Missing dataCenterInfo");
  EXPECT_EQ(said(R"("hostName":"h","ipAddr":"10.0.0.1","app":"worker","dataCenterInfo":null)"),
            "Missing dataCenterInfo");
  EXPECT_EQ(said(R"("hostName":"h","ipAddr":"10.0.0.1","app":"worker","dataCenterInfo":{})"),
            "Missing dataCenterInfo Name");
}

TEST(EurekaBody, WhatJavaReadsAsAnIntIsOne) {
  const auto body =
      body_of(R"({"instance":{"leaseInfo":{"durationInSecs":9000000000,"renewalIntervalInSecs":"9000000000"}}})");
  EXPECT_EQ(body.lease, 2'147'483'647);
  EXPECT_EQ(body.renewal_interval, 2'147'483'647);
  EXPECT_EQ(body_of(R"({"instance":{"leaseInfo":{"durationInSecs":-1,"renewalIntervalInSecs":-1}}})").lease, 0);
  for (const auto* country : {"9000000000", "-1"}) {
    EXPECT_FALSE(read_body("application/json", R"({"instance":{"countryId":)" + std::string(country) + "}}"));
  }
}

TEST(EurekaBody, WhatCannotBeReadIsRefused) {
  for (const auto* text : {"", "{", "[]", "{}", R"({"instance":1})", R"({"instance":{"port":"x"}})",
                           R"({"instance":{"port":70000}})", R"({"instance":{"countryId":"DE"}})",
                           R"({"instance":{"lastDirtyTimestamp":"soon"}})", R"({"instance":{"app":1,"app":2}})"}) {
    EXPECT_FALSE(read_body("application/json", text)) << text;
  }
  EXPECT_FALSE(read_body("text/xml", "<applications/>"));
}

}  // namespace
}  // namespace api::eureka
