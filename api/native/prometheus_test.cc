// The list of http_sd, as Prometheus reads it.
#include <boost/json/serialize.hpp>

#include "api/testing/fixture.h"

namespace api::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
namespace json = boost::json;

constexpr std::string_view kTargets = "/api/v1/prometheus/sd";

class PrometheusTargets : public api::testing::ServerTest {
 protected:
  void SetUp() override {
    serve();
    make_namespace();
  }
  json::array list(std::string_view query = {}) {
    const auto reply = call("GET", std::string(kTargets) + std::string(query));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(reply.header("content-type"), "application/json");
    return reply.json().as_array();
  }
  // "address:port" of each, in order.
  std::vector<std::string> targets(std::string_view query = {}) {
    std::vector<std::string> out;
    for (const auto& group : list(query)) out.emplace_back(group.at("targets").at(0).as_string());
    return out;
  }
  json::object labels(std::string_view query = {}) { return list(query).at(0).at("labels").as_object(); }
};

TEST_F(PrometheusTargets, AreEmptyWhereNothingIs) {
  EXPECT_EQ(call("GET", kTargets).body, "[]\n");
  EXPECT_THAT(targets("?service=gone.corp"), IsEmpty()) << "on a 404 Prometheus would keep what it has";
  EXPECT_THAT(targets("?service=gone.nowhere"), IsEmpty());
  EXPECT_THAT(targets("?namespace=nowhere"), IsEmpty());
}

TEST_F(PrometheusTargets, BearAllThatIsKnownAsLabels) {
  put_instance("Worker.corp", "w1",
               R"({"address":"10.0.0.1","port":8080,"node":"n1","zone":"az1","tags":["b","a"],"weight":7,
                   "meta":{"team-name":"red","team_name":"blue","ü":"1"},"checks":[{"heartbeat":"30s"}]})");
  EXPECT_EQ(json::serialize(list()),
            R"([{"targets":["10.0.0.1:8080"],"labels":{"__meta_dnsd_namespace":"corp",)"
            R"("__meta_dnsd_service":"Worker.corp","__meta_dnsd_instance":"w1","__meta_dnsd_name":"w1.Worker.corp",)"
            R"("__meta_dnsd_state":"passing","__meta_dnsd_available":"true","__meta_dnsd_reason":"ok",)"
            R"("__meta_dnsd_node":"n1","__meta_dnsd_zone":"az1","__meta_dnsd_tags":",a,b,","__meta_dnsd_port":"8080",)"
            R"("__meta_dnsd_protocol":"tcp","__meta_dnsd_priority":"1","__meta_dnsd_weight":"7",)"
            R"("__meta_dnsd_meta_team_name":"red","__meta_dnsd_meta___":"1"}}])");
}

TEST_F(PrometheusTargets, HoldWhatIsNotAvailableToo) {
  put_instance("worker.corp", "w1", R"({"address":"10.0.0.1","port":80,"checks":[{"heartbeat":"30s"}]})");
  call("PUT", "/api/v1/services/worker.corp/instances/w1/heartbeat", R"({"state":"critical"})");
  const auto down = labels();
  EXPECT_EQ(down.at("__meta_dnsd_state"), json::value("critical"));
  EXPECT_EQ(down.at("__meta_dnsd_available"), json::value("false"));
  EXPECT_EQ(down.at("__meta_dnsd_reason"), json::value("check.failing"));
}

TEST_F(PrometheusTargets, AreAddressesOfBothFamiliesAndHostNames) {
  put_instance("worker.corp", "both", R"({"addresses":["10.0.0.1","fd00::1"],"port":80})");
  put_instance("worker.corp", "host", R"({"host":"db.example.com","port":81})");
  put_instance("worker.corp", "none", R"({"address":"none","port":82})");
  put_instance("worker.corp", "portless", R"({"address":"10.0.0.2"})");
  put_instance("worker.corp", "six", R"({"address":"fd00::2","port":83})");
  EXPECT_THAT(targets(), ElementsAre("10.0.0.1:80", "db.example.com:81", "[fd00::2]:83"));
}

TEST_F(PrometheusTargets, PreferThePortNamedMetrics) {
  put_instance("worker.corp", "w1",
               R"({"address":"10.0.0.1","port":80,"ports":{"metrics":9100,"syslog":{"port":514,"protocol":"udp"}}})");
  put_instance("worker.corp", "w2", R"({"address":"10.0.0.2","port":80})");
  EXPECT_THAT(targets(), ElementsAre("10.0.0.1:9100", "10.0.0.2:80"));
  EXPECT_EQ(labels().at("__meta_dnsd_port_name"), json::value("metrics"));
  EXPECT_THAT(targets("?port=metrics"), ElementsAre("10.0.0.1:9100"));
  EXPECT_THAT(targets("?port="), ElementsAre("10.0.0.1:80", "10.0.0.2:80"));
  EXPECT_FALSE(labels("?port=").contains("__meta_dnsd_port_name"));
  EXPECT_EQ(labels("?port=syslog").at("__meta_dnsd_protocol"), json::value("udp"));
}

TEST_F(PrometheusTargets, NamePortsInAnyCaseAsDnsDoes) {
  put_instance("worker.corp", "w1", R"({"address":"10.0.0.1","port":80,"ports":{"Metrics":9100}})");
  EXPECT_THAT(targets(), ElementsAre("10.0.0.1:9100"));
  EXPECT_THAT(targets("?port=METRICS"), ElementsAre("10.0.0.1:9100"));
  EXPECT_EQ(labels().at("__meta_dnsd_port_name"), json::value("Metrics"));
}

TEST_F(PrometheusTargets, AreThoseOfAServiceOrANamespace) {
  ASSERT_EQ(call("PUT", "/api/v1/namespaces/prod.corp", "{}").status, 201);
  put_instance("a.corp", "1", R"({"address":"10.0.0.1","port":80})");
  put_instance("a.prod.corp", "1", R"({"address":"10.0.0.2","port":80})");
  put_instance("b.corp", "1", R"({"address":"10.0.0.3","port":80})");
  put_instance("b.corp", "2", R"({"address":"10.0.0.4","port":80})");
  EXPECT_THAT(targets(), ElementsAre("10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"));
  EXPECT_THAT(targets("?namespace=Corp."), ElementsAre("10.0.0.1:80", "10.0.0.3:80", "10.0.0.4:80"));
  EXPECT_THAT(targets("?service=B.corp"), ElementsAre("10.0.0.3:80", "10.0.0.4:80"));
  EXPECT_THAT(targets("?service=a&namespace=prod.corp"), ElementsAre("10.0.0.2:80"));
  EXPECT_THAT(targets("?service=&namespace="), ::testing::SizeIs(4));
}

TEST_F(PrometheusTargets, MistakesInTheUrlAreToldAndNotTakenForEverything) {
  for (const auto* query :
       {"?sevrice=a.corp", "?service=a", "?service=a..corp", "?namespace=-", "?service=a.b&namespace=corp"}) {
    const auto reply = call("GET", std::string(kTargets) + query);
    EXPECT_EQ(reply.status, 400) << query << reply.body;
    EXPECT_THAT(reply.body, HasSubstr("detail"));
  }
}

// More than a piece, in services that begin alike, some of them without a target for longer than one piece looks.
TEST_F(PrometheusTargets, ComeInPiecesHoweverManyTheyAre) {
  const auto put = [&](int from, int to, std::string_view member) {
    std::string operations;
    for (int i = from; i < to; ++i) {
      operations += std::string(i > from ? "," : "") + R"({"method":"PUT","path":"/api/v1/services/s)" +
                    std::to_string(i % 11) + ".corp/instances/i" + std::to_string(i) +
                    R"(","body":{"address":"10.0.0.1",)" + std::string(member) + "}}";
    }
    ASSERT_EQ(call("POST", "/api/v1/batch?return=minimal", R"({"operations":[)" + operations + "]}").status, 200);
  };
  put(0, 500, R"("port":80)");
  for (int i = 1; i < 10; ++i) put(i * 1000, i * 1000 + 1000, R"("ports":{"x":1})");
  std::set<std::string> names;
  for (const auto& group : list()) names.emplace(group.at("labels").at("__meta_dnsd_name").as_string());
  EXPECT_EQ(names.size(), 500U);
  EXPECT_EQ(targets("?port=x").size(), 9000U);
  EXPECT_EQ(call("GET", kTargets).header("transfer-encoding"), "chunked");
  EXPECT_EQ(call("GET", std::string(kTargets) + "?service=s1.corp").header("transfer-encoding"), "");
}

}  // namespace
}  // namespace api::native
