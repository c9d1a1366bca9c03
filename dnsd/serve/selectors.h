// The selectors of a name below a service: v2._tag, x._not, az1.pin._zone, az1.prefer._zone (DESIGN section 3). One LDH
// label each, any mix, at most kMaxSelectors, any order. Read from the service outward.
#pragma once

#include <array>
#include <cstdint>

#include "dnsd/serve/answer.h"

namespace dnsd::serve {

inline constexpr unsigned kMaxSelectors = 4;

struct Selector {
  enum class Kind : std::uint8_t { tag, not_tag, pin, prefer };
  Kind kind;
  const std::uint8_t* label;  // folded
};

struct SelectorPath {
  std::array<Selector, kMaxSelectors> selector;
  unsigned count = 0;
  unsigned labels = 0;  // read
  bool valid = true;    // false: no registration could make the name
  bool open = false;    // valid, and the name ends within a selector: an empty non-terminal
};

// How many labels at the beginning say which kind of selector follows; 0 = none does. `n` labels are left. Sets `known`
// to false where no kind can come of them.
template <class At>
[[nodiscard]] unsigned read_kind(unsigned n, At at, Selector::Kind& kind, bool& known) noexcept {
  known = true;
  if (label_is(at(0), "_tag") || label_is(at(0), "_not")) {
    kind = label_is(at(0), "_tag") ? Selector::Kind::tag : Selector::Kind::not_tag;
    return 1;
  }
  if (!label_is(at(0), "_zone")) return 0;
  if (n == 1) return 1;
  known = label_is(at(1), "pin") || label_is(at(1), "prefer");
  kind = label_is(at(1), "pin") ? Selector::Kind::pin : Selector::Kind::prefer;
  return 2;
}

// at(i): the i-th of the `n` labels below the service; 0 is next to it. Stops at the first label that is no selector's.
template <class At>
[[nodiscard]] SelectorPath read_selectors(unsigned n, At at) noexcept {
  SelectorPath path;
  while (path.labels < n) {
    Selector::Kind kind{};
    const unsigned read = read_kind(
        n - path.labels, [&](unsigned i) { return at(path.labels + i); }, kind, path.valid);
    if (read == 0) break;
    const unsigned value = path.labels + read;
    path.open = value == n;
    path.valid = path.valid && path.count < kMaxSelectors && (path.open || is_ldh(at(value)));
    if (path.open || !path.valid) break;
    path.selector[path.count++] = {kind, at(value)};
    path.labels = value + 1;
  }
  return path;
}

}  // namespace dnsd::serve
