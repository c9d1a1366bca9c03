#include "registry/checks/loop_lag.h"

#include <algorithm>

namespace registry::checks {
namespace {

// Ten wake-ups a second; a delay shorter than a tick is seen by the deadlines of the probes themselves.
constexpr Millis kTick{100};

}  // namespace

void LoopLag::start() {
  ticking_ = true;
  timer_.expires_after(kTick);
  tick();
}

void LoopLag::stop() {
  ticking_ = false;  // a tick that is due already runs in spite of cancel, and must not begin the next
  timer_.cancel();
}

void LoopLag::note(Duration late) { worst_ = std::max(worst_, late); }

void LoopLag::tick() {
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || !ticking_) return;
    const Duration late = std::chrono::steady_clock::now() - timer_.expiry();
    total_ += late;
    note(late);
    timer_.expires_after(kTick);
    tick();
  });
}

}  // namespace registry::checks
