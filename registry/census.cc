#include "registry/census.h"

namespace registry {
namespace {

void shift(Tally& tally, Standing from, Standing to) {
  if (from != Standing::out) --tally.in;
  if (from == Standing::suspect) --tally.suspect;
  if (to != Standing::out) ++tally.in;
  if (to == Standing::suspect) ++tally.suspect;
}

}  // namespace

std::uint64_t network_of(const Addresses& addresses, Family family) {
  std::uint64_t out = 0;
  if (addresses.v4 && (family != Family::ipv6 || !addresses.v6)) {
    for (std::size_t i = 0; i < 3; ++i) out = out << 8 | addresses.v4->octets[i];
    return out | 1ULL << 24;  // no IPv6 network begins with 36 zero bits and is in use
  }
  if (!addresses.v6) return 0;
  for (std::size_t i = 0; i < 8; ++i) out = out << 8 | addresses.v6->octets[i];
  return out;
}

void Census::count(Counts& counts, const void* key, bool more) {
  if (more) {
    ++counts[key];
  } else if (const auto at = counts.find(key); at != counts.end() && --at->second == 0) {
    counts.erase(at);
  }
}

void Census::move(const Witness& witness, Standing from, Standing to) {
  if (from == to) return;
  shift(all_, from, to);
  const auto network = networks_.try_emplace(witness.network).first;
  failing_ -= network->second.over(share_);
  shift(network->second, from, to);
  failing_ += network->second.over(share_);
  if (network->second.in == 0) networks_.erase(network);
  if ((from == Standing::suspect) == (to == Standing::suspect)) return;
  count(services_, witness.service, to == Standing::suspect);
  count(instances_, witness.instance, to == Standing::suspect);
}

}  // namespace registry
