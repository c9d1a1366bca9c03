#include "registry/checks/tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/ssl/error.hpp>
#include <string_view>

#include "registry/checks/outcome.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

void prepare(SSL* handle, const TlsChoice& choice, const std::string& address) {
  const std::string& name = choice.name;
  error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  const bool named = !name.empty() && not_an_address;
  if (named) SSL_set_tlsext_host_name(handle, name.c_str());
  if (!choice.alpn.empty()) {
    const std::string wire = static_cast<char>(choice.alpn.size()) + choice.alpn;
    SSL_set_alpn_protos(handle, reinterpret_cast<const unsigned char*>(wire.data()),
                        static_cast<unsigned>(wire.size()));
  }
  if (!choice.verify) return;
  X509_VERIFY_PARAM* param = SSL_get0_param(handle);
  if (named) {
    X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(param, name.empty() ? address.c_str() : name.c_str());
  }
}

bool agreed(const SSL* handle, const std::string& alpn) {
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(handle, &chosen, &length);
  return std::string_view(reinterpret_cast<const char*>(chosen), length) == alpn;
}

}  // namespace

ssl::context& TlsContexts::verifying() {
  if (!verifying_) {
    verifying_.emplace(ssl::context::tls_client);
    error_code ignored;  // roots that cannot be read make each handshake fail with OpenSSL's own words
    verifying_->set_default_verify_paths(ignored);
    if (!ca_file_.empty()) verifying_->load_verify_file(ca_file_, ignored);
    verifying_->set_verify_mode(ssl::verify_peer);
  }
  return *verifying_;
}

ssl::context& TlsContexts::trusting() {
  if (!trusting_) {
    trusting_.emplace(ssl::context::tls_client);
    trusting_->set_verify_mode(ssl::verify_none);
  }
  return *trusting_;
}

asio::awaitable<std::optional<ProbeResult>> shake_hands(TlsStream& stream, Attempt& attempt, const TlsChoice& choice) {
  error_code ignored;  // a flight of several writes shall not wait for the peer's acknowledgement of the first
  attempt.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  prepare(stream.native_handle(), choice, attempt.target().address().to_string());
  auto [error] = co_await stream.async_handshake(ssl::stream_base::client, kAwait);
  if (!error && !agreed(stream.native_handle(), choice.alpn)) {
    co_return failed(Fault::tls, fmt::format("TLS: the server does not speak {} (ALPN)", choice.alpn));
  }
  if (!error) co_return std::nullopt;
  if (error == asio::error::eof || error == ssl::error::stream_truncated) {
    co_return failed(Fault::tls, "TLS: connection closed during the handshake");
  }
  const long verdict = SSL_get_verify_result(stream.native_handle());
  if (choice.verify && verdict != X509_V_OK && error.category() == asio::error::get_ssl_category()) {
    co_return failed(Fault::tls, fmt::format("TLS: {}", X509_verify_cert_error_string(verdict)));
  }
  co_return attempt.failure(error);
}

}  // namespace registry::checks
