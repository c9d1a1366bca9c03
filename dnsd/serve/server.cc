#include "dnsd/serve/server.h"

#include <deque>

#include "dnsd/serve/handoff.h"
#include "dnsd/serve/listeners.h"

namespace dnsd::serve {
namespace {

void call_responder(void* context, std::span<const Request> requests, std::span<Reply> replies,
                    BatchTime time) noexcept {
  static_cast<Responder*>(context)->respond(requests, replies, time);
}

template <std::size_t N>
void add(std::array<std::uint64_t, N>& to, const std::array<std::atomic<std::uint64_t>, N>& from) {
  for (std::size_t i = 0; i < N; ++i) to[i] += from[i].load(std::memory_order_relaxed);
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions o, const answers::Table& t, answers::Reclaimer& r)
      : options(std::move(o)),
        table(t),
        reclaimer(r),
        listeners(
            options, [this] { return make_handler(); }, r) {}

  BatchHandler make_handler() {
    if (options.handoff != nullptr) options.responder.hand_over = &options.handoff->open();
    return {call_responder, &responders.emplace_back(table, options.responder), options.handoff, options.forwarding};
  }

  ServerOptions options;
  const answers::Table& table;
  answers::Reclaimer& reclaimer;
  std::deque<Responder> responders;  // one per worker, never moved; made by open(), they outlive the workers
  Listeners listeners;
};

Server::Server(ServerOptions options, const answers::Table& table, answers::Reclaimer& reclaimer)
    : impl_(std::make_unique<Impl>(std::move(options), table, reclaimer)) {}
Server::~Server() = default;

std::expected<void, std::string> Server::open() { return impl_->listeners.open(); }
const std::vector<Endpoint>& Server::endpoints() const { return impl_->listeners.endpoints(); }
const std::vector<Endpoint>& Server::proxy_endpoints() const { return impl_->listeners.proxy_endpoints(); }
void Server::set_rules(const ResponderOptions& options) {
  for (auto& responder : impl_->responders) responder.set_rules(options, impl_->reclaimer);
}
void Server::start() { impl_->listeners.start(); }
void Server::stop() { impl_->listeners.stop(); }

Server::Stats Server::stats() const {
  Stats sum;
  for (const auto& responder : impl_->responders) {
    const auto& c = responder.counters();
    const auto read = [](const std::atomic<std::uint64_t>& counter) { return counter.load(std::memory_order_relaxed); };
    sum.udp_requests += read(c.requests[static_cast<std::size_t>(Transport::udp)]);
    sum.tcp_requests += read(c.requests[static_cast<std::size_t>(Transport::tcp)]);
    sum.dropped += read(c.dropped);
    sum.truncated += read(c.truncated);
    sum.fail_open += read(c.fail_open);
    sum.rate_dropped += read(c.rate_dropped);
    sum.rate_slipped += read(c.rate_slipped);
    sum.bytes_out += read(c.bytes_out);
    add(sum.rcodes, c.rcodes);
    add(sum.types, c.types);
  }
  const auto io = impl_->listeners.counts();
  sum.dropped += io.dropped;
  sum.socket_drops = io.socket_drops;
  sum.tcp_open = io.tcp_open;
  sum.tcp_accepted = io.tcp_accepted;
  sum.tcp_closed_idle = io.tcp_closed_idle;
  sum.tcp_refused = io.tcp_refused;
  sum.proxy_refused = io.proxy_refused;
  sum.late = io.late;
  return sum;
}

}  // namespace dnsd::serve
