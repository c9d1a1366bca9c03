#include "api/http_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cerrno>

#include "api/http_lint.h"
#include "api/http_response.h"

namespace api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::size_t kReadSize = 4096;
// What may lie in a connection's read buffer: one read of a body. A chunk's header or a trailer that does not fit is no
// request of a reasonable client.
constexpr std::size_t kMaxBuffered = 64 << 10;
// What is read and thrown away after a refusal, so that the peer sees our answer and not a reset.
constexpr std::size_t kMaxLinger = 1 << 20;
constexpr registry::Millis kLingerTime{1'000};

Peer peer_of(const tcp::socket& socket) {
  Peer peer;
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return peer;
  peer.port = endpoint.port();
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  }
  if (address.is_v4()) {
    peer.address.v4 = registry::Ipv4{address.to_v4().to_bytes()};
  } else {
    peer.address.v6 = registry::Ipv6{address.to_v6().to_bytes()};
  }
  return peer;
}

}  // namespace

struct Connection::Parser : http::request_parser<http::string_body> {};

Connection::Connection(tcp::socket socket, Gateway& gateway)
    : gateway_(gateway), socket_(std::move(socket)), timer_(socket_.get_executor()), peer_(peer_of(socket_)) {
  buffer_.max_size(std::max(kMaxBuffered, gateway_.app().options.max_header + kReadSize));
  ++gateway_.app().counters.connections;
}

Connection::~Connection() { --gateway_.app().counters.connections; }

void Connection::arm(registry::Millis after) {
  timed_out_ = false;
  timer_.expires_after(after);
  timer_.async_wait([weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    // A wait that fired just before it was armed anew has a later expiry by now.
    if (error || !self || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->timed_out_ = true;
    error_code ignored;
    self->socket_.cancel(ignored);
  });
}

void Connection::disarm() { timer_.expires_at(std::chrono::steady_clock::time_point::max()); }

void Connection::finish() {
  finishing_ = true;
  error_code ignored;
  if (idle_) socket_.cancel(ignored);
}

void Connection::abort() {
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  try {
    for (;;) {
      const bool more = co_await serve_one();
      if (!more) break;
    }
    co_await linger();
  } catch (const std::exception&) {
    ++gateway_.app().counters.exceptions;
  }
  disarm();
  timer_.cancel();
  socket_.close(ignored);
}

asio::awaitable<void> Connection::refuse_busy() {
  const auto self = shared_from_this();
  ++gateway_.app().counters.refused;
  auto response = problem_response(http_problem::busy, "the server holds as many connections as it may");
  try {
    co_await send(std::move(response), nullptr, false);
    co_await linger();
  } catch (const std::exception&) {
    ++gateway_.app().counters.exceptions;
  }
  timer_.cancel();
  error_code ignored;
  socket_.close(ignored);
}

asio::awaitable<bool> Connection::serve_one() {
  const auto header = co_await read_header();
  if (header == Header::closed) co_return false;
  if (header == Header::refused) {
    co_await send(std::move(*refusal_), nullptr, false);
    co_return false;
  }
  Request request = take_request();
  bool keep_alive = parser_->keep_alive();
  auto admission = gateway_.admit(request);
  if (admission.refusal) {
    // A body that was not read cannot be told from the next request.
    const bool keep = keep_alive && !request.has_body();
    const bool more = co_await send(std::move(*admission.refusal), &request, keep);
    co_return more;
  }
  const bool body_read = co_await read_body(request, admission.body_limit);
  if (!body_read) {
    if (refusal_) co_await send(std::move(*refusal_), &request, false);
    co_return false;
  }
  parser_.reset();
  buffer_.shrink_to_fit();  // a held request shall not hold a read buffer as well
  disarm();
  request.watch_peer = [this](std::function<void()> gone) { watch_peer(std::move(gone)); };
  auto response = co_await gateway_.handle(*admission.route, request);
  keep_alive = keep_alive && !finishing_;
  const bool more = co_await send(std::move(response), &request, keep_alive);
  unwatch_peer();
  co_return more;
}

Connection::Header Connection::refuse(const ProblemType& type, std::string detail) {
  refusal_ = problem_response(type, std::move(detail));
  return Header::refused;
}

asio::awaitable<Connection::Header> Connection::read_header() {
  const auto& options = gateway_.app().options;
  bool started = buffer_.size() > 0;
  arm(served_ && !started ? options.idle_timeout : options.header_timeout);
  for (;;) {
    const auto data = buffer_.cdata();
    const std::string_view octets(static_cast<const char*>(data.data()), data.size());
    const auto scan = scan_header(octets);
    if (scan.state == HeaderScan::State::refused) co_return refuse(http_problem::bad_request, std::string(scan.why));
    if (scan.state == HeaderScan::State::complete && scan.end - scan.begin <= options.max_header) {
      const auto block = octets.substr(scan.begin, scan.end - scan.begin);
      if (const auto fault = lint_header(block)) {
        co_return refuse(fault->too_large ? http_problem::header_too_large : http_problem::bad_request,
                         std::string(fault->why));
      }
      if (!start_parser(block)) co_return refuse(http_problem::bad_request, "the header is not HTTP/1.1");
      buffer_.consume(scan.end);
      co_return Header::complete;
    }
    if (octets.size() >= options.max_header) {
      co_return refuse(http_problem::header_too_large,
                       fmt::format("a header here is at most {} octets", options.max_header));
    }
    idle_ = !started;
    if (idle_ && finishing_) co_return Header::closed;
    error_code error;
    const auto count =
        co_await socket_.async_read_some(buffer_.prepare(kReadSize), asio::redirect_error(asio::use_awaitable, error));
    idle_ = false;
    if (error && timed_out_ && (started || !served_)) {
      co_return refuse(http_problem::timeout, "the header did not arrive in time");
    }
    if (error) co_return Header::closed;
    buffer_.commit(count);
    if (!started && served_) arm(options.header_timeout);
    started = true;
  }
}

bool Connection::start_parser(std::string_view block) {
  parser_ = std::make_unique<Parser>();
  parser_->body_limit(boost::none);  // the route's limit follows in read_body
  parser_->header_limit(static_cast<std::uint32_t>(gateway_.app().options.max_header + kReadSize));
  error_code error;
  parser_->put(asio::buffer(block), error);
  return !error && parser_->is_header_done();
}

Request Connection::take_request() const {
  const auto& message = parser_->get();
  Request request;
  request.verb = std::string(message.method_string());
  request.method = parse_method(request.verb);
  request.head = request.verb == "HEAD";
  request.target = std::string(message.target());
  request.http_1_0 = message.version() == 10;
  for (const auto& field : message) {
    request.headers.emplace_back(registry::fold(field.name_string()), std::string(field.value()));
  }
  if (const auto length = parser_->content_length()) request.content_length = *length;
  request.chunked = parser_->chunked();
  request.peer = peer_;
  return request;
}

asio::awaitable<bool> Connection::read_body(Request& request, std::size_t limit) {
  refusal_.reset();
  if (const auto expect = registry::fold(request.header("expect")); !expect.empty() && !request.http_1_0) {
    if (expect != "100-continue") {
      refuse(http_problem::expectation_failed, "the only expectation known here is 100-continue");
      co_return false;
    }
    if (request.has_body() && buffer_.size() == 0) {
      constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      const bool told = co_await write(asio::buffer(kContinue));
      if (!told) co_return false;
    }
  }
  if (!request.has_body()) co_return true;
  parser_->body_limit(limit);
  arm(gateway_.app().options.body_timeout);
  error_code error;
  co_await http::async_read(socket_, buffer_, *parser_, asio::redirect_error(asio::use_awaitable, error));
  if (!error) {
    request.body = std::move(parser_->get().body());
    co_return true;
  }
  if (error == http::error::body_limit) {
    refusal_ = gateway_.too_large(limit);
  } else if (timed_out_) {
    refuse(http_problem::timeout, "the body did not arrive in time");
  } else if (error == http::error::buffer_overflow) {
    refuse(http_problem::bad_request, fmt::format("a chunk's header or the trailer is over {} octets", kMaxBuffered));
  } else if (error.category() == http::make_error_code(http::error::bad_chunk).category() &&
             error != http::error::partial_message && error != http::error::end_of_stream) {
    refuse(http_problem::bad_request, "the chunks of the body are malformed");
  }
  co_return false;
}

asio::awaitable<bool> Connection::write(asio::const_buffer octets) {
  error_code error;
  while (octets.size() > 0 && !error) {
    arm(gateway_.app().options.write_timeout);  // anew with each octet taken: slow is not stuck
    octets += co_await socket_.async_write_some(octets, asio::redirect_error(asio::use_awaitable, error));
  }
  if (error && timed_out_) ++gateway_.app().counters.dropped_writes;
  disarm();
  co_return !error;
}

asio::awaitable<bool> Connection::send(Response response, const Request* request, bool keep_alive) {
  auto& counters = gateway_.app().counters;
  ++counters.statuses[static_cast<std::size_t>(response.status) % counters.statuses.size()];
  const bool http_1_0 = request && request->http_1_0;
  const bool head = request && request->head;
  keep_alive = keep_alive && !response.close;
  // An HTTP/1.0 peer knows no chunks: the end of the connection ends the body.
  if (response.pieces && !response.pieces_size && http_1_0) keep_alive = false;
  served_ = true;
  std::string octets = encode_header(response, {http_1_0, keep_alive}, gateway_.app().now().wall);
  if (!head && !response.pieces) octets += response.body;
  const bool sent = co_await write(asio::buffer(octets));
  if (!sent || head || !response.pieces) co_return sent&& keep_alive;
  const bool streamed = co_await send_pieces(std::move(response), http_1_0);
  co_return streamed&& keep_alive;
}

asio::awaitable<bool> Connection::send_pieces(Response response, bool http_1_0) {
  const bool chunked = !response.pieces_size && !http_1_0;
  std::uint64_t sent = 0;
  for (;;) {
    auto piece = co_await response.pieces();
    if (!piece) break;
    if (piece->empty()) continue;
    sent += piece->size();
    const std::string octets = chunked ? encode_chunk(*piece) : std::move(*piece);
    const bool ok = co_await write(asio::buffer(octets));
    if (!ok) co_return false;
  }
  if (!chunked) co_return sent == response.pieces_size.value_or(sent);
  constexpr std::string_view kLast = "0\r\n\r\n";
  const bool ended = co_await write(asio::buffer(kLast));
  co_return ended;
}

asio::awaitable<void> Connection::linger() {
  error_code error;
  socket_.shutdown(tcp::socket::shutdown_send, error);
  if (error) co_return;
  arm(kLingerTime);
  std::array<char, kReadSize> scratch;
  for (std::size_t total = 0; total < kMaxLinger && !error;) {
    total += co_await socket_.async_read_some(asio::buffer(scratch), asio::redirect_error(asio::use_awaitable, error));
  }
}

void Connection::watch_peer(std::function<void()> gone) {
  gone_ = std::move(gone);
  if (!watching_) wait_for_peer();  // else the cancelled wait of the request before has yet to end, and goes on then
}

void Connection::wait_for_peer() {
  watching_ = true;
  socket_.async_wait(tcp::socket::wait_read, [weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!self) return;
    self->watching_ = false;
    if (self->gone_) self->look_at_peer(error);
  });
}

// What arrives is the next, pipelined request, which waits its turn in the buffer, so that the end behind it is seen.
void Connection::look_at_peer(error_code error) {
  if (error && (error != asio::error::operation_aborted || !socket_.is_open())) return;
  if (!error) {
    const auto room = buffer_.prepare(kReadSize);
    const auto count = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return gone_();
    buffer_.commit(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (buffer_.size() >= gateway_.app().options.max_header) return;  // enough for its turn
  }
  wait_for_peer();
}

void Connection::unwatch_peer() {
  gone_ = nullptr;
  error_code ignored;
  if (watching_) socket_.cancel(ignored);
}

}  // namespace api
