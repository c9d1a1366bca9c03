#include "dnsd/transfer/notifier.h"

#include <boost/asio/buffer.hpp>

#include <algorithm>
#include <utility>

namespace dnsd::transfer {
namespace {

using namespace std::chrono_literals;
namespace asio = boost::asio;

}  // namespace

Notifier::Notifier(asio::io_context& io, std::vector<std::string> sources) : io_(io), sources_(std::move(sources)) {}
Notifier::~Notifier() = default;

void Notifier::stop() {
  zones_.clear();
  for (auto& [local, socket] : sockets_) {
    boost::system::error_code ignored;
    socket->socket.close(ignored);
  }
}

void Notifier::configure(const Settings& settings) {
  keys_ = settings.keys;
  auto before = std::exchange(zones_, {});
  for (const auto& [apex, zone] : settings.zones) {
    if (zone.notify.empty()) continue;
    auto& made = zones_[apex];
    if (const auto old = before.find(apex); old != before.end() && old->second->peers == zone.notify) {
      made = std::move(old->second);
      continue;
    }
    made = std::make_shared<Zone>(io_);
    made->peers = zone.notify;
    for (const Peer& peer : zone.notify) {
      boost::system::error_code error;
      const auto address = asio::ip::make_address(peer.address, error);
      if (error) continue;  // the configuration accepts addresses only
      auto target = std::make_shared<Target>(io_);
      target->to = {address, peer.port};
      target->key = peer.key;
      made->targets.push_back(std::move(target));
    }
  }
}

std::vector<std::string> Notifier::untold() const {
  std::vector<std::string> out;
  for (const auto& [apex, zone] : zones_) {
    if (zone->last == std::chrono::steady_clock::time_point{}) out.push_back(apex);
  }
  return out;
}

void Notifier::changed(const std::string& apex) {
  const auto at = zones_.find(apex);
  if (at == zones_.end() || at->second->waits) return;
  Zone& zone = *at->second;
  constexpr auto gap = 1000ms / kPerSecond;
  const auto next = zone.last + gap;
  if (std::chrono::steady_clock::now() >= next) return tell_all(apex, zone);
  zone.waits = true;
  zone.timer.expires_at(next);
  zone.timer.async_wait([this, apex, weak = std::weak_ptr(at->second)](const boost::system::error_code& error) {
    const auto still = weak.lock();
    if (error || !still) return;
    still->waits = false;
    tell_all(apex, *still);
  });
}

void Notifier::tell_all(const std::string& apex, Zone& zone) {
  zone.last = std::chrono::steady_clock::now();
  for (auto& target : zone.targets) {
    target->tries = 0;
    tell(apex, target);
  }
}

// The zone's SOA is not sent along (it is a hint only, RFC 1996 3.7): the secondary asks for it anyway.
void Notifier::tell(const std::string& apex, const std::shared_ptr<Target>& to_tell) {
  Target& target = *to_tell;
  target.timer.cancel();
  if (target.tries == kTries) {
    target.tries = 0;
    ++counts_.given_up;
    return;
  }
  target.id = random_id();
  wire::MessageWriter writer(target.id, kNotify << 11 | 0x0400);
  (void)writer.put_question(apex, wire::type::soa, wire::klass::in);
  Octets message = writer.take();
  target.stream = {};
  if (!target.key.empty()) {
    const auto key = keys_.find(target.key);
    if (key == keys_.end()) return;
    target.stream.sign_request(message, key->second, seconds_now());
  }
  if (Socket* socket = socket_for(target.to)) {
    boost::system::error_code ignored;  // a target that cannot be reached now is tried again
    socket->socket.send_to(asio::buffer(message), target.to, 0, ignored);
    ++counts_.sent;
  }
  target.timer.expires_after(1s * (1 << target.tries++));
  // A timer that ran out is not called back by cancel(): what it was for may be over by now.
  target.timer.async_wait(
      [this, apex, weak = std::weak_ptr(to_tell), id = target.id](const boost::system::error_code& error) {
        const auto still = weak.lock();
        if (!error && still && still->id == id && still->tries != 0) tell(apex, still);
      });
}

Notifier::Socket* Notifier::socket_for(const Udp::endpoint& to) {
  Udp::endpoint local(to.address().is_v6() ? Udp::v6() : Udp::v4(), 0);
  for (const std::string& text : sources_) {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(text, error);
    if (error || address.is_unspecified() || address.is_v6() != to.address().is_v6()) continue;
    if (address.is_loopback() != to.address().is_loopback()) continue;
    local.address(address);
    break;
  }
  auto& socket = sockets_[local];
  if (socket) return socket.get();
  auto made = std::make_unique<Socket>(io_);
  boost::system::error_code error;
  made->socket.open(local.protocol(), error);
  if (!error) made->socket.bind(local, error);
  if (!error) made->socket.non_blocking(true, error);
  if (error) {
    sockets_.erase(local);
    return nullptr;
  }
  socket = std::move(made);
  receive(*socket);
  return socket.get();
}

void Notifier::receive(Socket& socket) {
  socket.socket.async_receive_from(
      asio::buffer(socket.buffer), socket.from,
      [this, &socket](const boost::system::error_code& error, std::size_t size) {
        if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return;
        // Others tell that nobody listens there (ECONNREFUSED): the retry is under way.
        if (!error) answered(socket.from, {socket.buffer.data(), size});
        receive(socket);
      });
}

// Whatever the reply's rcode: the secondary heard us. REFUSED will not become better by telling again.
void Notifier::answered(const Udp::endpoint& from, std::span<const std::uint8_t> octets) {
  const auto message = wire::read_message(octets);
  if (!message || !message->is_reply() || message->opcode() != kNotify || message->questions.size() != 1) return;
  const auto zone = zones_.find(wire::fold(message->questions.front().name));
  if (zone == zones_.end()) return;
  for (auto& target : zone->second->targets) {
    if (target->to != from || target->id != message->id || target->tries == 0) continue;
    if (!target->key.empty() && target->stream.verify_reply(octets, *message, seconds_now())) continue;
    target->tries = 0;
    target->timer.cancel();
    ++counts_.answered;
  }
}

}  // namespace dnsd::transfer
