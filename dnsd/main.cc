// dnsd: a DNS-based discovery server.
#include <cstdio>
#include <exception>
#include <string>

#include "dnsd/config.h"
#include "dnsd/daemon.h"
#include "dnsd/descriptors.h"
#include "dnsd/log.h"
#include "registry/checks/runner.h"

namespace {

int fail(const std::string& line) {
  std::fprintf(stderr, "dnsd: %s\n", line.c_str());
  return 1;
}

// Beside connections and probes: listening sockets, files of the store, the event loops.
constexpr std::size_t kOtherDescriptors = 256;

void prepare_descriptors(const dnsd::Config& config) {
  const auto limit = dnsd::raise_descriptor_limit();
  const auto wanted =
      config.http.max_connections + config.dns.tcp_connections + registry::checks::most_descriptors(config.checks);
  if (limit >= wanted + kOtherDescriptors) return;
  dnsd::log::event("descriptors.few", dnsd::log::Level::warning,
                   {{"limit", limit},
                    {"wanted", wanted + kOtherDescriptors},
                    {"hint",
                     "raise the hard limit (LimitNOFILE=), or lower http.max_connections, dns.tcp_connections, "
                     "health.max_concurrent"}});
}

int serve(const dnsd::CommandLine& flags) {
  auto config = dnsd::parse_config(flags);
  if (!config) {
    for (const auto& line : config.error()) std::fprintf(stderr, "%s\n", line.c_str());
    return 1;
  }
  dnsd::log::open(config->log.format, config->log.level);
  prepare_descriptors(*config);
  int code = 1;
  {
    dnsd::Daemon daemon(
        std::move(*config), [flags] { return dnsd::parse_config(flags); }, flags.ready_file);
    auto started = daemon.start();
    code = started ? daemon.run() : fail(started.error());
  }
  dnsd::log::close();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    auto flags = dnsd::parse_command_line(argc, argv);
    if (!flags) {
      std::fputs(flags.error().text.c_str(), flags.error().code == 0 ? stdout : stderr);
      return flags.error().code;
    }
    if (flags->check_config) return dnsd::check_config(*flags);
    return serve(*flags);
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
