#include "api/cloudmap/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <vector>

namespace api::cloudmap {
namespace {

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "servicediscovery";
constexpr std::string_view kScopeEnd = "aws4_request";

std::string_view octets(const Digest& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

std::string hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    out += kDigits[octet >> 4];
    out += kDigits[octet & 15];
  }
  return out;
}

std::string hash(std::string_view text) {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return hex(octets(digest));
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &size);
  return digest;
}

// Around it nothing, inside it one blank at a time.
std::string trimmed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find(at);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

// As sent, a header that came several times joined by commas.
std::string canonical_header(const Request& request, std::string_view name) {
  std::string out(name);
  out += ':';
  bool first = true;
  for (const auto& [key, value] : request.headers) {
    if (key != name) continue;
    if (!first) out += ',';
    first = false;
    out += trimmed(value);
  }
  return out + '\n';
}

// The path and the query as they were sent: clients of this interface send "/" and none.
std::string canonical_request(const Request& request, std::string_view signed_headers) {
  const auto question = request.target.find('?');
  std::string out = request.verb + '\n' + request.target.substr(0, question) + '\n';
  if (question != std::string::npos) out += request.target.substr(question + 1);
  out += '\n';
  for (const auto name : split(signed_headers, ';')) out += canonical_header(request, name);
  out += '\n';
  out.append(signed_headers).append("\n");
  return out + hash(request.body);
}

struct Claim {  // what Authorization says
  std::string_view key, scope, signed_headers, signature;
};

std::optional<Claim> parse_claim(std::string_view header) {
  if (!header.starts_with(kAlgorithm)) return std::nullopt;
  Claim claim;
  for (auto part : split(header.substr(kAlgorithm.size()), ',')) {
    part.remove_prefix(std::min(part.find_first_not_of(' '), part.size()));
    while (part.ends_with(' ')) part.remove_suffix(1);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto value = part.substr(equals + 1);
    const auto name = part.substr(0, equals);
    if (name == "Credential") {
      const auto slash = value.find('/');
      if (slash == std::string_view::npos) return std::nullopt;
      claim.key = value.substr(0, slash);
      claim.scope = value.substr(slash + 1);
    } else if (name == "SignedHeaders") {
      claim.signed_headers = value;
    } else if (name == "Signature") {
      claim.signature = value;
    }
  }
  const bool whole = !claim.key.empty() && !claim.signed_headers.empty() && !claim.signature.empty();
  return whole ? std::optional(claim) : std::nullopt;
}

bool is_signed(const Claim& claim, std::string_view name) {
  return std::ranges::count(split(claim.signed_headers, ';'), name) > 0;
}

// Whoever may change one of these in flight makes another request of it.
bool signs_enough(const Claim& claim, const Request& request) {
  const auto names = split(claim.signed_headers, ';');
  const bool in_order = std::ranges::adjacent_find(names, std::greater_equal<>()) == names.end();  // and each once
  if (!in_order || !is_signed(claim, "host")) return false;
  return std::ranges::all_of(request.headers, [&](const auto& header) {
    return !header.first.starts_with("x-amz-") || is_signed(claim, header.first);
  });
}

Error denied(std::string type, std::string message, int status = 403) {
  return {std::move(type), std::move(message), status, {}};
}

std::optional<Error> check_time(const Claim& claim, const Request& request, registry::Wall now) {
  const auto text = request.header("x-amz-date");
  const auto date = parse_amz_date(text);
  if (!date) return denied("IncompleteSignature", "X-Amz-Date is missing or not of the form 20261121T202153Z", 400);
  const auto scope = split(claim.scope, '/');
  const bool fits = scope.size() == 4 && scope[0] == text.substr(0, 8) && !scope[1].empty() && scope[2] == kService &&
                    scope[3] == kScopeEnd;
  if (!fits) return denied("InvalidSignatureException", "the credential is not for this date and servicediscovery");
  const auto age = now - *date;
  if (age <= kClockSkew && age >= -kClockSkew) return std::nullopt;
  return denied("InvalidSignatureException",
                "Signature expired: X-Amz-Date is more than 15 minutes away from the clock of this server");
}

}  // namespace

std::optional<registry::Wall> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto digits = [](char c) { return c >= '0' && c <= '9'; };
  if (!std::ranges::all_of(text.substr(0, 8), digits) || !std::ranges::all_of(text.substr(9, 6), digits)) {
    return std::nullopt;
  }
  const auto number = [&](std::size_t at, std::size_t size) {
    int value = 0;
    std::from_chars(text.data() + at, text.data() + at + size, value);
    return value;
  };
  const std::chrono::year_month_day day(std::chrono::year(number(0, 4)),
                                        std::chrono::month(static_cast<unsigned>(number(4, 2))),
                                        std::chrono::day(static_cast<unsigned>(number(6, 2))));
  if (!day.ok() || number(9, 2) > 23 || number(11, 2) > 59 || number(13, 2) > 60) return std::nullopt;
  return registry::Wall(std::chrono::sys_days(day)) + std::chrono::hours(number(9, 2)) +
         std::chrono::minutes(number(11, 2)) + std::chrono::seconds(number(13, 2));
}

std::string signature_of(const Request& request, const Signing& signing, std::string_view secret) {
  std::string text(kAlgorithm);
  text.append("\n").append(request.header("x-amz-date")).append("\n").append(signing.scope).append("\n");
  text += hash(canonical_request(request, signing.signed_headers));
  const auto scope = split(signing.scope, '/');
  Digest key = hmac("AWS4" + std::string(secret), signing.date);
  for (const auto step : {scope.at(1), scope.at(2), scope.at(3)}) key = hmac(octets(key), step);
  return hex(octets(hmac(octets(key), text)));
}

std::optional<Error> check_signature(const Request& request, const AccessKey& key, registry::Wall now) {
  const auto header = request.header("authorization");
  if (header.empty()) return denied("MissingAuthenticationTokenException", "this server asks for signed requests");
  const auto claim = parse_claim(header);
  if (!claim) return denied("IncompleteSignature", "Authorization is not AWS4-HMAC-SHA256 with all its parts", 400);
  if (claim->key != key.id) {
    return denied("UnrecognizedClientException", "the access key id of the request is not known here");
  }
  if (auto error = check_time(*claim, request, now)) return error;
  if (!signs_enough(*claim, request)) {
    return denied("InvalidSignatureException",
                  "SignedHeaders must be in order, with Host and all X-Amz headers among them");
  }
  const auto expected =
      signature_of(request, {claim->scope.substr(0, 8), claim->scope, claim->signed_headers}, key.secret);
  const bool same = claim->signature.size() == expected.size() &&
                    CRYPTO_memcmp(claim->signature.data(), expected.data(), expected.size()) == 0;
  if (same) return std::nullopt;
  return denied("InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.");
}

}  // namespace api::cloudmap
