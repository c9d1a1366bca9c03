// dnsd: a DNS-based discovery server.
#include <cstdio>
#include <exception>
#include <string>

#include "dnsd/config.h"
#include "dnsd/daemon.h"
#include "dnsd/log.h"

namespace {

int fail(const std::string& line) {
  std::fprintf(stderr, "dnsd: %s\n", line.c_str());
  return 1;
}

int serve(const dnsd::CommandLine& flags) {
  auto config = dnsd::parse_config(flags);
  if (!config) {
    for (const auto& line : config.error()) std::fprintf(stderr, "%s\n", line.c_str());
    return 1;
  }
  dnsd::log::open(config->log.format, config->log.level);
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
