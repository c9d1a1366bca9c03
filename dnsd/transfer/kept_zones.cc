#include "dnsd/transfer/kept_zones.h"

#include <xxhash.h>

#include <cstring>
#include <fstream>
#include <span>
#include <system_error>

#include "dnsd/answers/presentation.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/message_writer.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kMagic = "dnsdzon1";
constexpr std::size_t kHead = 16;       // magic, hash
constexpr std::size_t kLongName = 200;  // file systems take 255

fs::file_time_type file_time(std::chrono::system_clock::time_point when) {
  return fs::file_time_type::clock::from_sys(when);
}

// Frames as on a TCP connection: two octets of length, a message.
class Frames {
 public:
  void add(const wire::Record& record) {
    if (put(record)) return;
    flush();
    whole_ = put(record) && whole_;
  }
  // Nothing when a record was larger than any message, which no primary can have sent.
  std::optional<std::string> take() {
    flush();
    return whole_ ? std::optional(std::move(out_)) : std::nullopt;
  }

 private:
  bool put(const wire::Record& r) {
    return writer_.put_record(wire::Section::answer, r.owner, r.type, r.klass, r.ttl, r.rdata);
  }
  void flush() {
    const auto message = writer_.take();
    std::uint8_t length[2];
    wire::put16(length, static_cast<std::uint16_t>(message.size()));
    out_.append(reinterpret_cast<const char*>(length), 2);
    out_.append(reinterpret_cast<const char*>(message.data()), message.size());
    writer_ = wire::MessageWriter(0, 0x8400);
  }
  wire::MessageWriter writer_{0, 0x8400};  // QR, AA
  std::string out_;
  bool whole_ = true;
};

std::optional<std::string> octets_of(const ZoneCopy& copy) {
  Frames frames;
  frames.add(*copy.soa());
  copy.each([&](const wire::Record& record) { frames.add(record); });
  frames.add(*copy.soa());
  return frames.take();
}

std::optional<ZoneCopy> zone_of(std::string_view octets, const std::string& apex) {
  Assembler assembler(apex, nullptr);
  while (octets.size() > 2) {
    const auto* p = reinterpret_cast<const std::uint8_t*>(octets.data());
    const std::size_t length = wire::get16(p);
    if (octets.size() - 2 < length) return std::nullopt;
    const auto message = wire::read_message(std::span(p + 2, length));
    const auto fed = message ? assembler.feed(*message) : std::unexpected(std::string());
    if (!fed) return std::nullopt;
    octets.remove_prefix(2 + length);
    if (*fed == Assembler::Result::changed) return octets.empty() ? std::optional(assembler.take()) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

// The name as text, what a file name should not hold as %XX; a hash where that is too long.
fs::path KeptZones::file_of(const std::string& apex) const {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string name;
  for (const char c : answers::name_to_text(apex).value_or("")) {
    const auto octet = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
    name += plain ? std::string(1, c) : std::string{'%', kHex[octet >> 4], kHex[octet & 15]};
  }
  if (name.size() > kLongName) {
    const auto hash = XXH3_128bits(apex.data(), apex.size());
    name = "hash-" + std::to_string(hash.high64) + "-" + std::to_string(hash.low64) + ".";
  }
  return *folder_ / (name + "axfr");  // "corp.axfr"; the root is ".axfr"
}

std::optional<KeptZones::Kept> KeptZones::load(const std::string& apex) const {
  if (!folder_) return std::nullopt;
  const auto path = file_of(apex);
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error || size < kHead || size > kMaxZoneFile) return std::nullopt;
  const auto time = fs::last_write_time(path, error);
  if (error) return std::nullopt;
  std::string text(size, '\0');
  if (!std::ifstream(path, std::ios::binary).read(text.data(), static_cast<std::streamsize>(size))) return std::nullopt;
  const std::string_view body = std::string_view(text).substr(kHead);
  std::uint64_t hash = 0;
  std::memcpy(&hash, text.data() + kMagic.size(), sizeof hash);
  if (!text.starts_with(kMagic) || hash != XXH3_64bits(body.data(), body.size())) return std::nullopt;
  auto copy = zone_of(body, apex);
  if (!copy) return std::nullopt;
  return Kept{*std::move(copy), fs::file_time_type::clock::to_sys(time)};
}

std::expected<void, std::string> KeptZones::save(const std::string& apex, const ZoneCopy& copy,
                                                 std::chrono::system_clock::time_point checked) const {
  if (!folder_) return {};
  std::error_code error;
  fs::create_directories(*folder_, error);
  const auto path = file_of(apex);
  auto fresh = path;
  fresh += ".new";
  const auto body = octets_of(copy);
  if (!body) return std::unexpected("a record of it is too large");
  const std::uint64_t hash = XXH3_64bits(body->data(), body->size());
  std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
  file << kMagic << std::string_view(reinterpret_cast<const char*>(&hash), sizeof hash) << *body;
  file.close();
  if (!file) return std::unexpected("cannot write " + fresh.string());
  fs::last_write_time(fresh, file_time(checked), error);
  fs::rename(fresh, path, error);
  if (error) return std::unexpected("cannot rename " + fresh.string() + ": " + error.message());
  return {};
}

void KeptZones::touch(const std::string& apex, std::chrono::system_clock::time_point checked) const {
  if (!folder_) return;
  std::error_code ignored;  // a file that is not there is written with the next change
  fs::last_write_time(file_of(apex), file_time(checked), ignored);
}

}  // namespace dnsd::transfer
