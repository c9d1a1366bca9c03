#include "registry/names.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdint>

namespace registry {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ldh(char c) { return is_letter(c) || is_digit(c) || c == '-'; }

// What is wrong with a label, or "" when nothing is.
std::string label_fault(std::string_view label) {
  if (label.empty()) return "is empty";
  if (label.size() > kMaxLabel) return fmt::format("is longer than {} octets", kMaxLabel);
  const std::string_view rest = label[0] == '_' ? label.substr(1) : label;
  if (rest.empty()) return "is a lone underscore";
  if (!std::all_of(rest.begin(), rest.end(), is_ldh)) {
    return "may hold only letters, digits and hyphens (RFC 1123 2.1)";
  }
  if (rest.front() == '-' || rest.back() == '-') return "begins or ends with a hyphen";
  return {};
}

constexpr std::size_t kSuffix = 9;  // '-' and eight characters

// Letters and digits, folded; whatever stands between them becomes one hyphen. At most `most` octets.
std::string cleaned(std::string_view text, std::size_t most) {
  std::string out;
  for (const char c : fold(text)) {
    if (out.size() == most) break;
    if (is_letter(c) || is_digit(c)) {
      out += c;
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (out.ends_with('-')) out.pop_back();
  return out;
}

// 40 bits of the id's hash: two ids of one service share a label by accident once in 10^12.
std::string hash_suffix(std::string_view id) {
  constexpr std::string_view kBase32 = "abcdefghijklmnopqrstuvwxyz234567";
  std::uint64_t hash = XXH3_64bits(id.data(), id.size());
  std::string suffix;
  for (int i = 0; i < 8; ++i, hash >>= 5) suffix += kBase32[hash & 31];
  return suffix;
}

}  // namespace

std::string fold(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

bool is_ldh_label(std::string_view text) { return !text.starts_with('_') && label_fault(text).empty(); }

std::expected<DomainName, std::string> DomainName::parse(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty()) return std::unexpected("the name is empty");
  if (text.size() > kMaxName) return std::unexpected(fmt::format("the name is longer than {} octets", kMaxName));
  std::size_t number = 1;
  for (std::size_t begin = 0; begin <= text.size(); ++number) {
    const std::size_t end = std::min(text.find('.', begin), text.size());
    if (const std::string fault = label_fault(text.substr(begin, end - begin)); !fault.empty()) {
      return std::unexpected(fmt::format("label {} {}", number, fault));
    }
    begin = end + 1;
  }
  DomainName name;
  name.text_ = text;
  name.key_ = fold(text);
  return name;
}

std::string_view DomainName::first_label() const { return std::string_view(text_).substr(0, text_.find('.')); }

std::string_view DomainName::parent_key() const {
  const std::size_t dot = key_.find('.');
  return dot == key_.npos ? std::string_view{} : std::string_view(key_).substr(dot + 1);
}

std::size_t DomainName::label_count() const {
  return key_.empty() ? 0 : static_cast<std::size_t>(std::count(key_.begin(), key_.end(), '.')) + 1;
}

bool DomainName::is_below(const DomainName& apex) const {
  return !apex.empty() && key_.size() > apex.key_.size() + 1 && key_.ends_with(apex.key_) &&
         key_[key_.size() - apex.key_.size() - 1] == '.';
}

std::string label_for_id(std::string_view id) {
  if (is_ldh_label(id)) return std::string(id);
  const std::string prefix = cleaned(id, kMaxLabel - kSuffix);
  return (prefix.empty() ? "i" : prefix) + '-' + hash_suffix(id);
}

// As a service it also stands with an underscore before it (_worker._tcp): one octet less.
std::string label_for_name(std::string_view name) {
  constexpr std::size_t kMost = kMaxLabel - 1;
  if (is_ldh_label(name) && name.size() <= kMost) return std::string(name);
  std::string label = cleaned(name, kMaxLabel);
  if (!label.empty() && label.size() <= kMost) return label;
  label = cleaned(name, kMost - kSuffix);
  return (label.empty() ? "s" : label) + '-' + hash_suffix(name);
}

bool is_reserved_service_label(std::string_view label) {
  const std::string folded = fold(label);
  return folded == "ns" || folded == "ns1" || folded.starts_with('_');
}

}  // namespace registry
