// What all of Consul's routes share, as their clients meet it.
#include "api/consul/dialect.h"

#include "api/testing/fixture.h"

namespace api::consul {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

TEST(GoDuration, IsReadAsGoReadsIt) {
  EXPECT_EQ(parse_go_duration("10s"), 10s);
  EXPECT_EQ(parse_go_duration("1m30s"), 90s);
  EXPECT_EQ(parse_go_duration("1.5h"), 90min);
  EXPECT_EQ(parse_go_duration("120000ms"), 2min);
  EXPECT_EQ(parse_go_duration("1500us"), 1ms);
  EXPECT_EQ(parse_go_duration("0"), 0s);
  for (const auto* bad : {"", "10", "s", "1x", "-1s", "1s ", "1..5s", "99999999h", "1e3s"}) {
    EXPECT_FALSE(parse_go_duration(bad)) << bad;
  }
  EXPECT_EQ(format_go_duration(90s), "1m30s");
  EXPECT_EQ(format_go_duration(250ms), "250ms");
}

TEST(GoBool, IsReadAsGoReadsIt) {
  for (const auto* yes : {"", "1", "t", "TRUE", "true"}) EXPECT_EQ(parse_bool(yes), true) << yes;
  for (const auto* no : {"0", "F", "false"}) EXPECT_EQ(parse_bool(no), false) << no;
  for (const auto* neither : {"yes", "tRUE", "2"}) EXPECT_FALSE(parse_bool(neither)) << neither;
}

class ConsulDialect : public api::testing::ServerTest {};

TEST_F(ConsulDialect, ReadsCarryConsulsHeaders) {
  serve();
  make_namespace();
  for (const auto* path :
       {"/v1/health/service/none", "/v1/catalog/services", "/v1/agent/self", "/v1/status/leader", "/v1/agent/services",
        "/v1/kv/a/b", "/v1/agent/service/none", "/v1/nothing/of/it", "/v1/health/service/"}) {
    const auto reply = call("GET", path);
    EXPECT_GE(std::atoi(reply.header("x-consul-index").c_str()), 1) << path;
    EXPECT_EQ(reply.header("x-consul-knownleader"), "true") << path;
    EXPECT_EQ(reply.header("x-consul-lastcontact"), "0") << path;
  }
  EXPECT_EQ(call("GET", "/v1/health/service/none").body, "[]");
}

TEST_F(ConsulDialect, ErrorsAreText) {
  serve();
  make_namespace();
  const auto bad = call("PUT", "/v1/agent/service/register", "{");
  EXPECT_EQ(bad.status, 400);
  EXPECT_THAT(bad.header("content-type"), StartsWith("text/plain"));
  EXPECT_THAT(bad.body, StartsWith("Request decode failed"));
  const auto wrong = call("POST", "/v1/catalog/register", "{}");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.header("allow"), "PUT");
  EXPECT_THAT(wrong.header("content-type"), StartsWith("text/plain"));
  const auto absent = call("GET", "/v1/kv/config/a?recurse=true");
  EXPECT_EQ(absent.status, 501);
  EXPECT_THAT(absent.body, HasSubstr("/v1/kv/config/a"));
}

TEST_F(ConsulDialect, IgnoresParametersItDoesNotKnow) {
  serve();
  make_namespace();
  EXPECT_EQ(call("GET", "/v1/health/service/none?cached&ns=default&peer=&whatever=1").status, 200);
}

TEST_F(ConsulDialect, RefusesWhatConsulRefuses) {
  serve();
  make_namespace();
  EXPECT_EQ(call("GET", "/v1/health/service/a?stale&consistent").body,
            "Cannot specify ?stale with ?consistent, conflicting semantics.");
  EXPECT_EQ(call("GET", "/v1/health/service/a?wait=soon").body, "Invalid wait time");
  EXPECT_EQ(call("GET", "/v1/health/service/a?index=-1").body, "Invalid index");
  EXPECT_EQ(call("GET", "/v1/health/service/a?passing=maybe").body, "Invalid value for ?passing");
  EXPECT_EQ(call("GET", "/v1/health/service/a?dc=dc2").body, "No path to datacenter");
  EXPECT_EQ(call("GET", "/v1/health/service/a?stale=&passing=&dc=dc1").status, 200);
}

TEST_F(ConsulDialect, TakesTheTokenWhereClientsPutIt) {
  Options options;
  options.token = "s3cret";
  serve(options);
  EXPECT_EQ(call("GET", "/v1/status/leader").status, 403) << "401 is \"ACLs are disabled\" for python3-consul";
  EXPECT_EQ(call("GET", "/v1/status/leader", {}, "X-Consul-Token: s3cret\r\n").status, 200);
  EXPECT_EQ(call("GET", "/v1/status/leader", {}, "Authorization: Bearer s3cret\r\n").status, 200);
  EXPECT_EQ(call("GET", "/v1/status/leader?token=s3cret").status, 200);
  EXPECT_EQ(call("GET", "/v1/status/leader?token=other").status, 403);
  EXPECT_EQ(call("GET", "/api/v1/status?token=s3cret").status, 401) << "the native interface takes the header alone";
}

TEST_F(ConsulDialect, PrettyIsIndented) {
  serve();
  make_namespace();
  EXPECT_EQ(call("GET", "/v1/catalog/datacenters").body, R"(["dc1"])");
  EXPECT_EQ(call("GET", "/v1/catalog/datacenters?pretty").body, "[\n    \"dc1\"\n]");
}

TEST_F(ConsulDialect, WithoutANamespaceNothingIsRegisteredAndAllIsEmpty) {
  serve();
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, "{}");
  EXPECT_EQ(call("GET", "/v1/health/service/a").body, "[]");
  const auto refused = call("PUT", "/v1/agent/service/register", R"({"Name":"a"})");
  EXPECT_EQ(refused.status, 404);
  EXPECT_THAT(refused.body, HasSubstr("namespace"));
  make_namespace();
  EXPECT_EQ(call("PUT", "/v1/agent/service/register", R"({"Name":"a"})").status, 200) << "it is found once it is there";
}

TEST_F(ConsulDialect, WhereTheFirstNamespaceIsDeletedTheNextOneIsTheFirst) {
  serve();
  make_namespace();
  ASSERT_EQ(call("PUT", "/api/v1/namespaces/second.example", "{}").status, 201);
  ASSERT_EQ(call("PUT", "/v1/agent/service/register", R"({"Name":"a"})").status, 200);
  ASSERT_EQ(call("GET", "/api/v1/services/a.corp").status, 200);
  ASSERT_EQ(call("DELETE", "/api/v1/services/a.corp?force=true").status, 204);
  const auto index = [&] { return std::stoull(call("GET", "/v1/health/service/a").header("x-consul-index")); };
  const auto before = index();
  ASSERT_EQ(call("DELETE", "/api/v1/namespaces/corp").status, 204);
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, "{}");
  EXPECT_EQ(call("PUT", "/v1/agent/service/register", R"({"Name":"a"})").status, 200);
  EXPECT_EQ(call("GET", "/api/v1/services/a.second.example").status, 200);
  EXPECT_EQ(call("GET", "/v1/catalog/services").body, R"({"a":[]})");
  EXPECT_GT(index(), before) << "it never runs back";
}

TEST_F(ConsulDialect, WorksInTheNamespaceThatIsConfigured) {
  Options options;
  options.consul = {.ns = "consul", .node = "hub", .datacenter = "east"};
  serve(options);
  make_namespace();
  ASSERT_EQ(call("PUT", "/api/v1/namespaces/consul", "{}").status, 201);
  EXPECT_EQ(call("PUT", "/v1/agent/service/register", R"({"Name":"a"})").status, 200);
  EXPECT_EQ(call("GET", "/api/v1/services/a.consul").status, 200);
  EXPECT_EQ(call("GET", "/v1/catalog/datacenters").body, R"(["east"])");
  EXPECT_THAT(call("GET", "/v1/agent/self").body, HasSubstr(R"("NodeName":"hub")"));
}

}  // namespace
}  // namespace api::consul
