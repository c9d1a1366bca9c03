// Names whose records several services give together, kept live: the PTR sets of the reverse zones, the addresses of
// the nodes in Consul's layout.
//
// Owner: the control thread. Cost of a change = the records that the service gives.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "dnsd/answers/name_tree.h"

namespace dnsd::answers {

struct SharedRecord {
  std::string owner;  // wire, folded
  std::uint16_t type = 0;
  std::string rdata;
  std::uint32_t ttl = 0;
  auto operator<=>(const SharedRecord&) const = default;
};
using SharedRecords = std::set<SharedRecord>;

class SharedNames {
 public:
  // Records of one name, by type and rdata: a message of 65,535 octets holds no more of the least size, 16 octets. Also
  // the most that a change of such a name costs.
  static constexpr std::size_t kMaxShared = 4'095;

  explicit SharedNames(NameTree& tree) : tree_(tree) {}
  // Replaces what one service gave before. A set has the smallest TTL of those who give it.
  void replace(const SharedRecords& before, const SharedRecords& after);

 private:
  struct Name {
    Node* node = nullptr;
    // -> the TTLs of those who give it
    std::map<std::pair<std::uint16_t, std::string>, std::multiset<std::uint32_t>> records;
  };
  void add(const SharedRecord& record);
  void remove(const SharedRecord& record);
  void rebuild(const std::string& owner);

  NameTree& tree_;
  std::unordered_map<std::string, Name> names_;
};

}  // namespace dnsd::answers
