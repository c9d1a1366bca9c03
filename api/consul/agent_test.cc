// /v1/agent/...: registration, heartbeats, checks, maintenance, with the bodies that real clients send.
#include "api/consul/test_consul.h"

namespace api::consul {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

class ConsulAgent : public ConsulTest {
 protected:
  void SetUp() override { start(); }
};

// As python3-consul 0.7.1 sends it.
TEST_F(ConsulAgent, TakesLowerCaseKeysAndHttpChecks) {
  ASSERT_EQ(put("agent/service/register",
                R"({"name": "worker", "id": "w1", "address": "10.0.0.1", "port": 8080, "tags": ["a"], "check":
                    {"http": "http://10.0.0.1:8080/h", "interval": "10s", "timeout": "2s",
                     "DeregisterCriticalServiceAfter": "1m"}})"),
            "200 ");
  const auto native = call("GET", "/api/v1/services/worker.corp/instances/w1").json();
  EXPECT_EQ(text(native, "address"), "10.0.0.1");
  const auto& check = native.at("checks").at(0);
  EXPECT_EQ(text(check, "kind"), "http");
  EXPECT_EQ(text(check.at("http"), "path"), "/h");
  EXPECT_EQ(text(check, "interval"), "10s");
  EXPECT_EQ(text(check, "timeout"), "2s");
  EXPECT_EQ(text(check, "deregister_after"), "1m");
  const auto entry = health("worker").at(0);
  EXPECT_EQ(text(entry.at("Service"), "ID"), "w1");
  EXPECT_EQ(text(entry.at("Service"), "Service"), "worker");
  EXPECT_EQ(text(entry.at("Node"), "Node"), "dnsd");
  EXPECT_EQ(text(entry.at("Checks").at(0), "CheckID"), "service:w1");
  EXPECT_EQ(text(entry.at("Checks").at(0), "Name"), "Service 'worker' check");
  EXPECT_EQ(text(entry.at("Checks").at(0), "Status"), "critical") << "until its first result";
  EXPECT_EQ(text(entry.at("Checks").at(0), "Type"), "http");
}

// As npm consul 2.0.1 sends it.
TEST_F(ConsulAgent, GivesBackWhatWasRegistered) {
  ASSERT_EQ(put("agent/service/register",
                R"({"Name":"worker","ID":"w:1/a","Tags":["b","a","a",""],"Meta":{"v":"1"},"Address":"10.0.0.1",
                    "Port":8080,"EnableTagOverride":true,"Weights":{"Passing":10,"Warning":3},
                    "TaggedAddresses":{"wan":{"Address":"198.51.100.1","Port":80},
                                       "lan_ipv6":{"Address":"2001:db8::1","Port":8080}},
                    "Check":null,"Checks":null,"Kind":"","Connect":{"Native":false}})"),
            "200 ");
  const auto service = health("worker").at(0).at("Service");
  EXPECT_EQ(text(service, "ID"), "w:1/a");
  EXPECT_EQ(json::serialize(service.at("Tags")), R"(["a","b"])");
  EXPECT_EQ(json::serialize(service.at("Meta")), R"({"v":"1"})");
  EXPECT_EQ(json::serialize(service.at("Weights")), R"({"Passing":10,"Warning":3})");
  EXPECT_EQ(text(service.at("TaggedAddresses").at("wan"), "Address"), "198.51.100.1");
  EXPECT_EQ(text(service.at("TaggedAddresses").at("lan_ipv6"), "Address"), "2001:db8::1");
  EXPECT_TRUE(service.at("EnableTagOverride").as_bool());
  EXPECT_EQ(service.at("Port").to_number<int>(), 8080);
  EXPECT_EQ(call("GET", "/v1/agent/service/w%3A1%2Fa").status, 200);
  const auto agent = call("GET", "/v1/agent/services").json();
  EXPECT_EQ(text(agent.at("w:1/a"), "Datacenter"), "dc1");
  const auto native = call("GET", "/api/v1/services/worker.corp/instances/w:1%2Fa").json();
  EXPECT_THAT(text(native, "label"), StartsWith("w-1-a-")) << "what DNS calls it";
  EXPECT_EQ(native.at("addresses").as_array().size(), 2U);
  EXPECT_EQ(call("PUT", "/v1/agent/service/deregister/w%3A1%2Fa").status, 200);
  EXPECT_EQ(call("GET", "/v1/health/service/worker").body, "[]");
}

TEST_F(ConsulAgent, IdIsTheNameWhereNoneIsGivenAndTheAddressIsTheCallers) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"web"})"), "200 ");
  const auto service = health("web").at(0).at("Service");
  EXPECT_EQ(text(service, "ID"), "web");
  EXPECT_EQ(text(service, "Address"), "127.0.0.1");
  EXPECT_EQ(service.at("Port").to_number<int>(), 0);
  EXPECT_EQ(json::serialize(health("web").at(0).at("Checks")), "[]");
  EXPECT_EQ(call("GET", "/v1/health/service/web?passing").json().as_array().size(), 1U) << "no checks: passing";
}

TEST_F(ConsulAgent, TtlChecksBeginCriticalAndAreTold) {
  ASSERT_EQ(put("agent/service/register", R"({"name":"worker","id":"w2","port":1,"check":{"ttl":"15s"}})"), "200 ");
  EXPECT_EQ(status_of("worker"), "critical");
  EXPECT_FALSE(call("GET", "/api/v1/services/worker.corp/instances/w2").json().at("available").as_bool());
  EXPECT_EQ(call("GET", "/v1/agent/check/pass/service%3Aw2?note=fine").status, 200) << "python3-consul uses GET";
  EXPECT_EQ(status_of("worker"), "passing");
  EXPECT_EQ(text(health("worker").at(0).at("Checks").at(0), "Output"), "fine");
  EXPECT_EQ(put("agent/check/warn/service:w2", ""), "200 ");
  EXPECT_EQ(status_of("worker"), "warning");
  EXPECT_EQ(put("agent/check/fail/service:w2", ""), "200 ");
  EXPECT_EQ(status_of("worker"), "critical");
  EXPECT_EQ(put("agent/check/update/service:w2", R"({"Status":"passing","Output":"ok"})"), "200 ");
  EXPECT_EQ(status_of("worker"), "passing");
  EXPECT_THAT(put("agent/check/update/service:w2", R"({"Status":"maintenance"})"), StartsWith("400 "));
  EXPECT_EQ(put("agent/check/pass/service:x", ""),
            "404 Unknown check ID \"service:x\". Ensure that the check ID is passed, not the check name.");
}

TEST_F(ConsulAgent, ATtlThatEndsIsCriticalAndComesBack) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","Check":{"TTL":"15s","Status":"passing"}})"), "200 ");
  EXPECT_EQ(status_of("w"), "passing");
  pass_time(registry::Millis(15'001));
  EXPECT_EQ(status_of("w"), "critical");
  EXPECT_EQ(put("agent/check/pass/service:w", ""), "200 ");
  EXPECT_EQ(status_of("w"), "passing");
  pass_time(registry::Millis(20 * 24 * 3'600'000LL));
  EXPECT_EQ(call("GET", "/v1/health/service/w").json().as_array().size(), 1U)
      << "without DeregisterCriticalServiceAfter it stays";
}

TEST_F(ConsulAgent, SeveralChecksAreNumberedAndEachIsTold) {
  ASSERT_EQ(put("agent/service/register",
                R"({"Name":"w","ID":"w1","Checks":[{"TTL":"10s"},{"TTL":"20s","CheckID":"mine","Name":"My check"},
                    {"TTL":"30s","Notes":"third"}]})"),
            "200 ");
  const auto checks = call("GET", "/v1/agent/checks").json();
  std::vector<std::string> ids;
  for (const auto& check : checks.as_object()) ids.emplace_back(check.key());
  EXPECT_THAT(ids, UnorderedElementsAre("service:w1:1", "mine", "service:w1:3"));
  EXPECT_EQ(text(checks.at("mine"), "Name"), "My check");
  EXPECT_EQ(text(checks.at("service:w1:3"), "Notes"), "third");
  for (const auto* id : {"service:w1:1", "mine", "service:w1:3"}) {
    EXPECT_EQ(status_of("w"), "critical");
    EXPECT_EQ(put("agent/check/pass/" + std::string(id), ""), "200 ");
  }
  EXPECT_EQ(status_of("w"), "passing");
  pass_time(registry::Millis(10'001));
  EXPECT_EQ(status_of("w"), "critical") << "the shortest one ended";
}

TEST_F(ConsulAgent, RegisteringAgainKeepsStatesAndEqualOnesChangeNothing) {
  const auto* body = R"({"Name":"w","Check":{"TTL":"10s"},"Tags":["a"]})";
  ASSERT_EQ(put("agent/service/register", body), "200 ");
  ASSERT_EQ(put("agent/check/pass/service:w", ""), "200 ");
  const auto index = index_of("/v1/health/service/w");
  ASSERT_EQ(put("agent/service/register", body), "200 ");
  EXPECT_EQ(index_of("/v1/health/service/w"), index);
  EXPECT_EQ(status_of("w"), "passing");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","Check":{"TTL":"20s"},"Tags":["b"]})"), "200 ");
  EXPECT_EQ(status_of("w"), "passing");
}

TEST_F(ConsulAgent, AnIdThatRegistersUnderAnotherNameMoves) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"a","ID":"x"})"), "200 ");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"b","ID":"x"})"), "200 ");
  EXPECT_EQ(call("GET", "/v1/health/service/a").body, "[]");
  EXPECT_EQ(health("b").as_array().size(), 1U);
}

TEST_F(ConsulAgent, ChecksAreAddedAndTakenAway) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","Port":80})"), "200 ");
  EXPECT_EQ(put("agent/check/register", R"({"Name":"mem","ServiceID":"w","TTL":"30s","Status":"passing"})"), "200 ");
  EXPECT_EQ(status_of("w"), "passing");
  EXPECT_EQ(put("agent/check/register", R"({"ID":"http","Name":"web","ServiceID":"w","HTTP":"http://localhost/",
                                             "Interval":"10s"})"),
            "200 ");
  EXPECT_EQ(put("agent/service/register", R"({"Name":"w","Port":81})"), "200 ");
  const auto ids = [&] {
    std::vector<std::string> out;
    const auto checks = health("w").at(0).at("Checks");
    for (const auto& check : checks.as_array()) out.push_back(text(check, "CheckID"));
    return out;
  };
  EXPECT_THAT(ids(), ElementsAre("mem", "http")) << "a registration of the service leaves them";
  EXPECT_EQ(call("PUT", "/v1/agent/check/deregister/http").status, 200);
  EXPECT_THAT(ids(), ElementsAre("mem"));
  EXPECT_EQ(call("PUT", "/v1/agent/check/deregister/http").status, 404);
  EXPECT_EQ(put("agent/service/register?replace-existing-checks=true", R"({"Name":"w","Port":81})"), "200 ");
  EXPECT_THAT(ids(), ElementsAre());
  EXPECT_THAT(put("agent/check/register", R"({"Name":"node","TTL":"30s"})"), HasSubstr("ServiceID"));
  EXPECT_EQ(put("agent/check/register", R"({"Name":"x","ServiceID":"none","TTL":"3s"})"),
            "400 ServiceID \"none\" does not exist");
}

TEST_F(ConsulAgent, RegisteringAgainLeavesTheChecksThatItDoesNotBring) {
  const auto ids = [&] {
    std::vector<std::string> out;
    const auto checks = health("w").at(0).at("Checks");
    for (const auto& check : checks.as_array()) out.push_back(text(check, "CheckID"));
    return out;
  };
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","Check":{"TTL":"30s"}})"), "200 ");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","Tags":["new"]})"), "200 ");
  EXPECT_THAT(ids(), ElementsAre("service:w"));
  const auto native = call("GET", "/api/v1/services/w.corp/instances/w").json();
  EXPECT_EQ(text(native.at("checks").at(0), "name"), "heartbeat") << "equal checks of many are kept once";
  EXPECT_EQ(status_of("w"), "critical") << "and not available for the lack of a check";
  ASSERT_EQ(put("agent/check/pass/service:w", ""), "200 ");
  const auto* two = R"({"Name":"w","Checks":[{"TTL":"40s","Status":"passing"},{"TTL":"50s","Status":"passing"}]})";
  ASSERT_EQ(put("agent/service/register", two), "200 ");
  EXPECT_THAT(ids(), ElementsAre("service:w", "service:w:1", "service:w:2"));
  EXPECT_EQ(status_of("w"), "passing") << "each keeps its own state";
  const auto index = index_of("/v1/health/service/w");
  ASSERT_EQ(put("agent/service/register", two), "200 ");
  EXPECT_EQ(index_of("/v1/health/service/w"), index) << "an equal one changes nothing";
  ASSERT_EQ(put("agent/check/fail/service:w:1", ""), "200 ");
  ASSERT_EQ(put("agent/check/deregister/service:w:1", ""), "200 ");
  EXPECT_THAT(ids(), ElementsAre("service:w", "service:w:2")) << "the others keep their ids";
  EXPECT_EQ(put("agent/check/warn/service:w:2", ""), "200 ");
  EXPECT_EQ(status_of("w"), "warning");
  ASSERT_EQ(put("agent/service/register?replace-existing-checks=true", two), "200 ");
  EXPECT_THAT(ids(), ElementsAre("service:w:2", "service:w:1"));
  EXPECT_EQ(status_of("w"), "warning");
}

TEST_F(ConsulAgent, ChecksOfThePolicyTakeNoIdOfThoseThatWereRegistered) {
  ASSERT_EQ(call("PUT", "/api/v1/services/w.corp", R"({"checks":[{"tcp":true}]})").status, 201);
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","Port":80,"Check":{"TTL":"30s"}})"), "200 ");
  const auto checks = health("w").at(0).at("Checks");
  EXPECT_EQ(text(checks.at(0), "CheckID"), "policy:w:tcp");
  EXPECT_EQ(text(checks.at(1), "CheckID"), "service:w");
  EXPECT_EQ(put("agent/check/pass/service:w", ""), "200 ");
  EXPECT_EQ(text(health("w").at(0).at("Checks").at(1), "Status"), "passing");
  EXPECT_EQ(call("PUT", "/v1/agent/check/deregister/policy:w:tcp").status, 404);
}

TEST_F(ConsulAgent, TimesThatConsulTakesAreBroughtIntoOurBounds) {
  ASSERT_EQ(put("agent/service/register",
                R"({"Name":"w","Port":80,"Checks":[{"TCP":"localhost:80","Interval":"10ms"},
                    {"TCP":"localhost:81","Interval":"24h","Timeout":"5m"},{"TTL":"10ms"}]})"),
            "200 ");
  const auto checks = call("GET", "/api/v1/services/w.corp/instances/w").json().at("checks");
  EXPECT_EQ(text(checks.at(0), "interval"), "1s") << "Consul's own least";
  EXPECT_EQ(text(checks.at(1), "interval"), "1h");
  EXPECT_EQ(text(checks.at(1), "timeout"), "1m");
  EXPECT_EQ(text(checks.at(2), "heartbeat"), "1s");
}

TEST_F(ConsulAgent, MaintenanceTakesAServiceOutAndBack) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"w1"})"), "200 ");
  EXPECT_EQ(put("agent/service/maintenance/w1?enable=true&reason=new+disk", ""), "200 ");
  const auto check = health("w").at(0).at("Checks").at(0);
  EXPECT_EQ(text(check, "CheckID"), "_service_maintenance:w1");
  EXPECT_EQ(text(check, "Status"), "critical");
  EXPECT_EQ(text(check, "Notes"), "new disk");
  EXPECT_EQ(call("GET", "/v1/health/service/w?passing=true").body, "[]");
  const auto health_of = call("GET", "/v1/agent/health/service/id/w1");
  EXPECT_EQ(health_of.status, 503);
  EXPECT_EQ(text(health_of.json(), "AggregatedStatus"), "maintenance");
  EXPECT_EQ(call("GET", "/v1/health/state/critical").json().as_array().size(), 1U);
  const auto native = call("GET", "/api/v1/services/w.corp/instances/w1").json();
  EXPECT_TRUE(native.at("draining").as_bool());
  EXPECT_TRUE(native.at("safe_after").is_string()) << "a drain, and measured as one";
  EXPECT_EQ(put("agent/service/maintenance/w1?enable=false", ""), "200 ");
  EXPECT_EQ(status_of("w"), "passing");
  EXPECT_EQ(put("agent/service/maintenance/w1", ""), "400 Missing value for enable");
  EXPECT_THAT(put("agent/service/maintenance/none?enable=true", ""), StartsWith("404 Unknown service ID \"none\""));
}

TEST_F(ConsulAgent, MaintenanceIsNoSignOfLifeForWhatOthersRegistered) {
  put_instance("w.corp", "n1", R"({"address":"10.0.0.1","lease":"30s"})");
  pass_time(registry::Millis(30'001));
  ASSERT_EQ(status_of("w"), "critical");
  EXPECT_EQ(put("agent/service/maintenance/n1?enable=true&reason=disk", ""), "200 ");
  EXPECT_EQ(put("agent/service/maintenance/n1?enable=false", ""), "200 ");
  EXPECT_EQ(status_of("w"), "critical") << "its lease ended";
}

TEST_F(ConsulAgent, DeregisteringTheUnknownIs404) {
  EXPECT_THAT(call("GET", "/v1/agent/service/deregister/none").body, StartsWith("Unknown service ID \"none\""));
  EXPECT_EQ(call("PUT", "/v1/agent/service/deregister/none").status, 404);
}

TEST_F(ConsulAgent, NamesBecomeLabelsAndComeBackAsTheyWere) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"ORDER_SERVICE","ID":"o1","Check":{"TTL":"9s"}})"), "200 ");
  EXPECT_EQ(call("GET", "/api/v1/services/order-service.corp/instances/o1").status, 200);
  const auto entry = health("ORDER_SERVICE").at(0);
  EXPECT_EQ(text(entry.at("Service"), "Service"), "ORDER_SERVICE");
  EXPECT_EQ(text(entry.at("Checks").at(0), "Name"), "Service 'ORDER_SERVICE' check");
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, R"({"ORDER_SERVICE":[]})");
  const auto taken = put("agent/service/register", R"({"Name":"order-service","ID":"o2"})");
  EXPECT_THAT(taken, StartsWith("409 "));
  EXPECT_THAT(taken, HasSubstr("ORDER_SERVICE"));
  EXPECT_EQ(put("agent/service/register", R"({"Name":"order_service","ID":"o2"})"), "200 ") << "case is no other name";
}

TEST_F(ConsulAgent, RefusesWithTextWhatCannotBe) {
  const auto refuses = [&](std::string_view body, std::string_view why) {
    const auto reply = put("agent/service/register", body);
    EXPECT_THAT(reply, StartsWith("400 ")) << body;
    EXPECT_THAT(reply, HasSubstr(std::string(why))) << body;
  };
  refuses("{}", "Missing service name");
  refuses(R"({"Name":"a","Address":"0.0.0.0"})", "Invalid service address");
  refuses(R"({"Name":"a","Check":{"HTTP":"http://localhost/"}})", "and Interval");
  refuses(R"({"Name":"a","Check":{"Name":"x"}})", "Must provide TTL");
  refuses(R"({"Name":"a","Check":{"TTL":"9s","Status":"fine"}})", "Status for checks must");
  refuses(R"({"Name":"a","Check":{"TTL":"soon"}})", "Request decode failed");
  refuses(R"({"Name":7})", "Request decode failed");
  refuses(R"({"Name":"a","Port":70000})", "Port");
  refuses(R"({"Name":"a","Check":{"Script":"exit 0","Interval":"9s"}})", "exec");
  refuses(R"({"Name":"a","Check":{"Args":["/bin/true"],"Interval":"9s"}})", "exec");
  refuses(R"({"Name":"a","Check":{"DockerContainerID":"x","Interval":"9s"}})", "Docker");
  refuses(R"({"Name":"a","Address":"10.0.0.1","Check":{"HTTP":"http://10.0.0.2/","Interval":"9s"}})", "10.0.0.2");
  refuses(R"({"Name":"a","Kind":"connect-proxy"})", "kind");
  refuses(R"({"Name":"a","Connect":{"SidecarService":{}}})", "Connect");
  refuses(R"({"Name":"ns"})", "reserved");
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, "{}");
}

TEST_F(ConsulAgent, ProbesGoToTheInstanceWhateverHostTheUrlNames) {
  ASSERT_EQ(put("agent/service/register",
                R"({"Name":"w","Address":"10.0.0.1","Port":80,"Checks":[
                    {"HTTP":"https://www.example.com:8443/h?x=1#f","Interval":"10s","Method":"HEAD",
                     "Header":{"X-A":["1","2"]},"TLSSkipVerify":true},
                    {"TCP":"localhost:80","Interval":10000000000,"Timeout":"20s"},
                    {"GRPC":"127.0.0.1:9000/my.Service","Interval":"1m","GRPCUseTLS":true,
                     "SuccessBeforePassing":3,"FailuresBeforeCritical":2}]})"),
            "200 ");
  const auto checks = call("GET", "/api/v1/services/w.corp/instances/w").json().at("checks");
  const auto& https = checks.at(0);
  EXPECT_EQ(text(https, "kind"), "https");
  EXPECT_EQ(text(https.at("https"), "path"), "/h?x=1");
  EXPECT_EQ(text(https.at("https"), "host"), "www.example.com:8443");
  EXPECT_EQ(https.at("https").at("port").to_number<int>(), 8443);
  EXPECT_EQ(text(https.at("https").at("headers"), "X-A"), "1, 2");
  EXPECT_EQ(text(checks.at(1), "kind"), "tcp");
  EXPECT_EQ(text(checks.at(1), "interval"), "10s") << "a number is nanoseconds";
  EXPECT_EQ(text(checks.at(1), "timeout"), "10s") << "never longer than the interval";
  EXPECT_EQ(checks.at(1).at("fall").to_number<int>(), 1) << "Consul believes the first failure";
  EXPECT_EQ(text(checks.at(2).at("grpc"), "service"), "my.Service");
  EXPECT_EQ(checks.at(2).at("rise").to_number<int>(), 3);
  EXPECT_EQ(checks.at(2).at("fall").to_number<int>(), 2);
}

TEST_F(ConsulAgent, HealthOfAServiceIsAStatusCode) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"w1","Check":{"TTL":"9s"}})"), "200 ");
  EXPECT_EQ(call("GET", "/v1/agent/health/service/id/w1").status, 503);
  EXPECT_EQ(put("agent/check/warn/service:w1", ""), "200 ");
  EXPECT_EQ(call("GET", "/v1/agent/health/service/id/w1").status, 429);
  EXPECT_EQ(put("agent/check/pass/service:w1", ""), "200 ");
  const auto reply = call("GET", "/v1/agent/health/service/id/w1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(text(reply.json(), "AggregatedStatus"), "passing");
  EXPECT_EQ(call("GET", "/v1/agent/health/service/name/w?format=text").body, "passing");
  EXPECT_EQ(call("GET", "/v1/agent/health/service/id/w1", {}, "Accept: text/plain\r\n").body, "passing");
  EXPECT_EQ(call("GET", "/v1/agent/health/service/id/none").status, 404);
  EXPECT_EQ(call("GET", "/v1/agent/health/service/name/none").status, 404);
}

TEST_F(ConsulAgent, SelfIsAMapOfMaps) {
  const auto self = call("GET", "/v1/agent/self").json();
  for (const auto& member : self.as_object()) EXPECT_TRUE(member.value().is_object()) << member.key();
  EXPECT_EQ(text(self.at("Config"), "Datacenter"), "dc1");
  EXPECT_EQ(call("GET", "/v1/agent/members").json().as_array().size(), 1U);
  EXPECT_EQ(call("GET", "/v1/status/leader").body, R"("127.0.0.1:8300")");
  EXPECT_EQ(call("GET", "/v1/status/peers").body, R"(["127.0.0.1:8300"])");
}

}  // namespace
}  // namespace api::consul
