#include "dnsd/transfer/front.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <chrono>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/transfer/session.h"
#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

using wire::Rcode;

constexpr int kTaken = 16;  // messages in a row, before others have their turn on this thread

serve::ResponderOptions open_to_all(serve::ResponderOptions options) {
  options.allow_query.clear();
  options.zone_access.clear();
  return serve::without_limits(std::move(options));
}

Who who_is(const serve::Client& client) { return {client.address, client.v6, {}}; }

bool is_loopback(const Who& who) {
  static constexpr std::array<std::uint8_t, 16> kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return who.v6 ? who.address == kLoopback6 : who.address[0] == 127;
}

}  // namespace

Front::Front(boost::asio::io_context& io, Parts parts)
    : io_(io),
      parts_(std::move(parts)),
      responder_(parts_.table, parts_.responder),
      trusting_(parts_.table, open_to_all(parts_.responder)),
      waiting_(io, ::dup(parts_.handoff.descriptor())),
      buffer_(serve::Handoff::kBuffer),
      reply_buffer_(wire::MessageWriter::kMaxOctets) {}

Front::~Front() { stop(); }

void Front::set_rules(const serve::ResponderOptions& options, answers::Reclaimer& reclaimer) {
  responder_.set_rules(options, reclaimer);
  trusting_.set_rules(open_to_all(options), reclaimer);
}

void Front::configure(const Settings& settings) {
  settings_ = settings;
  parts_.handoff.set_open(!settings.empty());
}

void Front::start() { wait(); }

void Front::stop() {
  if (std::exchange(stopped_, true)) return;
  parts_.handoff.set_open(false);
  boost::system::error_code ignored;
  waiting_.close(ignored);
  for (const auto& session : std::exchange(sessions_, {})) session->close();
}

void Front::wait() {
  waiting_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error && !stopped_) take_some();
  });
}

void Front::take_some() {
  for (int i = 0; i < kTaken; ++i) {
    auto received = parts_.handoff.receive(buffer_);
    if (!received) return wait();
    if (received->connection) {
      take_connection(std::move(received->connection));
    } else {
      take_datagram(*received);
    }
  }
  wait();  // still readable: it is called again after what waits on this thread
}

void Front::take_datagram(const serve::Handoff::Received& received) {
  auto incoming = std::make_shared<Incoming>();
  incoming->octets.assign(received.packet.begin(), received.packet.end());
  incoming->client = received.client;
  const auto send = [this, socket = received.socket, peer = received.peer](const Octets& reply) {
    if (!stopped_ && !reply.empty()) serve::send_datagram(socket, peer, reply);
  };
  if (auto opened = open(*incoming); !opened) return send(opened.error());
  if (auto outgoing = transfer(*incoming)) {
    if (!*outgoing) return send(outgoing->error());
    auto message = (**outgoing).next();
    return message ? send(finished(*incoming, *std::move(message))) : void();
  }
  answer(*incoming, [send, incoming](const Octets& reply) { send(reply); });
}

void Front::take_connection(std::unique_ptr<serve::HandedConnection> connection) {
  auto& of_client = sessions_of_[connection->client.address];
  if (sessions_.size() >= kMaxSessions || of_client >= kMaxSessionsOfClient) {
    ++counts_.sessions_refused;  // it closes here
    if (of_client == 0) sessions_of_.erase(connection->client.address);
    return;
  }
  ++of_client;
  auto session = std::make_shared<Session>(*this, io_, std::move(connection));
  sessions_.insert(session);
  session->start();
}

void Front::forget(const std::shared_ptr<Session>& session) {
  if (sessions_.erase(session) == 0) return;
  const auto of_client = sessions_of_.find(session->client().address);
  if (--of_client->second == 0) sessions_of_.erase(of_client);
}

std::expected<void, Octets> Front::open(Incoming& incoming) {
  if (incoming.octets.size() < wire::kHeader) return std::unexpected(Octets{});
  auto message = wire::read_message(incoming.octets);
  if (!message) return std::unexpected(formerr(incoming.octets));
  incoming.message = *std::move(message);
  if (incoming.message.is_reply()) return std::unexpected(Octets{});  // none is due, or two servers would never stop
  incoming.who = who_is(incoming.client);
  const auto signature = tsig::find(incoming.message);
  if (!signature) return std::unexpected(reply_to(incoming.message, {.rcode = Rcode::formerr}));
  if (!*signature) return {};
  const auto error =
      incoming.stream.verify(incoming.octets, incoming.message, **signature, settings_.keys, seconds_now());
  if (error != tsig::Error::none) {
    ++counts_.bad_signatures;
    return std::unexpected(finished(incoming, reply_to(incoming.message, {.rcode = Rcode::notauth})));
  }
  incoming.who.key = incoming.stream.key()->name;
  return {};
}

Octets Front::finished(Incoming& incoming, Octets reply) const {
  if (!reply.empty()) incoming.stream.sign(reply, seconds_now());
  return reply;
}

std::optional<std::expected<Outgoing, Octets>> Front::transfer(Incoming& incoming) {
  const wire::Message& m = incoming.message;
  if (m.opcode() != kQuery || m.questions.size() != 1) return std::nullopt;
  const auto& question = m.questions.front();
  const bool axfr = question.type == wire::type::axfr;
  if ((!axfr && question.type != wire::type::ixfr) || question.klass != wire::klass::in) return std::nullopt;
  using Result = std::expected<Outgoing, Octets>;
  const auto refuse = [&](ReplyParts parts) -> Result {
    ++counts_.refused;
    return std::unexpected(finished(incoming, reply_to(m, parts)));
  };
  const std::string apex = wire::fold(question.name);
  const auto* zone = settings_.find(apex);
  if (zone == nullptr || !is_allowed(zone->allow_transfer, incoming.who))
    return refuse({.rcode = Rcode::refused, .ede = wire::ede::prohibited, .ede_text = "transfers are not allowed"});
  const auto content = parts_.catalog.find(apex);
  if (!content) return refuse({.rcode = Rcode::servfail, .ede = wire::ede::not_ready});
  const std::size_t overhead = incoming.stream.overhead();
  if (axfr) {
    if (!incoming.tcp) return refuse({.rcode = Rcode::formerr, .ede = wire::ede::other, .ede_text = "AXFR is for TCP"});
    ++counts_.axfr;
    return Result(Outgoing::whole(m, *content, overhead));
  }
  const auto soa = std::ranges::find(m.authority(), wire::type::soa, &wire::Record::type);  // RFC 1995 3
  if (soa == m.authority().end()) return refuse({.rcode = Rcode::formerr});
  ++counts_.ixfr;
  if (!incoming.tcp) return Result(Outgoing::soa_alone(m, *content, overhead));  // RFC 1995 2: then ask over TCP
  return Result(Outgoing::changes(m, *content, wire::soa_serial(soa->rdata), overhead));
}

void Front::answer(Incoming& incoming, Reply reply) {
  switch (incoming.message.opcode()) {
    case kNotify:
      ++counts_.notifies;
      return reply(finished(incoming, reply_to(incoming.message, {.rcode = answer_notify(incoming), .aa = true})));
    case kUpdate:
      ++counts_.updates;
      return answer_update(incoming, std::move(reply));
    case kQuery:
      return reply(finished(incoming, answer_query(incoming)));
    default:
      return reply(finished(incoming, reply_to(incoming.message, {.rcode = Rcode::notimp})));
  }
}

wire::Rcode Front::answer_notify(const Incoming& incoming) {
  const wire::Message& m = incoming.message;
  if (m.questions.size() != 1 || m.questions.front().type != wire::type::soa) return Rcode::formerr;
  std::optional<std::uint32_t> serial;
  for (const auto& r : m.answer()) {
    if (r.type == wire::type::soa) serial = wire::soa_serial(r.rdata);
  }
  return parts_.notified(wire::fold(m.questions.front().name), incoming.who, serial);
}

// An address can be forged in a datagram, so that one alone is believed over TCP, and from this host.
void Front::answer_update(Incoming& incoming, Reply reply) {
  const auto& questions = incoming.message.questions;
  const auto* zone = questions.size() == 1 ? settings_.find(wire::fold(questions.front().name)) : nullptr;
  const bool believed = incoming.tcp || !incoming.who.key.empty() || is_loopback(incoming.who);
  if (zone == nullptr || !believed || !is_allowed(zone->allow_update, incoming.who)) {
    ++counts_.refused;
    return reply(finished(incoming, reply_to(incoming.message, {.rcode = Rcode::refused,
                                                                .ede = wire::ede::prohibited,
                                                                .ede_text = "updates are not allowed"})));
  }
  parts_.update(incoming.message,
                [this, incoming = std::make_shared<Incoming>(incoming), reply = std::move(reply)](
                    ReplyParts parts) mutable { reply(finished(*incoming, reply_to(incoming->message, parts))); });
}

// A query like any other, but for its signature, which the responder does not see.
Octets Front::answer_query(Incoming& incoming) {
  const bool is_signed = incoming.stream.key() != nullptr;
  Octets packet = incoming.octets;
  if (is_signed) {
    packet.resize(incoming.message.last_at);
    wire::put16(packet.data() + 10, static_cast<std::uint16_t>(wire::get16(packet.data() + 10) - 1));
  }
  auto& responder = is_signed ? trusting_ : responder_;
  const serve::Request request{packet, incoming.client, incoming.tcp ? serve::Transport::tcp : serve::Transport::udp};
  serve::Reply reply{reply_buffer_};
  responder.respond({&request, 1}, {&reply, 1}, {answers::ticks_now(), seconds_now()});
  Octets out(reply_buffer_.begin(), reply_buffer_.begin() + static_cast<std::ptrdiff_t>(reply.size));
  if (out.empty() || !is_signed) return out;
  // 1232 octets pass everywhere with 100 more; over TCP the message's own length is the bound.
  if (out.size() + incoming.stream.overhead() <= wire::MessageWriter::kMaxOctets) return out;
  auto empty = reply_to(incoming.message, {});
  empty[2] |= 2;  // TC
  return empty;
}

}  // namespace dnsd::transfer
