#include <algorithm>

#include "registry/faults.h"
#include "registry/text.h"
#include "registry/validate.h"

namespace registry {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kTypeA = 1, kTypeAaaa = 28;  // RFC 1035 3.2.2, RFC 3596 2.1

bool is_plain(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c == 0x7F; });
}

// A Host header or :authority: a name and a port.
void check_authority(const std::string& host, const Path& at, Faults& faults) {
  faults.require(is_plain(host), at, "invalid_name", "must hold neither blanks nor control characters");
  faults.text(host, kMaxName + 6, at);
}

void check_tls_name(const std::string& name, const Path& at, Faults& faults) {
  const bool good = name.empty() || parse_ipv4(name) || parse_ipv6(name) || DomainName::parse(name);
  faults.require(good, at, "invalid_name", "must be the name or the address that the certificate is for");
}

void check_http(const HttpProbe& http, const Path& at, Faults& faults) {
  faults.require(http.path.starts_with('/') && is_plain(http.path), Path(at, "path"), "invalid_path",
                 "must begin with '/' and hold neither blanks nor control characters");
  faults.text(http.path, kMaxCheckText, Path(at, "path"));
  faults.require(http.port != 0, Path(at, "port"), "out_of_range", "must be between 1 and 65535");
  faults.require(is_token(http.method) && http.method.size() <= 32, Path(at, "method"), "invalid_method",
                 "must be an HTTP method such as GET or HEAD");
  check_authority(http.host, Path(at, "host"), faults);
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
  const Path expect(at, "expect");
  faults.size(http.expect_body, kMaxCheckText, Path(expect, "body"));
  const Path json(expect, "json");
  faults.at_most(http.expect_json.size(), kMaxExpectations, "pointers", json);
  for (const auto& [pointer, value] : http.expect_json) {
    faults.require(is_json_pointer(pointer), Path(json, pointer), "invalid_pointer",
                   "must be a JSON pointer such as \"/status\" (RFC 6901)");
    faults.size(pointer, kMaxCheckText, Path(json, pointer));
    faults.size(value, kMaxCheckText, Path(json, pointer));
  }
  const bool skips = http.tls_skip_verify && !http.tls_name.empty();
  faults.require(!skips, Path(at, "tls_name"), "exclusive", "has no use when the certificate is not verified");
  check_tls_name(http.tls_name, Path(at, "tls_name"), faults);
}

void check_grpc(const GrpcProbe& grpc, const Path& at, Faults& faults) {
  faults.text(grpc.service, kMaxCheckText, Path(at, "service"));
  faults.require(grpc.port != 0, Path(at, "port"), "out_of_range", "must be between 1 and 65535");
  check_authority(grpc.host, Path(at, "host"), faults);
  const bool tls_alone = !grpc.tls && (!grpc.tls_name.empty() || grpc.tls_skip_verify);
  faults.require(!tls_alone, Path(at, "tls"), "required", "must be true, or the other members about TLS have no use");
  faults.require(grpc.tls_name.empty() || !grpc.tls_skip_verify, Path(at, "tls_name"), "exclusive",
                 "has no use when the certificate is not verified");
  check_tls_name(grpc.tls_name, Path(at, "tls_name"), faults);
}

void check_dns(const DnsProbe& dns, const Path& at, Faults& faults) {
  const auto name = DomainName::parse(dns.name);
  faults.require(name || dns.name == ".", Path(at, "name"), "invalid_name",
                 [&] { return dns.name.empty() ? "must be given: what is asked for" : name.error(); });
  faults.require(dns.port != 0, Path(at, "port"), "out_of_range", "must be between 1 and 65535");
  const Path expect(at, "expect");
  const bool v4 = dns.expect_address.v4.has_value(), v6 = dns.expect_address.v6.has_value();
  faults.require((!v4 || dns.type == kTypeA) && (!v6 || dns.type == kTypeAaaa), Path(expect, "address"), "wrong_family",
                 "an IPv4 address is what an A record holds, an IPv6 address what an AAAA record holds");
  faults.require(dns.expect_rcode == 0 || (!v4 && !v6), Path(expect, "address"), "exclusive",
                 "only NOERROR comes with addresses");
}

void check_exec(const std::vector<std::string>& command, const Path& at, Faults& faults) {
  faults.require(!command.empty() && command[0].starts_with('/'), at, "invalid_path",
                 "must be the full path of a program, then its arguments; there is no shell");
  faults.at_most(command.size(), kMaxArguments, "words", at);
  for (std::size_t i = 0; i < command.size(); ++i) {
    faults.size(command[i], kMaxCheckText, Path(at, i));
    faults.require(command[i].find('\0') == std::string::npos, Path(at, i), "invalid_text", "holds a NUL");
  }
}

void check_followed(const std::string& alias, const Path& at, Faults& faults) {
  const auto name = DomainName::parse(alias);
  faults.require(name.has_value(), at, "invalid_name", [&] { return name.error(); });
}

std::string_view member_of(CheckKind kind) {
  switch (kind) {
    case CheckKind::http:
      return "http";
    case CheckKind::https:
      return "https";
    case CheckKind::tcp:
      return "tcp";
    case CheckKind::heartbeat:
      return "heartbeat";
    case CheckKind::grpc:
      return "grpc";
    case CheckKind::dns:
      return "dns";
    case CheckKind::exec:
      return "exec";
    case CheckKind::alias:
      break;
  }
  return "alias";
}

// A probe goes to the instance's own address: it needs a port, and an address of the family it names.
void check_target(const CheckDef& check, const InstanceDef& instance, const Path& at, Faults& faults) {
  const bool needs_port = check.kind != CheckKind::exec;
  const bool has_port = instance.port || own_port(check) || usual_port(check.kind) != 0;
  faults.require(has_port || !needs_port, Path(Path(at, member_of(check.kind)), "port"), "required",
                 "the instance has no port, so the check must name one");
  const bool v4 = instance.addresses.v4.has_value(), v6 = instance.addresses.v6.has_value();
  const bool some = check.family == Family::any ? !instance.api_only : check.family == Family::ipv4 ? v4 : v6;
  const bool reachable = !instance.host.empty() || some;
  faults.require(reachable, Path(at, "family"), "no_address", "the instance has no address of this family");
}

void check_timing(const CheckDef& check, const Path& at, Faults& faults) {
  faults.range(check.interval, 100ms, 1h, Path(at, "interval"));
  const Millis longest = std::min<Millis>(check.interval, kMaxTimeout);
  faults.range(check.timeout, 10ms, std::max<Millis>(longest, 10ms), Path(at, "timeout"));
  faults.number(check.rise, 1, 100, Path(at, "rise"));
  faults.number(check.fall, 1, 100, Path(at, "fall"));
  faults.number(check.ok, 1, 100, Path(at, "ok"));
}

void check_one(const CheckDef& check, const InstanceDef* instance, const Path& at, Faults& faults) {
  faults.require(!check.name.empty(), Path(at, "name"), "empty", "a check needs a name");
  faults.text(check.name, kMaxLabel, Path(at, "name"));
  faults.range(check.deregister_after, 0s, 30 * 24h, Path(at, "deregister_after"));
  faults.require(check.initial == CheckState::unknown || check.kind != CheckKind::alias, Path(at, "initial"),
                 "exclusive", "follows from the other service");
  const Path member(at, member_of(check.kind));
  switch (check.kind) {
    case CheckKind::heartbeat:
      if (check.lease.count() == 0 && check.name != "lease") return;
      faults.range(check.lease, 1s, 24h, check.name == "lease" ? Path(kRoot, "lease") : member);
      return;
    case CheckKind::http:
    case CheckKind::https:
      check_http(check.http, member, faults);
      break;
    case CheckKind::grpc:
      check_grpc(check.grpc, member, faults);
      break;
    case CheckKind::dns:
      check_dns(check.dns, member, faults);
      break;
    case CheckKind::exec:
      check_exec(check.exec, member, faults);
      break;
    case CheckKind::alias:
      check_followed(check.alias, member, faults);
      return;
    case CheckKind::tcp:
      faults.require(check.tcp.port != 0, Path(member, "port"), "out_of_range", "must be between 1 and 65535");
      break;
  }
  check_timing(check, at, faults);
  if (instance != nullptr) check_target(check, *instance, at, faults);
}

}  // namespace

bool may_run(const std::vector<std::string>& allowed, const std::vector<std::string>& command) {
  if (command.empty()) return false;
  const std::string program = command[0] + "/";
  if (program.find("/./") != program.npos || program.find("/../") != program.npos) return false;
  return std::any_of(allowed.begin(), allowed.end(), [&](const std::string& each) {
    return each.ends_with('/') ? command[0].starts_with(each) : command[0] == each;
  });
}

void check_checks(const std::vector<CheckDef>& checks, const InstanceDef* instance, Faults& faults) {
  const Path all(kRoot, "checks");
  faults.at_most(checks.size(), kMaxChecks, "checks", all);
  for (std::size_t i = 0; i < std::min(checks.size(), kMaxChecks); ++i) {
    const Path at(all, i);
    const auto first =
        std::find_if(checks.begin(), checks.end(), [&](const CheckDef& each) { return each.name == checks[i].name; });
    check_one(checks[i], instance, at, faults);
    faults.require(&*first == &checks[i], Path(at, "name"), "duplicate",
                   [&] { return fmt::format("another check is named '{}' too", checks[i].name); });
  }
}

}  // namespace registry
