// What a list of Consul's API holds: ?tag, ?passing, ?node-meta, ?near, ?filter, ?dc.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/consul/filter.h"
#include "api/consul/render.h"
#include "api/http_message.h"

namespace api::consul {

// Entries of one answer of the whole namespace: about 100 MB of JSON, and a second of the control thread.
inline constexpr std::size_t kMaxListed = 100'000;

class Selection {
 public:
  // Also refuses another datacenter than ours.
  [[nodiscard]] static registry::Result<Selection> of(const App& app, const Request& request);

  [[nodiscard]] bool takes(const Entry& entry) const;          // all but the filter
  void sort(std::vector<Entry>& entries) const;                // what is near goes first
  [[nodiscard]] bool wants_near(std::string_view node) const;  // or does not care
  [[nodiscard]] bool has_node_meta() const { return !node_meta_.empty(); }
  [[nodiscard]] bool takes_node(const json::object& meta) const;
  // Adds what passes the filter; the text of what is wrong with it, or nothing.
  [[nodiscard]] std::optional<std::string> add(json::array& list, json::object item) const;
  [[nodiscard]] std::expected<bool, std::string> passes(const json::object& item) const;

 private:
  std::optional<Filter> filter_;
  std::vector<std::string> tags_;  // folded
  std::vector<std::pair<std::string, std::string>> node_meta_;
  std::string near_;  // folded
  bool passing_ = false;
};

}  // namespace api::consul
