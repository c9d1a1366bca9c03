#include "dnsd/wire/message.h"

#include <algorithm>
#include <utility>

#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::wire {
namespace {

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> octets) : octets_(octets) {}

  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] bool at_end() const { return at_ == octets_.size(); }
  std::optional<std::uint16_t> u16() {
    if (octets_.size() - at_ < 2) return std::nullopt;
    at_ += 2;
    return get16(octets_.data() + at_ - 2);
  }
  std::optional<std::string> name() { return name(octets_.size()); }
  bool question(Question& out);
  bool record(Record& out);

 private:
  std::optional<std::string> name(std::size_t end);
  bool rdata(std::size_t end, std::uint16_t type, std::string& out);

  std::span<const std::uint8_t> octets_;
  std::size_t at_ = kHeader;
};

// Labels up to `end`; pointers lead strictly backwards, so a loop cannot be.
std::optional<std::string> Reader::name(std::size_t end) {
  std::string out;
  std::size_t from = at_;
  std::size_t lowest = at_;
  bool jumped = false;
  while (from < end) {
    const std::uint8_t length = octets_[from];
    if ((length & 0xc0) == 0xc0) {
      if (from + 2 > end) return std::nullopt;
      const std::size_t to = get16(octets_.data() + from) & 0x3fffU;
      if (to >= lowest || to < kHeader) return std::nullopt;
      if (!jumped) at_ = from + 2;
      jumped = true;
      from = lowest = to;
      end = octets_.size();
      continue;
    }
    if (length > 63 || from + 1 + length > end || out.size() + 1 + length > kMaxWireName) return std::nullopt;
    out.append(reinterpret_cast<const char*>(octets_.data() + from), 1U + length);
    from += 1U + length;
    if (length != 0) continue;
    if (!jumped) at_ = from;
    return out;
  }
  return std::nullopt;
}

bool Reader::question(Question& out) {
  auto owner = name();
  const auto type = owner ? u16() : std::nullopt;
  const auto klass = type ? u16() : std::nullopt;
  if (!klass) return false;
  out = {*std::move(owner), *type, *klass};
  return true;
}

bool Reader::record(Record& out) {
  auto owner = name();
  if (!owner || octets_.size() - at_ < 10) return false;
  const std::uint8_t* fixed = octets_.data() + at_;
  const std::size_t size = get16(fixed + 8);
  at_ += 10;
  if (octets_.size() - at_ < size) return false;
  out.owner = *std::move(owner);
  out.type = get16(fixed);
  out.klass = get16(fixed + 2);
  out.ttl = get32(fixed + 4);
  return rdata(at_ + size, out.type, out.rdata);
}

bool Reader::rdata(std::size_t end, std::uint16_t type, std::string& out) {
  const auto take = [&](std::size_t octets) {
    if (end - at_ < octets) return false;
    out.append(reinterpret_cast<const char*>(octets_.data() + at_), octets);
    at_ += octets;
    return true;
  };
  out.clear();
  const NamesInRdata names = names_in(type);
  if (at_ == end || names.count == 0) return take(end - at_);  // updates have empty rdata (RFC 2136 2.5)
  if (!take(names.before)) return false;
  if (type == type::naptr) {  // flags, services, regexp: strings before the name (RFC 3403 4.1)
    for (int i = 0; i < 3; ++i)
      if (at_ == end || !take(1U + octets_[at_])) return false;
  }
  for (unsigned i = 0; i < names.count; ++i) {
    const auto part = name(end);
    if (!part) return false;
    out += *part;
  }
  return take(end - at_) && out.size() <= 65'535;
}

}  // namespace

NamesInRdata names_in(std::uint16_t type) {
  switch (type) {
    case type::ns:
    case type::cname:
    case type::ptr:
    case 3:  // MD
    case 4:  // MF
    case 7:  // MB
    case 8:  // MG
    case 9:  // MR
      return {0, 1, true};
    case type::soa:
    case 14:  // MINFO
      return {0, 2, true};
    case type::mx:
      return {2, 1, true};
    case type::dname:
      return {0, 1, false};
    case 17:  // RP
      return {0, 2, false};
    case 18:  // AFSDB
    case 21:  // RT
    case 36:  // KX
      return {2, 1, false};
    case 26:  // PX
      return {2, 2, false};
    case type::srv:
      return {6, 1, false};
    case type::naptr:
      return {4, 1, false};
    default:
      return {};
  }
}

std::optional<Message> read_message(std::span<const std::uint8_t> octets) {
  if (octets.size() < kHeader) return std::nullopt;
  Message out;
  out.id = get16(octets.data());
  out.flags = get16(octets.data() + 2);
  Reader reader(octets);
  for (unsigned n = get16(octets.data() + 4); n != 0; --n) {
    if (!reader.question(out.questions.emplace_back())) return std::nullopt;
  }
  for (unsigned section = 0; section < 3; ++section) {
    for (unsigned n = get16(octets.data() + 6 + 2 * section); n != 0; --n) {
      out.last_at = reader.at();
      if (!reader.record(out.sections[section].emplace_back())) return std::nullopt;
    }
  }
  if (!reader.at_end()) return std::nullopt;
  return out;
}

std::string fold(std::string_view wire) {
  std::string out(wire);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;  // length octets are below 'A'
  return out;
}

std::string fold_names(std::uint16_t type, std::string_view rdata) {
  const NamesInRdata names = names_in(type);
  std::size_t at = names.before;
  if (type == type::naptr) {  // its three strings, as in Reader::rdata
    for (int i = 0; i < 3 && at < rdata.size(); ++i) at += 1U + static_cast<std::uint8_t>(rdata[at]);
  }
  const std::size_t begin = std::min(names.count == 0 ? rdata.size() : at, rdata.size());
  std::size_t end = begin;
  for (unsigned left = names.count; left != 0 && end < rdata.size();) {
    const auto length = static_cast<std::uint8_t>(rdata[end]);
    end = std::min(end + 1 + length, rdata.size());
    if (length == 0) --left;
  }
  std::string out(rdata.substr(0, begin));
  out += fold(rdata.substr(begin, end - begin));
  out += rdata.substr(end);
  return out;
}

std::uint32_t soa_serial(std::string_view rdata) {
  constexpr std::size_t numbers = 20;  // SERIAL to MINIMUM
  return rdata.size() < numbers ? 0
                                : get32(reinterpret_cast<const std::uint8_t*>(rdata.data()) + rdata.size() - numbers);
}

}  // namespace dnsd::wire
