#include "dnsd/serve/explain.h"

#include <algorithm>
#include <unordered_map>

#include "dnsd/serve/responder_impl.h"
#include "dnsd/serve/sampler.h"

namespace dnsd::serve {
namespace {

using answers::Entry;
using answers::ServiceBlock;

class Explainer {
 public:
  Explainer(Explanation& out, Marks& marks) : out_(out), trace_(out.trace), block_(*out.trace.block), marks_(marks) {}

  // `none`: what an instance is that could be answered, where nothing was drawn.
  void run(Place none) {
    out_.places.resize(block_.total, none);
    if (trace_.drawn == Trace::Drawn::one) return place_one();
    if (trace_.drawn == Trace::Drawn::ports) std::ranges::fill(out_.places, Place::no_port);
    leave_out();
    switch (trace_.drawn) {
      case Trace::Drawn::ipv4:
      case Trace::Drawn::ipv6:
        if (trace_.chosen != nullptr) {
          trace_.chosen->collect_tier(block_);  // all of it, where the answer looked at the first places alone
          place_addresses(ChosenTier(block_, *trace_.chosen, is_v6()));
        } else {
          place_addresses(BlockTier(block_, is_v6()));
        }
        break;
      case Trace::Drawn::ports:
        place_ports();
        break;
      case Trace::Drawn::nothing:
      case Trace::Drawn::one:
        break;
    }
  }

 private:
  [[nodiscard]] bool is_v6() const { return trace_.drawn == Trace::Drawn::ipv6; }
  [[nodiscard]] Place& place_of(const Entry& entry) {
    return out_.places[static_cast<std::size_t>(&entry - block_.entries())];
  }
  // Not answered under the service's name at all, or not with these selectors.
  [[nodiscard]] bool is_left(std::uint32_t i) const {
    return trace_.chosen != nullptr ? trace_.chosen->has(i) : i < block_.listed;
  }

  void leave_out() {
    for (std::uint32_t i = 0; i < block_.total; ++i) {
      if (!is_left(i)) out_.places[i] = i < block_.listed ? Place::by_selector : Place::unavailable;
    }
  }

  void place_one() {
    std::ranges::fill(out_.places, Place::other_instance);
    place_of(*trace_.one) = trace_.count != 0 ? Place::in : out_.tc ? Place::cut : Place::no_data;
  }

  [[nodiscard]] bool has_address(const Entry& entry) const {
    const bool opened = trace_.chosen != nullptr && trace_.chosen->fails_open();
    return entry.has(opened ? Entry::kV4 | Entry::kV6 : Entry::kAnswerV4 | Entry::kAnswerV6);
  }

  // The n-th that the answer's sampler takes is in while the answer had room, then cut.
  [[nodiscard]] Place nth(std::uint32_t n) const {
    if (n < trace_.count) return Place::in;
    return out_.tc ? Place::cut : Place::not_drawn;
  }

  template <class Tier>
  void place_addresses(const Tier& tier) {
    out_.has_tier = tier.size() != 0;
    if (out_.has_tier) out_.tier = tier.entry(0).priority;
    for (std::uint32_t i = 0; i < block_.total; ++i) {
      if (!is_left(i)) continue;
      const Entry& entry = block_.entries()[i];
      out_.places[i] = !has_address(entry) || !out_.has_tier ? Place::no_address
                       : entry.priority < out_.tier          ? Place::passed_over
                                                             : Place::standby;
    }
    for (std::uint32_t i = 0; i < tier.size(); ++i) {
      const Entry& entry = tier.entry(i);
      if (has_address(entry)) place_of(entry) = tier.may(i) ? Place::not_drawn : Place::other_family;
    }
    std::uint32_t n = 0;
    const auto take = [&](const Entry& entry) noexcept {
      place_of(entry) = nth(n++);
      return true;
    };
    Sampler(tier, marks_, trace_.seed, take).run(trace_.limit);
    if (tier.repeats()) share(tier);
  }

  template <class Tier>
  void share(const Tier& tier) {
    std::unordered_map<std::uint16_t, Place> drawn;  // by address
    for (std::uint32_t i = 0; i < tier.size(); ++i) {
      const Place place = place_of(tier.entry(i));
      if (place == Place::in || place == Place::cut) drawn.insert_or_assign(tier.key(i), place);
    }
    for (std::uint32_t i = 0; i < tier.size(); ++i) {
      Place& place = place_of(tier.entry(i));
      if (place != Place::not_drawn) continue;
      const auto same = drawn.find(tier.key(i));
      if (same != drawn.end()) place = same->second == Place::in ? Place::shares : Place::cut;
    }
  }

  void place_passed_over() {
    if (trace_.passed_over == 0) return;
    out_.has_tier = true;
    out_.tier = block_.entries()[trace_.passed_over].priority;
    for (const answers::HttpsPort& port : block_.https_ports()) {
      if (port.item.entry < trace_.passed_over && is_left(port.item.entry))
        out_.places[port.item.entry] = Place::passed_over;
    }
  }

  void place_ports() {
    place_passed_over();
    std::uint32_t n = 0, offered = 0;
    trace_.offers.each(trace_.seed, [&](const Entry& entry, std::uint16_t) {
      Place& place = place_of(entry);  // it may have several such ports: the first one in the answer decides
      const bool open = place != Place::in && place != Place::shares;
      if (const auto which = offered++; which < Skips::kSlots && trace_.skips->skipped(which)) {
        if (open) place = entry.has(Entry::kHost) ? Place::shares : Place::too_long;
        return true;
      }
      if (open) place = n < trace_.limit ? nth(n) : Place::not_drawn;
      ++n;
      return true;
    });
  }

  Explanation& out_;
  const Trace& trace_;
  const ServiceBlock& block_;
  Marks& marks_;
};

}  // namespace

Explanation Responder::explain(const Request& request, Reply& reply, BatchTime time) {
  Trace& trace = impl_->scratch.trace;
  trace = {};
  respond({&request, 1}, {&reply, 1}, time);
  Explanation out{.trace = trace, .tc = false, .places = {}};
  if (out.trace.block == nullptr || reply.size < wire::kHeader) return out;
  out.tc = (reply.buffer[2] & 2) != 0;
  const bool no_name = (reply.buffer[3] & 15) == static_cast<unsigned>(wire::Rcode::nxdomain);
  Explainer(out, impl_->scratch.marks).run(no_name ? Place::no_name : Place::no_data);
  return out;
}

}  // namespace dnsd::serve
