#include "dnsd/answers/static_tree.h"

#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"

namespace dnsd::answers {

StaticOwners::StaticOwners(const StaticZone* zone, std::string_view place,
                           const std::function<bool(std::string_view owner)>& is_occluded) {
  if (zone == nullptr) return;
  for (const StaticRecord& record : zone->records) {
    if (record.type == wire::type::soa) continue;
    std::string owner = fold_wire(record.owner);
    if (!is_at_or_below(owner, zone->apex) || is_occluded(owner)) continue;
    owner.replace(owner.size() - zone->apex.size(), zone->apex.size(), place);
    if (owner.size() > kMaxName) continue;
    owners_[owner].add(record.type, record.ttl, record.rdata);
  }
}

std::vector<Node*> StaticOwners::insert_into(NameTree& tree, const std::string& apex) const {
  std::vector<Node*> nodes;
  for (const auto& [owner, records] : owners_) {
    if (owner == apex || records.empty()) continue;
    nodes.push_back(&tree.acquire(owner, {.service = nullptr, .records = records.build()}));
  }
  return nodes;
}

}  // namespace dnsd::answers
