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
  TlsConnect(std::string name, asio::ssl::context& context) : name_(std::move(name)), context_(context) {}

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    const auto error = co_await attempt.connect();
    if (error) co_return attempt.failure(error);
    TlsStream stream(attempt.socket(), context_);
    const auto refused = co_await shake_hands(stream, attempt, name_, false);
    if (refused) co_return *refused;
    co_return passed("connected with TLS");
  }

 private:
  std::string name_;
  asio::ssl::context& context_;
};

}  // namespace

std::unique_ptr<Probe> make_tcp_probe(const Target& target, TlsContexts& tls) {
  if (target.check().tcp.tls) return std::make_unique<TlsConnect>(target.def->host.str(), tls.trusting());
  return std::make_unique<TcpConnect>();
}

std::unique_ptr<Probe> make_probe(const Target& target, TlsContexts& tls, KeptCount& kept) {
  const CheckKind kind = target.check().kind;
  return kind == CheckKind::tcp ? make_tcp_probe(target, tls) : make_http_probe(target, tls, kept);
}

}  // namespace registry::checks
