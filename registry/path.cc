#include "registry/path.h"

#include <fmt/format.h>

namespace registry {
namespace {

// A reference token as a URI fragment: RFC 6901 escapes, then RFC 3986 percent-encoding.
void append_token(std::string& out, std::string_view token) {
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@?";
  for (const char c : token) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
}

}  // namespace

std::string Path::text() const {
  if (!up_) return "#";
  std::string out = up_->text();
  out += '/';
  if (index_) {
    out += std::to_string(*index_);
  } else {
    append_token(out, name_);
  }
  return out;
}

}  // namespace registry
