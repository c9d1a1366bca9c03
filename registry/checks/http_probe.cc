#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <cerrno>
#include <memory>
#include <optional>

#include "registry/checks/http_request.h"
#include "registry/checks/json_expectation.h"
#include "registry/checks/kept.h"
#include "registry/checks/outcome.h"
#include "registry/checks/probe.h"
#include "registry/checks/tls.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeader = 8 * 1024;
constexpr std::size_t kMaxBody = 64 * 1024;  // a health page; what follows is not read
constexpr std::size_t kChunk = 4 * 1024;
constexpr int kMaxInformational = 4;  // 1xx responses before the real one (RFC 9110 15.2)

// Only the status goes into the output, never the body: it would let whoever may register an instance read pages
// that only this machine can fetch.
ProbeResult judge(const HttpProbe& def, int status) {
  const auto reason = http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  const std::string output = http::int_to_status(static_cast<unsigned>(status)) == http::status::unknown
                                 ? fmt::format("{}", status)
                                 : fmt::format("{} {}", status, std::string_view(reason));
  if (!def.expect_status.empty()) {
    if (std::ranges::find(def.expect_status, status) != def.expect_status.end()) return passed(output);
    return failed(Fault::status, fmt::format("{}, not the expected status", output));
  }
  if (status / 100 == 2) return passed(output);
  if (status == 429) return warned(output);
  return failed(Fault::status, output);
}

template <class Stream>
class Exchange {
 public:
  Exchange(Stream& stream, Attempt& attempt, const HttpProbe& def, const JsonExpectation& json)
      : stream_(stream), attempt_(attempt), def_(def), json_(json) {}

  asio::awaitable<ProbeResult> run(const HttpRequest& request) {
    auto [write_error, written] = co_await http::async_write(stream_, request, kAwait);
    if (write_error) co_return attempt_.failure(write_error);
    const error_code error = co_await read_header(request.method() == http::verb::head);
    if (error) co_return malformed_or(error);
    ProbeResult result = judge(def_, static_cast<int>(parser_->get().result_int()));
    const error_code cut = co_await read_body();
    if (result.verdict == Verdict::failed) co_return result;
    if (cut) co_return malformed_or(cut);
    const std::string wrong = wrong_in_body();
    if (!wrong.empty()) co_return failed(Fault::body, fmt::format("{}, {}", result.output, wrong));
    co_return result;
  }

  // Whether the peer sent anything at all.
  [[nodiscard]] bool heard() const { return heard_; }
  // Whether another request may follow on the connection: the response was read to its end, and it says so.
  [[nodiscard]] bool may_follow() const {
    return parser_ && parser_->is_done() && parser_->keep_alive() && buffer_.size() == 0;
  }

 private:
  using Parser = http::response_parser<http::buffer_body>;

  asio::awaitable<error_code> read_header(bool head) {
    for (int i = 0; i <= kMaxInformational; ++i) {
      parser_.emplace();
      parser_->header_limit(kMaxHeader);
      parser_->body_limit(boost::none);  // bounded in read_body
      parser_->skip(head);
      auto [error, read] = co_await http::async_read_header(stream_, buffer_, *parser_, kAwait);
      heard_ = heard_ || read > 0 || buffer_.size() > 0;
      if (error) co_return error;
      if (parser_->get().result_int() / 100 != 1) co_return error_code{};
    }
    co_return http::error::bad_status;
  }

  [[nodiscard]] bool body_matters() const { return !def_.expect_body.empty() || !json_.empty(); }

  [[nodiscard]] std::string wrong_in_body() const {
    if (!def_.expect_body.empty() && body_.find(def_.expect_body) == body_.npos) {
      return "without the expected text in the body";
    }
    if (json_.empty()) return {};
    if (!parser_->is_done()) return fmt::format("the body is longer than {} octets", kMaxBody);
    return json_.refuses(body_).value_or("");
  }

  // Read even when nobody asks for its text: a server that is cut off in the middle of its page reports an error.
  asio::awaitable<error_code> read_body() {
    std::array<char, kChunk> chunk;
    std::size_t total = 0;
    while (!parser_->is_done() && total < kMaxBody) {
      auto& body = parser_->get().body();
      body.data = chunk.data();
      body.size = chunk.size();
      auto [error, read] = co_await http::async_read_some(stream_, buffer_, *parser_, kAwait);
      const std::size_t got = chunk.size() - body.size;
      total += got;
      if (body_matters()) body_.append(chunk.data(), got);
      // Many servers end TLS without close_notify; a body that only the end of the connection ends is then complete.
      if (error == asio::ssl::error::stream_truncated && parser_->need_eof()) co_return error_code{};
      if (error && error != http::error::need_buffer) co_return error;
    }
    co_return error_code{};
  }

  ProbeResult malformed_or(const error_code& error) const {
    static const auto& kHttp = http::make_error_code(http::error::bad_version).category();
    if (error.category() == kHttp && error != http::error::end_of_stream && error != http::error::partial_message) {
      return failed(Fault::status, fmt::format("not a valid HTTP response: {}", error.message()));
    }
    return attempt_.failure(error);
  }

  Stream& stream_;
  Attempt& attempt_;
  const HttpProbe& def_;
  const JsonExpectation& json_;
  boost::beast::flat_buffer buffer_{kMaxHeader + kChunk};
  std::optional<Parser> parser_;
  std::string body_;
  bool heard_ = false;
};

// Nobody spoke on it since the last response, or hung up. An octet that is there already would be taken for the
// beginning of the next response; what TLS sends for itself (tickets) it tells apart itself.
bool is_quiet(const TlsConnection& connection) {
  char octet = 0;
  const auto got = ::recv(connection.socket->native_handle(), &octet, sizeof octet, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 ? errno == EAGAIN : got > 0 && connection.tls != nullptr;
}

class HttpGet final : public Probe {
 public:
  HttpGet(const Target& target, TlsContexts& tls, KeptCount& kept)
      : instance_(target.def),
        checks_(target.checks),
        def_(target.check().http),
        json_(def_.expect_json),
        kept_(kept, target.check().interval) {
    if (target.check().kind != CheckKind::https) return;
    const std::string host = def_.host.empty() ? target.def->host.str() : without_port(def_.host);
    tls_ = tls.choose(def_.tls_name.empty() ? host : def_.tls_name, def_.tls_skip_verify);
  }

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    if (attempt.ended()) co_return attempt.failure(asio::error::operation_aborted);
    auto request = build_request(def_, authority_of(instance_->host, attempt.target(), tls_ ? 443 : 80));
    if (!request) co_return not_probed(request.error());
    bool heard = false;
    if (auto open = kept_.take(attempt.target()); open && is_quiet(*open)) {
      attempt.adopt(std::move(open->socket));
      ProbeResult result = co_await ask(attempt, std::move(open->tls), *request, heard);
      if (heard || attempt.ended()) co_return result;
      attempt.close();  // it had ended before, which says nothing of the target: a new connection tells
    }
    kept_.renew();
    const error_code error = co_await attempt.connect();
    if (error) co_return attempt.failure(error);
    std::unique_ptr<TlsStream> stream;
    if (tls_) {
      stream = std::make_unique<TlsStream>(attempt.socket(), *tls_->context);
      const auto refused = co_await shake_hands(*stream, attempt, *tls_);
      if (refused) co_return *refused;
    }
    ProbeResult result = co_await ask(attempt, std::move(stream), *request, heard);
    co_return result;
  }

  void set_interval(Millis interval) override { kept_.set_interval(interval); }

 private:
  // `tls` is built on the attempt's socket; null = plain.
  asio::awaitable<ProbeResult> ask(Attempt& attempt, std::unique_ptr<TlsStream> tls, HttpRequest& request,
                                   bool& heard) {
    const bool stay = kept_.may_stay();
    request.keep_alive(stay);
    ProbeResult result;
    bool may_follow = false;
    if (tls) {
      Exchange<TlsStream> exchange(*tls, attempt, def_, json_);
      result = co_await exchange.run(request);
      heard = exchange.heard();
      may_follow = exchange.may_follow();
    } else {
      Exchange<asio::ip::tcp::socket> exchange(attempt.socket(), attempt, def_, json_);
      result = co_await exchange.run(request);
      heard = exchange.heard();
      may_follow = exchange.may_follow();
    }
    if (stay && may_follow && !attempt.ended()) {
      kept_.keep({attempt.release(), std::move(tls)}, attempt.target());
    }
    co_return result;
  }

  std::shared_ptr<const InstanceDef> instance_;
  std::shared_ptr<const std::vector<CheckDef>> checks_;  // keeps `def_` alive
  const HttpProbe& def_;
  JsonExpectation json_;
  std::optional<TlsChoice> tls_;  // unset = plain
  Kept<TlsConnection> kept_;
};

}  // namespace

std::unique_ptr<Probe> make_http_probe(const Target& target, TlsContexts& tls, KeptCount& kept) {
  return std::make_unique<HttpGet>(target, tls, kept);
}

}  // namespace registry::checks
