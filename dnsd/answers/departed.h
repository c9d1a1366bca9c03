// Services that are gone, and until when copies of their answers live: who registers one of these names anew gets the
// clients of the old one, and a drain of it counts from them. The control thread's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>

#include "dnsd/answers/ticks.h"

namespace dnsd::answers {

class Departed {
 public:
  // A name costs some 100 octets, for a TTL after its end. Beyond so many nobody is forgotten: what comes is taken for
  // one of those that had no room.
  static constexpr std::size_t kMaxDeparted = 65'536;

  // `until`: a tick; 0 = none was sent.
  void keep(const std::string& service, std::uint32_t until, std::uint32_t now) {
    if (until <= now) return;
    if (until_.size() >= look_at_ && now >= next_look_) {
      std::erase_if(until_, [&](const auto& each) { return each.second <= now; });
      look_at_ = std::min(kMaxDeparted, std::max<std::size_t>(64, 2 * until_.size()));
      next_look_ = now + kTicksPerSecond;  // a full list of names that all live on is looked through once a second
    }
    add(service, until);
  }
  // It is back. 0 = nothing is known of it.
  [[nodiscard]] std::uint32_t take(const std::string& service) {
    const auto node = until_.extract(service);
    return std::max(others_, node.empty() ? 0 : node.mapped());
  }
  void merge(const Departed& before) {
    others_ = std::max(others_, before.others_);
    for (const auto& [service, until] : before.until_) add(service, until);
  }

 private:
  void add(const std::string& service, std::uint32_t until) {
    const auto known = until_.find(service);
    if (known != until_.end()) {
      known->second = std::max(known->second, until);
    } else if (until_.size() < kMaxDeparted) {
      until_.emplace(service, until);
    } else {
      others_ = std::max(others_, until);
    }
  }

  std::unordered_map<std::string, std::uint32_t> until_;
  std::size_t look_at_ = 64;  // this many: those that are over are taken out
  std::uint32_t next_look_ = 0;
  std::uint32_t others_ = 0;  // the latest of those that had no room
};

}  // namespace dnsd::answers
