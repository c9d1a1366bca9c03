// Shared secrets of transaction signatures (RFC 8945).
//
// Control thread; immutable after the configuration was read.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dnsd::tsig {

enum class Algorithm : std::uint8_t { sha256, sha384, sha512 };

struct Key {
  std::string name;  // wire form, folded
  Algorithm algorithm = Algorithm::sha256;
  std::string secret;  // octets
  bool operator==(const Key&) const = default;
};

using Keys = std::map<std::string, Key, std::less<>>;  // by name

// "hmac-sha256", "hmac-sha384", "hmac-sha512"; RFC 8945 6. MD5 and SHA-1 are not offered.
[[nodiscard]] std::optional<Algorithm> algorithm_from_text(std::string_view text);
[[nodiscard]] std::string algorithm_name(Algorithm algorithm);  // wire form
[[nodiscard]] std::size_t mac_size(Algorithm algorithm);

// Octets of a base64 text, blanks and line ends around it ignored. The error says what is wrong with it.
[[nodiscard]] std::expected<std::string, std::string> secret_from_text(std::string_view base64);

// HMAC over the pieces in order.
[[nodiscard]] std::string hmac(const Key& key, const std::vector<std::string_view>& pieces);

}  // namespace dnsd::tsig
