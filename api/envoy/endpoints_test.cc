// EDS: what Envoy is told of the instances of a service.
#include "api/envoy/endpoints.h"

#include <algorithm>

#include "api/envoy/test_envoy.h"

namespace api::envoy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class EnvoyEndpoints : public EnvoyTest {
 protected:
  void SetUp() override { start(); }
  void put(std::string_view id, std::string_view members) {
    const auto reply = put_instance("worker.corp", id, "{" + std::string(members) + "}");
    EXPECT_EQ(reply.status, 201) << reply.body;
  }
};

TEST_F(EnvoyEndpoints, AreWhatTheTextOfXdsShows) {
  put("w1", R"("address":"10.0.0.1","port":8080,"weight":1,"zone":"z1")");
  const auto answer = ask(kEds, R"("worker.corp")");
  EXPECT_EQ(answer.at("type_url"), json::value(kEndpointsType));
  EXPECT_EQ(answer.at("nonce"), answer.at("version_info"));
  EXPECT_EQ(json::serialize(answer.at("resources")),
            R"([{"@type":"type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",)"
            R"("cluster_name":"worker.corp","endpoints":[{"locality":{"zone":"z1"},"lb_endpoints":[{"endpoint":)"
            R"({"address":{"socket_address":{"address":"10.0.0.1","port_value":8080}}},"health_status":"HEALTHY",)"
            R"("load_balancing_weight":1}]}]}])");
}

TEST_F(EnvoyEndpoints, OfAServiceThatIsNotThereAreNone) {
  EXPECT_EQ(
      resources(kEds, R"("Gone.corp","my_cluster")"),
      R"([{"@type":"type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment","cluster_name":"Gone.corp"},)"
      R"({"@type":"type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment","cluster_name":"my_cluster"}])");
  put("w1", R"("address":"10.0.0.1","port":1)");
  EXPECT_THAT(resources(kEds, R"("WORKER.corp.")"), HasSubstr(R"("cluster_name":"WORKER.corp.","endpoints":)"))
      << "named as it was asked, else Envoy refuses it";
}

TEST_F(EnvoyEndpoints, SayHowTheyAre) {
  constexpr std::string_view kBeats = R"("port":80,"checks":[{"heartbeat":"30s"}])";
  for (const auto* id : {"1", "2", "3", "4"}) {
    put(id, R"("address":"10.0.0.)" + std::string(id) + "\"," + std::string(kBeats));
  }
  report("2", "warning");
  report("3", "critical");
  call("POST", "/api/v1/services/worker.corp/instances/4/drain");
  EXPECT_THAT(endpoints("worker.corp"),
              ElementsAre("HEALTHY 10.0.0.1:80 weight 10", "DEGRADED 10.0.0.2:80 weight 10",
                          "UNHEALTHY 10.0.0.3:80 weight 10", "DRAINING 10.0.0.4:80 weight 10"));
}

TEST_F(EnvoyEndpoints, LeaveOutWhatDnsNeverAnswers) {
  put("proved", R"("address":"10.0.0.1","port":80)");
  put("new", R"("address":"10.0.0.2","port":80,"checks":[{"http":"/"}])");
  put("out", R"("address":"10.0.0.3","port":80)");
  put("portless", R"("address":"10.0.0.4")");
  put("nowhere", R"("address":"none","port":80)");
  put("unresolved", R"("host":"db.example.com","port":80)");
  ASSERT_EQ(call("PUT", "/api/v1/overrides/o", R"({"match":{"instance":"out"},"state":"down"})").status, 201);
  EXPECT_THAT(endpoints("worker.corp"), ElementsAre("HEALTHY 10.0.0.1:80 weight 10"));
}

TEST_F(EnvoyEndpoints, HaveAddressesOfOneFamilyAndThoseOfTheirHost) {
  put("both", R"("addresses":["10.0.0.1","fd00::1"],"port":80)");
  put("host", R"("host":"db.example.com","port":81)");
  put("six", R"("address":"fd00::6","port":82)");
  put("udp", R"("address":"10.0.0.9","port":53,"protocol":"udp")");
  on_control([&] {
    observe(registry_.observe_host("worker.corp", "host", {registry::parse_ipv4("10.0.0.7"), {}}, {}, now()));
    return 0;
  });
  EXPECT_THAT(endpoints("worker.corp"),
              ElementsAre("HEALTHY 10.0.0.1:80 weight 10", "HEALTHY 10.0.0.7:81 weight 10",
                          "HEALTHY fd00::6:82 weight 10", "HEALTHY 10.0.0.9:53 weight 10 UDP"));
}

TEST_F(EnvoyEndpoints, HavePrioritiesWithoutGapsAndStandByZone) {
  put("1", R"("address":"10.0.0.1","port":80,"priority":20,"zone":"b")");
  put("2", R"("address":"10.0.0.2","port":80,"priority":5,"zone":"b")");
  put("3", R"("address":"10.0.0.3","port":80,"priority":5)");
  put("4", R"("address":"10.0.0.4","port":80,"priority":5,"zone":"a")");
  put("5", R"("address":"10.0.0.5","port":80,"priority":5,"zone":"b")");
  put("6", R"("address":"10.0.0.6","priority":7)");
  EXPECT_THAT(endpoints("worker.corp"),
              ElementsAre("HEALTHY 10.0.0.3:80 weight 10", "HEALTHY 10.0.0.4:80 weight 10 zone a",
                          "HEALTHY 10.0.0.2:80 weight 10 zone b", "HEALTHY 10.0.0.5:80 weight 10 zone b",
                          "HEALTHY 10.0.0.1:80 weight 10 priority 1 zone b"));
}

TEST_F(EnvoyEndpoints, BeyondTheLastPriorityOfEnvoyShareIt) {
  for (int i = 1; i <= 131; ++i) {
    put(std::to_string(i), R"("address":"10.0.0.1","port":80,"priority":)" + std::to_string(i));
  }
  const auto all = endpoints("worker.corp");
  ASSERT_EQ(all.size(), 131U);
  EXPECT_EQ(std::ranges::count(all, "HEALTHY 10.0.0.1:80 weight 10 priority 127"), 1);
  EXPECT_EQ(std::ranges::count(all, "HEALTHY 10.0.0.1:80 weight 10 priority 128"), 3);
}

TEST_F(EnvoyEndpoints, OfWeightZeroAreThereWhenAllAre) {
  put("1", R"("address":"10.0.0.1","port":80,"weight":0)");
  put("2", R"("address":"10.0.0.2","port":80,"weight":0)");
  EXPECT_THAT(endpoints("worker.corp"), ElementsAre("HEALTHY 10.0.0.1:80 weight 1", "HEALTHY 10.0.0.2:80 weight 1"));
  put("3", R"("address":"10.0.0.3","port":80,"weight":300)");
  EXPECT_THAT(endpoints("worker.corp"), ElementsAre("HEALTHY 10.0.0.3:80 weight 300"));
}

TEST_F(EnvoyEndpoints, OfANamedPortAreAskedForAsInDns) {
  put("1", R"("address":"10.0.0.1","port":80,"ports":{"metrics":9100})");
  put("2", R"("address":"10.0.0.2","port":80)");
  put("3", R"("address":"10.0.0.3","ports":{"metrics":{"port":9101,"protocol":"udp"}})");
  EXPECT_THAT(endpoints("_metrics._tcp.worker.corp"), ElementsAre("HEALTHY 10.0.0.1:9100 weight 10"));
  EXPECT_THAT(endpoints("_METRICS._UDP.worker.corp"), ElementsAre("HEALTHY 10.0.0.3:9101 weight 10 UDP"));
  for (const auto* none :
       {"_other._tcp.worker.corp", "_metrics._sctp.worker.corp", "_metrics.worker.corp", "_metrics"}) {
    EXPECT_THAT(endpoints(none), IsEmpty()) << none;
  }
}

TEST_F(EnvoyEndpoints, OfAnAliasAreThoseOfTheOther) {
  put("1", R"("address":"10.0.0.1","port":80)");
  call("PUT", "/api/v1/services/near.corp", R"({"alias":"worker.corp"})");
  call("PUT", "/api/v1/services/far.corp", R"({"alias":"near.corp"})");
  call("PUT", "/api/v1/services/away.corp", R"({"alias":"example.com"})");
  EXPECT_THAT(endpoints("far.corp"), ElementsAre("HEALTHY 10.0.0.1:80 weight 10"));
  put("2", R"("address":"10.0.0.2","port":80)");
  EXPECT_THAT(endpoints("far.corp"), ::testing::SizeIs(2)) << "what was kept is made again";
  EXPECT_THAT(endpoints("away.corp"), IsEmpty());
}

TEST_F(EnvoyEndpoints, OfAShadowedServiceAreNone) {
  put("1", R"("address":"10.0.0.1","port":80)");
  on_control([&] {
    observe(registry_.set_static_names("corp", {{"worker.corp"}, 1}, now()));
    return 0;
  });
  EXPECT_THAT(endpoints("worker.corp"), IsEmpty());
}

TEST_F(EnvoyEndpoints, WantNamesAndJson) {
  for (const auto* body : {"", "{", "{}", R"({"resource_names":[]})", R"({"resource_names":7})"}) {
    const auto reply = call("POST", kEds, body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(reply.header("content-type"), "application/problem+json");
    EXPECT_FALSE(reply.json().at("detail").as_string().empty());
  }
  EXPECT_EQ(call("GET", kEds).status, 405);
  EXPECT_EQ(call("POST", "/v3/discovery:listeners", "{}").status, 404);
}

}  // namespace
}  // namespace api::envoy
