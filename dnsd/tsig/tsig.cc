#include "dnsd/tsig/tsig.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::tsig {
namespace {

constexpr unsigned kUnsignedInARow = 99;  // RFC 8945 5.3.1

std::string text16(std::uint16_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
std::string text48(std::uint64_t v) {
  return text16(static_cast<std::uint16_t>(v >> 32)) + text16(static_cast<std::uint16_t>(v >> 16)) +
         text16(static_cast<std::uint16_t>(v));
}
std::uint16_t read16(std::string_view text, std::size_t at) {
  return wire::get16(reinterpret_cast<const std::uint8_t*>(text.data()) + at);
}

std::string_view view(std::span<const std::uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// RFC 8945 4.3.3: the variables of a whole signature.
std::string variables(const Signature& s) {
  return s.key + text16(wire::klass::any) + std::string(4, '\0') + s.algorithm + text48(s.time) + text16(s.fudge) +
         text16(s.error) + text16(static_cast<std::uint16_t>(s.other.size())) + s.other;
}

std::string timers(const Signature& s) { return text48(s.time) + text16(s.fudge); }

std::string sized(const std::string& mac) { return text16(static_cast<std::uint16_t>(mac.size())) + mac; }

// The message as it was before its TSIG was added, with the ID it was signed under (5.3.2).
std::string unsigned_message(std::span<const std::uint8_t> octets, const wire::Message& message,
                             const Signature& signature) {
  std::string out(view(octets.first(message.last_at)));
  auto* const p = reinterpret_cast<std::uint8_t*>(out.data());
  wire::put16(p, signature.original_id);
  wire::put16(p + 10, static_cast<std::uint16_t>(wire::get16(p + 10) - 1));
  return out;
}

void append(Octets& message, const Signature& s) {
  const std::string rdata = s.algorithm + text48(s.time) + text16(s.fudge) + sized(s.mac) + text16(s.original_id) +
                            text16(s.error) + text16(static_cast<std::uint16_t>(s.other.size())) + s.other;
  const std::string record = s.key + text16(wire::type::tsig) + text16(wire::klass::any) + std::string(4, '\0') +
                             text16(static_cast<std::uint16_t>(rdata.size())) + rdata;
  message.insert(message.end(), record.begin(), record.end());
  wire::put16(message.data() + 10, static_cast<std::uint16_t>(wire::get16(message.data() + 10) + 1));
}

bool equal(const std::string& a, const std::string& b) {  // in a time that does not depend on where they differ
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool in_time(const Signature& s, std::uint64_t now) { return now <= s.time + s.fudge && s.time <= now + s.fudge; }

std::expected<Signature, std::string> read(const wire::Record& record) {
  const std::string& r = record.rdata;
  if (record.klass != wire::klass::any || record.ttl != 0) return std::unexpected("class or TTL of the TSIG");
  std::size_t at = 0;
  while (at < r.size() && r[at] != 0 && static_cast<std::uint8_t>(r[at]) < 64)
    at += 1U + static_cast<std::uint8_t>(r[at]);
  if (++at > r.size() || at > wire::kMaxWireName || r[at - 1] != 0 || r.size() - at < 16)
    return std::unexpected("the TSIG's rdata");
  Signature s;
  s.key = wire::fold(record.owner);
  s.algorithm = wire::fold(std::string_view(r).substr(0, at));
  s.time = std::uint64_t{read16(r, at)} << 32 | std::uint64_t{read16(r, at + 2)} << 16 | read16(r, at + 4);
  s.fudge = read16(r, at + 6);
  const std::size_t mac = read16(r, at + 8);
  at += 10;
  if (r.size() - at < mac + 6) return std::unexpected("the TSIG's MAC");
  s.mac = r.substr(at, mac);
  at += mac;
  s.original_id = read16(r, at);
  s.error = read16(r, at + 2);
  if (r.size() - at != 6U + read16(r, at + 4)) return std::unexpected("the TSIG's other data");
  s.other = r.substr(at + 6);
  return s;
}

}  // namespace

std::expected<std::optional<Signature>, std::string> find(const wire::Message& message) {
  const auto is_tsig = [](const wire::Record& r) { return r.type == wire::type::tsig; };
  const auto& last = message.additional();
  for (unsigned i = 0; i < 3; ++i) {
    const auto& section = message.sections[i];
    const std::size_t count = section.size() - (i == 2 && !section.empty() && is_tsig(section.back()) ? 1 : 0);
    if (std::any_of(section.begin(), section.begin() + static_cast<std::ptrdiff_t>(count), is_tsig))
      return std::unexpected("a TSIG that is not the last record");
  }
  if (last.empty() || !is_tsig(last.back())) return std::nullopt;
  auto signature = read(last.back());
  if (!signature) return std::unexpected(signature.error());
  return *std::move(signature);
}

std::string Stream::digest(std::span<const std::string_view> messages, const Signature& signature) const {
  const std::string tail = continues_ ? timers(signature) : variables(signature);
  std::vector<std::string_view> pieces{prior_};
  pieces.insert(pieces.end(), messages.begin(), messages.end());
  pieces.emplace_back(tail);
  return hmac(*key_, pieces);
}

Error Stream::verify(std::span<const std::uint8_t> octets, const wire::Message& message, const Signature& signature,
                     const Keys& keys, std::uint64_t now) {
  request_ = signature;
  const auto key = keys.find(signature.key);
  if (key == keys.end() || algorithm_name(key->second.algorithm) != signature.algorithm) return error_ = Error::badkey;
  key_ = key->second;
  const std::size_t whole = mac_size(key_->algorithm);
  const std::string text = unsigned_message(octets, message, signature);
  const std::string_view pieces[] = {text};
  const std::string mac = digest(pieces, signature);
  if (signature.mac.size() > whole || signature.mac.size() < std::max<std::size_t>(10, whole / 2) ||
      !equal(mac.substr(0, signature.mac.size()), signature.mac)) {
    key_.reset();
    return error_ = Error::badsig;
  }
  prior_ = sized(signature.mac);
  if (!in_time(signature, now)) return error_ = Error::badtime;
  if (signature.mac.size() != whole) return error_ = Error::badtrunc;  // 5.2.4: our policy is the whole MAC
  return error_ = Error::none;
}

std::size_t Stream::overhead() const {
  if (request_.key.empty()) return 0;
  return request_.key.size() + 10 + request_.algorithm.size() + 16 + (key_ ? mac_size(key_->algorithm) : 0) +
         (error_ == Error::badtime ? 6 : 0);
}

void Stream::sign(Octets& message, std::uint64_t now) {
  if (request_.key.empty()) return;
  Signature s = request_;
  s.mac.clear();
  s.other.clear();
  s.original_id = wire::get16(message.data());
  s.error = static_cast<std::uint16_t>(error_);
  s.fudge = kFudge;
  if (error_ == Error::none || error_ == Error::badtrunc) s.time = now;
  if (error_ == Error::badtime) s.other = text48(now);  // 5.2.3: their time, ours beside it
  if (key_) {
    const std::string_view pieces[] = {view(message)};
    s.mac = digest(pieces, s);
    prior_ = sized(s.mac);
    continues_ = true;
  }
  append(message, s);
}

void Stream::sign_request(Octets& message, const Key& key, std::uint64_t now) {
  key_ = key;
  request_ = {.key = key.name,
              .algorithm = algorithm_name(key.algorithm),
              .time = now,
              .fudge = kFudge,
              .mac = {},
              .original_id = wire::get16(message.data()),
              .error = 0,
              .other = {}};
  const std::string_view pieces[] = {view(message)};
  request_.mac = digest(pieces, request_);
  prior_ = sized(request_.mac);
  append(message, request_);
}

std::optional<std::string> Stream::verify_reply(std::span<const std::uint8_t> octets, const wire::Message& message,
                                                std::uint64_t now) {
  const auto found = find(message);
  if (!found) return "a malformed TSIG: " + found.error();
  if (!*found) {
    if (!continues_) return "the reply is not signed";
    if (++unsigned_count_ > kUnsignedInARow) return "too many messages without a signature";
    unsigned_ += view(octets);
    return std::nullopt;
  }
  const Signature& s = **found;
  if (s.key != key_->name || s.algorithm != request_.algorithm) return "signed with another key";
  if (s.mac.empty()) return "the server refuses the signature, TSIG error " + std::to_string(s.error);
  const std::string text = unsigned_message(octets, message, s);
  const std::string_view pieces[] = {unsigned_, text};
  if (!equal(digest(pieces, s), s.mac)) return "the signature is wrong";
  if (s.error != 0) return "TSIG error " + std::to_string(s.error);
  if (!in_time(s, now)) return "the clocks differ too much";
  prior_ = sized(s.mac);
  continues_ = true;
  unsigned_.clear();
  unsigned_count_ = 0;
  return std::nullopt;
}

}  // namespace dnsd::tsig
