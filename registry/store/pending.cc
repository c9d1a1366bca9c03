#include "registry/store/pending.h"

#include <utility>

namespace registry::store {

std::vector<codec::Row> Pending::take() {
  std::vector<codec::Row> rows;
  rows.reserve(rows_.size());
  while (!rows_.empty()) {
    auto node = rows_.extract(rows_.begin());
    rows.push_back({std::move(node.key()), std::move(node.mapped())});
  }
  return rows;
}

}  // namespace registry::store
