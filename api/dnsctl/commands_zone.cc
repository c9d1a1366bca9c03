#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <filesystem>
#include <ostream>

#include "api/dnsctl/commands.h"
#include "dnsd/answers/denial.h"
#include "dnsd/answers/presentation.h"
#include "dnsd/answers/static_zone.h"
#include "dnsd/answers/zone_lint.h"

namespace ctl {
namespace {

namespace json = boost::json;
namespace answers = dnsd::answers;
using answers::StaticZone;
using Lines = std::vector<std::string>;

std::string apex_of(const ZoneCheckFlags& flags) {
  if (!flags.apex.empty()) return flags.apex;
  const std::filesystem::path file(flags.file);
  const auto ending = file.extension();
  return (ending == ".zone" || ending == ".db" ? file.stem() : file.filename()).string();
}

std::string_view chain_of(const StaticZone& zone) {
  const auto denial = answers::Denial::of(zone);
  return denial == nullptr ? "" : denial->hashed() ? "NSEC3" : "NSEC";
}

json::array as_json(const Lines& lines) { return json::array(lines.begin(), lines.end()); }

ExitCode print_errors(const Session& session, const Lines& errors) {
  if (session.json) {
    session.out << json::serialize(json::object{{"errors", as_json(errors)}}) << '\n';
  } else {
    for (const auto& line : errors) session.err << "error: " << printable(line) << '\n';
  }
  return ExitCode::error;
}

void print_zone(const Session& session, const StaticZone& zone, const Lines& warnings) {
  const auto apex = answers::name_to_text(zone.apex).value_or(".");
  const auto chain = chain_of(zone);
  if (session.json) {
    json::object body{{"zone", apex}, {"serial", zone.serial}, {"records", zone.records.size()}};
    body["denial"] = chain.empty() ? json::value(nullptr) : json::value(chain);
    body["warnings"] = as_json(warnings);
    session.out << json::serialize(body) << '\n';
    return;
  }
  for (const auto& line : warnings) session.err << "warning: " << printable(line) << '\n';
  session.out << fmt::format("ok: {} serial {}, {} records{}\n", apex, zone.serial, zone.records.size(),
                             chain.empty() ? "" : fmt::format(", signed, {}", chain));
}

}  // namespace

ExitCode check_zone_file(const Session& session, const ZoneCheckFlags& flags) {
  answers::ZoneFileOptions options;
  options.apex = apex_of(flags);
  options.namespace_file = flags.of_namespace;
  const auto zone = answers::load_zone_file(flags.file, options);
  if (!zone) return print_errors(session, zone.error());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  print_zone(session, *zone, answers::lint_zone(*zone, flags.of_namespace, static_cast<std::uint64_t>(now.count())));
  return ExitCode::ok;
}

}  // namespace ctl
