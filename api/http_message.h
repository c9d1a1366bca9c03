// A request and a response as handlers see them: plain values, no Beast. Everything lives on the control thread.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "registry/basics.h"

namespace api {

enum class Method : std::uint8_t { get, put, patch, post, del, other };
[[nodiscard]] Method parse_method(std::string_view verb);  // HEAD is `get`
[[nodiscard]] std::string_view to_string(Method method);

struct Peer {
  registry::Addresses address;  // one of the two; an IPv4-mapped IPv6 address is IPv4
  std::uint16_t port = 0;
};

// The target, taken apart: segments are split at '/' first and percent-decoded one by one, so that an encoded slash
// never makes a new segment.
struct Target {
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
  std::string authority;  // of an absolute-form target ("http://host/path"), else empty
};
// The error is a sentence for the user. Bounded by the header limit; at most 64 query parameters.
struct TargetError {
  std::string message;
};
[[nodiscard]] std::optional<TargetError> parse_target(std::string_view text, Target& target);

struct Request {
  Method method = Method::other;
  bool head = false;
  std::string verb;    // as sent
  std::string target;  // as sent
  bool http_1_0 = false;
  bool keep_alive = false;                                   // the peer may send another request after this one
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values never decoded
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  std::string body;
  Peer peer;

  // Filled in by the gateway: the target's parts, and the values of the pattern's {places}.
  std::vector<std::pair<std::string, std::string>> query;
  std::vector<std::string> params;
  bool rehearsal = false;  // of a batch with ?dry_run=true: its operations show what would be

  // Asks to be told (once, on the control thread) when the peer closes while its request is held. Unset in tests
  // without a socket.
  std::function<void(std::function<void()>)> watch_peer;
  // Asks for a peer that vanished without a word to be noticed, by keepalive; for the rest of the connection.
  std::function<void()> detect_dead_peer;

  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;  // "" when absent
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;
  [[nodiscard]] bool has_body() const { return chunked || content_length.value_or(0) > 0; }
  void reset();  // all but the peer: for the next request of the connection, with the memory of this one
};

struct Response {
  // A body made piece by piece: nullopt ends it. The connection writes one piece before it asks for the next.
  using Pieces = std::function<boost::asio::awaitable<std::optional<std::string>>()>;

  int status = 200;
  std::string_view content_type = "application/json";  // static storage
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  Pieces pieces;                             // instead of `body`
  std::optional<std::uint64_t> pieces_size;  // known in advance: Content-Length instead of chunks
  bool close = false;

  void set(std::string name, std::string value) { headers.emplace_back(std::move(name), std::move(value)); }
};

// At once, or once something has happened: a commit, a change, a copy.
using Answer = std::variant<Response, boost::asio::awaitable<Response>>;

}  // namespace api
