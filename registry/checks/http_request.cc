#include "registry/checks/http_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/beast/http.hpp>

#include "registry/text.h"

namespace registry::checks {

namespace http = boost::beast::http;

bool is_plain(std::string_view text, char lowest) {
  return std::ranges::all_of(text, [lowest](char c) {
    const auto octet = static_cast<std::uint8_t>(c);
    return (octet >= static_cast<std::uint8_t>(lowest) && octet != 0x7f) || c == '\t';
  });
}

std::expected<HttpRequest, std::string> build_request(const HttpProbe& def, const std::string& authority) {
  if (!is_token(def.method)) return std::unexpected("the method is not a token");
  if (!def.path.starts_with('/') || !is_plain(def.path, '!') || def.path.find('\t') != def.path.npos) {
    return std::unexpected("the path does not begin with / or holds a space");
  }
  HttpRequest request;
  request.version(11);
  request.method_string(def.method);
  request.target(def.path);
  const std::string& host = def.host.empty() ? authority : def.host;
  if (!is_plain(host, '!')) return std::unexpected("the host holds a space or a control character");
  request.set(http::field::host, host);
  request.set(http::field::user_agent, "dnsd-check");
  request.set(http::field::accept, "*/*");
  for (const auto& [name, value] : def.headers) {
    if (!is_token(name) || !is_plain(value, ' '))
      return std::unexpected(fmt::format("header \"{}\" is malformed", name));
    request.set(name, value);
  }
  for (const auto framing : {http::field::content_length, http::field::transfer_encoding, http::field::connection}) {
    request.erase(framing);  // ours: there is no body, and whether another request follows is not theirs to say
  }
  request.prepare_payload();
  return request;
}

std::string authority_of(std::string_view host_name, const boost::asio::ip::tcp::endpoint& target,
                         std::uint16_t default_port) {
  const auto& address = target.address();
  std::string host = !host_name.empty() ? std::string(host_name)
                     : address.is_v6()  ? fmt::format("[{}]", address.to_string())
                                        : address.to_string();
  if (target.port() != default_port) host += fmt::format(":{}", target.port());
  return host;
}

std::string without_port(std::string_view authority) {
  if (authority.starts_with('[')) return std::string(authority.substr(1, authority.find(']') - 1));
  return std::string(authority.substr(0, authority.find(':')));
}

}  // namespace registry::checks
