#include "dnsd/self_probe.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

namespace dnsd {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

namespace {

std::optional<asio::ip::address> address_of(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof v4);
    return asio::ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, &address, sizeof v6);
  asio::ip::address_v6::bytes_type octets;
  std::memcpy(octets.data(), v6.sin6_addr.s6_addr, octets.size());
  return asio::ip::address_v6(octets);
}

bool reachable_by_others(const asio::ip::address& address) {
  if (address.is_loopback()) return false;
  return !address.is_v6() || !address.to_v6().is_link_local();
}

}  // namespace

std::vector<asio::ip::address> own_addresses() {
  std::vector<asio::ip::address> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  constexpr unsigned kWanted = IFF_UP | IFF_RUNNING;  // RUNNING: the link is there
  for (const ifaddrs* each = list; each != nullptr && out.size() < kMaxOwnAddresses; each = each->ifa_next) {
    if (each->ifa_addr == nullptr || (each->ifa_flags & kWanted) != kWanted) continue;
    const auto address = address_of(*each->ifa_addr);
    if (address && reachable_by_others(*address)) out.push_back(*address);
  }
  return out;
}

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
  const auto own = own_addresses();
  had_link_ = had_link_ || !own.empty();
  if (had_link_ && own.empty()) return report_(true);

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
