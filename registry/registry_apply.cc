// Facts: committed records, and what the store holds at start.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/core.h"
#include "registry/judge.h"
#include "registry/validate.h"

namespace registry {
namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};
template <class... F>
Overloaded(F...) -> Overloaded<F...>;

// What restore() left out, counted by reason.
class Skipped {
 public:
  void add(std::string reason, std::string_view what) {
    auto& [count, first] = reasons_[std::move(reason)];
    if (count++ == 0) first = what;
  }
  [[nodiscard]] std::vector<std::string> notes() const {
    std::vector<std::string> out;
    for (const auto& [reason, seen] : reasons_) {
      out.push_back(seen.first == 1 ? fmt::format("{}: {}", reason, seen.second)
                                    : fmt::format("{}: {} and {} more", reason, seen.second, seen.first - 1));
    }
    return out;
  }

 private:
  std::map<std::string, std::pair<std::size_t, std::string>> reasons_;
};

class Restore {
 public:
  Restore(RegistryCore& core, Edit& edit) : core_(core), edit_(edit) {}

  void operator()(PutNamespaceEffect& e) {
    const auto it = core_.namespaces.find(e.def.name.key());
    if (it != core_.namespaces.end()) {
      if (it->second.def != e.def) skip("overruled by the configuration file, stored namespaces", e.def.name.text());
    } else if (auto problem = validate(e.def)) {
      skip("not valid any more, stored namespaces", e.def.name.text());
    } else if (core_.apex_of.contains(e.def.name.key())) {
      skip("an alias of a declared namespace, stored namespaces", e.def.name.text());
    } else {
      std::erase_if(e.def.aliases, [&](const DomainName& alias) { return core_.apex_of.contains(alias.key()); });
      core_.put_namespace(std::move(e.def), {.created = created(e.created), .revision = e.revision}, edit_);
    }
  }

  void operator()(PutServiceEffect& e) {
    const Service* const present = core_.service(e.name.key());
    const auto ns = core_.namespaces.find(e.name.parent_key());
    if (present != nullptr) {
      // Its first registration may have made it although the file declares it; that is no conflict.
      if (e.declared) skip("overruled by the configuration file, stored services", e.name.text());
    } else if (ns == core_.namespaces.end()) {
      skip("their namespace is no longer declared, stored services", e.name.text());
    } else if (validate(e.policy, e.name) || validate_service_name(e.name, ns->second.def.name)) {
      skip("not valid any more, stored services", e.name.text());
    } else {
      core_.put_service(e.name, std::move(e.policy), e.declared,
                        {.created = created(e.created), .revision = e.revision}, edit_);
    }
  }

  void operator()(PutInstanceEffect& e) {
    Service* const owner = owner_of(e.service);
    if (owner == nullptr) return skip("their namespace is no longer declared, stored instances of", e.service);
    if (const auto it = owner->instances.find(e.def.id); it != owner->instances.end()) {
      if (*it->second.def != e.def) skip("overruled by the configuration file, stored instances of", e.service);
    } else if (owner->holder_of(fold(e.def.label)) != nullptr || !owner->policy.alias.empty() ||
               validate(e.def, owner->name)) {
      skip("not valid any more, stored instances of", e.service);
    } else {
      core_.put_instance(*owner, std::move(e.def), {.created = created(e.created), .revision = e.revision}, edit_);
    }
  }

  void operator()(PutOverrideEffect& e) {
    if (validate(e.def)) return skip("not valid any more, stored overrides", e.def.name);
    core_.put_override(std::move(e.def), e.revision, edit_);
  }

  [[nodiscard]] std::vector<std::string> notes() const { return skipped_.notes(); }

 private:
  void skip(std::string reason, std::string_view what) { skipped_.add(std::move(reason), what); }
  [[nodiscard]] Revision created(Revision stored) const { return stored != 0 ? stored : edit_.set.revision; }

  Service* owner_of(const std::string& key) {
    if (Service* const owner = core_.service(key)) return owner;
    const auto name = DomainName::parse(key);
    if (!name || !core_.namespaces.contains(name->parent_key())) return nullptr;
    return &core_.put_service(*name, {}, false, {}, edit_);
  }

  RegistryCore& core_;
  Edit& edit_;
  Skipped skipped_;
};

// Runs `f` over the effects of one kind.
template <class Kind, class F>
void each(std::vector<Effect>& effects, F&& f) {
  for (Effect& effect : effects) {
    if (auto* const e = std::get_if<Kind>(&effect)) f(*e);
  }
}

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
                   put_namespace(std::move(e.def), {.created = e.created, .revision = e.revision}, edit);
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

std::vector<std::string> Registry::restore(std::vector<Effect> effects, Revision high_water, const Now& now,
                                           Revision lost) {
  impl_->revision = std::max(impl_->revision, high_water);
  Edit edit(now);
  edit.silent = true;
  // Every ETag given out before is below this one, so none matches a fact that it does not belong to.
  edit.set.revision = impl_->revision;
  Restore restore(*impl_, edit);
  each<PutNamespaceEffect>(effects, restore);
  each<PutServiceEffect>(effects, restore);
  each<PutInstanceEffect>(effects, restore);
  each<DrainEffect>(effects, [&](DrainEffect& e) { impl_->set_drain(e, edit); });
  each<CheckStateEffect>(effects, [&](CheckStateEffect& e) { impl_->set_check_state(e, edit); });
  each<PutOverrideEffect>(effects, restore);
  std::set<std::string, std::less<>> known;
  each<SerialEffect>(effects, [&](SerialEffect& e) {
    if (const auto ns = impl_->namespaces.find(e.name); ns != impl_->namespaces.end()) {
      ns->second.serial = e.serial + static_cast<std::uint32_t>(lost);
      known.insert(e.name);
    }
  });
  for (auto& [apex, ns] : impl_->namespaces) {
    const auto file = impl_->statics.find(apex);
    if (known.contains(apex) && lost == 0) continue;
    ns.serial = later_serial(ns.serial, static_cast<std::uint32_t>(high_water));
    if (file != impl_->statics.end()) ns.serial = next_serial(ns.serial, 0, file->second.names.serial);
  }
  std::set<std::string, std::less<>> followed;
  for (const auto& [key, who] : impl_->followers) followed.insert(key);
  impl_->pass_on(std::move(followed), edit);
  for (auto& [key, service] : impl_->services) {
    for (const auto& [id, instance] : service.instances) service.horizon = std::min(service.horizon, instance.horizon);
  }
  return restore.notes();
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
