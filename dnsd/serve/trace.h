// What a reply was made of, for explain (explain.h): the service that the name led to, and what its records were taken
// from. Every answer notes it, the workers' too: a few stores into a line that the answer has at hand cost less than to
// ask each time whether anybody wants to know, and nothing is explained but what was really done.
#pragma once

#include <cstdint>

#include "dnsd/answers/table.h"
#include "dnsd/serve/offers.h"
#include "dnsd/serve/selection.h"
#include "dnsd/serve/skips.h"

namespace dnsd::serve {

struct Trace {
  enum class Form : std::uint8_t { none, service, below, selected, port, status, instance, dns_sd };
  enum class Drawn : std::uint8_t { nothing, ipv4, ipv6, ports, one };

  const answers::Node* node = nullptr;
  const answers::ServiceBlock* block = nullptr;  // null: no service
  Selection* chosen = nullptr;                   // null: no selectors
  const answers::Entry* one = nullptr;           // Drawn::one
  std::uint32_t passed_over = 0;                 // Drawn::ports: so many first entries are of tiers that have too few
  std::uint64_t seed = 0;
  std::uint32_t limit = 0;       // instances that it may hold
  std::uint32_t count = 0;       // records that it does hold
  Offers offers;                 // Drawn::ports
  const Skips* skips = nullptr;  // likewise: those of them that the answer left out
  Form form = Form::none;
  Drawn drawn = Drawn::nothing;

  void reached(const answers::Node& at, const answers::ServiceBlock& service, Form as) noexcept {
    node = &at;
    block = &service;
    chosen = nullptr;
    form = as;
    drawn = Drawn::nothing;
  }
  void selected(Selection& selection) noexcept {
    chosen = &selection;
    form = Form::selected;
  }
  void drew(bool v6, std::uint64_t by, std::uint32_t most, std::uint32_t held) noexcept {
    drawn = v6 ? Drawn::ipv6 : Drawn::ipv4;
    seed = by;
    limit = most;
    count = held;
  }
  void drew(const Offers& from, const Skips& without, std::uint64_t by, std::uint32_t most,
            std::uint32_t held) noexcept {
    drawn = Drawn::ports;
    offers = from;
    skips = &without;
    passed_over = 0;
    seed = by;
    limit = most;
    count = held;
  }
  void took(const answers::Entry& entry, std::uint32_t held) noexcept {
    drawn = Drawn::one;
    one = &entry;
    count = held;
  }
};

}  // namespace dnsd::serve
