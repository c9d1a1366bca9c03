#include "api/http_connection.h"

#include <fmt/format.h>

#include "api/http_header.h"
#include "api/http_response.h"

namespace api {
namespace {

namespace asio = boost::asio;

// Responses are gathered up to here while pipelined requests follow one another.
constexpr std::size_t kGathered = 64 << 10;
// Between two requests a connection keeps no larger buffers: there may be thousands.
constexpr std::size_t kKept = 4 << 10;

void shrink(std::string& buffer) {
  if (buffer.capacity() > kKept) std::string().swap(buffer);
}

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, Gateway& gateway)
    : gateway_(gateway), socket_(std::make_shared<HttpSocket>(std::move(socket))) {
  request_.peer = socket_->peer();
  request_.watch_peer = [this](std::function<void()> gone) {
    socket_->watch(std::move(gone), in_, gateway_.app().options.max_header);
  };
  request_.detect_dead_peer = [this] { socket_->detect_dead_peer(); };
  ++gateway_.app().counters.connections;
}

Connection::~Connection() { --gateway_.app().counters.connections; }

void Connection::finish() {
  finishing_ = true;
  if (idle_) socket_->cancel();
}

void Connection::abort() { socket_->close(); }

asio::awaitable<void> Connection::run() {
  const auto self = shared_from_this();
  try {
    co_await serve();
    co_await socket_->linger();
  } catch (const std::exception&) {
    ++gateway_.app().counters.exceptions;
  }
  socket_->close();
}

asio::awaitable<void> Connection::refuse_busy() {
  const auto self = shared_from_this();
  ++gateway_.app().counters.refused;
  try {
    queue(problem_response(http_problem::busy, "the server holds as many connections as it may"), false);
    co_await flush();
    co_await socket_->linger();
  } catch (const std::exception&) {
    ++gateway_.app().counters.exceptions;
  }
  socket_->close();
}

asio::awaitable<void> Connection::serve() {
  for (bool open = true; open;) {
    auto step = take_header();
    if (step == Step::more) step = co_await receive_header();
    if (step == Step::more) continue;
    if (step == Step::close) break;
    auto admission = gateway_.admit(request_);
    if (admission.refusal) {
      // A body that was not read cannot be told from the next request.
      open = queue(*admission.refusal, request_.keep_alive && !request_.has_body());
      continue;
    }
    step = begin_body(admission);
    if (step == Step::more) step = co_await receive_body(admission);
    if (step == Step::close) break;
    auto answer = gateway_.answer(*admission.route, request_);
    if (const auto* now = std::get_if<Response>(&answer); now && !now->pieces) {
      open = queue(*now, request_.keep_alive);
      if (out_.size() <= kGathered) continue;
      const bool written = co_await flush();
      open = open && written;
    } else {
      open = co_await finish_answer(std::move(answer));
    }
  }
  co_await flush();
}

Connection::Step Connection::take_header() {
  const auto most = gateway_.app().options.max_header;
  const auto octets = unread();
  const auto scan = scan_header(octets);
  if (scan.state == HeaderScan::State::refused) return refuse(http_problem::bad_request, std::string(scan.why));
  const bool whole = scan.state == HeaderScan::State::complete;
  if (whole ? scan.end - scan.begin > most : octets.size() >= most) {
    return refuse(http_problem::header_too_large, fmt::format("a header here is at most {} octets", most));
  }
  if (!whole) return Step::more;
  request_.reset();
  if (const auto fault = parse_header(octets.substr(scan.begin, scan.end - scan.begin), request_)) {
    return refuse(fault->too_large ? http_problem::header_too_large : http_problem::bad_request,
                  std::string(fault->why));
  }
  taken_ += scan.end;
  header_armed_ = false;
  socket_->disarm();
  return Step::done;
}

asio::awaitable<Connection::Step> Connection::receive_header() {
  const auto& options = gateway_.app().options;
  const bool written = co_await flush();
  if (!written) co_return Step::close;
  forget_taken();
  idle_ = in_.empty();
  if (idle_ && finishing_) co_return Step::close;
  if (idle_ && served_) {
    socket_->arm(options.idle_timeout);
  } else if (!std::exchange(header_armed_, true)) {
    socket_->arm(options.header_timeout);
  }
  const bool more = co_await socket_->read(in_);
  idle_ = false;
  if (more) co_return Step::more;
  if (!socket_->timed_out() || !header_armed_) co_return Step::close;
  co_return refuse(http_problem::timeout, "the header did not arrive in time");
}

Connection::Step Connection::begin_body(const Gateway::Admission& admission) {
  const auto expect = registry::fold(request_.header("expect"));
  const bool expects = !expect.empty() && !request_.http_1_0;
  if (expects && expect != "100-continue") {
    return refuse(http_problem::expectation_failed, "the only expectation known here is 100-continue");
  }
  if (!request_.has_body()) return Step::done;
  body_.begin(request_, admission.body_limit);
  if (expects && unread().empty()) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  return take_body(admission);
}

Connection::Step Connection::take_body(const Gateway::Admission& admission) {
  auto rest = unread();
  const auto state = body_.take(rest, request_.body);
  taken_ = in_.size() - rest.size();
  switch (state) {
    case BodyReader::State::more:
      return Step::more;
    case BodyReader::State::done:
      return Step::done;
    case BodyReader::State::too_large:
      queue(Gateway::too_large(admission.body_limit, admission.route->dialect), false);
      return Step::close;
    case BodyReader::State::malformed:
      break;
  }
  return refuse(http_problem::bad_request, "the chunks of the body are malformed or their headers too long");
}

asio::awaitable<Connection::Step> Connection::receive_body(const Gateway::Admission& admission) {
  bool more = co_await flush();
  socket_->arm(gateway_.app().options.body_timeout);
  auto step = Step::more;
  while (more && step == Step::more) {
    forget_taken();
    more = co_await socket_->read(in_);
    if (more) step = take_body(admission);
  }
  if (!more && socket_->timed_out()) co_return refuse(http_problem::timeout, "the body did not arrive in time");
  socket_->disarm();
  co_return more ? step : Step::close;
}

Connection::Step Connection::refuse(const ProblemType& type, std::string detail) {
  request_.reset();  // what was understood of it is in doubt
  queue(problem_response(type, std::move(detail)), false);
  return Step::close;
}

// What is answered later, or in pieces.
asio::awaitable<bool> Connection::finish_answer(Answer answer) {
  bool open = co_await flush();
  if (!open) co_return false;
  forget_taken();
  auto* later = std::get_if<asio::awaitable<Response>>(&answer);
  Response response;
  if (later) {
    response = co_await std::move(*later);
  } else {
    response = std::get<Response>(std::move(answer));
  }
  open = queue(response, request_.keep_alive);
  if (response.pieces && !request_.head) {
    const bool streamed = co_await send_pieces(std::move(response));
    open = open && streamed;
  }
  socket_->unwatch();
  co_return open;
}

bool Connection::queue(const Response& response, bool keep_alive) {
  auto& app = gateway_.app();
  ++app.counters.statuses[static_cast<std::size_t>(response.status) % app.counters.statuses.size()];
  keep_alive = keep_alive && !response.close && !finishing_;
  // An HTTP/1.0 peer knows no chunks: the end of the connection ends the body.
  if (response.pieces && !response.pieces_size && request_.http_1_0) keep_alive = false;
  served_ = true;
  append_header(out_, response, {request_.http_1_0, keep_alive}, gateway_.date());
  if (!request_.head && !response.pieces) out_ += response.body;
  return keep_alive;
}

asio::awaitable<bool> Connection::flush() {
  if (out_.empty()) co_return true;
  const bool written = co_await socket_->write(out_, gateway_.app().options.write_timeout);
  if (!written && socket_->timed_out()) ++gateway_.app().counters.dropped_writes;
  out_.clear();
  shrink(out_);
  co_return written;
}

asio::awaitable<bool> Connection::send_pieces(Response response) {
  const bool chunked = !response.pieces_size && !request_.http_1_0;
  std::uint64_t sent = 0;
  bool open = co_await flush();
  while (open) {
    const auto piece = co_await response.pieces();
    if (!piece) break;
    if (piece->empty()) continue;
    sent += piece->size();
    chunked ? append_chunk(out_, *piece) : void(out_ += *piece);
    open = co_await flush();
  }
  if (open && chunked) out_ += "0\r\n\r\n";
  co_return open && (chunked || sent == response.pieces_size.value_or(sent));
}

void Connection::forget_taken() {
  in_.erase(0, taken_);
  taken_ = 0;
  if (in_.empty()) shrink(in_);
}

}  // namespace api
