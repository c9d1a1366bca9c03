#include "dnsd/update/view_records.h"

namespace dnsd::update {

using transfer::RecordList;
using transfer::RecordView;
namespace type = wire::type;
namespace {

bool holds(const RecordList& records, std::uint16_t wanted) {
  bool found = false;
  records.each([&](const RecordView& r) { found = found || wanted == type::any || r.type == wanted; });
  return found;
}

}  // namespace

std::vector<std::string> labels_below(std::string_view owner, std::size_t apex_size) {
  std::vector<std::string> out;
  while (owner.size() > apex_size) {
    const auto length = static_cast<std::uint8_t>(owner[0]);
    out.emplace_back(owner.substr(1, length));
    owner.remove_prefix(1U + length);
  }
  return out;
}

ViewRecords::ViewRecords(const transfer::Content& content, const registry::Namespace& space,
                         const wire::Message& message)
    : content_(content), space_(space) {
  for (const auto* section : {&message.answer(), &message.authority()}) {
    for (const auto& record : *section) names_[wire::fold(record.owner)];
  }
  for (auto& [folded, name] : names_) name.part = part_of(folded);
}

// A name below a service is found in that service's part alone.
std::string ViewRecords::part_of(std::string_view folded) const {
  const auto labels = labels_below(folded, content_.apex().size());
  if (labels.empty()) return {};
  std::string near = labels.back();
  if (near == "_udp" && labels.size() == 3 && labels[1] == "_dns-sd") return std::string(kList);
  if ((near == "_tcp" || near == "_udp") && labels.size() > 1 && labels[labels.size() - 2].starts_with('_'))
    near = labels[labels.size() - 2].substr(1);
  // A label of other octets names no service, and one with a dot in it would name another zone's.
  return registry::is_ldh_label(near) ? near + "." + space_.def.name.key() : std::string();
}

ViewRecords::Name* ViewRecords::named(std::string_view owner) {
  const auto at = names_.find(owner);  // as a rule it is folded already
  if (at != names_.end()) return &at->second;
  const auto folded = names_.find(wire::fold(owner));
  return folded != names_.end() ? &folded->second : nullptr;
}

ViewRecords::Name& ViewRecords::find(const std::string& owner) {
  load_statics();
  return names_.find(wire::fold(owner))->second;
}

void ViewRecords::load_statics() {
  if (!loaded_.emplace(kStatics).second) return;
  content_.statics()->each([&](const RecordView& r) {
    if (Name* name = named(r.owner)) name->statics.add(r);
  });
  const auto& soa = content_.soa();
  if (Name* name = named(content_.apex())) name->statics.add(content_.apex(), type::soa, soa.ttl, soa.rdata);
}

void ViewRecords::load(const std::string& part) {
  if (part.empty() || !loaded_.insert(part).second) return;
  const auto take = [&](const transfer::Part& from) {
    content_.records_of(from).each([&](const RecordView& r) {
      Name* name = named(r.owner);
      if (name != nullptr && name->part == part) name->dynamic.add(r);
    });
  };
  if (part == kList) {
    for (const auto& [key, each] : content_.parts()) take(each);
  } else if (const auto at = content_.parts().find(part); at != content_.parts().end()) {
    take(at->second);
  }
}

bool ViewRecords::has_static(const std::string& owner, std::uint16_t wanted) {
  return holds(find(owner).statics, wanted);
}

bool ViewRecords::has(const std::string& owner, std::uint16_t wanted) {
  const Name& name = find(owner);
  if (holds(name.statics, wanted)) return true;
  load(name.part);
  return holds(name.dynamic, wanted);
}

}  // namespace dnsd::update
