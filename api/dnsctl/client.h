// The tool's HTTP client: one request per connection, a time limit on each step, coroutines for `run` and `watch`,
// plain calls for the rest. Plain HTTP; the API listens on loopback unless a token protects it.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace ctl {

using Verb = boost::beast::http::verb;

// A stream of events or of a session gets a comment every 15 s: three missed, and the server is gone.
inline constexpr std::chrono::milliseconds kSilence{45'000};

// Lists of a large registry fit; a server that sends more is not ours.
inline constexpr std::size_t kMaxResponse = 256 << 20;

struct ServerAddress {
  std::string host;
  std::string port;
  [[nodiscard]] std::string authority() const;  // "127.0.0.1:8500", "[::1]:8500"
};
// "http://127.0.0.1:8500" or "127.0.0.1:8500". The error is a sentence for the user.
[[nodiscard]] std::expected<ServerAddress, std::string> parse_server_address(std::string_view text);

struct Response {
  unsigned status = 0;
  std::string body;
  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
  [[nodiscard]] boost::json::value json() const;  // null where the body is not JSON
};

// An error here means: the server could not be asked (exit code 5).
using Reply = std::expected<Response, std::string>;

class Client {
 public:
  Client(ServerAddress server, std::string token, std::chrono::milliseconds timeout);

  // `wait` = how long the server was asked to hold the answer, on top of the time limit.
  [[nodiscard]] boost::asio::awaitable<Reply> async_call(Verb verb, std::string target, std::string body = {},
                                                         std::chrono::milliseconds wait = {}) const;
  [[nodiscard]] Reply call(Verb verb, std::string target, std::string body = {},
                           std::chrono::milliseconds wait = {}) const;

  // A 200's body goes to `file` (written beside, then renamed); any other answer is returned with its body.
  [[nodiscard]] Reply download(std::string target, const std::filesystem::path& file) const;

  // Server-sent events: `take` is given the body as it comes and answers whether to go on. Ends when it says no, when
  // the server closes, or when nothing (not even a comment) came for `silence`. An answer other than 200 is returned
  // with its body.
  using Take = std::function<bool(std::string_view)>;
  [[nodiscard]] Reply stream(std::string target, const std::optional<std::string>& last_event,
                             std::chrono::milliseconds silence, const Take& take) const;

  // A request whose answer is a stream that lives as long as what it stands for (a session). `opened` is called when
  // the 200 came; then everything is read and dropped until the server ends it, or nothing came for `silence`. An
  // answer other than 200 is returned with its body.
  [[nodiscard]] boost::asio::awaitable<Reply> async_hold(Verb verb, std::string target, std::string body,
                                                         std::chrono::milliseconds silence,
                                                         std::function<void()> opened) const;

  [[nodiscard]] const ServerAddress& server() const { return server_; }
  [[nodiscard]] Client with_timeout(std::chrono::milliseconds timeout) const { return {server_, token_, timeout}; }

 private:
  ServerAddress server_;
  std::string token_;
  std::chrono::milliseconds timeout_;
};

// "/api/v1/services/worker.corp/instances" and so on, with a query of the parameters that have a value.
class Target {
 public:
  explicit Target(std::initializer_list<std::string_view> segments);
  Target& with(std::string_view name, std::string_view value);  // an empty value is left out
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_ = "/api/v1";
  bool has_query_ = false;
};

}  // namespace ctl
