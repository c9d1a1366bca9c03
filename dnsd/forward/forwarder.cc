#include "dnsd/forward/forwarder.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <utility>

#include "dnsd/answers/ticks.h"
#include "dnsd/forward/chain.h"
#include "dnsd/forward/session.h"
#include "dnsd/serve/cookie.h"
#include "dnsd/serve/sockets.h"

namespace dnsd::forward {
namespace {

constexpr int kTaken = 64;  // messages in a row, before replies have their turn
constexpr std::size_t kMessage = 65'535;

std::uint64_t random_key() {
  std::uint64_t key = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&key), sizeof key);
  return key;
}

std::uint64_t wall_seconds() {
  timespec now;
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec);
}

serve::ResponderOptions forwarding(serve::ResponderOptions options) {
  options.forwards = true;
  return serve::without_limits(std::move(options));
}

bool is_loopback(const serve::Client& client) {
  constexpr std::array<std::uint8_t, 16> kLoopback6{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return client.v6 ? client.address == kLoopback6 : client.address[0] == 127;
}

std::vector<serve::Client> addresses_of(const std::vector<std::string>& upstreams) {
  std::vector<serve::Client> out;
  for (const auto& text : upstreams) {
    const auto colon = text.rfind(':');
    const bool brackets = text.starts_with('[');
    const auto host = brackets ? text.substr(1, colon - 2) : text.substr(0, colon);
    const auto address = serve::to_socket_address({host, 0});
    if (!address) continue;
    if (const auto client = serve::to_client(address->storage); !is_loopback(client)) out.push_back(client);
  }
  return out;
}

}  // namespace

// A question of a client's, with what its reply repeats.
struct Forwarder::Asked {
  std::vector<std::uint8_t> packet;
  wire::Query query;                           // points into `packet`
  std::optional<wire::Message> ours;           // our part of a chain of aliases
  std::chrono::steady_clock::time_point made;  // when that was an answer
  Question question;                           // for the upstream: the name asked, or where the chain ends
  serve::Client client;
  serve::Transport transport = serve::Transport::udp;
  Send send;
};

Forwarder::Forwarder(Settings settings, Parts parts)
    : settings_(std::move(settings)),
      parts_(std::move(parts)),
      upstream_addresses_(addresses_of(settings_.upstreams)),
      reader_(parts_.reclaimer.add_reader()),
      responder_(parts_.table, forwarding(parts_.responder)),
      cookie_secret_(parts_.responder.cookie_secrets.secret[0]),
      waiting_(io_, ::dup(handoff_.descriptor())),
      in_(serve::Handoff::kBuffer),
      out_(kMessage),
      cache_(settings_.cache_size, random_key()),
      asker_(io_, settings_),
      lookups_(
          settings_.upstreams.size(), settings_.tries,
          [this](std::size_t upstream, const Question& question, std::move_only_function<void(Outcome)> done) {
            asker_.ask(upstream, question, std::move(done));
          },
          cache_, random_key(), [] { return std::chrono::steady_clock::now(); }) {}

Forwarder::~Forwarder() { stop(); }

void Forwarder::start() {
  wait();
  publish_stats();
  sigset_t all, before;  // signals are the control thread's
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { io_.run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  ::pthread_setname_np(thread_.native_handle(), "dns-forward");
}

void Forwarder::set_rules(const serve::ResponderOptions& options) {
  responder_.set_rules(options, parts_.reclaimer);
  boost::asio::post(io_, [this, secret = options.cookie_secrets.secret[0]] { cookie_secret_ = secret; });
}

// Questions under way are lost, as datagrams may be: their clients ask the next server, or us after a restart.
void Forwarder::stop() {
  if (!thread_.joinable()) return;
  io_.stop();
  thread_.join();
  for (const auto& session : std::exchange(sessions_, {})) session->close();
}

void Forwarder::wait() {
  waiting_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) take_some();
  });
}

void Forwarder::take_some() {
  for (int i = 0; i < kTaken; ++i) {
    auto received = handoff_.receive(in_);
    if (!received) break;
    if (received->connection) {
      take_connection(std::move(received->connection));
      continue;
    }
    answer(received->packet, received->client, serve::Transport::udp,
           [socket = received->socket, peer = received->peer](std::span<const std::uint8_t> octets) {
             if (!octets.empty()) serve::send_datagram(socket, peer, octets);
           });
  }
  publish_stats();
  wait();  // still readable: it is called again after what waits on this thread
}

void Forwarder::take_connection(std::unique_ptr<serve::HandedConnection> connection) {
  if (sessions_.size() >= kMaxSessions) {
    ++sessions_refused_;  // it closes here
    return;
  }
  const auto session = std::make_shared<Session>(*this, io_, std::move(connection));
  sessions_.insert(session);
  session->start();
}

void Forwarder::forget(const std::shared_ptr<Session>& session) { sessions_.erase(session); }

// The workers' own code decides: what is in our zones (on a connection that was handed over, or since a moment ago) is
// answered here and now.
void Forwarder::answer(std::span<const std::uint8_t> packet, const serve::Client& client, serve::Transport transport,
                       Send send) {
  const serve::Reply reply = respond(packet, client, transport);
  if (reply.hand_over != serve::Handover::forwarding) return send(std::span(out_).first(reply.size));
  auto asked = std::make_unique<Asked>();
  asked->packet.assign(packet.begin(), packet.end());
  asked->client = client;
  asked->transport = transport;
  asked->send = std::move(send);
  (void)wire::parse(asked->packet, asked->query);  // as the responder did
  asked->question = question_of(asked->query, asked->packet);
  if (reply.size != 0 && !follow(*asked)) return asked->send(std::span(out_).first(reply.size));
  const From from = is_upstream(asked->client) ? From::upstream : From::client;
  const Question question = asked->question;
  lookups_.resolve(question, from, [this, asked = std::move(asked)](const Said& said, seconds age) {
    say(*asked, said, age);
    publish_stats();
  });
}

serve::Reply Forwarder::respond(std::span<const std::uint8_t> packet, const serve::Client& client,
                                serve::Transport transport) {
  const serve::Request request{packet, client, transport};
  serve::Reply reply{out_};
  parts_.reclaimer.online(reader_);
  responder_.respond({&request, 1}, {&reply, 1}, {answers::ticks_now(), wall_seconds()});
  answers::Reclaimer::offline(reader_);
  return reply;
}

// Our part of the chain, whole. False: it does not leave our zones any more.
bool Forwarder::follow(Asked& asked) {
  const serve::Reply reply = respond(asked.packet, asked.client, serve::Transport::tcp);
  if (reply.hand_over != serve::Handover::forwarding || reply.size == 0) return false;
  asked.ours = wire::read_message(std::span(out_).first(reply.size));
  asked.made = std::chrono::steady_clock::now();
  const auto end = asked.ours ? end_of_chain(*asked.ours, asked.question) : std::nullopt;
  if (end) asked.question = *end;
  return end.has_value();
}

void Forwarder::say(Asked& asked, const Said& said, seconds age) {
  const auto& options = parts_.responder;
  const auto& query = asked.query;
  const bool tcp = asked.transport == serve::Transport::tcp;
  Recipient to{.query = query, .checking_disabled = checking_disabled(asked.packet)};
  to.limit = tcp ? kMessage : query.edns ? std::min<std::size_t>(query.udp_size, options.udp_size) : 512;
  to.edns.udp_size = options.udp_size;
  to.edns.dnssec_ok = query.dnssec_ok;
  to.edns.nsid = options.nsid;
  to.edns.ecs = query.has_ecs;  // never sent on: scope 0
  if (tcp) to.edns.keepalive = options.tcp_idle_deciseconds;
  serve::Cookie cookie;
  if (query.client_cookie != nullptr && options.cookies != serve::CookiePolicy::off) {
    cookie = serve::make_cookie(query.client_cookie, static_cast<std::uint32_t>(wall_seconds()),
                                {asked.client.address.data(), asked.client.v6 ? 16U : 4U}, cookie_secret_);
    to.edns.cookie = cookie.data();
  }
  if (asked.ours) {
    // While the upstream was asked our records grew older: a drain counts from when they were read. Two tenths of a
    // second are within its measure, and an answer out of the cache keeps its TTL.
    const auto waited = std::chrono::steady_clock::now() - asked.made - std::chrono::milliseconds(200);
    const auto ours_age = std::max(seconds(0), std::chrono::ceil<seconds>(waited));
    return asked.send(write_chain(*asked.ours, ours_age, asked.question, said, age, to));
  }
  asked.send(std::span(out_).first(write_reply(said, age, to, out_)));
}

bool Forwarder::is_upstream(const serve::Client& client) const {
  return std::ranges::any_of(upstream_addresses_, [&](const serve::Client& upstream) {
    return upstream.v6 == client.v6 && upstream.address == client.address;
  });
}

void Forwarder::publish_stats() {
  const std::lock_guard lock(stats_mutex_);
  stats_.lookups = lookups_.counts();
  stats_.upstreams.resize(settings_.upstreams.size());
  for (std::size_t i = 0; i < stats_.upstreams.size(); ++i) stats_.upstreams[i] = lookups_.counts_of(i);
  stats_.under_way = lookups_.under_way();
  stats_.waiting = lookups_.waiting();
  stats_.sessions = sessions_.size();
  stats_.sessions_refused = sessions_refused_;
  stats_.cache_entries = cache_.entries();
  stats_.cache_octets = cache_.octets();
}

Forwarder::Stats Forwarder::stats() const {
  const std::lock_guard lock(stats_mutex_);
  return stats_;
}

}  // namespace dnsd::forward
