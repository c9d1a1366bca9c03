#include "registry/checks/prober.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <random>
#include <utility>

#include "registry/checks/outcome.h"
#include "registry/names.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr Millis kReapEvery{100};

constexpr Millis kSlowest = std::chrono::hours(1);  // what an interval may be at most (registry/check.h), idle or not

Mono clock_now() { return std::chrono::steady_clock::now(); }

template <class T>
void store(std::atomic<T>& counter, auto value) {
  counter.store(static_cast<T>(value), std::memory_order_relaxed);
}

}  // namespace

Prober::Prober(asio::io_context& io, const Options& options, std::function<void(Report)> report,
               std::function<void(HostReport)> report_host)
    : io_(io),
      report_(std::move(report)),
      policy_(options.forbidden, options.forbidden_endpoints),
      exec_programs_(options.exec_programs),
      idle_factor_(options.idle_factor),
      // A service whose instances all hang leaves a quarter of the places to the others, at the price of a third more
      // time for its own turns. Registering many services gets around it; the bound of a timeout is what is left then.
      service_share_(options.max_concurrent - options.max_concurrent / 4),
      tls_(options.ca_file),
      kept_{KeptCount::kPerPlace * options.max_concurrent},
      lag_(io),
      schedule_(options.max_concurrent, std::random_device{}()),
      timer_(io),
      reap_timer_(io),
      hosts_(io, options.resolver_servers, policy_, std::move(report_host),
             [this](const std::string& host, const Addresses& before, const Addresses& now) {
               host_changed(host, before, now);
             }) {}

void Prober::start() { lag_.start(); }

void Prober::execute(Command command) {
  if (stopped_) return;
  std::visit([this](auto& one) { carry_out(std::move(one)); }, command);
}

void Prober::carry_out(AddTarget add) {
  const Generation generation = add.target.generation;
  Entry entry{std::move(add.target), nullptr, nullptr, clock_now(), false, add.idle};
  idle_ += add.idle;
  if (add.spread) {
    const auto interval = std::chrono::duration_cast<std::chrono::microseconds>(entry.target.check().interval);
    const auto part =
        phase_hash(entry.target) % static_cast<std::uint64_t>(std::max<std::int64_t>(interval.count(), 1));
    entry.first += std::chrono::microseconds(part);
  }
  const std::string host = fold(entry.target.def->host);
  Entry& kept = entries_.emplace(generation, std::move(entry)).first->second;
  if (!host.empty()) by_host_[host].insert(generation);
  if (host.empty() || !hosts_.find(host).empty()) schedule(kept);
}

void Prober::schedule(Entry& entry) {
  entry.scheduled = true;
  schedule_.add(entry.target.generation, interval_of(entry), entry.first, share_of(entry.target));
}

Share Prober::share_of(const Target& target) const {
  if (target.check().kind == CheckKind::exec) return {0, kMaxPrograms};
  return {XXH3_64bits(target.service->data(), target.service->size()) | 1U, service_share_};
}

Millis Prober::interval_of(const Entry& entry) const {
  const Millis interval = entry.target.check().interval;
  return entry.idle ? std::min(interval * idle_factor_, std::max(interval, kSlowest)) : interval;
}

void Prober::carry_out(SetPace pace) {
  const auto it = entries_.find(pace.generation);
  if (it == entries_.end() || it->second.idle == pace.idle) return;
  it->second.idle = pace.idle;
  idle_ += pace.idle ? 1 : -1;
  schedule_.set_interval(pace.generation, interval_of(it->second), clock_now());
  if (it->second.probe) it->second.probe->set_interval(interval_of(it->second));
}

void Prober::carry_out(RemoveTarget remove) {
  const auto it = entries_.find(remove.generation);
  if (it == entries_.end()) return;
  if (it->second.attempt) it->second.attempt->abandon();
  schedule_.remove(remove.generation);
  if (const std::string host = fold(it->second.target.def->host); !host.empty()) {
    const auto users = by_host_.find(host);
    users->second.erase(remove.generation);
    if (users->second.empty()) by_host_.erase(users);
  }
  idle_ -= it->second.idle;
  entries_.erase(it);
}

void Prober::carry_out(WatchHost watch) { hosts_.watch(std::move(watch)); }
void Prober::carry_out(UnwatchHost unwatch) { hosts_.unwatch(unwatch.generation); }

void Prober::host_changed(const std::string& host, const Addresses& before, const Addresses& now) {
  const auto users = by_host_.find(host);
  if (users == by_host_.end()) return;
  for (const Generation generation : users->second) {
    Entry& entry = entries_.at(generation);
    if (!entry.scheduled) {
      schedule(entry);
      continue;
    }
    const Family family = entry.target.check().family;
    if (address_for(before, family) == address_for(now, family)) continue;
    schedule_.restart(generation, clock_now());
    if (entry.attempt) std::exchange(entry.attempt, nullptr)->abandon();
  }
  pump();
}

void Prober::pump() {
  if (stopped_) return;
  const Mono now = clock_now();
  schedule_.advance(now);
  while (const auto generation = schedule_.take(now)) launch(*generation);
  arm();
  publish_counters();
}

void Prober::launch(Generation generation) {
  Entry& entry = entries_.at(generation);  // the schedule holds no target that is not here
  const auto endpoint = endpoint_of(entry.target);
  if (!endpoint) {
    schedule_.finished(generation);
    report(entry, not_probed(endpoint.error()));
    return;
  }
  try {
    if (!entry.probe) {
      entry.probe = make_probe(entry.target, {tls_, kept_, programs_});
      entry.probe->set_interval(interval_of(entry));
    }
  } catch (const std::exception& error) {  // out of memory, or no TLS context: the next turn tries again
    schedule_.finished(generation);
    report(entry, not_known(fmt::format("local fault: {}", error.what())));
    return;
  }
  entry.attempt = std::make_shared<Attempt>(io_, *endpoint, entry.target.check().timeout, lag_);
  entry.attempt->start();
  asio::co_spawn(io_, run(generation, entry.probe, entry.attempt), [](const std::exception_ptr& ours) {
    if (ours) std::rethrow_exception(ours);  // a fault of our own code: not to be swallowed
  });
}

asio::awaitable<void> Prober::run(Generation generation, std::shared_ptr<Probe> probe,
                                  std::shared_ptr<Attempt> attempt) {
  ProbeResult result;
  try {
    result = co_await probe->run(*attempt);
  } catch (const std::exception& error) {  // out of memory, or a library that throws: says nothing of the target
    result = not_known(fmt::format("local fault: {}", error.what()));
  }
  result.latency = std::chrono::duration_cast<std::chrono::microseconds>(clock_now() - attempt->started());
  attempt->close();
  finish(generation, attempt, std::move(result));
}

void Prober::finish(Generation generation, const std::shared_ptr<Attempt>& attempt, ProbeResult result) {
  schedule_.finished(generation);
  const auto it = entries_.find(generation);
  if (it != entries_.end() && it->second.attempt == attempt) {  // else it was abandoned
    it->second.attempt = nullptr;
    report(it->second, std::move(result));
  }
  reap();
  pump();
}

// Killed programs mostly end within a millisecond, but nobody waits for it.
void Prober::reap() {
  if (stopped_ || reaping_ || programs_.empty()) return;
  reaping_ = true;
  reap_timer_.expires_after(kReapEvery);
  reap_timer_.async_wait([this](const boost::system::error_code& error) {
    reaping_ = false;
    if (error || stopped_) return;
    programs_.sweep();
    reap();
  });
}

void Prober::report(const Entry& entry, ProbeResult result) {
  if (stopped_) return;
  counters_.verdicts[static_cast<std::size_t>(result.verdict)].fetch_add(1, std::memory_order_relaxed);
  result.pace = interval_of(entry);
  report_({*entry.target.service, entry.target.def->id, entry.target.check().name, entry.target.generation,
           std::move(result)});
}

void Prober::arm() {
  const auto next = schedule_.next();
  if (next == armed_) return;
  armed_ = next;
  if (!next) {
    timer_.cancel();
    return;
  }
  timer_.expires_at(*next);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    lag_.note(clock_now() - timer_.expiry());
    armed_.reset();
    pump();
  });
}

void Prober::stop() {
  stopped_ = true;
  timer_.cancel();
  reap_timer_.cancel();
  lag_.stop();
  hosts_.stop();
  for (auto& [generation, entry] : entries_) {
    if (entry.attempt) entry.attempt->abandon();
  }
}

void Prober::publish_counters() {
  store(counters_.running, schedule_.running());
  store(counters_.waiting, schedule_.waiting());
  store(counters_.targets, entries_.size());
  store(counters_.skipped, schedule_.skipped());
  store(counters_.hosts, hosts_.size());
  store(counters_.idle, idle_);
  store(counters_.worst_lag, std::chrono::duration_cast<std::chrono::microseconds>(lag_.worst()).count());
}

}  // namespace registry::checks
