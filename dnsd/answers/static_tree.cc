#include "dnsd/answers/static_tree.h"

#include <array>
#include <utility>

#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::answers {
namespace {

// What the parent says at a cut; all else there is the child's, or glue (RFC 4035 2.3, 3.1.4.1).
constexpr std::array<std::uint16_t, 3> kAtCut{wire::type::ns, wire::type::ds, wire::type::nsec};

bool is_of_nsec3_chain(const StaticRecord& record) {
  if (record.type == wire::type::nsec3) return true;
  return record.type == wire::type::rrsig && record.rdata.size() >= 2 &&
         wire::get16(reinterpret_cast<const std::uint8_t*>(record.rdata.data())) == wire::type::nsec3;
}

// Any of the names strictly between `name` and `apex`, from below, for which `f` is true.
template <class F>
bool any_between(std::string_view name, std::string_view apex, F&& f) {
  for (name = parent_wire(name); name.size() > apex.size(); name = parent_wire(name)) {
    if (f(name)) return true;
  }
  return false;
}

std::uint8_t flags_of(const RecordBuilder& records, bool is_apex) {
  if (!is_apex && records.has(wire::type::ns)) return Node::kCut;
  return records.has(wire::type::dname) ? Node::kDname : std::uint8_t{0};
}

}  // namespace

StaticOwners::StaticOwners(const StaticZone* zone, std::string_view place, const IsApex& is_apex) {
  if (zone == nullptr) return;
  Owners owners = group(*zone);
  set_inside_apart(owners, zone->apex, is_apex);
  add_glue(owners, set_hidden_apart(owners, zone->apex));
  for (auto& [name, records] : owners) {
    std::string owner = name;
    owner.replace(owner.size() - zone->apex.size(), zone->apex.size(), place);
    if (owner.size() <= kMaxName) owners_.emplace(std::move(owner), std::move(records));
  }
}

StaticOwners::Owners StaticOwners::group(const StaticZone& zone) {
  Owners out;
  for (const StaticRecord& record : zone.records) {
    if (record.type == wire::type::soa || is_of_nsec3_chain(record)) continue;
    std::string owner = fold_wire(record.owner);
    if (is_at_or_below(owner, zone.apex)) out[std::move(owner)].add(record.type, record.ttl, record.rdata);
  }
  return out;
}

void StaticOwners::set_inside_apart(Owners& owners, std::string_view apex, const IsApex& is_apex) {
  for (auto at = owners.begin(); at != owners.end();) {
    const std::string& owner = at->first;
    const bool hidden = any_between(owner, apex, is_apex);
    const bool cut = !hidden && owner.size() > apex.size() && is_apex(owner);
    if (cut) {
      at->second.keep_only(kAtCut);
      inside_.emplace(owner, std::move(at->second));
    }
    at = hidden || cut ? owners.erase(at) : std::next(at);
  }
}

StaticOwners::Owners StaticOwners::set_hidden_apart(Owners& owners, std::string_view apex) {
  std::map<std::string, bool, std::less<>> redirects;  // cuts and DNAMEs but the apex; true = a cut
  for (const auto& [owner, records] : owners) {
    const auto flags = flags_of(records, owner == apex);
    if (owner != apex && flags != 0) redirects.emplace(owner, flags == Node::kCut);
  }
  Owners hidden;
  if (redirects.empty()) return hidden;
  for (auto at = owners.begin(); at != owners.end();) {
    const auto here = redirects.find(at->first);
    if (any_between(at->first, apex, [&](std::string_view name) { return redirects.contains(name); })) {
      hidden.emplace(at->first, std::move(at->second));
      at = owners.erase(at);
      continue;
    }
    if (here != redirects.end() && here->second) {  // a cut's own addresses are glue as well
      hidden.emplace(at->first, at->second);
      at->second.keep_only(kAtCut);
    }
    ++at;
  }
  return hidden;
}

void StaticOwners::add_glue(Owners& owners, const Owners& hidden) {
  if (hidden.empty()) return;
  for (auto& [owner, records] : owners) {
    for (const std::string& server : records.rdata_of(wire::type::ns)) {
      const auto found = hidden.find(fold_wire(server));
      if (found == hidden.end()) continue;
      const bool below = is_at_or_below(server, owner);
      for (const std::uint16_t type : {wire::type::a, wire::type::aaaa}) {
        for (std::string& address : found->second.rdata_of(type)) {
          records.add_glue(server, below, type, found->second.ttl_of(type), std::move(address));
        }
      }
    }
  }
}

NameTree::Contents StaticOwners::apex(const std::string& apex) const {
  const auto at = owners_.find(apex);
  if (at == owners_.end()) return {};
  return {.service = nullptr, .records = at->second.build(), .flags = flags_of(at->second, true)};
}

std::vector<Node*> StaticOwners::insert_into(NameTree& tree, const std::string& apex) const {
  std::vector<Node*> nodes;
  for (const auto& [owner, records] : owners_) {
    if (owner == apex || records.empty()) continue;
    nodes.push_back(
        &tree.acquire(owner, {.service = nullptr, .records = records.build(), .flags = flags_of(records, false)}));
  }
  return nodes;
}

std::vector<ParentSide> StaticOwners::inside() const {
  std::vector<ParentSide> out;
  for (const auto& [name, records] : inside_) {
    if (!records.empty()) out.push_back({name, records.build()});
  }
  return out;
}

}  // namespace dnsd::answers
