// Folded names ordered from the root, so that "is anything at or below this name?" is one look-up.
#pragma once

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace registry {

class NameSet {
 public:
  void insert(std::string_view name) { names_.insert(from_root(name)); }
  void erase(std::string_view name) { names_.erase(from_root(name)); }
  void clear() { names_.clear(); }
  [[nodiscard]] bool any_at_or_below(std::string_view name) const {
    const std::string key = from_root(name);
    const auto it = names_.lower_bound(key);
    return it != names_.end() && it->starts_with(key);
  }
  // "a.b.corp" as "corp.b.a.": a name is a prefix of every name at or below it.
  [[nodiscard]] static std::string from_root(std::string_view name) {
    std::string out;
    out.reserve(name.size() + 1);
    for (std::size_t end = name.size();;) {
      const std::size_t dot = name.substr(0, end).rfind('.');
      const std::size_t begin = dot == name.npos ? 0 : dot + 1;
      out.append(name, begin, end - begin).push_back('.');
      if (dot == name.npos) return out;
      end = dot;
    }
  }

 private:
  std::set<std::string> names_;
};

}  // namespace registry
