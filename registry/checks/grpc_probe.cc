#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <optional>

#include "registry/checks/grpc_session.h"
#include "registry/checks/http_request.h"
#include "registry/checks/kept.h"
#include "registry/checks/outcome.h"
#include "registry/checks/probe.h"
#include "registry/checks/tls.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kReadAtOnce = 4 * 1024;

struct GrpcConnection {
  TlsConnection transport;
  std::unique_ptr<GrpcSession> session;
};

// Carries octets between the session and the stream until the answer is there.
template <class Stream>
asio::awaitable<std::optional<ProbeResult>> converse(Stream& stream, GrpcSession& session, Attempt& attempt) {
  std::array<char, kReadAtOnce> chunk;
  for (;;) {
    const std::string output = session.take_output();
    if (!output.empty()) {
      auto [error, written] = co_await asio::async_write(stream, asio::buffer(output), kAwait);
      if (error) co_return attempt.failure(error);
    }
    if (session.answered()) co_return std::nullopt;
    if (session.over()) co_return failed(Fault::status, "not a valid HTTP/2 reply");
    auto [error, read] = co_await stream.async_read_some(asio::buffer(chunk), kAwait);
    if (error) co_return attempt.failure(error);
    if (!session.receive({chunk.data(), read})) co_return failed(Fault::status, "not a valid HTTP/2 reply");
  }
}

class GrpcCheck final : public Probe {
 public:
  GrpcCheck(const Target& target, TlsContexts& tls, KeptCount& kept)
      : instance_(target.def), checks_(target.checks), def_(target.check().grpc), kept_(kept, target.check().interval) {
    if (!def_.tls) return;
    const std::string host = def_.host.empty() ? target.def->host.str() : without_port(def_.host);
    tls_ = tls.choose(def_.tls_name.empty() ? host : def_.tls_name, def_.tls_skip_verify, "h2");
  }

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    if (attempt.ended()) co_return attempt.failure(asio::error::operation_aborted);
    if (!is_plain(def_.host, '!')) co_return not_probed("the host holds a space or a control character");
    bool told = false;
    if (auto open = kept_.take(attempt.target())) {
      attempt.adopt(std::move(open->transport.socket));
      ProbeResult result = co_await ask(attempt, std::move(open->transport.tls), std::move(open->session), told);
      if (told || attempt.ended()) co_return result;
      attempt.close();  // an old connection may end at any time, which says nothing of the target: a new one tells
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
    ProbeResult result = co_await ask(attempt, std::move(stream), std::make_unique<GrpcSession>(), told);
    co_return result;
  }

  void set_interval(Millis interval) override { kept_.set_interval(interval); }

 private:
  asio::awaitable<ProbeResult> ask(Attempt& attempt, std::unique_ptr<TlsStream> tls,
                                   std::unique_ptr<GrpcSession> session, bool& told) {
    std::string authority =
        def_.host.empty() ? authority_of(instance_->host, attempt.target(), tls ? 443 : 80) : def_.host;
    session->ask({std::move(authority), tls ? "https" : "http", def_.service, attempt.timeout()});
    std::optional<ProbeResult> broken;
    if (tls) {
      broken = co_await converse(*tls, *session, attempt);
    } else {
      broken = co_await converse(attempt.socket(), *session, attempt);
    }
    told = session->ended_well();
    if (broken) co_return *broken;
    ProbeResult result = session->result();
    if (kept_.may_stay() && session->may_follow() && !attempt.ended()) {
      kept_.keep({{attempt.release(), std::move(tls)}, std::move(session)}, attempt.target());
    }
    co_return result;
  }

  std::shared_ptr<const InstanceDef> instance_;
  std::shared_ptr<const std::vector<CheckDef>> checks_;  // keeps `def_` alive
  const GrpcProbe& def_;
  std::optional<TlsChoice> tls_;  // unset = plain
  Kept<GrpcConnection> kept_;
};

}  // namespace

std::unique_ptr<Probe> make_grpc_probe(const Target& target, TlsContexts& tls, KeptCount& kept) {
  return std::make_unique<GrpcCheck>(target, tls, kept);
}

}  // namespace registry::checks
