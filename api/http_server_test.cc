// HTTP itself, through real sockets: 60 bad requests, limits, order, and what stays open.
#include <poll.h>

#include "api/testing/fixture.h"

namespace api {
namespace {

using ::testing::AnyOf;
using namespace std::string_literals;
using testing::Client;
using ::testing::HasSubstr;

class Http : public testing::ServerTest {};

struct Vector {
  const char* name;
  std::string octets;
  int status;
};

std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n";
}

std::string put(std::string_view headers, std::string_view body) {
  return "PUT /api/v1/namespaces/corp HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n" +
         std::string(body);
}

std::vector<Vector> smuggling() {
  return {
      {"CL beside TE", put("Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400},
      {"TE beside CL", put("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", "0\r\n\r\n"), 400},
      {"two lengths", put("Content-Length: 2\r\nContent-Length: 3\r\n", "{}"), 400},
      {"two equal lengths", put("Content-Length: 2\r\nContent-Length: 2\r\n", "{}"), 400},
      {"list of lengths", put("Content-Length: 2, 2\r\n", "{}"), 400},
      {"negative length", put("Content-Length: -2\r\n", "{}"), 400},
      {"signed length", put("Content-Length: +2\r\n", "{}"), 400},
      {"hex length", put("Content-Length: 0x2\r\n", "{}"), 400},
      {"huge length", put("Content-Length: 18446744073709551616\r\n", ""), 400},
      {"empty length", put("Content-Length: \r\n", ""), 400},
      {"TE gzip", put("Transfer-Encoding: gzip\r\n", ""), 400},
      {"TE identity", put("Transfer-Encoding: identity\r\n", ""), 400},
      {"TE list", put("Transfer-Encoding: chunked, identity\r\n", ""), 400},
      {"TE twice", put("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", ""), 400},
      {"TE with vertical tab",
       put("Transfer-Encoding: \x0b"
           "chunked\r\n",
           ""),
       400},
      {"TE quoted", put("Transfer-Encoding: \"chunked\"\r\n", ""), 400},
      {"space before colon", put("Content-Length : 2\r\n", "{}"), 400},
      {"tab before colon", put("Transfer-Encoding\t: chunked\r\n", ""), 400},
      {"folded line", put("X: a\r\n b\r\n", ""), 400},
      {"folded first line", "GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", 400},
      {"bare LF line", "GET / HTTP/1.1\nHost: localhost\n\n", 400},
      {"bare LF in the block", "GET / HTTP/1.1\r\nHost: localhost\nX: 1\r\n\r\n", 400},
      {"bare CR in a value", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n", 400},
      {"NUL in a value", "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n"s, 400},
      {"no colon", get("/", "nonsense\r\n"), 400},
      {"empty name", get("/", ": x\r\n"), 400},
      {"name with space", get("/", "X Y: 1\r\n"), 400},
      {"two hosts", get("/", "Host: localhost\r\n"), 400},
      {"no host", "GET /health HTTP/1.1\r\n\r\n", 400},
      {"chunked in HTTP/1.0", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
  };
}

std::vector<Vector> request_lines() {
  return {
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"HTTP/3.0", "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 400},
      {"HTTP/0.9", "GET /\r\n\r\n", 400},
      {"lower case version", "GET / http/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"two spaces", "GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"space in the target", "GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"tab in the target", "GET /a\tb HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"octet over 127 in the target", "GET /\xc3\xa4 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"asterisk", get("*"), 400},
      {"authority", "CONNECT example.com:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"cut percent", get("/%4"), 400},
      {"bad percent", get("/%zz"), 400},
      {"NUL in the path", get("/api/v1/services/%00"), 400},
      {"CRLF in the path", get("/api/v1/services/a%0d%0aX:%201"), 400},
      {"no UTF-8 in the path", get("/api/v1/services/%ff"), 400},
      {"fragment", get("/health#x"), 400},
      {"TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s, 400},
      {"method with junk", "G(T / HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
  };
}

std::string many_fields(int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += "X: 1\r\n";
  return out;
}

std::vector<Vector> bodies() {
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  return {
      {"negative chunk", put(chunked, "-2\r\n{}\r\n0\r\n\r\n"), 400},
      {"overflowing chunk", put(chunked, "ffffffffffffffffff\r\n{}\r\n0\r\n\r\n"), 400},
      {"chunk size no number", put(chunked, "zz\r\n{}\r\n0\r\n\r\n"), 400},
      {"chunk with 0x", put(chunked, "0x2\r\n{}\r\n0\r\n\r\n"), 400},
      {"chunk longer than said", put(chunked, "1\r\n{}\r\n0\r\n\r\n"), 400},
      {"chunk line ends in LF", put(chunked, "2\n{}\n0\n\n"), 400},
      {"chunk over the limit", put(chunked, "fffffff\r\n"), 413},
      {"body over the limit", put("Content-Length: 65537\r\n", ""), 413},
      {"1 GB announced", put("Content-Length: 1073741824\r\n", "{"), 413},
      {"unknown expectation", put("Content-Length: 2\r\nExpect: 200-ok\r\n", ""), 417},
      {"header of 9 KiB", get("/", "X: " + std::string(9 << 10, 'a') + "\r\n"), 431},
      {"header without end", "GET / HTTP/1.1\r\nX: " + std::string(9 << 10, 'a'), 431},
      {"target of 9 KiB", get("/" + std::string(9 << 10, 'a')), 431},
      {"101 fields", get("/", many_fields(100)), 431},
  };
}

// A target that makes no sense ends its own request only; wherever the framing is in doubt, the connection ends.
TEST_F(Http, BadRequestsAreToldAndDoubtfulOnesCloseTheConnection) {
  serve();
  std::size_t count = 0;
  const auto judge = [&](const Vector& vector, bool framing) {
    SCOPED_TRACE(vector.name);
    ++count;
    Client client(port_);
    client.send(vector.octets + get("/health"));
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, vector.status);
    EXPECT_EQ(reply.header("content-type"), "application/problem+json");
    if (framing || reply.header("connection") == "close") {
      EXPECT_EQ(reply.header("connection"), "close");
      EXPECT_TRUE(client.closed()) << "nothing may be read as a second request";
    } else {
      EXPECT_EQ(client.read_reply().status, 200) << "the next request stands on its own";
    }
  };
  for (const auto& vector : smuggling()) judge(vector, true);
  for (const auto& vector : bodies()) judge(vector, true);
  for (const auto& vector : request_lines()) judge(vector, false);
  EXPECT_GE(count, 60U);
  EXPECT_EQ(call("GET", "/health").status, 200);
}

TEST_F(Http, KeepAliveAndPipeliningAnswerInOrder) {
  serve();
  Client client(port_);
  client.send(get("/health") + get("/nowhere") + "HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + get("/-/ready"));
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(client.read_reply().status, 404);
  const auto head = client.read_reply(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), "17");
  EXPECT_THAT(client.read_reply().body, HasSubstr("\"ready\":true"));
}

TEST_F(Http, OctetByOctetIsARequestToo) {
  serve();
  Client client(port_);
  for (const char c : put("Transfer-Encoding: chunked\r\n", "1;ext=1\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read_reply().status, 201);
}

// A chunk's header is read before its length is known: it must not be gathered without an end.
TEST_F(Http, EndlessChunkHeadersAndTrailersAreRefused) {
  serve();
  for (const std::string begin : {"2;x=", "0\r\nX: "}) {
    Client client(port_);
    client.send(put("Transfer-Encoding: chunked\r\n", begin));
    const std::string more(16 << 10, 'x');
    int sent = 0;
    while (sent < 64 && client.send(more)) ++sent;  // 1 MiB in all, of which 16 KiB are taken
    const auto reply = client.read_reply();
    EXPECT_EQ(reply.status, 400) << begin;
    EXPECT_THAT(reply.body, HasSubstr("headers too long"));
  }
}

TEST_F(Http, ConnectionCloseIsKept) {
  serve();
  Client client(port_);
  EXPECT_EQ(client.call("GET", "/health", {}, "Connection: close\r\n").header("connection"), "close");
  EXPECT_TRUE(client.closed());
  Client old(port_);
  old.send("GET /health HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_reply().status, 200);
  EXPECT_TRUE(old.closed());
}

TEST_F(Http, ExpectContinueIsAnswered) {
  serve();
  Client client(port_);
  client.send(put("Content-Length: 2\r\nExpect: 100-continue\r\n", ""));
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("HTTP/1.1 100 Continue"));
  client.send("{}");
  EXPECT_EQ(client.read_reply().status, 201);
  Client refused(port_);  // the body is never sent
  refused.send("PUT /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused.read_reply().status, 404);
  EXPECT_TRUE(refused.closed());
}

TEST_F(Http, SlowHeadersAndBodiesAreTold) {
  Options options;
  options.header_timeout = registry::Millis(50);
  options.body_timeout = registry::Millis(50);
  serve(options);
  Client header(port_);
  header.send("GET / HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(header.read_reply().status, 408);
  EXPECT_TRUE(header.closed());
  Client silent(port_);
  EXPECT_EQ(silent.read_reply().status, 408);
  Client body(port_);
  body.send(put("Content-Length: 2\r\n", "{"));
  EXPECT_EQ(body.read_reply().status, 408);
}

class SlowReader : public Http {
 protected:
  // A response that no socket buffer holds.
  void ask_for_much(Client& client) {
    make_namespace();
    std::string operations;
    for (int i = 0; i < 1000; ++i) {
      operations += std::string(i ? "," : "") + R"({"method":"PUT","path":"/api/v1/services/s.corp/instances/i)" +
                    std::to_string(i) + R"(","body":{"meta":{"text":")" + std::string(1000, 'x') + R"("}}})";
    }
    ASSERT_EQ(call("POST", "/api/v1/batch?return=minimal", R"({"operations":[)" + operations + "]}").status, 200);
    for (int i = 0; i < 8; ++i) client.start("GET", "/api/v1/services/s.corp/instances");
  }
};

TEST_F(SlowReader, IsServedAsLongAsItTakesSomething) {
  Options options;
  options.write_timeout = registry::Millis(1'000);
  serve(options);
  Client client(port_, Client::kSmallWindow);
  ask_for_much(client);
  for (int i = 0; i < 7; ++i) {
    ASSERT_EQ(client.read_some(1 << 20), 1U << 20);
    ::poll(nullptr, 0, 250);
  }
  for (int i = 0; i < 8; ++i) ASSERT_EQ(client.read_reply().json().at("instances").as_array().size(), 1000U);
}

TEST_F(SlowReader, IsDroppedWhenItTakesNothing) {
  Options options;
  options.write_timeout = registry::Millis(50);
  serve(options);
  Client client(port_, Client::kSmallWindow);
  ask_for_much(client);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (call("GET", "/metrics").body.find("dnsd_http_dropped_writes_total 1\n") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }
}

TEST_F(Http, IdleConnectionsEndInSilence) {
  Options options;
  options.idle_timeout = registry::Millis(50);
  serve(options);
  Client client(port_);
  EXPECT_EQ(client.call("GET", "/health").status, 200);
  EXPECT_TRUE(client.closed());
}

TEST_F(Http, ConnectionsOverTheLimitAreToldAndCounted) {
  Options options;
  options.max_connections = 2;
  serve(options);
  Client one(port_);
  Client two(port_);
  ASSERT_EQ(one.call("GET", "/health").status, 200);
  ASSERT_EQ(two.call("GET", "/health").status, 200);
  Client three(port_);
  const auto reply = three.read_reply();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "1");
  EXPECT_TRUE(three.closed());
  EXPECT_THAT(one.call("GET", "/metrics").body, HasSubstr("dnsd_http_connections_refused_total 1\n"));
  two.close();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (Client(port_).call("GET", "/health").status != 200) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(Http, SizeComesBeforeTheTokenAndTheTokenBeforeTheRest) {
  Options options;
  options.token = "s3cret";
  serve(options);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/corp", std::string(70'000, ' ')).status, 413);
  const auto refused = call("PUT", "/api/v1/namespaces/corp", "not json");
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(refused.header("www-authenticate"), "Bearer realm=\"dnsd\"");
  EXPECT_EQ(call("GET", "/nowhere").status, 401);
  EXPECT_EQ(call("GET", "/metrics").status, 401);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/corp", "not json", "Authorization: Bearer s3cret\r\n").status, 400);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/corp", "{}", "Authorization: Bearer s3cret\r\n").status, 201);
  for (const auto* path : {"/health", "/health/live", "/health/ready", "/-/healthy", "/-/ready"}) {
    EXPECT_EQ(call("GET", path).status, 200) << path;
  }
}

TEST_F(Http, ForeignHostsAndSitesAreRefused) {
  serve();
  Client client(port_);
  client.send("GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n");
  EXPECT_THAT(client.read_reply().body, HasSubstr("urn:dnsd:problem:host-not-allowed"));
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/corp", "{}", "Origin: http://evil.example\r\n").status, 403);
  EXPECT_EQ(call("PUT", "/api/v1/namespaces/corp", "{}", "Sec-Fetch-Site: cross-site\r\n").status, 403);
  EXPECT_EQ(call("GET", "/api/v1/namespaces/corp").status, 404);
}

TEST_F(Http, UnknownPathsMethodsAndParametersAreTold) {
  serve();
  EXPECT_EQ(call("GET", "/api/v1").status, 404);
  EXPECT_EQ(call("GET", "/api/v1/services/").status, 404);
  EXPECT_EQ(call("GET", "/api/v1/services/a/../b").status, 404);
  const auto method = call("POST", "/api/v1/services/worker.corp");
  EXPECT_EQ(method.status, 405);
  EXPECT_EQ(method.header("allow"), "GET, HEAD, PUT, DELETE");
  EXPECT_EQ(call("OPTIONS", "/api/v1/services").status, 405);
  const auto parameter = call("GET", "/api/v1/services?limitt=3");
  EXPECT_EQ(parameter.status, 400);
  EXPECT_THAT(parameter.body, HasSubstr("did you mean \\\"limit\\\"?"));
  EXPECT_EQ(call("GET", "/api/v1/services?limit=1&limit=2").status, 400);
  EXPECT_EQ(call("GET", "/api/v1/services?limit=0").status, 400);
  EXPECT_EQ(call("GET", "/api/v1/services?index=x").status, 400);
  EXPECT_EQ(call("GET", "/api/v1/services?index=1&wait=11m").status, 400);
}

TEST_F(Http, NothingButHealthAnswersBeforeTheStoreIsLoaded) {
  readiness_ = {};
  serve();
  EXPECT_EQ(call("GET", "/health").status, 200);
  EXPECT_EQ(call("GET", "/-/ready").status, 503);
  const auto reply = call("PUT", "/api/v1/namespaces/corp", "{}");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("retry-after"), "1");
}

TEST_F(Http, StopAnswersWhatIsHeldAndClosesWhatIsIdle) {
  serve();
  make_namespace();
  Client idle(port_);
  ASSERT_EQ(idle.call("GET", "/health").status, 200);
  Client held(port_);
  held.start("GET", "/api/v1/services?index=1&wait=10m");
  wait_for_watchers(1);
  std::promise<void> stopped;
  boost::asio::post(io_, [&] { server_->stop([&] { stopped.set_value(); }); });
  const auto reply = held.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("connection"), "close");
  EXPECT_TRUE(idle.closed());
  held.close();
  EXPECT_EQ(stopped.get_future().wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

}  // namespace
}  // namespace api
