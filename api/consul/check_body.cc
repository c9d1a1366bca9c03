#include "api/consul/check_body.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/consul/dialect.h"
#include "registry/text.h"
#include "registry/validate.h"

namespace api::consul {

using registry::CheckDef;
using registry::CheckKind;
using registry::CheckState;
using registry::InstanceDef;
using registry::Millis;

namespace {

constexpr Millis kDefaultTimeout{10'000};
constexpr Millis kLeastDeregister{60'000};                  // Consul's own least
constexpr Millis kMostDeregister{30LL * 24 * 3600 * 1000};  // the registry's most
constexpr Millis kLeastInterval{1'000};                     // Consul's own least; what is less is taken for it
constexpr Millis kMostInterval{3'600'000};                  // the registry's most: asking more often does no harm
constexpr Millis kLeastLease{1'000};                        // the registry's least

struct Where {
  std::string host;  // as given, without brackets
  std::optional<std::uint16_t> port;
};

std::optional<Where> split_authority(std::string_view text) {
  Where where;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    where.host = text.substr(1, end - 1);
    port = text.substr(end + 1);
  } else {
    const auto colon = std::min(text.rfind(':'), text.size());
    where.host = text.substr(0, colon);
    port = text.substr(colon);
  }
  if (where.host.empty()) return std::nullopt;
  if (port.empty()) return where;
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  if (port[0] != ':' || error != std::errc{} || end != port.data() + port.size() || number == 0) return std::nullopt;
  where.port = number;
  return where;
}

bool is_loopback(std::string_view host) {
  if (registry::fold(host) == "localhost") return true;
  const auto v4 = registry::parse_ipv4(host);
  return (v4 && v4->octets[0] == 127) || host == "::1";
}

// A host name other than the instance's, which goes into the Host header; an address must be the instance's own. The
// agent of Consul stands beside the service, so its clients write localhost: that is the instance itself.
std::string virtual_host(const Where& where, const InstanceDef& instance, const Fields& fields) {
  if (is_loopback(where.host) || registry::fold(where.host) == registry::fold(instance.host)) return {};
  const auto v4 = registry::parse_ipv4(where.host);
  const auto v6 = registry::parse_ipv6(where.host);
  if (!v4 && !v6) return where.port ? fmt::format("{}:{}", where.host, *where.port) : where.host;
  if ((v4 && v4 == instance.addresses.v4) || (v6 && v6 == instance.addresses.v6)) return {};
  fields.refuse(fmt::format(
      "a check asks {}, but checks go to the service's own address here: register the service with that Address",
      where.host));
  return {};
}

void read_http(CheckDef& def, const Fields& fields, const CheckContext& context) {
  const auto url = fields.text({"HTTP"});
  const bool tls = registry::fold(url.substr(0, 8)) == "https://";
  if (!tls && registry::fold(url.substr(0, 7)) != "http://") {
    return fields.refuse(fmt::format("the HTTP of a check must be a URL, not \"{}\"", url));
  }
  const auto rest = std::string_view(url).substr(tls ? 8 : 7);
  const auto slash = std::min(rest.find_first_of("/?#"), rest.size());
  const auto where = split_authority(rest.substr(0, slash));
  if (!where) return fields.refuse(fmt::format("the HTTP of a check must be a URL, not \"{}\"", url));
  auto path = rest.substr(slash);
  path = path.substr(0, path.find('#'));
  def.kind = tls ? CheckKind::https : CheckKind::http;
  def.http.path = path.starts_with('/') ? std::string(path) : "/" + std::string(path);
  def.http.host = virtual_host(*where, context.instance, fields);
  def.http.port = where->port.value_or(tls ? 443 : 80);
  if (auto method = fields.text({"Method"}); !method.empty()) def.http.method = std::move(method);
  if (!fields.text({"Body"}).empty()) fields.refuse("a check's Body is not sent here");
  const auto* headers = fields.raw_object({"Header"});
  for (const auto& member : headers ? *headers : boost::json::object()) {
    std::string joined;
    const auto* values = member.value().if_array();
    for (const auto& value : values ? *values : boost::json::array{member.value()}) {
      const auto* text = value.if_string();
      if (!text) fields.refuse("Request decode failed: Header must be an object of lists of strings");
      if (text) joined += (joined.empty() ? "" : ", ") + std::string(*text);
    }
    def.http.headers[std::string_view(member.key().data(), member.key().size())] = std::move(joined);
  }
  if (!tls) return;
  def.http.tls_skip_verify = fields.flag({"TLSSkipVerify", "tls_skip_verify"});
  if (!def.http.tls_skip_verify) def.http.tls_name = fields.text({"TLSServerName", "tls_server_name"});
}

void read_tcp(CheckDef& def, const Fields& fields, const CheckContext& context) {
  const auto text = fields.text({"TCP"});
  const auto where = split_authority(text);
  if (!where || !where->port) {
    return fields.refuse(fmt::format("the TCP of a check must be host:port, not \"{}\"", text));
  }
  (void)virtual_host(*where, context.instance, fields);  // a name has no place in TCP; a foreign address is refused
  def.kind = CheckKind::tcp;
  def.tcp.port = where->port;
  def.tcp.tls = fields.flag({"TCPUseTLS", "tcp_use_tls"});
}

void read_grpc(CheckDef& def, const Fields& fields, const CheckContext& context) {
  const auto text = fields.text({"GRPC"});
  const auto slash = std::min(text.find('/'), text.size());
  const auto where = split_authority(std::string_view(text).substr(0, slash));
  if (!where || !where->port) {
    return fields.refuse(fmt::format("the GRPC of a check must be host:port[/service], not \"{}\"", text));
  }
  def.kind = CheckKind::grpc;
  if (slash < text.size()) def.grpc.service = text.substr(slash + 1);
  def.grpc.port = where->port;
  def.grpc.host = virtual_host(*where, context.instance, fields);
  def.grpc.tls = fields.flag({"GRPCUseTLS", "grpc_use_tls"});
  if (!def.grpc.tls) return;
  def.grpc.tls_skip_verify = fields.flag({"TLSSkipVerify", "tls_skip_verify"});
  if (!def.grpc.tls_skip_verify) def.grpc.tls_name = fields.text({"TLSServerName", "tls_server_name"});
}

void read_alias(CheckDef& def, const Fields& fields, const CheckContext& context) {
  const auto id = fields.text({"AliasService", "alias_service"});
  auto followed = id.empty() ? std::string() : context.service_of(id);
  if (followed.empty()) {
    return fields.refuse(id.empty() ? std::string("an alias check follows a service here: give AliasService")
                                    : fmt::format("no service with the ID \"{}\" is registered", id));
  }
  def.kind = CheckKind::alias;
  def.alias = std::move(followed);
}

// What there is no probe for, each with what to do instead.
void refuse_others(const Fields& fields) {
  if (fields.has({"DockerContainerID", "docker_container_id"})) return fields.refuse("Docker checks are not run here");
  if (fields.has({"UDP"})) return fields.refuse("UDP checks are not made here");
  if (fields.has({"H2PING", "H2PingUseTLS"})) return fields.refuse("H2PING checks are not made here: use GRPC");
  if (fields.has({"OSService", "os_service"})) return fields.refuse("OS service checks are not made here");
  fields.refuse("Must provide TTL or Script/DockerContainerID/HTTP/TCP and Interval");
}

void read_kind(CheckDef& def, const Fields& fields, const CheckContext& context) {
  if (const auto ttl = fields.duration({"TTL"}); ttl.count() > 0) {
    def.kind = CheckKind::heartbeat;
    def.lease = std::max(ttl, kLeastLease);
  } else if (!fields.text({"HTTP"}).empty()) {
    read_http(def, fields, context);
  } else if (!fields.text({"TCP"}).empty()) {
    read_tcp(def, fields, context);
  } else if (!fields.text({"GRPC"}).empty()) {
    read_grpc(def, fields, context);
  } else if (auto args = fields.texts({"Args", "ScriptArgs", "script_args"}); !args.empty()) {
    def.kind = CheckKind::exec;
    def.exec = std::move(args);
  } else if (auto script = fields.text({"Script"}); !script.empty()) {
    def.kind = CheckKind::exec;  // only where the configuration lets the shell run
    def.exec = {"/bin/sh", "-c", std::move(script)};
  } else if (fields.has({"AliasService", "alias_service"}) || fields.has({"AliasNode", "alias_node"})) {
    read_alias(def, fields, context);
  } else {
    refuse_others(fields);
  }
}

void read_timing(CheckDef& def, const Fields& fields) {
  const auto interval = fields.duration({"Interval", "IntervalDuration"});
  if (interval.count() == 0) return fields.refuse("Must provide TTL or Script/DockerContainerID/HTTP/TCP and Interval");
  const auto timeout = fields.duration({"Timeout", "TimeoutDuration"});
  def.interval = std::clamp(interval, kLeastInterval, kMostInterval);
  def.timeout =
      std::min({timeout.count() > 0 ? timeout : kDefaultTimeout, def.interval, Millis(registry::kMaxTimeout)});
  // Consul believes every result unless told otherwise.
  def.rise = static_cast<int>(
      std::max<std::int64_t>(1, fields.number({"SuccessBeforePassing", "success_before_passing"}, 0, 100)));
  def.fall = static_cast<int>(
      std::max<std::int64_t>(1, fields.number({"FailuresBeforeCritical", "failures_before_critical"}, 0, 100)));
  def.ok = 1;
}

std::optional<CheckState> read_status(const Fields& fields) {
  const auto status = fields.text({"Status"});
  if (status.empty()) return std::nullopt;
  if (status == "passing") return CheckState::passing;
  if (status == "warning") return CheckState::warning;
  if (status != "critical") fields.refuse("Status for checks must 'passing', 'warning', 'critical'");
  return CheckState::critical;
}

void read_note(CheckNote& note, const Fields& fields) {
  note.id = fields.text({"CheckID", "check_id"});
  if (note.id.empty()) note.id = fields.text({"ID"});
  note.name = fields.text({"Name"});
  note.notes = fields.text({"Notes"});
}

Millis read_deregister(const Fields& fields) {
  const auto after = fields.duration({"DeregisterCriticalServiceAfter", "deregister_critical_service_after",
                                      "DeregisterCriticalServiceAfterDuration"});
  return after.count() == 0 ? after : std::clamp(after, kLeastDeregister, kMostDeregister);
}

std::string_view word_of(CheckKind kind) {
  constexpr std::string_view kWords[] = {"http", "https", "tcp", "heartbeat", "grpc", "dns", "exec", "alias"};
  return kWords[static_cast<std::size_t>(kind)];
}

// An id that was given, as far as it can be a name; else what kind it is. An id of Consul's making as well: it names
// the instance, and the checks of many instances are kept once where they are equal.
std::string free_name(const CheckBody& body, const std::vector<CheckDef>& taken) {
  const auto& id = body.note.id;
  const bool own = !id.empty() && !id.starts_with("service:");
  const bool fits = own && id != "lease" && id.size() <= registry::kMaxLabel && !registry::has_control(id);
  const auto base = fits ? id : own ? registry::label_for_id(id) : std::string(word_of(body.def.kind));
  auto name = base;
  for (int n = 2; std::ranges::find(taken, name, &CheckDef::name) != taken.end(); ++n) {
    name = fmt::format("{}-{}", registry::clip_utf8(base, registry::kMaxLabel - 4), n);
  }
  return name;
}

}  // namespace

CheckBody read_check(const Fields& fields, const CheckContext& context) {
  CheckBody body;
  read_note(body.note, fields);
  body.status = read_status(fields);
  read_kind(body.def, fields, context);
  if (is_probed(body.def.kind)) read_timing(body.def, fields);
  body.def.deregister_after = read_deregister(fields);
  // Critical until it was told otherwise. A probe's first result counts at once, which comes to the same.
  const bool told = body.def.kind == CheckKind::heartbeat;
  if (told) body.def.initial = body.status.value_or(CheckState::critical);
  if (is_probed(body.def.kind) && body.status && *body.status != CheckState::critical) body.def.initial = *body.status;
  return body;
}

CheckBody read_catalog_check(const Fields& fields, const CheckContext& context) {
  const auto definition = fields.object({"Definition"});
  CheckBody body;
  if (!definition.empty() && (!definition.text({"HTTP"}).empty() || !definition.text({"TCP"}).empty())) {
    body = read_check(definition, context);
    if (const auto status = read_status(fields); status && *status != CheckState::critical) body.def.initial = *status;
  } else {
    body.def.kind = CheckKind::heartbeat;  // without an end: what was told last stays true
    body.status = read_status(fields).value_or(CheckState::critical);
    body.def.initial = *body.status;
  }
  body.note = {};
  read_note(body.note, fields);
  body.output = registry::clip_utf8(fields.text({"Output"}), registry::kMaxOutput);
  return body;
}

std::string name_of_check(const Foreign& foreign, std::string_view id) {
  if (id.empty()) return {};
  const auto found = std::ranges::find_if(foreign.checks, [&](const auto& each) { return each.second.id == id; });
  return found == foreign.checks.end() ? std::string() : found->first;
}

void add_check(CheckBody body, InstanceDef& def, Foreign& foreign) {
  std::vector<CheckDef> checks = def.checks;
  auto name = name_of_check(foreign, body.note.id);
  body.def.name = name.empty() ? free_name(body, checks) : std::move(name);
  foreign.checks[body.def.name] = std::move(body.note);
  const auto old = std::ranges::find(checks, body.def.name, &CheckDef::name);
  if (old != checks.end()) {
    *old = std::move(body.def);
  } else {
    checks.push_back(std::move(body.def));
  }
  def.checks = std::move(checks);
}

}  // namespace api::consul
