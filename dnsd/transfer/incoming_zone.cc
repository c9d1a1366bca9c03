#include "dnsd/transfer/incoming_zone.h"

#include <algorithm>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/valid_rdata.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::transfer {

ZoneCopy::Key ZoneCopy::key_of(const wire::Record& r) {
  return {wire::fold(r.owner), r.type, wire::fold_names(r.type, r.rdata)};
}

bool ZoneCopy::add(const wire::Record& record) {
  if (records_.size() >= kMaxRecords) return false;
  records_.insert_or_assign(key_of(record), Value{record.owner, record.ttl, record.rdata});
  return true;
}

bool ZoneCopy::remove(const wire::Record& record) { return records_.erase(key_of(record)) == 1; }

answers::StaticZone ZoneCopy::as_zone(const std::string& apex) const {
  answers::StaticZone zone;
  zone.apex = apex;
  zone.serial = serial();
  zone.records.reserve(records_.size() + 1);
  zone.records.push_back({soa_->owner, soa_->type, soa_->ttl, soa_->rdata, 0});
  for (const auto& [key, value] : records_)
    zone.records.push_back({value.owner, std::get<1>(key), value.ttl, value.rdata, 0});
  return zone;
}

SoaTimes times_of(const wire::Record& soa) {
  const auto* p = reinterpret_cast<const std::uint8_t*>(soa.rdata.data()) + soa.rdata.size() - 20;
  constexpr std::uint32_t week = 7 * 86'400, year = 365 * 86'400;
  return {std::clamp(wire::get32(p + 4), 1U, week), std::clamp(wire::get32(p + 8), 1U, week),
          std::clamp(wire::get32(p + 12), 1U, year)};
}

std::expected<Assembler::Result, std::string> Assembler::feed(const wire::Message& message) {
  if (mode_ == Mode::first && message.answer().empty()) return std::unexpected("an answer without records");
  for (const auto& r : message.answer()) {
    if (mode_ == Mode::done) return std::unexpected("records after the end of the zone");
    const auto result = record(r);
    if (!result) return result;
  }
  if (mode_ == Mode::done) return Result::changed;
  // A single SOA is all that there is to say to an IXFR of one who is up to date.
  if (mode_ == Mode::second && have_ && message.answer().size() == 1) {
    if (!wire::is_newer(serial_, have_->serial())) return Result::same;
    return std::unexpected("the primary has a newer serial and sends nothing of it");
  }
  return Result::more;
}

std::expected<Assembler::Result, std::string> Assembler::record(const wire::Record& r) {
  if (r.klass != wire::klass::in || !answers::is_at_or_below(r.owner, apex_))
    return std::unexpected("a record that is not of the zone");
  if (!answers::is_valid_rdata(r.type, r.rdata)) return std::unexpected("a record with broken data");
  if (r.type == wire::type::soa) return soa(r);
  switch (mode_) {
    case Mode::first:
      return std::unexpected("the zone does not begin with its SOA");
    case Mode::second:
      mode_ = Mode::whole;
      copy_.set_soa(last_soa_);
      [[fallthrough]];
    case Mode::whole:
    case Mode::adding:
      if (!copy_.add(r)) return std::unexpected("too many records");
      return Result::more;
    case Mode::removing:
      if (!copy_.remove(r)) return std::unexpected("a difference that does not fit what is here");
      return Result::more;
    case Mode::done:
      break;
  }
  return std::unexpected("records after the end of the zone");
}

std::expected<Assembler::Result, std::string> Assembler::soa(const wire::Record& r) {
  if (wire::fold(r.owner) != apex_) return std::unexpected("an SOA that is not at the apex");
  const std::uint32_t serial = wire::soa_serial(r.rdata);
  switch (mode_) {
    case Mode::first:
      last_soa_ = r;
      serial_ = serial;
      mode_ = Mode::second;
      break;
    case Mode::second:
      if (have_ && serial == have_->serial() && serial != serial_) {
        copy_ = *have_;
        mode_ = Mode::removing;
      } else {  // a zone of nothing but its SOA
        copy_.set_soa(last_soa_);
        mode_ = serial == serial_ ? Mode::done : Mode::whole;
        if (mode_ == Mode::whole) return std::unexpected("two different SOA records");
      }
      break;
    case Mode::whole:
      if (serial != serial_) return std::unexpected("the zone changed under way");
      mode_ = Mode::done;
      break;
    case Mode::removing:
      copy_.set_soa(r);
      mode_ = Mode::adding;
      break;
    case Mode::adding:
      // The end, or the start of the next step, which is where the last one led.
      if (serial != copy_.serial()) return std::unexpected("steps that do not follow each other");
      mode_ = serial == serial_ ? Mode::done : Mode::removing;
      break;
    case Mode::done:
      return std::unexpected("records after the end of the zone");
  }
  return Result::more;
}

}  // namespace dnsd::transfer
