#include "dnsd/answers/txt.h"

#include <algorithm>

namespace dnsd::answers {
namespace {

constexpr std::size_t kMaxString = 255;    // RFC 1035 3.3
constexpr std::size_t kMaxRdata = 65'000;  // a record that fits a message with its question and OPT

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string quoted_key(std::string_view key) {
  const auto first = std::find_if_not(key.begin(), key.end(), is_blank);
  const auto last = std::find_if_not(key.rbegin(), key.rend(), is_blank).base();
  std::string out;
  for (auto c = key.begin(); c != key.end(); ++c) {
    if (*c == '=' || *c == '`' || (is_blank(*c) && (c < first || c >= last))) out += '`';
    out += *c;
  }
  return out;
}

void append_string(std::string& out, std::string_view text) {
  out.push_back(static_cast<char>(text.size()));
  out += text;
}

bool is_dns_sd_key(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) { return c >= 0x20 && c <= 0x7e && c != '='; });
}

}  // namespace

std::string txt_strings(std::string_view text) {
  text = text.substr(0, kMaxRdata);
  std::string out;
  do {
    append_string(out, text.substr(0, kMaxString));
    text.remove_prefix(std::min(kMaxString, text.size()));
  } while (!text.empty());
  return out;
}

std::string rfc1464_rdata(std::string_view key, std::string_view value) {
  if (key.starts_with("rfc1035-")) return txt_strings(value);
  return txt_strings(quoted_key(key) + "=" + std::string(value));
}

std::string dns_sd_rdata(const registry::Meta& meta) {
  std::string out;
  for (const auto& [key, value] : meta) {
    const std::size_t size = key.size() + 1 + value.size();
    if (!is_dns_sd_key(key) || size > kMaxString || out.size() + 1 + size > kMaxRdata) continue;
    append_string(out, key + "=" + value);
  }
  if (out.empty()) out.push_back('\0');
  return out;
}

}  // namespace dnsd::answers
