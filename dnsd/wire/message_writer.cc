#include "dnsd/wire/message_writer.h"

#include "dnsd/wire/message.h"
#include "dnsd/wire/writer.h"

namespace dnsd::wire {
namespace {

constexpr std::size_t kReach = 0x4000;  // of a compression pointer, RFC 1035 4.1.4
constexpr unsigned kProbes = 4;

const std::uint8_t* octets_of(std::string_view text) { return reinterpret_cast<const std::uint8_t*>(text.data()); }

std::size_t name_size(std::string_view rdata, std::size_t at) {  // of the name at `at`; 0 = it is none
  std::size_t end = at;
  while (end < rdata.size()) {
    const auto length = static_cast<std::uint8_t>(rdata[end]);
    if (length > 63) return 0;
    end += 1U + length;
    if (length == 0) return end <= rdata.size() ? end - at : 0;
  }
  return 0;
}

}  // namespace

MessageWriter::MessageWriter(std::uint16_t id, std::uint16_t flags, std::size_t limit)
    : octets_(kHeader), limit_(limit < kMaxOctets ? limit : kMaxOctets) {
  wire::put16(octets_.data(), id);
  wire::put16(octets_.data() + 2, flags);
}

void MessageWriter::put16(std::uint16_t v) {
  octets_.push_back(static_cast<std::uint8_t>(v >> 8));
  octets_.push_back(static_cast<std::uint8_t>(v));
}

// The name in the message at `at`, which may end in pointers, against an uncompressed one. A name that is being written
// ends where the message ends: its suffixes are noted before their last labels are there.
bool MessageWriter::equals(std::size_t at, std::string_view name) const {
  while (at < octets_.size()) {
    if ((octets_[at] & 0xc0) == 0xc0) {  // both of its octets were put together
      at = get16(octets_.data() + at) & 0x3fffU;
      continue;
    }
    const std::size_t length = octets_[at];
    if (name.empty() || static_cast<std::uint8_t>(name[0]) != length) return false;
    if (length == 0) return true;
    if (name.size() <= length || octets_.size() - at <= length) return false;
    if (std::memcmp(octets_.data() + at, name.data(), length + 1) != 0) return false;
    at += length + 1;
    name.remove_prefix(length + 1);
  }
  return false;
}

// Where the suffix is noted or may be noted; null = neither.
std::uint16_t* MessageWriter::slot(std::uint64_t hash, std::string_view suffix) {
  for (unsigned i = 0; i < kProbes; ++i) {
    auto& at = slots_[(hash + i) % kSlots];
    if (at == 0 || equals(at, suffix)) return &at;
  }
  return nullptr;
}

void MessageWriter::put_name(std::string_view name) {
  std::array<std::uint8_t, kMaxLabels + 1> label_at;
  std::array<std::uint64_t, kMaxLabels + 1> hash;
  unsigned labels = 0;
  for (std::size_t at = 0; name[at] != 0; at += 1U + static_cast<std::uint8_t>(name[at]))
    label_at[labels++] = static_cast<std::uint8_t>(at);
  std::uint64_t h = 1469598103934665603U;  // FNV-1a, from the right
  for (unsigned i = labels; i-- > 0;) {
    for (std::size_t k = 0; k <= static_cast<std::uint8_t>(name[label_at[i]]); ++k)
      h = (h ^ static_cast<std::uint8_t>(name[label_at[i] + k])) * 1099511628211U;
    hash[i] = h ^ h >> 29;
  }
  for (unsigned i = 0; i < labels; ++i) {
    const std::string_view suffix = name.substr(label_at[i]);
    std::uint16_t* const noted = slot(hash[i], suffix);
    if (noted != nullptr && *noted != 0) return put16(static_cast<std::uint16_t>(0xc000 | *noted));
    if (noted != nullptr && octets_.size() < kReach) *noted = static_cast<std::uint16_t>(octets_.size());
    const std::size_t length = 1U + static_cast<std::uint8_t>(suffix[0]);
    octets_.insert(octets_.end(), octets_of(suffix), octets_of(suffix) + length);
  }
  octets_.push_back(0);
}

void MessageWriter::put_rdata(std::uint16_t type, std::string_view rdata) {
  const NamesInRdata names = names_in(type);
  std::size_t at = 0;
  if (names.may_compress && !rdata.empty()) {
    octets_.insert(octets_.end(), octets_of(rdata), octets_of(rdata) + names.before);
    at = names.before;
    for (unsigned i = 0; i < names.count; ++i) {
      const std::size_t size = name_size(rdata, at);
      if (size == 0) break;  // not what the type says: it goes as it is
      put_name(rdata.substr(at, size));
      at += size;
    }
  }
  octets_.insert(octets_.end(), octets_of(rdata) + at, octets_of(rdata) + rdata.size());
}

// Takes back what went over the limit. Suffixes noted in it are forgotten.
bool MessageWriter::finish(std::size_t before, Section section) {
  if (octets_.size() > limit_) {
    octets_.resize(before);
    for (auto& at : slots_)
      if (at >= before) at = 0;
    return false;
  }
  std::uint8_t* const count = octets_.data() + 4 + 2 * static_cast<std::size_t>(section);
  wire::put16(count, static_cast<std::uint16_t>(get16(count) + 1));
  return true;
}

bool MessageWriter::put_question(std::string_view name, std::uint16_t type, std::uint16_t klass) {
  const std::size_t before = octets_.size();
  put_name(name);
  put16(type);
  put16(klass);
  return finish(before, Section::question);
}

bool MessageWriter::put_record(Section section, std::string_view owner, std::uint16_t type, std::uint16_t klass,
                               std::uint32_t ttl, std::string_view rdata) {
  const std::size_t before = octets_.size();
  put_name(owner);
  put16(type);
  put16(klass);
  put16(static_cast<std::uint16_t>(ttl >> 16));
  put16(static_cast<std::uint16_t>(ttl));
  const std::size_t length_at = octets_.size();
  put16(0);
  put_rdata(type, rdata);
  wire::put16(octets_.data() + length_at, static_cast<std::uint16_t>(octets_.size() - length_at - 2));
  return finish(before, section);
}

}  // namespace dnsd::wire
