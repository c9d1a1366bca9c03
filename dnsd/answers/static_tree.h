// Static records into the name table. Control thread.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/name_tree.h"
#include "dnsd/answers/static_zone.h"

namespace dnsd::answers {

// The records of a zone file by owner, in terms of `place`: the zone's own apex or an alias of the namespace. Left out:
// the SOA (the zone has one), owners under another zone's apex (occluded), names that an alias makes too long.
class StaticOwners {
 public:
  StaticOwners(const StaticZone* zone, std::string_view place,
               const std::function<bool(std::string_view owner)>& is_occluded);

  [[nodiscard]] RecordBuilder& at(const std::string& owner) { return owners_[owner]; }
  [[nodiscard]] bool has(const std::string& owner) const { return owners_.contains(owner); }
  // Every owner but the apex, each with one use of its name; the uses belong to the caller.
  [[nodiscard]] std::vector<Node*> insert_into(NameTree& tree, const std::string& apex) const;

 private:
  std::map<std::string, RecordBuilder> owners_;  // folded
};

}  // namespace dnsd::answers
