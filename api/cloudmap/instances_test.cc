#include "api/cloudmap/ids.h"
#include "api/cloudmap/test_calls.h"

namespace api::cloudmap {
namespace {

using ::testing::ElementsAre;
namespace json = boost::json;

TEST_F(CloudmapInstances, AreRegisteredShownAndDeregistered) {
  const auto service = new_service(ns, "worker", kSrv);
  const auto begun =
      ok("RegisterInstance", of(service, R"(,"InstanceId":"host:8080","CreatorRequestId":"t","Attributes":
    {"AWS_INSTANCE_IPV4":"10.0.0.1","AWS_INSTANCE_PORT":"8080","version":"1"})"));
  const auto operation = ok("GetOperation", json::serialize(json::object{{"OperationId", begun.at("OperationId")}}));
  EXPECT_EQ(text(inside(operation, "Operation"), "Type"), "REGISTER_INSTANCE");
  EXPECT_EQ(text(inside(inside(operation, "Operation"), "Targets"), "INSTANCE"), "host:8080");
  const auto shown = ok("GetInstance", of(service, R"(,"InstanceId":"host:8080")"));
  EXPECT_EQ(json::serialize(inside(shown, "Instance").at("Attributes")),
            R"({"AWS_INSTANCE_IPV4":"10.0.0.1","AWS_INSTANCE_PORT":"8080","version":"1"})");
  const auto listed = ok("ListInstances", of(service));
  ASSERT_EQ(listed.at("Instances").as_array().size(), 1U);
  EXPECT_EQ(listed.at("Instances").as_array()[0], shown.at("Instance"));
  const auto instance = native("worker.corp", "host%3A8080");
  EXPECT_TRUE(instance.at("label").as_string().starts_with("host-8080-"));
  EXPECT_EQ(instance.at("priority").as_int64(), 1);
  EXPECT_EQ(instance.at("weight").as_int64(), 1);
  EXPECT_TRUE(instance.at("available").as_bool());
  ok("DeregisterInstance", of(service, R"(,"InstanceId":"host:8080")"));
  EXPECT_EQ(refused("GetInstance", of(service, R"(,"InstanceId":"host:8080")")), "InstanceNotFound");
  EXPECT_EQ(refused("DeregisterInstance", of(service, R"(,"InstanceId":"host:8080")")), "InstanceNotFound");
}

TEST_F(CloudmapInstances, ATokenRegistersOnce) {
  const auto service = new_service(ns);
  const auto body =
      of(service, R"(,"InstanceId":"i1","CreatorRequestId":"t","Attributes":{"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  const auto begun = ok("RegisterInstance", body);
  ok("DeregisterInstance", of(service, R"(,"InstanceId":"i1")"));
  EXPECT_EQ(ok("RegisterInstance", body), begun);
  EXPECT_THAT(found(), ElementsAre()) << "the repeated request was the first one, not another";
  EXPECT_EQ(refused("RegisterInstance", of(service, R"(,"InstanceId":"i2","CreatorRequestId":"t","Attributes":{})")),
            "DuplicateRequest");
  const auto other = new_service(ns, "other");
  ok("RegisterInstance", of(other, R"(,"InstanceId":"i1","CreatorRequestId":"t","Attributes":{})"));
}

TEST_F(CloudmapInstances, TheSameRegistrationAgainChangesNothing) {
  const auto service = new_service(ns);
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1","AWS_EC2_INSTANCE_ID":"i-7"})");
  const auto before = on_control([&] { return registry_.revision(); });
  ok("RegisterInstance", of(service, R"(,"InstanceId":"i1","CreatorRequestId":"other","Attributes":
    {"AWS_EC2_INSTANCE_ID":"i-7","AWS_INSTANCE_IPV4":"10.0.0.1"})"));
  EXPECT_EQ(on_control([&] { return registry_.revision(); }), before);
}

TEST_F(CloudmapInstances, CustomHealthIsWhatClientsReport) {
  const auto service = new_service(ns, "worker", kCustom);
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  put(service, "i2", R"({"AWS_INSTANCE_IPV4":"10.0.0.2","AWS_INIT_HEALTH_STATUS":"UNHEALTHY"})");
  const auto health = [&] { return json::serialize(ok("GetInstancesHealthStatus", of(service)).at("Status")); };
  EXPECT_EQ(health(), R"({"i1":"HEALTHY","i2":"UNHEALTHY"})");
  EXPECT_THAT(found(), ElementsAre("i1"));
  report(service, "i1", "UNHEALTHY");
  report(service, "i2", "HEALTHY");
  EXPECT_EQ(health(), R"({"i1":"UNHEALTHY","i2":"HEALTHY"})");
  EXPECT_FALSE(native("worker.corp", "i1").at("available").as_bool());
  EXPECT_TRUE(native("worker.corp", "i2").at("available").as_bool());
  skew_ += 1000LL * 3600 * 48;
  on_control([&] { observe(registry_.advance(now())); });
  EXPECT_EQ(health(), R"({"i1":"UNHEALTHY","i2":"HEALTHY"})") << "no clock ends a report";
  EXPECT_EQ(refused("UpdateInstanceCustomHealthStatus", of(service, R"(,"InstanceId":"i1","Status":"SICK")")),
            "InvalidInput");
  EXPECT_EQ(refused("UpdateInstanceCustomHealthStatus", of(service, R"(,"InstanceId":"i3","Status":"HEALTHY")")),
            "InstanceNotFound");
}

TEST_F(CloudmapInstances, AnInitialStatusIsThatOfEveryRegistration) {
  const auto service = new_service(ns, "worker", kCustom);
  const auto available = [&] { return native("worker.corp", "i1").at("available").as_bool(); };
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  report(service, "i1", "UNHEALTHY");
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  EXPECT_FALSE(available()) << "without one what was reported stays";
  for (int i = 0; i < 2; ++i) {
    put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1","AWS_INIT_HEALTH_STATUS":"HEALTHY"})");
    EXPECT_TRUE(available()) << i;
    report(service, "i1", "UNHEALTHY");
  }
  report(service, "i1", "HEALTHY");
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1","AWS_INIT_HEALTH_STATUS":"UNHEALTHY"})");
  EXPECT_FALSE(available());
}

TEST_F(CloudmapInstances, WithoutACustomCheckThereIsNothingToReport) {
  const auto service = new_service(ns);
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  EXPECT_EQ(refused("UpdateInstanceCustomHealthStatus", of(service, R"(,"InstanceId":"i1","Status":"HEALTHY")")),
            "CustomHealthNotFound");
  EXPECT_EQ(json::serialize(ok("GetInstancesHealthStatus", of(service)).at("Status")), R"({"i1":"UNKNOWN"})");
}

TEST_F(CloudmapInstances, ALeaseIsNoCustomHealth) {
  put_instance("db.corp", "d1", R"({"address":"10.0.0.9","lease":"30s"})");
  EXPECT_EQ(refused("UpdateInstanceCustomHealthStatus",
                    of(service_id("db.corp"), R"(,"InstanceId":"d1","Status":"UNHEALTHY")")),
            "CustomHealthNotFound");
  EXPECT_TRUE(native("db.corp", "d1").at("available").as_bool());
}

TEST_F(CloudmapInstances, AreTakenIntoServicesOfTheNativeApi) {
  put_instance("db.corp", "d1", R"({"addresses":["10.0.0.9","fd00::9"],"port":5432})");
  put(service_id("db.corp"), "d2", R"({"AWS_INSTANCE_IPV4":"10.0.0.8"})");
  EXPECT_TRUE(native("db.corp", "d2").at("available").as_bool());
}

TEST_F(CloudmapInstances, AttributesAreTextsWhateverTheDefinitionHolds) {
  put_instance("db.corp", "d1", R"({"address":"10.0.0.9","foreign":{"cloudmap":{"AWS_A":5,"AWS_B":"b"}}})");
  const auto shown = ok("GetInstance", of(service_id("db.corp"), R"(,"InstanceId":"d1")"));
  EXPECT_EQ(json::serialize(inside(shown, "Instance").at("Attributes")),
            R"({"AWS_INSTANCE_IPV4":"10.0.0.9","AWS_B":"b"})");
}

TEST_F(CloudmapInstances, AreListedByPages) {
  const auto service = new_service(ns, "worker", kCustom);
  for (const char* id : {"a", "b", "c"}) put(service, id, R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  for (const char* list : {"ListInstances", "GetInstancesHealthStatus"}) {
    const auto page = ok(list, of(service, R"(,"MaxResults":2)"));
    const auto rest = ok(list, of(service, R"(,"NextToken":")" + text(page, "NextToken") + "\""));
    EXPECT_FALSE(rest.contains("NextToken"));
    EXPECT_NE(json::serialize(rest).find("\"c\""), std::string::npos) << json::serialize(rest);
    EXPECT_EQ(json::serialize(rest).find("\"b\""), std::string::npos) << json::serialize(rest);
  }
  EXPECT_EQ(json::serialize(ok("GetInstancesHealthStatus", of(service, R"(,"Instances":["b"])")).at("Status")),
            R"({"b":"HEALTHY"})");
  EXPECT_EQ(refused("GetInstancesHealthStatus", of(service, R"(,"Instances":["x"])")), "InstanceNotFound");
}

}  // namespace
}  // namespace api::cloudmap
