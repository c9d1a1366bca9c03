// What the store holds at start.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/core.h"
#include "registry/validate.h"

namespace registry {
namespace {

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
      for (auto* const others : {&e.def.aliases, &e.def.consul_aliases}) {
        std::erase_if(*others, [&](const DomainName& alias) { return core_.apex_of.contains(alias.key()); });
      }
      core_.put_namespace(std::move(e.def),
                          {.created = created(e.created), .revision = e.revision, .on_demand = e.on_demand}, edit_);
    }
  }

  // Stored before timeouts were bounded: they last as long as they may.
  static void shorten(CheckList& checks) {
    for (std::size_t i = 0; i < checks.size(); ++i) {
      if (std::as_const(checks)[i].timeout > kMaxTimeout) checks[i].timeout = kMaxTimeout;
    }
  }

  void operator()(PutServiceEffect& e) {
    shorten(e.policy.checks);
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
    shorten(e.def.checks);
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

}  // namespace

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

}  // namespace registry
