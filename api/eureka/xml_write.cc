#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdint>

#include "api/eureka/xml.h"

namespace api::eureka {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// One character of valid UTF-8, taken off `text`. What is no UTF-8 counts octet by octet.
std::uint32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  if (more == 0 || text.size() <= more) {
    text.remove_prefix(1);
    return lead;
  }
  std::uint32_t character = lead & (0x3FU >> more);
  for (std::size_t i = 1; i <= more; ++i) character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  text.remove_prefix(more + 1);
  return character;
}

void append_character(std::string& out, std::uint32_t character) {
  const auto octet = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (character < 0x80) return octet(character);
  if (character < 0x800) {
    octet(0xC0 | character >> 6);
  } else if (character < 0x10000) {
    octet(0xE0 | character >> 12);
    octet(0x80 | (character >> 6 & 0x3F));
  } else {
    octet(0xF0 | character >> 18);
    octet(0x80 | (character >> 12 & 0x3F));
    octet(0x80 | (character >> 6 & 0x3F));
  }
  octet(0x80 | (character & 0x3F));
}

// Java's: UTF-16 units.
void append_hex(std::string& out, std::uint32_t character) {
  if (character < 0x10000) {
    out += fmt::format("_.{:04x}", character);
  } else {
    out += fmt::format("_.{:04x}_.{:04x}", 0xD800 + ((character - 0x10000) >> 10), 0xDC00 + (character & 0x3FF));
  }
}

// The unit of "_.XXXX", taken off `text` when there is one.
bool take_unit(std::string_view& text, std::uint32_t& unit) {
  if (!text.starts_with("_.") || text.size() < 6) return false;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + 6, unit, 16);
  if (error != std::errc{} || end != text.data() + 6) return false;
  text.remove_prefix(6);
  return true;
}

std::string plain_text(const json::value& value) {
  if (const auto* text = value.if_string()) return {text->data(), text->size()};
  return json::serialize(value);
}

void append_content(std::string& out, const json::object& object, bool any_names) {
  for (const auto& [key, value] : object) {
    if (any_names) {
      append_element(out, to_element_name(key), value);
    } else if (key == "$") {
      append_escaped(out, plain_text(value));
    } else if (!key.starts_with('@')) {
      append_element(out, key, value);
    }
  }
}

void append_attributes(std::string& out, const json::object& object) {
  for (const auto& [key, value] : object) {
    if (!key.starts_with('@')) continue;
    out.append(" ").append(key.substr(1)).append("=\"");
    append_escaped(out, plain_text(value));
    out += '"';
  }
}

}  // namespace

// XML 1.0 has no way to write most control characters, nor U+FFFE and U+FFFF: they are left out. One of them would keep
// every reader from the whole answer.
void append_escaped(std::string& out, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto character = text.substr(i, 3);
    if (character == "\xEF\xBF\xBE" || character == "\xEF\xBF\xBF") {
      i += 2;
      continue;
    }
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\r':
        out += "&#13;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20) out += c;
    }
  }
}

void append_element(std::string& out, std::string_view name, const json::value& value) {
  if (const auto* array = value.if_array()) {
    for (const auto& each : *array) append_element(out, name, each);
    return;
  }
  if (value.is_null() || name.empty()) return;
  const auto* object = value.if_object();
  const bool any_names = name == "metadata";
  out.append("<").append(name);
  if (object && !any_names) append_attributes(out, *object);
  out += '>';
  if (object) {
    append_content(out, *object, any_names);
  } else {
    append_escaped(out, plain_text(value));
  }
  out.append("</").append(name).append(">");
}

std::string to_element_name(std::string_view key) {
  std::string out;
  while (!key.empty()) {
    const char c = key[0];
    const bool first = out.empty();
    const std::uint32_t character = take_character(key);
    if (c == '_') {
      out += "__";
    } else if (c == '$') {
      out += "_-";
    } else if (is_letter(c) || (!first && (is_digit(c) || c == '-' || c == '.'))) {
      out += c;
    } else {
      append_hex(out, character);
    }
  }
  return out;
}

std::string from_element_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    std::uint32_t unit = 0, low = 0;
    if (name.starts_with("__")) {
      out += '_';
      name.remove_prefix(2);
    } else if (name.starts_with("_-")) {
      out += '$';
      name.remove_prefix(2);
    } else if (!take_unit(name, unit)) {
      out += name[0];
      name.remove_prefix(1);
    } else if (unit < 0xD800 || unit > 0xDFFF) {
      append_character(out, unit);
    } else if (unit < 0xDC00 && take_unit(name, low) && low >= 0xDC00 && low <= 0xDFFF) {
      append_character(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
    }  // half a pair is no character
  }
  return out;
}

}  // namespace api::eureka
