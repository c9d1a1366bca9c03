#include "api/consul/selection.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/consul/dialect.h"

namespace api::consul {

registry::Result<Selection> Selection::of(const App& app, const Request& request) {
  Selection out;
  for (const auto& [name, value] : request.query) {
    if (name == "tag" && !value.empty()) out.tags_.push_back(registry::fold(value));
    if (name == "node-meta") {
      const auto colon = std::min(value.find(':'), value.size());
      const auto wanted = colon < value.size() ? value.substr(colon + 1) : std::string();
      out.node_meta_.emplace_back(value.substr(0, colon), wanted);
    }
    if (name == "dc" && !value.empty() && registry::fold(value) != registry::fold(app.options.consul.datacenter)) {
      return bad_request("No path to datacenter");
    }
    if (name == "near") out.near_ = registry::fold(value == "_agent" ? app.options.consul.node : value);
    if (name == "passing") {
      const auto passing = parse_bool(value);
      if (!passing) return bad_request("Invalid value for ?passing");
      out.passing_ = *passing;
    }
    if (name == "filter" && !value.empty()) {
      auto filter = Filter::parse(value);
      if (!filter) return bad_request(fmt::format("Failed to create boolean expression evaluator: {}", filter.error()));
      out.filter_ = std::move(*filter);
    }
  }
  return out;
}

bool Selection::takes(const Entry& entry) const {
  if (passing_ && entry.status() != "passing") return false;
  // In any case, as Consul finds them.
  const auto bears = [&](const std::string& wanted) {
    return std::ranges::any_of(entry.instance->def->tags,
                               [&](const auto& tag) { return registry::fold(tag) == wanted; });
  };
  return std::ranges::all_of(tags_, bears) && takes_node(entry.foreign.node_meta);
}

bool Selection::takes_node(const json::object& meta) const {
  return std::ranges::all_of(node_meta_, [&](const auto& wanted) {
    const auto* value = meta.if_contains(wanted.first);
    const auto* text = value ? value->if_string() : nullptr;
    return text && std::string_view(text->data(), text->size()) == wanted.second;
  });
}

void Selection::sort(std::vector<Entry>& entries) const {
  if (near_.empty()) return;
  std::ranges::stable_partition(entries, [&](const Entry& entry) { return registry::fold(entry.node) == near_; });
}

bool Selection::wants_near(std::string_view node) const { return near_.empty() || registry::fold(node) == near_; }

std::expected<bool, std::string> Selection::passes(const json::object& item) const {
  return filter_ ? filter_->passes(item) : true;
}

std::optional<std::string> Selection::add(json::array& list, json::object item) const {
  const auto passed = passes(item);
  if (!passed) return passed.error();
  if (*passed) list.push_back(std::move(item));
  return std::nullopt;
}

}  // namespace api::consul
