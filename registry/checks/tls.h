// TLS for probes: the trusted roots are read once, and only if a check needs them. Probe thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <optional>
#include <string>

#include "registry/checks/attempt.h"

namespace registry::checks {

class TlsContexts {
 public:
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

// Shakes hands on the attempt's connected socket. `name` is what the certificate must be for and, unless it is an
// address, what SNI names (RFC 6066 section 3); "" = no SNI, and a verifying context then wants the address itself.
// Returns nothing when it worked.
boost::asio::awaitable<std::optional<ProbeResult>> shake_hands(TlsStream& stream, Attempt& attempt, std::string name,
                                                               bool verify);

}  // namespace registry::checks
