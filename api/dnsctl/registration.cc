#include "api/dnsctl/registration.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <charconv>
#include <utility>

#include "registry/basics.h"
#include "registry/names.h"

namespace ctl {
namespace {

namespace json = boost::json;
using Done = std::expected<void, std::string>;

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

struct Split {
  std::string_view left, right;
  bool found = false;
};
Split split_at(std::string_view text, char c) {
  const auto at = text.find(c);
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

struct Place {
  std::string host;
  std::optional<std::uint16_t> port;
};

std::expected<Place, std::string> split_endpoint(std::string_view text) {
  const auto wrong = std::unexpected(
      fmt::format("\"{}\" is not an address; write 10.0.1.7:9000, [fd00::7]:9000, a host name or auto", text));
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return wrong;
    Place place{std::string(text.substr(1, end - 1)), std::nullopt};
    const auto rest = text.substr(end + 1);
    if (rest.empty()) return place;
    if (!rest.starts_with(':')) return wrong;
    place.port = parse_port(rest.substr(1));
    return place.port ? std::expected<Place, std::string>(place) : wrong;
  }
  if (text.empty() || std::ranges::count(text, ':') > 1) {  // IPv6 without brackets has no port
    return text.empty() ? std::expected<Place, std::string>(wrong) : Place{std::string(text), std::nullopt};
  }
  const auto [host, port, has_port] = split_at(text, ':');
  Place place{std::string(host), has_port ? parse_port(port) : std::nullopt};
  if (host.empty() || (has_port && !place.port)) return wrong;
  return place;
}

// The same endpoint gives the same id, so that registering twice is registering once.
std::string id_of(const Place& place) {
  auto text = place.port ? fmt::format("{}-{}", place.host, *place.port) : place.host;
  std::ranges::replace_if(
      text, [](char c) { return c == '.' || c == ':'; }, '-');
  return registry::label_for_id(text);
}

Done put_pairs(json::object& body, std::string_view member, const std::vector<std::string>& flags) {
  if (flags.empty()) return {};
  json::object pairs;
  for (const auto& flag : flags) {
    const auto [key, value, found] = split_at(flag, '=');
    if (!found || key.empty()) return std::unexpected(fmt::format("--{} wants key=value, not \"{}\"", member, flag));
    if (pairs.contains(key)) return std::unexpected(fmt::format("--{} {} is given twice", member, key));
    pairs[key] = value;
  }
  body[member] = std::move(pairs);
  return {};
}

Done put_ports(json::object& body, const std::vector<std::string>& flags) {
  json::object ports;
  for (const auto& flag : flags) {
    const auto [name, number, found] = split_at(flag, '=');
    const auto port = parse_port(number);
    if (!found || name.empty() || !port) {
      return std::unexpected(fmt::format("--named-port wants name=port, not \"{}\"", flag));
    }
    ports[name] = *port;
  }
  if (!ports.empty()) body["ports"] = std::move(ports);
  return {};
}

std::expected<json::object, std::string> parse_check_kind(std::string_view text) {
  const auto [kind, argument, has_argument] = split_at(text, ':');
  json::object check;
  if (kind == "http" || kind == "https") {
    const auto slash = std::min(argument.find('/'), argument.size());
    const auto path = slash == argument.size() ? std::string_view("/") : argument.substr(slash);
    if (slash == 0 || argument.empty()) {
      check[kind] = path;
      return check;
    }
    const auto port = parse_port(argument.substr(0, slash));
    if (!port) return std::unexpected(fmt::format("\"{}\": write {}:/path or {}:PORT/path", text, kind, kind));
    check[kind] = {{"path", path}, {"port", *port}};
    return check;
  }
  if (kind == "tcp") {
    if (!has_argument) {
      check["tcp"] = true;
      return check;
    }
    const auto port = parse_port(argument);
    if (!port) return std::unexpected(fmt::format("\"{}\": write tcp or tcp:PORT", text));
    check["tcp"] = {{"port", *port}};
    return check;
  }
  if (kind == "grpc" && !has_argument) {  // the server as a whole
    check["grpc"] = true;
    return check;
  }
  static constexpr std::pair<std::string_view, std::string_view> kWithArgument[] = {{"heartbeat", "heartbeat:30s"},
                                                                                    {"grpc", "grpc or grpc:SERVICE"},
                                                                                    {"dns", "dns:NAME"},
                                                                                    {"alias", "alias:SERVICE"}};
  for (const auto& [name, form] : kWithArgument) {
    if (kind != name) continue;
    if (argument.empty()) return std::unexpected(fmt::format("\"{}\": write {}", text, form));
    check[kind] = argument;
    return check;
  }
  return std::unexpected(fmt::format(
      "\"{}\" is no check; write http:/path, https:/path, tcp, grpc:SERVICE, dns:NAME, heartbeat:30s or alias:SERVICE",
      text));
}

Done put_check_option(json::object& check, std::string_view option) {
  const auto [key, value, found] = split_at(option, '=');
  static constexpr std::string_view kTexts[] = {"name", "interval", "timeout", "family"};
  static constexpr std::string_view kNumbers[] = {"rise", "fall", "ok"};
  if (found && std::ranges::find(kTexts, key) != std::end(kTexts)) {
    check[key] = value;
    return {};
  }
  if (found && std::ranges::find(kNumbers, key) != std::end(kNumbers)) {
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc{} && end == value.data() + value.size()) {
      check[key] = number;
      return {};
    }
  }
  return std::unexpected(
      fmt::format("\"{}\" is no option of a check; one of name= interval= timeout= rise= fall= ok= family=", option));
}

Done put_checks(json::object& body, const std::vector<std::string>& flags) {
  json::array checks;
  for (const auto& flag : flags) {
    auto check = parse_check_flag(flag);
    if (!check) return std::unexpected(check.error());
    checks.push_back(*std::move(check));
  }
  if (!checks.empty()) body["checks"] = std::move(checks);
  return {};
}

void put_place(json::object& body, const Place& place) {
  const bool literal = registry::parse_ipv4(place.host) || registry::parse_ipv6(place.host);
  body[literal || place.host == "auto" ? "address" : "host"] = place.host;
  if (place.port) body["port"] = *place.port;
}

void put_scalars(json::object& body, const RegistrationFlags& flags) {
  const auto put = [&](std::string_view member, const auto& value) {
    if (value) body[member] = *value;
  };
  put("lease", flags.lease);
  put("zone", flags.zone);
  put("node", flags.node);
  put("protocol", flags.protocol);
  put("deregister_after", flags.deregister_after);
  put("weight", flags.weight);
  put("priority", flags.priority);
  if (!flags.tags.empty()) body["tags"] = json::array(flags.tags.begin(), flags.tags.end());
}

}  // namespace

std::expected<json::object, std::string> parse_check_flag(std::string_view text) {
  auto [kind, options, has_options] = split_at(text, ',');
  auto check = parse_check_kind(kind);
  while (check && has_options) {
    const auto [option, rest, more] = split_at(options, ',');
    if (auto done = put_check_option(*check, option); !done) return std::unexpected(done.error());
    options = rest;
    has_options = more;
  }
  return check;
}

std::expected<Registration, std::string> make_registration(const RegistrationFlags& flags) {
  const auto place = split_endpoint(flags.endpoint);
  if (!place) return std::unexpected(place.error());
  Registration registration{flags.id.empty() ? id_of(*place) : flags.id, {}};
  auto& body = registration.body;
  put_place(body, *place);
  put_scalars(body, flags);
  auto done = put_ports(body, flags.ports);
  if (done) done = put_pairs(body, "meta", flags.meta);
  if (done) done = put_checks(body, flags.checks);
  if (!done) return std::unexpected(done.error());
  return registration;
}

}  // namespace ctl
