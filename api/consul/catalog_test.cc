// /v1/catalog/... and /v1/health/...: third parties, lists, filters.
#include "api/consul/catalog.h"
#include "api/consul/test_consul.h"

namespace api::consul {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ConsulCatalog : public ConsulTest {
 protected:
  void SetUp() override { start(); }
  void register_external() {
    // As python3-consul sends it.
    ASSERT_EQ(put("catalog/register",
                  R"({"node": "ext1", "address": "10.9.9.9", "service": {"Service": "redis", "ID": "redis1",
                      "Port": 6379, "Tags": ["x"]}, "check": {"Node": "ext1", "CheckID": "service:redis1",
                      "Name": "r", "Status": "passing", "ServiceID": "redis1"}})"),
              "200 true");
  }
  std::vector<std::string> ids(std::string_view path, std::string_view outer = "Service",
                               std::string_view inner = "ID") {
    std::vector<std::string> out;
    const auto list = call("GET", path).json();
    for (const auto& item : list.as_array()) {
      out.push_back(outer.empty() ? text(item, inner) : text(item.at(outer), inner));
    }
    return out;
  }
};

TEST_F(ConsulCatalog, ThirdPartiesRegisterServicesOfOtherNodes) {
  register_external();
  const auto entry = health("redis").at(0);
  EXPECT_EQ(text(entry.at("Node"), "Node"), "ext1");
  EXPECT_EQ(text(entry.at("Node"), "Address"), "10.9.9.9");
  EXPECT_EQ(text(entry.at("Service"), "ID"), "redis1");
  EXPECT_EQ(text(entry.at("Service"), "Address"), "10.9.9.9") << "the node's, where the service names none";
  EXPECT_EQ(text(entry.at("Checks").at(0), "CheckID"), "service:redis1");
  EXPECT_EQ(text(entry.at("Checks").at(0), "Status"), "passing");
  const auto listed = call("GET", "/v1/catalog/service/redis").json().at(0);
  EXPECT_EQ(text(listed, "ServiceAddress"), "10.9.9.9");
  EXPECT_EQ(text(listed, "Node"), "ext1");
  EXPECT_EQ(listed.at("ServicePort").to_number<int>(), 6379);
}

TEST_F(ConsulCatalog, WhatIsToldOfACheckStaysUntilItIsToldAnew) {
  register_external();
  pass_time(registry::Millis(100 * 24 * 3'600'000LL));
  EXPECT_EQ(text(health("redis").at(0).at("Checks").at(0), "Status"), "passing");
  ASSERT_EQ(put("catalog/register", R"({"Node":"ext1","Address":"10.9.9.9","Check":{"CheckID":"service:redis1",
                                        "Name":"r","Status":"critical","Output":"away","ServiceID":"redis1"}})"),
            "200 true");
  const auto check = health("redis").at(0).at("Checks").at(0);
  EXPECT_EQ(text(check, "Status"), "critical");
  EXPECT_EQ(text(check, "Output"), "away");
  EXPECT_FALSE(
      call("GET", "/api/v1/services/redis.corp/instances").json().at("instances").at(0).at("available").as_bool());
}

TEST_F(ConsulCatalog, NodeAndIdAreTheKey) {
  register_external();
  ASSERT_EQ(
      put("catalog/register", R"({"Node":"ext2","Address":"10.9.9.8","Service":{"Service":"redis","ID":"redis1"}})"),
      "200 true");
  EXPECT_EQ(health("redis").as_array().size(), 2U);
  ASSERT_EQ(
      put("catalog/register", R"({"Node":"EXT2","Address":"10.9.9.7","Service":{"Service":"redis","ID":"redis1"}})"),
      "200 true");
  EXPECT_EQ(health("redis").as_array().size(), 2U) << "a node's name has no case";
  EXPECT_EQ(put("catalog/deregister", R"({"Node":"ext2","ServiceID":"redis1"})"), "200 true");
  EXPECT_EQ(put("catalog/deregister", R"({"Node":"ext2","ServiceID":"redis1"})"), "200 true") << "also when gone";
  EXPECT_THAT(ids("/v1/health/service/redis", "Node", "Node"), ElementsAre("ext1"));
  EXPECT_EQ(put("catalog/deregister", R"({"Node":"ext1"})"), "200 true");
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, "{}");
}

TEST_F(ConsulCatalog, AChecksDefinitionIsProbed) {
  ASSERT_EQ(put("catalog/register",
                R"({"Node":"ext1","Address":"10.9.9.9","Service":{"Service":"db","Port":5432},"Checks":[{"CheckID":"c",
                    "Name":"tcp","ServiceID":"db","Status":"passing","Definition":{"TCP":"10.9.9.9:5432",
                    "IntervalDuration":"10s"}}]})"),
            "200 true");
  const auto native = call("GET", "/api/v1/services/db.corp/instances").json().at("instances").at(0);
  EXPECT_EQ(text(native.at("checks").at(0), "kind"), "tcp");
  EXPECT_EQ(text(health("db").at(0).at("Checks").at(0), "Status"), "passing") << "until a probe says otherwise";
}

TEST_F(ConsulCatalog, RefusesWhatItCannotKeep) {
  EXPECT_EQ(put("catalog/register", R"({"Address":"10.0.0.1"})"), "400 Must provide node");
  EXPECT_EQ(put("catalog/register", R"({"Node":"n","Service":{"Service":"a"}})"),
            "400 Must provide address if SkipNodeUpdate is not set");
  EXPECT_THAT(put("catalog/register", R"({"Node":"n","Address":"10.0.0.1","Check":{"Name":"alive"}})"),
              HasSubstr("ServiceID"));
  EXPECT_THAT(put("catalog/register", R"({"Node":"n","SkipNodeUpdate":true,"Service":{"Service":"a"}})"),
              HasSubstr("not known"))
      << "the caller's address is not that node's";
  EXPECT_THAT(put("catalog/register", R"({"Node":"n","Address":"10.0.0.1","NodeMeta":{"a":1},
                                          "Service":{"Service":"a"}})"),
              HasSubstr("NodeMeta"))
      << "Go's clients would decode no answer that shows it";
  EXPECT_EQ(put("catalog/register", R"({"Node":"n","Address":"10.0.0.1","Datacenter":"dc2",
                                        "Service":{"Service":"a"}})"),
            "400 No path to datacenter");
  EXPECT_EQ(put("catalog/deregister?dc=dc2", R"({"Node":"n"})"), "400 No path to datacenter");
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, "{}");
  EXPECT_THAT(put("catalog/deregister", R"({"Node":"dnsd"})"), StartsWith("400 ")) << "that is everybody's node";
  EXPECT_THAT(put("catalog/deregister", R"({})"), HasSubstr("node"));
}

// As python3-consul's catalog.register(node, address) sends it.
TEST_F(ConsulCatalog, ANodeByItselfIsKeptUntilItIsDeregistered) {
  const auto index = index_of("/v1/catalog/nodes");
  ASSERT_EQ(put("catalog/register", R"({"node":"Ext1","address":"10.9.9.9","NodeMeta":{"rack":"r1"}})"), "200 true");
  EXPECT_GT(index_of("/v1/catalog/nodes"), index);
  EXPECT_THAT(ids("/v1/catalog/nodes", "", "Node"), ElementsAre("dnsd", "Ext1"));
  EXPECT_THAT(ids("/v1/catalog/nodes?node-meta=rack:r1", "", "Node"), ElementsAre("Ext1"));
  const auto node = call("GET", "/v1/catalog/node/ext1").json();
  EXPECT_EQ(text(node.at("Node"), "Address"), "10.9.9.9");
  EXPECT_EQ(json::serialize(node.at("Services")), "{}");
  ASSERT_EQ(put("catalog/register", R"({"Node":"ext1","SkipNodeUpdate":true,"Service":{"Service":"db"}})"), "200 true");
  EXPECT_EQ(text(health("db").at(0).at("Service"), "Address"), "10.9.9.9") << "the node's, as it was told before";
  EXPECT_THAT(ids("/v1/health/service/db?node-meta=rack:r1"), ElementsAre("db"));
  EXPECT_THAT(ids("/v1/catalog/nodes", "", "Node"), ElementsAre("dnsd", "ext1")) << "once";
  EXPECT_EQ(put("catalog/deregister", R"({"Node":"EXT1"})"), "200 true");
  EXPECT_THAT(ids("/v1/catalog/nodes", "", "Node"), ElementsAre("dnsd"));
  EXPECT_EQ(call("GET", "/v1/catalog/node/ext1").body, "null");
  EXPECT_EQ(put("catalog/register", R"({"Node":"dnsd","Address":"10.9.9.9"})"), "200 true") << "ours is there anyway";
}

TEST_F(ConsulCatalog, NodesByThemselvesAreBounded) {
  for (std::size_t i = 0; i < kMaxBareNodes; ++i) {
    ASSERT_EQ(put("catalog/register", R"({"Node":"n)" + std::to_string(i) + R"(","Address":"10.0.0.1"})"), "200 true");
  }
  EXPECT_THAT(put("catalog/register", R"({"Node":"more","Address":"10.0.0.1"})"), StartsWith("400 at most"));
  EXPECT_EQ(put("catalog/register", R"({"Node":"n7","Address":"10.0.0.2"})"), "200 true") << "it is there already";
}

// As Consul's own tutorial for external services writes it.
TEST_F(ConsulCatalog, ACheckThatNamesNoServiceIsOfTheOneItComesWith) {
  ASSERT_EQ(put("catalog/register",
                R"({"Node":"far","Address":"10.9.9.9","NodeMeta":{"external-node":"true"},
                    "Service":{"ID":"learn1","Service":"learn","Port":80},
                    "Checks":[{"Name":"http-check","status":"passing",
                               "Definition":{"http":"http://10.9.9.9/","interval":"30s"}}]})"),
            "200 true");
  const auto check = health("learn").at(0).at("Checks").at(0);
  EXPECT_EQ(text(check, "CheckID"), "http-check");
  EXPECT_EQ(text(check, "ServiceID"), "learn1");
  EXPECT_EQ(text(check, "Status"), "passing");
}

TEST_F(ConsulCatalog, ANodeGoesWithAllThatRunsOnIt) {
  std::string operations;
  for (int i = 0; i < 501; ++i) {
    operations += (operations.empty() ? "" : ",") + std::string(R"({"method":"PUT","path":"/api/v1/services/w.corp/)") +
                  "instances/i" + std::to_string(i) + R"(","body":{"address":"10.0.0.1","node":"big"}})";
  }
  ASSERT_EQ(call("POST", "/api/v1/batch?return=minimal", R"({"operations":[)" + operations + "]}").status, 200);
  ASSERT_EQ(health("w").as_array().size(), 501U);
  EXPECT_EQ(put("catalog/deregister", R"({"Node":"big","Address":"","Datacenter":"","ServiceID":"","CheckID":""})"),
            "200 true")
      << "as Go's client writes it out";
  EXPECT_EQ(call("GET", "/v1/health/service/w").body, "[]");
}

TEST_F(ConsulCatalog, InstancesOfOtherInterfacesThatShareAnIdAreNotMistakenForOurs) {
  put_instance("a.corp", "1", R"({"address":"10.0.0.1"})");
  put_instance("b.corp", "1", R"({"address":"10.0.0.2"})");
  EXPECT_EQ(call("PUT", "/v1/agent/service/deregister/1").status, 404) << "neither is meant";
  ASSERT_EQ(put("agent/service/register", R"({"Name":"c","ID":"1"})"), "200 ");
  EXPECT_EQ(health("a").as_array().size(), 1U) << "an id moves only what was registered here";
  EXPECT_EQ(health("b").as_array().size(), 1U);
  ASSERT_EQ(put("agent/service/register", R"({"Name":"c","ID":"1","Port":80})"), "200 ");
  EXPECT_EQ(text(call("GET", "/v1/agent/service/1").json(), "Service"), "c");
  ASSERT_EQ(put("agent/service/deregister/1", ""), "200 ");
  EXPECT_EQ(call("GET", "/v1/health/service/c").body, "[]");
  EXPECT_EQ(health("a").as_array().size(), 1U);
}

TEST_F(ConsulCatalog, HealthMovesNoIndexOfWhatIsRegistered) {
  register_external();
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","Check":{"TTL":"9s"}})"), "200 ");
  const std::vector<std::string> paths{"/v1/catalog/nodes", "/v1/catalog/node/dnsd", "/v1/catalog/node-services/ext1",
                                       "/v1/catalog/service/w", "/v1/catalog/services"};
  std::vector<std::uint64_t> before, after;
  for (const auto& path : paths) before.push_back(index_of(path));
  const auto health_before = index_of("/v1/health/service/w");
  ASSERT_EQ(put("agent/check/pass/service:w", ""), "200 ");
  for (const auto& path : paths) after.push_back(index_of(path));
  EXPECT_EQ(before, after);
  EXPECT_GT(index_of("/v1/health/service/w"), health_before);
  ASSERT_EQ(put("agent/service/deregister/w", ""), "200 ");
  EXPECT_GT(index_of("/v1/catalog/service/w"), before[3]) << "it outlives what it spoke of";
  EXPECT_EQ(index_of("/v1/catalog/nodes"), before[0]) << "our node is no other for it";
}

TEST_F(ConsulCatalog, ServicesAreListedWithTheTagsOfAllTheirInstances) {
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"1","Tags":["a"]})"), "200 ");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"2","Tags":["b","a"]})"), "200 ");
  put_instance("native.corp", "n1", R"({"tags":["z"]})");
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, R"({"native":["z"],"w":["a","b"]})");
  const auto index = index_of("/v1/catalog/services");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"3","Tags":["b"]})"), "200 ");
  EXPECT_EQ(index_of("/v1/catalog/services"), index) << "neither a name nor a tag is new";
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"3","Tags":["c"]})"), "200 ");
  EXPECT_GT(index_of("/v1/catalog/services"), index);
}

TEST_F(ConsulCatalog, NodesAreListedAndLookedUp) {
  register_external();
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"1"})"), "200 ");
  EXPECT_THAT(ids("/v1/catalog/nodes", "", "Node"), ElementsAre("dnsd", "ext1"));
  EXPECT_THAT(ids("/v1/catalog/nodes?near=ext1", "", "Node"), ElementsAre("ext1", "dnsd"));
  const auto node = call("GET", "/v1/catalog/node/ext1").json();
  EXPECT_EQ(text(node.at("Services").at("redis1"), "Service"), "redis");
  EXPECT_EQ(call("GET", "/v1/catalog/node/none").body, "null");
  EXPECT_EQ(call("GET", "/v1/catalog/node-services/ext1").json().at("Services").as_array().size(), 1U);
  EXPECT_THAT(ids("/v1/health/node/ext1", "", "CheckID"), ElementsAre("service:redis1"));
  EXPECT_EQ(call("GET", "/v1/health/node/none").body, "[]");
}

TEST_F(ConsulCatalog, ListsAreSelected) {
  ASSERT_EQ(put("agent/service/register",
                R"({"Name":"w","ID":"1","Tags":["a","b"],"Meta":{"v":"1"},"Check":{"TTL":"9s","Status":"passing"}})"),
            "200 ");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"2","Tags":["a"],"Check":{"TTL":"9s"}})"), "200 ");
  ASSERT_EQ(put("catalog/register", R"({"Node":"far","Address":"10.9.9.9","NodeMeta":{"rack":"r1"},
                                        "Service":{"Service":"w","ID":"3"}})"),
            "200 true");
  EXPECT_THAT(ids("/v1/health/service/w"), ElementsAre("1", "2", "3"));
  EXPECT_THAT(ids("/v1/health/service/w?passing"), ElementsAre("1", "3"));
  EXPECT_THAT(ids("/v1/health/service/w?passing=false"), ElementsAre("1", "2", "3"));
  EXPECT_THAT(ids("/v1/health/service/w?tag=a"), ElementsAre("1", "2"));
  EXPECT_THAT(ids("/v1/health/service/w?tag=a&tag=b"), ElementsAre("1"));
  EXPECT_THAT(ids("/v1/health/service/w?node-meta=rack:r1"), ElementsAre("3"));
  EXPECT_THAT(ids("/v1/health/service/w?near=far"), ElementsAre("3", "1", "2"));
  EXPECT_THAT(ids("/v1/health/service/w?filter=Service.Meta.v+%3D%3D+1"), ElementsAre("1"));
  EXPECT_THAT(ids("/v1/health/service/w?filter=Checks+is+empty"), ElementsAre("3"));
  EXPECT_THAT(ids("/v1/catalog/service/w?filter=ServiceID+%3D%3D+2", "", "ServiceID"), ElementsAre("2"));
  EXPECT_EQ(call("GET", "/v1/health/service/w?filter=Nothing+is+empty").status, 400);
  EXPECT_EQ(call("GET", "/v1/health/service/w?filter=%28").status, 400);
  EXPECT_THAT(ids("/v1/health/state/critical", "", "CheckID"), ElementsAre("service:2"));
  EXPECT_THAT(ids("/v1/health/state/any", "", "CheckID"), ElementsAre("service:1", "service:2"));
  EXPECT_THAT(ids("/v1/health/checks/w", "", "CheckID"), ElementsAre("service:1", "service:2"));
  EXPECT_EQ(call("GET", "/v1/health/state/unknown").body, "[]") << "python3-consul lets its users ask for it";
  EXPECT_THAT(ids("/v1/health/service/w?tag=B&tag=A"), ElementsAre("1")) << "in any case, as in Consul";
}

TEST_F(ConsulCatalog, NativeInstancesAreSeenAndTheirLeasesMayBeRenewed) {
  put_instance("web.corp", "n1", R"({"address":"10.0.0.1","port":80,"lease":"30s","node":"host7"})");
  const auto entry = health("web").at(0);
  EXPECT_EQ(text(entry.at("Node"), "Node"), "host7");
  EXPECT_EQ(text(entry.at("Checks").at(0), "CheckID"), "service:n1");
  EXPECT_EQ(text(entry.at("Checks").at(0), "Type"), "ttl");
  put_instance("web.corp", "n2", R"({"address":"10.0.0.2","lease":"30s"})");
  EXPECT_EQ(put("agent/check/warn/service:n2", ""), "200 ");
  EXPECT_EQ(text(call("GET", "/api/v1/services/web.corp/instances/n2").json(), "state"), "warning");
}

}  // namespace
}  // namespace api::consul
