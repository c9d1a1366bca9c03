// How many TCP connections each client has, over all TCP workers. An IPv6 client is its /64: one host may own all of
// it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>

#include "dnsd/serve/responder.h"

namespace dnsd::serve {

class ClientCounts {  // any thread; touched at accept and close alone
 public:
  explicit ClientCounts(std::size_t most) : most_(most) {}

  [[nodiscard]] bool enter(const Client& client) {
    const std::lock_guard lock(mutex_);
    auto& count = counts_[key(client)];
    if (count >= most_) return false;
    ++count;
    return true;
  }
  void leave(const Client& client) {
    const std::lock_guard lock(mutex_);
    const auto at = counts_.find(key(client));
    if (--at->second == 0) counts_.erase(at);
  }

 private:
  using Key = std::array<std::uint8_t, 9>;
  static Key key(const Client& client) {
    Key out{};
    out[0] = client.v6;
    std::copy_n(client.address.begin(), client.v6 ? 8 : 4, out.begin() + 1);
    return out;
  }
  std::size_t most_;
  std::mutex mutex_;
  std::map<Key, std::size_t> counts_;
};

}  // namespace dnsd::serve
