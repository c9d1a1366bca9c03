// Checks of kind alias: the state of one service's instances follows from another service. Nothing is probed; every
// edit passes what it changed on to who follows, before it is finished, so both are announced under one revision.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "registry/core.h"

namespace registry {
namespace {

// Links that one edit is passed on over. A registration that would close a loop with what is there is refused; the
// configuration file, the store and the writes of one batch are not judged against each other. Should they close one,
// this ends the round trip.
constexpr int kMaxLinks = 64;

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

// What came of it: `changed` = the state of a check; `moved` = when it may change.
struct Heard {
  bool changed = false, moved = false;
};

Heard observe_followed(Instance& instance, std::string_view key, const Followed& now, Wall when) {
  Heard heard;
  for (std::size_t i = 0; i < instance.checks->size(); ++i) {
    const CheckDef& check = (*instance.checks)[i];
    if (check.kind != CheckKind::alias || fold(check.alias) != key) continue;
    heard.moved |= now.horizon != instance.trace[i].flip_at;
    instance.trace[i].flip_at = now.horizon;
    CheckStatus& status = instance.status[i];
    if (status.state == now.state && status.output == now.output) continue;
    const Fault fault = now.state == CheckState::critical ? Fault::reported : Fault::none;
    heard.changed |= enter(status, now.state, fault, now.output, when);
  }
  return heard;
}

}  // namespace

// Ten thousand registrations in one edit judge what they follow once.
void RegistryCore::follow(Service& service, Instance& instance, Edit& edit) {
  for (const CheckDef& check : *instance.checks) {
    if (check.kind != CheckKind::alias) continue;
    const std::string key = fold(check.alias);
    followers[key].insert({&service, &instance});
    const auto [known, fresh] = edit.followed.try_emplace(key);
    if (fresh) known->second = judge_followed(key, find_service(key));
    observe_followed(instance, key, known->second, edit.now.wall);
  }
}

void RegistryCore::unfollow(Service& service, Instance& instance) {
  if (instance.checks != nullptr) unfollow(*instance.checks, {&service, &instance});
}

void RegistryCore::unfollow(const std::vector<CheckDef>& checks, const Follower& who) {
  if (followers.empty()) return;
  for (const CheckDef& check : checks) {
    if (check.kind != CheckKind::alias) continue;
    const auto at = followers.find(fold(check.alias));
    if (at == followers.end()) continue;
    at->second.erase(who);
    if (at->second.empty()) followers.erase(at);
  }
}

void RegistryCore::replace_followed(Service& service, const std::vector<CheckDef>& checks) {
  unfollow(service.policy.checks, {&service, nullptr});
  for (const CheckDef& check : checks) {
    if (check.kind == CheckKind::alias) followers[fold(check.alias)].insert({&service, nullptr});
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
      for (auto each = at->second.begin(), end = each; each != at->second.end(); each = end) {
        Service* const service = each->service;
        while (end != at->second.end() && end->service == service) ++end;
        if (pass_on(key, now, each, end, edit)) next.insert(service->name.key());
      }
    }
    wave = std::move(next);
  }
}

// What they follow announces a later horizon seldom (note_horizon), and they have no other occasion: so it is looked
// for at once, but once for all of them.
bool RegistryCore::pass_on(std::string_view key, const Followed& now, FollowerAt at, FollowerAt end, Edit& edit) {
  Service& service = *at->service;
  bool others_hear = false, moved = false;
  for (; at != end; ++at) {
    if (at->instance == nullptr) continue;  // a template: its instances are here themselves
    const Mono before = at->instance->horizon;
    const Heard heard = observe_followed(*at->instance, key, now, edit.now.wall);
    if (heard.changed) {
      check_changed(service, *at->instance, edit, now.output);
    } else if (heard.moved) {
      refresh_and_tell(service, *at->instance, edit);
    }
    moved |= at->instance->horizon != before;
    others_hear |= heard.changed || at->instance->horizon != before;
  }
  if (moved) announce_horizon(service, edit);
  return others_hear;
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
