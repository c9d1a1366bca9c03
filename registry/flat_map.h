// A sorted vector with the face of std::map, for the few pairs of a definition: a million instances hold one of each,
// mostly empty, and a std::map costs 48 bytes empty and another 48 per pair beyond its content.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace registry {

template <class Value>
class FlatMap {
 public:
  using value_type = std::pair<std::string, Value>;
  using const_iterator = typename std::vector<value_type>::const_iterator;

  FlatMap() = default;
  FlatMap(std::initializer_list<value_type> pairs) {
    for (const auto& [key, value] : pairs) (*this)[key] = value;
  }

  Value& operator[](std::string_view key) {
    const auto at = place(key);
    if (at != pairs_.end() && at->first == key) return at->second;
    return pairs_.emplace(at, key, Value{})->second;
  }
  [[nodiscard]] const_iterator find(std::string_view key) const {
    const auto at = std::lower_bound(pairs_.begin(), pairs_.end(), key, before);
    return at != pairs_.end() && at->first == key ? at : pairs_.end();
  }
  [[nodiscard]] const Value& at(std::string_view key) const {
    const auto found = find(key);
    if (found == end()) throw std::out_of_range("FlatMap::at");
    return found->second;
  }
  void erase(std::string_view key) {
    const auto at = place(key);
    if (at != pairs_.end() && at->first == key) pairs_.erase(at);
  }
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != end(); }
  [[nodiscard]] const_iterator begin() const { return pairs_.begin(); }
  [[nodiscard]] const_iterator end() const { return pairs_.end(); }
  [[nodiscard]] std::size_t size() const { return pairs_.size(); }
  [[nodiscard]] bool empty() const { return pairs_.empty(); }
  void clear() { pairs_.clear(); }
  bool operator==(const FlatMap&) const = default;

 private:
  static bool before(const value_type& pair, std::string_view key) { return pair.first < key; }
  typename std::vector<value_type>::iterator place(std::string_view key) {
    return std::lower_bound(pairs_.begin(), pairs_.end(), key, before);
  }
  std::vector<value_type> pairs_;
};

}  // namespace registry
