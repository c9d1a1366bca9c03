#include "registry/checks/resolver.h"

#include <netinet/in.h>
#include <sys/time.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

namespace registry::checks {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kBatch = 32;    // names per channel, two queries each
constexpr int kTimeoutMillis = 2000;  // of the first try; c-ares doubles it for the next
constexpr int kTries = 2;             // per server

std::string joined(const std::vector<std::string>& servers) {
  std::string out;
  for (const std::string& server : servers) {
    if (!out.empty()) out += ',';
    out += server;
  }
  return out;
}

void initialize_once() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  (void)status;  // on Linux it only sets the allocator
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

struct Resolver::Watch {  // a socket of c-ares, which owns it: released, never closed, by us
  explicit Watch(asio::io_context& io, int fd) : descriptor(io, fd) {}
  asio::posix::stream_descriptor descriptor;
  bool read = false, write = false;       // what c-ares wants
  bool reading = false, writing = false;  // what we wait for
  bool gone = false;
};

Resolver::Resolver(asio::io_context& io, const std::vector<std::string>& servers)
    : io_(io), servers_(joined(servers)), timer_(io), alive_(std::make_shared<bool>(true)) {
  initialize_once();
}

Resolver::~Resolver() {
  stop();
  *alive_ = false;
}

void Resolver::stop() {
  stopped_ = true;
  timer_.cancel();
  queue_.clear();
  if (channel_ != nullptr) ares_destroy(std::exchange(channel_, nullptr));  // ends what is under way
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
    if (channel_ != nullptr && under_way_.empty() && (started_ == kBatch || queue_.empty())) {
      ares_destroy(std::exchange(channel_, nullptr));
      timer_.cancel();
    }
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
    arm_timer();
  });
}

bool Resolver::open() {
  ares_options options{};
  options.timeout = kTimeoutMillis;
  options.tries = kTries;
  options.ndomains = 0;  // names of instances are complete: no search list
  char lookups[] = "fb";
  char lookups_dns[] = "b";
  options.lookups = servers_.empty() ? lookups : lookups_dns;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Resolver*>(self)->socket_state(fd, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  ares_channel opened = nullptr;
  if (ares_init_options(&opened, &options, mask) != ARES_SUCCESS) return false;
  if (!servers_.empty() && ares_set_servers_ports_csv(opened, servers_.c_str()) != ARES_SUCCESS) {
    ares_destroy(opened);
    return false;
  }
  channel_ = opened;
  started_ = 0;
  return true;
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
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Resolver::answered, first);
  hints.ai_family = AF_INET6;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Resolver::answered, second);
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

void Resolver::socket_state(ares_socket_t fd, bool readable, bool writable) {
  auto it = watches_.find(fd);
  if (!readable && !writable) {  // c-ares closes it after this call
    if (it == watches_.end()) return;
    it->second->gone = true;
    it->second->descriptor.release();
    watches_.erase(it);
    return;
  }
  if (it == watches_.end()) it = watches_.emplace(fd, std::make_shared<Watch>(io_, fd)).first;
  it->second->read = readable;
  it->second->write = writable;
  if (readable) wait(it->second, false);
  if (writable) wait(it->second, true);
}

void Resolver::wait(const std::shared_ptr<Watch>& watch, bool write) {
  bool& waiting = write ? watch->writing : watch->reading;
  if (waiting) return;
  waiting = true;
  const auto kind = write ? asio::posix::stream_descriptor::wait_write : asio::posix::stream_descriptor::wait_read;
  watch->descriptor.async_wait(kind, [this, watch, write](const boost::system::error_code& error) {
    (write ? watch->writing : watch->reading) = false;
    if (error || watch->gone) return;
    const ares_socket_t fd = watch->descriptor.native_handle();
    ares_process_fd(channel_, write ? ARES_SOCKET_BAD : fd, write ? fd : ARES_SOCKET_BAD);
    if (!watch->gone && (write ? watch->write : watch->read)) wait(watch, write);
    arm_timer();
  });
}

void Resolver::arm_timer() {
  if (channel_ == nullptr) return;
  timeval next{};
  if (ares_timeout(channel_, nullptr, &next) == nullptr) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec));
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive || channel_ == nullptr) return;
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm_timer();
  });
}

}  // namespace registry::checks
