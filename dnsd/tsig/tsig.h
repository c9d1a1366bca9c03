// Signing and checking messages (RFC 8945). A `Stream` is one request and all its replies, from either end.
//
// Control thread. Time is an argument: seconds of the wall clock.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dnsd/tsig/key.h"
#include "dnsd/wire/message.h"

namespace dnsd::tsig {

using Octets = std::vector<std::uint8_t>;

inline constexpr std::uint16_t kFudge = 300;  // seconds, RFC 8945 10
enum class Error : std::uint16_t { none = 0, badsig = 16, badkey = 17, badtime = 18, badtrunc = 22 };

// What a TSIG record says (RFC 8945 4.2).
struct Signature {
  std::string key;        // wire form, folded
  std::string algorithm;  // wire form, folded
  std::uint64_t time = 0;
  std::uint16_t fudge = kFudge;
  std::string mac;
  std::uint16_t original_id = 0;
  std::uint16_t error = 0;
  std::string other;
};

// The TSIG of a message, if its last record is one. The error: FORMERR is due (a TSIG elsewhere, or broken).
[[nodiscard]] std::expected<std::optional<Signature>, std::string> find(const wire::Message& message);

class Stream {
 public:
  // -- as a server: verify() the request, then sign() every reply --------------------------------------------------
  // `octets` is the message that `message` was read from, with the TSIG. With an error other than `none`, sign() makes
  // the reply that RFC 8945 5.2 asks for (BADKEY and BADSIG unsigned).
  Error verify(std::span<const std::uint8_t> octets, const wire::Message& message, const Signature& signature,
               const Keys& keys, std::uint64_t now);
  // Appends the TSIG; the first call answers the request, later ones continue it (5.3.1).
  void sign(Octets& message, std::uint64_t now);
  // Octets that sign() will append.
  [[nodiscard]] std::size_t overhead() const;

  // -- as a client: sign_request(), then verify_reply() each message -----------------------------------------------
  void sign_request(Octets& message, const Key& key, std::uint64_t now);
  // The message counts; a sentence when it must not. Of several messages the first and the last bear a signature, and
  // at most 99 in between do not (5.3.1): `finish` tells whether the last one did.
  [[nodiscard]] std::optional<std::string> verify_reply(std::span<const std::uint8_t> octets,
                                                        const wire::Message& message, std::uint64_t now);
  [[nodiscard]] bool all_signed() const { return unsigned_.empty(); }

  [[nodiscard]] const Key* key() const { return key_ ? &*key_ : nullptr; }  // null while nothing was verified

 private:
  [[nodiscard]] std::string digest(std::span<const std::string_view> messages, const Signature& signature) const;

  std::optional<Key> key_;
  std::string prior_;  // the last MAC, with its length; "" = none yet
  bool continues_ = false;
  Signature request_;
  Error error_ = Error::none;
  std::string unsigned_;  // messages since the last signature
  unsigned unsigned_count_ = 0;
};

}  // namespace dnsd::tsig
