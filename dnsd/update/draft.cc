#include "dnsd/update/draft.h"

#include <algorithm>
#include <vector>

namespace dnsd::update {
namespace {

bool has_place(const registry::InstanceDef& def) { return !def.addresses.empty() || !def.host.empty(); }

// The lease stands last, as in definitions that came by the API, so that equal registrations are equal.
void set_lease(registry::InstanceDef& def, const registry::CheckDef& lease) {
  std::vector<registry::CheckDef> checks(def.checks.begin(), def.checks.end());
  std::erase_if(checks, [&](const registry::CheckDef& c) { return c.name == lease.name; });
  checks.push_back(lease);
  def.checks = std::move(checks);
}

}  // namespace

Drafts::Draft& Drafts::at(const registry::DomainName& service, std::string_view label) {
  const std::string folded = registry::fold(label);
  const auto [at, fresh] = drafts_.try_emplace({service.key(), folded});
  Draft& draft = at->second;
  if (!fresh) return draft;
  draft.service = service;
  if (const auto* found = registry_.find_service(service.key())) {
    draft.service = found->name;  // in its own spelling
    if (const auto* holder = found->holder_of(folded)) {
      draft.before = holder;
      draft.now = *draft.before->def;
    }
  }
  return draft;
}

std::vector<Drafts::Draft*> Drafts::of(const registry::DomainName& service) {
  const auto* found = registry_.find_service(service.key());
  if (found != nullptr && whole_.insert(service.key()).second) {
    for (const auto& [id, instance] : found->instances) (void)at(service, instance.def->label);
  }
  std::vector<Draft*> out;
  for (auto at = drafts_.lower_bound({service.key(), ""}); at != drafts_.end(); ++at) {
    if (at->first.first != service.key()) break;
    out.push_back(&at->second);
  }
  return out;
}

bool Drafts::all_have_addresses() const {
  return std::ranges::all_of(drafts_, [](const auto& d) { return !d.second.now || has_place(*d.second.now); });
}

void Drafts::drop_addressless() {
  for (auto& [key, draft] : drafts_) {
    if (draft.now && draft.before != nullptr && !draft.touched && !has_place(*draft.now)) draft.now.reset();
  }
}

std::vector<registry::Command> Drafts::commands(const std::optional<registry::CheckDef>& lease) {
  std::vector<registry::Command> out;
  for (auto& [key, draft] : drafts_) {
    registry::Precondition when;
    when.create_only = draft.before == nullptr;
    if (draft.before != nullptr) when.if_match = draft.before->revision;
    if (!draft.now) {
      if (draft.before != nullptr)
        out.emplace_back(registry::DeleteInstance{draft.service, draft.before->def->id, when});
      continue;
    }
    if (draft.touched && lease) set_lease(*draft.now, *lease);
    if (draft.before != nullptr && !draft.touched && *draft.now == *draft.before->def) continue;
    out.emplace_back(registry::PutInstance{draft.service, *draft.now, when});
  }
  return out;
}

}  // namespace dnsd::update
