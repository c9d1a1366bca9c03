#include "api/dnsctl/client.h"

#include <fmt/format.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdio>
#include <system_error>

#include "registry/text.h"
#include "registry/version.h"

namespace ctl {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using std::chrono::milliseconds;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
using Request = http::request<http::string_body>;

struct Connection {
  explicit Connection(const asio::any_io_executor& executor) : stream(executor) {}
  beast::tcp_stream stream;
  beast::flat_buffer buffer;
};

std::string away(const ServerAddress& server, const boost::system::error_code& error) {
  const auto why = error == beast::error::timeout ? std::string("no answer in time") : error.message();
  return fmt::format("the server at {} cannot be reached: {}", server.authority(), why);
}

Request make_request(const ServerAddress& server, const std::string& token, Verb verb, const std::string& target,
                     std::string body = {}) {
  Request request(verb, target, 11);
  request.set(http::field::host, server.authority());
  request.set(http::field::user_agent, fmt::format("dnsctl/{}", registry::kVersion));
  request.keep_alive(false);
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = std::move(body);
  request.prepare_payload();
  return request;
}

asio::awaitable<std::expected<void, std::string>> connect_and_send(Connection& connection, const ServerAddress& server,
                                                                   const Request& request, milliseconds timeout) {
  tcp::resolver resolver(co_await asio::this_coro::executor);
  auto [resolve_error, found] = co_await resolver.async_resolve(server.host, server.port, kTuple);
  if (resolve_error) co_return std::unexpected(away(server, resolve_error));
  connection.stream.expires_after(timeout);
  auto [connect_error, endpoint] = co_await connection.stream.async_connect(found, kTuple);
  if (connect_error) co_return std::unexpected(away(server, connect_error));
  connection.stream.expires_after(timeout);
  auto [send_error, sent] = co_await http::async_write(connection.stream, request, kTuple);
  if (send_error) co_return std::unexpected(away(server, send_error));
  co_return std::expected<void, std::string>();
}

template <class Parser>
asio::awaitable<Reply> read_body(Connection& connection, const ServerAddress& server, Parser& parser) {
  auto [error, octets] = co_await http::async_read(connection.stream, connection.buffer, parser, kTuple);
  if (error) co_return std::unexpected(away(server, error));
  co_return Response{.status = parser.get().result_int(), .body = {}};
}

using HeaderParser = http::response_parser<http::empty_body>;

asio::awaitable<std::expected<void, std::string>> read_header(Connection& connection, const ServerAddress& server,
                                                              HeaderParser& header, milliseconds timeout) {
  connection.stream.expires_after(timeout);
  auto [error, octets] = co_await http::async_read_header(connection.stream, connection.buffer, header, kTuple);
  if (error) co_return std::unexpected(away(server, error));
  co_return std::expected<void, std::string>();
}

asio::awaitable<Reply> read_text(Connection& connection, const ServerAddress& server, HeaderParser& header) {
  http::response_parser<http::string_body> parser(std::move(header));
  parser.body_limit(kMaxResponse);
  auto reply = co_await read_body(connection, server, parser);
  if (reply) reply->body = std::move(parser.get().body());
  co_return reply;
}

asio::awaitable<Reply> read_file(Connection& connection, const ServerAddress& server, HeaderParser& header,
                                 const std::filesystem::path& file, milliseconds timeout) {
  const auto part = file.string() + ".part";
  http::response_parser<http::file_body> parser(std::move(header));
  parser.body_limit(boost::none);
  boost::system::error_code error;
  parser.get().body().open(part.c_str(), beast::file_mode::write, error);
  if (error) co_return std::unexpected(fmt::format("cannot write {}: {}", part, error.message()));
  while (!parser.is_done()) {  // the limit is on silence, not on the size of the store
    connection.stream.expires_after(timeout);
    auto [read_error, octets] = co_await http::async_read_some(connection.stream, connection.buffer, parser, kTuple);
    if (!read_error) continue;
    std::remove(part.c_str());
    co_return std::unexpected(away(server, read_error));
  }
  parser.get().body().close();
  std::error_code renamed;
  std::filesystem::rename(part, file, renamed);
  if (renamed) co_return std::unexpected(fmt::format("cannot rename {}: {}", part, renamed.message()));
  co_return Response{.status = parser.get().result_int(), .body = {}};
}

asio::awaitable<Reply> read_stream(Connection& connection, const ServerAddress& server, HeaderParser& header,
                                   milliseconds silence, const Client::Take& take) {
  http::response_parser<http::buffer_body> parser(std::move(header));
  parser.body_limit(boost::none);
  std::array<char, 16 << 10> chunk;
  while (!parser.is_done()) {
    auto& body = parser.get().body();
    body.data = chunk.data();
    body.size = chunk.size();
    connection.stream.expires_after(silence);
    auto [error, octets] = co_await http::async_read_some(connection.stream, connection.buffer, parser, kTuple);
    const bool full = error == http::error::need_buffer;
    if (!take(std::string_view(chunk.data(), chunk.size() - body.size))) break;
    if (error && !full) co_return std::unexpected(away(server, error));
  }
  co_return Response{.status = parser.get().result_int(), .body = {}};
}

// Runs one coroutine to its end on a context of its own.
Reply run(asio::awaitable<Reply> work) {
  asio::io_context io;
  std::optional<Reply> reply;
  asio::co_spawn(io, std::move(work), [&reply](const std::exception_ptr& error, Reply value) {
    if (error) std::rethrow_exception(error);
    reply = std::move(value);
  });
  io.run();
  return std::move(reply).value();
}

}  // namespace

std::string ServerAddress::authority() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::expected<ServerAddress, std::string> parse_server_address(std::string_view text) {
  const auto wrong =
      std::unexpected(fmt::format("\"{}\" is not the address of a server; write http://127.0.0.1:8500", text));
  if (text.starts_with("https://")) {
    return std::unexpected(std::string("https is not built into this version; use http, over loopback or a tunnel"));
  }
  const auto full = text.starts_with("http://") ? std::string(text) : fmt::format("http://{}", text);
  const auto url = boost::urls::parse_uri(full);
  if (!url || url->host().empty() || (url->path() != "/" && !url->path().empty()) || url->has_query()) return wrong;
  if (url->has_userinfo()) return wrong;
  const auto port = url->has_port() ? std::string(url->port()) : std::string("8500");
  return ServerAddress{std::string(url->host_address()), port};
}

boost::json::value Response::json() const {
  boost::system::error_code error;
  auto value = boost::json::parse(body, error);
  return error ? boost::json::value() : value;
}

Client::Client(ServerAddress server, std::string token, milliseconds timeout)
    : server_(std::move(server)), token_(std::move(token)), timeout_(timeout) {}

asio::awaitable<Reply> Client::async_call(Verb verb, std::string target, std::string body, milliseconds wait) const {
  Connection connection(co_await asio::this_coro::executor);
  const auto request = make_request(server_, token_, verb, target, std::move(body));
  auto sent = co_await connect_and_send(connection, server_, request, timeout_);
  if (!sent) co_return std::unexpected(sent.error());
  HeaderParser header;
  auto read = co_await read_header(connection, server_, header, timeout_ + wait);
  if (!read) co_return std::unexpected(read.error());
  connection.stream.expires_after(timeout_);
  auto reply = co_await read_text(connection, server_, header);
  co_return reply;
}

asio::awaitable<Reply> Client::async_hold(Verb verb, std::string target, std::string body, milliseconds silence,
                                          std::function<void()> opened) const {
  Connection connection(co_await asio::this_coro::executor);
  const auto request = make_request(server_, token_, verb, target, std::move(body));
  auto sent = co_await connect_and_send(connection, server_, request, timeout_);
  if (!sent) co_return std::unexpected(sent.error());
  HeaderParser header;
  auto read = co_await read_header(connection, server_, header, timeout_);
  if (!read) co_return std::unexpected(read.error());
  if (header.get().result() != http::status::ok) {
    connection.stream.expires_after(timeout_);
    auto reply = co_await read_text(connection, server_, header);
    co_return reply;
  }
  opened();
  const Take drop = [](std::string_view) { return true; };
  auto reply = co_await read_stream(connection, server_, header, silence, drop);
  co_return reply;
}

Reply Client::call(Verb verb, std::string target, std::string body, milliseconds wait) const {
  return run(async_call(verb, std::move(target), std::move(body), wait));
}

Reply Client::download(std::string target, const std::filesystem::path& file) const {
  return run([](const Client& self, std::string path, std::filesystem::path to) -> asio::awaitable<Reply> {
    Connection connection(co_await asio::this_coro::executor);
    const auto request = make_request(self.server_, self.token_, Verb::get, path);
    auto sent = co_await connect_and_send(connection, self.server_, request, self.timeout_);
    if (!sent) co_return std::unexpected(sent.error());
    HeaderParser header;
    // The server copies the store before it sends the first octet.
    auto read = co_await read_header(connection, self.server_, header, self.timeout_ + std::chrono::minutes(10));
    if (!read) co_return std::unexpected(read.error());
    if (header.get().result() != http::status::ok) {
      connection.stream.expires_after(self.timeout_);
      auto reply = co_await read_text(connection, self.server_, header);
      co_return reply;
    }
    auto reply = co_await read_file(connection, self.server_, header, to, self.timeout_);
    co_return reply;
  }(*this, std::move(target), file));
}

Reply Client::stream(std::string target, const std::optional<std::string>& last_event, milliseconds silence,
                     const Take& take) const {
  return run([](const Client& self, std::string path, std::optional<std::string> last, milliseconds limit,
                Take next) -> asio::awaitable<Reply> {
    Connection connection(co_await asio::this_coro::executor);
    auto request = make_request(self.server_, self.token_, Verb::get, path);
    request.set(http::field::accept, "text/event-stream");
    if (last) request.set("Last-Event-ID", *last);
    auto sent = co_await connect_and_send(connection, self.server_, request, self.timeout_);
    if (!sent) co_return std::unexpected(sent.error());
    HeaderParser header;
    auto read = co_await read_header(connection, self.server_, header, self.timeout_);
    if (!read) co_return std::unexpected(read.error());
    if (header.get().result() != http::status::ok) {
      connection.stream.expires_after(self.timeout_);
      auto reply = co_await read_text(connection, self.server_, header);
      co_return reply;
    }
    auto reply = co_await read_stream(connection, self.server_, header, limit, next);
    co_return reply;
  }(*this, std::move(target), last_event, silence, take));
}

Target::Target(std::initializer_list<std::string_view> segments) {
  for (const auto part : segments) text_ += "/" + registry::percent_encode(part);
}

Target& Target::with(std::string_view name, std::string_view value) {
  if (value.empty()) return *this;
  text_ += fmt::format("{}{}={}", has_query_ ? '&' : '?', name, registry::percent_encode(value));
  has_query_ = true;
  return *this;
}

}  // namespace ctl
