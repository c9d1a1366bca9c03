// Namespaces, services, instances, overrides and nodes, as HTTP.md shows them.
#include <boost/json/serialize.hpp>

#include "api/testing/fixture.h"

namespace api::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
namespace json = boost::json;

class Native : public api::testing::ServerTest {};

std::string text_of(const json::value& value) { return std::string(value.as_string()); }

TEST_F(Native, NamespaceIsMadeReadAndRemoved) {
  serve();
  const auto made = call("PUT", "/api/v1/namespaces/corp", R"({"ttl":"7s"})");
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.header("location"), "/api/v1/namespaces/corp");
  EXPECT_GE(made.index(), 1U);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/corp", R"({"ttl":"7s"})").status, 200);
  const auto read = call("GET", "/api/v1/namespaces/CORP.").json();
  EXPECT_EQ(text_of(read.at("ttl")), "7s");
  EXPECT_EQ(text_of(read.at("name")), "corp");
  EXPECT_EQ(call("GET", "/api/v1/namespaces").json().at("namespaces").as_array().size(), 1U);
  put_instance("worker.corp", "w1");
  const auto refused = call("DELETE", "/api/v1/namespaces/corp");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("urn:dnsd:problem:not-empty"));
  EXPECT_EQ(call("DELETE", "/api/v1/services/worker.corp?force=true").status, 204);
  EXPECT_EQ(call("DELETE", "/api/v1/namespaces/corp").status, 204);
  EXPECT_EQ(call("GET", "/api/v1/namespaces/corp").status, 404);
}

TEST_F(Native, ServiceWantsItsNamespace) {
  serve();
  const auto absent = call("PUT", "/api/v1/services/worker.nowhere", "{}");
  EXPECT_EQ(absent.status, 404);
  EXPECT_THAT(absent.body, HasSubstr("urn:dnsd:problem:unknown-namespace"));
  EXPECT_EQ(put_instance("worker.nowhere", "w1").status, 404);
}

TEST_F(Native, ServicePutIsTotalAndGetChangePutWorks) {
  serve();
  make_namespace();
  EXPECT_EQ(call("PUT", "/api/v1/services/db.corp", R"({"ttl":"3s","max_answers":2})").status, 201);
  auto body = call("GET", "/api/v1/services/db.corp").json();
  EXPECT_EQ(text_of(body.at("ttl")), "3s");
  EXPECT_EQ(body.at("instances").at("total").to_number<int>(), 0);
  body.as_object()["max_answers"] = 4;
  EXPECT_EQ(call("PUT", "/api/v1/services/db.corp", json::serialize(body)).status, 200);
  EXPECT_EQ(call("GET", "/api/v1/services/db.corp").json().at("max_answers").to_number<int>(), 4);
  EXPECT_EQ(call("PUT", "/api/v1/services/db.corp", "{}").status, 200);
  EXPECT_TRUE(call("GET", "/api/v1/services/db.corp").json().at("ttl").is_null());
}

TEST_F(Native, InstanceHasEveryMember) {
  serve();
  make_namespace();
  const auto made = put_instance("Worker.corp", "w1",
                                 R"({"address":"10.0.1.7","port":9000,"ports":{"metrics":9100},"zone":"az1",
          "tags":["v2"],"lease":"30s","node":"n1","checks":[{"http":"/healthz"}]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.header("location"), "/api/v1/services/Worker.corp/instances/w1");
  const auto read = call("GET", "/api/v1/services/worker.corp/instances/w1");
  const auto body = read.json();
  for (const auto* member :
       {"service",       "id",        "label",    "name",     "node",       "address",          "addresses",
        "host",          "port",      "protocol", "ports",    "priority",   "weight",           "effective_weight",
        "zone",          "tags",      "meta",     "lease",    "lease_left", "deregister_after", "checks",
        "state",         "available", "reason",   "draining", "safe_after", "created",          "revision",
        "state_revision"}) {
    EXPECT_TRUE(body.as_object().contains(member)) << member;
  }
  EXPECT_EQ(text_of(body.at("name")), "w1.Worker.corp");
  EXPECT_EQ(text_of(body.at("lease_left")), "30s");
  EXPECT_EQ(text_of(body.at("reason")), "check.first_result_pending");
  ASSERT_EQ(body.at("checks").as_array().size(), 1U) << "the lease is shown as lease, not as a check";
  const auto& check = body.at("checks").at(0);
  EXPECT_EQ(text_of(check.at("kind")), "http");
  EXPECT_EQ(text_of(check.at("state")), "unknown");
  EXPECT_TRUE(check.at("since").is_null());
  EXPECT_EQ(read.header("etag"), '"' + std::to_string(body.at("revision").to_number<std::uint64_t>()) + '"');
  EXPECT_EQ(put_instance("worker.corp", "w1", read.body).status, 200) << "GET, PUT";
  EXPECT_EQ(call("GET", "/api/v1/services/worker.corp/instances/w1").header("etag"), read.header("etag"));
}

TEST_F(Native, AddressDefaultsToThePeers) {
  serve();
  make_namespace();
  for (const auto* body : {"{}", R"({"address":"auto"})"}) {
    const auto reply = put_instance("worker.corp", "w1", body);
    EXPECT_EQ(text_of(reply.json().at("address")), "127.0.0.1") << body;
  }
}

TEST_F(Native, AddressesOutsideTheAllowedBlocksAreRefused) {
  Options options;
  options.allow_addresses = {*registry::parse_prefix("10.0.0.0/8"), *registry::parse_prefix("fd00::/8")};
  serve(options);
  make_namespace();
  EXPECT_EQ(put_instance("worker.corp", "w1", R"({"address":"10.1.2.3"})").status, 201);
  EXPECT_EQ(put_instance("worker.corp", "w2", R"({"address":"fd00::1"})").status, 201);
  for (const auto* body :
       {R"({"address":"192.0.2.1"})", R"({"addresses":["10.0.0.1","2001:db8::1"]})", R"({"host":"a.example"})", "{}"}) {
    const auto reply = put_instance("worker.corp", "w3", body);
    EXPECT_EQ(reply.status, 422) << body;
    EXPECT_THAT(reply.body, HasSubstr("\"code\":\"address.not_allowed\"")) << body;
  }
  const auto patched = call("PATCH", "/api/v1/services/worker.corp/instances/w1", R"({"address":"192.0.2.1"})");
  EXPECT_EQ(patched.status, 422);
  EXPECT_THAT(patched.body, HasSubstr("address.not_allowed"));
}

TEST_F(Native, PatchMergesAndEmptyPatchChangesNothing) {
  serve();
  make_namespace();
  put_instance("worker.corp", "w1", R"({"weight":5,"meta":{"a":"1","b":"2"},"tags":["x"]})");
  const auto before = call("GET", "/api/v1/services/worker.corp/instances/w1").header("etag");
  EXPECT_EQ(call("PATCH", "/api/v1/services/worker.corp/instances/w1", "{}").header("etag"), before);
  const auto patched = call("PATCH", "/api/v1/services/worker.corp/instances/w1",
                            R"({"weight":null,"meta":{"a":null,"c":"3"},"tags":["y"]})");
  EXPECT_EQ(patched.status, 200);
  const auto body = patched.json();
  EXPECT_EQ(body.at("weight").to_number<int>(), 10);
  EXPECT_EQ(body.at("meta"), json::value({{"b", "2"}, {"c", "3"}}));
  EXPECT_EQ(body.at("tags"), json::value(json::array{"y"}));
  EXPECT_NE(patched.header("etag"), before);
  EXPECT_EQ(call("PATCH", "/api/v1/services/worker.corp/instances/w9", "{}").status, 404);
}

TEST_F(Native, DeleteIs204AlsoWhenGone) {
  serve();
  make_namespace();
  put_instance("worker.corp", "w1");
  const auto first = call("DELETE", "/api/v1/services/worker.corp/instances/w1");
  EXPECT_EQ(first.status, 204);
  const auto again = call("DELETE", "/api/v1/services/worker.corp/instances/w1");
  EXPECT_EQ(again.status, 204);
  EXPECT_EQ(again.index(), first.index()) << "a delete of nothing moves no revision";
  EXPECT_EQ(call("DELETE", "/api/v1/services/never.corp/instances/w1").status, 204);
}

TEST_F(Native, PreconditionsGuardTheFacts) {
  serve();
  make_namespace();
  const auto etag = put_instance("worker.corp", "w1").header("etag");
  const std::string path = "/api/v1/services/worker.corp/instances/w1";
  EXPECT_EQ(call("PUT", path, "{}", "If-None-Match: *\r\n").status, 412);
  EXPECT_EQ(call("PUT", path, R"({"weight":7})", "If-Match: \"999999\"\r\n").status, 412);
  EXPECT_EQ(call("PUT", path, R"({"weight":7})", "If-Match: nonsense\r\n").status, 412);
  EXPECT_EQ(call("PUT", path, R"({"weight":7})", "If-Match: W/" + etag + "\r\n").status, 412);
  EXPECT_EQ(call("PUT", path, R"({"weight":7})", "If-Match: \"1\", " + etag + "\r\n").status, 200);
  EXPECT_EQ(call("DELETE", path, "", "If-Match: " + etag + "\r\n").status, 412);
  EXPECT_EQ(call("DELETE", path, "", "If-Match: *\r\n").status, 204);
  EXPECT_EQ(call("PUT", path, "{}", "If-Match: *\r\n").status, 412);
  EXPECT_EQ(call("PUT", path, "{}", "If-None-Match: *\r\n").status, 201);
}

TEST_F(Native, DryRunAnswersAndChangesNothing) {
  serve();
  make_namespace();
  const auto would = put_instance("worker.corp", "w1?dry_run=true", R"({"weight":3})");
  EXPECT_EQ(would.status, 201);
  EXPECT_EQ(would.json().at("weight").to_number<int>(), 3);
  EXPECT_EQ(call("GET", "/api/v1/services/worker.corp").status, 404);
  EXPECT_EQ(put_instance("worker.nowhere", "w1?dry_run=true").status, 404);
  EXPECT_EQ(put_instance("worker.corp", "w1?dry_run=perhaps").status, 400);
}

TEST_F(Native, BadBodiesAreTold) {
  serve();
  make_namespace();
  const std::string path = "/api/v1/services/worker.corp/instances/w1";
  for (const auto* body : {"", "{", "{}x", R"({"port":1,"port":2})", "\xff"}) {
    EXPECT_EQ(call("PUT", path, body).status, 400) << body;
  }
  for (const auto* body : {"[]", "null", R"({"prot":1})", R"({"port":70000})", R"({"address":"10.0.0.256"})",
                           R"({"checks":[{"htpp":"/"}]})", R"({"lease":30})"}) {
    EXPECT_EQ(call("PUT", path, body).status, 422) << body;
  }
  const auto reply = call("PUT", path, R"({"checks":[{"htpp":"/"}]})");
  const auto error = reply.json().at("errors").at(0);
  EXPECT_EQ(text_of(error.at("pointer")), "#/checks/0/htpp");
  EXPECT_EQ(text_of(error.at("code")), "unknown_field");
  EXPECT_EQ(text_of(error.at("did_you_mean")), "http");
  EXPECT_EQ(call("PUT", "/api/v1/services/worker.corp/instances/a:b", "{}").status, 422);
  EXPECT_EQ(call("PUT", "/api/v1/services/ns.corp/instances/w1", "{}").status, 422);
  EXPECT_EQ(call("PUT", "/api/v1/services/a..corp/instances/w1", "{}").status, 422);
  EXPECT_EQ(call("GET", "/api/v1/services/a..corp").status, 404);
}

TEST_F(Native, AnyContentTypeIsReadAsJson) {
  serve();
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/corp", "{}", "Content-Type: application/x-www-form-urlencoded\r\n").status,
            201);
}

std::vector<std::string> ids_of(const json::value& body) {
  std::vector<std::string> ids;
  for (const auto& item : body.at("instances").as_array()) ids.push_back(text_of(item.at("id")));
  return ids;
}

TEST_F(Native, ListsFilterAndPage) {
  serve();
  make_namespace();
  put_instance("worker.corp", "a1", R"({"tags":["v1"]})");
  put_instance("worker.corp", "a2", R"({"tags":["v1","v2"]})");
  put_instance("worker.corp", "b1", R"({"tags":["v2"],"checks":[{"tcp":true}],"port":1})");
  const std::string list = "/api/v1/services/worker.corp/instances";
  EXPECT_THAT(ids_of(call("GET", list).json()), ElementsAre("a1", "a2", "b1"));
  EXPECT_THAT(ids_of(call("GET", list + "?available=true").json()), ElementsAre("a1", "a2"));
  EXPECT_THAT(ids_of(call("GET", list + "?available=false").json()), ElementsAre("b1"));
  EXPECT_THAT(ids_of(call("GET", list + "?tag=v1&tag=v2").json()), ElementsAre("a2"));
  EXPECT_THAT(ids_of(call("GET", list + "?prefix=b").json()), ElementsAre("b1"));
  const auto page = call("GET", list + "?limit=2").json();
  EXPECT_THAT(ids_of(page), ElementsAre("a1", "a2"));
  EXPECT_EQ(text_of(page.at("cursor")), "a2");
  const auto rest = call("GET", list + "?limit=2&cursor=a2").json();
  EXPECT_THAT(ids_of(rest), ElementsAre("b1"));
  EXPECT_TRUE(rest.at("cursor").is_null());
  EXPECT_EQ(call("GET", "/api/v1/services/none.corp/instances").status, 404);
  call("PUT", "/api/v1/services/empty.corp", "{}");
  EXPECT_THAT(ids_of(call("GET", "/api/v1/services/empty.corp/instances").json()), ElementsAre());
  const auto services = call("GET", "/api/v1/services?prefix=WOR").json();
  ASSERT_EQ(services.at("services").as_array().size(), 1U);
  EXPECT_EQ(services.at("services").at(0).at("instances").at("available").to_number<int>(), 2);
}

TEST_F(Native, HeartbeatKeepsTheLease) {
  serve();
  make_namespace();
  put_instance("worker.corp", "w1", R"({"lease":"30s"})");
  put_instance("worker.corp", "w2");
  const std::string path = "/api/v1/services/worker.corp/instances/";
  const auto before = call("GET", "/api/v1/services/worker.corp").index();
  skew_ = 20'000;
  EXPECT_EQ(call("PUT", path + "w1/heartbeat").status, 204);
  EXPECT_EQ(text_of(call("GET", path + "w1").json().at("lease_left")), "30s");
  EXPECT_EQ(call("GET", "/api/v1/services/worker.corp").index(), before) << "a heartbeat moves no revision";
  const auto unknown = call("PUT", path + "w9/heartbeat");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_THAT(unknown.body, HasSubstr("unknown-instance"));
  EXPECT_EQ(call("PUT", "/api/v1/services/none.corp/instances/w1/heartbeat").status, 404);
  const auto none = call("PUT", path + "w2/heartbeat");
  EXPECT_EQ(none.status, 409);
  EXPECT_THAT(none.body, HasSubstr("urn:dnsd:problem:no-lease"));
  EXPECT_EQ(call("PUT", path + "w1/heartbeat?check=other").status, 409);
}

TEST_F(Native, HeartbeatReportsAState) {
  serve();
  make_namespace();
  put_instance("worker.corp", "w1", R"({"lease":"30s"})");
  const std::string path = "/api/v1/services/worker.corp/instances/w1";
  EXPECT_EQ(call("PUT", path + "/heartbeat", R"({"state":"critical","output":"no database"})").status, 204);
  const auto body = call("GET", path).json();
  EXPECT_FALSE(body.at("available").as_bool());
  EXPECT_EQ(text_of(body.at("state")), "critical");
  for (const auto* bad : {R"({"state":"unknown"})", R"({"stat":"passing"})", R"({"output":7})", "[]"}) {
    EXPECT_EQ(call("PUT", path + "/heartbeat", bad).status, 422) << bad;
  }
  EXPECT_EQ(call("PUT", path + "/heartbeat", R"({"output":")" + std::string(257, 'a') + "\"}").status, 422);
}

TEST_F(Native, OverridesForceAndLift) {
  serve();
  make_namespace();
  put_instance("web1.corp", "w1");
  const auto made =
      call("PUT", "/api/v1/overrides/move", R"({"match":{"service":"web*.corp"},"state":"down","reason":"rack"})");
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(text_of(call("GET", "/api/v1/services/web1.corp/instances/w1").json().at("reason")), "override.down");
  EXPECT_EQ(text_of(call("GET", "/api/v1/overrides/move").json().at("state")), "down");
  EXPECT_EQ(call("GET", "/api/v1/overrides").json().at("overrides").as_array().size(), 1U);
  EXPECT_EQ(call("DELETE", "/api/v1/overrides/move").status, 204);
  EXPECT_EQ(call("GET", "/api/v1/overrides/move").status, 404);
  EXPECT_TRUE(call("GET", "/api/v1/services/web1.corp/instances/w1").json().at("available").as_bool());
}

TEST_F(Native, NodesAreTheirInstances) {
  serve();
  make_namespace();
  put_instance("web.corp", "w1", R"({"node":"N1"})");
  put_instance("db.corp", "d1", R"({"node":"n1"})");
  const auto nodes = call("GET", "/api/v1/nodes").json();
  ASSERT_EQ(nodes.at("nodes").as_array().size(), 1U);
  EXPECT_EQ(nodes.at("nodes").at(0).at("instances").at("total").to_number<int>(), 2);
  EXPECT_THAT(ids_of(call("GET", "/api/v1/nodes/n1").json()), ElementsAre("d1", "w1"));
  EXPECT_EQ(call("GET", "/api/v1/nodes/n2").status, 404);
}

}  // namespace
}  // namespace api::native
