#include <set>

#include "api/cloudmap/test_calls.h"

namespace api::cloudmap {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
namespace json = boost::json;

class CloudmapDiscovery : public CloudmapInstances {};

TEST_F(CloudmapDiscovery, AreDiscoveredByHealth) {
  const auto service = new_service(ns, "worker", kCustom);
  for (const char* id : {"i1", "i2", "i3"}) put(service, id, R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  report(service, "i3", "UNHEALTHY");
  EXPECT_THAT(found(), UnorderedElementsAre("i1", "i2"));
  EXPECT_THAT(found(R"(,"HealthStatus":"HEALTHY")"), UnorderedElementsAre("i1", "i2"));
  EXPECT_THAT(found(R"(,"HealthStatus":"UNHEALTHY")"), UnorderedElementsAre("i3"));
  EXPECT_THAT(found(R"(,"HealthStatus":"ALL")"), UnorderedElementsAre("i1", "i2", "i3"));
  EXPECT_THAT(found(R"(,"HealthStatus":"HEALTHY_OR_ELSE_ALL")"), UnorderedElementsAre("i1", "i2"));
  report(service, "i1", "UNHEALTHY");
  report(service, "i2", "UNHEALTHY");
  EXPECT_THAT(found(), ElementsAre());
  EXPECT_THAT(found(R"(,"HealthStatus":"HEALTHY_OR_ELSE_ALL")"), UnorderedElementsAre("i1", "i2", "i3"));
  EXPECT_EQ(refused("DiscoverInstances", R"({"NamespaceName":"corp","ServiceName":"worker","HealthStatus":"WELL"})"),
            "InvalidInput");
}

TEST_F(CloudmapDiscovery, AFilterMeansNothingWhereNobodyChecksButADrainDoes) {
  const auto service = new_service(ns);
  for (const char* id : {"i1", "i2"}) put(service, id, R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  EXPECT_THAT(found(R"(,"HealthStatus":"UNHEALTHY")"), UnorderedElementsAre("i1", "i2"));
  ASSERT_EQ(call("POST", "/api/v1/services/worker.corp/instances/i1/drain").status / 100, 2);
  EXPECT_THAT(found(), ElementsAre("i2"));
  EXPECT_THAT(found(R"(,"HealthStatus":"UNHEALTHY")"), ElementsAre("i2"));
  EXPECT_THAT(found(R"(,"HealthStatus":"ALL")"), UnorderedElementsAre("i1", "i2"));
}

TEST_F(CloudmapDiscovery, AreDiscoveredByAttributes) {
  const auto service = new_service(ns, "worker", kCustom);
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1","version":"1","az":"a"})");
  put(service, "i2", R"({"AWS_INSTANCE_IPV4":"10.0.0.2","version":"2","az":"a"})");
  put(service, "i3", R"({"AWS_INSTANCE_IPV4":"10.0.0.3","version":"2","az":"b"})");
  EXPECT_THAT(found(R"(,"QueryParameters":{"version":"2"})"), UnorderedElementsAre("i2", "i3"));
  EXPECT_THAT(found(R"(,"QueryParameters":{"version":"2","az":"a"})"), ElementsAre("i2"));
  EXPECT_THAT(found(R"(,"QueryParameters":{"AWS_INSTANCE_IPV4":"10.0.0.3"})"), ElementsAre("i3"));
  EXPECT_THAT(found(R"(,"QueryParameters":{"version":"3"})"), ElementsAre());
  EXPECT_THAT(found(R"(,"QueryParameters":{"version":"2"},"OptionalParameters":{"az":"b"})"), ElementsAre("i3"));
  EXPECT_THAT(found(R"(,"QueryParameters":{"version":"2"},"OptionalParameters":{"az":"c"})"),
              UnorderedElementsAre("i2", "i3"));
  report(service, "i3", "UNHEALTHY");
  EXPECT_THAT(found(R"(,"OptionalParameters":{"az":"b"})"), UnorderedElementsAre("i1", "i2"))
      << "what is preferred gives way to what works";
}

TEST_F(CloudmapDiscovery, NotMoreAreDiscoveredThanAsked) {
  const auto service = new_service(ns, "worker", kCustom);
  std::set<std::string> seen;
  for (int i = 0; i < 5; ++i) put(service, "i" + std::to_string(i), R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  for (int i = 0; i < 200; ++i) {
    const auto ids = found(R"(,"MaxResults":2)");
    ASSERT_EQ(ids.size(), 2U);
    ASSERT_NE(ids[0], ids[1]);
    seen.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(seen.size(), 5U) << "every one is somebody's";
  const auto revision = [&] {
    return ok("DiscoverInstancesRevision", R"({"NamespaceName":"corp","ServiceName":"worker"})")
        .at("InstancesRevision")
        .to_number<std::uint64_t>();
  };
  const auto before = revision();
  EXPECT_EQ(revision(), before);
  put(service, "i9", R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  const auto registered = revision();
  EXPECT_GT(registered, before);
  report(service, "i9", "UNHEALTHY");
  EXPECT_EQ(revision(), registered) << "health is no registration";
  ok("DeregisterInstance", of(service, R"(,"InstanceId":"i9")"));
  EXPECT_GT(revision(), registered);
  EXPECT_EQ(refused("DiscoverInstances", R"({"NamespaceName":"corq","ServiceName":"worker"})"), "NamespaceNotFound");
  EXPECT_EQ(refused("DiscoverInstances", R"({"NamespaceName":"corp","ServiceName":"none"})"), "ServiceNotFound");
}

TEST_F(CloudmapDiscovery, OfAnHttpNamespaceNeedNoAddress) {
  const auto http = new_namespace("jobs", "Http");
  const auto service = new_service(http, "worker", kCustom);
  put(service, "q1", R"({"url":"https://queue.example/1"})");
  EXPECT_EQ(json::serialize(ok("GetInstancesHealthStatus", of(service)).at("Status")), R"({"q1":"HEALTHY"})");
  auto answer = ok("DiscoverInstances", R"({"NamespaceName":"jobs","ServiceName":"worker"})");
  ASSERT_EQ(answer.at("Instances").as_array().size(), 1U);
  EXPECT_EQ(json::serialize(answer.at("Instances").as_array()[0].at("Attributes")),
            R"({"url":"https://queue.example/1"})");
  report(service, "q1", "UNHEALTHY");
  answer = ok("DiscoverInstances", R"({"NamespaceName":"jobs","ServiceName":"worker"})");
  EXPECT_TRUE(answer.at("Instances").as_array().empty());
}

}  // namespace
}  // namespace api::cloudmap
