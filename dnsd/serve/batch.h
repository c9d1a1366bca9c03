// What a socket worker calls for a batch: the responder's stages, or an echo in tests. One indirect call a batch.
#pragma once

#include <time.h>

#include <atomic>
#include <cstdint>
#include <span>

#include "dnsd/answers/ticks.h"
#include "dnsd/serve/responder.h"

namespace dnsd::serve {

class Handoff;

struct BatchHandler {
  void (*call)(void* context, std::span<const Request>, std::span<Reply>, BatchTime) noexcept = nullptr;
  void* context = nullptr;
  Handoff* maintenance = nullptr;  // take what a reply marks as `hand_over`
  Handoff* forwarding = nullptr;

  [[nodiscard]] Handoff& handoff(Handover to) const noexcept {
    return to == Handover::forwarding ? *forwarding : *maintenance;
  }

  void operator()(std::span<const Request> requests, std::span<Reply> replies) const noexcept {
    timespec wall;
    clock_gettime(CLOCK_REALTIME_COARSE, &wall);
    call(context, requests, replies, {answers::ticks_now(), static_cast<std::uint64_t>(wall.tv_sec)});
  }
};

// A counter with one writer: no locked instruction.
inline void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by = 1) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace dnsd::serve
