// Registrations, heartbeats, cancellations and metadata over HTTP, and what they are for DNS.
#include "api/eureka/test_eureka.h"

namespace api::eureka {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class EurekaInstances : public EurekaTest {
 protected:
  void SetUp() override { start(); }
};

TEST_F(EurekaInstances, RegistersWithExactly204AndIsThereNatively) {
  EXPECT_EQ(post("worker", body("worker", "w1")), "204 ");
  const auto made = native("worker.corp", "w1");
  EXPECT_EQ(text(made, "address"), "10.0.0.1");
  EXPECT_EQ(made.at("port").to_number<int>(), 8080);
  EXPECT_EQ(text(made, "lease"), "90s");
  EXPECT_TRUE(made.at("available").as_bool());
}

TEST_F(EurekaInstances, EveryRootAndATrailingSlashAreTheSame) {
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  for (const auto* path : {"/eureka/apps", "/eureka/apps/", "/eureka/v2/apps", "/eureka/v2/apps/", "/eureka/v1/apps/",
                           "/eureka/apps/WORKER", "/eureka/apps/worker/", "/eureka/v2/apps/WORKER/w1",
                           "/eureka/instances/w1", "/eureka/v2/vips/worker", "/eureka/apps/delta"}) {
    EXPECT_EQ(status_code("GET", path), 200) << path;
  }
  EXPECT_EQ(said("PUT", "/eureka/apps/WORKER/w1/"), "200 ");
  EXPECT_EQ(said("POST", "/eureka/apps/WORKER/", body("WORKER", "w2"), kJsonBody), "204 ");
}

TEST_F(EurekaInstances, RefusesInEurekasWords) {
  EXPECT_EQ(post("worker", R"({"instance":{"app":"worker"}})"), "400 Missing instanceId");
  EXPECT_EQ(post("other", body("worker", "w1")), "400 Mismatched appName, expecting OTHER but was WORKER");
  EXPECT_THAT(post("worker", "{"), StartsWith("400 "));
  EXPECT_THAT(post("worker", "<instance>"), StartsWith("400 "));
  EXPECT_THAT(post("ns", body("ns", "w1")), HasSubstr("reserved"));
  EXPECT_THAT(post("worker", body("worker", "w1", R"(,"dataCenterInfo2":1,"ipAddr2":2)")), StartsWith("204"))
      << "what nobody knows is ignored";
}

TEST_F(EurekaInstances, AnotherDataCenterWouldBreakEveryJavaClient) {
  auto text = body("worker", "w1");
  text.replace(text.find("MyOwn"), 5, "Moon!");
  EXPECT_THAT(post("worker", text), AllOf(StartsWith("400 "), HasSubstr("Moon!")));
}

TEST_F(EurekaInstances, TheBodyComesBack) {
  ASSERT_EQ(
      post("ORDER_SERVICE", R"({"instance":{"app":"order_service","instanceId":"h1:order:8080","hostName":"h1.example",
      "ipAddr":"10.0.0.1","status":"UP","port":{"$":8080,"@enabled":"true"},"securePort":{"$":8443,"@enabled":"true"},
      "countryId":7,"dataCenterInfo":{"@class":"com.netflix.appinfo.AmazonInfo","name":"Amazon","metadata":
      {"instance-id":"i-1","availability-zone":"us-east-1c"}},"leaseInfo":{"renewalIntervalInSecs":10,
      "durationInSecs":20},"metadata":{"zone":"z1","management.port":"8081","@class":"x"},"homePageUrl":"http://h1/",
      "statusPageUrl":"http://h1/s","healthCheckUrl":"http://h1/h","secureHealthCheckUrl":"https://h1/h",
      "vipAddress":"orders,Other","secureVipAddress":"orders-s","asgName":"asg","appGroupName":"SHOP",
      "isCoordinatingDiscoveryServer":"true","lastDirtyTimestamp":"1700000000000"}})"),
      "204 ");
  const auto got = instance("ORDER_SERVICE/h1:order:8080");
  EXPECT_EQ(text(got, "instanceId"), "h1:order:8080");
  EXPECT_EQ(text(got, "app"), "ORDER_SERVICE");
  EXPECT_EQ(text(got, "hostName"), "h1.example");
  EXPECT_EQ(text(got, "ipAddr"), "10.0.0.1");
  EXPECT_EQ(text(got, "status"), "UP");
  EXPECT_EQ(text(got, "overriddenStatus"), "UNKNOWN");
  EXPECT_EQ(text(got, "overriddenstatus"), "UNKNOWN");
  EXPECT_EQ(json::serialize(got.at("port")), R"({"$":8080,"@enabled":"true"})");
  EXPECT_EQ(json::serialize(got.at("securePort")), R"({"$":8443,"@enabled":"true"})");
  EXPECT_EQ(got.at("countryId").to_number<int>(), 7);
  EXPECT_EQ(json::serialize(got.at("dataCenterInfo")),
            R"({"@class":"com.netflix.appinfo.AmazonInfo","name":"Amazon",)"
            R"("metadata":{"instance-id":"i-1","availability-zone":"us-east-1c"}})");
  EXPECT_EQ(got.at("leaseInfo").at("renewalIntervalInSecs").to_number<int>(), 10);
  EXPECT_EQ(got.at("leaseInfo").at("durationInSecs").to_number<int>(), 20);
  EXPECT_GT(got.at("leaseInfo").at("registrationTimestamp").to_number<std::int64_t>(), 1'700'000'000'000);
  EXPECT_GT(got.at("leaseInfo").at("lastRenewalTimestamp").to_number<std::int64_t>(), 1'700'000'000'000);
  EXPECT_EQ(json::serialize(got.at("metadata")), R"({"management.port":"8081","zone":"z1"})");
  EXPECT_EQ(text(got, "homePageUrl"), "http://h1/");
  EXPECT_EQ(text(got, "secureHealthCheckUrl"), "https://h1/h");
  EXPECT_EQ(text(got, "vipAddress"), "orders,Other");
  EXPECT_EQ(text(got, "secureVipAddress"), "orders-s");
  EXPECT_EQ(text(got, "asgName"), "asg");
  EXPECT_EQ(text(got, "appGroupName"), "SHOP");
  EXPECT_EQ(text(got, "isCoordinatingDiscoveryServer"), "true");
  EXPECT_EQ(text(got, "lastDirtyTimestamp"), "1700000000000");
  EXPECT_EQ(text(got, "actionType"), "ADDED");
  const auto made = native("order-service.corp", "h1:order:8080");
  EXPECT_THAT(text(made, "label"), StartsWith("h1-order-8080-")) << "what DNS calls it";
  EXPECT_EQ(text(made, "zone"), "z1");
  EXPECT_EQ(made.at("ports").at("https").at("port").to_number<int>(), 8443);
}

TEST_F(EurekaInstances, XmlRegistersTheSame) {
  const auto* xml = R"(<instance><instanceId>x1</instanceId><hostName>h</hostName><app>worker</app>
    <ipAddr>2001:db8::1</ipAddr><status>UP</status><port enabled="true">81</port>
    <dataCenterInfo class="com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo"><name>MyOwn</name></dataCenterInfo>
    <metadata><my__key>&lt;1&gt;</my__key></metadata></instance>)";
  EXPECT_EQ(post("WORKER", xml, "Content-Type: application/xml\r\n"), "204 ");
  EXPECT_EQ(json::serialize(instance("WORKER/x1").at("metadata")), R"({"my_key":"<1>"})");
  const auto reply = call("GET", "/eureka/apps/WORKER/x1");
  EXPECT_EQ(reply.header("content-type"), "application/xml; charset=utf-8");
  EXPECT_THAT(reply.body, StartsWith("<instance><instanceId>x1</instanceId><hostName>h</hostName><app>WORKER</app>"
                                     "<ipAddr>2001:db8::1</ipAddr><status>UP</status>"
                                     "<overriddenstatus>UNKNOWN</overriddenstatus><port enabled=\"true\">81</port>"
                                     "<securePort enabled=\"false\">443</securePort><countryId>1</countryId>"
                                     "<dataCenterInfo class=\"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo\">"
                                     "<name>MyOwn</name></dataCenterInfo><leaseInfo><renewalIntervalInSecs>30<"));
  EXPECT_THAT(reply.body, HasSubstr("<metadata><my__key>&lt;1&gt;</my__key></metadata>"));
}

TEST_F(EurekaInstances, ASecurePortAloneIsThePort) {
  ASSERT_EQ(post("worker", R"({"instance":{"app":"worker","instanceId":"w1","hostName":"h1","ipAddr":"10.0.0.1",
      "port":{"$":8080,"@enabled":"false"},"securePort":{"$":8443,"@enabled":"true"},"dataCenterInfo":{"name":"MyOwn"}}})"),
            "204 ");
  EXPECT_EQ(native("worker.corp", "w1").at("port").to_number<int>(), 8443);
  EXPECT_EQ(json::serialize(instance("WORKER/w1").at("port")), R"({"$":8080,"@enabled":"false"})");
  EXPECT_EQ(json::serialize(instance("WORKER/w1").at("securePort")), R"({"$":8443,"@enabled":"true"})");
}

TEST_F(EurekaInstances, RegisteringAgainRenewsAndChangesNothing) {
  const auto same = body("worker", "w1", R"(,"lastDirtyTimestamp":"1700000000000")");
  ASSERT_EQ(post("worker", same), "204 ");
  const auto before = native("worker.corp", "w1").at("revision").to_number<int>();
  pass_time(registry::Millis(60'000));
  ASSERT_EQ(post("worker", same), "204 ");
  EXPECT_EQ(native("worker.corp", "w1").at("revision").to_number<int>(), before);
  ASSERT_EQ(post("other", body("other", "o1")), "204 ") << "without a timestamp";
  const auto other = native("other.corp", "o1").at("revision").to_number<int>();
  ASSERT_EQ(post("other", body("other", "o1")), "204 ");
  EXPECT_EQ(native("other.corp", "o1").at("revision").to_number<int>(), other);
  pass_time(registry::Millis(60'000));
  EXPECT_TRUE(available("worker.corp", "w1"));
}

TEST_F(EurekaInstances, AnOlderRegistrationArrivesLateAndChangesNothing) {
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"lastDirtyTimestamp":"1700000000002","homePageUrl":"new")")),
            "204 ");
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"lastDirtyTimestamp":"1700000000001","homePageUrl":"old")")),
            "204 ");
  EXPECT_EQ(text(instance("WORKER/w1"), "homePageUrl"), "new");
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"lastDirtyTimestamp":"1700000000003","homePageUrl":"newer")")),
            "204 ");
  EXPECT_EQ(text(instance("WORKER/w1"), "homePageUrl"), "newer");
}

// As of somebody whom nobody knows: neither is it kept, nor may a word about it bring it back into DNS.
TEST_F(EurekaInstances, AfterItsLeaseOnlyItsClientBringsItBack) {
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"lastDirtyTimestamp":"1700000000002","homePageUrl":"old")")),
            "204 ");
  pass_time(registry::Millis(91'000));
  for (const auto* path : {"status?value=OUT_OF_SERVICE", "status?value=UP", "metadata?a=1"}) {
    EXPECT_THAT(said("PUT", std::string("/eureka/apps/WORKER/w1/") + path), StartsWith("404 ")) << path;
  }
  EXPECT_THAT(said("DELETE", "/eureka/apps/WORKER/w1/status?value=DOWN"), StartsWith("404 "));
  EXPECT_FALSE(available("worker.corp", "w1"));
  EXPECT_EQ(status_code("GET", "/eureka/apps/WORKER/w1"), 404);
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"lastDirtyTimestamp":"1700000000001","homePageUrl":"new")")),
            "204 ");
  EXPECT_EQ(text(instance("WORKER/w1"), "homePageUrl"), "new") << "nothing is there that it could be older than";
}

TEST_F(EurekaInstances, HeartbeatsAre404WhereTheClientKnowsSomethingNewer) {
  EXPECT_EQ(said("PUT", "/eureka/v2/apps/worker/w1"), "404 ");
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"lastDirtyTimestamp":"1700000000001")")), "204 ");
  EXPECT_EQ(said("PUT", "/eureka/v2/apps/worker/w1"), "200 ");
  EXPECT_EQ(said("PUT", "/eureka/v2/apps/worker/w1?status=UP&lastDirtyTimestamp=1700000000001"), "200 ");
  EXPECT_EQ(said("PUT", "/eureka/v2/apps/worker/w1?status=UP&lastDirtyTimestamp=1700000000000"), "200 ");
  EXPECT_EQ(said("PUT", "/eureka/v2/apps/worker/w1?status=UP&lastDirtyTimestamp=1700000000002"), "404 ");
}

TEST_F(EurekaInstances, WithoutHeartbeatsItIsGoneAfterItsLeaseAndAHeartbeatBringsItBack) {
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"leaseInfo":{"durationInSecs":20})")), "204 ");
  pass_time(registry::Millis(15'000));
  ASSERT_EQ(said("PUT", "/eureka/v2/apps/worker/w1"), "200 ");
  pass_time(registry::Millis(15'000));
  EXPECT_EQ(status_code("GET", "/eureka/apps/WORKER/w1"), 200);
  pass_time(registry::Millis(6'000));
  EXPECT_EQ(status_code("GET", "/eureka/apps/WORKER/w1"), 404);
  EXPECT_EQ(status_code("GET", "/eureka/apps/WORKER"), 404);
  EXPECT_EQ(text(applications(), "apps__hashcode"), "");
  EXPECT_FALSE(available("worker.corp", "w1"));
  EXPECT_EQ(said("PUT", "/eureka/v2/apps/worker/w1"), "200 ");
  EXPECT_EQ(status_code("GET", "/eureka/apps/WORKER/w1"), 200);
  EXPECT_TRUE(available("worker.corp", "w1"));
  pass_time(registry::Millis(20'001));
  pass_time(registry::Millis(600'000));
  EXPECT_EQ(said("PUT", "/eureka/v2/apps/worker/w1"), "404 ") << "after deregister_after it must register again";
}

// Self-preservation is the guard.
TEST_F(EurekaInstances, LeasesThatEndTogetherAreHeldAndStayInTheLists) {
  for (const std::string app : {"a", "b", "c"}) {
    for (const std::string id : {"1", "2"}) ASSERT_EQ(post(app, body(app, app + id)), "204 ");
  }
  pass_time(registry::Millis(91'000));
  EXPECT_EQ(text(applications(), "apps__hashcode"), "UP_6_");
  EXPECT_TRUE(available("a.corp", "a1"));
  EXPECT_EQ(text(native("a.corp", "a1"), "reason"), "guard.held");
  pass_time(registry::Millis(601'000));
  EXPECT_EQ(text(applications(), "apps__hashcode"), "") << "for ten minutes, not for ever";
}

TEST_F(EurekaInstances, OnlyUpIsAnsweredAndAHeartbeatDoesNotChangeThat) {
  for (const std::string status : {"DOWN", "STARTING", "OUT_OF_SERVICE", "UNKNOWN"}) {
    ASSERT_EQ(post("worker", body("worker", "w1", R"(,"status":")" + status + '"')), "204 ");
    EXPECT_FALSE(available("worker.corp", "w1")) << status;
    EXPECT_EQ(text(instance("WORKER/w1"), "status"), status);
    ASSERT_EQ(said("PUT", "/eureka/apps/WORKER/w1?status=" + status), "200 ");
    EXPECT_FALSE(available("worker.corp", "w1")) << status;
    ASSERT_EQ(post("worker", body("worker", "w1", R"(,"status":"UP")")), "204 ");
    EXPECT_TRUE(available("worker.corp", "w1")) << "after " << status;
    EXPECT_EQ(text(instance("WORKER/w1"), "status"), "UP");
  }
}

TEST_F(EurekaInstances, CancelledIsGone) {
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  EXPECT_EQ(said("DELETE", "/eureka/v2/apps/worker/w1"), "200 ");
  EXPECT_EQ(call("GET", "/api/v1/services/worker.corp/instances/w1").status, 404);
  EXPECT_THAT(said("DELETE", "/eureka/v2/apps/worker/w1"), StartsWith("404 "));
  EXPECT_THAT(said("DELETE", "/eureka/v2/apps/none/w1"), StartsWith("404 "));
}

TEST_F(EurekaInstances, MetadataIsAddedAndPublished) {
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"metadata":{"a":"1"})")), "204 ");
  EXPECT_EQ(said("PUT", "/eureka/apps/WORKER/w1/metadata?b=2&a=3"), "200 ");
  EXPECT_EQ(json::serialize(instance("WORKER/w1").at("metadata")), R"({"a":"3","b":"2"})");
  EXPECT_EQ(json::serialize(native("worker.corp", "w1").at("meta")), R"({"a":"3","b":"2"})");
  EXPECT_EQ(said("PUT", "/eureka/apps/WORKER/w1/metadata?b=4&b=5"), "200 ");
  EXPECT_EQ(text(instance("WORKER/w1").at("metadata"), "b"), "4") << "the first, as in Eureka";
  EXPECT_THAT(said("PUT", "/eureka/apps/WORKER/none/metadata?b=2"), StartsWith("404 "));
}

TEST_F(EurekaInstances, AnotherZoneInMetadataIsAnotherZone) {
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"metadata":{"zone":"z1"})")), "204 ");
  ASSERT_EQ(said("PUT", "/eureka/apps/WORKER/w1/metadata?zone=z2"), "200 ");
  EXPECT_EQ(text(native("worker.corp", "w1"), "zone"), "z2");
  EXPECT_EQ(text(instance("WORKER/w1").at("metadata"), "zone"), "z2");
}

TEST_F(EurekaInstances, MetadataThatIsTooLongForDnsIsKept) {
  const std::string certificate(2000, 'x');
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"metadata":{"cert":")" + certificate + R"(","a":"1"})")), "204 ");
  EXPECT_EQ(text(instance("WORKER/w1").at("metadata"), "cert"), certificate);
  EXPECT_EQ(json::serialize(native("worker.corp", "w1").at("meta")), R"({"a":"1"})");
}

TEST_F(EurekaInstances, TwoNamesOfOneLabelAreNotOneApplication) {
  ASSERT_EQ(post("ORDER_SERVICE", body("ORDER_SERVICE", "o1")), "204 ");
  EXPECT_THAT(post("order-service", body("order-service", "o2")),
              AllOf(StartsWith("409 "), HasSubstr("ORDER_SERVICE")));
  EXPECT_EQ(post("order_service", body("Order_Service", "o2")), "204 ") << "case is no other name";
}

TEST_F(EurekaInstances, AnAddressMayBeAHostNameAndNothingElse) {
  auto named = body("worker", "w1");
  named.replace(named.find("10.0.0.1"), 8, "db.example.com");
  EXPECT_EQ(post("worker", named), "204 ");
  EXPECT_EQ(text(native("worker.corp", "w1"), "host"), "db.example.com");
  auto broken = body("worker", "w2");
  broken.replace(broken.find("10.0.0.1"), 8, "no address");
  EXPECT_THAT(post("worker", broken), StartsWith("400 "));
}

TEST_F(EurekaInstances, WhatAnotherInterfaceKeepsIsLeftAlone) {
  ASSERT_EQ(put_instance("worker.corp", "w1", R"({"address":"10.0.0.9","foreign":{"other":{"a":1}}})").status, 201);
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  EXPECT_EQ(json::serialize(native("worker.corp", "w1").at("foreign").at("other")), R"({"a":1})");
}

class EurekaAccess : public EurekaTest {};

TEST_F(EurekaAccess, TheTokenIsThePasswordOfTheUrl) {
  Options options;
  options.token = "secret";
  serve(std::move(options));
  const std::string bearer = "Authorization: Bearer secret\r\n";
  ASSERT_EQ(call("PUT", "/api/v1/namespaces/corp", "{}", bearer).status, 201);
  const auto asked = call("GET", "/eureka/apps");
  EXPECT_EQ(asked.status, 401);
  EXPECT_EQ(asked.header("www-authenticate"), "Basic realm=\"dnsd\"");
  EXPECT_EQ(call("GET", "/eureka/apps", {}, bearer).status, 200);
  EXPECT_EQ(call("GET", "/eureka/apps", {}, "Authorization: Basic dXNlcjpzZWNyZXQ=\r\n").status, 200) << "user:secret";
  EXPECT_EQ(call("GET", "/eureka/apps", {}, "Authorization: basic OnNlY3JldA==\r\n").status, 200) << ":secret";
  for (const auto* wrong : {"dXNlcjp3cm9uZw==", "c2VjcmV0", "", "!", "====", "dXNlcjpzZWNyZXQ"}) {
    EXPECT_EQ(call("GET", "/eureka/apps", {}, std::string("Authorization: Basic ") + wrong + "\r\n").status, 401)
        << wrong;
  }
}

TEST_F(EurekaAccess, WithoutANamespaceThereIsNothingAndNobodyRegisters) {
  serve();
  EXPECT_EQ(text(applications(), "apps__hashcode"), "");
  EXPECT_THAT(post("worker", body("worker", "w1")), StartsWith("404 "));
  make_namespace();
  EXPECT_EQ(post("worker", body("worker", "w1")), "204 ");
}

TEST_F(EurekaAccess, WhereTheFirstNamespaceIsDeletedTheNextOneIsTheFirst) {
  start();
  ASSERT_EQ(call("PUT", "/api/v1/namespaces/second.example", "{}").status, 201);
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  EXPECT_TRUE(available("worker.corp", "w1"));
  ASSERT_EQ(call("DELETE", "/api/v1/services/worker.corp?force=true").status, 204);
  ASSERT_EQ(call("DELETE", "/api/v1/namespaces/corp").status, 204);
  EXPECT_EQ(text(applications(), "apps__hashcode"), "");
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  EXPECT_TRUE(available("worker.second.example", "w1"));
  EXPECT_EQ(text(applications(), "apps__hashcode"), "UP_1_");
}

TEST_F(EurekaAccess, TheConfiguredNamespaceIsWorkedIn) {
  Options options;
  options.eureka.ns = "prod.example";
  start(std::move(options));
  ASSERT_EQ(call("PUT", "/api/v1/namespaces/prod.example", "{}").status, 201);
  ASSERT_EQ(put_instance("other.corp", "o1", R"({"address":"10.0.0.9"})").status, 201);
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  EXPECT_TRUE(available("worker.prod.example", "w1"));
  EXPECT_EQ(text(applications(), "apps__hashcode"), "UP_1_");
}

TEST_F(EurekaAccess, LeasesMayBePatientAndSayWhatTheClientSaid) {
  Options options;
  options.eureka.lease_factor = 2;
  start(std::move(options));
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"leaseInfo":{"durationInSecs":20})")), "204 ");
  EXPECT_EQ(instance("WORKER/w1").at("leaseInfo").at("durationInSecs").to_number<int>(), 20);
  pass_time(registry::Millis(39'000));
  EXPECT_TRUE(available("worker.corp", "w1"));
  pass_time(registry::Millis(2'000));
  EXPECT_FALSE(available("worker.corp", "w1"));
  ASSERT_EQ(post("worker", body("worker", "w2", R"(,"leaseInfo":{"durationInSecs":9000000000})")), "204 ");
  EXPECT_EQ(text(native("worker.corp", "w2"), "lease"), "1d");
}

TEST_F(EurekaAccess, AddressesAreLimitedAsElsewhere) {
  Options options;
  options.allow_addresses = {*registry::parse_prefix("192.168.0.0/16")};
  start(std::move(options));
  EXPECT_THAT(post("worker", body("worker", "w1")), AllOf(StartsWith("400 "), HasSubstr("allow_addresses")));
}

}  // namespace
}  // namespace api::eureka
