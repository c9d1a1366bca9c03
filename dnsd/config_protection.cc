// What protects the server and others from it: cookies, rate limit, PROXY protocol, allow_query of zones.
#include <fmt/format.h>

#include <charconv>
#include <fstream>

#include "dnsd/answers/wire_name.h"
#include "dnsd/config_nodes.h"
#include "dnsd/config_setters.h"
#include "dnsd/config_tables.h"

namespace dnsd::config {
namespace {

using serve::CookiePolicy;

constexpr std::size_t kSecretDigits = 2 * sizeof(serve::CookieSecret);

bool read_secret(std::string_view line, serve::CookieSecret& secret) {
  if (line.size() != kSecretDigits) return false;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const char* at = line.data() + 2 * i;
    const auto [end, error] = std::from_chars(at, at + 2, secret[i], 16);
    if (error != std::errc{} || end != at + 2) return false;
  }
  return true;
}

// Lines of 32 hexadecimal digits, as NSD, Knot and Unbound read them.
Complaint set_cookie_secrets(Config& config, const Value& value) {
  const auto path = value.base / value.text;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fmt::format("cannot read the cookie secrets in {}", path.string());
  serve::CookieSecrets secrets;
  secrets.count = 0;
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (secrets.count == serve::kMaxCookieSecrets) {
      return fmt::format("{} holds more than {} secrets", path.string(), serve::kMaxCookieSecrets);
    }
    if (!read_secret(line, secrets.secret[secrets.count++])) {
      return fmt::format("a line of {} is not a secret of {} hexadecimal digits", path.string(), kSecretDigits);
    }
  }
  if (secrets.count == 0) return fmt::format("{} holds no secret", path.string());
  config.cookie_secrets = secrets;
  return std::nullopt;
}

// The clients that a table lists; nothing = it does not say.
std::optional<std::vector<registry::Prefix>> read_clients(const toml::table& table, Complaints& complaints) {
  const auto* node = table.get("allow_query");
  if (!node) return std::nullopt;
  std::vector<registry::Prefix> out;
  const auto* list = node->as_array();
  if (!list) {
    complaints.add(where(*node), fmt::format("\"allow_query\" is a list of address blocks, not {}", type_name(*node)));
    return out;
  }
  for (const auto& member : *list) {
    const auto* text = member.as_string();
    const auto prefix = text ? registry::parse_prefix(text->get()) : std::nullopt;
    if (prefix) {
      out.push_back(*prefix);
    } else {
      complaints.add(where(member), text ? no_prefix(text->get()) : "an address block is a string");
    }
  }
  return out;
}

std::optional<registry::DomainName> name_of(
    const toml::table& table) {  // of a namespace; what is wrong with it is said elsewhere
  const auto text = table["name"].value<std::string>();
  if (!text) return std::nullopt;
  auto name = registry::DomainName::parse(*text);
  return name ? std::optional(*std::move(name)) : std::nullopt;
}

template <class F>
void each_table(const toml::table& file, std::string_view name, F&& f) {
  const auto* list = file[name].as_array();
  if (!list) return;
  for (const auto& node : *list) {
    if (const auto* table = node.as_table()) f(*table);
  }
}

}  // namespace

std::vector<Setting> protection_settings() {
  return {
      {"dns",
       "cookies",
       Kind::text,
       0,
       0,
       choice<CookiePolicy>(
           FIELD(dns.responder.cookies),
           {{"off", CookiePolicy::off}, {"lenient", CookiePolicy::lenient}, {"require", CookiePolicy::require}}),
       {}},
      {"dns", "cookie_secret_file", Kind::text, 0, 0, set_cookie_secrets, {}},
      {"rate_limit",
       "responses_per_second",
       Kind::integer,
       0,
       1'000'000,
       number(FIELD(dns.responder.rate_limit.responses_per_second)),
       {}},
      {"rate_limit", "slip", Kind::integer, 0, 100, number(FIELD(dns.responder.rate_limit.slip)), {}},
      {"rate_limit", "exempt", Kind::list, 0, 0, list_of_prefixes(FIELD(dns.responder.rate_limit_exempt)),
       [](Config& c) { c.dns.responder.rate_limit_exempt.clear(); }},
      {"proxy_protocol", "listen", Kind::list, 0, 0, list_of_endpoints(FIELD(dns.proxy_listen)),
       [](Config& c) { c.dns.proxy_listen.clear(); }},
      {"proxy_protocol", "from", Kind::list, 0, 0, list_of_prefixes(FIELD(dns.proxies)),
       [](Config& c) { c.dns.proxies.clear(); }},
  };
}

void read_access(const toml::table& file, Config& config, Complaints& complaints) {
  auto& access = config.dns.responder.zone_access;
  const auto add = [&](std::string_view apex, const std::vector<registry::Prefix>& clients) {
    access.push_back({answers::fold_wire(apex), clients});
  };
  std::vector<std::pair<const registry::NamespaceDef*, std::vector<registry::Prefix>>> inherited;
  each_table(file, "namespace", [&](const toml::table& table) {
    const auto clients = read_clients(table, complaints);
    const auto name = name_of(table);
    if (!clients || !name) return;
    add(answers::to_wire(*name), *clients);
    for (const auto& def : config.declared.namespaces) {
      if (def.name != *name) continue;
      access.back().cluster = def.layout == registry::Layout::kubernetes;
      for (const auto& alias : def.aliases) add(answers::to_wire(alias), *clients);
      inherited.emplace_back(&def, *clients);
    }
  });
  for (const auto& [def, clients] : inherited) {
    for (const auto& alias : def->consul_aliases) {  // unless they are tables of their own that say it
      const auto apex = answers::fold_wire(answers::to_wire(alias));
      if (std::ranges::find(access, apex, &serve::ZoneAccess::apex) == access.end()) add(apex, clients);
    }
  }
  for (const auto* kind : {"zone", "reverse"}) {
    each_table(file, kind, [&](const toml::table& table) {
      const auto clients = read_clients(table, complaints);
      const auto apex = apex_of_zone(table);
      if (clients && apex) add(*apex, *clients);
    });
  }
}

}  // namespace dnsd::config
