// How many checks stand, and how many of them fail in a way that may be our own fault: in all, by network, by service
// and by instance. Counted by difference, so that a result which says the same as the last one costs nothing.
//
// Pure bookkeeping; owner: the control thread. Whoever counts something in must count it out again as the same thing,
// before its address or its definition changes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "registry/basics.h"

namespace registry {

struct Instance;
struct Service;

// As what a check is counted. `out`: it has no result yet, or it is down already: it has nothing to lose.
enum class Standing : std::uint8_t { out, in, suspect };

// Whose verdict it is.
struct Witness {
  const Service* service = nullptr;
  const Instance* instance = nullptr;
  std::uint64_t network = 0;
  Millis pace{};  // from one verdict to the next: a probe's interval, a lease's length
};

// An instance's network, as far as one fault reaches: its IPv4 /24 or IPv6 /64. 0 = no address known.
[[nodiscard]] std::uint64_t network_of(const Addresses& addresses, Family family);

struct Tally {
  std::uint32_t in = 0;       // counted at all
  std::uint32_t suspect = 0;  // of them
  [[nodiscard]] bool over(double share) const { return suspect > share * in; }
};

class Census {
 public:
  explicit Census(double share) : share_(share) {}

  void move(const Witness& witness, Standing from, Standing to);

  [[nodiscard]] const Tally& all() const { return all_; }
  [[nodiscard]] bool over() const { return all_.over(share_); }
  [[nodiscard]] std::size_t services() const { return services_.size(); }    // with something suspect
  [[nodiscard]] std::size_t instances() const { return instances_.size(); }  // with something suspect
  [[nodiscard]] std::size_t networks() const { return networks_.size(); }    // with anything counted
  [[nodiscard]] std::size_t failing_networks() const { return failing_; }    // where the share is exceeded

 private:
  using Counts = std::unordered_map<const void*, std::uint32_t>;
  static void count(Counts& counts, const void* key, bool more);

  double share_;
  Tally all_;
  std::unordered_map<std::uint64_t, Tally> networks_;
  std::size_t failing_ = 0;
  Counts services_, instances_;
};

}  // namespace registry
