#include "dnsd/answers/shared_names.h"

namespace dnsd::answers {

void SharedNames::add(const SharedRecord& record) {
  names_[record.owner].records[{record.type, record.rdata}].insert(record.ttl);
}

void SharedNames::remove(const SharedRecord& record) {
  auto& records = names_[record.owner].records;
  const auto at = records.find({record.type, record.rdata});
  if (at == records.end()) return;
  if (const auto one = at->second.find(record.ttl); one != at->second.end()) at->second.erase(one);
  if (at->second.empty()) records.erase(at);
}

void SharedNames::replace(const SharedRecords& before, const SharedRecords& after) {
  std::set<std::string> touched;
  for (const SharedRecord& record : after) {
    if (before.contains(record)) continue;
    add(record);
    touched.insert(record.owner);
  }
  for (const SharedRecord& record : before) {
    if (after.contains(record)) continue;
    remove(record);
    touched.insert(record.owner);
  }
  for (const std::string& owner : touched) rebuild(owner);
}

void SharedNames::rebuild(const std::string& owner) {
  Name& name = names_[owner];
  if (name.records.empty()) {
    if (name.node != nullptr) tree_.withdraw(*name.node);
    names_.erase(owner);
    return;
  }
  RecordBuilder builder;
  std::size_t count = 0;
  for (const auto& [record, ttls] : name.records) {
    if (count++ == kMaxShared) break;
    builder.add(record.first, *ttls.begin(), record.second);
  }
  if (name.node == nullptr) {
    name.node = &tree_.acquire(owner, {.service = nullptr, .records = builder.build()});
  } else {
    tree_.set_records(*name.node, builder.build());
  }
}

}  // namespace dnsd::answers
