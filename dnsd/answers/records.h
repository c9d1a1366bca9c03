// Resource records of one name that do not vary per client: static records, name servers, reverse pointers.
// Immutable after build(); one allocation; read by workers.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::answers {

struct RecordSet {
  std::uint16_t type;
  std::uint16_t count;
  std::uint32_t ttl;
  std::uint32_t at;  // of the first record, from the start of the block: u16 length, rdata; and so on
};

class RecordBlock {
 public:
  struct Free {
    void operator()(const RecordBlock* block) const noexcept { ::operator delete(const_cast<RecordBlock*>(block)); }
  };

  [[nodiscard]] std::span<const RecordSet> sets() const noexcept {
    return {reinterpret_cast<const RecordSet*>(this + 1), set_count_};
  }
  [[nodiscard]] const RecordSet* find(std::uint16_t type) const noexcept {
    for (const RecordSet& set : sets()) {
      if (set.type == type) return &set;
    }
    return nullptr;
  }
  [[nodiscard]] const std::uint8_t* at(std::uint32_t offset) const noexcept {
    return reinterpret_cast<const std::uint8_t*>(this) + offset;
  }
  [[nodiscard]] std::uint32_t size_in_memory() const noexcept { return size_; }

  // One set of records that are all different, already in the form that RecordSet::at describes.
  [[nodiscard]] static std::unique_ptr<const RecordBlock, Free> of_set(std::uint16_t type, std::uint32_t ttl,
                                                                       std::uint16_t count, std::string_view records);

  // f(rdata) for each record, in order, until it returns false.
  template <class F>
  bool each(const RecordSet& set, F&& f) const noexcept {
    const std::uint8_t* p = at(set.at);
    for (unsigned i = 0; i < set.count; ++i) {
      std::uint16_t length;
      std::memcpy(&length, p, 2);
      if (!f(std::span<const std::uint8_t>(p + 2, length))) return false;
      p += 2 + length;
    }
    return true;
  }

 private:
  friend class RecordBuilder;
  RecordBlock(std::uint32_t size, std::uint32_t sets) : size_(size), set_count_(sets) {}
  static std::unique_ptr<const RecordBlock, Free> make(std::span<const RecordSet> sets, std::string_view body);
  std::uint32_t size_;
  std::uint32_t set_count_;
};

using RecordBlockPtr = std::unique_ptr<const RecordBlock, RecordBlock::Free>;

// Control thread. Records of one type form one set: the smallest TTL wins (RFC 2181 5.2), equal rdata stands once.
class RecordBuilder {
 public:
  void add(std::uint16_t type, std::uint32_t ttl, std::string rdata);
  void remove(std::uint16_t type);
  [[nodiscard]] bool has(std::uint16_t type) const;
  [[nodiscard]] bool empty() const { return sets_.empty(); }
  [[nodiscard]] RecordBlockPtr build() const;  // null when empty

 private:
  struct Set {
    std::uint16_t type;
    std::uint32_t ttl;
    std::vector<std::string> rdata;
  };
  std::vector<Set> sets_;
};

}  // namespace dnsd::answers
