#include "api/dnsctl/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <ostream>

namespace ctl {
namespace {

const boost::json::value* find(const boost::json::value& object, std::string_view member) {
  return object.is_object() ? object.as_object().if_contains(member) : nullptr;
}

std::string text_of(const boost::json::value& object, std::string_view member) {
  const auto* value = find(object, member);
  return value && value->is_string() ? printable(value->as_string()) : std::string();
}

// Octets that start a character count: a table of UTF-8 words stays aligned.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

void print_field_error(std::ostream& err, const boost::json::value& error) {
  auto line = fmt::format("  {}: {}", text_of(error, "pointer"), text_of(error, "message"));
  const auto near = text_of(error, "did_you_mean");
  if (!near.empty() && line.find("did you mean") == std::string::npos) {
    line += fmt::format("; did you mean \"{}\"?", near);
  }
  err << line << '\n';
}

}  // namespace

ExitCode exit_code_of(unsigned status) {
  if (status >= 200 && status < 300) return ExitCode::ok;
  if (status == 404) return ExitCode::not_found;
  if (status == 503) return ExitCode::away;
  return status >= 400 && status < 500 ? ExitCode::refused : ExitCode::error;
}

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    out << line << '\n';
  }
}

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    out += octet < 0x20 || octet == 0x7f ? fmt::format("\\x{:02x}", octet) : std::string(1, c);
  }
  return out;
}

std::string cell(const boost::json::value& value) {
  if (value.is_string()) return value.as_string().empty() ? "-" : printable(value.as_string());
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  if (value.is_null()) return "-";
  if (!value.is_array()) return boost::json::serialize(value);
  std::string joined;
  for (const auto& member : value.as_array()) joined += (joined.empty() ? "" : ",") + cell(member);
  return joined.empty() ? "-" : joined;
}

std::string cell(const boost::json::value& object, std::string_view member) {
  const auto* value = find(object, member);
  return value ? cell(*value) : "-";
}

const boost::json::array& list_of(const boost::json::value& object, std::string_view member) {
  static const boost::json::array kNone;
  const auto* list = find(object, member);
  return list && list->is_array() ? list->as_array() : kNone;
}

ExitCode print_problem(std::ostream& err, const Response& response) {
  const auto problem = response.json();
  const auto title = text_of(problem, "title");
  const auto detail = text_of(problem, "detail");
  auto line = fmt::format("dnsctl: {}", response.status);
  if (!title.empty()) line += " " + title;
  if (!detail.empty() && detail != title) line += ": " + detail;
  err << line << '\n';
  for (const auto& error : list_of(problem, "errors")) print_field_error(err, error);
  if (const auto hint = text_of(problem, "hint"); !hint.empty()) err << "  hint: " << hint << '\n';
  return exit_code_of(response.status);
}

}  // namespace ctl
