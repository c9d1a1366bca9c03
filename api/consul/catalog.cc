#include "api/consul/catalog.h"

#include <algorithm>
#include <utility>

#include "api/consul/foreign.h"
#include "api/dialect.h"

namespace api::consul {

using registry::DomainName;
using registry::InstanceDef;
using registry::Result;
using registry::Revision;

namespace {

std::string id_of(const InstanceDef& def, const Foreign& foreign) { return foreign.id.empty() ? def.id : foreign.id; }

// True when the count of `key` came to be or went away: the set of keys is another one.
bool count(std::map<std::string, std::size_t>& counts, const std::string& key, bool more) {
  if (more) return ++counts[key] == 1;
  const auto at = counts.find(key);
  if (at == counts.end() || --at->second > 0) return false;
  counts.erase(at);
  return true;
}

}  // namespace

const registry::Namespace* Catalog::ns() {
  if (!apex_.empty() && !app_.registry().find_namespace(apex_)) forget_namespace();
  if (apex_.empty()) {
    const auto* found = namespace_of(app_.registry(), app_.options.consul.ns);
    if (!found) return nullptr;
    apex_ = found->def.name.key();
    build();
  }
  return app_.registry().find_namespace(apex_);
}

// It was deleted: where none is configured the next one takes its place. Indexes go on from where they are.
void Catalog::forget_namespace() {
  apex_.clear();
  subscription_ = {};
  known_.clear();
  nodes_.clear();
  checks_.clear();
  services_.clear();
  gone_.clear();
}

void Catalog::build() {
  floor_ = services_index_ = facts_index_ = std::max<Revision>(app_.registry().revision(), 1);
  nodes_index_ = std::max(nodes_index_, floor_);
  for (const auto key : app_.registry().services_of(apex_)) {
    const auto* service = app_.registry().find_service(key);
    if (!service) continue;
    for (const auto& [id, instance] : service->instances) add({std::string(key), id}, instance.def, floor_);
  }
  subscription_ =
      app_.context.feed.subscribe(feed_key(), [this](const registry::ChangeSet& changes) { note(changes); });
}

void Catalog::note(const registry::ChangeSet& changes) {
  for (const auto& change : changes.changes) {
    const auto dot = change.service.find('.');
    if (dot == std::string::npos || std::string_view(change.service).substr(dot + 1) != apex_) continue;
    const bool removed = change.op == registry::ChangeOp::remove;
    if (change.kind == registry::ChangeKind::instance && (removed || change.op == registry::ChangeOp::put)) {
      refresh({change.service, change.id}, changes.revision);
    } else if (change.kind == registry::ChangeKind::service && removed) {
      if (gone_.size() >= kMaxTombstones) {
        gone_.clear();
        floor_ = changes.revision;
      }
      gone_[change.service] = changes.revision;
    }
  }
}

// As it is now: of several changes of one set the last one counts.
void Catalog::refresh(const Ref& ref, Revision revision) {
  const auto* instance = app_.registry().find_instance(ref.service, ref.id);
  const auto known = known_.find(ref);
  if (instance && known != known_.end() && known->second == instance->def) return;
  if (known != known_.end()) remove(ref, revision);
  if (instance) add(ref, instance->def, revision);
}

void Catalog::add(const Ref& ref, std::shared_ptr<const InstanceDef> def, Revision revision) {
  const auto foreign = read_foreign(*def);
  const auto node = node_key(def->node);
  nodes_[node][id_of(*def, foreign)].insert(ref);
  for (const auto& [name, note] : foreign.checks) {
    if (!note.id.empty()) checks_[{node, note.id}].insert({ref, name});
  }
  auto& service = services_[ref.service];
  bool moved = ++service.instances == 1;
  for (const auto& tag : def->tags) moved |= count(service.tags, tag, true);
  if (!foreign.name.empty()) moved |= count(service.names, foreign.name, true);
  if (moved) services_index_ = revision;
  service.index = facts_index_ = revision;
  if (!node.empty()) move_nodes(revision);
  known_[ref] = std::move(def);
}

void Catalog::remove(const Ref& ref, Revision revision) {
  const auto known = known_.extract(ref);
  const auto& def = *known.mapped();
  const auto foreign = read_foreign(def);
  const auto node = node_key(def.node);
  auto& ids = nodes_[node];
  const auto id = ids.find(id_of(def, foreign));
  if (id != ids.end()) {
    id->second.erase(ref);
    if (id->second.empty()) ids.erase(id);
  }
  if (ids.empty()) nodes_.erase(node);
  for (const auto& [name, note] : foreign.checks) {
    const auto check = checks_.find({node, note.id});
    if (check == checks_.end()) continue;
    check->second.erase({ref, name});
    if (check->second.empty()) checks_.erase(check);
  }
  auto& service = services_[ref.service];
  bool moved = --service.instances == 0;
  for (const auto& tag : def.tags) moved |= count(service.tags, tag, false);
  if (!foreign.name.empty()) moved |= count(service.names, foreign.name, false);
  service.index = facts_index_ = revision;
  if (service.instances == 0) services_.erase(ref.service);
  if (moved) services_index_ = revision;
  if (!node.empty()) move_nodes(revision);
}

Result<DomainName> Catalog::service_name(std::string_view name) {
  return service_in(ns(), app_.options.consul.ns, "consul", name);
}

std::optional<std::string> Catalog::other_name(const DomainName& service, std::string_view name) {
  const auto known = services().find(service.key());
  if (known == services_.end()) return std::nullopt;
  auto shown = shown_name(service.key());
  if (registry::fold(shown) == registry::fold(name)) return std::nullopt;
  return shown;
}

std::string Catalog::shown_name(const std::string& service_key) {
  const auto known = services().find(service_key);
  if (known != services_.end() && !known->second.names.empty()) return known->second.names.begin()->first;
  const auto* service = app_.registry().find_service(service_key);
  return service ? std::string(service->name.first_label()) : service_key.substr(0, service_key.find('.'));
}

std::string Catalog::node_key(std::string_view node) const {
  auto key = registry::fold(node);
  return key == registry::fold(app_.options.consul.node) ? std::string() : key;
}

const std::map<std::string, Catalog::Ids, std::less<>>& Catalog::nodes() {
  ns();
  return nodes_;
}

const std::map<std::string, Catalog::Service, std::less<>>& Catalog::services() {
  ns();
  return services_;
}

Revision Catalog::service_index(const std::string& service_key) {
  ns();
  if (const auto* service = app_.registry().find_service(service_key)) {
    return std::max(service->revision, service->index);
  }
  const auto gone = gone_.find(service_key);
  return gone == gone_.end() ? floor_ : gone->second;
}

Revision Catalog::facts_index(const std::string& service_key) {
  const auto known = services().find(service_key);
  return known == services_.end() ? service_index(service_key) : known->second.index;
}

Revision Catalog::services_index() {
  ns();
  return services_index_;
}

Revision Catalog::facts_index() {
  ns();
  return std::max(facts_index_, nodes_index_);
}

Revision Catalog::nodes_index() {
  ns();
  return nodes_index_;
}

// Never runs back, also where the namespace itself is removed and made again.
Revision Catalog::all_index() {
  ns();
  all_index_ = std::max({all_index_, floor_, app_.registry().namespace_index(apex_).value_or(1)});
  return all_index_;
}

std::size_t Catalog::size() {
  ns();
  return known_.size();
}

bool Catalog::remember(Node node) {
  ns();
  const auto key = node_key(node.name);
  if (!bare_.contains(key) && bare_.size() >= kMaxBareNodes) return false;
  // No commit, so no revision: the list of nodes counts on by itself.
  node.index = ++nodes_index_;
  bare_[key] = std::move(node);
  return true;
}

void Catalog::forget(const std::string& node_key) {
  if (bare_.erase(node_key) > 0) ++nodes_index_;
}

void Catalog::move_nodes(Revision revision) {
  if (std::exchange(nodes_revision_, revision) != revision) nodes_index_ = std::max(nodes_index_ + 1, revision);
}

std::string Catalog::feed_key() {
  ns();
  return "ns:" + apex_;
}

}  // namespace api::consul
