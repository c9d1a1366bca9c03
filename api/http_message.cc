#include "api/http_message.h"

#include <algorithm>
#include <array>

#include "registry/text.h"

namespace api {
namespace {

constexpr std::size_t kMaxParameters = 64;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Refuses NUL and control octets too: no name, id or path of ours holds one, and none shall reach a log or header.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  const auto plain = [](char c) { return c > 0x20 && c < 0x7f && c != '%' && c != '+'; };
  if (std::ranges::all_of(text, plain)) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out.push_back(c);
  }
  if (!registry::is_utf8(out)) return std::nullopt;
  return out;
}

std::optional<TargetError> parse_query(std::string_view text, Target& target) {
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto pair = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (pair.empty()) continue;
    if (target.query.size() == kMaxParameters) return TargetError{"more than 64 query parameters"};
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1), true);
    if (!name || !value) return TargetError{"the query is not valid percent-encoding, or holds a control character"};
    target.query.emplace_back(std::move(*name), std::move(*value));
  }
  return std::nullopt;
}

// "http://host:port/path" (RFC 9112 3.2.2: a server must accept it) -> authority and path.
std::string_view take_authority(std::string_view text, Target& target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text.starts_with(scheme)) continue;
    text.remove_prefix(scheme.size());
    const auto end = text.find_first_of("/?");
    target.authority = std::string(text.substr(0, end));
    if (end == std::string_view::npos) return "/";
    return text.substr(end);
  }
  return text;
}

}  // namespace

Method parse_method(std::string_view verb) {
  if (verb == "GET" || verb == "HEAD") return Method::get;
  if (verb == "PUT") return Method::put;
  if (verb == "PATCH") return Method::patch;
  if (verb == "POST") return Method::post;
  if (verb == "DELETE") return Method::del;
  return Method::other;
}

std::string_view to_string(Method method) {
  constexpr std::array<std::string_view, 6> kNames = {"GET", "PUT", "PATCH", "POST", "DELETE", "?"};
  return kNames[static_cast<std::size_t>(method)];
}

std::optional<TargetError> parse_target(std::string_view text, Target& target) {
  text = take_authority(text, target);
  const auto question = text.find('?');
  auto path = text.substr(0, question);
  if (!path.starts_with('/')) return TargetError{"the request target must be a path that starts with '/'"};
  if (path.find('#') != std::string_view::npos) return TargetError{"a request target holds no fragment"};
  path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    auto segment = percent_decode(path.substr(0, slash), false);
    if (!segment) return TargetError{"the path is not valid percent-encoding, or holds a control character"};
    target.segments.push_back(std::move(*segment));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  if (question == std::string_view::npos) return std::nullopt;
  return parse_query(text.substr(question + 1), target);
}

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

void Request::reset() {
  method = Method::other;
  head = http_1_0 = keep_alive = chunked = false;
  content_length.reset();
  verb.clear();
  target.clear();
  headers.clear();
  body.clear();
  query.clear();
  params.clear();
}

std::optional<std::string_view> Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

}  // namespace api
