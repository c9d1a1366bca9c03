#include "registry/checks/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/error.hpp>
#include <cerrno>
#include <utility>

#include "registry/text.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

ProbeResult result(Verdict verdict, Fault fault, std::string output) {
  return {verdict, fault, std::move(output), std::chrono::microseconds{}};
}

}  // namespace

std::string clean_text(std::string_view text) {
  std::string out = clip_utf8(text, kMaxOutput);
  std::ranges::replace_if(
      out,
      [](char c) {
        return has_control({&c, 1});
      },
      ' ');
  return out;
}

ProbeResult passed(std::string_view output) { return result(Verdict::ok, Fault::none, clean_text(output)); }
ProbeResult warned(std::string_view output) { return result(Verdict::warn, Fault::none, clean_text(output)); }
ProbeResult failed(Fault fault, std::string_view output) { return result(Verdict::failed, fault, clean_text(output)); }
ProbeResult not_known(std::string_view output) { return result(Verdict::unknown, Fault::local, clean_text(output)); }
ProbeResult not_probed(std::string_view why) { return failed(Fault::none, fmt::format("not probed: {}", why)); }

bool is_local(const error_code& error, bool at_once) {
  if (error.category() != boost::system::system_category() && error.category() != boost::system::generic_category()) {
    return false;
  }
  switch (error.value()) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
      return true;
    case ENETUNREACH:  // later it is a router's ICMP message about the target's network
    case ENETDOWN:
    case EAGAIN:  // connect(2): no free local port
    case EPERM:   // connect(2): a local firewall rule
    case EACCES:
    case EINVAL:
      return at_once;
    default:
      return false;
  }
}

ProbeResult from_error(const error_code& error, bool at_once) {
  if (is_local(error, at_once)) return not_known(fmt::format("local fault: {}", error.message()));
  if (error == asio::error::connection_refused) return failed(Fault::refused, "connection refused");
  if (error == asio::error::connection_reset || error == asio::error::broken_pipe ||
      error == asio::error::connection_aborted) {
    return failed(Fault::reset, "connection reset");
  }
  if (error == asio::error::timed_out) return failed(Fault::timeout, "timed out");
  if (error == asio::error::host_unreachable) return failed(Fault::unreachable, "host unreachable");
  if (error == asio::error::network_unreachable) return failed(Fault::unreachable, "network unreachable");
  if (error == asio::error::eof || error == boost::beast::http::error::end_of_stream ||
      error == asio::ssl::error::stream_truncated) {
    return failed(Fault::reset, "connection closed without a response");
  }
  if (error == boost::beast::http::error::partial_message) return failed(Fault::reset, "response cut off");
  if (error.category() == asio::error::get_ssl_category()) {
    return failed(Fault::tls, fmt::format("TLS: {}", error.message()));
  }
  return failed(Fault::unreachable, error.message());
}

}  // namespace registry::checks
