#include <fmt/format.h>

#include <cstdio>

#include "dnsd/answers/static_zone.h"
#include "dnsd/config.h"

namespace dnsd {
namespace {

// Every zone file that the configuration names; appends what is wrong with them.
std::size_t check_zone_files(const std::vector<ZoneFile>& files, bool of_namespaces, std::vector<std::string>& errors) {
  std::size_t records = 0;
  for (const auto& [apex, file] : files) {
    answers::ZoneFileOptions options;
    options.apex = apex.empty() ? "." : apex;
    options.namespace_file = of_namespaces;
    const auto zone = answers::load_zone_file(file, options);
    if (zone) {
      records += zone->records.size();
    } else {
      errors.insert(errors.end(), zone.error().begin(), zone.error().end());
    }
  }
  return records;
}

int print_errors(const std::vector<std::string>& errors) {
  for (const auto& line : errors) fmt::print(stderr, "{}\n", line);
  fmt::print(stderr, "{} error{}\n", errors.size(), errors.size() == 1 ? "" : "s");
  return 1;
}

}  // namespace

int check_config(const CommandLine& flags, const Environment& environment) {
  const auto config = parse_config(flags, environment);
  if (!config) return print_errors(config.error());
  std::vector<std::string> errors;
  auto records = check_zone_files(config->namespace_files, true, errors);
  records += check_zone_files(config->zones, false, errors);
  if (!errors.empty()) return print_errors(errors);
  fmt::print("ok: {} namespaces, {} zones, {} reverse zones, {} services, {} static records\n",
             config->declared.namespaces.size(), config->zones.size(), config->reverse.size(),
             config->declared.services.size(), records);
  return 0;
}

}  // namespace dnsd
