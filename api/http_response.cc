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

std::string_view HttpDate::at(registry::Wall now) {
  if (const auto second = std::chrono::floor<std::chrono::seconds>(now); second != second_) {
    second_ = second;
    text_ = format_http_date(now);
  }
  return text_;
}

void append_header(std::string& out, const Response& response, Framing framing, std::string_view date) {
  const auto add = [&out](auto... pieces) { (out.append(pieces), ...); };
  add("HTTP/1.1 ", fmt::format_int(response.status).c_str(), " ", reason_of(response.status), "\r\nDate: ", date,
      "\r\n");
  const bool bodiless = response.status == 204 || response.status == 304;  // RFC 9110 8.6: no Content-Length in 204
  if (!bodiless) {
    add("Content-Type: ", response.content_type, "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    if (!response.pieces || response.pieces_size) {
      const std::uint64_t size = response.pieces_size.value_or(response.body.size());
      add("Content-Length: ", fmt::format_int(size).c_str(), "\r\n");
    } else if (!framing.http_1_0) {
      add("Transfer-Encoding: chunked\r\n");
    }
  }
  for (const auto& [name, value] : response.headers) add(std::string_view(name), ": ", one_line(value), "\r\n");
  if (!framing.keep_alive) {
    add("Connection: close\r\n");
  } else if (framing.http_1_0) {
    add("Connection: keep-alive\r\n");
  }
  add("\r\n");
}

void append_chunk(std::string& out, std::string_view octets) {
  fmt::format_to(std::back_inserter(out), "{:x}\r\n", octets.size());
  out.append(octets).append("\r\n");
}

}  // namespace api
