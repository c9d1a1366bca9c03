// Query bytes -> reply bytes: one function for every transport. Knows the name table, never the registry, never a
// socket.
//
// Threads: one Responder per worker thread; respond() is called between Reclaimer::online and offline. It never
// allocates, locks, throws, logs or waits. Counters are written by the owner only and read by anyone.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dnsd/answers/publisher.h"
#include "dnsd/serve/access.h"
#include "dnsd/serve/client.h"
#include "dnsd/serve/cookie.h"
#include "dnsd/serve/rate_limit.h"
#include "registry/basics.h"

namespace dnsd::answers {
struct ServiceBlock;
}

namespace dnsd::serve {

enum class Transport : std::uint8_t { udp, tcp };

struct Request {
  std::span<const std::uint8_t> packet;
  Client client;
  Transport transport = Transport::udp;
  bool proxied = false;     // `client` is whom a trusted proxy names, not the peer
  bool overloaded = false;  // TCP: connections run out, so the client is asked to close this one (RFC 7828 3.2.2)
};

// Whose work a query is that the workers do not answer; handoff.h.
enum class Handover : std::uint8_t { none, maintenance, forwarding };

struct Reply {
  // UDP: at least udp_size octets; TCP: 65,535. With a null pointer the reply goes behind() the one before it: TCP
  // workers get their replies in one piece, and have the room for all of them.
  std::span<std::uint8_t> buffer;
  std::size_t size = 0;  // set by respond(); 0 = no reply
  // Set by respond(). With forwarding and a size: what may be sent instead, a chain of aliases up to where it leaves
  // us.
  Handover hand_over = Handover::none;
  // Set by respond() with a size: the service block that it was made of, null = none. Valid until Reclaimer::offline.
  const answers::ServiceBlock* block = nullptr;
};

inline constexpr std::size_t kFrameHead = 2;  // a message's length over TCP, RFC 1035 4.2.2
inline constexpr std::size_t kMaxMessage = 65'535;

[[nodiscard]] inline std::span<std::uint8_t> behind(const Reply& reply) noexcept {
  return {reply.buffer.data() + reply.size + kFrameHead, kMaxMessage};
}

// The time of one batch, read once.
struct BatchTime {
  std::uint32_t tick = 0;    // 100 ms ticks of the coarse monotonic clock since the process's epoch (ticks.h)
  std::uint64_t second = 0;  // seconds of the wall clock: part of the sampling seed
};

struct ResponderOptions {
  std::uint16_t udp_size = 1232;              // DNS flag day 2020
  std::vector<registry::Prefix> allow_query;  // others get REFUSED + EDE 18; empty = all may ask
  std::vector<ZoneAccess> zone_access;        // instead of allow_query, in these zones
  std::string nsid;                           // "" = not answered
  std::string version;                        // CH TXT version.bind; "" = REFUSED
  std::string id;                             // CH TXT id.server; "" = REFUSED
  std::uint16_t tcp_idle_deciseconds = 100;   // edns-tcp-keepalive
  CookiePolicy cookies = CookiePolicy::lenient;
  CookieSecrets cookie_secrets;
  RateLimitOptions rate_limit;
  std::vector<registry::Prefix> rate_limit_exempt;
  std::uint64_t sample_key = 0;  // key of the sampling hash, and of the rate limiter's
  // Names outside our zones are handed over, for clients of allow_recursion; empty = whoever may query.
  bool forwards = false;
  std::vector<registry::Prefix> allow_recursion;
  // While true: transfers, NOTIFY, UPDATE and signed queries are handed over.
  const std::atomic<bool>* hand_over = nullptr;
};

// For questions whose sender cannot be forged, or was looked at already: no rate limit, no cookie asked for.
[[nodiscard]] ResponderOptions without_limits(ResponderOptions options);

inline constexpr std::size_t kMaxBatch = 64;

struct Counters {                                        // relaxed; owner writes, anyone reads
  std::array<std::atomic<std::uint64_t>, 2> requests{};  // by transport
  std::array<std::atomic<std::uint64_t>, 25> rcodes{};   // by rcode; 16 = BADVERS, 23 = BADCOOKIE, 24 = others
  std::array<std::atomic<std::uint64_t>, 8> types{};     // A, AAAA, SRV, PTR, TXT, SOA+NS, ANY, others
  std::atomic<std::uint64_t> dropped{}, truncated{}, fail_open{}, bytes_out{}, rate_dropped{}, rate_slipped{};
};

struct Explanation;  // explain.h

class Responder {
 public:
  Responder(const answers::Table& table, const ResponderOptions& options);
  ~Responder();

  // At most kMaxBatch requests; replies[i] answers requests[i].
  void respond(std::span<const Request> requests, std::span<Reply> replies, BatchTime time) noexcept;

  // Answers one request, and says for each instance of the service that its name led to why it is in the answer or not.
  // The control thread, on a responder of its own: it allocates. Valid until the next publish.
  [[nodiscard]] Explanation explain(const Request& request, Reply& reply, BatchTime time);

  [[nodiscard]] const Counters& counters() const;

  // Takes over what a reload may change: allow_query, zone_access, cookie_secrets. Control thread; holds for every
  // batch that begins afterwards.
  void set_rules(const ResponderOptions& options, answers::Reclaimer& reclaimer);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace dnsd::serve
