#include <gmock/gmock.h>

#include <boost/asio/ssl.hpp>
#include <fstream>
#include <mutex>

#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"
#include "registry/checks/test_certificate.h"

namespace registry::checks::test {
namespace {

namespace ssl = boost::asio::ssl;
using testing::HasSubstr;
using testing::StartsWith;

class TlsProbe : public testing::Test {
 protected:
  // Serves `response` with that certificate; remembers the server name that the client indicated.
  LoopbackServer::Talk serve(const Certificate& certificate, std::string response) {
    context_.use_certificate(boost::asio::buffer(certificate.pem), ssl::context::pem);
    context_.use_private_key(boost::asio::buffer(certificate.key), ssl::context::pem);
    return [this, response = std::move(response)](tcp::socket& socket) {
      ssl::stream<tcp::socket&> stream(socket, context_);
      boost::system::error_code error;
      stream.handshake(ssl::stream_base::server, error);
      if (error) return;
      const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
      {
        const std::lock_guard lock(mutex_);
        sni_ = name == nullptr ? "" : name;
      }
      std::string head;
      boost::asio::read_until(stream, boost::asio::dynamic_buffer(head, 8192), "\r\n\r\n", error);
      boost::asio::write(stream, boost::asio::buffer(response), error);
    };
  }
  std::string trust(const Certificate& certificate) {
    const std::string path = testing::TempDir() + "checks_tls_" + std::to_string(::getpid()) + ".pem";
    std::ofstream(path) << certificate.pem;
    return path;
  }
  std::string sni() {
    const std::lock_guard lock(mutex_);
    return sni_;
  }
  static CheckDef https_check() {
    CheckDef check = http_check();
    check.kind = CheckKind::https;
    return check;
  }

  ssl::context context_{ssl::context::tls_server};
  std::mutex mutex_;
  std::string sni_;
};

const std::string kFine = "HTTP/1.1 200 x\r\nContent-Length: 5\r\n\r\nready";

TEST_F(TlsProbe, AnUnknownIssuerFails) {
  const Certificate certificate("DNS:app.test,IP:127.0.0.1");
  LoopbackServer server(serve(certificate, kFine));
  const ProbeResult result = ask(https_check(), server.endpoint());
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.fault, Fault::tls);
  EXPECT_THAT(result.output, HasSubstr("self-signed"));
}

TEST_F(TlsProbe, SkippingVerificationAcceptsAnyCertificate) {
  const Certificate certificate("DNS:other.test", -3600);
  LoopbackServer server(serve(certificate, kFine));
  CheckDef check = https_check();
  check.http.tls_skip_verify = true;
  check.http.expect_body = "ready";
  const ProbeResult result = ask(check, server.endpoint());
  EXPECT_EQ(result.verdict, Verdict::ok) << result.output;
  EXPECT_EQ(result.output, "200 OK");
}

TEST_F(TlsProbe, TheCertificateMustBeForTheHostAndSniNamesIt) {
  const Certificate certificate("DNS:app.test");
  LoopbackServer server(serve(certificate, kFine));
  CheckDef check = https_check();
  check.http.host = "app.test:8443";
  const ProbeResult right = ask(check, server.endpoint(), trust(certificate));
  EXPECT_EQ(right.verdict, Verdict::ok) << right.output;
  EXPECT_EQ(sni(), "app.test");
  check.http.host = "else.test";
  const ProbeResult wrong = ask(check, server.endpoint(), trust(certificate));
  EXPECT_EQ(wrong.fault, Fault::tls);
  EXPECT_THAT(wrong.output, HasSubstr("mismatch"));
}

TEST_F(TlsProbe, WithoutAHostTheCertificateMustBeForTheAddressAndThereIsNoSni) {
  const Certificate certificate("IP:127.0.0.1");
  LoopbackServer server(serve(certificate, kFine));
  const ProbeResult right = ask(https_check(), server.endpoint(), trust(certificate));
  EXPECT_EQ(right.verdict, Verdict::ok) << right.output;
  EXPECT_EQ(sni(), "");
}

TEST_F(TlsProbe, TheHostNameOfAnInstanceIsWhatItsCertificateIsFor) {
  const Certificate certificate("DNS:h.example.test");
  LoopbackServer server(serve(certificate, kFine));
  InstanceDef named;
  named.host = "h.example.test";
  const ProbeResult result = ask(https_check(), server.endpoint(), trust(certificate), named);
  EXPECT_EQ(result.verdict, Verdict::ok) << result.output;
  EXPECT_EQ(sni(), "h.example.test");
}

TEST_F(TlsProbe, AnExpiredCertificateFails) {
  const Certificate certificate("IP:127.0.0.1", -3600);
  LoopbackServer server(serve(certificate, kFine));
  const ProbeResult result = ask(https_check(), server.endpoint(), trust(certificate));
  EXPECT_EQ(result.fault, Fault::tls);
  EXPECT_THAT(result.output, HasSubstr("expired"));
}

TEST_F(TlsProbe, ABodyThatEndsWithoutCloseNotifyIsComplete) {
  const Certificate certificate("IP:127.0.0.1");
  LoopbackServer server(serve(certificate, "HTTP/1.0 200 x\r\n\r\nready"));
  CheckDef check = https_check();
  check.http.expect_body = "ready";
  const ProbeResult result = ask(check, server.endpoint(), trust(certificate));
  EXPECT_EQ(result.verdict, Verdict::ok) << result.output;
}

TEST_F(TlsProbe, APlainServerFailsTheHandshake) {
  LoopbackServer plain([](tcp::socket& socket) {
    send(socket, "220 mail.example ESMTP\r\n");
    drain(socket);
  });
  const ProbeResult https = ask(https_check(), plain.endpoint());
  EXPECT_EQ(https.fault, Fault::tls);
  EXPECT_THAT(https.output, StartsWith("TLS: "));
  LoopbackServer closes([](tcp::socket& socket) {
    std::array<char, 16> some;
    socket.read_some(boost::asio::buffer(some));
  });
  EXPECT_NE(ask(https_check(), closes.endpoint()).verdict, Verdict::ok);
}

TEST_F(TlsProbe, AHandshakeThatHangsEndsAtTheTimeout) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  CheckDef check = https_check();
  check.timeout = Millis(100);
  EXPECT_EQ(ask(check, silent.endpoint()).fault, Fault::timeout);
}

TEST_F(TlsProbe, ATcpCheckWithTlsShakesHandsAndJudgesNoCertificate) {
  const Certificate certificate("DNS:whoever.test", -3600);
  LoopbackServer server(serve(certificate, kFine));
  CheckDef check = tcp_check();
  check.tcp.tls = true;
  const ProbeResult result = ask(check, server.endpoint());
  EXPECT_EQ(result.verdict, Verdict::ok) << result.output;
  EXPECT_EQ(result.output, "connected with TLS");
  LoopbackServer plain([](tcp::socket& socket) {
    send(socket, "SSH-2.0-OpenSSH_9.2\r\n");
    drain(socket);
  });
  EXPECT_EQ(ask(check, plain.endpoint()).fault, Fault::tls);
}

TEST_F(TlsProbe, ANameOfItsOwnIsWhatTheCertificateIsForAndTheHostHeaderStays) {
  const Certificate certificate("DNS:cert.test");
  LoopbackServer server(serve(certificate, kFine));
  CheckDef check = https_check();
  check.http.host = "virtual.test";
  check.http.tls_name = "cert.test";
  const ProbeResult result = ask(check, server.endpoint(), trust(certificate));
  EXPECT_EQ(result.verdict, Verdict::ok) << result.output;
  EXPECT_EQ(sni(), "cert.test");
}

TEST_F(TlsProbe, AConnectionServesTenQuickProbes) {
  const Certificate certificate("IP:127.0.0.1");
  context_.use_certificate(boost::asio::buffer(certificate.pem), ssl::context::pem);
  context_.use_private_key(boost::asio::buffer(certificate.key), ssl::context::pem);
  LoopbackServer server([this](tcp::socket& socket) {
    ssl::stream<tcp::socket&> stream(socket, context_);
    boost::system::error_code error;
    stream.handshake(ssl::stream_base::server, error);
    std::string heads;
    while (!error) {
      const std::size_t size =
          boost::asio::read_until(stream, boost::asio::dynamic_buffer(heads, 8192), "\r\n\r\n", error);
      heads.erase(0, size);
      if (!error) boost::asio::write(stream, boost::asio::buffer(kFine), error);
    }
  });
  CheckDef check = https_check();
  check.interval = Millis(500);
  Repeated probe(check, trust(certificate));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(probe.ask(server.endpoint()).output, "200 OK");
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(probe.ask(server.endpoint()).output, "200 OK");
  EXPECT_EQ(server.accepted(), 2);
}

TEST_F(TlsProbe, ANameThatNoCertificateCanBeForIsNotTakenForNoName) {
  const Certificate certificate("IP:127.0.0.1");
  LoopbackServer server(serve(certificate, kFine));
  CheckDef check = https_check();
  check.http.host = "[fe80::1%1]";
  const ProbeResult result = ask(check, server.endpoint(), trust(certificate));
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.output, "not probed: no certificate can be for fe80::1%1");
}

TEST_F(TlsProbe, TheDotOfTheRootIsNoPartOfAName) {
  const Certificate certificate("DNS:app.test");
  LoopbackServer server(serve(certificate, kFine));
  CheckDef check = https_check();
  check.http.tls_name = "app.test.";
  const ProbeResult result = ask(check, server.endpoint(), trust(certificate));
  EXPECT_EQ(result.verdict, Verdict::ok) << result.output;
  EXPECT_EQ(sni(), "app.test");
}

}  // namespace
}  // namespace registry::checks::test
