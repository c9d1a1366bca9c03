#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <expected>

#include "registry/checks/kept_connection.h"
#include "registry/checks/outcome.h"
#include "registry/checks/probe.h"
#include "registry/checks/tls.h"
#include "registry/text.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::uint32_t kMaxHeader = 8 * 1024;
constexpr std::size_t kMaxBody = 64 * 1024;  // a health page; what follows is not read
constexpr std::size_t kChunk = 4 * 1024;
constexpr int kMaxInformational = 4;  // 1xx responses before the real one (RFC 9110 15.2)

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

using Request = http::request<http::empty_body>;

bool is_plain(std::string_view text, char lowest) {
  return std::ranges::all_of(text, [lowest](char c) {
    const auto octet = static_cast<std::uint8_t>(c);
    return (octet >= static_cast<std::uint8_t>(lowest) && octet != 0x7f) || c == '\t';
  });
}

// The request as the definition has it, or why it cannot be sent: nothing of a definition may begin a line of its own.
std::expected<Request, std::string> build_request(const HttpProbe& def, const std::string& authority) {
  if (!is_token(def.method)) return std::unexpected("the method is not a token");
  if (!def.path.starts_with('/') || !is_plain(def.path, '!') || def.path.find('\t') != def.path.npos) {
    return std::unexpected("the path does not begin with / or holds a space");
  }
  Request request;
  request.version(11);
  request.method_string(def.method);
  request.target(def.path);
  const std::string& host = def.host.empty() ? authority : def.host;
  if (!is_plain(host, '!')) return std::unexpected("the host holds a space or a control character");
  request.set(http::field::host, host);
  request.set(http::field::user_agent, "dnsd-check");
  request.set(http::field::accept, "*/*");
  for (const auto& [name, value] : def.headers) {
    if (!is_token(name) || !is_plain(value, ' '))
      return std::unexpected(fmt::format("header \"{}\" is malformed", name));
    request.set(name, value);
  }
  for (const auto framing : {http::field::content_length, http::field::transfer_encoding, http::field::connection}) {
    request.erase(framing);  // ours: there is no body, and whether another request follows is not theirs to say
  }
  request.prepare_payload();
  return request;
}

// "10.0.0.9:8080" or "[::1]"; for an instance with a host name that name. The scheme's own port is left out.
std::string authority_of(const std::string& host_name, const asio::ip::tcp::endpoint& target,
                         std::uint16_t default_port) {
  const auto& address = target.address();
  std::string host = !host_name.empty() ? host_name
                     : address.is_v6()  ? fmt::format("[{}]", address.to_string())
                                        : address.to_string();
  if (target.port() != default_port) host += fmt::format(":{}", target.port());
  return host;
}

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
  Exchange(Stream& stream, Attempt& attempt, const HttpProbe& def) : stream_(stream), attempt_(attempt), def_(def) {}

  asio::awaitable<ProbeResult> run(const Request& request) {
    auto [write_error, written] = co_await http::async_write(stream_, request, kAwait);
    if (write_error) co_return attempt_.failure(write_error);
    const error_code error = co_await read_header(request.method() == http::verb::head);
    if (error) co_return malformed_or(error);
    ProbeResult result = judge(def_, static_cast<int>(parser_->get().result_int()));
    const error_code cut = co_await read_body();
    if (result.verdict == Verdict::failed) co_return result;
    if (cut) co_return malformed_or(cut);
    if (!def_.expect_body.empty() && body_.find(def_.expect_body) == body_.npos) {
      co_return failed(Fault::body, fmt::format("{}, without the expected text in the body", result.output));
    }
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
      if (!def_.expect_body.empty()) body_.append(chunk.data(), got);
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
  boost::beast::flat_buffer buffer_{kMaxHeader + kChunk};
  std::optional<Parser> parser_;
  std::string body_;
  bool heard_ = false;
};

std::string without_port(const std::string& host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

class HttpGet final : public Probe {
 public:
  HttpGet(const Target& target, TlsContexts& tls, KeptCount& kept)
      : instance_(target.def),
        checks_(target.checks),
        def_(target.check().http),
        kept_(kept, target.check().kind == CheckKind::http ? target.check().interval : Millis::max()) {
    if (target.check().kind != CheckKind::https) return;
    verify_ = !def_.tls_skip_verify;
    context_ = verify_ ? &tls.verifying() : &tls.trusting();
    name_ = def_.host.empty() ? target.def->host.str() : without_port(def_.host);
  }

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    auto request =
        build_request(def_, authority_of(instance_->host.str(), attempt.target(), context_ != nullptr ? 443 : 80));
    if (!request) co_return not_probed(request.error());
    if (auto open = kept_.take(attempt.target())) {
      attempt.adopt(*std::move(open));
      bool heard = false;
      ProbeResult result = co_await ask_plainly(attempt, *request, heard);
      if (heard || attempt.ended()) co_return result;
      attempt.close();  // it had ended before, which says nothing of the target: a new connection tells
    }
    kept_.renew();
    const error_code error = co_await attempt.connect();
    if (error) co_return attempt.failure(error);
    if (context_ != nullptr) {
      ProbeResult result = co_await ask_over_tls(attempt, *request);
      co_return result;
    }
    bool heard = false;
    ProbeResult result = co_await ask_plainly(attempt, *request, heard);
    co_return result;
  }

 private:
  asio::awaitable<ProbeResult> ask_plainly(Attempt& attempt, Request& request, bool& heard) {
    const bool stay = kept_.may_stay();
    request.keep_alive(stay);
    Exchange<asio::ip::tcp::socket> exchange(attempt.socket(), attempt, def_);
    ProbeResult result = co_await exchange.run(request);
    heard = exchange.heard();
    if (stay && exchange.may_follow() && !attempt.ended()) kept_.keep(attempt.release(), attempt.target());
    co_return result;
  }

  asio::awaitable<ProbeResult> ask_over_tls(Attempt& attempt, Request& request) {
    TlsStream stream(attempt.socket(), *context_);
    const auto refused = co_await shake_hands(stream, attempt, name_, verify_);
    if (refused) co_return *refused;
    request.keep_alive(false);
    Exchange<TlsStream> exchange(stream, attempt, def_);
    ProbeResult result = co_await exchange.run(request);
    co_return result;
  }

  std::shared_ptr<const InstanceDef> instance_;
  std::shared_ptr<const std::vector<CheckDef>> checks_;  // keeps `def_` alive
  const HttpProbe& def_;
  asio::ssl::context* context_ = nullptr;  // null = plain
  std::string name_;                       // SNI and the certificate's name
  bool verify_ = false;
  KeptConnection kept_;
};

}  // namespace

std::unique_ptr<Probe> make_http_probe(const Target& target, TlsContexts& tls, KeptCount& kept) {
  return std::make_unique<HttpGet>(target, tls, kept);
}

}  // namespace registry::checks
