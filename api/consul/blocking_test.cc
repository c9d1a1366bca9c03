// Blocking queries: what wakes them, what does not, and what the index says.
#include "api/consul/test_consul.h"

namespace api::consul {
namespace {

using api::testing::Client;
using ::testing::HasSubstr;

class ConsulBlocking : public ConsulTest {
 protected:
  void SetUp() override {
    start();
    put("agent/service/register", R"({"Name":"w","ID":"1","Check":{"TTL":"30s"}})");
  }
  static std::string blocking(std::string_view path, std::uint64_t index, std::string_view wait = "5m") {
    return std::string(path) + "?index=" + std::to_string(index) + "&wait=" + std::string(wait);
  }
  static std::uint64_t index_of_reply(const api::testing::Reply& reply) {
    return std::strtoull(reply.header("x-consul-index").c_str(), nullptr, 10);
  }
};

constexpr std::string_view kService = "/v1/health/service/w";

TEST_F(ConsulBlocking, AnswersWithTheSameIndexWhenNothingChanged) {
  const auto index = index_of(kService);
  const auto reply = call("GET", blocking(kService, index, "20ms"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(index_of_reply(reply), index);
}

TEST_F(ConsulBlocking, IsWokenByAStateAndByARegistration) {
  auto index = index_of(kService);
  Client held(port_);
  held.start("GET", blocking(kService, index));
  wait_for_watchers(1);
  ASSERT_EQ(put("agent/check/pass/service:1", ""), "200 ");
  auto reply = held.read_reply();
  EXPECT_THAT(reply.body, HasSubstr(R"("Status":"passing")"));
  EXPECT_GT(index_of_reply(reply), index);
  index = index_of_reply(reply);
  held.start("GET", blocking(kService, index));
  wait_for_watchers(1);
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"2"})"), "200 ");
  reply = held.read_reply();
  EXPECT_EQ(reply.json().as_array().size(), 2U);
}

TEST_F(ConsulBlocking, SleepsThroughHeartbeatsAndOtherServices) {
  ASSERT_EQ(put("agent/check/pass/service:1", ""), "200 ");
  const auto index = index_of(kService);
  Client held(port_);
  held.start("GET", blocking(kService, index));
  wait_for_watchers(1);
  ASSERT_EQ(put("agent/check/pass/service:1", ""), "200 ");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"other"})"), "200 ");
  EXPECT_EQ(watchers(), 1U);
  ASSERT_EQ(put("agent/service/deregister/1", ""), "200 ");
  const auto reply = held.read_reply();
  EXPECT_EQ(reply.body, "[]");
  EXPECT_GT(index_of_reply(reply), index) << "the index outlives what it spoke of";
}

TEST_F(ConsulBlocking, WaitsForAServiceToAppear) {
  const auto index = index_of("/v1/health/service/later");
  EXPECT_GE(index, 1U);
  Client held(port_);
  held.start("GET", blocking("/v1/health/service/later", index));
  wait_for_watchers(1);
  ASSERT_EQ(put("agent/service/register", R"({"Name":"later"})"), "200 ");
  const auto reply = held.read_reply();
  EXPECT_EQ(reply.json().as_array().size(), 1U);
  EXPECT_GT(index_of_reply(reply), index);
}

TEST_F(ConsulBlocking, AnIndexThatIsNotOursIsAnsweredAtOnce) {
  EXPECT_EQ(call("GET", blocking(kService, index_of(kService) + 1)).status, 200)
      << "from before a restore: the client starts again";
  EXPECT_EQ(call("GET", blocking(kService, 0)).status, 200);
}

TEST_F(ConsulBlocking, TheListOfServicesWakesForNamesAndTagsAlone) {
  const auto index = index_of("/v1/catalog/services");
  Client held(port_);
  held.start("GET", blocking("/v1/catalog/services", index));
  wait_for_watchers(1);
  ASSERT_EQ(put("agent/check/pass/service:1", ""), "200 ");
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"2"})"), "200 ");
  EXPECT_EQ(watchers(), 1U);
  ASSERT_EQ(put("agent/service/register", R"({"Name":"w","ID":"2","Tags":["new"]})"), "200 ");
  EXPECT_EQ(held.read_reply().body, R"({"w":["new"]})");
}

TEST_F(ConsulBlocking, AllChecksWakeForAnyOfThem) {
  const auto index = index_of("/v1/health/state/any");
  Client held(port_);
  held.start("GET", blocking("/v1/health/state/any", index));
  wait_for_watchers(1);
  ASSERT_EQ(put("agent/check/warn/service:1", ""), "200 ");
  EXPECT_THAT(held.read_reply().body, HasSubstr(R"("Status":"warning")"));
}

TEST_F(ConsulBlocking, AStormWakesItOnce) {
  const auto index = index_of(kService);
  Client held(port_);
  held.start("GET", blocking(kService, index));
  wait_for_watchers(1);
  const auto made = call("POST", "/api/v1/batch?return=minimal",
                         R"({"operations":[{"method":"PUT","path":"/api/v1/services/w.corp/instances/a","body":{}},
                             {"method":"PUT","path":"/api/v1/services/w.corp/instances/b","body":{}}]})");
  ASSERT_EQ(made.status, 200);
  const auto reply = held.read_reply();
  EXPECT_EQ(reply.json().as_array().size(), 3U);
  EXPECT_EQ(index_of_reply(reply), index_of(kService));
}

}  // namespace
}  // namespace api::consul
