#include "dnsd/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <utility>

#include "dnsd/config_settings.h"
#include "dnsd/config_tables.h"
#include "dnsd/config_toml.h"

namespace dnsd {
namespace {

using namespace config;

std::vector<registry::Prefix> private_networks() {  // DESIGN section 7: not an open server by default
  std::vector<registry::Prefix> list;
  for (const auto* text : {"127.0.0.0/8", "::1", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8"}) {
    list.push_back(registry::parse_prefix(text).value());
  }
  return list;
}

struct Raw {  // one value before its kind is known
  std::string text;
  Where at;
};

// One pass over the sources, lowest precedence first, into one Config.
class Reader {
 public:
  Reader(std::filesystem::path file, const CommandLine& flags, const Environment& environment)
      : file_(std::move(file)), flags_(flags), environment_(environment), complaints_(file_) {}

  std::expected<Config, std::vector<std::string>> read(std::string_view text) {
    auto parsed = toml::parse(text, file_.string());
    if (!parsed) {
      const auto& error = parsed.error();
      complaints_.add({error.source().begin.line, error.source().begin.column, {}}, std::string(error.description()));
    } else {
      table_ = std::move(parsed).table();
    }
    read_tables();
    for (const auto& setting : settings()) read_environment(setting);
    read_flags();
    const auto base = file_.parent_path();
    read_namespaces(table_, base, chosen_namespaces(), config_, complaints_);
    read_zones(table_, base, config_, complaints_);
    if (config_.declared.namespaces.empty() && !table_.contains("zone") && complaints_.empty()) {
      config_.declared.namespaces.push_back(plain_namespace(registry::DomainName::parse("corp").value()));
    }
    choose_homes(config_);
    read_reverse(table_, config_, complaints_);
    read_transfers(table_, base, config_, complaints_);
    read_access(table_, config_, complaints_);
    judge_together();
    read_services(table_, config_, complaints_);
    declare_endpoint(place("cloudmap.endpoint", 0), config_, complaints_);
    if (!complaints_.empty()) return std::unexpected(complaints_.take());
    return std::move(config_);
  }

 private:
  void read_tables() {
    std::vector<std::string_view> known(std::begin(kTables), std::end(kTables));
    for (const auto& setting : settings()) {
      if (std::ranges::find(known, setting.table) == known.end()) known.push_back(setting.table);
    }
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(kTables, key.str()) != std::end(kTables)) continue;
      if (std::ranges::find(known, key.str()) == known.end()) {
        unknown_key(complaints_, key, "", known);
      } else if (const auto* table = node.as_table()) {
        read_table(key.str(), *table);
      } else {
        complaints_.add(where(key), fmt::format("\"{0}\" is a table; write [{0}]", key.str()));
      }
    }
  }

  static bool is_table(std::string_view name) {
    return std::ranges::any_of(settings(), [&](const Setting& setting) { return setting.table == name; });
  }

  void read_table(std::string_view name, const toml::table& table) {
    const auto prefix = fmt::format("{}.", name);
    std::vector<std::string_view> keys;
    for (const auto& setting : settings()) {
      if (setting.table == name) keys.push_back(setting.key);
      if (setting.table.starts_with(prefix)) keys.push_back(setting.table.substr(prefix.size()));
    }
    for (const auto& [key, node] : table) {
      if (const auto inner = prefix + std::string(key.str()); is_table(inner)) {
        if (const auto* below = node.as_table()) {
          read_table(inner, *below);
        } else {
          complaints_.add(where(key), fmt::format("\"{0}\" is a table; write [{0}]", inner));
        }
        continue;
      }
      const auto found =
          std::ranges::find_if(settings(), [&](const Setting& s) { return s.table == name && s.key == key.str(); });
      if (found == settings().end()) {
        unknown_key(complaints_, key, fmt::format("[{}]", name), keys);
      } else {
        read_node(*found, node);
      }
    }
  }

  void read_node(const Setting& setting, const toml::node& node) {
    const auto wrong = [&](std::string_view wanted, const toml::node& at) {
      complaints_.add(where(at), fmt::format("{} is {}, not {}", setting.name(), wanted, type_name(at)));
    };
    if (setting.kind == Kind::list) {
      const auto* list = node.as_array();
      if (!list) return wrong("a list of strings, as in [\"...\"]", node);
      std::vector<Raw> members;
      for (const auto& member : *list) {
        if (const auto* text = member.as_string()) {
          members.push_back({text->get(), where(member)});
        } else {
          wrong("a list of strings", member);
        }
      }
      if (list->empty() && setting.key == "listen" && setting.table != "proxy_protocol") {
        complaints_.add(where(node), fmt::format("{} is empty: nobody could reach the server", setting.name()));
      }
      return set_list(setting, members, file_.parent_path());
    }
    if (setting.kind == Kind::integer) {
      const auto* number = node.as_integer();
      if (!number) return wrong("a whole number", node);
      return set_number(setting, number->get(), where(node));
    }
    if (setting.kind == Kind::boolean) {
      const auto* flag = node.as_boolean();
      if (!flag) return wrong("true or false", node);
      return set(setting, {.text = {}, .number = flag->get(), .base = {}}, where(node));
    }
    if (setting.kind == Kind::fraction) {
      const auto number = node.value<double>();
      if (!number) return wrong("a number such as 0.5", node);
      return set_fraction(setting, *number, where(node));
    }
    const auto* text = node.as_string();
    if (!text) return wrong(setting.kind == Kind::duration ? "a duration such as \"5s\"" : "a string", node);
    set_text(setting, {text->get(), where(node)}, file_.parent_path());
  }

  void read_environment(const Setting& setting) {
    const auto name = setting.variable();
    if (const auto value = environment_(name)) set_any(setting, *value, {0, 0, name});
  }

  void read_flags() {
    if (flags_.dev) config_.store.kind = StoreKind::memory;
    for (const auto& setting : settings()) {
      const Where at{0, 0, std::string(setting.flag)};
      if (setting.flag == "--dns-listen") set_flag_list(setting, flags_.dns_listen, at);
      if (setting.flag == "--http-listen") set_flag_list(setting, flags_.http_listen, at);
      if (setting.flag == "--data-dir" && flags_.data_dir) set_any(setting, *flags_.data_dir, at);
      if (setting.flag == "--workers" && flags_.workers) set_any(setting, *flags_.workers, at);
      if (setting.flag == "--token-file" && flags_.token_file) set_any(setting, *flags_.token_file, at);
      if (setting.flag == "--log-level" && flags_.log_level) set_any(setting, *flags_.log_level, at);
      if (setting.flag == "--log-format" && flags_.log_format) set_any(setting, *flags_.log_format, at);
    }
  }

  void set_flag_list(const Setting& setting, const std::vector<std::string>& values, const Where& at) {
    if (values.empty()) return;
    std::vector<Raw> members;
    for (const auto& value : values) {
      for (auto& member : split(value, at)) members.push_back(std::move(member));
    }
    set_list(setting, members, {});
  }

  // From a flag or a variable: text that becomes what the setting wants.
  void set_any(const Setting& setting, const std::string& text, const Where& at) {
    if (setting.kind == Kind::list) return set_list(setting, split(text, at), {});
    if (setting.kind == Kind::boolean) return set_boolean(setting, text, at);
    if (setting.kind != Kind::integer && setting.kind != Kind::fraction) return set_text(setting, {text, at}, {});
    const auto parse = [&](auto& number) {
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      return error == std::errc{} && end == text.data() + text.size();
    };
    if (double number = 0; setting.kind == Kind::fraction) {
      if (parse(number)) return set_fraction(setting, number, at);
      complaints_.add(at, fmt::format("{} is a number such as 0.5, not \"{}\"", setting.name(), text));
      return;
    }
    std::int64_t number = 0;
    if (!parse(number)) {
      complaints_.add(at, fmt::format("{} is a whole number, not \"{}\"", setting.name(), text));
      return;
    }
    set_number(setting, number, at);
  }

  void set_list(const Setting& setting, const std::vector<Raw>& members, const std::filesystem::path& base) {
    places_[setting.name()] = {};
    setting.clear(config_);
    for (const auto& member : members) {
      set(setting, {.text = member.text, .number = 0, .base = base}, member.at);
    }
  }

  void set_number(const Setting& setting, std::int64_t number, const Where& at) {
    if (number < setting.low || number > setting.high) {
      complaints_.add(at, fmt::format("{} is {}, outside {} to {}", setting.name(), number, setting.low, setting.high));
      return;
    }
    set(setting, {.text = {}, .number = number, .base = {}}, at);
  }

  void set_boolean(const Setting& setting, std::string_view text, const Where& at) {
    const bool on = text == "true" || text == "1";
    if (on || text == "false" || text == "0") return set(setting, {.text = {}, .number = on, .base = {}}, at);
    complaints_.add(at, fmt::format("{} is true or false, not \"{}\"", setting.name(), text));
  }

  void set_fraction(const Setting& setting, double number, const Where& at) {
    if (number >= 0 && number <= 1) return set(setting, {.text = {}, .base = {}, .fraction = number}, at);
    complaints_.add(at, fmt::format("{} is {}, outside 0 to 1", setting.name(), number));
  }

  void set_text(const Setting& setting, const Raw& raw, const std::filesystem::path& base) {
    if (setting.kind == Kind::text) return set(setting, {.text = raw.text, .number = 0, .base = base}, raw.at);
    const auto duration = registry::parse_duration(raw.text);
    if (!duration) {
      complaints_.add(raw.at, fmt::format("{}: \"{}\" is not a duration; write \"500ms\", \"5s\", \"10m\"",
                                          setting.name(), raw.text));
    } else if (duration->count() < setting.low || duration->count() > setting.high) {
      complaints_.add(raw.at, fmt::format("{} is {}, outside {} to {}", setting.name(), raw.text,
                                          registry::format_duration(registry::Millis(setting.low)),
                                          registry::format_duration(registry::Millis(setting.high))));
    } else {
      set(setting, {.text = raw.text, .number = duration->count(), .base = {}}, raw.at);
    }
  }

  void set(const Setting& setting, const Value& value, const Where& at) {
    if (auto complaint = setting.set(config_, value)) {
      complaints_.add(at, fmt::format("{}: {}", setting.name(), *complaint));
      return;
    }
    places_[setting.name()].push_back(at);
  }

  std::vector<Raw> split(std::string_view text, const Where& at) const {  // at commas; an empty text = an empty list
    std::vector<Raw> parts;
    while (!text.empty()) {
      const auto end = std::min(text.find(','), text.size());
      parts.push_back({std::string(text.substr(0, end)), at});
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
  }

  std::vector<Named> chosen_namespaces() const {
    std::vector<Named> chosen;
    const auto choose = [&](const std::string& text, const Where& at) {
      for (auto& [name, place] : split(text, at)) chosen.push_back({name, place});
    };
    for (const auto& text : flags_.namespaces) choose(text, {0, 0, "--namespace"});
    if (!chosen.empty()) return chosen;
    if (const auto text = environment_("DNSD_NAMESPACE")) choose(*text, {0, 0, "DNSD_NAMESPACE"});
    return chosen;
  }

  // What no single key can tell.
  void judge_together() {
    for (std::size_t i = 0; i < config_.http.listen.size(); ++i) {
      const auto& endpoint = config_.http.listen[i];
      if (is_loopback(endpoint.address) || !config_.http.token.empty()) continue;
      complaints_.add(place("http.listen", i),
                      fmt::format("http.listen \"{}\" is reachable from other machines but has no token; set "
                                  "http.token_file (or --token-file), or listen on 127.0.0.1",
                                  to_string(AddressPort{endpoint.address, endpoint.port})));
    }
    if (config_.http.cloudmap.access_key_id.empty() != config_.http.cloudmap.secret_key.empty()) {
      complaints_.add(
          place(config_.http.cloudmap.secret_key.empty() ? "cloudmap.access_key_id" : "cloudmap.secret_key_file", 0),
          "cloudmap.access_key_id and cloudmap.secret_key_file belong together");
    }
    auto& defaults = config_.http.check_defaults;
    if (!places_.contains("health.timeout")) defaults.timeout = std::min(defaults.timeout, defaults.interval);
    if (defaults.timeout > defaults.interval) {
      complaints_.add(place("health.timeout", 0), fmt::format("health.timeout {} is longer than health.interval {}",
                                                              registry::format_duration(defaults.timeout),
                                                              registry::format_duration(defaults.interval)));
    }
    if (config_.http.max_batch_body < config_.http.max_body) {
      complaints_.add(place("http.max_batch_body", 0), "http.max_batch_body is smaller than http.max_body");
    }
    if (!config_.dns.proxy_listen.empty() && config_.dns.proxies.empty()) {
      complaints_.add(place("proxy_protocol.listen", 0),
                      "proxy_protocol.listen needs proxy_protocol.from: the proxies that may say who asks");
    }
    judge_forwarding();
    // edns-tcp-keepalive (RFC 7828) tells clients our idle time in units of 100 ms, 16 bits.
    config_.dns.responder.tcp_idle_deciseconds = static_cast<std::uint16_t>(config_.dns.tcp_idle.count() / 100);
  }

  void judge_forwarding() {
    const auto& upstreams = config_.forward.upstreams;
    for (std::size_t i = 0; i < upstreams.size(); ++i) {
      const auto same = [&](const serve::Endpoint& own) {
        return to_string(AddressPort{own.address, own.port}) == upstreams[i];
      };
      if (std::ranges::any_of(config_.dns.listen, same))
        complaints_.add(place("forward.upstreams", i),
                        fmt::format("forward.upstreams \"{}\" is this server itself", upstreams[i]));
    }
    const auto everybody = [](const registry::Prefix& block) { return block.bits == 0; };
    const auto& allowed = config_.dns.responder.allow_query;
    if (!upstreams.empty() && config_.forward.allow_recursion.empty() &&
        (allowed.empty() || std::ranges::any_of(allowed, everybody)))
      complaints_.add(place("forward.upstreams", 0),
                      "dns.allow_query lets everybody ask, and forwarding for everybody is an open resolver; name the "
                      "clients in forward.allow_recursion");
  }

  Where place(const std::string& name, std::size_t index) const {
    const auto found = places_.find(name);
    if (found == places_.end() || found->second.empty()) return {0, 0, name};
    return found->second[std::min(index, found->second.size() - 1)];
  }

  std::filesystem::path file_;
  const CommandLine& flags_;
  const Environment& environment_;
  Complaints complaints_;
  toml::table table_;
  Config config_;
  std::map<std::string, std::vector<Where>> places_;  // of what was set, for judge_together
};

std::expected<std::string, std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return std::unexpected("is a folder, not a file");
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) return std::unexpected("cannot be read; give the path of a configuration file, or none for the defaults");
  const auto size = file.tellg();
  if (size < 0 || static_cast<std::size_t>(size) > kMaxConfigFile) {
    return std::unexpected(fmt::format("is longer than {} octets", kMaxConfigFile));
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(text.data(), size)) return std::unexpected("cannot be read");
  return text;
}

}  // namespace

Config::Config() {
  dns.listen = {{"127.0.0.1", 8600}};
  dns.responder.allow_query = private_networks();
  http.listen = {{"127.0.0.1", 8500}};
}

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::expected<Config, std::vector<std::string>> parse_config_text(std::string_view text,
                                                                  const std::filesystem::path& shown_as,
                                                                  const CommandLine& flags,
                                                                  const Environment& environment) {
  return Reader(shown_as, flags, environment).read(text);
}

std::expected<Config, std::vector<std::string>> parse_config(const CommandLine& flags, const Environment& environment) {
  auto path = flags.config;
  if (const auto variable = environment("DNSD_CONFIG"); variable && !path) path = *variable;
  if (!path) return parse_config_text({}, {}, flags, environment);
  const auto text = read_file(*path);
  if (!text) return std::unexpected(std::vector{fmt::format("{}: error: {}", path->string(), text.error())});
  return parse_config_text(*text, *path, flags, environment);
}

}  // namespace dnsd
