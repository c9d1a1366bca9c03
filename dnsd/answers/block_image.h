// A block in the making; internal to block_*.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/block.h"
#include "registry/registry.h"

namespace dnsd::answers {

// Appends arrays to one growing image of the block; offsets are from its start.
class Image {
 public:
  Image() : bytes_(sizeof(ServiceBlock)) {}
  void reserve(std::size_t octets) { bytes_.reserve(octets); }
  template <class T>
  std::uint32_t put(const T* items, std::size_t count) {
    bytes_.resize((bytes_.size() + alignof(T) - 1) / alignof(T) * alignof(T));
    const auto at = static_cast<std::uint32_t>(bytes_.size());
    bytes_.resize(bytes_.size() + count * sizeof(T));
    if (items != nullptr) overwrite(at, items, count);
    return at;
  }
  std::uint32_t put(std::string_view text) { return put(text.data(), text.size()); }
  // A placeholder to be overwritten when the offsets inside are known.
  template <class T>
  void overwrite(std::uint32_t at, const T* items, std::size_t count) {
    if (count != 0) std::memcpy(bytes_.data() + at, items, count * sizeof(T));
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] const std::uint8_t* data() const { return bytes_.data(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

struct Item {
  const registry::Instance* instance;
  const registry::InstanceDef* def;
  std::string label;  // folded
  Entry entry{};
};
using Items = std::vector<Item>;

// Registered in the order of their ids, which are the labels as a rule: sorted already, so a look saves the sorting.
template <class It, class Less>
void sort_if_needed(It begin, It end, Less less) {
  if (!std::is_sorted(begin, end, less)) std::sort(begin, end, less);
}

// block_arrays.cc: what stands behind the entries. Each writes its offset, count and flags into `head`.
void put_groups(Image& image, ServiceBlock& head, const Items& items);
void put_ports(Image& image, ServiceBlock& head, const Items& items);
void put_https(Image& image, ServiceBlock& head, const Items& items);
void put_marks(Image& image, ServiceBlock& head, const Items& items);

}  // namespace dnsd::answers
