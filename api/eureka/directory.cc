#include "api/eureka/directory.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/dialect.h"
#include "api/eureka/body.h"
#include "api/eureka/render.h"

namespace api::eureka {

using registry::DomainName;
using registry::Result;
using registry::Revision;

namespace {

Member member_of(const registry::Instance& instance, const Notes& notes) {
  return {instance.def, status_of(instance, notes), override_of(instance, notes).value_or(Status::unknown),
          instance.addresses()};
}

}  // namespace

const registry::Namespace* Directory::ns() {
  if (!apex_.empty() && !app_.registry().find_namespace(apex_)) forget();
  if (apex_.empty()) {
    const auto* found = namespace_of(app_.registry(), app_.options.eureka.ns);
    if (!found) return nullptr;
    apex_ = found->def.name.key();
    build();
  }
  return app_.registry().find_namespace(apex_);
}

// It was deleted: where none is configured the next one takes its place.
void Directory::forget() {
  apex_.clear();
  subscription_ = {};
  applications_.clear();
  indexes_ = {};
  counts_ = {};
  changes_ = {};
}

void Directory::build() {
  version_ = std::max<Revision>(app_.registry().revision(), 1);
  for (const auto key : app_.registry().services_of(apex_)) {
    const auto* service = app_.registry().find_service(key);
    if (!service) continue;
    for (const auto& [id, instance] : service->instances) {
      if (!is_shown(instance)) continue;
      const auto notes = read_notes(*instance.def);
      add({std::string(key), id}, member_of(instance, notes), notes);
    }
  }
  subscription_ =
      app_.context.feed.subscribe("ns:" + apex_, [this](const registry::ChangeSet& changes) { note(changes); });
}

void Directory::note(const registry::ChangeSet& changes) {
  bool moved = false;
  for (const auto& change : changes.changes) {
    if (change.kind != registry::ChangeKind::instance || change.op == registry::ChangeOp::weight) continue;
    const auto dot = change.service.find('.');
    if (dot == std::string::npos || std::string_view(change.service).substr(dot + 1) != apex_) continue;
    moved |= refresh({change.service, change.id}, app_.now().mono);
  }
  if (moved) version_ = changes.revision;
}

// As it is now: of several changes of one set the last one counts.
bool Directory::refresh(const Ref& ref, registry::Mono now) {
  const auto* instance = app_.registry().find_instance(ref.service, ref.id);
  const auto app = applications_.find(ref.service);
  std::optional<Member> before;
  if (app != applications_.end()) {
    const auto known = app->second.members.find(ref.id);
    if (known != app->second.members.end()) before = known->second;
  }
  if (!instance || !is_shown(*instance)) {
    if (!before) return false;
    changes_.note(ref, Action::deleted, *before, now);
    remove(ref);
    return true;
  }
  const auto notes = read_notes(*instance->def);
  const auto member = member_of(*instance, notes);
  if (before == member) return false;
  changes_.note(ref, before ? Action::modified : Action::added, member, now);
  if (before) remove(ref);
  add(ref, member, notes);
  return true;
}

void Directory::add(const Ref& ref, const Member& member, const Notes& notes) {
  auto& app = applications_[ref.service];
  app.members[ref.id] = member;
  app.written = {};
  if (!notes.app.empty()) ++app.names[notes.app];
  file(ref, member, notes, true);
}

void Directory::remove(const Ref& ref) {
  const auto app = applications_.find(ref.service);
  const auto member = app->second.members.extract(ref.id).mapped();
  app->second.written = {};
  const auto notes = read_notes(*member.def);
  const auto name = app->second.names.find(notes.app);
  if (name != app->second.names.end() && --name->second == 0) app->second.names.erase(name);
  file(ref, member, notes, false);
  if (app->second.members.empty()) applications_.erase(app);
}

void Directory::file(const Ref& ref, const Member& member, const Notes& notes, bool more) {
  counts_[static_cast<std::size_t>(member.status)] += more ? 1 : -1;
  const auto put = [&](Index which, const std::string& key) {
    auto& index = indexes_[static_cast<std::size_t>(which)];
    if (more) {
      index[key].insert(ref);
      return;
    }
    const auto at = index.find(key);
    if (at == index.end()) return;
    at->second.erase(ref);
    if (at->second.empty()) index.erase(at);
  };
  put(Index::id, ref.id);
  const auto label = ref.service.substr(0, ref.service.find('.'));
  for (const auto& vip : split_vips(vip_of(notes, label, false))) put(Index::vip, vip);
  for (const auto& vip : split_vips(vip_of(notes, label, true))) put(Index::secure_vip, vip);
}

Result<DomainName> Directory::service_name(std::string_view app_name) {
  return service_in(ns(), app_.options.eureka.ns, "eureka", registry::fold(app_name));
}

std::optional<std::string> Directory::other_name(const DomainName& service, std::string_view app_name) {
  if (!applications().contains(service.key())) return std::nullopt;
  auto shown = shown_name(service.key());
  return shown == app_name ? std::nullopt : std::optional(std::move(shown));
}

std::string Directory::shown_name(const std::string& service_key) {
  const auto known = applications().find(service_key);
  if (known != applications_.end() && !known->second.names.empty()) return known->second.names.begin()->first;
  return to_upper(std::string_view(service_key).substr(0, service_key.find('.')));
}

Directory::Applications& Directory::applications() {
  ns();
  return applications_;
}

std::size_t Directory::size() {
  ns();
  std::size_t sum = 0;
  for (const auto count : counts_) sum += count;
  return sum;
}

const std::set<Ref>& Directory::find(Index index, std::string_view key) {
  static const std::set<Ref> none;
  ns();
  const auto& known = indexes_[static_cast<std::size_t>(index)];
  const auto at = index == Index::id ? known.find(key) : known.find(registry::fold(key));
  return at == known.end() ? none : at->second;
}

std::string Directory::hash_code() {
  ns();
  std::string out;
  for (const auto status : kStatuses) {
    const auto count = counts_[static_cast<std::size_t>(status)];
    if (count > 0) out += fmt::format("{}_{}_", to_string(status), count);
  }
  return out;
}

Revision Directory::version() {
  ns();
  return version_;
}

Changes& Directory::changes() {
  ns();
  return changes_;
}

}  // namespace api::eureka
