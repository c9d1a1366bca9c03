// The request of an HTTP check as octets that cannot become another one. Pure.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "registry/definition.h"

namespace registry::checks {

using HttpRequest = boost::beast::http::request<boost::beast::http::empty_body>;

// As the definition has it, or why it cannot be sent: nothing of a definition may begin a line of its own.
[[nodiscard]] std::expected<HttpRequest, std::string> build_request(const HttpProbe& def, const std::string& authority);

// "10.0.0.9:8080" or "[::1]"; for an instance with a host name that name. The scheme's own port is left out.
[[nodiscard]] std::string authority_of(std::string_view host_name, const boost::asio::ip::tcp::endpoint& target,
                                       std::uint16_t default_port);

[[nodiscard]] std::string without_port(std::string_view authority);  // and without the brackets of IPv6

// Octets from `lowest` on, without DEL.
[[nodiscard]] bool is_plain(std::string_view text, char lowest);

}  // namespace registry::checks
