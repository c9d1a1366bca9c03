// Registrations bound to a connection, through real sockets.
#include "api/testing/fixture.h"

namespace api::native {
namespace {

using api::testing::Client;
using ::testing::HasSubstr;

class SessionApi : public api::testing::ServerTest {
 protected:
  SessionApi() {
    serve();
    make_namespace();
  }
  static constexpr const char* kW1 = "/api/v1/services/worker.corp/instances/w1";

  // The header, and the first comment.
  static std::string open(Client& client, std::string_view body = R"({"address":"10.0.1.7","port":9000})") {
    client.start("POST", std::string(kW1) + "/session", body);
    return client.read_until("\n\n");
  }
  boost::json::value w1() { return call("GET", kW1).json(); }
  std::size_t sessions() {
    const auto metrics = call("GET", "/metrics").body;
    const auto at = metrics.find("\ndnsd_http_sessions ");
    return std::strtoull(metrics.c_str() + at + 20, nullptr, 10);
  }
  void wait_for_sessions(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (sessions() != count) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
  void pass(std::int64_t milliseconds) {
    skew_ += milliseconds;
    on_control([&] {
      observe(registry_.advance(now()));
      return 0;
    });
  }
};

TEST_F(SessionApi, RegistersForAsLongAsTheConnectionLives) {
  Client client(port_);
  const auto head = open(client);
  EXPECT_THAT(head, HasSubstr("HTTP/1.1 200"));
  EXPECT_THAT(head, HasSubstr("text/event-stream"));
  EXPECT_THAT(head, HasSubstr("X-Dnsd-Index: "));
  EXPECT_THAT(head, HasSubstr(": w1 of worker.corp lives as long as this connection, and 10s more\n\n"));
  EXPECT_TRUE(w1().at("available").as_bool());
  EXPECT_EQ(w1().at("lease").as_string(), "10s");
  EXPECT_EQ(sessions(), 1U);
}

TEST_F(SessionApi, WhenItEndsOneLeaseRuns) {
  Client client(port_);
  open(client);
  client.close();
  wait_for_sessions(0);
  pass(9'000);
  EXPECT_TRUE(w1().at("available").as_bool());
  pass(1'100);
  EXPECT_EQ(w1().at("reason").as_string(), "lease.expired");
}

TEST_F(SessionApi, TheGraceBeginsWhenTheConnectionEndsNotBefore) {
  Client client(port_);
  open(client);
  skew_ = 8'000;  // since the lease was renewed, on a clock that the session does not wait by
  client.close();
  wait_for_sessions(0);
  pass(9'000);
  EXPECT_TRUE(w1().at("available").as_bool());
  pass(1'100);
  EXPECT_FALSE(w1().at("available").as_bool());
}

TEST_F(SessionApi, WhoComesBackWithinTheGraceWasNeverAway) {
  std::int64_t revision = 0, state_revision = 0;
  {
    Client client(port_);
    open(client);
    revision = w1().at("revision").as_int64();
    state_revision = w1().at("state_revision").as_int64();
  }
  wait_for_sessions(0);
  pass(5'000);
  Client again(port_);
  open(again);
  EXPECT_EQ(w1().at("revision").as_int64(), revision);
  EXPECT_EQ(w1().at("state_revision").as_int64(), state_revision);
  EXPECT_EQ(w1().at("lease_left").as_string(), "10s");
}

TEST_F(SessionApi, TheNewestConnectionOwnsIt) {
  Client first(port_), second(port_);
  open(first);
  open(second);
  EXPECT_EQ(first.read_until("0\r\n\r\n"), "\r\n0\r\n\r\n") << "its stream ends";
  EXPECT_TRUE(first.closed());
  EXPECT_EQ(sessions(), 1U);
  pass(8'000);
  second.close();
  wait_for_sessions(0);
  EXPECT_EQ(w1().at("lease_left").as_string(), "10s");
}

TEST_F(SessionApi, DeregistrationEndsTheStream) {
  Client client(port_);
  open(client);
  EXPECT_EQ(call("DELETE", kW1).status, 204);
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "\r\n0\r\n\r\n");
  EXPECT_TRUE(client.closed());
  wait_for_sessions(0);
  EXPECT_EQ(call("GET", kW1).status, 404) << "the end of the session brings nothing back";
}

TEST_F(SessionApi, TheBodysOwnLeaseIsTheGrace) {
  Client client(port_);
  EXPECT_THAT(open(client, R"({"address":"10.0.1.7","lease":"25s"})"), HasSubstr("and 25s more"));
  EXPECT_EQ(w1().at("lease").as_string(), "25s");
  Client other(port_);
  EXPECT_THAT(open(other, R"({"address":"10.0.1.7","checks":[{"heartbeat":"3s","name":"beat"}]})"),
              HasSubstr("and 3s more"));
}

TEST_F(SessionApi, ALeaseThatBecameShorterIsRenewedAsOften) {
  Client client(port_);
  open(client, R"({"address":"10.0.1.7","lease":"60s"})");
  EXPECT_EQ(call("PUT", kW1, R"({"address":"10.0.1.7","lease":"3s"})").status, 200);
  skew_ += 2'000;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (w1().at("lease_left").as_string() != "3s") ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(SessionApi, ARegistrationWithoutALeaseEndsIt) {
  Client client(port_);
  open(client);
  EXPECT_EQ(call("PUT", kW1, R"({"address":"10.0.1.7"})").status, 200);
  EXPECT_EQ(client.read_until("0\r\n\r\n"), "\r\n0\r\n\r\n");
  EXPECT_TRUE(client.closed());
  wait_for_sessions(0);
  EXPECT_TRUE(w1().at("available").as_bool());
}

TEST_F(SessionApi, WhatIsNoRegistrationIsNoSession) {
  const std::string target = std::string(kW1) + "/session";
  EXPECT_EQ(call("POST", target).status, 400);
  EXPECT_EQ(call("POST", target, R"({"prot":1})").status, 422);
  EXPECT_EQ(call("POST", "/api/v1/services/w.nowhere/instances/w1/session", "{}").status, 404);
  EXPECT_EQ(call("GET", target).status, 405);
  EXPECT_EQ(sessions(), 0U);
}

TEST_F(SessionApi, AReportedStateIsNotRewrittenByTheConnection) {
  Client client(port_);
  open(client);
  EXPECT_EQ(call("PUT", std::string(kW1) + "/heartbeat", R"({"state":"critical","output":"full"})").status, 204);
  client.close();
  wait_for_sessions(0);
  EXPECT_EQ(w1().at("state").as_string(), "critical");
}

}  // namespace
}  // namespace api::native
