#include "dnsd/forward/said.h"

#include <algorithm>

#include "dnsd/wire/options.h"

namespace dnsd::forward {
namespace {

constexpr std::size_t kRecordFixed = 10;  // type, class, TTL, RDLENGTH
constexpr std::size_t kSoaNumbers = 20;   // serial, refresh, retry, expire, minimum

// One reply, read from its question on.
class Reading {
 public:
  Reading(std::span<const std::uint8_t> octets, const Question& question) : octets_(octets), question_(question) {}

  std::optional<Said> read(seconds max_ttl);

 private:
  [[nodiscard]] bool read_question();
  [[nodiscard]] bool read_records();
  [[nodiscard]] bool skip_name();
  [[nodiscard]] bool read_opt(std::size_t fixed, std::size_t size);
  void note(std::size_t section, std::size_t fixed, std::size_t end);
  [[nodiscard]] seconds lifetime(seconds max_ttl) const;
  [[nodiscard]] std::size_t left() const { return octets_.size() - at_; }

  std::span<const std::uint8_t> octets_;
  const Question& question_;
  std::size_t at_ = wire::kHeader;
  std::size_t records_at_ = 0;
  bool opt_ = false;
  bool positive_ = false;                 // a record of the type asked for
  std::optional<std::uint32_t> soa_ttl_;  // RFC 2308 5: the smaller one of TTL and MINIMUM
  std::uint32_t least_ttl_ = UINT32_MAX;
  Said said_;
};

bool Reading::read_question() {
  const std::string& name = question_.name;
  if (wire::get16(octets_.data() + 4) != 1 || left() < name.size() + 4) return false;
  const std::uint8_t* at = octets_.data() + at_;
  // A length octet is below 'A', so that the whole name may be compared as text.
  const bool same = std::equal(name.begin(), name.end(), at, [](char mine, std::uint8_t theirs) {
    return mine == static_cast<char>(theirs >= 'A' && theirs <= 'Z' ? theirs + 32 : theirs);
  });
  if (!same || wire::get16(at + name.size()) != question_.type || wire::get16(at + name.size() + 2) != wire::klass::in)
    return false;
  at_ += name.size() + 4;
  records_at_ = at_;
  return true;
}

// A pointer leads backwards, or whoever follows it never ends.
bool Reading::skip_name() {
  const std::size_t start = at_;
  while (left() != 0) {
    const std::uint8_t length = octets_[at_];
    if (length == 0) return ++at_, true;
    if ((length & 0xc0) == 0xc0) {
      if (left() < 2 || (wire::get16(octets_.data() + at_) & 0x3fffU) >= start) return false;
      at_ += 2;
      return true;
    }
    if (length > 63 || left() < 1U + length || at_ - start + 1U + length > wire::kMaxWireName) return false;
    at_ += 1U + length;
  }
  return false;
}

bool Reading::read_opt(std::size_t fixed, std::size_t size) {
  opt_ = true;
  // The upper bits of an extended rcode: BADVERS, BADCOOKIE and others that speak of our query, not of the name.
  if (octets_[fixed + 4] != 0 || octets_[fixed + 5] != 0) return false;
  for (std::size_t at = fixed + kRecordFixed, end = at + size; end - at >= wire::kOptionHead;) {
    const std::size_t length = wire::get16(octets_.data() + at + 2);
    const std::uint8_t* data = octets_.data() + at + wire::kOptionHead;
    at += wire::kOptionHead;
    if (length > end - at) return false;
    if (wire::get16(data - wire::kOptionHead) == wire::kOptEde && length >= 2 && said_.ede == 0xffff) {
      said_.ede = wire::get16(data);
      said_.ede_text.assign(reinterpret_cast<const char*>(data) + 2, std::min(length - 2, wire::kMaxEdeText));
    }
    at += length;
  }
  return true;
}

void Reading::note(std::size_t section, std::size_t fixed, std::size_t end) {
  const std::uint16_t type = wire::get16(octets_.data() + fixed);
  std::uint32_t ttl = wire::get32(octets_.data() + fixed + 4);
  if (ttl > INT32_MAX) ttl = 0;  // RFC 2181 8
  if (section == 0 && (type == question_.type || question_.type == wire::type::any)) positive_ = true;
  if (section == 1 && type == wire::type::soa && end - fixed - kRecordFixed >= kSoaNumbers + 2) {
    ttl = std::min(ttl, wire::get32(octets_.data() + end - 4));
    soa_ttl_ = ttl;
  }
  least_ttl_ = std::min(least_ttl_, ttl);
  std::uint8_t* kept = said_.records.data() + (fixed + 4 - records_at_);
  wire::put32(kept, ttl);
  said_.marks.push_back(
      {static_cast<std::uint16_t>(fixed + 4 - records_at_), static_cast<std::uint16_t>(end - records_at_)});
  ++said_.counts[section];
}

bool Reading::read_records() {
  said_.records.assign(octets_.begin() + static_cast<std::ptrdiff_t>(records_at_), octets_.end());
  for (std::size_t section = 0; section < 3; ++section) {
    for (unsigned n = wire::get16(octets_.data() + 6 + 2 * section); n != 0; --n) {
      const std::uint8_t* owner = octets_.data() + at_;
      if (!skip_name() || left() < kRecordFixed) return false;
      const std::size_t fixed = at_;
      const std::size_t size = wire::get16(octets_.data() + fixed + 8);
      at_ += kRecordFixed;
      if (size > left()) return false;
      at_ += size;
      if (wire::get16(octets_.data() + fixed) == wire::type::opt) {
        if (section != 2 || opt_ || *owner != 0 || !read_opt(fixed, size)) return false;
      } else if (!opt_) {
        note(section, fixed, at_);
      }
    }
  }
  said_.records.resize(said_.marks.empty() ? 0 : said_.marks.back().end);
  said_.records.shrink_to_fit();
  return true;
}

seconds Reading::lifetime(seconds max_ttl) const {
  const bool negative = said_.rcode == wire::Rcode::nxdomain || !positive_;
  if (said_.truncated || (said_.rcode != wire::Rcode::noerror && said_.rcode != wire::Rcode::nxdomain))
    return seconds(0);
  if (negative && !soa_ttl_) return seconds(0);  // RFC 2308 5: without SOA it is not kept
  return std::min({seconds(least_ttl_), max_ttl, negative ? kMaxNegativeTtl : max_ttl});
}

std::optional<Said> Reading::read(seconds max_ttl) {
  if (octets_.size() < wire::kHeader || octets_.size() > UINT16_MAX) return std::nullopt;
  const bool reply_to_query = (octets_[2] & 0xf8) == 0x80;  // QR, opcode 0
  if (!reply_to_query || !read_question() || !read_records()) return std::nullopt;
  said_.rcode = static_cast<wire::Rcode>(octets_[3] & 0x0f);
  said_.truncated = (octets_[2] & 0x02) != 0;
  said_.lifetime = lifetime(max_ttl);
  return std::move(said_);
}

// How many records fit into `room`, and whether that is less than the client must have.
struct Kept {
  std::size_t records = 0;
  bool truncated = false;
};

Kept keep(const Said& said, std::size_t room, bool dnssec_ok) {
  const auto size = [&](std::size_t n) { return n == 0 ? std::size_t{0} : std::size_t{said.marks[n - 1].end}; };
  const std::size_t answers = said.counts[0];
  const std::size_t needed = answers + said.counts[1];
  for (const std::size_t n : {said.marks.size(), needed}) {
    if (size(n) <= room) return {n, false};
  }
  // Beside an answer the authority section is a courtesy (RFC 2181 9), but where it holds its proofs.
  const bool optional = answers != 0 && !dnssec_ok;
  std::size_t n = answers;
  while (size(n) > room) --n;
  return {n, n < answers || !optional};
}

void age_ttls(const Said& said, std::size_t count, seconds age, std::uint8_t* records) {
  const auto by = static_cast<std::uint32_t>(std::clamp<std::int64_t>(age.count(), 0, INT32_MAX));
  for (std::size_t i = 0; i < count; ++i) {
    std::uint8_t* at = records + said.marks[i].ttl_at;
    const std::uint32_t ttl = wire::get32(at);
    wire::put32(at, ttl > by ? ttl - by : 0);
  }
}

}  // namespace

std::size_t Said::octets() const {
  return sizeof(Said) + records.capacity() + marks.capacity() * sizeof(Mark) + ede_text.capacity();
}

std::optional<Said> read_reply(std::span<const std::uint8_t> octets, const Question& question, seconds max_ttl) {
  return Reading(octets, question).read(max_ttl);
}

SaidPtr failure(std::uint16_t ede, std::string_view text) {
  auto out = std::make_shared<Said>();
  out->ede = ede;
  out->ede_text = text;
  out->lifetime = kFailureTtl;
  return out;
}

std::size_t write_reply(const Said& said, seconds age, const Recipient& to, std::span<std::uint8_t> buffer) {
  const wire::Query& query = to.query;
  wire::Writer writer(buffer, std::max<std::size_t>(to.limit, 512));
  (void)writer.take(wire::kHeader);
  (void)writer.put(query.question, query.question_size);
  wire::EdnsReply edns = to.edns;
  edns.rcode = said.rcode;
  edns.ede = said.ede;
  edns.ede_text = said.ede_text;
  const std::size_t opt = wire::opt_size(query, edns);
  writer.reserve_tail(opt);
  const Kept kept = keep(said, writer.room(), query.dnssec_ok);
  if (kept.records != 0) {
    const std::size_t size = said.marks[kept.records - 1].end;
    std::uint8_t* at = writer.take(size);
    std::memcpy(at, said.records.data(), size);
    age_ttls(said, kept.records, age, at);
  }
  wire::Counts counts;
  counts.answer = static_cast<std::uint16_t>(std::min<std::size_t>(kept.records, said.counts[0]));
  const std::size_t rest = kept.records - counts.answer;
  counts.authority = static_cast<std::uint16_t>(std::min<std::size_t>(rest, said.counts[1]));
  counts.additional = static_cast<std::uint16_t>(rest - counts.authority);
  writer.release_tail(opt);
  if (query.edns && wire::put_opt(writer, query, edns)) ++counts.additional;
  wire::put_header(
      writer.data(), query,
      {.rcode = said.rcode, .tc = kept.truncated || said.truncated, .ra = true, .cd = to.checking_disabled}, counts);
  return writer.size();
}

}  // namespace dnsd::forward
