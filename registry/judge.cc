#include "registry/judge.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "registry/text.h"

namespace registry {
namespace {

// From best to worst.
int severity(CheckState state) {
  switch (state) {
    case CheckState::passing:
      return 0;
    case CheckState::warning:
      return 1;
    case CheckState::unknown:
      return 2;
    case CheckState::critical:
      break;
  }
  return 3;
}

// The worst of the checks that speak for the family.
CheckState family_state(const Instance& instance, Family family) {
  CheckState worst = CheckState::passing;
  for (std::size_t i = 0; i < instance.status.size(); ++i) {
    const Family named = (*instance.checks)[i].family;
    if (named != Family::any && named != family) continue;
    if (severity(instance.status[i].state) > severity(worst)) worst = instance.status[i].state;
  }
  return worst;
}

bool healthy(CheckState state, const ServicePolicy& policy) {
  return state == CheckState::passing || (state == CheckState::warning && !policy.only_passing);
}

Reason reason_of(CheckState state, const Instance& instance) {
  if (instance.forget_at) return Reason::lease_expired;
  return state == CheckState::unknown ? Reason::check_first_result_pending : Reason::check_failing;
}

std::uint16_t weight_of(CheckState state, const InstanceDef& def, const ServicePolicy& policy) {
  if (state != CheckState::warning || def.weight == 0) return def.weight;
  if (def.weight_warning) return *def.weight_warning;
  // Zero would mean "only when all are zero" (RFC 2782), which no factor above zero asks for.
  return static_cast<std::uint16_t>(std::max(1.0, std::round(def.weight * policy.warning_factor)));
}

// What is out after its lease ended goes from its own names at forget_at (which end their TTL themselves), and from the
// service's only where those that are out may be answered.
Mono health_horizon(const Service& service, const Instance& instance) {
  Mono horizon = instance.lease_deadline.value_or(Mono::max());
  for (const CheckTrace& each : instance.trace) {
    if (each.lease != LeasePhase::ended) horizon = std::min(horizon, each.flip_at);
  }
  if (service.policy.on_empty == OnEmpty::fail_open || service.policy.fail_open_below > 0) {
    horizon = std::min(horizon, instance.forget_at.value_or(Mono::max()));
  }
  return std::min(horizon, instance.resolved_until.value_or(Mono::max()));
}

bool may_warn(const CheckDef& def) {
  if (def.kind == CheckKind::exec) return true;
  return (def.kind == CheckKind::http || def.kind == CheckKind::https) && def.http.expect_status.empty();
}

// What newer kinds and members add to a subject. Nothing where they are not used: what was stored before they existed
// still speaks of the same.
std::string newer_members(const CheckDef& check) {
  std::string text;
  const auto add = [&](std::string_view part) { text += fmt::format("{}:{}\n", part.size(), part); };
  switch (check.kind) {
    case CheckKind::http:
    case CheckKind::https:
      if (!check.http.tls_name.empty()) text += fmt::format("\ntls {}", check.http.tls_name);
      for (const auto& [pointer, value] : check.http.expect_json) {
        add(pointer);
        add(value);
      }
      break;
    case CheckKind::grpc:
      add(check.grpc.service);
      add(check.grpc.host);
      add(check.grpc.tls_name);
      text += fmt::format("{} {}", check.grpc.tls, check.grpc.tls_skip_verify);
      break;
    case CheckKind::dns: {
      const DnsProbe& dns = check.dns;
      add(dns.name);
      text += fmt::format("{} {} {} {} {}", dns.type, dns.tcp, dns.expect_rcode,
                          dns.expect_address.v4 ? to_string(*dns.expect_address.v4) : "",
                          dns.expect_address.v6 ? to_string(*dns.expect_address.v6) : "");
      break;
    }
    case CheckKind::exec:
      for (const std::string& argument : check.exec) add(argument);
      break;
    case CheckKind::tcp:
    case CheckKind::heartbeat:
    case CheckKind::alias:
      break;
  }
  return text;
}

struct Rank {
  int exact = 0;
  std::size_t literal = 0;
};

Rank rank_of(const OverrideDef& def) {
  Rank rank;
  for (const std::string* pattern : std::array{&def.service, &def.instance, &def.node}) {
    rank.exact += is_exact(*pattern);
    rank.literal += literal_prefix(*pattern);
  }
  if (def.address) {
    rank.exact += def.address->bits == (def.address->v6 ? 128 : 32);
    rank.literal += def.address->bits / 8;
  }
  return rank;
}

}  // namespace

Judgement judge(const Service& service, const Instance& instance, const Override* ruling) {
  const InstanceDef& def = *instance.def;
  const bool has_v4 = !def.host.empty() || def.addresses.v4, has_v6 = !def.host.empty() || def.addresses.v6;
  const CheckState v4 = family_state(instance, Family::ipv4), v6 = family_state(instance, Family::ipv6);
  Judgement out;
  out.state = !has_v6 || (has_v4 && severity(v4) <= severity(v6)) ? v4 : v6;
  out.v4 = has_v4 && healthy(v4, service.policy);
  out.v6 = has_v6 && healthy(v6, service.policy);
  out.passed = def.api_only ? healthy(out.state, service.policy) : out.v4 || out.v6;
  out.weight = weight_of(out.state, def, service.policy);
  out.reason = !out.passed ? reason_of(out.state, instance) : instance.held ? Reason::guard_held : Reason::ok;
  out.horizon = health_horizon(service, instance);

  const auto decide = [&](bool up, Reason reason, Mono until) {
    out.v4 = up && has_v4;
    out.v6 = up && has_v6;
    out.reason = reason;
    out.horizon = until;
  };
  if (service.shadowed) {
    decide(false, Reason::shadowed, Mono::max());
  } else if (ruling != nullptr && !ruling->def.up) {
    decide(false, Reason::override_down, ruling->ends);
  } else if (instance.drain_started) {
    decide(false, Reason::draining, Mono::max());
  } else if (ruling != nullptr) {
    // Other addresses of its host may be none that the override names.
    decide(true, Reason::override_up, std::min(ruling->ends, instance.resolved_until.value_or(Mono::max())));
  }
  return out;
}

std::shared_ptr<const std::vector<CheckDef>> applicable_checks(Service& service,
                                                               const std::shared_ptr<const InstanceDef>& def) {
  const std::vector<CheckDef>& own = def->checks;
  const bool probes =
      std::any_of(own.begin(), own.end(), [](const CheckDef& c) { return c.kind != CheckKind::heartbeat; });
  if (probes || service.checks == nullptr) return def->checks.shared();
  if (own.empty()) return service.checks;
  std::vector<CheckDef> combined;
  for (const CheckDef& check : *service.checks) {
    const bool named = std::ranges::find(own, check.name, &CheckDef::name) != own.end();
    if (check.kind != CheckKind::heartbeat && !named) combined.push_back(check);
  }
  combined.insert(combined.end(), own.begin(), own.end());
  if (service.combined == nullptr || *service.combined != combined) {
    service.combined = std::make_shared<const std::vector<CheckDef>>(std::move(combined));
  }
  return service.combined;
}

std::uint64_t subject_of(const CheckDef& check, const InstanceDef& def, Revision created) {
  std::string text = fmt::format("{}\n{}\n{}\n", created, static_cast<int>(check.kind), check.name);
  if (check.kind == CheckKind::alias) text += check.alias;  // speaks of the other service, not of this instance
  if (is_probed(check.kind)) {
    const HttpProbe& http = check.http;
    const auto add = [&](std::string_view part) { text += fmt::format("{}:{}\n", part.size(), part); };
    add(http.path);
    add(http.method);
    for (const auto& [name, value] : http.headers) {
      add(name);
      add(value);
    }
    add(http.host);
    add(http.expect_body);
    add(def.addresses.v4 ? to_string(*def.addresses.v4) : "");
    add(def.addresses.v6 ? to_string(*def.addresses.v6) : "");
    add(def.host);
    text += fmt::format("{} {} {} {} {} {} {} {} {} {}", fmt::join(http.expect_status, ","), http.tls_skip_verify,
                        check.tcp.tls, own_port(check).value_or(def.port.value_or(0)), check.interval.count(),
                        check.timeout.count(), check.rise, check.fall, check.ok, static_cast<int>(check.family));
    text += newer_members(check);
  }
  return XXH3_64bits(text.data(), text.size()) >> 1;
}

Mono flip_time(const CheckStatus& status, const CheckDef& def, const ServicePolicy& policy, Mono last) {
  // The lease's deadline speaks for a heartbeat, the followed service's horizon for an alias.
  if (!is_probed(def.kind)) return Mono::max();
  if (status.state == CheckState::unknown) return last;
  // Where passing and warning are answered differently, the next result may already swap them.
  const bool faces_differ = policy.only_passing || policy.warning_factor < 1;
  const bool up = status.state != CheckState::critical;
  const int left = faces_differ && up && may_warn(def) ? 1 : results_until_flip(status, def);
  return last + def.interval * left;
}

int heartbeat_of(const std::vector<CheckDef>& checks) {
  const auto it =
      std::find_if(checks.begin(), checks.end(), [](const CheckDef& c) { return c.kind == CheckKind::heartbeat; });
  return it == checks.end() ? -1 : static_cast<int>(it - checks.begin());
}

bool matches(const OverrideDef& def, const Service& service, const Instance& instance) {
  if (!glob_match(def.service, service.name.key()) || !glob_match(def.instance, instance.def->id)) return false;
  if (def.node != "*" && !glob_match(def.node, fold(instance.def->node))) return false;
  if (!def.address) return true;
  const Addresses& addresses = instance.addresses();
  // A host name that was never resolved yet, as after a restart, may have any address.
  if (!addresses.v4 && !addresses.v6) return !def.up;
  return (addresses.v4 && def.address->contains(*addresses.v4)) ||
         (addresses.v6 && def.address->contains(*addresses.v6));
}

bool ranks_before(const Override& a, const Override& b) {
  const Rank x = rank_of(a.def), y = rank_of(b.def);
  if (x.exact != y.exact) return x.exact > y.exact;
  if (x.literal != y.literal) return x.literal > y.literal;
  if (a.revision != b.revision) return a.revision > b.revision;
  return a.def.name < b.def.name;
}

}  // namespace registry
