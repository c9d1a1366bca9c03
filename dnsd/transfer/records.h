// Lists of resource records, packed: one buffer, a few octets beside each record's own. What a zone's content, a
// service's part of it and the steps of a journal are made of. Plain data.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace dnsd::transfer {

struct RecordView {
  std::string_view packed;  // the record as the list holds it: equal records have equal octets
  std::string_view owner;   // wire form, spelled
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::string_view rdata;
};

class RecordList {
 public:
  void add(std::string_view owner, std::uint16_t type, std::uint32_t ttl, std::string_view rdata);
  void add(const RecordView& record) {
    octets_ += record.packed;
    ++count_;
  }
  // The record at `offset`, which moves to the next one; nothing at the end. Offsets start at 0.
  [[nodiscard]] std::optional<RecordView> next(std::size_t& offset) const;
  template <class F>
  void each(F&& f) const {
    std::size_t at = 0;
    while (const auto record = next(at)) f(*record);
  }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] std::size_t octets() const { return octets_.size(); }
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  std::string octets_;  // each: owner's size (1), owner, type (2), TTL (4), rdata's size (2), rdata; host order
  std::size_t count_ = 0;
};

// The same records, each once, in no particular order.
[[nodiscard]] RecordList without_repeats(const RecordList& list);

// What must go and what must come to make `after` of `before`. A record whose TTL changed is both.
struct Difference {
  RecordList removed, added;
  [[nodiscard]] bool empty() const { return removed.empty() && added.empty(); }
};
void append_difference(const RecordList& before, const RecordList& after, Difference& out);

}  // namespace dnsd::transfer
