// Static records into the name table. Control thread.
//
// What lies under a delegation or a DNAME is not the zone's to answer and does not enter the table, so that every name
// there leads to the node that refers or rewrites. Addresses under a delegation stay as glue beside the NS records that
// name them.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/name_tree.h"
#include "dnsd/answers/static_zone.h"
#include "dnsd/answers/zone.h"

namespace dnsd::answers {

// The records of a zone file by owner, in terms of `place`: the zone's own apex or an alias of the namespace. Left out:
// the SOA (the zone has one), the NSEC3 chain (RFC 5155 7.2.8: its owners are no names), what is under another zone's
// apex, under a cut or under a DNAME, names that an alias makes too long.
class StaticOwners {
 public:
  using IsApex = std::function<bool(std::string_view name)>;  // of a zone of ours; folded wire form

  StaticOwners(const StaticZone* zone, std::string_view place, const IsApex& is_apex);

  [[nodiscard]] RecordBuilder& at(const std::string& owner) { return owners_[owner]; }
  [[nodiscard]] bool has(const std::string& owner) const { return owners_.contains(owner); }
  // The contents of the apex's node.
  [[nodiscard]] NameTree::Contents apex(const std::string& apex) const;
  // Every owner but the apex, each with one use of its name; the uses belong to the caller.
  [[nodiscard]] std::vector<Node*> insert_into(NameTree& tree, const std::string& apex) const;
  // What the zone says at the apexes of zones inside it.
  [[nodiscard]] std::vector<ParentSide> inside() const;

 private:
  using Owners = std::map<std::string, RecordBuilder, std::less<>>;  // folded, in terms of the file
  [[nodiscard]] static Owners group(const StaticZone& zone);
  void set_inside_apart(Owners& owners, std::string_view apex, const IsApex& is_apex);
  [[nodiscard]] static Owners set_hidden_apart(Owners& owners, std::string_view apex);
  static void add_glue(Owners& owners, const Owners& hidden);

  std::map<std::string, RecordBuilder> owners_;  // in terms of `place`
  Owners inside_;
};

}  // namespace dnsd::answers
