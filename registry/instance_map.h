// The instances of a service by id, in order: a sorted vector of owners with the face of std::map. A node of a tree
// costs 72 bytes beside the instance and has the id a second time. Instances stay where they are.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace registry {

template <class Instance>
class InstanceMap {
  using Owners = std::vector<std::unique_ptr<Instance>>;

  template <bool kConst>
  class Iterator {
    using At = std::conditional_t<kConst, typename Owners::const_iterator, typename Owners::iterator>;
    using Value = std::conditional_t<kConst, const Instance, Instance>;

   public:
    struct Pair {
      const std::string& first;
      Value& second;
      const Pair* operator->() const { return this; }
    };
    using difference_type = std::ptrdiff_t;
    using value_type = Pair;
    using pointer = Pair;
    using reference = Pair;
    using iterator_category = std::input_iterator_tag;

    Iterator() = default;
    explicit Iterator(At at) : at_(at) {}
    operator Iterator<true>() const { return Iterator<true>(at_); }
    Pair operator*() const { return {(*at_)->def->id, **at_}; }
    Pair operator->() const { return **this; }
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    Iterator operator++(int) { return std::exchange(*this, Iterator(std::next(at_))); }
    bool operator==(const Iterator&) const = default;

   private:
    friend class InstanceMap;
    At at_{};
  };

 public:
  using iterator = Iterator<false>;
  using const_iterator = Iterator<true>;
  using mapped_type = Instance;

  [[nodiscard]] iterator begin() { return iterator(owners_.begin()); }
  [[nodiscard]] iterator end() { return iterator(owners_.end()); }
  [[nodiscard]] const_iterator begin() const { return const_iterator(owners_.begin()); }
  [[nodiscard]] const_iterator end() const { return const_iterator(owners_.end()); }
  [[nodiscard]] std::size_t size() const { return owners_.size(); }
  [[nodiscard]] bool empty() const { return owners_.empty(); }

  [[nodiscard]] iterator find(std::string_view id) { return iterator(exact(owners_, id)); }
  [[nodiscard]] const_iterator find(std::string_view id) const { return const_iterator(exact(owners_, id)); }
  [[nodiscard]] bool contains(std::string_view id) const { return find(id) != end(); }
  [[nodiscard]] const_iterator lower_bound(std::string_view id) const { return const_iterator(least(owners_, id)); }
  [[nodiscard]] const_iterator upper_bound(std::string_view id) const {
    const auto at = least(owners_, id);
    return const_iterator(at != owners_.end() && (*at)->def->id == id ? std::next(at) : at);
  }
  // It has its `def`, and no other one has that id.
  Instance& insert(std::unique_ptr<Instance> instance) {
    // Most services are small: no room beyond what is there, up to the size from which doubling costs little.
    if (owners_.size() < 8) owners_.reserve(owners_.size() + 1);
    const auto at = least(owners_, instance->def->id);
    return **owners_.insert(at, std::move(instance));
  }
  void erase(iterator at) { owners_.erase(at.at_); }

 private:
  static auto least(auto& owners, std::string_view id) {
    return std::lower_bound(owners.begin(), owners.end(), id,
                            [](const auto& owner, std::string_view key) { return owner->def->id < key; });
  }
  static auto exact(auto& owners, std::string_view id) {
    const auto at = least(owners, id);
    return at != owners.end() && (*at)->def->id == id ? at : owners.end();
  }
  Owners owners_;
};

}  // namespace registry
