#include "api/access.h"

#include <gtest/gtest.h>

namespace api {
namespace {

Request request_with(std::vector<std::pair<std::string, std::string>> headers) {
  Request request;
  request.headers = std::move(headers);
  return request;
}

TEST(HostList, AcceptsOwnNamesWithAnyPort) {
  Options options;
  options.listen = {{"10.0.0.1", 8500}};
  options.allowed_hosts = {"dnsd.corp"};
  const AccessRules rules(options);
  for (const auto* host :
       {"localhost", "LOCALHOST:8500", "127.0.0.1:1", "[::1]:8500", "10.0.0.1", "dnsd.corp", "dnsd.corp.:80"}) {
    EXPECT_FALSE(rules.check_host(request_with({{"host", host}}), "")) << host;
  }
}

TEST(HostList, RefusesForeignAndMalformedHosts) {
  Options options;
  options.listen = {{"127.0.0.1", 8500}};
  const AccessRules rules(options);
  for (const auto* host :
       {"evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8500", "10.9.9.9", "", "localhost:8500:1",
        "localhost:x", "[::1", "[::1]x", "localhost/", "user@localhost", "localhost:123456"}) {
    const auto refusal = rules.check_host(request_with({{"host", host}}), "");
    ASSERT_TRUE(refusal) << host;
    EXPECT_EQ(refusal->type.status, 400);
  }
}

TEST(HostList, KnowsANameOfOneInterfaceThereAlone) {
  const AccessRules rules{Options{}};
  EXPECT_FALSE(rules.check_host(request_with({{"host", "disc_1:8500"}}), "", "Disc_1"));
  EXPECT_FALSE(rules.check_host(request_with({{"host", "localhost"}}), "disc_1", "Disc_1"));
  EXPECT_TRUE(rules.check_host(request_with({{"host", ""}}), "", ""));
  for (const auto* host : {"disc_1", "dnsd", "data-localhost"}) {
    EXPECT_TRUE(rules.check_host(request_with({{"host", host}}), "")) << host;
  }
}

TEST(HostList, JudgesTheAuthorityOfAnAbsoluteTargetToo) {
  const AccessRules rules{Options{}};
  EXPECT_TRUE(rules.check_host(request_with({{"host", "localhost"}}), "evil.example"));
  EXPECT_FALSE(rules.check_host(request_with({{"host", "localhost"}}), "localhost:8500"));
}

TEST(HostList, AnyLiteralMayBeOursOnAWildcard) {
  Options options;
  options.listen = {{"0.0.0.0", 8500}};
  const AccessRules rules(options);
  EXPECT_FALSE(rules.check_host(request_with({{"host", "192.0.2.7:8500"}}), ""));
  EXPECT_TRUE(rules.check_host(request_with({{"host", "evil.example"}}), ""));
}

TEST(HostList, OnlyHttp10MayLeaveItOut) {
  const AccessRules rules{Options{}};
  Request old;
  old.http_1_0 = true;
  EXPECT_FALSE(rules.check_host(old, ""));
  EXPECT_TRUE(rules.check_host(Request{}, ""));
}

TEST(Token, OnlyTheRightOnePasses) {
  Options options;
  options.token = "s3cret";
  const AccessRules rules(options);
  EXPECT_FALSE(rules.check_token(request_with({{"authorization", "Bearer s3cret"}})));
  EXPECT_FALSE(rules.check_token(request_with({{"authorization", "bearer  s3cret"}})));
  for (const auto* value :
       {"", "Bearer", "Bearer ", "Bearer s3cre", "Bearer s3crets", "Bearer S3CRET", "s3cret", "Basic s3cret"}) {
    const auto refusal = rules.check_token(request_with({{"authorization", value}}));
    ASSERT_TRUE(refusal) << value;
    EXPECT_EQ(refusal->type.status, 401);
  }
  EXPECT_FALSE(AccessRules{Options{}}.check_token(Request{})) << "no token set: none is asked for";
}

TEST(Origin, RefusesOtherSitesAndOtherPorts) {
  for (const auto* origin :
       {"http://evil.example", "null", "http://localhost:3000", "https://localhost:8500.evil.example"}) {
    const auto refusal = AccessRules::check_origin(request_with({{"host", "localhost:8500"}, {"origin", origin}}));
    ASSERT_TRUE(refusal) << origin;
    EXPECT_EQ(refusal->type.status, 403);
  }
  for (const auto* site : {"cross-site", "same-site"}) {
    EXPECT_TRUE(AccessRules::check_origin(request_with({{"host", "localhost"}, {"sec-fetch-site", site}}))) << site;
  }
  EXPECT_FALSE(AccessRules::check_origin(request_with(
      {{"host", "localhost:8500"}, {"origin", "http://localhost:8500"}, {"sec-fetch-site", "same-origin"}})));
  EXPECT_FALSE(AccessRules::check_origin(Request{}));
}

}  // namespace
}  // namespace api
