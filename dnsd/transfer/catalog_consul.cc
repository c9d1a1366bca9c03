// The zones of the catalog in Consul's layout. A service's own records are a part of the zone, as elsewhere; those that
// others may give as well (addresses, nodes) are parts of their own, each there while anybody gives it.
#include <algorithm>
#include <iterator>

#include "dnsd/transfer/catalog.h"
#include "dnsd/transfer/consul_view.h"
#include "dnsd/transfer/view.h"

namespace dnsd::transfer {
namespace {

// Behind an octet that no service's name begins with.
std::string key_of(const answers::SharedRecord& record) {
  return '\1' + record.owner + static_cast<char>(record.type >> 8) + static_cast<char>(record.type) + record.rdata;
}

Part part_of_one(const answers::SharedRecord& record) {
  RecordList list;
  list.add(record.owner, record.type, record.ttl, record.rdata);
  return {nullptr, std::make_shared<const RecordList>(std::move(list))};
}

}  // namespace

Parts Catalog::consul_parts(Entry& entry, const registry::Namespace& space, const std::set<std::string>& services,
                            const registry::Now& now) const {
  Parts out;
  answers::SharedRecords touched;
  for (const std::string& key : services) {
    ConsulRecords records;
    const Part block = part_of(key, now);
    if (block) records = consul_records(*block.block, *registry_.find_service(key), space.def, entry.spelled);
    auto& before = entry.given[key];
    for (const auto& record : records.shared) {
      if (!before.contains(record) && entry.givers[record]++ == 0) touched.insert(record);
    }
    for (const auto& record : before) {
      if (!records.shared.contains(record) && --entry.givers[record] == 0) touched.insert(record);
    }
    before = std::move(records.shared);
    if (before.empty()) entry.given.erase(key);
    out.emplace(
        key, Part{nullptr, records.own.empty() ? nullptr : std::make_shared<const RecordList>(std::move(records.own))});
  }
  for (const auto& record : touched) {
    const auto givers = entry.givers.find(record);
    const bool given = givers->second != 0;
    if (!given) entry.givers.erase(givers);
    out.emplace(key_of(record), given ? part_of_one(record) : Part{});
  }
  return out;
}

}  // namespace dnsd::transfer
