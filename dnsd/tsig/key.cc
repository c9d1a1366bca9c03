#include "dnsd/tsig/key.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace dnsd::tsig {
namespace {

struct Known {
  std::string_view text;
  std::string_view label;  // with its length octet
  const char* digest;
  std::size_t size;
};
constexpr std::array<Known, 3> kKnown{{{"hmac-sha256", "\x0bhmac-sha256", "SHA256", 32},
                                       {"hmac-sha384", "\x0bhmac-sha384", "SHA384", 48},
                                       {"hmac-sha512", "\x0bhmac-sha512", "SHA512", 64}}};

const Known& known(Algorithm algorithm) { return kKnown[static_cast<std::size_t>(algorithm)]; }

int digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

}  // namespace

std::optional<Algorithm> algorithm_from_text(std::string_view text) {
  for (std::size_t i = 0; i < kKnown.size(); ++i) {
    if (kKnown[i].text == text) return static_cast<Algorithm>(i);
  }
  return std::nullopt;
}

std::string algorithm_name(Algorithm algorithm) { return std::string(known(algorithm).label) + '\0'; }
std::size_t mac_size(Algorithm algorithm) { return known(algorithm).size; }

std::expected<std::string, std::string> secret_from_text(std::string_view base64) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = base64.find_first_not_of(blanks);
  if (first == std::string_view::npos) return std::unexpected("is empty");
  base64 = base64.substr(first, base64.find_last_not_of(blanks) - first + 1);
  std::string_view digits = base64;
  while (digits.ends_with('=')) digits.remove_suffix(1);
  if (base64.size() % 4 != 0 || base64.size() - digits.size() > 2) return std::unexpected("is not base64 (RFC 4648 4)");
  std::string out;
  std::uint32_t bits = 0;
  unsigned have = 0;
  for (const char c : digits) {
    const int value = digit(c);
    if (value < 0) return std::unexpected("is not base64 (RFC 4648 4)");
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    have += 6;
    if (have >= 8) out.push_back(static_cast<char>(bits >> (have -= 8)));
  }
  // RFC 8945 8: a secret is at least as long as a hash of the smallest kind makes sense of; 128 bits is the floor here.
  if (out.size() < 16) return std::unexpected("is shorter than 128 bits; make one with: openssl rand -base64 32");
  return out;
}

std::string hmac(const Key& key, const std::vector<std::string_view>& pieces) {
  const std::unique_ptr<EVP_MAC, decltype(&EVP_MAC_free)> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr), EVP_MAC_free);
  const std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)> context(EVP_MAC_CTX_new(mac.get()), EVP_MAC_CTX_free);
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, const_cast<char*>(known(key.algorithm).digest), 0),
      OSSL_PARAM_construct_end()};
  bool good =
      context != nullptr && EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(key.secret.data()),
                                         key.secret.size(), parameters) == 1;
  for (const auto piece : pieces) {
    good =
        good && EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(piece.data()), piece.size()) == 1;
  }
  std::string out(mac_size(key.algorithm), '\0');
  std::size_t size = 0;
  good = good && EVP_MAC_final(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, out.size()) == 1;
  if (!good || size != out.size()) throw std::runtime_error("HMAC is not available in this OpenSSL");
  return out;
}

}  // namespace dnsd::tsig
