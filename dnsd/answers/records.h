// Resource records of one name that do not vary per client: static records, name servers, reverse pointers.
// Immutable after build(); one allocation; read by workers.
//
// Signatures are sets of their own, one for each type that they cover: they take that type's TTL (RFC 4034 3). Glue is
// what only a referral may show: addresses below a cut, kept with the NS records that need them.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dnsd/wire/query.h"

namespace dnsd::answers {

struct RecordSet {
  std::uint16_t type;
  std::uint16_t count;
  std::uint32_t ttl;
  std::uint32_t at;      // of the first record, from the start of the block: u16 length, rdata; and so on
  std::uint16_t covers;  // RRSIG: the type that is signed. Glue: which NS record it belongs to, from 0
  std::uint16_t below;   // glue: 1 = the name server's name is at or below the cut itself (RFC 9471 2.1)
};

class RecordBlock {
 public:
  struct Free {
    void operator()(const RecordBlock* block) const noexcept { ::operator delete(const_cast<RecordBlock*>(block)); }
  };

  [[nodiscard]] std::span<const RecordSet> sets() const noexcept {
    return {reinterpret_cast<const RecordSet*>(this + 1), set_count_};
  }
  [[nodiscard]] std::span<const RecordSet> glue() const noexcept {  // by NS record; for each A before AAAA
    return {reinterpret_cast<const RecordSet*>(this + 1) + set_count_, glue_count_};
  }
  [[nodiscard]] const RecordSet* find(std::uint16_t type) const noexcept {
    for (const RecordSet& set : sets()) {
      if (set.type == type) return &set;
    }
    return nullptr;
  }
  [[nodiscard]] const RecordSet* signatures_of(std::uint16_t type) const noexcept {
    for (const RecordSet& set : sets()) {
      if (set.type == wire::type::rrsig && set.covers == type) return &set;
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
  RecordBlock(std::size_t size, std::size_t sets, std::size_t glue)
      : size_(static_cast<std::uint32_t>(size)),
        set_count_(static_cast<std::uint16_t>(sets)),
        glue_count_(static_cast<std::uint16_t>(glue)) {}
  // The sets, then those of glue; `body` follows them.
  static std::unique_ptr<const RecordBlock, Free> make(std::span<const RecordSet> sets, std::size_t glue,
                                                       std::string_view body);
  std::uint32_t size_;
  std::uint16_t set_count_;
  std::uint16_t glue_count_;
};

using RecordBlockPtr = std::unique_ptr<const RecordBlock, RecordBlock::Free>;

// Control thread. Records of one type form one set: the smallest TTL wins (RFC 2181 5.2), equal rdata stands once.
class RecordBuilder {
 public:
  void add(std::uint16_t type, std::uint32_t ttl, std::string rdata);
  // The addresses of a name server that has an NS record here; `server` as that record's rdata has it.
  void add_glue(const std::string& server, bool below, std::uint16_t type, std::uint32_t ttl, std::string rdata);
  void remove(std::uint16_t type);
  void keep_only(std::span<const std::uint16_t> types);  // and the signatures over them
  [[nodiscard]] bool has(std::uint16_t type) const;
  [[nodiscard]] bool empty() const { return sets_.empty(); }
  [[nodiscard]] std::vector<std::string> rdata_of(std::uint16_t type) const;
  [[nodiscard]] std::uint32_t ttl_of(std::uint16_t type) const;  // 0 without the type
  [[nodiscard]] RecordBlockPtr build() const;                    // null when empty

 private:
  struct Set {
    std::uint16_t type;
    std::uint16_t covers;
    std::uint32_t ttl;
    std::vector<std::string> rdata;
  };
  struct Glue {
    std::string server;
    bool below;
    Set set;
  };
  [[nodiscard]] const Set* find(std::uint16_t type) const;
  static void merge(Set& set, std::uint32_t ttl, std::string rdata);
  [[nodiscard]] std::vector<std::pair<const Set*, RecordSet>> layout() const;

  std::vector<Set> sets_;
  std::vector<Glue> glue_;
};

}  // namespace dnsd::answers
