#include "registry/checks/resolver.h"

#include <netinet/in.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

namespace registry::checks {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kBatch = 32;  // names per channel, two queries each
constexpr Millis kTimeout{2000};    // of the first try; c-ares doubles it for the next
constexpr int kTries = 2;           // per server

std::string joined(const std::vector<std::string>& servers) {
  std::string out;
  for (const std::string& server : servers) {
    if (!out.empty()) out += ',';
    out += server;
  }
  return out;
}

}  // namespace

struct Resolver::Half {  // one family's query
  Resolver* owner = nullptr;
  Query* query = nullptr;
  bool v6 = false;
};

struct Resolver::Query {
  std::string host;
  Done done;
  HostAnswer answer;
  Half halves[2];
  int open = 2;
};

Resolver::Resolver(asio::io_context& io, const std::vector<std::string>& servers)
    : io_(io), servers_(joined(servers)), alive_(std::make_shared<bool>(true)) {}

Resolver::~Resolver() {
  stop();
  *alive_ = false;
}

void Resolver::stop() {
  stopped_ = true;
  queue_.clear();
  channel_.reset();  // ends what is under way
}

void Resolver::lookup(std::string host, Done done) {
  auto query = std::make_unique<Query>();
  query->host = std::move(host);
  query->done = std::move(done);
  queue_.push_back(std::move(query));
  pump();
}

// Always posted: c-ares calls back in the middle of its own work, where a channel must not be closed.
void Resolver::pump() {
  if (pump_posted_ || stopped_) return;
  pump_posted_ = true;
  asio::post(io_, [this, alive = alive_] {
    if (!*alive) return;
    pump_posted_ = false;
    if (stopped_) return;
    if (channel_ != nullptr && under_way_.empty() && (started_ == kBatch || queue_.empty())) channel_.reset();
    while (!queue_.empty()) {
      if (channel_ == nullptr && !open()) {  // out of descriptors or memory: all of them failed for now
        auto query = std::move(queue_.front());
        queue_.pop_front();
        query->done(HostAnswer{});
        continue;
      }
      if (started_ == kBatch) break;
      auto query = std::move(queue_.front());
      queue_.pop_front();
      begin(std::move(query));
    }
    if (channel_ != nullptr) channel_->arm();
  });
}

bool Resolver::open() {
  channel_ = ares::Channel::open(io_, {.servers = servers_, .timeout = kTimeout, .tries = kTries});
  started_ = 0;
  return channel_ != nullptr;
}

void Resolver::begin(std::unique_ptr<Query> query) {
  ++started_;
  Query& held = *query;
  under_way_.emplace(&held, std::move(query));
  held.halves[0] = {this, &held, false};
  held.halves[1] = {this, &held, true};
  // Kept apart from `held`, which may be gone after the second call: c-ares may answer at once.
  const std::string host = held.host;
  Half* first = &held.halves[0];
  Half* second = &held.halves[1];
  ares_addrinfo_hints hints{};
  hints.ai_flags = ARES_AI_NOSORT;  // sorting would open a socket per address (RFC 6724); the order is no matter here
  hints.ai_family = AF_INET;
  ares_getaddrinfo(channel_->get(), host.c_str(), nullptr, &hints, &Resolver::answered, first);
  hints.ai_family = AF_INET6;
  ares_getaddrinfo(channel_->get(), host.c_str(), nullptr, &hints, &Resolver::answered, second);
}

void Resolver::answered(void* arg, int status, int /*timeouts*/, ares_addrinfo* info) {
  Half& half = *static_cast<Half*>(arg);
  HostAnswer& answer = half.query->answer;
  Lookup outcome = Lookup::failed;
  if (status == ARES_ENODATA || status == ARES_ENOTFOUND) outcome = Lookup::absent;
  if (status == ARES_SUCCESS && info != nullptr) {
    const auto shorten = [&answer](int ttl) {
      answer.ttl = std::min(answer.ttl, std::chrono::seconds(std::max(ttl, 0)));
    };
    for (const ares_addrinfo_cname* alias = info->cnames; alias != nullptr; alias = alias->next) shorten(alias->ttl);
    for (const ares_addrinfo_node* node = info->nodes; node != nullptr; node = node->ai_next) {
      if (node->ai_family == AF_INET && !half.v6) {
        sockaddr_in in{};
        std::memcpy(&in, node->ai_addr, sizeof in);
        std::memcpy(answer.a.emplace_back().octets.data(), &in.sin_addr, 4);
      } else if (node->ai_family == AF_INET6 && half.v6) {
        sockaddr_in6 in{};
        std::memcpy(&in, node->ai_addr, sizeof in);
        std::memcpy(answer.aaaa.emplace_back().octets.data(), &in.sin6_addr, 16);
      } else {
        continue;
      }
      shorten(node->ai_ttl);
      outcome = Lookup::found;
    }
    if (outcome != Lookup::found) outcome = Lookup::absent;
  }
  ares_freeaddrinfo(info);
  (half.v6 ? answer.v6 : answer.v4) = outcome;
  if (--half.query->open == 0) half.owner->finish(*half.query);
}

void Resolver::finish(Query& query) {
  const auto held = under_way_.extract(&query);
  if (stopped_) return;
  // Posted, because the receiver may ask for the next name at once.
  asio::post(io_, [this, alive = alive_, done = std::move(query.done), answer = std::move(query.answer)]() mutable {
    if (*alive && !stopped_) done(std::move(answer));
  });
  pump();
}

}  // namespace registry::checks
