#include "registry/guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace registry {

Guard::Guard(GuardKind kind, const GuardSettings& settings)
    : kind_(kind),
      settings_(settings),
      census_{Census(kind == GuardKind::probes ? settings.share : kLeaseShare),
              Census(kind == GuardKind::probes ? settings.share : kLeaseShare),
              Census(kind == GuardKind::probes ? settings.share : kLeaseShare)} {}

void Guard::move(const Witness& witness, Standing from, Standing to) {
  if (!settings_.enabled) return;
  for (std::size_t i = 0; i < kPaces.size(); ++i) {
    if (witness.pace <= kPaces[i]) census_[i].move(witness, from, to);
  }
}

// The evidence. The share alone says that much is wrong; that it is our fault follows only from a self-probe that fails
// as well, or from most of the networks failing at once. One network alone may just be dead: that counts for leases,
// whose end is no observation of ours, but not for probes.
const Census* Guard::fitting(bool self_failed) const {
  const std::size_t least_networks = kind_ == GuardKind::probes ? 2 : 1;
  const auto fits = [&](const Census& census) {
    const bool most = census.networks() >= least_networks && census.failing_networks() * 2 > census.networks();
    return census.over() && census.instances() >= static_cast<std::size_t>(settings_.instances) &&
           census.services() >= static_cast<std::size_t>(settings_.services) && (self_failed || most);
  };
  const auto found = std::ranges::find_if(census_, fits);
  return found == census_.end() ? nullptr : &*found;
}

std::string Guard::describe(const Census& census, bool self_failed) const {
  return fmt::format("{} of {} {} ({} instances of {} services, {} of {} networks){}", census.all().suspect,
                     census.all().in,
                     kind_ == GuardKind::probes ? "checks timed out or were unreachable" : "leases ended",
                     census.instances(), census.services(), census.failing_networks(), census.networks(),
                     self_failed ? ", and the server could not reach itself" : "");
}

Guard::Step Guard::begin(const Census& census, bool self_failed, Mono now) {
  const bool same = ended_ && now - *ended_ < kSameFault;
  missing_since_.reset();
  ended_.reset();
  if (!same) until_ = now + settings_.hold;
  if (until_ <= now) {  // its time was used up before
    state_ = State::spent;
    return Step::none;
  }
  state_ = State::holding;
  since_ = now;
  why_ = describe(census, self_failed);
  ++begun_;
  return Step::began;
}

// Whether the evidence has been missing for long enough.
bool Guard::settled(bool fits, Mono now) {
  if (fits) {
    missing_since_.reset();
    return false;
  }
  if (!missing_since_) missing_since_ = now;
  return now - *missing_since_ >= kSettle;
}

Guard::Step Guard::look(bool self_failed, Mono now) {
  if (!settings_.enabled) return Step::none;
  const Census* const census = fitting(self_failed);
  switch (state_) {
    case State::off:
      return census == nullptr ? Step::none : begin(*census, self_failed, now);
    case State::holding: {
      const bool gone = settled(census != nullptr, now), over = now >= until_;
      if (over && census != nullptr) {
        state_ = State::spent;
        return Step::expired;
      }
      if (!gone && !over) return Step::none;
      state_ = State::off;
      ended_ = now;
      return Step::recovered;
    }
    case State::spent:
      if (settled(census != nullptr, now)) {
        state_ = State::off;
        ended_ = now;
      }
      break;
  }
  return Step::none;
}

bool Guard::lift(Mono now) {
  until_ = std::min(until_, now);
  if (state_ != State::holding) return false;
  state_ = State::spent;
  missing_since_.reset();
  ++lifted_;
  return true;
}

Mono Guard::next() const {
  if (state_ == State::off) return Mono::max();
  const Mono settles = missing_since_ ? *missing_since_ + kSettle : Mono::max();
  return state_ == State::holding ? std::min(until_, settles) : settles;
}

std::string_view to_string(GuardKind kind) { return kind == GuardKind::probes ? "probes" : "leases"; }

std::string_view to_string(Guard::State state) {
  switch (state) {
    case Guard::State::off:
      return "off";
    case Guard::State::holding:
      return "holding";
    case Guard::State::spent:
      break;
  }
  return "spent";
}

}  // namespace registry
