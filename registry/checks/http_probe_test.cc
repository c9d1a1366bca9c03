#include <gmock/gmock.h>

#include <linux/sockios.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>

#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"

namespace registry::checks::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string response(std::string_view status, std::string_view body = "", std::string_view more = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}

#define EXPECT_RESULT(result, verdict_, fault_, text)        \
  do {                                                       \
    const ProbeResult& got = (result);                       \
    EXPECT_EQ(got.verdict, Verdict::verdict_) << got.output; \
    EXPECT_EQ(got.fault, Fault::fault_) << got.output;       \
    EXPECT_EQ(got.output, text);                             \
  } while (false)

TEST(HttpProbe, JudgesTheStatus) {
  const struct {
    std::string_view status;
    Verdict verdict;
    Fault fault;
    std::string_view output;
  } kCases[] = {
      {"200 Fine", Verdict::ok, Fault::none, "200 OK"},
      {"204 x", Verdict::ok, Fault::none, "204 No Content"},
      {"299 x", Verdict::ok, Fault::none, "299"},
      {"429 x", Verdict::warn, Fault::none, "429 Too Many Requests"},
      {"500 x", Verdict::failed, Fault::status, "500 Internal Server Error"},
      {"503 x", Verdict::failed, Fault::status, "503 Service Unavailable"},
      {"404 x", Verdict::failed, Fault::status, "404 Not Found"},
      {"304 x", Verdict::failed, Fault::status, "304 Not Modified"},
  };
  for (const auto& c : kCases) {
    LoopbackServer server(answers(response(c.status)));
    const ProbeResult result = ask(http_check(), server.endpoint());
    EXPECT_EQ(result.verdict, c.verdict) << c.status;
    EXPECT_EQ(result.fault, c.fault) << c.status;
    EXPECT_EQ(result.output, c.output);
  }
}

TEST(HttpProbe, ExpectedStatusesReplaceTheDefault) {
  CheckDef check = http_check();
  check.http.expect_status = {401, 429};
  LoopbackServer unauthorized(answers(response("401 x")));
  EXPECT_RESULT(ask(check, unauthorized.endpoint()), ok, none, "401 Unauthorized");
  LoopbackServer busy(answers(response("429 x")));
  EXPECT_EQ(ask(check, busy.endpoint()).verdict, Verdict::ok);
  LoopbackServer fine(answers(response("200 x")));
  EXPECT_RESULT(ask(check, fine.endpoint()), failed, status, "200 OK, not the expected status");
}

TEST(HttpProbe, DoesNotFollowRedirects) {
  LoopbackServer elsewhere(answers(response("200 x")));
  const std::string location = "Location: http://127.0.0.1:" + std::to_string(elsewhere.endpoint().port()) + "/\r\n";
  LoopbackServer server(answers(response("302 x", "", location)));
  EXPECT_RESULT(ask(http_check(), server.endpoint()), failed, status, "302 Found");
  EXPECT_EQ(elsewhere.accepted(), 0);
}

TEST(HttpProbe, FindsTheExpectedTextInTheBody) {
  CheckDef check = http_check();
  check.http.expect_body = "ready";
  LoopbackServer ready(answers(response("200 x", "all is ready now")));
  EXPECT_RESULT(ask(check, ready.endpoint()), ok, none, "200 OK");
  LoopbackServer starting(answers(response("200 x", "starting: secret")));
  const ProbeResult result = ask(check, starting.endpoint());
  EXPECT_RESULT(result, failed, body, "200 OK, without the expected text in the body");
  EXPECT_THAT(result.output, Not(HasSubstr("secret"))) << "a check must not show pages that only we can fetch";
}

TEST(HttpProbe, FindsTextThatIsSplitBetweenChunksAndEndsWithTheConnection) {
  CheckDef check = http_check();
  check.http.expect_body = "ready";
  LoopbackServer chunked(
      answers("HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nrea\r\n2\r\ndy\r\n0\r\n\r\n"));
  EXPECT_RESULT(ask(check, chunked.endpoint()), ok, none, "200 OK");
  LoopbackServer until_closed(answers("HTTP/1.0 200 x\r\n\r\n" + std::string(5000, ' ') + "ready"));
  EXPECT_RESULT(ask(check, until_closed.endpoint()), ok, none, "200 OK");
}

TEST(HttpProbe, ReadsAtMost64KiBOfTheBody) {
  std::atomic<std::size_t> sent{0};
  const auto endless = [&sent](tcp::socket& socket) {
    read_head(socket);
    send(socket, "HTTP/1.1 200 x\r\n\r\n");
    const std::string block(1024, 'x');
    boost::system::error_code error;
    while (!error) sent += boost::asio::write(socket, boost::asio::buffer(block), error);
  };
  LoopbackServer server(endless);
  EXPECT_RESULT(ask(http_check(), server.endpoint()), ok, none, "200 OK");
  CheckDef check = http_check();
  check.http.expect_body = "y";
  EXPECT_EQ(ask(check, server.endpoint()).fault, Fault::body);
}

TEST(HttpProbe, RefusesHeadersOver8KiBAndWhatIsNotHttp) {
  LoopbackServer big(answers(response("200 x", "", "X-Big: " + std::string(20'000, 'x') + "\r\n")));
  EXPECT_THAT(ask(http_check(), big.endpoint()).output, StartsWith("not a valid HTTP response"));
  LoopbackServer ssh(answers("SSH-2.0-OpenSSH_9.2\r\n"));
  const ProbeResult result = ask(http_check(), ssh.endpoint());
  EXPECT_EQ(result.fault, Fault::status);
  EXPECT_THAT(result.output, StartsWith("not a valid HTTP response"));
}

TEST(HttpProbe, SkipsInformationalResponsesButNotForever) {
  LoopbackServer hinting(answers("HTTP/1.1 103 Early Hints\r\n\r\n" + response("200 x")));
  EXPECT_RESULT(ask(http_check(), hinting.endpoint()), ok, none, "200 OK");
  std::string many;
  for (int i = 0; i < 100; ++i) many += "HTTP/1.1 103 Early Hints\r\n\r\n";
  LoopbackServer endless(answers(many + response("200 x")));
  EXPECT_EQ(ask(http_check(), endless.endpoint()).fault, Fault::status);
}

TEST(HttpProbe, SendsWhatTheCheckSays) {
  std::string head;
  std::mutex mutex;
  const auto record = [&](tcp::socket& socket) {
    const std::string got = read_head(socket);
    {
      const std::lock_guard lock(mutex);
      head = got;
    }
    send(socket, response("200 x"));
  };
  CheckDef check = http_check();
  check.http.path = "/healthz?full=1";
  check.http.method = "POST";
  check.http.host = "app.example";
  check.http.headers = {{"X-Token", "t"}, {"Connection", "keep-alive"}, {"Content-Length", "9"}};
  {
    LoopbackServer server(record);
    EXPECT_EQ(ask(check, server.endpoint()).verdict, Verdict::ok);
  }
  EXPECT_THAT(head, StartsWith("POST /healthz?full=1 HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("Host: app.example\r\n"));
  EXPECT_THAT(head, HasSubstr("X-Token: t\r\n"));
  EXPECT_THAT(head, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(head, HasSubstr("Content-Length: 0\r\n"));
  EXPECT_THAT(head, Not(HasSubstr("keep-alive")));
}

TEST(HttpProbe, TheDefaultHostIsTheAddressAndPort) {
  std::string head;
  tcp::endpoint endpoint;
  {
    LoopbackServer server([&](tcp::socket& socket) { send(socket, (head = read_head(socket), response("200 x"))); });
    endpoint = server.endpoint();
    ask(http_check(), endpoint);
  }
  EXPECT_THAT(head, HasSubstr("Host: 127.0.0.1:" + std::to_string(endpoint.port()) + "\r\n"));
  InstanceDef named;
  named.host = "h.example.net";
  {
    LoopbackServer server([&](tcp::socket& socket) { send(socket, (head = read_head(socket), response("200 x"))); });
    endpoint = server.endpoint();
    ask(http_check(), endpoint, {}, named);
  }
  EXPECT_THAT(head, HasSubstr("Host: h.example.net:" + std::to_string(endpoint.port()) + "\r\n"));
}

TEST(HttpProbe, ADefinitionCannotSmuggleLinesIntoTheRequest) {
  LoopbackServer server(answers(response("200 x")));
  const auto spoil = [&](auto change) {
    CheckDef check = http_check();
    change(check.http);
    return ask(check, server.endpoint());
  };
  const ProbeResult results[] = {
      spoil([](HttpProbe& http) { http.path = "/ HTTP/1.1\r\nX: y"; }),
      spoil([](HttpProbe& http) { http.path = "http://elsewhere/"; }),
      spoil([](HttpProbe& http) { http.method = "GET /x"; }),
      spoil([](HttpProbe& http) { http.method = ""; }),
      spoil([](HttpProbe& http) { http.host = "a\r\nX: y"; }),
      spoil([](HttpProbe& http) { http.headers["X"] = "y\r\nZ: w"; }),
      spoil([](HttpProbe& http) { http.headers["X: y"] = "z"; }),
  };
  for (const ProbeResult& result : results) {
    EXPECT_EQ(result.verdict, Verdict::failed);
    EXPECT_THAT(result.output, StartsWith("not probed: "));
  }
  EXPECT_EQ(server.accepted(), 0);
}

TEST(HttpProbe, AnswersToHeadHaveNoBody) {
  CheckDef check = http_check();
  check.http.method = "HEAD";
  LoopbackServer server([](tcp::socket& socket) {
    read_head(socket);
    send(socket, "HTTP/1.1 200 x\r\nContent-Length: 1000\r\n\r\n");
    drain(socket);
  });
  EXPECT_RESULT(ask(check, server.endpoint()), ok, none, "200 OK");
}

TEST(HttpProbe, FaultsOfTheConnectionAreToldApart) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  CheckDef hasty = http_check();
  hasty.timeout = Millis(100);
  EXPECT_RESULT(ask(hasty, silent.endpoint()), failed, timeout, "timed out after 100ms");

  LoopbackServer slow_body([](tcp::socket& socket) {
    read_head(socket);
    send(socket, "HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\nabc");
    drain(socket);
  });
  EXPECT_RESULT(ask(hasty, slow_body.endpoint()), failed, timeout, "timed out after 100ms");

  LoopbackServer resets([](tcp::socket& socket) {
    read_head(socket);
    sockaddr nobody{};
    nobody.sa_family = AF_UNSPEC;
    ::connect(socket.native_handle(), &nobody, sizeof nobody);  // dissolves the connection with RST (connect(2))
  });
  EXPECT_RESULT(ask(http_check(), resets.endpoint()), failed, reset, "connection reset");

  LoopbackServer closes([](tcp::socket& socket) { read_head(socket); });
  EXPECT_RESULT(ask(http_check(), closes.endpoint()), failed, reset, "connection closed without a response");

  LoopbackServer cut([](tcp::socket& socket) {
    read_head(socket);
    send(socket, "HTTP/1.1 200 x\r\nContent-Length: 10\r\n\r\nabc");
  });
  EXPECT_RESULT(ask(http_check(), cut.endpoint()), failed, reset, "response cut off");

  const ClosedPort closed;
  EXPECT_RESULT(ask(http_check(), closed.endpoint()), failed, refused, "connection refused");
}

TEST(HttpProbe, WorksOverIpv6) {
  LoopbackServer server(answers(response("200 x")), true);
  EXPECT_RESULT(ask(http_check(), server.endpoint()), ok, none, "200 OK");
}

CheckDef quick() {
  CheckDef check = http_check();
  check.interval = Millis(500);
  return check;
}

TEST(HttpProbe, AConnectionServesTenQuickProbes) {
  LoopbackServer server(answers_times(100, response("200 OK", "fine")));
  Repeated probe(quick());
  for (int i = 0; i < Kept<TlsConnection>::kUses; ++i) EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(probe.kept(), 0U) << "the last one asked the server to close";
  EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(server.accepted(), 2) << "now and then the target has to show that it still accepts";
  EXPECT_EQ(probe.kept(), 1U);
  probe.forget();
  EXPECT_EQ(probe.kept(), 0U);
}

TEST(HttpProbe, AKeptConnectionThatEndedMeanwhileIsNoFailure) {
  LoopbackServer server(answers_times(1, response("200 OK", "fine")));
  Repeated probe(quick());
  for (int i = 1; i <= 3; ++i) {
    EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
    EXPECT_EQ(server.accepted(), i);
  }
}

TEST(HttpProbe, AKeptConnectionTellsAFailureAsANewOneWould) {
  std::atomic<bool> broken{false};
  LoopbackServer server([&](tcp::socket& socket) {
    while (!read_head(socket).empty()) send(socket, response(broken ? "503 x" : "200 OK"));
  });
  Repeated probe(quick());
  EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
  broken = true;
  EXPECT_RESULT(probe.ask(server.endpoint()), failed, status, "503 Service Unavailable");
  EXPECT_EQ(server.accepted(), 1);
}

TEST(HttpProbe, ConnectionsAreNotKeptWhereThatMakesNoSense) {
  LoopbackServer server(answers_times(100, response("200 OK", "fine")));
  Repeated slow(http_check());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(slow.ask(server.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(server.accepted(), 2) << "between slow probes it would hold a place at the server";
  LoopbackServer closes(answers_times(100, response("200 OK", "fine", "Connection: close\r\n")));
  Repeated told(quick());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(told.ask(closes.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(closes.accepted(), 2) << "the target does not want it";
  Repeated full(quick());
  full.count().most = 0;
  for (int i = 0; i < 2; ++i) EXPECT_EQ(full.ask(server.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(server.accepted(), 4) << "no descriptors for it";
}

TEST(HttpProbe, AKeptConnectionIsNotUsedForAnotherAddress) {
  LoopbackServer one(answers_times(100, response("200 OK", "fine")));
  LoopbackServer two(answers_times(100, response("503 x")));
  Repeated probe(quick());
  EXPECT_EQ(probe.ask(one.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(probe.ask(two.endpoint()).verdict, Verdict::failed);
  EXPECT_EQ(probe.kept(), 1U);
}

TEST(HttpProbe, NothingStaysOpenWhereProbesComeSlowlyFromNowOn) {
  LoopbackServer server(answers_times(100, response("200 OK", "fine")));
  Repeated probe(quick());
  EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(probe.kept(), 1U);
  probe.probe().set_interval(Millis(5000));
  EXPECT_EQ(probe.kept(), 0U);
  EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(probe.kept(), 0U);
  probe.probe().set_interval(Millis(500));
  EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
  EXPECT_EQ(probe.kept(), 1U);
}

TEST(HttpProbe, WhatAServerSaysUnaskedOnAKeptConnectionIsNoAnswer) {
  std::atomic<bool> speak{false}, arrived{false};
  LoopbackServer server([&](tcp::socket& socket) {
    while (!read_head(socket).empty()) {
      send(socket, response("200 OK", "fine"));
      while (!speak) ::sched_yield();
      if (arrived) continue;
      send(socket, response("503 x"));
      int unheard = 1;
      while (::ioctl(socket.native_handle(), SIOCOUTQ, &unheard) == 0 && unheard > 0) ::sched_yield();
      arrived = true;
    }
  });
  Repeated probe(quick());
  EXPECT_EQ(probe.ask(server.endpoint()).verdict, Verdict::ok);
  ASSERT_EQ(probe.kept(), 1U);
  speak = true;
  while (!arrived) ::sched_yield();
  EXPECT_RESULT(probe.ask(server.endpoint()), ok, none, "200 OK");
  EXPECT_EQ(server.accepted(), 2);
}

}  // namespace
}  // namespace registry::checks::test
