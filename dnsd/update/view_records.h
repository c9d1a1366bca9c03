// What a zone's transfer view has at the names of one update: what prerequisites and deletions are judged by. Owner:
// the control thread.
//
// A message names up to kMaxUpdateRecords names, so each part of the view is walked at most once for all of them, and
// only when one of its names is asked for.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dnsd/transfer/content.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/query.h"
#include "registry/registry.h"

namespace dnsd::update {

// The labels of a name below an apex of `apex_size` octets, nearest to the apex last.
[[nodiscard]] std::vector<std::string> labels_below(std::string_view owner, std::size_t apex_size);

[[nodiscard]] inline bool is_meta(std::uint16_t type) {
  return type == wire::type::tsig || type == wire::type::opt || (type >= 128 && type <= 255);
}

class ViewRecords {
 public:
  // `content` outlives it and does not move meanwhile. Names at or below its apex alone are looked up.
  ViewRecords(const transfer::Content& content, const registry::Namespace& space, const wire::Message& message);

  [[nodiscard]] const std::string& apex() const { return content_.apex(); }
  [[nodiscard]] bool has(const std::string& owner, std::uint16_t wanted);         // ANY = one at all
  [[nodiscard]] bool has_static(const std::string& owner, std::uint16_t wanted);  // of the zone file and the apex
  template <class F>
  void each(const std::string& owner, F&& f) {
    const Name& name = find(owner);
    name.statics.each(f);
    load(name.part);
    name.dynamic.each(f);
  }

 private:
  struct Name {
    std::string part;  // where its dynamic records are: the key of a service, kList, "" = nowhere
    transfer::RecordList statics, dynamic;
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  static constexpr std::string_view kList = "_services._dns-sd._udp";
  static constexpr std::string_view kStatics = "_statics";  // no service has such a key

  [[nodiscard]] std::string part_of(std::string_view folded) const;
  Name& find(const std::string& owner);  // with its static records
  void load(const std::string& part);
  void load_statics();
  Name* named(std::string_view owner);  // null: the message does not speak of it

  const transfer::Content& content_;
  const registry::Namespace& space_;
  std::unordered_map<std::string, Name, Hash, std::equal_to<>> names_;  // folded
  std::set<std::string, std::less<>> loaded_;                           // parts
};

}  // namespace dnsd::update
