// The zone that a primary sends, put together from the messages of an AXFR or IXFR (RFC 5936, RFC 1995). Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "dnsd/answers/static_zone.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {

// A zone's records, each once, in an order that does not depend on how they came.
class ZoneCopy {
 public:
  static constexpr std::size_t kMaxRecords = 10'000'000;  // as of a zone file

  [[nodiscard]] bool add(const wire::Record& record);     // false: there is no room
  [[nodiscard]] bool remove(const wire::Record& record);  // false: it was not there
  void set_soa(const wire::Record& soa) { soa_ = soa; }
  [[nodiscard]] const std::optional<wire::Record>& soa() const { return soa_; }
  [[nodiscard]] std::uint32_t serial() const { return soa_ ? wire::soa_serial(soa_->rdata) : 0; }
  [[nodiscard]] std::size_t count() const { return records_.size(); }
  template <class F>
  void each(F&& f) const {  // of all but the SOA
    for (const auto& [key, value] : records_)
      f(wire::Record{value.owner, std::get<1>(key), wire::klass::in, value.ttl, value.rdata});
  }
  [[nodiscard]] answers::StaticZone as_zone(const std::string& apex) const;  // folded apex

 private:
  struct Value {
    std::string owner;  // as spelled
    std::uint32_t ttl;
    std::string rdata;
  };
  using Key = std::tuple<std::string, std::uint16_t, std::string>;  // owner, type, rdata; names folded
  static Key key_of(const wire::Record& record);

  std::optional<wire::Record> soa_;
  std::map<Key, Value> records_;
};

// What the SOA says about time, bounded so that no primary makes us ask all the time or never again.
struct SoaTimes {
  std::uint32_t refresh = 60, retry = 10, expire = 86'400;
};
[[nodiscard]] SoaTimes times_of(const wire::Record& soa);

class Assembler {
 public:
  enum class Result : std::uint8_t { more, same, changed };  // same: nothing newer, see serial()

  // `have`: the copy that an IXFR started from; null = AXFR was asked for. It is copied when the first step comes.
  Assembler(std::string apex, std::shared_ptr<const ZoneCopy> have) : apex_(std::move(apex)), have_(std::move(have)) {}

  // The next message; its signature was checked, its id and rcode too. A sentence when it makes no zone.
  std::expected<Result, std::string> feed(const wire::Message& message);
  [[nodiscard]] ZoneCopy take() { return std::move(copy_); }      // after `changed`
  [[nodiscard]] std::uint32_t serial() const { return serial_; }  // of the primary

 private:
  enum class Mode : std::uint8_t { first, second, whole, removing, adding, done };
  std::expected<Result, std::string> record(const wire::Record& record);
  std::expected<Result, std::string> soa(const wire::Record& record);

  std::string apex_;
  std::shared_ptr<const ZoneCopy> have_;
  Mode mode_ = Mode::first;
  wire::Record last_soa_;  // the first record, which ends the transfer as well
  std::uint32_t serial_ = 0;
  ZoneCopy copy_;
};

}  // namespace dnsd::transfer
