// What the daemon runs with: flags, environment and the TOML file, checked at the edge, then immutable.
//
// Precedence: flag > environment (DNSD_...) > file > default; a list from a later source replaces the whole list.
// Every mistake is reported at once, sorted by line, as "file:line:column: error: ..." for the operator. The same
// function serves the start, --check-config and a reload. Control thread (or before any thread exists).
#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/server.h"
#include "dnsd/answers/publisher.h"
#include "dnsd/forward/settings.h"
#include "dnsd/log.h"
#include "dnsd/serve/server.h"
#include "dnsd/transfer/settings.h"
#include "registry/checks/runner.h"
#include "registry/definition.h"
#include "registry/registry.h"

namespace dnsd {

inline constexpr std::size_t kMaxConfigFile = 16 << 20;  // thousands of zones and services; not a data dump by mistake
inline constexpr std::size_t kMaxTokenFile = 4 << 10;
inline constexpr std::size_t kMaxSecretFile = 4 << 10;
inline constexpr std::size_t kMaxAccessKeyId = 128;  // AWS's longest

// The command line as typed; nothing of it is judged but its shape.
struct CommandLine {
  std::optional<std::filesystem::path> config;
  bool check_config = false;
  bool dev = false;  // everything in memory
  std::vector<std::string> dns_listen, http_listen, namespaces;
  std::optional<std::string> data_dir, workers, token_file, log_level, log_format;
  std::optional<std::filesystem::path> ready_file;
};

struct Exit {  // --help, --version, or a wrong command line: print and leave
  int code = 0;
  std::string text;  // to standard output when code is 0, else to standard error
};
[[nodiscard]] std::expected<CommandLine, Exit> parse_command_line(int argc, const char* const* argv);

// Looks up one variable; the process's own is `process_environment`.
using Environment = std::function<std::optional<std::string>(const std::string&)>;
[[nodiscard]] std::optional<std::string> process_environment(const std::string& name);

enum class StoreKind : std::uint8_t { memory, sqlite };
struct StoreConfig {
  StoreKind kind = StoreKind::sqlite;
  std::filesystem::path path = "dnsd-data";  // the folder
};

struct ZoneFile {
  std::string apex;  // folded, without the dot at its end ("" = the root); of a [[zone]] any name that DNS has
  std::filesystem::path file;
  bool operator==(const ZoneFile&) const = default;
};

struct LogConfig {
  log::Format format = log::Format::automatic;
  log::Level level = log::Level::info;
};

// Read straight into the options of each part. What only the running daemon knows stays at its default here:
// responder.cookie_secrets and sample_key, checks.forbidden_endpoints (the bound API addresses).
struct Config {
  Config();  // the defaults of DESIGN section 7: loopback only, ports 8600 and 8500

  // Where an interface works unless it is told: the first declared namespace of its layout or with an alias in it, else
  // the first that holds services. Null: none is declared.
  [[nodiscard]] const registry::NamespaceDef* home_of(std::optional<registry::Layout> layout) const;

  serve::ServerOptions dns;
  std::optional<serve::CookieSecrets> cookie_secrets;  // unset: the daemon draws one at start
  api::Options http;  // with the token, [registration] allow_addresses and [health] check_defaults
  StoreConfig store;
  registry::Registry::Declared declared;  // [[namespace]] and [[service]]; API writes to them are 409
  // Where the SDKs of AWS find the API: declared with its data- twin as services on the HTTP addresses.
  std::optional<registry::DomainName> cloudmap_endpoint;
  std::vector<ZoneFile> namespace_files;  // zone_file of a namespace
  std::vector<ZoneFile> zones;            // [[zone]]
  std::vector<answers::ReverseZone> reverse;
  transfer::Settings transfers;  // [[key]], and who may transfer, update or is notified
  registry::checks::Options checks;
  forward::Settings forward;
  registry::Registry::Limits limits;
  registry::GuardSettings guard;
  LogConfig log;
};

// Reads the file that `flags` name (or DNSD_CONFIG), the environment, the flags. Paths in the file are relative to
// the file's folder, those of flags and environment to the working folder.
[[nodiscard]] std::expected<Config, std::vector<std::string>> parse_config(
    const CommandLine& flags, const Environment& environment = process_environment);

// The same for a text in memory, shown as `shown_as` in errors. An empty `shown_as` = there is no file.
[[nodiscard]] std::expected<Config, std::vector<std::string>> parse_config_text(std::string_view text,
                                                                                const std::filesystem::path& shown_as,
                                                                                const CommandLine& flags,
                                                                                const Environment& environment);

// --check-config: parses the configuration and loads every zone file that it names. Prints what was found; the exit
// code of the process: 0 when all is well, else 1.
[[nodiscard]] int check_config(const CommandLine& flags, const Environment& environment = process_environment);

// "127.0.0.1:8600", "[::1]:8600"; port 0 = any free one.
struct AddressPort {
  std::string address;
  std::uint16_t port = 0;
};
[[nodiscard]] std::expected<AddressPort, std::string> parse_address_port(std::string_view text);
[[nodiscard]] std::string to_string(const AddressPort& endpoint);  // IPv6 in brackets
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace dnsd
