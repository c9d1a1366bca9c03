// Where no probe may go and no host name may lead: addresses that only this machine or its cloud answers on, and the
// server's own API. Without it, whoever may register an instance could make dnsd send requests there (SSRF).
// Judged on the address that is connected to, after resolution, never on a name. Immutable; any thread.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <vector>

#include "registry/basics.h"

namespace registry::checks {

class AddressPolicy {
 public:
  // `endpoints` are "127.0.0.1:8500" or "[::1]:8500"; the unspecified address stands for every address of this
  // machine. Throws std::invalid_argument on anything else: a fault of the configuration, found at the start.
  AddressPolicy(std::vector<Prefix> forbidden, const std::vector<std::string>& endpoints);

  // Why not ("169.254.169.254 is link-local"), or nothing when it is allowed.
  [[nodiscard]] std::optional<std::string> refuses(const boost::asio::ip::address& address) const;
  [[nodiscard]] std::optional<std::string> refuses(const boost::asio::ip::tcp::endpoint& endpoint) const;

 private:
  std::vector<Prefix> forbidden_;
  std::vector<boost::asio::ip::tcp::endpoint> own_;
};

[[nodiscard]] boost::asio::ip::address to_asio(const Ipv4& address);
[[nodiscard]] boost::asio::ip::address to_asio(const Ipv6& address);

}  // namespace registry::checks
