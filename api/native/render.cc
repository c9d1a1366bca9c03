#include "api/native/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "registry/codec/codec.h"
#include "registry/text.h"

namespace api::native {
namespace {

namespace json = boost::json;
using registry::CheckKind;

json::value optional_time(const std::optional<registry::Wall>& time) {
  return time ? json::value(registry::format_time(*time)) : json::value();
}

std::string format_latency(std::chrono::microseconds latency) {
  if (latency < std::chrono::milliseconds(1)) return fmt::format("{}us", latency.count());
  return fmt::format("{:.1f}ms", static_cast<double>(latency.count()) / 1000.0);
}

json::object check_json(const registry::CheckDef& def, const registry::CheckStatus& status) {
  json::object out = registry::codec::to_json(def);
  out["state"] = registry::codec::to_string(status.state);
  out["since"] = status.since == registry::Wall{} ? json::value() : json::value(registry::format_time(status.since));
  out["output"] = status.output;
  out["latency"] = format_latency(status.latency);
  out["failures"] = status.failures;
  // Held down after too many falls: how many successes in a row it wants, and how long that takes at least.
  out["damped"] = nullptr;
  const int rise = damped_rise(status, def);
  if (status.state == registry::CheckState::critical && rise > def.rise) {
    const auto left = def.interval * registry::results_until_flip(status, def);
    out["damped"] = json::object{{"rise", rise}, {"falls", status.flaps}, {"left", registry::format_duration(left)}};
  }
  return out;
}

// The plain lease is shown as "lease" and "lease_left", not once more as a check.
bool shown_as_lease(const registry::CheckDef& check, const json::object& written) {
  const auto* lease = written.if_contains("lease");
  return check.kind == CheckKind::heartbeat && check.name == "lease" && lease && lease->is_string();
}

}  // namespace

json::object namespace_json(const App& app, const registry::Namespace& ns) {
  json::object out = registry::codec::to_json(ns.def);
  out["name"] = ns.def.name.text();
  out["services"] = ns.services;
  out["serial"] = ns.serial;
  out["managed_by_config"] = ns.managed_by_config;
  out["created"] = ns.created;
  out["revision"] = ns.revision;
  out["index"] = app.registry().namespace_index(ns.def.name.key()).value_or(ns.revision);
  return out;
}

json::object service_json(const registry::Service& service) {
  json::object out{{"service", service.name.text()}, {"namespace", service.apex}};
  for (auto& member : registry::codec::to_json(service.policy)) out[member.key()] = std::move(member.value());
  out["instances"] = json::object{{"total", service.instances.size()}, {"available", service.available}};
  out["declared"] = service.declared;
  out["shadowed"] = service.shadowed;
  out["managed_by_config"] = service.managed_by_config;
  out["created"] = service.created;
  out["revision"] = service.revision;
  out["index"] = service.index;
  return out;
}

json::object instance_json(const App& app, const registry::Service& service, const registry::Instance& instance) {
  const auto& def = *instance.def;
  json::object out{{"service", service.name.text()},
                   {"id", def.id},
                   {"label", def.label},
                   {"name", def.label + "." + service.name.text()}};
  for (auto& member : registry::codec::to_json(def)) out[member.key()] = std::move(member.value());
  json::array checks;
  for (std::size_t i = 0; i < instance.checks->size() && i < instance.status.size(); ++i) {
    const auto& check = (*instance.checks)[i];
    if (!shown_as_lease(check, out)) checks.push_back(check_json(check, instance.status[i]));
  }
  out["checks"] = std::move(checks);
  out["effective_weight"] = instance.effective_weight;
  out["lease_left"] = nullptr;
  if (instance.lease_deadline) out["lease_left"] = format_left(*instance.lease_deadline, app.now().mono);
  out["state"] = registry::codec::to_string(instance.state);
  out["available"] = instance.available;
  out["reason"] = registry::to_string(instance.reason);
  out["draining"] = instance.drain_started.has_value();
  out["safe_after"] = optional_time(instance.safe_after);
  out["managed_by_config"] = instance.managed_by_config;
  out["created"] = instance.created;
  out["revision"] = instance.revision;
  out["state_revision"] = instance.state_revision;
  return out;
}

json::object override_json(const registry::Override& rule) {
  json::object out = registry::codec::to_json(rule.def);
  out["name"] = rule.def.name;
  out["revision"] = rule.revision;
  return out;
}

std::string format_left(registry::Mono until, registry::Mono now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(until - now);
  return registry::format_duration(std::max(left, std::chrono::seconds(0)));
}

std::string instance_path(const registry::DomainName& service, std::string_view id) {
  return "/api/v1/services/" + registry::percent_encode(service.text()) + "/instances/" + registry::percent_encode(id);
}

}  // namespace api::native
