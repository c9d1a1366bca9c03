// The Zone and Prerequisite sections of an update (RFC 2136 3.1, 3.2).
#include <map>
#include <set>

#include "dnsd/answers/presentation.h"
#include "dnsd/update/plan.h"
#include "dnsd/update/view_records.h"

namespace dnsd::update {

using transfer::RecordView;
using wire::Rcode;
using wire::Record;
namespace type = wire::type;
namespace klass = wire::klass;

std::expected<const registry::Namespace*, Refusal> find_space(const registry::Registry& registry,
                                                              const wire::Message& message) {
  if (message.questions.size() != 1 || message.questions.front().type != type::soa)
    return std::unexpected(Refusal{Rcode::formerr, "the Zone section (RFC 2136 3.1.1)"});
  auto text = answers::name_to_text(wire::fold(message.questions.front().name)).value_or("");
  if (text.ends_with('.')) text.pop_back();
  const auto* space = message.questions.front().klass == klass::in ? registry.find_namespace(text) : nullptr;
  if (space == nullptr) return std::unexpected(Refusal{Rcode::notauth, "not a namespace of this server"});
  return space;
}

std::optional<Refusal> check_prerequisites(const wire::Message& message, ViewRecords& view) {
  using Set = std::set<std::string>;
  std::map<std::pair<std::string, std::uint16_t>, Set> wanted;
  for (const Record& r : message.answer()) {
    if (r.ttl != 0 || (r.klass != klass::in && !r.rdata.empty())) return Refusal{Rcode::formerr, "RFC 2136 3.2.5"};
    if (!answers::is_at_or_below(r.owner, view.apex())) return Refusal{Rcode::notzone, "a name outside the zone"};
    if (r.klass == klass::in) {
      if (is_meta(r.type)) return Refusal{Rcode::formerr, "RFC 2136 3.2.5"};
      wanted[{wire::fold(r.owner), r.type}].insert(wire::fold_names(r.type, r.rdata));
      continue;
    }
    if (r.klass != klass::any && r.klass != klass::none) return Refusal{Rcode::formerr, "RFC 2136 3.2.5"};
    const bool there = view.has(r.owner, r.type);
    const bool name = r.type == type::any;
    if (r.klass == klass::any && !there) return Refusal{name ? Rcode::nxdomain : Rcode::nxrrset, "prerequisite"};
    if (r.klass == klass::none && there) return Refusal{name ? Rcode::yxdomain : Rcode::yxrrset, "prerequisite"};
  }
  for (const auto& [key, rdatas] : wanted) {
    Set there;
    view.each(key.first, [&](const RecordView& r) {
      if (r.type == key.second) there.insert(wire::fold_names(r.type, r.rdata));
    });
    if (there != rdatas) return Refusal{Rcode::nxrrset, "prerequisite"};
  }
  return std::nullopt;
}

}  // namespace dnsd::update
