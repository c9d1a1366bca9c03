#include "registry/checks/host_table.h"

#include <algorithm>
#include <utility>

#include "registry/names.h"

namespace registry::checks {
namespace {

using std::chrono::seconds;

constexpr seconds kShortestTtl{1};
constexpr seconds kLongestTtl{3600};
constexpr seconds kFirstBackoff{1};
constexpr seconds kLongestBackoff{30};

// One address of several: the known one while it is among them, else the smallest, so that a server that rotates its
// answers does not move the instance.
template <class Address>
std::optional<Address> choose(std::vector<Address> allowed, const std::optional<Address>& known) {
  if (allowed.empty()) return std::nullopt;
  if (known && std::ranges::find(allowed, *known) != allowed.end()) return known;
  return std::ranges::min(allowed);
}

}  // namespace

HostTable::HostTable(boost::asio::io_context& io, const std::vector<std::string>& servers, const AddressPolicy& policy,
                     ReportHost report, Changed changed)
    : policy_(policy), report_(std::move(report)), changed_(std::move(changed)), timer_(io), resolver_(io, servers) {}

void HostTable::stop() {
  stopped_ = true;
  timer_.cancel();
  resolver_.stop();
}

Addresses HostTable::find(const std::string& host) const {
  const auto it = hosts_.find(fold(host));
  return it == hosts_.end() ? Addresses{} : it->second.addresses;
}

void HostTable::watch(WatchHost watch) {
  const std::string name = fold(watch.def->host);
  const Generation generation = watch.generation;
  names_[generation] = name;
  auto [it, fresh] = hosts_.try_emplace(name);
  Host& host = it->second;
  const auto& watcher = host.watchers.emplace(generation, std::move(watch)).first->second;
  if (fresh) {
    host.born = ++born_;
    ask(name, host);
  } else if (!host.addresses.empty()) {
    tell(host, watcher, true);
  }
}

void HostTable::unwatch(Generation generation) {
  const auto name = names_.extract(generation);
  if (name.empty()) return;
  const auto host = hosts_.find(name.mapped());
  if (host == hosts_.end()) return;
  host->second.watchers.erase(generation);
  if (!host->second.watchers.empty()) return;
  if (!host->second.asking) due_.erase(host->second.due);
  hosts_.erase(host);
}

void HostTable::ask(const std::string& name, Host& host) {
  host.asking = true;
  resolver_.lookup(name, [this, name, born = host.born](const HostAnswer& answer) { answered(name, born, answer); });
}

void HostTable::answered(const std::string& name, std::uint64_t born, const HostAnswer& answer) {
  const auto it = hosts_.find(name);
  if (it == hosts_.end() || it->second.born != born) return;
  Host& host = it->second;
  const Addresses before = host.addresses;
  const bool found = merge(host, answer);
  const bool whole = found && answer.v4 != Lookup::failed && answer.v6 != Lookup::failed;
  if (found) host.ttl = std::clamp(answer.ttl, kShortestTtl, kLongestTtl);
  if (whole) {
    host.backoff = seconds{0};
  } else {
    host.backoff = std::clamp(host.backoff * 2, kFirstBackoff, kLongestBackoff);
  }
  plan(name, host, whole ? host.ttl : found ? std::min(host.ttl, host.backoff) : host.backoff);
  for (const auto& [generation, watcher] : host.watchers) tell(host, watcher, found);
  if (host.addresses != before) changed_(name, before, host.addresses);
}

// Takes over what the answer says of each family. False when it brought nothing usable: then all stays as it was.
bool HostTable::merge(Host& host, const HostAnswer& answer) const {
  const auto allowed = [this](auto addresses) {
    std::erase_if(addresses, [this](const auto& address) { return policy_.refuses(to_asio(address)).has_value(); });
    return addresses;
  };
  const auto v4 = choose(allowed(answer.a), host.addresses.v4);
  const auto v6 = choose(allowed(answer.aaaa), host.addresses.v6);
  if (!v4 && !v6) return false;
  if (v4 || answer.v4 == Lookup::absent) host.addresses.v4 = v4;
  if (v6 || answer.v6 == Lookup::absent) host.addresses.v6 = v6;
  return true;
}

void HostTable::plan(const std::string& name, Host& host, seconds in) {
  host.asking = false;
  host.due = due_.emplace(std::chrono::steady_clock::now() + in, name);
  if (host.due == due_.begin()) arm();
}

void HostTable::arm() {
  if (stopped_ || due_.empty()) return;
  timer_.expires_at(due_.begin()->first);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopped_) return;
    const Mono now = std::chrono::steady_clock::now();
    while (!due_.empty() && due_.begin()->first <= now) {
      const std::string name = std::move(due_.begin()->second);
      due_.erase(due_.begin());
      if (const auto host = hosts_.find(name); host != hosts_.end()) ask(name, host->second);
    }
    arm();
  });
}

void HostTable::tell(const Host& host, const WatchHost& watcher, bool found) const {
  report_({.service = *watcher.service,
           .id = watcher.def->id,
           .addresses = host.addresses,
           .ttl = found ? host.ttl : seconds{0},
           .found = found,
           .generation = watcher.generation});
}

}  // namespace registry::checks
