// Running: the path of a change, deadlines, grace periods.
#include <algorithm>
#include <utility>

#include "dnsd/daemon_impl.h"
#include "dnsd/log.h"

namespace dnsd {
namespace {

// A pause this long (SIGSTOP, a suspended host) means that clients could not renew: every lease gets one full term.
constexpr auto kPause = std::chrono::seconds(2);
constexpr auto kPulse = Millis(500);
// Deregistrations that time asks for, submitted at most so many at once: one commit's worth.
constexpr std::size_t kDueBatch = 500;

}  // namespace

// Every change comes through here, whatever its cause, before the callers of a write resume.
void Daemon::Impl::on_change(const ChangeSet& changes) {
  const auto now = now_of_process();
  publisher->publish(*registry_, changes, now);
  writes->note_published();
  maintenance->publish(changes, now);
  if (changes.revision != 0) {
    checks->follow(*registry_, changes);
    feed->append(std::make_shared<const ChangeSet>(changes));
    for (const auto& change : changes.changes) {
      if (change.op != registry::ChangeOp::state) continue;
      if (change.kind == registry::ChangeKind::guard) {
        log::event("guard.changed", log::Level::warning,
                   {{"watches", change.service},
                    {"state", change.reason},
                    {"cause", change.cause},
                    {"held", registry_->held_instances()},
                    {"revision", changes.revision}});
        continue;
      }
      log::event("instance.state", log::Level::info,
                 {{"service", change.service},
                  {"id", change.id},
                  {"available", change.available},
                  {"reason", change.reason},
                  {"cause", change.cause},
                  {"revision", changes.revision}});
    }
  }
  arm_deadline();
  collect();
}

// A report that was under way while its check, target or instance changed says nothing about the new one.
void Daemon::Impl::on_probe(const registry::checks::Report& report, registry::Mono posted) {
  if (stopping || !checks->is_current(report)) return;
  writes->observe(registry_->observe_probe(report.service, report.id, report.check, report.result, now_of_process()),
                  Accepted{Event::probe, posted});
  arm_deadline();
}

void Daemon::Impl::on_host(const registry::checks::HostReport& report, registry::Mono posted) {
  if (stopping || !report.found || !checks->is_current(report)) return;  // not found now: keep what is known
  const auto now = now_of_process();
  writes->observe(registry_->observe_host(report.service, report.id, report.addresses, now.mono + report.ttl, now),
                  Accepted{Event::probe, posted});
}

void Daemon::Impl::on_self_probe(bool failed) {
  if (stopping) return;
  const auto now = now_of_process();
  writes->observe(registry_->observe_self_probe(failed, now), Accepted{Event::probe, now.mono});
  arm_deadline();
}

void Daemon::Impl::arm_deadline() {
  const auto next = registry_->next_deadline();
  if (next == armed_for) return;
  armed_for = next;
  deadline.cancel();
  if (next == registry::Mono::max()) return;
  deadline.expires_at(next);
  deadline.async_wait([this, next](const boost::system::error_code& error) {
    if (error || stopping) return;
    armed_for = registry::Mono::max();
    advance(std::max(next, started));  // what was due while nobody ran is due now
  });
}

void Daemon::Impl::advance(registry::Mono due) {
  const auto now = now_of_process();
  notice_pause(now);
  writes->observe(registry_->advance(now), Accepted{Event::deadline, due});
  submit_due(due);
  arm_deadline();
}

void Daemon::Impl::submit_due(registry::Mono due_at) {
  const auto due = registry_->due(now_of_process(), kDueBatch);
  std::vector<registry::Command> commands;
  for (const auto& instance : due.instances) {
    if (auto name = registry::DomainName::parse(instance.service)) {
      commands.emplace_back(registry::DeleteInstance{*name, instance.id, {}, true});
    }
  }
  for (const auto& service : due.services) {
    if (auto name = registry::DomainName::parse(service)) {
      commands.emplace_back(registry::DeleteService{*name, false, {}, true});
    }
  }
  for (const auto& rule : due.overrides) commands.emplace_back(registry::DeleteOverride{rule});
  if (commands.empty()) return;
  writes->submit(
      std::move(commands), false, [](const registry::WriteResult&) {}, Accepted{Event::deadline, due_at});
}

// Comes before anything that time brings is believed: after a pause the deadline of a lease that would have ended in it
// can be served before the pulse.
void Daemon::Impl::notice_pause(const registry::Now& now) {
  const auto gap = now.mono - std::exchange(last_ran, now.mono);
  if (gap <= kPulse + kPause) return;
  registry_->renew_all_leases(now);
  log::event("pause.detected", log::Level::warning,
             {{"for", registry::format_duration(std::chrono::duration_cast<Millis>(gap))},
              {"effect", "every lease gets one full term"}});
}

// Twice a second: notices that the process was paused, and what the deadlines left over (a refused write, say).
void Daemon::Impl::pulse() {
  pulse_timer.expires_after(kPulse);
  pulse_timer.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping) return;
    const auto now = now_of_process();
    notice_pause(now);
    writes->observe(registry_->follow_wall_clock(now));
    if (writes->waiting() == 0) submit_due(now.mono);
    // A service that another one follows is asked for whenever that one is.
    checks->review(now.mono, [&](std::string_view service) {
      return registry_->is_followed(service) ? now.mono : publisher->last_answered(service);
    });
    arm_deadline();
    pulse();
  });
}

void Daemon::Impl::collect() {
  reclaimer.collect();
  if (reclaimer.waiting() == 0 || stopping) return;
  collect_timer.expires_after(Millis(10));
  collect_timer.async_wait([this](const boost::system::error_code& error) {
    if (!error) collect();
  });
}

void Daemon::Impl::after_grace(std::move_only_function<void()> next) {
  const auto epoch = reclaimer.advance();
  auto timer = std::make_shared<asio::steady_timer>(io);
  auto wait = std::make_shared<std::function<void()>>();
  // A worker passes within one batch, or at once when it is blocked in a receive: microseconds.
  *wait = [this, epoch, timer, wait, next = std::make_shared<std::move_only_function<void()>>(std::move(next))] {
    if (reclaimer.passed(epoch)) {
      (*next)();
      *wait = nullptr;
      return;
    }
    timer->expires_after(Millis(1));
    timer->async_wait([wait](const boost::system::error_code& error) {
      if (!error && *wait) (*wait)();
    });
  };
  asio::post(io, [wait] { (*wait)(); });
}

}  // namespace dnsd
