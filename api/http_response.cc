#include "api/http_response.h"

#include <fmt/format.h>

#include <array>
#include <boost/beast/http/status.hpp>

namespace api {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// A value that could start another header line is an own fault; it is cut there rather than sent.
std::string_view one_line(std::string_view value) { return value.substr(0, value.find_first_of("\r\n")); }

std::string_view reason_of(int status) {
  const auto text = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status));
  return {text.data(), text.size()};
}

}  // namespace

std::string format_http_date(registry::Wall now) {
  const auto day = std::chrono::floor<std::chrono::days>(now);
  const std::chrono::year_month_day date(day);
  const std::chrono::weekday weekday(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(now - day));
  return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} GMT", kDays[weekday.c_encoding()],
                     static_cast<unsigned>(date.day()), kMonths[static_cast<unsigned>(date.month()) - 1],
                     static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
                     time.seconds().count());
}

std::string encode_header(const Response& response, Framing framing, registry::Wall now) {
  std::string out;
  out.reserve(384);
  auto to = std::back_inserter(out);
  fmt::format_to(to, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_of(response.status),
                 format_http_date(now));
  const bool bodiless = response.status == 204 || response.status == 304;  // RFC 9110 8.6: no Content-Length in 204
  if (!bodiless) {
    fmt::format_to(to, "Content-Type: {}\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n",
                   response.content_type);
    if (!response.pieces || response.pieces_size) {
      fmt::format_to(to, "Content-Length: {}\r\n", response.pieces_size.value_or(response.body.size()));
    } else if (!framing.http_1_0) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  for (const auto& [name, value] : response.headers) fmt::format_to(to, "{}: {}\r\n", name, one_line(value));
  if (!framing.keep_alive) {
    out += "Connection: close\r\n";
  } else if (framing.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
  return out;
}

std::string encode_chunk(std::string_view octets) { return fmt::format("{:x}\r\n{}\r\n", octets.size(), octets); }

}  // namespace api
