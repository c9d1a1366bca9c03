// Held requests: what is answered at once, what wakes them, how they end.
#include "api/envoy/test_envoy.h"

namespace api::envoy {
namespace {

using api::testing::Client;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class EnvoyDiscovery : public EnvoyTest {
 protected:
  void begin(Options options = {}) {
    start(std::move(options));
    put_instance("worker.corp", "w1", R"({"address":"10.0.0.1","port":80,"checks":[{"heartbeat":"30s"}]})");
  }
  int status(std::string_view body) { return call("POST", kEds, body, kHasty).status; }
};

constexpr std::string_view kName = R"("worker.corp")";

TEST_F(EnvoyDiscovery, AnswersAtOnceWhoHasAnotherVersion) {
  begin();
  const auto have = version(kEds, kName);
  EXPECT_THAT(have, StartsWith(std::to_string(on_control([&] { return registry_.revision(); })) + "."));
  for (const auto& other : {std::string(), std::string("42"), have.substr(0, have.find('.')), have + "0"}) {
    EXPECT_EQ(status(asking(kName, other)), 200) << other;
  }
  EXPECT_EQ(status(asking(R"("other.corp","worker.corp")", have)), 200) << "other names, though nothing changed";
}

TEST_F(EnvoyDiscovery, EndsWith304WhenNothingChanged) {
  begin();
  const auto reply = call("POST", kEds, asking(kName, version(kEds, kName)), kHasty);
  EXPECT_EQ(reply.status, 304);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(reply.header("content-length"), "");
}

TEST_F(EnvoyDiscovery, IsWokenByAStateARegistrationAndAnEnd) {
  begin();
  auto have = version(kEds, kName);
  Client held(port_);
  const auto expect_after = [&](auto change, const std::string& text) {
    held.start("POST", kEds, asking(kName, have), kPatient);
    wait_for_watchers(1);
    change();
    const auto reply = held.read_reply();
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, HasSubstr(text));
    have = version_of(reply.json().as_object());
  };
  expect_after([&] { report("w1", "critical"); }, "UNHEALTHY");
  expect_after([&] { put_instance("worker.corp", "w2", R"({"address":"10.0.0.2","port":80})"); }, "10.0.0.2");
  expect_after([&] { call("DELETE", "/api/v1/services/worker.corp?force=true"); },
               R"("cluster_name":"worker.corp"}],)");
  expect_after([&] { put_instance("worker.corp", "w3", R"({"address":"10.0.0.3","port":80})"); }, "10.0.0.3");
}

TEST_F(EnvoyDiscovery, SleepsThroughOtherServicesAndWhatEnvoyDoesNotSee) {
  begin();
  put_instance("other.corp", "o1");
  Client held(port_);
  held.start("POST", kEds, asking(kName, version(kEds, kName)), kPatient);
  wait_for_watchers(1);
  put_instance("other.corp", "o2");
  report("w1", "passing");
  put_instance("worker.corp", "w1",
               R"({"address":"10.0.0.1","port":80,"meta":{"a":"b"},"checks":[{"heartbeat":"30s"}]})");
  EXPECT_EQ(watchers(), 1U);
  report("w1", "warning");
  EXPECT_THAT(held.read_reply().body, HasSubstr("DEGRADED"));
}

TEST_F(EnvoyDiscovery, FollowsAnAliasThatIsTurnedWhileHeld) {
  begin();
  call("PUT", "/api/v1/services/front.corp", R"({"alias":"old.corp"})");
  Client held(port_);
  held.start("POST", kEds, asking(R"("front.corp")", version(kEds, R"("front.corp")")), kPatient);
  wait_for_watchers(1);
  call("PUT", "/api/v1/services/front.corp", R"({"alias":"new.corp"})");
  EXPECT_EQ(watchers(), 1U) << "neither is there";
  put_instance("new.corp", "n1", R"({"address":"10.0.0.9","port":80})");
  EXPECT_THAT(held.read_reply().body, HasSubstr("10.0.0.9"));
}

TEST_F(EnvoyDiscovery, DoesNotRepeatWhatWasRefused) {
  begin();
  const auto have = version(kEds, kName);
  report("w1", "warning");
  const auto refused = version(kEds, kName);
  const auto nack = R"(,"response_nonce":")" + refused + "\"";
  EXPECT_EQ(status(asking(kName, have, nack + R"(,"error_detail":{"code":3,"message":"no"})")), 304);
  EXPECT_EQ(status(asking(kName, have, nack)), 200) << "a nonce alone refuses nothing";
  report("w1", "critical");
  EXPECT_EQ(status(asking(kName, have, nack + R"(,"error_detail":{})")), 200);
  report("w1", "passing");
  EXPECT_EQ(status(asking(kName, have, nack + R"(,"error_detail":{})")), 304) << "back to what it has";
}

TEST_F(EnvoyDiscovery, IsBoundedByTheWatchersOfTheServer) {
  Options options;
  options.max_watchers = 1;
  begin(options);
  const auto body = asking(kName, version(kEds, kName));
  Client held(port_);
  held.start("POST", kEds, body, kPatient);
  wait_for_watchers(1);
  const auto refused = call("POST", kEds, body, kPatient);
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.header("retry-after"), "1");
  held.close();
  wait_for_watchers(0);
}

TEST_F(EnvoyDiscovery, KnowsEnvoyByItsHostAndAsksForTheToken) {
  Options options;
  options.token = "secret";
  options.envoy.cluster = "Disc_1";
  serve(options);
  const auto ask_as = [&](std::string_view host, std::string_view headers) {
    Client client(port_);
    const std::string body = asking(kName);
    client.send("POST " + std::string(kEds) + " HTTP/1.1\r\nhost: " + std::string(host) + "\r\n" +
                std::string(headers) + "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
    return client.read_reply().status;
  };
  constexpr std::string_view kToken = "authorization: Bearer secret\r\n";
  EXPECT_EQ(ask_as("disc_1", kToken), 200) << "Envoy's Host is the name of its cluster";
  EXPECT_EQ(ask_as("disc_2", kToken), 400);
  EXPECT_EQ(ask_as("disc_1", ""), 401);
  Client client(port_);
  client.send("GET /api/v1/services HTTP/1.1\r\nhost: disc_1\r\n" + std::string(kToken) + "\r\n");
  EXPECT_EQ(client.read_reply().status, 400) << "where Envoy has no business";
}

// Envoy lists its extensions in every request.
TEST_F(EnvoyDiscovery, TakesALargeNode) {
  begin();
  std::string extensions = R"({"name":"x"})";
  for (int i = 0; i < 2000; ++i) {
    extensions += R"(,{"name":"envoy.filters.http.router","category":"envoy.filters.http","type_urls":["t"]})";
  }
  EXPECT_EQ(status(asking(kName, "", R"(,"node":{"id":"e1","extensions":[)" + extensions + "]}")), 200);
}

}  // namespace
}  // namespace api::envoy
