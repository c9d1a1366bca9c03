#include "registry/checks/tls.h"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <boost/asio/ssl/error.hpp>
#include <string_view>
#include <utility>

#include "registry/checks/outcome.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

// False when the name is none that a certificate could be for, such as an address with a zone: to go on would verify
// the issuer alone.
bool prepare(SSL* handle, const TlsChoice& choice, const std::string& address) {
  const std::string& name = choice.name;
  error_code not_an_address;
  asio::ip::make_address(name, not_an_address);
  const bool named = !name.empty() && not_an_address;
  if (named && SSL_set_tlsext_host_name(handle, name.c_str()) != 1) return false;
  if (!choice.alpn.empty()) {
    const std::string wire = static_cast<char>(choice.alpn.size()) + choice.alpn;
    if (SSL_set_alpn_protos(handle, reinterpret_cast<const unsigned char*>(wire.data()),
                            static_cast<unsigned>(wire.size())) != 0) {
      return false;
    }
  }
  if (!choice.verify) return true;
  X509_VERIFY_PARAM* param = SSL_get0_param(handle);
  if (named) return X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1;
  return X509_VERIFY_PARAM_set1_ip_asc(param, name.empty() ? address.c_str() : name.c_str()) == 1;
}

bool agreed(const SSL* handle, const std::string& alpn) {
  const unsigned char* chosen = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(handle, &chosen, &length);
  return std::string_view(reinterpret_cast<const char*>(chosen), length) == alpn;
}

}  // namespace

// The dot of the root belongs neither into SNI (RFC 6066 3) nor into a certificate.
TlsChoice TlsContexts::choose(std::string name, bool skip_verify, std::string alpn) {
  if (name.ends_with('.')) name.pop_back();
  return {skip_verify ? &trusting() : &verifying(), std::move(name), !skip_verify, std::move(alpn)};
}

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
  if (!prepare(stream.native_handle(), choice, attempt.target().address().to_string())) {
    co_return not_probed(fmt::format("no certificate can be for {}", choice.name));
  }
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
