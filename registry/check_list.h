// The checks of one definition. Copies share one immutable list until one of them is changed, and the registry lets
// equal lists of different instances share as well (CheckPool): a fleet of a thousand instances with the same three
// checks keeps those three once, where each check is half a kilobyte.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "registry/check.h"

namespace registry {

class CheckList {
 public:
  using Shared = std::shared_ptr<const std::vector<CheckDef>>;

  CheckList() : list_(none()) {}
  CheckList(std::vector<CheckDef> checks)
      : list_(checks.empty() ? none() : std::make_shared<std::vector<CheckDef>>(std::move(checks))) {}
  CheckList(std::initializer_list<CheckDef> checks) : CheckList(std::vector<CheckDef>(checks)) {}

  [[nodiscard]] const std::vector<CheckDef>& get() const { return *list_; }
  operator const std::vector<CheckDef>&() const { return *list_; }
  [[nodiscard]] Shared shared() const { return list_; }  // never null
  [[nodiscard]] auto begin() const { return get().begin(); }
  [[nodiscard]] auto end() const { return get().end(); }
  [[nodiscard]] std::size_t size() const { return get().size(); }
  [[nodiscard]] bool empty() const { return get().empty(); }
  const CheckDef& operator[](std::size_t i) const { return get()[i]; }

  // Changing makes the list this one's own.
  CheckDef& operator[](std::size_t i) { return own()[i]; }
  void push_back(CheckDef check) { own().push_back(std::move(check)); }

  bool operator==(const CheckList& other) const { return list_ == other.list_ || *list_ == *other.list_; }

 private:
  friend class CheckPool;
  static const std::shared_ptr<std::vector<CheckDef>>& none() {
    static const auto empty = std::make_shared<std::vector<CheckDef>>();
    return empty;
  }
  // A list is only ever changed before it became part of a registration: by a reader of JSON, a test, a copy that PATCH
  // merges into while the original stays where it is (which makes the count 2). What the registry and, from there, the
  // probe thread hold is const and shared from its first moment on. So a count of 1 is not another thread's last
  // release, which this relaxed reading would not be ordered after.
  std::vector<CheckDef>& own() {
    if (list_.use_count() != 1) list_ = std::make_shared<std::vector<CheckDef>>(*list_);
    return *list_;
  }
  std::shared_ptr<std::vector<CheckDef>> list_;  // written only while it is nobody else's
};

// Finds an equal list that is in use already. Holds nothing alive. Control thread.
class CheckPool {
 public:
  void intern(CheckList& checks);
  [[nodiscard]] std::size_t size() const { return lists_.size(); }

 private:
  void sweep();
  std::unordered_multimap<std::uint64_t, std::weak_ptr<std::vector<CheckDef>>> lists_;  // by hash
  std::size_t sweep_at_ = 64;
};

}  // namespace registry
