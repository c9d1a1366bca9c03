// Services and checks by the keys that Consul's clients use.
#include <algorithm>

#include "api/consul/catalog.h"
#include "api/consul/check_ids.h"
#include "api/consul/foreign.h"

namespace api::consul {

std::optional<Ref> Catalog::find(std::string_view node_key, std::string_view id) {
  const auto node = nodes().find(node_key);
  if (node == nodes_.end()) return std::nullopt;
  const auto found = node->second.find(id);
  if (found == node->second.end()) return std::nullopt;
  if (found->second.size() == 1) return *found->second.begin();
  const auto here = std::ranges::find_if(found->second, [&](const Ref& ref) { return made_here(*known_.at(ref)); });
  return here == found->second.end() ? std::nullopt : std::optional(*here);
}

std::optional<Ref> Catalog::find_own(std::string_view node_key, std::string_view id, const std::string& service_key) {
  const auto node = nodes().find(node_key);
  if (node == nodes_.end()) return std::nullopt;
  const auto found = node->second.find(id);
  if (found == node->second.end()) return std::nullopt;
  const auto& refs = found->second;
  auto own = std::ranges::find(refs, service_key, &Ref::service);
  if (own == refs.end()) {
    own = std::ranges::find_if(refs, [&](const Ref& ref) { return made_here(*known_.at(ref)); });
  }
  return own == refs.end() ? std::nullopt : std::optional(*own);
}

std::optional<Catalog::Check> Catalog::check_of(const Ref& ref, std::string_view id, std::string_view check_id) const {
  const auto* instance = app_.registry().find_instance(ref.service, ref.id);
  if (!instance) return std::nullopt;
  const auto ids = check_ids(*instance, read_foreign(*instance->def), id);
  const auto found = std::ranges::find(ids, check_id);
  if (found == ids.end()) return std::nullopt;
  return Check{ref, (*instance->checks)[static_cast<std::size_t>(found - ids.begin())].name};
}

// "service:<id>" of an only check, "service:<id>:<n>" of several: made up, so they are not kept.
std::optional<Catalog::Check> Catalog::find_check(std::string_view node_key, std::string_view check_id) {
  ns();
  const auto given = checks_.find({std::string(node_key), std::string(check_id)});
  if (given != checks_.end()) return Check{given->second.begin()->first, given->second.begin()->second};
  constexpr std::string_view kPrefix = "service:";
  if (!check_id.starts_with(kPrefix)) return std::nullopt;
  const auto id = check_id.substr(kPrefix.size());
  if (const auto ref = find(node_key, id)) {
    if (auto check = check_of(*ref, id, check_id)) return check;
  }
  const auto several = id.substr(0, std::min(id.rfind(':'), id.size()));
  const auto ref = find(node_key, several);
  return ref ? check_of(*ref, several, check_id) : std::nullopt;
}

}  // namespace api::consul
