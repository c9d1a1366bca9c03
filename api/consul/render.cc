#include "api/consul/render.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <set>

#include "api/consul/check_ids.h"
#include "registry/text.h"

namespace api::consul {
namespace {

using registry::CheckKind;
using registry::CheckState;
using registry::Instance;
using registry::Reason;
using registry::Revision;

constexpr std::string_view kMaintenance = "maintenance";

// Consul knows no "unknown": what has no result yet is critical there, and not answered here.
std::string_view status_of(CheckState state) {
  if (state == CheckState::passing) return "passing";
  return state == CheckState::warning ? "warning" : "critical";
}

int severity(std::string_view status) { return status == "passing" ? 0 : status == "warning" ? 1 : 2; }

std::string_view type_of(const registry::CheckDef& check) {
  switch (check.kind) {
    case CheckKind::http:
    case CheckKind::https:
      return "http";
    case CheckKind::tcp:
      return "tcp";
    case CheckKind::heartbeat:
      return check.lease.count() > 0 ? "ttl" : "";
    case CheckKind::grpc:
      return "grpc";
    case CheckKind::dns:
      return "dns";
    case CheckKind::exec:
      return "script";
    case CheckKind::alias:
      break;
  }
  return "alias";
}

void add_checks(Entry& entry) {
  const auto& instance = *entry.instance;
  const auto note_of = [&](const registry::CheckDef& check) {
    const auto found = entry.foreign.checks.find(check.name);
    return found == entry.foreign.checks.end() ? CheckNote{} : found->second;
  };
  auto ids = check_ids(instance, entry.foreign, entry.id);
  for (std::size_t i = 0; i < instance.checks->size() && i < instance.status.size(); ++i) {
    const auto& def = (*instance.checks)[i];
    auto note = note_of(def);
    CheckView view;
    view.id = std::move(ids[i]);
    view.name = note.name.empty() ? fmt::format("Service '{}' check", entry.name) : std::move(note.name);
    view.notes = std::move(note.notes);
    view.output = instance.status[i].output;
    view.status = status_of(instance.status[i].state);
    view.type = type_of(def);
    view.def = &def;
    entry.checks.push_back(std::move(view));
  }
}

// A drain, and an override that takes it down, are what Consul calls maintenance: its clients find it by this id.
bool is_in_maintenance(const Instance& instance) {
  return instance.reason == Reason::draining || instance.reason == Reason::override_down;
}

void add_maintenance(const App& app, Entry& entry) {
  if (!is_in_maintenance(*entry.instance)) return;
  CheckView view;
  view.id = "_service_maintenance:" + entry.id;
  view.name = "Service Maintenance Mode";
  view.notes = entry.foreign.maintenance;
  if (view.notes.empty()) {
    view.notes = app.registry().because(entry.service->name.key(), entry.instance->def->id, app.now().wall);
  }
  view.status = "critical";
  view.type = kMaintenance;
  entry.checks.push_back(std::move(view));
}

std::string address_of(const Instance& instance) {
  const auto& def = *instance.def;
  if (!def.host.empty()) return def.host.str();
  if (def.addresses.v4) return to_string(*def.addresses.v4);
  return def.addresses.v6 ? to_string(*def.addresses.v6) : std::string();
}

std::string node_address(const App& app, const Entry& entry) {
  if (!entry.foreign.node_address.empty()) return entry.foreign.node_address;
  return entry.instance->def->node.empty() ? own_address(app) : address_of(*entry.instance);
}

json::array tags_json(const Instance& instance) {
  return json::array(instance.def->tags.begin(), instance.def->tags.end());
}

json::object meta_json(const Instance& instance) {
  json::object out;
  for (const auto& [key, value] : instance.def->meta) out[key] = value;
  return out;
}

json::object weights_json(const registry::InstanceDef& def) {
  return {{"Passing", def.weight}, {"Warning", def.weight_warning.value_or(def.weight)}};
}

json::object tagged_json(const Entry& entry) {
  json::object out;
  const auto& def = *entry.instance->def;
  const auto add = [&](std::string_view name, const auto& address) {
    if (address) out[name] = json::object{{"Address", to_string(*address)}, {"Port", def.port.value_or(0)}};
  };
  add("lan_ipv4", def.addresses.v4);
  add("lan_ipv6", def.addresses.v6);
  for (const auto& member : entry.foreign.tagged_addresses) out[member.key()] = member.value();
  return out;
}

}  // namespace

std::string_view Entry::aggregated() const {
  const bool out = !checks.empty() && checks.back().type == kMaintenance;
  return out ? kMaintenance : status();
}

std::string_view Entry::status() const {
  std::string_view worst = "passing";
  for (const auto& check : checks) {
    if (severity(check.status) > severity(worst)) worst = check.status;
  }
  return worst;
}

Revision Entry::revision() const { return std::max(instance->revision, instance->state_revision); }

bool has_check_in(const Instance& instance, std::string_view state) {
  if (state == status_of(CheckState::critical) && is_in_maintenance(instance)) return true;
  return std::ranges::any_of(instance.status, [&](const auto& status) { return status_of(status.state) == state; });
}

Entry entry_of(const App& app, const registry::Service& service, const Instance& instance) {
  Entry entry;
  entry.service = &service;
  entry.instance = &instance;
  entry.foreign = read_foreign(*instance.def);
  entry.id = entry.foreign.id.empty() ? instance.def->id : entry.foreign.id;
  entry.name = entry.foreign.name.empty() ? std::string(service.name.first_label()) : entry.foreign.name;
  entry.node = instance.def->node.empty() ? app.options.consul.node : instance.def->node.str();
  add_checks(entry);
  add_maintenance(app, entry);
  return entry;
}

json::object node_json(const App& app, const Entry& entry) {
  const auto address = node_address(app, entry);
  const auto& id = entry.foreign.node_id;
  return {{"ID", id.empty() ? uuid_of(entry.node) : id},
          {"Node", entry.node},
          {"Address", address},
          {"Datacenter", app.options.consul.datacenter},
          {"TaggedAddresses", json::object{{"lan", address}, {"wan", address}}},
          {"Meta", entry.foreign.node_meta},
          {"CreateIndex", entry.instance->created},
          {"ModifyIndex", entry.instance->revision}};
}

json::object service_json(const Entry& entry) {
  const auto& def = *entry.instance->def;
  return {{"ID", entry.id},
          {"Service", entry.name},
          {"Tags", tags_json(*entry.instance)},
          {"Address", address_of(*entry.instance)},
          {"TaggedAddresses", tagged_json(entry)},
          {"Meta", meta_json(*entry.instance)},
          {"Port", def.port.value_or(0)},
          {"Weights", weights_json(def)},
          {"EnableTagOverride", entry.foreign.enable_tag_override},
          {"CreateIndex", entry.instance->created},
          {"ModifyIndex", entry.instance->revision}};
}

json::object agent_service_json(const App& app, const Entry& entry) {
  auto out = service_json(entry);
  out.erase("CreateIndex");
  out.erase("ModifyIndex");
  out["Datacenter"] = app.options.consul.datacenter;
  return out;
}

json::object catalog_json(const App& app, const Entry& entry) {
  const auto node = node_json(app, entry);
  const auto service = service_json(entry);
  json::object out;
  for (const auto* name : {"ID", "Node", "Address", "Datacenter", "TaggedAddresses"}) out[name] = node.at(name);
  out["NodeMeta"] = node.at("Meta");
  out["ServiceID"] = service.at("ID");
  out["ServiceName"] = service.at("Service");
  for (const auto* name : {"Address", "TaggedAddresses", "Tags", "Meta", "Port", "Weights", "EnableTagOverride"}) {
    out["Service" + std::string(name)] = service.at(name);
  }
  out["CreateIndex"] = entry.instance->created;
  out["ModifyIndex"] = entry.instance->revision;
  return out;
}

json::object check_json(const Entry& entry, const CheckView& check) {
  return {{"Node", entry.node},
          {"CheckID", check.id},
          {"Name", check.name},
          {"Status", check.status},
          {"Notes", check.notes},
          {"Output", check.output},
          {"ServiceID", entry.id},
          {"ServiceName", entry.name},
          {"ServiceTags", tags_json(*entry.instance)},
          {"Type", check.type},
          {"Definition", json::object()},
          {"CreateIndex", entry.instance->created},
          {"ModifyIndex", entry.revision()}};
}

json::array checks_json(const Entry& entry) {
  json::array out;
  for (const auto& check : entry.checks) out.push_back(check_json(entry, check));
  return out;
}

json::object health_json(const App& app, const Entry& entry) {
  return {{"Node", node_json(app, entry)}, {"Service", service_json(entry)}, {"Checks", checks_json(entry)}};
}

std::string own_address(const App& app) {
  for (const auto& endpoint : app.options.listen) {
    if (endpoint.address != "0.0.0.0" && endpoint.address != "::") return endpoint.address;
  }
  return "127.0.0.1";
}

// RFC 9562 5.8: version 8, the digits are ours to choose.
std::string uuid_of(std::string_view name) {
  const auto hash = XXH3_128bits(name.data(), name.size());
  return fmt::format("{:08x}-{:04x}-8{:03x}-{:04x}-{:012x}", hash.high64 >> 32, (hash.high64 >> 16) & 0xffff,
                     hash.high64 & 0xfff, 0x8000 | (hash.low64 >> 48 & 0x3fff), hash.low64 & 0xffffffffffffULL);
}

}  // namespace api::consul
