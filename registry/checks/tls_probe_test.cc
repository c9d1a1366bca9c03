#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <boost/asio/ssl.hpp>
#include <fstream>
#include <mutex>

#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"

namespace registry::checks::test {
namespace {

namespace ssl = boost::asio::ssl;
using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long length = BIO_get_mem_data(bio, &data);
  std::string out(data, static_cast<std::size_t>(length));
  BIO_free(bio);
  return out;
}

// A self-signed certificate, made in memory; `names` as in openssl.cnf ("DNS:app.test,IP:127.0.0.1").
struct Certificate {
  explicit Certificate(const char* names, long valid_seconds = 3600) {
    EVP_PKEY* pair = EVP_EC_gen("P-256");
    X509* x509 = X509_new();
    X509_set_version(x509, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
    X509_gmtime_adj(X509_getm_notBefore(x509), -7200);
    X509_gmtime_adj(X509_getm_notAfter(x509), valid_seconds);
    X509_set_pubkey(x509, pair);
    X509_NAME* name = X509_get_subject_name(x509);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(x509, name);
    X509_EXTENSION* san = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, names);
    X509_add_ext(x509, san, -1);
    X509_EXTENSION_free(san);
    X509_sign(x509, pair, EVP_sha256());
    BIO* out = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(out, x509);
    pem = text_of(out);
    out = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(out, pair, nullptr, nullptr, 0, nullptr, nullptr);
    key = text_of(out);
    X509_free(x509);
    EVP_PKEY_free(pair);
  }
  std::string pem, key;
};

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

}  // namespace
}  // namespace registry::checks::test
