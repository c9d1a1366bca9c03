#include "dnsd/self_probe.h"

#include <utility>

namespace dnsd {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

struct SelfProbe::Round : std::enable_shared_from_this<Round> {
  Round(SelfProbe& owner, asio::io_context& io) : self(&owner), timer(io) {}

  void ask(const tcp::endpoint& endpoint) {
    auto& socket = sockets.emplace_back(timer.get_executor());
    ++open;
    socket.async_connect(endpoint, [round = shared_from_this()](error_code error) { round->answered(error); });
  }
  void answered(error_code error) {
    failed = failed || error;
    if (--open == 0) done();
  }
  void done() {
    timer.cancel();
    if (auto* const owner = std::exchange(self, nullptr)) owner->finish(*this);
  }
  void close() {
    self = nullptr;
    timer.cancel();
    error_code ignored;
    for (auto& socket : sockets) socket.close(ignored);
  }

  SelfProbe* self;  // null: nobody waits for it any more
  asio::steady_timer timer;
  std::vector<tcp::socket> sockets;
  std::size_t open = 0;
  bool failed = false;
  bool late = false;
};

SelfProbe::SelfProbe(asio::io_context& io, Options options, std::vector<Endpoint> listening,
                     std::function<void(bool)> report)
    : io_(io), options_(options), listening_(std::move(listening)), report_(std::move(report)), timer_(io) {}

SelfProbe::~SelfProbe() { stop(); }

void SelfProbe::start() { begin(); }

void SelfProbe::stop() {
  timer_.cancel();
  if (round_) round_->close();
  round_.reset();
}

void SelfProbe::begin() {
  timer_.expires_after(options_.interval);
  timer_.async_wait([this](error_code error) {
    if (!error) begin();
  });
  if (round_) return;
  const auto here = links();
  if (lost_.look(here, Clock::now())) return report_(true);

  const auto own = addresses_of(here);
  round_ = std::make_shared<Round>(*this, io_);
  const auto round = round_;
  round->sockets.reserve(listening_.size() * (own.size() + 1));
  round->open = 1;  // until all are asked
  for (const auto& endpoint : listening_) {
    if (!endpoint.address().is_unspecified()) {
      round->ask(endpoint);
      continue;
    }
    for (const auto& address : own) {
      if (address.is_v4() || endpoint.address().is_v6()) round->ask({address, endpoint.port()});
    }
  }
  round->timer.expires_after(options_.timeout);
  round->timer.async_wait([round, due = Clock::now() + options_.timeout, slack = options_.timeout / 2](error_code e) {
    if (e) return;
    // This thread did not run for long: the answers may be waiting behind us.
    round->late = Clock::now() > due + slack;
    round->failed = true;
    round->done();
  });
  round->answered({});
}

void SelfProbe::finish(Round& round) {
  const bool tells = !round.late;
  const bool failed = round.failed;
  round.close();
  round_.reset();
  if (tells) report_(failed);
}

}  // namespace dnsd
