#include "api/consul/check_ids.h"

#include <fmt/format.h>

#include <algorithm>

namespace api::consul {
namespace {

using registry::CheckDef;

std::string given_id(const Foreign& foreign, const CheckDef& check) {
  const auto note = foreign.checks.find(check.name);
  return note == foreign.checks.end() ? std::string() : note->second.id;
}

}  // namespace

std::string check_id(std::string_view id, std::size_t n, std::size_t count) {
  return count == 1 ? fmt::format("service:{}", id) : fmt::format("service:{}:{}", id, n + 1);
}

std::vector<std::string> check_ids(const registry::Instance& instance, const Foreign& foreign, std::string_view id) {
  const std::vector<CheckDef>& own = instance.def->checks;
  std::vector<std::string> ids;
  ids.reserve(instance.checks->size());
  for (const CheckDef& check : *instance.checks) {
    const auto place = std::ranges::find(own, check.name, &CheckDef::name);
    if (place == own.end()) {
      ids.push_back(fmt::format("policy:{}:{}", id, check.name));
      continue;
    }
    auto given = given_id(foreign, check);
    const auto n = static_cast<std::size_t>(place - own.begin());
    ids.push_back(given.empty() ? check_id(id, n, own.size()) : std::move(given));
  }
  return ids;
}

void write_out_ids(const registry::InstanceDef& def, Foreign& foreign, std::string_view id) {
  const std::vector<CheckDef>& own = def.checks;
  for (std::size_t i = 0; i < own.size(); ++i) {
    auto& note = foreign.checks[own[i].name];
    if (note.id.empty()) note.id = check_id(id, i, own.size());
  }
}

void shorten_ids(const registry::InstanceDef& def, Foreign& foreign, std::string_view id) {
  const std::vector<CheckDef>& own = def.checks;
  std::erase_if(foreign.checks,
                [&](const auto& note) { return std::ranges::find(own, note.first, &CheckDef::name) == own.end(); });
  for (std::size_t i = 0; i < own.size(); ++i) {
    auto& note = foreign.checks[own[i].name];
    if (note.id == check_id(id, i, own.size())) note.id.clear();
  }
}

}  // namespace api::consul
