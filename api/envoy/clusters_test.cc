// CDS: the services as clusters.
#include "api/envoy/clusters.h"

#include "api/envoy/test_envoy.h"

namespace api::envoy {
namespace {

using api::testing::Client;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EnvoyClusters : public EnvoyTest {
 protected:
  std::vector<std::string> names(std::string_view asked = "") {
    std::vector<std::string> out;
    const auto answer = ask(kCds, asked);
    for (const auto& each : answer.at("resources").as_array()) out.emplace_back(each.at("name").as_string());
    return out;
  }
  std::string threshold(std::string_view policy) {
    EXPECT_LT(call("PUT", "/api/v1/services/worker.corp", policy).status, 300);
    const auto answer = ask(kCds, "");
    return json::serialize(answer.at("resources").at(0).at("common_lb_config"));
  }
};

TEST_F(EnvoyClusters, GetTheirEndpointsFromThisServer) {
  Options options;
  options.envoy.cluster = "disc";
  start(options);
  put_instance("Worker.corp", "w1");
  const auto answer = ask(kCds, "");
  EXPECT_EQ(answer.at("type_url"), json::value(kClustersType));
  EXPECT_EQ(json::serialize(answer.at("resources")),
            R"([{"@type":"type.googleapis.com/envoy.config.cluster.v3.Cluster","name":"Worker.corp","type":"EDS",)"
            R"("connect_timeout":"1s","eds_cluster_config":{"service_name":"Worker.corp","eds_config":)"
            R"({"resource_api_version":"V3","api_config_source":{"api_type":"REST","transport_api_version":"V3",)"
            R"("cluster_names":["disc"],"refresh_delay":"0.100s","request_timeout":"10s"}}},)"
            R"("common_lb_config":{"healthy_panic_threshold":{"value":0}}}])");
}

TEST_F(EnvoyClusters, AreAllServicesOrThoseNamed) {
  start();
  EXPECT_THAT(names(), IsEmpty());
  for (const auto* service : {"b.corp", "a.corp"}) put_instance(service, "1");
  EXPECT_THAT(names(), ElementsAre("a.corp", "b.corp"));
  EXPECT_THAT(names(R"("*")"), ElementsAre("a.corp", "b.corp"));
  EXPECT_THAT(names(R"("B.corp","c.corp","_x._tcp.a.corp")"), ElementsAre("B.corp", "_x._tcp.a.corp"));
  call("DELETE", "/api/v1/services/a.corp?force=true");
  EXPECT_THAT(names(), ElementsAre("b.corp"));
}

TEST_F(EnvoyClusters, AreThoseOfTheConfiguredNamespace) {
  Options options;
  options.envoy.ns = "prod.corp";
  start(options);
  EXPECT_THAT(names(), IsEmpty());
  ASSERT_EQ(call("PUT", "/api/v1/namespaces/prod.corp", "{}").status, 201);
  for (const auto* service : {"a.corp", "a.prod.corp"}) put_instance(service, "1");
  EXPECT_THAT(names(), ElementsAre("a.prod.corp"));
}

TEST_F(EnvoyClusters, PanicWhenDnsFailsOpen) {
  start();
  EXPECT_THAT(threshold("{}"), HasSubstr(R"("value":0)"));
  EXPECT_THAT(threshold(R"({"on_empty":"fail_open"})"), HasSubstr(R"("value":1})"));
  EXPECT_THAT(threshold(R"({"fail_open_below":0.5})"), HasSubstr(R"("value":50})"));
  EXPECT_THAT(threshold(R"({"fail_open_below":0.001})"), HasSubstr(R"("value":1})"));
}

TEST_F(EnvoyClusters, OfAnAliasPanicAsTheOther) {
  start();
  put_instance("worker.corp", "1");
  ASSERT_EQ(call("PUT", "/api/v1/services/near.corp", R"({"alias":"worker.corp"})").status, 201);
  Client held(port_);
  held.start("POST", kCds, asking(R"("near.corp")", version(kCds, R"("near.corp")")), kPatient);
  wait_for_watchers(1);
  ASSERT_LT(call("PUT", "/api/v1/services/worker.corp", R"({"on_empty":"fail_open"})").status, 300);
  EXPECT_THAT(held.read_reply().body, HasSubstr(R"("value":1})"));
}

TEST_F(EnvoyClusters, AreHeldUntilAServiceComesOrGoes) {
  start();
  put_instance("a.corp", "1", R"({"checks":[{"heartbeat":"30s"}]})");
  const auto body = asking("", version(kCds, ""));
  Client held(port_);
  held.start("POST", kCds, body, kPatient);
  wait_for_watchers(1);
  put_instance("a.corp", "2");
  call("PUT", "/api/v1/services/a.corp/instances/1/heartbeat", R"({"state":"critical"})");
  EXPECT_EQ(watchers(), 1U) << "instances and their states are of no interest here";
  put_instance("b.corp", "1");
  const auto reply = held.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.json().at("resources").as_array().size(), 2U);
  held.start("POST", kCds, asking("", version_of(reply.json().as_object())), kPatient);
  wait_for_watchers(1);
  call("DELETE", "/api/v1/services/a.corp?force=true");
  EXPECT_EQ(held.read_reply().json().at("resources").as_array().size(), 1U);
}

}  // namespace
}  // namespace api::envoy
