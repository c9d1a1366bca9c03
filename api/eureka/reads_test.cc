// Lists, VIPs, the hash code and the delta, in both formats.
#include "api/eureka/test_eureka.h"

namespace api::eureka {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class EurekaReads : public EurekaTest {
 protected:
  void SetUp() override { start(); }
  std::string version(std::string_view path = "/eureka/apps") { return text(applications(path), "versions__delta"); }
  std::string hash_code(std::string_view path = "/eureka/apps") { return text(applications(path), "apps__hashcode"); }
};

TEST_F(EurekaReads, AnEmptyRegistryHasAnEmptyListAndHashCode) {
  const auto all = applications();
  EXPECT_EQ(all.at("application").as_array().size(), 0U);
  EXPECT_EQ(text(all, "apps__hashcode"), "");
  EXPECT_GT(std::stoll(text(all, "versions__delta")), 0);
  EXPECT_THAT(call("GET", "/eureka/apps").body, StartsWith("<applications><versions__delta>"));
  EXPECT_EQ(actions(), "");
}

TEST_F(EurekaReads, JsonOnlyWhereAcceptSaysSo) {
  for (const auto* accept : {"", "Accept: */*\r\n", "Accept: text/html\r\n"}) {
    EXPECT_EQ(call("GET", "/eureka/apps", {}, accept).header("content-type"), "application/xml; charset=utf-8")
        << accept;
  }
  EXPECT_EQ(call("GET", "/eureka/apps", {}, "Accept: text/xml, application/JSON;q=0.1\r\n").header("content-type"),
            "application/json");
}

TEST_F(EurekaReads, ListsAreArraysAlsoOfOne) {
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  const auto all = applications();
  EXPECT_EQ(text(all.at("application").at(0), "name"), "WORKER");
  EXPECT_EQ(text(all.at("application").at(0).at("instance").at(0), "instanceId"), "w1");
  const auto one = get("/eureka/apps/worker").at("application");
  EXPECT_EQ(text(one, "name"), "WORKER");
  EXPECT_EQ(one.at("instance").as_array().size(), 1U);
  EXPECT_THAT(call("GET", "/eureka/apps/WORKER").body, StartsWith("<application><name>WORKER</name><instance>"));
  EXPECT_EQ(text(get("/eureka/v2/instances/w1").at("instance"), "app"), "WORKER");
  EXPECT_EQ(status_code("GET", "/eureka/apps/none"), 404);
  EXPECT_EQ(status_code("GET", "/eureka/apps/worker/none"), 404);
  EXPECT_EQ(status_code("GET", "/eureka/instances/none"), 404);
}

TEST_F(EurekaReads, TheHashCodeCountsAllOfThemByStatus) {
  ASSERT_EQ(post("a", body("a", "a1")), "204 ");
  ASSERT_EQ(post("a", body("a", "a2", R"(,"status":"DOWN")")), "204 ");
  ASSERT_EQ(post("b", body("b", "b1")), "204 ");
  ASSERT_EQ(post("b", body("b", "b2", R"(,"status":"OUT_OF_SERVICE")")), "204 ");
  EXPECT_EQ(hash_code(), "DOWN_1_OUT_OF_SERVICE_1_UP_2_");
  EXPECT_EQ(hash_code("/eureka/apps/delta"), "DOWN_1_OUT_OF_SERVICE_1_UP_2_") << "of the full registry";
  ASSERT_EQ(said("DELETE", "/eureka/apps/a/a2"), "200 ");
  EXPECT_EQ(hash_code(), "OUT_OF_SERVICE_1_UP_2_");
}

TEST_F(EurekaReads, TheVersionMovesWithEveryChangeAndNotWithHeartbeats) {
  const auto empty = version();
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  const auto made = version();
  EXPECT_NE(made, empty);
  EXPECT_EQ(version("/eureka/apps/delta"), made);
  ASSERT_EQ(said("PUT", "/eureka/apps/worker/w1"), "200 ");
  EXPECT_EQ(version(), made);
  ASSERT_EQ(said("PUT", "/eureka/apps/worker/w1/status?value=OUT_OF_SERVICE"), "200 ");
  const auto out = version();
  EXPECT_NE(out, made);
  ASSERT_EQ(said("DELETE", "/eureka/apps/worker/w1"), "200 ");
  EXPECT_NE(version(), out);
}

TEST_F(EurekaReads, TheDeltaHasTheLastThreeMinutes) {
  ASSERT_EQ(post("old", body("old", "o1")), "204 ");
  EXPECT_EQ(actions("/eureka/apps"), "o1 ADDED");
  pass_time(registry::Millis(60'000));
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"leaseInfo":{"durationInSecs":3600})")), "204 ");
  EXPECT_EQ(actions(), "o1 ADDED, w1 ADDED");
  ASSERT_EQ(said("PUT", "/eureka/apps/worker/w1/metadata?a=1"), "200 ");
  EXPECT_EQ(actions(), "o1 ADDED, w1 MODIFIED");
  pass_time(registry::Millis(121'000));
  EXPECT_EQ(actions(), "o1 DELETED, w1 MODIFIED") << "its lease ended meanwhile";
  ASSERT_EQ(said("DELETE", "/eureka/apps/worker/w1"), "200 ");
  EXPECT_EQ(actions(), "o1 DELETED, w1 DELETED");
  EXPECT_EQ(hash_code("/eureka/apps/delta"), "");
  pass_time(registry::Millis(181'000));
  EXPECT_EQ(actions(), "");
}

TEST_F(EurekaReads, WhatIsDeletedStillHasItsName) {
  ASSERT_EQ(post("ORDER_SERVICE", body("ORDER_SERVICE", "o1")), "204 ");
  EXPECT_EQ(hash_code(), "UP_1_");
  ASSERT_EQ(said("DELETE", "/eureka/apps/ORDER_SERVICE/o1"), "200 ");
  const auto gone = applications("/eureka/apps/delta").at("application").at(0);
  EXPECT_EQ(text(gone, "name"), "ORDER_SERVICE");
  EXPECT_EQ(text(gone.at("instance").at(0), "app"), "ORDER_SERVICE");
}

TEST_F(EurekaReads, VipsAreFoundOneByOne) {
  auto both = body("worker", "w1");
  both.replace(both.find(R"("vipAddress":"worker")"), 21, R"("vipAddress":"a,B","secureVipAddress":"s")");
  ASSERT_EQ(post("worker", both), "204 ");
  ASSERT_EQ(post("other", body("other", "o1", R"(,"status":"DOWN")")), "204 ");
  const auto found = applications("/eureka/vips/a");
  EXPECT_EQ(text(found, "apps__hashcode"), "UP_1_");
  EXPECT_EQ(text(found.at("application").at(0).at("instance").at(0), "instanceId"), "w1");
  EXPECT_EQ(actions("/eureka/v2/vips/b"), "w1 ADDED");
  EXPECT_EQ(actions("/eureka/svips/s"), "w1 ADDED");
  EXPECT_EQ(hash_code("/eureka/vips/worker"), "DOWN_1_");
  EXPECT_EQ(status_code("GET", "/eureka/vips/none"), 404);
  EXPECT_EQ(status_code("GET", "/eureka/svips/a"), 404);
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  EXPECT_EQ(status_code("GET", "/eureka/vips/a"), 404) << "it has another one now";
  EXPECT_EQ(actions("/eureka/vips/worker"), "o1 ADDED, w1 ADDED");
}

TEST_F(EurekaReads, AVipOfAllOfAnApplicationIsAsCurrentAsThatOfSome) {
  auto other = body("worker", "w2");
  other.replace(other.find(R"("vipAddress":"worker")"), 21, R"("vipAddress":"other,worker")");
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  ASSERT_EQ(post("worker", other), "204 ");
  EXPECT_EQ(actions("/eureka/vips/worker"), "w1 ADDED, w2 ADDED");
  EXPECT_EQ(actions("/eureka/vips/other"), "w2 ADDED");
  ASSERT_EQ(said("PUT", "/eureka/apps/worker/w2/status?value=OUT_OF_SERVICE"), "200 ");
  EXPECT_EQ(hash_code("/eureka/vips/worker"), "OUT_OF_SERVICE_1_UP_1_");
  EXPECT_THAT(call("GET", "/eureka/vips/worker").body, HasSubstr("<status>OUT_OF_SERVICE</status>"));
  ASSERT_EQ(said("DELETE", "/eureka/apps/worker/w1"), "200 ");
  EXPECT_EQ(actions("/eureka/vips/worker"), "w2 ADDED");
}

TEST_F(EurekaReads, AnInstanceHasAsManyVipsAsItMayHave) {
  std::string vips;
  for (int i = 0; i <= 64; ++i) vips += "v" + std::to_string(i) + ",";
  auto many = body("worker", "w1");
  many.replace(many.find(R"("vipAddress":"worker")"), 21, R"("vipAddress":")" + vips + '"');
  ASSERT_EQ(post("worker", many), "204 ");
  EXPECT_EQ(actions("/eureka/vips/v63"), "w1 ADDED");
  EXPECT_EQ(status_code("GET", "/eureka/vips/v64"), 404);
  EXPECT_EQ(text(instance("WORKER/w1"), "vipAddress"), vips) << "given back whole";
}

TEST_F(EurekaReads, WhatTheNativeApiRegisteredIsThereWithDefaults) {
  ASSERT_EQ(put_instance("order-api.corp", "n1", R"({"address":"10.0.0.9","port":81,"meta":{"k":"v"}})").status, 201);
  ASSERT_EQ(put_instance("order-api.corp", "n2", R"({"address":"2001:db8::9"})").status, 201);
  const auto all = applications();
  EXPECT_EQ(text(all.at("application").at(0), "name"), "ORDER-API");
  const auto& n1 = all.at("application").at(0).at("instance").at(0);
  EXPECT_EQ(text(n1, "hostName"), "10.0.0.9");
  EXPECT_EQ(text(n1, "vipAddress"), "order-api");
  EXPECT_EQ(json::serialize(n1.at("port")), R"({"$":81,"@enabled":"true"})");
  EXPECT_EQ(json::serialize(n1.at("metadata")), R"({"k":"v"})");
  const auto& n2 = all.at("application").at(0).at("instance").at(1);
  EXPECT_EQ(text(n2, "hostName"), "2001:db8::9");
  EXPECT_EQ(json::serialize(n2.at("port")), R"({"$":80,"@enabled":"false"})");
  EXPECT_EQ(actions("/eureka/vips/order-api"), "n1 ADDED, n2 ADDED");
  EXPECT_EQ(said("PUT", "/eureka/apps/ORDER-API/n1"), "200 ") << "it needs no heartbeat, and takes one";
}

// One instance that they cannot read, and clients read none: XML of such names, an object where Java expects a text.
TEST_F(EurekaReads, WhatANativePutLeavesInOurPlaceBreaksNoList) {
  ASSERT_EQ(put_instance("worker.corp", "w1", R"({"address":"10.0.0.9","foreign":{"eureka":{
      "texts":{"<evil":"x","homePageUrl":{"a":1},"countryId":"9000000000","vipAddress":"v"},"renewal_interval":9000000000,
      "duration":9000000000,"metadata":{"a":{"<b>":1},"@class":"evil","c":"d"},
      "data_center":{"name":"Moon","metadata":{"e":{"<f>":1}}}}}})")
                .status,
            201);
  const auto got = instance("WORKER/w1");
  EXPECT_EQ(text(got, "vipAddress"), "v");
  EXPECT_FALSE(got.as_object().contains("homePageUrl"));
  EXPECT_EQ(json::serialize(got.at("metadata")), R"({"c":"d"})");
  EXPECT_EQ(text(got.at("dataCenterInfo"), "name"), "MyOwn");
  EXPECT_FALSE(got.at("dataCenterInfo").as_object().contains("metadata"));
  EXPECT_EQ(got.at("countryId").to_number<std::int64_t>(), 1);
  EXPECT_EQ(got.at("leaseInfo").at("renewalIntervalInSecs").to_number<std::int64_t>(), 30);
  EXPECT_EQ(got.at("leaseInfo").at("durationInSecs").to_number<std::int64_t>(), 90);
  const auto xml = call("GET", "/eureka/apps").body;
  EXPECT_THAT(xml, ::testing::Not(HasSubstr("evil")));
  EXPECT_THAT(xml, ::testing::Not(HasSubstr("<<")));
}

TEST_F(EurekaReads, AHeartbeatShowsInTheNextAnswerOfOneInstance) {
  ASSERT_EQ(post("worker", body("worker", "w1")), "204 ");
  const auto renewed = [&] {
    return instance("WORKER/w1").at("leaseInfo").at("lastRenewalTimestamp").to_number<std::int64_t>();
  };
  const auto before = renewed();
  pass_time(registry::Millis(30'000));
  ASSERT_EQ(said("PUT", "/eureka/apps/worker/w1"), "200 ");
  EXPECT_GE(renewed(), before + 30'000);
}

TEST_F(EurekaReads, XmlHasWhatItsReadersInsistOn) {
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"metadata":{"a_b":"<&>"})")), "204 ");
  const auto xml = call("GET", "/eureka/apps").body;
  EXPECT_THAT(xml, HasSubstr("<apps__hashcode>UP_1_</apps__hashcode><application><name>WORKER</name><instance>"));
  EXPECT_THAT(xml, HasSubstr("<port enabled=\"true\">8080</port>"));
  EXPECT_THAT(xml, HasSubstr("<dataCenterInfo class=\""));
  EXPECT_THAT(xml, HasSubstr("<metadata><a__b>&lt;&amp;&gt;</a__b></metadata>"));
  EXPECT_THAT(xml, HasSubstr("<isCoordinatingDiscoveryServer>false</isCoordinatingDiscoveryServer>"));
  EXPECT_THAT(xml, HasSubstr("<actionType>ADDED</actionType></instance></application></applications>"));
  EXPECT_THAT(xml, ::testing::Not(HasSubstr("overriddenStatus")));
}

// More than one write's worth: given piece by piece.
TEST_F(EurekaReads, ALargeAnswerIsWhole) {
  const std::string filler(1000, 'x');
  for (int i = 0; i < 300; ++i) {
    const auto name = "s" + std::to_string(i);
    ASSERT_EQ(post(name, body(name, "i", R"(,"homePageUrl":")" + filler + '"')), "204 ");
  }
  EXPECT_EQ(applications().at("application").as_array().size(), 300U);
  EXPECT_EQ(hash_code(), "UP_300_");
  EXPECT_THAT(call("GET", "/eureka/apps").body, ::testing::EndsWith("</applications>"));
  EXPECT_EQ(call("HEAD", "/eureka/apps").body, "");
}

}  // namespace
}  // namespace api::eureka
