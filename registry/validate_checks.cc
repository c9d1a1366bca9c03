#include <algorithm>

#include "registry/faults.h"
#include "registry/text.h"
#include "registry/validate.h"

namespace registry {
namespace {

using namespace std::chrono_literals;

void check_http(const HttpProbe& http, const Path& at, Faults& faults) {
  const bool plain_path =
      std::none_of(http.path.begin(), http.path.end(), [](char c) { return c <= ' ' || c == 0x7F; });
  faults.require(http.path.starts_with('/') && plain_path, Path(at, "path"), "invalid_path",
                 "must begin with '/' and hold neither blanks nor control characters");
  faults.text(http.path, kMaxCheckText, Path(at, "path"));
  faults.require(http.port != 0, Path(at, "port"), "out_of_range", "must be between 1 and 65535");
  faults.require(is_token(http.method) && http.method.size() <= 32, Path(at, "method"), "invalid_method",
                 "must be an HTTP method such as GET or HEAD");
  faults.text(http.host, kMaxName + 6, Path(at, "host"));  // a name and a port
  const Path headers(at, "headers");
  faults.at_most(http.headers.size(), kMaxHeaders, "headers", headers);
  for (const auto& [name, value] : http.headers) {
    const Path pointer(headers, name);
    faults.require(is_token(name) && name.size() <= kMaxName, pointer, "invalid_header", "is not a header's name");
    faults.text(value, kMaxCheckText, pointer);
  }
  const bool statuses = std::all_of(http.expect_status.begin(), http.expect_status.end(),
                                    [](int status) { return status >= 100 && status <= 599; });
  faults.require(statuses && http.expect_status.size() <= kMaxHeaders, Path(Path(at, "expect"), "status"),
                 "out_of_range", "must be at most 32 numbers between 100 and 599");
  faults.size(http.expect_body, kMaxCheckText, Path(Path(at, "expect"), "body"));
}

// A probe goes to the instance's own address: it needs a port, and an address of the family it names.
void check_target(const CheckDef& check, const InstanceDef& instance, const Path& at, Faults& faults) {
  const bool http = check.kind == CheckKind::http || check.kind == CheckKind::https;
  const bool has_port = instance.port || (http ? check.http.port : check.tcp.port);
  const std::string_view member = check.kind == CheckKind::https ? "https" : http ? "http" : "tcp";
  faults.require(has_port, Path(Path(at, member), "port"), "required",
                 "the instance has no port, so the check must name one");
  const bool v4 = instance.addresses.v4.has_value(), v6 = instance.addresses.v6.has_value();
  const bool reachable =
      !instance.host.empty() || check.family == Family::any || (check.family == Family::ipv4 ? v4 : v6);
  faults.require(reachable, Path(at, "family"), "no_address", "the instance has no address of this family");
}

void check_timing(const CheckDef& check, const Path& at, Faults& faults) {
  faults.range(check.interval, 100ms, 1h, Path(at, "interval"));
  faults.range(check.timeout, 10ms, std::max<Millis>(check.interval, 10ms), Path(at, "timeout"));
  faults.number(check.rise, 1, 100, Path(at, "rise"));
  faults.number(check.fall, 1, 100, Path(at, "fall"));
  faults.number(check.ok, 1, 100, Path(at, "ok"));
}

void check_one(const CheckDef& check, const InstanceDef* instance, const Path& at, Faults& faults) {
  faults.require(!check.name.empty(), Path(at, "name"), "empty", "a check needs a name");
  faults.text(check.name, kMaxLabel, Path(at, "name"));
  switch (check.kind) {
    case CheckKind::heartbeat:
      faults.range(check.lease, 1s, 24h, check.name == "lease" ? Path(kRoot, "lease") : Path(at, "heartbeat"));
      return;
    case CheckKind::http:
    case CheckKind::https:
      check_http(check.http, Path(at, check.kind == CheckKind::http ? "http" : "https"), faults);
      break;
    case CheckKind::tcp:
      faults.require(check.tcp.port != 0, Path(Path(at, "tcp"), "port"), "out_of_range", "must be between 1 and 65535");
      break;
  }
  check_timing(check, at, faults);
  if (instance != nullptr) check_target(check, *instance, at, faults);
}

}  // namespace

void check_checks(const std::vector<CheckDef>& checks, const InstanceDef* instance, Faults& faults) {
  const Path all(kRoot, "checks");
  faults.at_most(checks.size(), kMaxChecks, "checks", all);
  std::size_t heartbeats = 0;
  for (std::size_t i = 0; i < std::min(checks.size(), kMaxChecks); ++i) {
    const Path at(all, i);
    const auto first =
        std::find_if(checks.begin(), checks.end(), [&](const CheckDef& each) { return each.name == checks[i].name; });
    check_one(checks[i], instance, at, faults);
    faults.require(&*first == &checks[i], Path(at, "name"), "duplicate",
                   [&] { return fmt::format("another check is named '{}' too", checks[i].name); });
    heartbeats += checks[i].kind == CheckKind::heartbeat;
  }
  faults.require(heartbeats <= 1, all, "too_many", "an instance has at most one heartbeat or lease");
}

}  // namespace registry
