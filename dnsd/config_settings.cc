#include "dnsd/config_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "dnsd/config_setters.h"
#include "dnsd/wire/writer.h"
#include "registry/validate.h"

namespace dnsd::config {
namespace {

constexpr std::size_t kTxtString = 255;  // RFC 1035 3.3

Complaint set_store_kind(Config& config, const Value& value) {
  if (value.text == "etcd") return "the store \"etcd\" is not built into this version; use \"sqlite\" or \"memory\"";
  return choice<StoreKind>([](Config & c) -> auto& { return c.store.kind; },
                           {{"sqlite", StoreKind::sqlite}, {"memory", StoreKind::memory}})(config, value);
}

Complaint set_store_path(Config& config, const Value& value) {
  if (value.text.empty()) return "the path of the data folder is empty";
  config.store.path = value.base / value.text;
  return std::nullopt;
}

// One line of visible ASCII, as a header can carry it (RFC 6750 2.1); blanks and the newline around it are not part.
std::expected<std::string, std::string> read_line_of(const std::filesystem::path& path, std::string_view what,
                                                     std::size_t most) {
  std::ifstream file(path, std::ios::binary);
  std::string line(most + 1, '\0');
  file.read(line.data(), static_cast<std::streamsize>(line.size()));
  line.resize(static_cast<std::size_t>(file.gcount()));
  const auto wrong = [&](std::string_view why) {
    return std::unexpected(fmt::format("the {} file {} {}", what, path.string(), why));
  };
  if (!file.eof() && line.size() <= most) {
    return std::unexpected(fmt::format("cannot read the {} file {}", what, path.string()));
  }
  if (line.size() > most) return wrong(fmt::format("is longer than {} octets", most));
  const auto first = line.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return wrong("is empty");
  line = line.substr(first, line.find_last_not_of(" \t\r\n") + 1 - first);
  if (std::ranges::any_of(line, [](char c) { return c < '!' || c > '~'; })) {
    return wrong("must hold one line of visible ASCII characters");
  }
  return line;
}

Complaint set_token_file(Config& config, const Value& value) {
  auto token = read_line_of(value.base / value.text, "token", kMaxTokenFile);
  if (!token) return std::move(token.error());
  config.http.token = *std::move(token);
  return std::nullopt;
}

Complaint set_secret_key_file(Config& config, const Value& value) {
  auto secret = read_line_of(value.base / value.text, "secret key", kMaxSecretFile);
  if (!secret) return std::move(secret.error());
  config.http.cloudmap.secret_key = *std::move(secret);
  return std::nullopt;
}

// As AWS has them: visible, without the slash that ends it in a credential.
Complaint set_access_key_id(Config& config, const Value& value) {
  const bool good =
      std::ranges::all_of(value.text, [](char c) { return c >= '!' && c <= '~' && c != '/' && c != ','; });
  if (!good || value.text.size() > kMaxAccessKeyId) {
    return fmt::format("an access key id is at most {} visible ASCII characters without '/' and ','", kMaxAccessKeyId);
  }
  config.http.cloudmap.access_key_id = value.text;
  return std::nullopt;
}

Complaint set_endpoint(Config& config, const Value& value) {
  config.cloudmap_endpoint.reset();
  if (value.text.empty()) return std::nullopt;
  auto name = registry::DomainName::parse(value.text);
  if (!name) return fmt::format("\"{}\" is not a domain name: {}", value.text, name.error());
  config.cloudmap_endpoint = *std::move(name);
  return std::nullopt;
}

// As a Host header can name it.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 253 && text.find_first_of(" /@") == std::string_view::npos;
}

Complaint set_allowed_host(Config& config, const Value& value) {
  if (!is_host(value.text)) return fmt::format("\"{}\" is not a host name", value.text);
  config.http.allowed_hosts.push_back(value.text);
  return std::nullopt;
}

Complaint set_envoy_cluster(Config& config, const Value& value) {
  if (!is_host(value.text)) return fmt::format("\"{}\" cannot be a Host, which Envoy makes of it", value.text);
  config.http.envoy.cluster = value.text;
  return std::nullopt;
}

auto apex(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    const auto name = registry::DomainName::parse(value.text);
    if (!name) return fmt::format("\"{}\" is not a domain name: {}", value.text, name.error());
    member(config) = name->key();
    return std::nullopt;
  };
}

auto label(auto member) {
  return [member](Config& config, const Value& value) -> Complaint {
    if (!registry::is_ldh_label(value.text)) return fmt::format("\"{}\" is not a label", value.text);
    member(config) = value.text;
    return std::nullopt;
  };
}

Complaint set_resolver(Config& config, const Value& value) {
  if (registry::parse_ipv4(value.text) || registry::parse_ipv6(value.text)) {
    config.checks.resolver_servers.push_back(value.text);
    return std::nullopt;
  }
  const auto endpoint = parse_address_port(value.text);
  if (!endpoint) return endpoint.error();
  if (endpoint->port == 0) return fmt::format("\"{}\": port 0 is no server", value.text);
  config.checks.resolver_servers.push_back(to_string(*endpoint));
  return std::nullopt;
}

Complaint set_datacenter(Config& config, const Value& value) {
  if (!registry::is_datacenter_label(value.text)) {
    return fmt::format("\"{}\" is not one label of letters, digits and inner hyphens, or is one of Consul's own",
                       value.text);
  }
  config.http.consul.datacenter = value.text;
  return std::nullopt;
}

// Judged again at every registration (registry/validate.h, may_run).
Complaint set_exec_program(Config& config, const Value& value) {
  if (!value.text.starts_with('/')) {
    return fmt::format(
        "\"{}\" is neither the full path of a program nor, with a slash at its end, of a folder of programs",
        value.text);
  }
  config.checks.exec_programs.push_back(value.text);
  config.limits.exec_programs.push_back(value.text);
  return std::nullopt;
}

Complaint set_upstream(Config& config, const Value& value) {
  auto text = value.text;
  if (registry::parse_ipv4(text)) text += ":53";
  if (registry::parse_ipv6(text)) text = fmt::format("[{}]:53", text);
  const auto endpoint = parse_address_port(text);
  if (!endpoint) return endpoint.error();
  auto& upstreams = config.forward.upstreams;
  if (endpoint->port == 0) return fmt::format("\"{}\": port 0 is no server", value.text);
  text = to_string(*endpoint);
  if (std::ranges::find(upstreams, text) != upstreams.end()) return fmt::format("\"{}\" is listed twice", value.text);
  if (upstreams.size() == forward::kMaxUpstreams) return fmt::format("at most {} upstreams", forward::kMaxUpstreams);
  upstreams.push_back(text);
  return std::nullopt;
}

std::vector<Setting> dns_settings() {
  return {
      {"dns", "listen", Kind::list, 0, 0, list_of_endpoints(FIELD(dns.listen)), [](Config& c) { c.dns.listen.clear(); },
       "--dns-listen"},
      {"dns", "workers", Kind::integer, 0, 256, number(FIELD(dns.workers)), {}, "--workers"},
      {"dns", "tcp_workers", Kind::integer, 1, 64, number(FIELD(dns.tcp_workers)), {}},
      {"dns", "allow_query", Kind::list, 0, 0, list_of_prefixes(FIELD(dns.responder.allow_query)),
       [](Config& c) { c.dns.responder.allow_query.clear(); }},
      {"dns", "udp_size", Kind::integer, 512, 4096, number(FIELD(dns.responder.udp_size)), {}},
      {"dns", "receive_buffer", Kind::integer, 64 << 10, 1 << 30, number(FIELD(dns.udp_receive_buffer)), {}},
      {"dns", "tcp_connections", Kind::integer, 1, 1'000'000, number(FIELD(dns.tcp_connections)), {}},
      {"dns", "tcp_per_client", Kind::integer, 1, 1'000'000, number(FIELD(dns.tcp_per_client)), {}},
      {"dns", "tcp_idle", Kind::duration, kSecond, kHour, duration(FIELD(dns.tcp_idle)), {}},
      {"dns", "tcp_idle_overload", Kind::duration, 100, kHour, duration(FIELD(dns.tcp_idle_overload)), {}},
      {"dns", "tcp_io", Kind::duration, 100, kMinute, duration(FIELD(dns.tcp_io)), {}},
      {"dns", "nsid", Kind::text, 0, 0, short_text(wire::kMaxNsid, FIELD(dns.responder.nsid)), {}},
      {"dns", "version", Kind::text, 0, 0, short_text(kTxtString, FIELD(dns.responder.version)), {}},
      {"dns", "id", Kind::text, 0, 0, short_text(kTxtString, FIELD(dns.responder.id)), {}},
  };
}

std::vector<Setting> http_settings() {
  return {
      {"http", "listen", Kind::list, 0, 0, list_of_endpoints(FIELD(http.listen)),
       [](Config& c) { c.http.listen.clear(); }, "--http-listen"},
      {"http", "token_file", Kind::text, 0, 0, set_token_file, {}, "--token-file"},
      {"http", "allowed_hosts", Kind::list, 0, 0, set_allowed_host, [](Config& c) { c.http.allowed_hosts.clear(); }},
      {"http", "max_header", Kind::integer, 1 << 10, kMiB, number(FIELD(http.max_header)), {}},
      {"http", "max_body", Kind::integer, 1 << 10, 16 * kMiB, number(FIELD(http.max_body)), {}},
      {"http", "max_batch_body", Kind::integer, 1 << 10, 256 * kMiB, number(FIELD(http.max_batch_body)), {}},
      {"http", "max_batch_operations", Kind::integer, 1, 100'000, number(FIELD(http.max_batch_operations)), {}},
      {"http", "max_connections", Kind::integer, 1, 1'000'000, number(FIELD(http.max_connections)), {}},
      {"http", "max_watchers", Kind::integer, 1, 1'000'000, number(FIELD(http.max_watchers)), {}},
      {"http", "header_timeout", Kind::duration, 100, kHour, duration(FIELD(http.header_timeout)), {}},
      {"http", "body_timeout", Kind::duration, 100, kHour, duration(FIELD(http.body_timeout)), {}},
      {"http", "idle_timeout", Kind::duration, 100, kHour, duration(FIELD(http.idle_timeout)), {}},
      {"http", "write_timeout", Kind::duration, 100, kHour, duration(FIELD(http.write_timeout)), {}},
      {"http", "keep_alive", Kind::duration, 100, kHour, duration(FIELD(http.keep_alive)), {}},
  };
}

std::vector<Setting> dialect_settings() {
  return {
      {"consul", "namespace", Kind::text, 0, 0, apex(FIELD(http.consul.ns)), {}},
      {"consul", "node", Kind::text, 0, 0, label(FIELD(http.consul.node)), {}},
      {"consul", "datacenter", Kind::text, 0, 0, set_datacenter, {}},
      {"eureka", "namespace", Kind::text, 0, 0, apex(FIELD(http.eureka.ns)), {}},
      {"eureka", "lease_factor", Kind::integer, 1, 10, number(FIELD(http.eureka.lease_factor)), {}},
      {"cloudmap", "access_key_id", Kind::text, 0, 0, set_access_key_id, {}},
      {"cloudmap", "secret_key_file", Kind::text, 0, 0, set_secret_key_file, {}},
      {"cloudmap", "max_srv", Kind::integer, 0, 10'000, number(FIELD(http.cloudmap.max_srv)), {}},
      {"cloudmap", "endpoint", Kind::text, 0, 0, set_endpoint, {}},
      {"envoy", "cluster", Kind::text, 0, 0, set_envoy_cluster, {}},
      {"envoy", "namespace", Kind::text, 0, 0, apex(FIELD(http.envoy.ns)), {}},
  };
}

std::vector<Setting> other_settings() {
  return {
      {"store", "kind", Kind::text, 0, 0, set_store_kind, {}},
      {"store", "path", Kind::text, 0, 0, set_store_path, {}, "--data-dir"},
      {"health", "interval", Kind::duration, 100, kHour, duration(FIELD(http.check_defaults.interval)), {}},
      {"health", "timeout", Kind::duration, 10, 60'000, duration(FIELD(http.check_defaults.timeout)), {}},
      {"health", "fall", Kind::integer, 1, 100, number(FIELD(http.check_defaults.fall)), {}},
      {"health", "rise", Kind::integer, 1, 100, number(FIELD(http.check_defaults.rise)), {}},
      {"health", "ok", Kind::integer, 1, 100, number(FIELD(http.check_defaults.ok)), {}},
      {"health", "max_concurrent", Kind::integer, 1, 65'536, number(FIELD(checks.max_concurrent)), {}},
      {"health", "idle_after", Kind::duration, 0, 24 * kHour, duration(FIELD(checks.idle_after)), {}},
      {"health", "idle_factor", Kind::integer, 2, 100, number(FIELD(checks.idle_factor)), {}},
      {"health", "exec", Kind::list, 0, 0, set_exec_program,
       [](Config& c) {
         c.checks.exec_programs.clear();
         c.limits.exec_programs.clear();
       }},
      {"health.guard", "enabled", Kind::boolean, 0, 0, boolean(FIELD(guard.enabled)), {}},
      {"health.guard", "share", Kind::fraction, 0, 0, fraction(FIELD(guard.share)), {}},
      {"health.guard", "instances", Kind::integer, 1, 1'000'000, number(FIELD(guard.instances)), {}},
      {"health.guard", "services", Kind::integer, 1, 1'000'000, number(FIELD(guard.services)), {}},
      {"health.guard", "hold", Kind::duration, kSecond, kHour, duration(FIELD(guard.hold)), {}},
      {"registration", "allow_addresses", Kind::list, 0, 0, list_of_prefixes(FIELD(http.allow_addresses)),
       [](Config& c) { c.http.allow_addresses.clear(); }},
      {"resolver", "servers", Kind::list, 0, 0, set_resolver, [](Config& c) { c.checks.resolver_servers.clear(); }},
      {"forward", "upstreams", Kind::list, 0, 0, set_upstream, [](Config& c) { c.forward.upstreams.clear(); }},
      {"forward", "allow_recursion", Kind::list, 0, 0, list_of_prefixes(FIELD(forward.allow_recursion)),
       [](Config& c) { c.forward.allow_recursion.clear(); }},
      {"forward", "timeout", Kind::duration, 50, kMinute, duration(FIELD(forward.timeout)), {}},
      {"forward", "tries", Kind::integer, 1, 16, number(FIELD(forward.tries)), {}},
      {"forward", "cache_size", Kind::integer, 0, 1 << 30, number(FIELD(forward.cache_size)), {}},
      {"forward", "max_ttl", Kind::duration, kSecond, 7 * 24 * kHour, duration(FIELD(forward.max_ttl)), {}},
      {"limits", "services", Kind::integer, 1, 100'000'000, number(FIELD(limits.services)), {}},
      {"limits", "instances", Kind::integer, 1, 100'000'000, number(FIELD(limits.instances)), {}},
      {"limits", "instances_per_service", Kind::integer, 1, 1'000'000, number(FIELD(limits.instances_per_service)), {}},
      {"limits", "overrides", Kind::integer, 1, 1'000'000, number(FIELD(limits.overrides)), {}},
      {"log",
       "format",
       Kind::text,
       0,
       0,
       choice<log::Format>(
           FIELD(log.format),
           {{"auto", log::Format::automatic}, {"text", log::Format::text}, {"json", log::Format::json}}),
       {},
       "--log-format"},
      {"log",
       "level",
       Kind::text,
       0,
       0,
       choice<log::Level>(FIELD(log.level), {{"debug", log::Level::debug},
                                             {"info", log::Level::info},
                                             {"warning", log::Level::warning},
                                             {"error", log::Level::error}}),
       {},
       "--log-level"},
  };
}

}  // namespace

std::string Setting::name() const { return fmt::format("{}.{}", table, key); }

std::string Setting::variable() const {
  auto text = fmt::format("DNSD_{}_{}", table, key);
  std::ranges::transform(text, text.begin(), [](char c) {
    return c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  return text;
}

std::span<const Setting> settings() {
  static const std::vector<Setting> all = [] {
    auto list = dns_settings();
    for (auto more : {protection_settings(), http_settings(), dialect_settings(), other_settings()})
      list.insert(list.end(), more.begin(), more.end());
    return list;
  }();
  return all;
}

}  // namespace dnsd::config
