// Facts: committed records, and what of the state the store keeps.
#include <algorithm>
#include <utility>

#include "registry/core.h"
#include "registry/judge.h"

namespace registry {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// A reload declared or withdrew things while the commit was on its way, and the file wins, as it does at a restart.
bool overruled(const RegistryCore& core, const Effect& effect) {
  const auto managed_instance = [](const Service& owner, const std::string& id) {
    const auto it = owner.instances.find(id);
    return it != owner.instances.end() && it->second.managed_by_config;
  };
  const auto owner_of = [&](const std::string& key) { return core.find_service(key); };
  return std::visit(
      Overloaded{[&](const PutNamespaceEffect& e) {
                   const auto it = core.namespaces.find(e.def.name.key());
                   return it == core.namespaces.end() ? core.apex_of.contains(e.def.name.key())
                                                      : it->second.managed_by_config;
                 },
                 [&](const DeleteNamespaceEffect& e) {
                   const auto it = core.namespaces.find(e.name);
                   return it != core.namespaces.end() && (it->second.managed_by_config || it->second.services > 0);
                 },
                 [&](const PutServiceEffect& e) {
                   const Service* const present = owner_of(e.name.key());
                   return present != nullptr ? present->managed_by_config
                                             : !core.namespaces.contains(e.name.parent_key());
                 },
                 [&](const DeleteServiceEffect& e) {
                   const Service* const present = owner_of(e.service);
                   return present != nullptr && (present->managed_by_config || !present->instances.empty());
                 },
                 [&](const PutInstanceEffect& e) {
                   const Service* const owner = owner_of(e.service);
                   if (owner == nullptr || !owner->policy.alias.empty()) return true;
                   const Instance* const holder = owner->holder_of(fold(e.def.label));
                   return managed_instance(*owner, e.def.id) || (holder != nullptr && holder->def->id != e.def.id);
                 },
                 [&](const DeleteInstanceEffect& e) {
                   const Service* const owner = owner_of(e.service);
                   return owner != nullptr && managed_instance(*owner, e.id);
                 },
                 [](const auto&) { return false; }},
      effect);
}

}  // namespace

void RegistryCore::apply(Effect&& effect, Edit& edit) {
  std::visit(
      Overloaded{[&](PutNamespaceEffect& e) {
                   put_namespace(std::move(e.def),
                                 {.created = e.created, .revision = e.revision, .on_demand = e.on_demand}, edit);
                 },
                 [&](DeleteNamespaceEffect& e) { erase_namespace(e.name, edit); },
                 [&](PutServiceEffect& e) {
                   put_service(e.name, std::move(e.policy), e.declared, {.created = e.created, .revision = e.revision},
                               edit);
                 },
                 [&](DeleteServiceEffect& e) { erase_service(e.service, edit); },
                 [&](PutInstanceEffect& e) {
                   if (Service* const owner = service(e.service)) {
                     put_instance(*owner, std::move(e.def), {.created = e.created, .revision = e.revision}, edit);
                   }
                 },
                 [&](DeleteInstanceEffect& e) {
                   if (Service* const owner = service(e.service)) erase_instance(*owner, e.id, edit);
                 },
                 [&](DrainEffect& e) { set_drain(e, edit); },
                 [&](PutOverrideEffect& e) { put_override(std::move(e.def), e.revision, edit); },
                 [&](DeleteOverrideEffect& e) { erase_override(e.name, edit); },
                 [&](CheckStateEffect& e) { set_check_state(e, edit); }, [&](SerialEffect& e) { set_serial(e); }},
      effect);
}

Revision Registry::reserve_revision() { return ++impl_->revision; }

ChangeSet Registry::apply(Record record, const Now& now) {
  if (record.effects.empty()) return {};
  Edit edit(now);
  if (record.revision >= impl_->revision) {
    impl_->revision = edit.set.revision = record.revision;
  } else {
    impl_->stamp(edit);
  }
  const bool reloaded = record.revision <= impl_->declared_at;
  for (Effect& effect : record.effects) {
    if (!reloaded || !overruled(*impl_, effect)) impl_->apply(std::move(effect), edit);
  }
  return impl_->finish(std::move(edit));
}

std::vector<Effect> Registry::observed(const ChangeSet& changes) const {
  std::vector<Effect> out;
  for (const Change& change : changes.changes) {
    if (change.kind != ChangeKind::instance || change.op == ChangeOp::remove || change.op == ChangeOp::weight) continue;
    const Instance* const instance = find_instance(change.service, change.id);
    if (instance == nullptr) continue;
    const bool registered = change.op == ChangeOp::put, first = instance->created == instance->revision;
    for (std::size_t i = 0; i < instance->status.size(); ++i) {
      const CheckStatus& status = instance->status[i];
      const bool known = status.state != CheckState::unknown;
      // With a registration a lease begins, or begins again, and results may be void. What it left is stored already.
      const bool moved = registered ? (known ? status.since == changes.at : !first) : known;
      if (!moved) continue;
      const CheckDef& check = (*instance->checks)[i];
      const std::uint64_t subject = subject_of(check, *instance->def, instance->created);
      out.emplace_back(CheckStateEffect{change.service, change.id, check.name, subject, status});
    }
  }
  for (const std::string& apex : changes.touched_namespaces) {
    if (const Namespace* const ns = find_namespace(apex)) out.emplace_back(SerialEffect{apex, ns->serial});
  }
  return out;
}

}  // namespace registry
