// What waits to be written behind: the newest row of each key, so its size is bounded by the registry's.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "registry/codec/codec.h"

namespace registry::store {

class Pending {
 public:
  void put(codec::Row row) { rows_.insert_or_assign(std::move(row.key), std::move(row.body)); }
  // Back after a failed write, except where something newer waits by now.
  void put_back(std::vector<codec::Row> rows) {
    for (codec::Row& row : rows) rows_.try_emplace(std::move(row.key), std::move(row.body));
  }
  [[nodiscard]] std::vector<codec::Row> take();
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }

 private:
  std::unordered_map<std::string, std::string> rows_;
};

}  // namespace registry::store
