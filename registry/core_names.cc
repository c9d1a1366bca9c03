#include <fmt/format.h>

#include "registry/core.h"

namespace registry {
namespace {

// The service whose names an owner of a zone file lies among: worker.corp for x.worker.corp, worker.corp and
// _worker._tcp.corp; "" for the apex itself.
std::string service_of_owner(std::string_view owner, std::string_view apex) {
  if (owner.size() <= apex.size() + 1) return {};
  std::string_view rest = owner.substr(0, owner.size() - apex.size() - 1);
  const auto last_label = [&] {
    const std::size_t dot = rest.rfind('.');
    const std::string_view label = dot == rest.npos ? rest : rest.substr(dot + 1);
    rest = dot == rest.npos ? std::string_view{} : rest.substr(0, dot);
    return label;
  };
  std::string_view label = last_label();
  if ((label == "_tcp" || label == "_udp") && !rest.empty()) {
    label = last_label();
    if (label.starts_with('_')) label.remove_prefix(1);
  }
  return fmt::format("{}.{}", label, apex);
}

}  // namespace

const std::string* RegistryCore::apex_for(std::string_view key) const {
  for (std::string_view rest = key;;) {
    if (const auto it = apex_of.find(rest); it != apex_of.end()) return &it->second;
    const std::size_t dot = rest.find('.');
    if (dot == rest.npos) return nullptr;
    rest.remove_prefix(dot + 1);
  }
}

std::string RegistryCore::canonical(std::string_view key) const {
  const std::size_t dot = key.find('.');
  const auto it = dot == key.npos ? apex_of.end() : apex_of.find(key.substr(dot + 1));
  return it == apex_of.end() ? std::string(key) : std::string(key.substr(0, dot + 1)) + it->second;
}

bool RegistryCore::static_covers(std::string_view apex, std::string_view service_key) const {
  const auto it = statics.find(apex);
  if (it == statics.end()) return false;
  const NameSet& tree = it->second.tree;
  const std::string_view label = service_key.substr(0, service_key.find('.'));
  return tree.any_at_or_below(service_key) || tree.any_at_or_below(fmt::format("_{}._tcp.{}", label, apex)) ||
         tree.any_at_or_below(fmt::format("_{}._udp.{}", label, apex));
}

bool RegistryCore::covered(const Service& service) const {
  return apexes.any_at_or_below(service.name.key()) || static_covers(service.apex, service.name.key());
}

std::set<std::string> RegistryCore::services_at(std::string_view apex, const StaticNames& names) const {
  std::set<std::string> found;
  for (const std::string& owner : names.owners) {
    std::string key = service_of_owner(owner, apex);
    const auto it = services.find(key);
    if (it != services.end() && it->second.apex == apex) found.insert(std::move(key));
  }
  return found;
}

void RegistryCore::update_shadow(Service& service, Edit& edit) {
  const bool shadowed = covered(service);
  if (service.shadowed == shadowed) return;
  service.shadowed = shadowed;
  touch(edit, service, true);
  tell(edit, {ChangeKind::service, ChangeOp::state, service.name.key(), {}, false, {}});
  for (auto&& [id, instance] : service.instances) refresh_and_tell(service, instance, edit);
}

void RegistryCore::update_shadows_above(std::string_view apex, Edit& edit) {
  for (std::string_view rest = apex;;) {
    if (const auto it = services.find(rest); it != services.end()) update_shadow(it->second, edit);
    const std::size_t dot = rest.find('.');
    if (dot == rest.npos) return;
    rest.remove_prefix(dot + 1);
  }
}

}  // namespace registry
