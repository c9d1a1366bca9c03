#include <gmock/gmock.h>

#include <atomic>
#include <boost/asio/ssl.hpp>
#include <fstream>

#include "registry/checks/grpc_session.h"
#include "registry/checks/grpc_test_server.h"
#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"
#include "registry/checks/test_certificate.h"

namespace registry::checks::test {
namespace {

namespace ssl = boost::asio::ssl;
using testing::HasSubstr;

CheckDef grpc_check(std::string service = {}) {
  CheckDef check;
  check.name = "grpc";
  check.kind = CheckKind::grpc;
  check.grpc.service = std::move(service);
  check.timeout = kPatience;
  return check;
}

LoopbackServer::Talk answering(GrpcTestConnection::Answer answer) {
  return [answer = std::move(answer)](tcp::socket& socket) { GrpcTestConnection(answer).serve(socket); };
}

LoopbackServer::Talk always(GrpcAnswer answer) {
  return answering([answer](const GrpcTestConnection::Asked&) { return answer; });
}

TEST(GrpcReply, AHealthRequestIsALengthPrefixedMessageWithTheName) {
  EXPECT_EQ(health_request(""), std::string(5, '\0'));
  EXPECT_EQ(health_request("ab"), std::string("\0\0\0\0\4\x0a\2ab", 9));
  const std::string name(200, 'x');
  EXPECT_EQ(health_request(name), std::string("\0\0\0\0\xcb\x0a\xc8\1", 8) + name);
}

TEST(GrpcReply, ReadsTheStatusAmongFieldsThatItDoesNotKnow) {
  const auto framed = [](std::string message) {
    return std::string("\0\0\0\0", 4) + static_cast<char>(message.size()) + message;
  };
  EXPECT_EQ(health_status(framed("")), 0U) << "the default";
  EXPECT_EQ(health_status(framed("\x08\x01")), 1U);
  EXPECT_EQ(health_status(framed("\x08\x02\x08\x01")), 1U) << "the last one counts";
  EXPECT_EQ(health_status(framed("\x08\xac\x02")), 300U);
  EXPECT_EQ(health_status(framed("\x12\x02xx\x08\x01")), 1U);
  EXPECT_EQ(health_status(framed("\x11"
                                 "12345678"
                                 "\x08\x01\x15"
                                 "1234")),
            1U);
  for (const std::string& bad :
       {std::string(), std::string(4, '\0'), std::string("\1\0\0\0\2\x08\1", 7), std::string("\0\0\0\0\3\x08\1", 7),
        framed("\x08"), framed("\x08\xff"), framed("\x12\x09x"), framed("\x0b"), framed(std::string("\0\1", 2)),
        framed("\x08" + std::string(11, '\xff')), std::string("\0\xff\xff\xff\xff\x08\1", 7)}) {
    EXPECT_FALSE(health_status(bad)) << testing::PrintToString(bad);
  }
}

TEST(GrpcProbe, JudgesWhatTheHealthServiceSays) {
  const struct {
    GrpcAnswer answer;
    Verdict verdict;
    std::string_view output;
  } kCases[] = {
      {{.body = health_response(1)}, Verdict::ok, "SERVING"},
      {{.body = health_response(2)}, Verdict::failed, "NOT_SERVING"},
      {{.body = health_response(3)}, Verdict::failed, "SERVICE_UNKNOWN"},
      {{.body = std::string(5, '\0')}, Verdict::failed, "UNKNOWN"},
      {{.body = "nonsense"}, Verdict::failed, "not a valid HealthCheckResponse"},
      {{.grpc_status = "5"}, Verdict::failed, "NOT_FOUND: the server does not know this service"},
      {{.grpc_status = "12"}, Verdict::failed, "UNIMPLEMENTED: the server has no grpc.health.v1.Health"},
      {{.grpc_status = "14"}, Verdict::failed, "UNAVAILABLE"},
      {{.grpc_status = "99"}, Verdict::failed, "an unknown status"},
      {{.body = health_response(1), .grpc_status = ""}, Verdict::failed, "the reply has no grpc-status"},
      {{.http_status = "404", .grpc_status = ""}, Verdict::failed, "HTTP 404, not gRPC"},
      {{.reset = true}, Verdict::failed, "HTTP/2: REFUSED_STREAM"},
  };
  for (const auto& c : kCases) {
    LoopbackServer server(always(c.answer));
    const ProbeResult result = ask(grpc_check(), server.endpoint());
    EXPECT_EQ(result.verdict, c.verdict) << c.output;
    EXPECT_EQ(result.output, c.output);
  }
}

TEST(GrpcProbe, AsksForTheServiceAsAGrpcClientDoes) {
  GrpcTestConnection::Asked asked;
  std::atomic<bool> seen{false};
  LoopbackServer server(answering([&](const GrpcTestConnection::Asked& now) {
    asked = now;
    seen = true;
    return GrpcAnswer{.body = health_response(1)};
  }));
  EXPECT_EQ(ask(grpc_check("shop.Cart"), server.endpoint()).output, "SERVING");
  ASSERT_TRUE(seen);
  EXPECT_EQ(asked.headers[":method"], "POST");
  EXPECT_EQ(asked.headers[":path"], "/grpc.health.v1.Health/Check");
  EXPECT_EQ(asked.headers[":scheme"], "http");
  EXPECT_EQ(asked.headers[":authority"], "127.0.0.1:" + std::to_string(server.endpoint().port()));
  EXPECT_EQ(asked.headers["content-type"], "application/grpc");
  EXPECT_EQ(asked.headers["te"], "trailers");
  EXPECT_EQ(asked.headers["grpc-timeout"], "20000m");
  EXPECT_EQ(asked.body, health_request("shop.Cart"));
}

TEST(GrpcProbe, ATargetThatDoesNotSpeakHttp2Fails) {
  LoopbackServer page([](tcp::socket& socket) {
    send(socket, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    drain(socket);
  });
  const ProbeResult result = ask(grpc_check(), page.endpoint());
  EXPECT_EQ(result.fault, Fault::status);
  EXPECT_EQ(result.output, "not a valid HTTP/2 reply");
  const ClosedPort closed;
  EXPECT_EQ(ask(grpc_check(), closed.endpoint()).fault, Fault::refused);
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  CheckDef check = grpc_check();
  check.timeout = Millis(100);
  EXPECT_EQ(ask(check, silent.endpoint()).fault, Fault::timeout);
}

TEST(GrpcProbe, AReplyWithoutEndIsCutOff) {
  GrpcSession session;
  session.ask({"a.test", "http", "", kPatience});
  const std::string settings("\0\0\0\4\0\0\0\0\0", 9), ping(
                                                           "\0\0\x08\6\0\0\0\0\0"
                                                           "12345678",
                                                           17);
  ASSERT_TRUE(session.receive(settings));
  int pings = 0;
  while (session.receive(ping) && pings < 100'000) {
    ++pings;
    (void)session.take_output();
  }
  EXPECT_LT(pings, 4'000) << "64 KiB are enough for one answer";
}

TEST(GrpcProbe, HeadersWithoutEndAreCutOff) {
  LoopbackServer server(always({.body = health_response(1), .padding = std::string(9'000, 'x')}));
  const ProbeResult result = ask(grpc_check(), server.endpoint());
  EXPECT_EQ(result.fault, Fault::status);
  EXPECT_EQ(result.output, "sent more than 8192 octets of headers");
}

CheckDef quick_grpc() {
  CheckDef check = grpc_check();
  check.interval = Millis(500);
  return check;
}

TEST(GrpcProbe, AConnectionServesTenQuickProbes) {
  LoopbackServer server(always({.body = health_response(1)}));
  Repeated probe(quick_grpc());
  for (int i = 0; i < 10; ++i) EXPECT_EQ(probe.ask(server.endpoint()).output, "SERVING");
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(probe.ask(server.endpoint()).output, "SERVING");
  EXPECT_EQ(server.accepted(), 2);
}

TEST(GrpcProbe, AServerThatSaidGoodbyeMeanwhileIsNoFailure) {
  LoopbackServer server([](tcp::socket& socket) {
    GrpcTestConnection([](const auto&) { return GrpcAnswer{.body = health_response(1)}; }).serve(socket, 1);
  });
  Repeated probe(quick_grpc());
  for (int i = 1; i <= 3; ++i) {
    const ProbeResult result = probe.ask(server.endpoint());
    EXPECT_EQ(result.output, "SERVING");
    EXPECT_EQ(server.accepted(), i);
  }
}

class GrpcOverTls : public testing::Test {
 protected:
  // Agrees on the protocol that the client offers only if it is `speaks`.
  LoopbackServer::Talk serve(const Certificate& certificate, const char* speaks) {
    context_.use_certificate(boost::asio::buffer(certificate.pem), ssl::context::pem);
    context_.use_private_key(boost::asio::buffer(certificate.key), ssl::context::pem);
    SSL_CTX_set_alpn_select_cb(
        context_.native_handle(),
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned in_size,
           void* wanted) {
          const std::string_view word = static_cast<const char*>(wanted);
          const std::string_view offered(reinterpret_cast<const char*>(in), in_size);
          if (offered.size() < 1 || offered.substr(1) != word) return SSL_TLSEXT_ERR_NOACK;
          *out = in + 1;
          *size = static_cast<unsigned char>(word.size());
          return SSL_TLSEXT_ERR_OK;
        },
        const_cast<char*>(speaks));
    return [this](tcp::socket& socket) {
      ssl::stream<tcp::socket&> stream(socket, context_);
      boost::system::error_code error;
      stream.handshake(ssl::stream_base::server, error);
      if (error) return;
      GrpcTestConnection([](const auto&) { return GrpcAnswer{.body = health_response(1)}; }).serve(stream);
    };
  }
  static CheckDef check() {
    CheckDef check = quick_grpc();
    check.grpc.tls = true;
    return check;
  }
  ssl::context context_{ssl::context::tls_server};
};

TEST_F(GrpcOverTls, AgreesOnHttp2AndKeepsTheConnection) {
  const Certificate certificate("DNS:app.test");
  LoopbackServer server(serve(certificate, "h2"));
  const std::string trusted = testing::TempDir() + "checks_grpc_" + std::to_string(::getpid()) + ".pem";
  std::ofstream(trusted) << certificate.pem;
  CheckDef named = check();
  named.grpc.tls_name = "app.test";
  Repeated probe(named, trusted);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(probe.ask(server.endpoint()).output, "SERVING");
  EXPECT_EQ(server.accepted(), 1);
  const ProbeResult unnamed = ask(check(), server.endpoint(), trusted);
  EXPECT_EQ(unnamed.fault, Fault::tls) << "the certificate is for a name, not for the address";
}

TEST_F(GrpcOverTls, AServerWithoutHttp2Fails) {
  const Certificate certificate("IP:127.0.0.1");
  LoopbackServer server(serve(certificate, "http/1.1"));
  CheckDef trusting = check();
  trusting.grpc.tls_skip_verify = true;
  const ProbeResult result = ask(trusting, server.endpoint());
  EXPECT_EQ(result.fault, Fault::tls);
  EXPECT_THAT(result.output, HasSubstr("h2"));
}

}  // namespace
}  // namespace registry::checks::test
