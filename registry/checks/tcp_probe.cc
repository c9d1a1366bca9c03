#include "registry/checks/outcome.h"
#include "registry/checks/probe.h"
#include "registry/checks/tls.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;

class TcpConnect final : public Probe {
 public:
  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    const auto error = co_await attempt.connect();
    if (error) co_return attempt.failure(error);
    co_return passed("connected");
  }
};

class TlsConnect final : public Probe {
 public:
  explicit TlsConnect(TlsChoice choice) : choice_(std::move(choice)) {}

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    const auto error = co_await attempt.connect();
    if (error) co_return attempt.failure(error);
    TlsStream stream(attempt.socket(), *choice_.context);
    const auto refused = co_await shake_hands(stream, attempt, choice_);
    if (refused) co_return *refused;
    co_return passed("connected with TLS");
  }

 private:
  TlsChoice choice_;
};

}  // namespace

std::unique_ptr<Probe> make_tcp_probe(const Target& target, TlsContexts& tls) {
  if (target.check().tcp.tls) return std::make_unique<TlsConnect>(tls.choose(target.def->host.str(), true));
  return std::make_unique<TcpConnect>();
}

}  // namespace registry::checks
