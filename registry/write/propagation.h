// How long changes take from the moment they are accepted until every later query sees them: a histogram per kind of
// event, as Prometheus counts (dnsd_propagation_seconds). The other half of the SLO, answers that leave too late, is
// the DNS workers' (docs/operations.md).
//
// Owner: the control thread. Time is an argument.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "registry/change.h"

namespace registry {

// write: asked for by a client and committed first. report: what a client says that is published at once, as the
// results of probes are: a heartbeat, a session, the end of a guard. deadline: a lease, an override, a guard or a step
// of a slow start came due.
enum class Event : std::uint8_t { write, report, probe, deadline };
inline constexpr std::array<std::string_view, 4> kEventNames{"write", "report", "probe", "deadline"};

struct Accepted {
  Event event = Event::write;
  Mono at{};
};
[[nodiscard]] inline Accepted reported(const Now& now) { return {Event::report, now.mono}; }

class Propagation {
 public:
  // 1-2.5-5 steps: an observation takes some 0.1 ms and a commit an fsync, 0.1 to 10 ms by the disk; beyond 10 s it
  // does not matter how late it was.
  static constexpr std::array<std::chrono::microseconds, 16> kBounds = [] {
    using namespace std::chrono_literals;
    return std::array<std::chrono::microseconds, 16>{100us, 250us, 500us, 1ms,   2500us, 5ms,    10ms, 25ms,
                                                     50ms,  100ms, 250ms, 500ms, 1s,     2500ms, 5s,   10s};
  }();

  struct Histogram {
    std::array<std::uint64_t, kBounds.size() + 1> counts{};  // each of its own bucket; the last has no bound
    std::chrono::nanoseconds sum{};
  };

  void note(const Accepted& accepted, Mono published) {
    const auto took = published > accepted.at ? published - accepted.at : Mono::duration{};
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && took > kBounds[bucket]) ++bucket;
    Histogram& histogram = of_[static_cast<std::size_t>(accepted.event)];
    ++histogram.counts[bucket];
    histogram.sum += took;
  }
  [[nodiscard]] const Histogram& of(Event event) const { return of_[static_cast<std::size_t>(event)]; }

 private:
  std::array<Histogram, kEventNames.size()> of_{};
};

// Whether answers may differ after it. A horizon alone bounds TTLs.
[[nodiscard]] inline bool changes_answers(const ChangeSet& changes) {
  return !changes.touched_services.empty() || !changes.touched_namespaces.empty();
}

}  // namespace registry
