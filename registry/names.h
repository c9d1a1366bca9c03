// Domain names as the registry accepts them: presentation form, LDH labels and a leading underscore where the
// grammar of DESIGN section 3 has one. A value of these types is valid by construction, so no name that cannot be
// encoded reaches DNS.
#pragma once

#include <compare>
#include <expected>
#include <string>
#include <string_view>

namespace registry {

inline constexpr std::size_t kMaxLabel = 63;  // RFC 1035 2.3.4
inline constexpr std::size_t kMaxName = 253;  // 255 octets on the wire

[[nodiscard]] std::string fold(std::string_view text);   // ASCII lower case (RFC 4343)
[[nodiscard]] bool is_ldh_label(std::string_view text);  // letters, digits, inner hyphens; 1..63; RFC 1123 2.1

// A name without the root dot, for instance "worker.corp": spelled as it was registered, compared folded.
class DomainName {
 public:
  DomainName() = default;
  // Accepts a trailing dot and any case. The error is a sentence for the user ("label 2 is longer than 63 octets").
  // Labels are LDH; a leading underscore is accepted (callers that forbid it use is_ldh_label on the labels).
  [[nodiscard]] static std::expected<DomainName, std::string> parse(std::string_view text);

  [[nodiscard]] const std::string& text() const { return text_; }  // as registered
  [[nodiscard]] const std::string& key() const { return key_; }    // folded; what maps are keyed by
  [[nodiscard]] bool empty() const { return text_.empty(); }
  [[nodiscard]] std::string_view first_label() const;  // as registered
  [[nodiscard]] std::string_view parent_key() const;   // key without the first label; "" for a single label
  [[nodiscard]] std::size_t label_count() const;
  [[nodiscard]] bool is_below(const DomainName& apex) const;  // strictly below

  bool operator==(const DomainName& other) const { return key_ == other.key_; }
  std::strong_ordering operator<=>(const DomainName& other) const { return key_ <=> other.key_; }

 private:
  std::string text_;
  std::string key_;
};

// The label of a foreign id: the id where it is a label, else its cleaned prefix, '-' and 8 base32 characters of a
// hash of the id (DESIGN section 2). Deterministic.
[[nodiscard]] std::string label_for_id(std::string_view id);

// The label of a foreign service name: the name where it is one, else folded with what is no letter or digit as hyphens
// (ORDER_SERVICE -> order-service), so that several names may share it. What is too long, or nothing, gets a hash.
[[nodiscard]] std::string label_for_name(std::string_view name);

// Labels that no service may bear: "ns", "ns1" and whatever starts with '_'.
[[nodiscard]] bool is_reserved_service_label(std::string_view label);

}  // namespace registry
