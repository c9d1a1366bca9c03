#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "dnsd/config.h"
#include "registry/version.h"

namespace dnsd {
namespace {

constexpr const char* kAbout =
    "dnsd, a DNS-based discovery server.\n"
    "Without a configuration file: namespace corp, DNS on 127.0.0.1:8600, HTTP on 127.0.0.1:8500, state in "
    "./dnsd-data.";
constexpr const char* kFooter =
    "Every key of the configuration file has a variable, DNSD_DNS_LISTEN for [dns] listen.\n"
    "Precedence: flag, environment, file, default. A list from a flag replaces the file's.";

}  // namespace

std::expected<CommandLine, Exit> parse_command_line(int argc, const char* const* argv) {
  CommandLine line;
  CLI::App app(kAbout, "dnsd");
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("dnsd ") + std::string(registry::kVersion));
  app.add_option("--config", line.config, "The configuration file (TOML)")->type_name("FILE");
  app.add_flag("--check-config", line.check_config, "Check configuration and zone files, then leave: 0 good, 1 not");
  app.add_flag("--dev", line.dev, "Keep everything in memory");
  app.add_option("--dns-listen", line.dns_listen, "Where DNS listens; may be repeated")->type_name("ADDR:PORT");
  app.add_option("--http-listen", line.http_listen, "Where the API listens; may be repeated")->type_name("ADDR:PORT");
  app.add_option("--namespace", line.namespaces, "The namespaces to serve; may be repeated")->type_name("NAME");
  app.add_option("--data-dir", line.data_dir, "The folder of the embedded store")->type_name("DIR");
  app.add_option("--workers", line.workers, "UDP threads; 0 = one for each core")->type_name("N");
  app.add_option("--token-file", line.token_file, "The file that holds the API's bearer token")->type_name("FILE");
  app.add_option("--ready-file", line.ready_file, "Write process id and bound addresses here when ready")
      ->type_name("FILE");
  app.add_option("--log-level", line.log_level, "debug, info, warning, error")->type_name("LEVEL");
  app.add_option("--log-format", line.log_format, "auto, text, json")->type_name("FORMAT");
  for (auto* option :
       {app.get_option("--dns-listen"), app.get_option("--http-listen"), app.get_option("--namespace")}) {
    option->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return std::unexpected(Exit{0, app.help()});
  } catch (const CLI::CallForVersion&) {
    return std::unexpected(Exit{0, std::string("dnsd ") + std::string(registry::kVersion) + "\n"});
  } catch (const CLI::ParseError& error) {
    return std::unexpected(Exit{2, std::string("dnsd: ") + error.what() + "\nRun with --help for more information.\n"});
  }
  return line;
}

}  // namespace dnsd
