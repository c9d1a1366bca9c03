#include <cstdlib>
#include <iostream>

#include "api/dnsctl/cli.h"

int main(int argc, char** argv) {
  const auto environment = [](const std::string& name) {
    const char* value = std::getenv(name.c_str());
    return value ? std::optional<std::string>(value) : std::nullopt;
  };
  return ctl::run_cli(argc, argv, environment, std::cout, std::cerr);
}
