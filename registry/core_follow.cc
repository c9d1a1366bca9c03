// Checks of kind alias: the state of one service's instances follows from another service. Nothing is probed; every
// edit passes what it changed on to who follows, before it is finished, so both are announced under one revision.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/core.h"

namespace registry {
namespace {

// Links that one edit is passed on over. Registrations that would close a loop are refused; should the configuration
// file close one all the same, this ends the round trip.
constexpr int kMaxLinks = 64;

struct Followed {
  CheckState state = CheckState::critical;
  std::string output;
  Mono horizon = Mono::max();
};

// As good as the best of its available instances. Without any, critical; unless none of them was judged yet.
Followed judge_followed(const std::string& key, const Service* service) {
  if (service == nullptr) return {CheckState::critical, fmt::format("there is no service {}", key), Mono::max()};
  Followed out;
  if (!service->policy.alias.empty()) {
    out.output = fmt::format("{} is an alias itself; follow {}", key, service->policy.alias);
    return out;
  }
  bool passing = false, judged = false;
  for (const auto& [id, instance] : service->instances) {
    passing |= instance.available && instance.state != CheckState::warning;
    judged |= instance.state != CheckState::unknown;
    out.horizon = std::min(out.horizon, instance.horizon);
  }
  const std::size_t total = service->instances.size();
  out.output = fmt::format("{} of {} instances of {} are available", service->available, total, key);
  if (service->available > 0) {
    out.state = passing ? CheckState::passing : CheckState::warning;
  } else if (total > 0 && !judged) {
    out.state = CheckState::unknown;
  }
  return out;
}

// True when the state of a check changed.
bool observe_followed(Instance& instance, std::string_view key, const Followed& now, Wall when) {
  bool changed = false;
  for (std::size_t i = 0; i < instance.checks->size(); ++i) {
    const CheckDef& check = (*instance.checks)[i];
    if (check.kind != CheckKind::alias || fold(check.alias) != key) continue;
    instance.trace[i].flip_at = now.horizon;
    const Fault fault = now.state == CheckState::critical ? Fault::reported : Fault::none;
    changed |= enter(instance.status[i], now.state, fault, now.output, when);
  }
  return changed;
}

}  // namespace

void RegistryCore::follow(Service& service, Instance& instance, const Edit& edit) {
  for (const CheckDef& check : *instance.checks) {
    if (check.kind != CheckKind::alias) continue;
    const std::string key = fold(check.alias);
    followers[key].insert({&service, &instance});
    observe_followed(instance, key, judge_followed(key, find_service(key)), edit.now.wall);
  }
}

void RegistryCore::unfollow(Service& service, Instance& instance) {
  if (instance.checks == nullptr || followers.empty()) return;
  for (const CheckDef& check : *instance.checks) {
    if (check.kind != CheckKind::alias) continue;
    const auto at = followers.find(fold(check.alias));
    if (at == followers.end()) continue;
    at->second.erase({&service, &instance});
    if (at->second.empty()) followers.erase(at);
  }
}

void RegistryCore::pass_on(Edit& edit) {
  if (followers.empty()) return;
  std::set<std::string, std::less<>> changed = edit.services;
  changed.insert(edit.horizons.begin(), edit.horizons.end());
  pass_on(std::move(changed), edit);
}

void RegistryCore::pass_on(std::set<std::string, std::less<>> wave, Edit& edit) {
  for (int link = 0; link < kMaxLinks && !wave.empty(); ++link) {
    std::set<std::string, std::less<>> next;
    for (const std::string& key : wave) {
      const auto at = followers.find(key);
      if (at == followers.end()) continue;
      const Followed now = judge_followed(key, find_service(key));
      for (const Follower& each : at->second) {
        const Mono before = each.instance->horizon;
        const bool changed = observe_followed(*each.instance, key, now, edit.now.wall);
        if (changed) {
          check_changed(*each.service, *each.instance, edit, now.output);
        } else {
          counters_moved(*each.service, *each.instance, edit);
        }
        if (changed || each.instance->horizon != before) next.insert(each.service->name.key());
      }
    }
    wave = std::move(next);
  }
}

bool RegistryCore::follows(std::string_view service, std::string_view other) const {
  std::set<std::string, std::less<>> seen{std::string(other)};
  std::vector<std::string> open{std::string(other)};
  while (!open.empty()) {
    const std::string key = std::move(open.back());
    open.pop_back();
    if (key == service) return true;
    const auto at = followers.find(key);
    if (at == followers.end()) continue;
    for (const Follower& each : at->second) {
      if (seen.insert(each.service->name.key()).second) open.push_back(each.service->name.key());
    }
  }
  return false;
}

}  // namespace registry
