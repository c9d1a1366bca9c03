#include "dnsd/answers/zone_lint.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::answers {
namespace {

std::string text_of_name(std::string_view wire) { return name_to_text(wire).value_or("?"); }

std::uint32_t number_at(const std::string& rdata, std::size_t at) {
  return rdata.size() < at + 4 ? 0 : wire::get32(reinterpret_cast<const std::uint8_t*>(rdata.data()) + at);
}

class Linter {
 public:
  Linter(const StaticZone& zone, std::size_t most) : zone_(zone), most_(most) {
    for (const StaticRecord& record : zone.records) {
      std::string owner = fold_wire(record.owner);
      for (std::string_view name = owner; name.size() >= zone.apex.size(); name = parent_wire(name)) {
        if (!existing_.emplace(name).second || name.size() <= 1) break;
      }
      auto& types = types_[owner];
      types.insert(record.type);
      if (owner != zone.apex && record.type == wire::type::ns) cuts_.insert(owner);
      if (owner != zone.apex && record.type == wire::type::dname) dnames_.insert(owner);
    }
  }

  void apex(bool namespace_file) {
    if (!namespace_file && !has(zone_.apex, wire::type::ns)) warn("the apex has no NS records");
  }

  void record(const StaticRecord& record, std::uint64_t now) {
    const std::string owner = fold_wire(record.owner);
    hidden(record, owner);
    target(record, owner);
    if (record.type == wire::type::rrsig && number_at(record.rdata, 8) < now) {
      warn(fmt::format("{} RRSIG: the signature has ended", text_of_name(record.owner)));
    }
    if (record.type == wire::type::nsec3param && (number_at(record.rdata, 0) & 0xffff) != 0) {
      warn(fmt::format("NSEC3PARAM: {} extra iterations only cost time (RFC 9276 3.1)",
                       number_at(record.rdata, 0) & 0xffff));
    }
  }

  [[nodiscard]] std::vector<std::string> take() { return std::move(warnings_); }

 private:
  [[nodiscard]] bool has(const std::string& owner, std::uint16_t type) const {
    const auto at = types_.find(owner);
    return at != types_.end() && at->second.contains(type);
  }

  void warn(std::string text) {
    if (warnings_.size() < most_ && seen_.insert(text).second) warnings_.push_back(std::move(text));
  }

  // The nearest of `names` strictly above the owner.
  [[nodiscard]] std::optional<std::string> above(const std::string& owner, const std::set<std::string>& names) const {
    for (std::string_view name = parent_wire(owner); name.size() > zone_.apex.size(); name = parent_wire(name)) {
      if (names.contains(std::string(name))) return std::string(name);
    }
    return std::nullopt;
  }

  void hidden(const StaticRecord& record, const std::string& owner) {
    const bool address = record.type == wire::type::a || record.type == wire::type::aaaa;
    if (const auto dname = above(owner, dnames_)) {
      warn(fmt::format("{} is below the DNAME {}: it is never answered", text_of_name(owner), text_of_name(*dname)));
    } else if (const auto cut = above(owner, cuts_); cut && !address) {
      warn(fmt::format("{} {} is below the delegation {}: it is never answered", text_of_name(owner),
                       type_to_text(record.type), text_of_name(*cut)));
    }
  }

  void target(const StaticRecord& record, const std::string& owner) {
    std::size_t at = 0;
    if (record.type == wire::type::mx) at = 2;
    if (record.type == wire::type::srv) at = 6;
    const bool cname = record.type == wire::type::cname;
    if (at == 0 && !cname && record.type != wire::type::ns) return;
    if (record.rdata.size() <= at) return;
    const std::string name = fold_wire(std::string_view(record.rdata).substr(at));
    if (!is_at_or_below(name, zone_.apex) || above(name, dnames_)) return;
    const auto cut = cuts_.contains(name) ? std::optional(name) : above(name, cuts_);
    if (cut && *cut != owner) return;  // somebody else's to know
    const auto say = [&](std::string_view what) {
      warn(fmt::format("{} {}: {} {}", text_of_name(owner), type_to_text(record.type), text_of_name(name), what));
    };
    if (!existing_.contains(name)) {
      if (!covered_by_wildcard(name)) say(cut ? "needs an address here (glue)" : "does not exist");
    } else if (!cname && has(name, wire::type::cname)) {
      say("is an alias (RFC 2181 10.3)");
    } else if (!cname && !has(name, wire::type::a) && !has(name, wire::type::aaaa)) {
      say("has no address");
    }
  }

  [[nodiscard]] bool covered_by_wildcard(std::string_view name) const {
    while (name.size() > zone_.apex.size() && !existing_.contains(std::string(name))) name = parent_wire(name);
    return existing_.contains(std::string("\1*", 2) + std::string(name));
  }

  const StaticZone& zone_;
  const std::size_t most_;
  std::map<std::string, std::set<std::uint16_t>> types_;
  std::set<std::string> existing_, cuts_, dnames_, seen_;
  std::vector<std::string> warnings_;
};

}  // namespace

std::vector<std::string> lint_zone(const StaticZone& zone, bool namespace_file, std::uint64_t now, std::size_t most) {
  Linter linter(zone, most);
  linter.apex(namespace_file);
  for (const StaticRecord& record : zone.records) linter.record(record, now);
  return linter.take();
}

}  // namespace dnsd::answers
