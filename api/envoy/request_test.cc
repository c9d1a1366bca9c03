// What is read of a DiscoveryRequest, and how long it may be held.
#include "api/envoy/request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/long_poll.h"

namespace api::envoy {
namespace {

using registry::Millis;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kType = "type.googleapis.com/a.b.C";

DiscoveryRequest read(std::string_view body) {
  auto request = read_request(body, kType);
  EXPECT_TRUE(request) << request.error().detail;
  return request ? *request : DiscoveryRequest{};
}
std::string mistake(std::string_view body) {
  const auto request = read_request(body, kType);
  EXPECT_FALSE(request);
  return request ? "" : request.error().detail;
}
Millis held(std::string_view header) {
  Request request;
  if (!header.empty()) request.headers.emplace_back("x-envoy-expected-rq-timeout-ms", header);
  return hold_time(request);
}

TEST(EnvoyRequest, IsReadInBothSpellings) {
  for (const auto* body :
       {R"({"version_info":"4.a","resource_names":["b","a","b"],"response_nonce":"n","error_detail":{"code":3},
            "type_url":"type.googleapis.com/a.b.C","node":{"id":"e","extensions":[{"name":"x"}]}})",
        R"({"versionInfo":"4.a","resourceNames":["a","b"],"responseNonce":"n","errorDetail":{},
            "typeUrl":"type.googleapis.com/a.b.C","node":null,"new":1})"}) {
    const auto request = read(body);
    EXPECT_EQ(request.version, "4.a");
    EXPECT_EQ(request.nonce, "n");
    EXPECT_TRUE(request.rejected);
    EXPECT_THAT(request.names, ElementsAre("a", "b"));
  }
}

TEST(EnvoyRequest, MayBeEmpty) {
  const auto request = read("{}");
  EXPECT_EQ(request.version, "");
  EXPECT_FALSE(request.rejected);
  EXPECT_TRUE(request.names.empty());
  EXPECT_FALSE(read(R"({"error_detail":null,"resource_names":null})").rejected);
}

TEST(EnvoyRequest, IsRefusedInWords) {
  EXPECT_THAT(mistake(""), HasSubstr("JSON is expected"));
  EXPECT_THAT(mistake("[]"), HasSubstr("JSON object"));
  EXPECT_THAT(mistake(R"({"version_info":1})"), HasSubstr("version_info"));
  EXPECT_THAT(mistake(R"({"resourceNames":"a"})"), HasSubstr("resource_names"));
  EXPECT_THAT(mistake(R"({"resource_names":[1]})"), HasSubstr("strings"));
  EXPECT_THAT(mistake(R"({"type_url":"type.googleapis.com/envoy.api.v2.Cluster"})"), HasSubstr("this path serves"));
  std::string many;
  for (std::size_t i = 0; i <= kMaxNames; ++i) many += (i ? ",\"" : "\"") + std::to_string(i) + "\"";
  EXPECT_THAT(mistake(R"({"resource_names":[)" + many + "]}"), HasSubstr("more than 1000"));
}

TEST(EnvoyRequest, IsHeldForFourFifthsOfItsTimeout) {
  EXPECT_EQ(held("10000"), Millis(8000));
  EXPECT_EQ(held("5"), Millis(4));
  EXPECT_EQ(held("4000000000"), kMaxWait);
  for (const auto* unsaid : {"", "0", "-1", "1s", "99999999999999999999"})
    EXPECT_EQ(held(unsaid), Millis(800)) << unsaid;
}

}  // namespace
}  // namespace api::envoy
