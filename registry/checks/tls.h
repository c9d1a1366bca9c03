// TLS for probes: the trusted roots are read once, and only if a check needs them. Probe thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <string>

#include "registry/checks/attempt.h"

namespace registry::checks {

// How one check wants it.
struct TlsChoice {
  boost::asio::ssl::context* context = nullptr;
  // What the certificate must be for and, unless it is an address, what SNI names (RFC 6066 section 3); "" = no SNI,
  // and where the certificate is verified it must be for the address itself.
  std::string name;
  bool verify = false;
  std::string alpn;  // the one protocol that is offered and must be agreed on (RFC 7301); "" = none is offered
};

class TlsContexts {
 public:
  [[nodiscard]] TlsChoice choose(std::string name, bool skip_verify, std::string alpn = {});

  // `ca_file`: further trusted roots in PEM beside the system's (which SSL_CERT_FILE replaces); "" = none.
  explicit TlsContexts(std::string ca_file) : ca_file_(std::move(ca_file)) {}

  [[nodiscard]] boost::asio::ssl::context& verifying();
  [[nodiscard]] boost::asio::ssl::context& trusting();  // any certificate

 private:
  std::string ca_file_;
  std::optional<boost::asio::ssl::context> verifying_;
  std::optional<boost::asio::ssl::context> trusting_;
};

using TlsStream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>;

// An open connection between two probes. `tls` is built on `socket`, so it goes first.
struct TlsConnection {
  std::unique_ptr<boost::asio::ip::tcp::socket> socket;
  std::unique_ptr<TlsStream> tls;  // null = plain
};

// Shakes hands on the attempt's connected socket. Returns nothing when it worked.
boost::asio::awaitable<std::optional<ProbeResult>> shake_hands(TlsStream& stream, Attempt& attempt,
                                                               const TlsChoice& choice);

}  // namespace registry::checks
