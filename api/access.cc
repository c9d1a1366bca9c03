#include "api/access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>

#include "api/problem.h"
#include "registry/names.h"

namespace api {
namespace {

// "host[:port]" or "[v6][:port]" -> host, folded, without brackets and trailing dot; "" when malformed.
std::string host_of(std::string_view authority) {
  std::string_view host = authority;
  std::string_view port;
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    if (end == std::string_view::npos) return {};
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (!port.empty() && !port.starts_with(':')) return {};
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty()) port.remove_prefix(1);
  if (port.size() > 5 || !std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; })) return {};
  if (host.ends_with('.')) host.remove_suffix(1);
  return registry::fold(host);
}

}  // namespace

AccessRules::AccessRules(const Options& options) {
  hosts_ = {"localhost", "127.0.0.1", "::1"};
  for (const auto& endpoint : options.listen) {
    hosts_.insert(registry::fold(endpoint.address));
    any_literal_ |= endpoint.address == "0.0.0.0" || endpoint.address == "::";
  }
  for (const auto& host : options.allowed_hosts) hosts_.insert(host_of(host));
  if (!options.token.empty()) token_ = digest(options.token);
}

AccessRules::Digest AccessRules::digest(std::string_view text) {
  Digest out;
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), out.data());
  return out;
}

bool AccessRules::is_ours(std::string_view authority, std::string_view also) const {
  const auto host = host_of(authority);
  if (host.empty()) return false;
  if (hosts_.contains(host) || host == host_of(also)) return true;
  return any_literal_ && (registry::parse_ipv4(host) || registry::parse_ipv6(host));
}

std::optional<Refusal> AccessRules::check_host(const Request& request, std::string_view authority,
                                               std::string_view also) const {
  const auto host = request.header("host");
  // HTTP/1.0 knows no Host; no browser speaks it.
  const bool absent_ok = request.http_1_0 && host.empty();
  const bool target_ok = authority.empty() || is_ours(authority, also);
  if (target_ok && (absent_ok || is_ours(host, also))) return std::nullopt;
  return refusal(http_problem::host_not_allowed, "the Host of this request is not a name of this server",
                 "add the name to [http] allowed_hosts");
}

std::optional<Refusal> AccessRules::check_token(const Request& request, std::string_view given) const {
  if (!token_) return std::nullopt;
  constexpr std::string_view kScheme = "bearer ";
  const auto header = request.header("authorization");
  if (header.size() > kScheme.size() && registry::fold(header.substr(0, kScheme.size())) == kScheme) {
    given = header.substr(kScheme.size());
    given.remove_prefix(std::min(given.find_first_not_of(' '), given.size()));
  }
  const auto hash = digest(given);
  if (CRYPTO_memcmp(hash.data(), token_->data(), hash.size()) == 0) return std::nullopt;
  return refusal(http_problem::unauthorized,
                 given.empty() ? "this server asks for a bearer token" : "the token is not the right one",
                 "curl -H \"Authorization: Bearer $(cat /etc/dnsd/token)\"; dnsctl reads DNSD_TOKEN_FILE");
}

std::optional<Refusal> AccessRules::check_origin(const Request& request) {
  const auto refuse = [] { return refusal(http_problem::forbidden, "requests from other sites' pages are refused"); };
  const auto site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") return refuse();
  const auto origin = request.header("origin");
  if (origin.empty()) return std::nullopt;
  const auto scheme_end = origin.find("://");
  if (scheme_end == std::string_view::npos) return refuse();  // "null" too
  // A page of another port of the same machine is another site.
  if (registry::fold(origin.substr(scheme_end + 3)) != registry::fold(request.header("host"))) return refuse();
  return std::nullopt;
}

}  // namespace api
