#include "dnsd/serve/tcp_worker.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <system_error>

namespace dnsd::serve {
namespace {

constexpr int kEvents = 128;
constexpr int kAcceptBatch = 64;  // then the connections have their turn
constexpr int kReadBatch = 4;     // of one connection; then the others have theirs
constexpr registry::Millis kAcceptPause{100};

}  // namespace

TcpWorker::TcpWorker(std::vector<Listening> listening, TcpLimits limits, ClientCounts& clients, BatchHandler handler,
                     answers::Reclaimer& reclaimer)
    : listening_(std::move(listening)),
      limits_(limits),
      clients_(clients),
      handler_(handler),
      in_hand_(reclaimer, kCollect / kLeastFrame + kMaxBatch),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)),
      read_buffer_(kReadSize),
      answers_(1, kReplies),
      gathered_octets_(kMaxBatch * kShortQuery) {
  if (!epoll_ || !wake_) throw std::system_error(errno, std::generic_category(), "epoll");
  watch(wake_.get(), EPOLLIN, &wake_, EPOLL_CTL_ADD);
  // Exclusive: a new connection wakes one worker, not all.
  for (auto& socket : listening_) watch(socket.fd, EPOLLIN | EPOLLEXCLUSIVE, &socket, EPOLL_CTL_ADD);
}

void TcpWorker::watch(int fd, std::uint32_t events, void* what, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = what;
  ::epoll_ctl(epoll_.get(), operation, fd, &event);
}

void TcpWorker::stop() {
  stopping_.store(true, std::memory_order_release);
  ::eventfd_write(wake_.get(), 1);
}

void TcpWorker::run() {
  std::array<epoll_event, kEvents> events;
  now_ = std::chrono::steady_clock::now();
  while (!stopping_.load(std::memory_order_acquire)) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), kEvents, next_timeout());
    now_ = std::chrono::steady_clock::now();
    for (int i = 0; i < ready; ++i) handle(events[static_cast<std::size_t>(i)]);
    answer_gathered();
    expire();
    dead_.clear();
  }
  wind_down();
}

void TcpWorker::handle(const epoll_event& event) {
  if (event.data.ptr == &wake_) return;
  if (event.data.ptr >= listening_.data() && event.data.ptr < listening_.data() + listening_.size()) {
    answer_gathered();  // a new connection may push out another
    return accept_all(*static_cast<Listening*>(event.data.ptr));
  }
  auto& connection = *static_cast<Connection*>(event.data.ptr);
  if (!connection.fd) return;  // closed earlier in this round
  try {
    if (connection.out.left() != 0) {
      writable(connection);
    } else {
      read_on(connection, (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
    }
  } catch (const std::bad_alloc&) {
    close(connection);
  }
}

// `ended`: the peer has sent its last octet; reading goes on until it is met, for no further event tells.
void TcpWorker::read_on(Connection& connection, bool ended) {
  for (int i = 0; i < kReadBatch; ++i) {
    const auto came = readable(connection, !ended);
    if (!connection.fd || connection.out.left() != 0) return;
    if (came != Came::full && !ended) return;
  }
  watch(connection.fd.get(), kReading, &connection, EPOLL_CTL_MOD);  // tells again while there is something
}

void TcpWorker::accept_all(const Listening& listening) {
  for (int i = 0; i < kAcceptBatch; ++i) {
    sockaddr_in6 from{};
    socklen_t size = sizeof from;
    Fd fd(::accept4(listening.fd, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) {
      if (errno == EMFILE || errno == ENFILE) return shed(listening.fd);
      if (errno == ENOBUFS || errno == ENOMEM) return pause_accepting();
      if (errno == EAGAIN) return;
      continue;  // ECONNABORTED and what Linux passes on from the network: the next one may be sound
    }
    bump(counters_.accepted);
    const auto client = to_client(from);
    if (listening.proxies != nullptr && !listening.proxies->contains(client)) {
      bump(counters_.proxy_refused);
      continue;
    }
    try {
      admit(std::move(fd), client, listening.proxies != nullptr);
    } catch (const std::bad_alloc&) {
      bump(counters_.refused);
      return pause_accepting();
    }
  }
}

// A proxy's connections count as those of whom they speak for, once that is known.
void TcpWorker::admit(Fd fd, const Client& client, bool awaits_proxy) {
  Connections fresh(1);  // whatever may fail comes before the first count
  if (!awaits_proxy && !clients_.enter(client)) {
    bump(counters_.refused);
    return;
  }
  if (open_ >= limits_.connections) make_room();
  auto& connection = fresh.front();
  connection.self = fresh.begin();
  connection.fd = std::move(fd);
  connection.client = client;
  connection.awaits_proxy = awaits_proxy;
  connection.counted = !awaits_proxy;
  connection.since = now_;
  auto& idle = list(Wait::idle);
  idle.splice(idle.end(), fresh);
  counters_.open.store(++open_, std::memory_order_relaxed);
  watch(connection.fd.get(), kReading, &connection, EPOLL_CTL_ADD);
}

// The longest idle one goes; with none idle, the one that keeps us waiting longest.
void TcpWorker::make_room() {
  for (const auto wait : {Wait::idle, Wait::taking, Wait::message}) {
    if (list(wait).empty()) continue;
    bump(counters_.closed_idle);
    return close(list(wait).front());
  }
}

// Out of descriptors. An idle connection makes room for the new one; without any, the descriptor kept in reserve is
// lent to accept the connection and close it: left in the queue it would wake us at once again. accept() looks for a
// descriptor before it looks at the queue, so that the queue may be empty.
void TcpWorker::shed(int listening) {
  pollfd queue{listening, POLLIN, 0};
  if (::poll(&queue, 1, 0) != 1) return;
  if (!list(Wait::idle).empty()) {
    bump(counters_.closed_idle);
    return close(list(Wait::idle).front());  // the listening socket is still readable: the next round accepts
  }
  if (!reserve_) return pause_accepting();
  reserve_.reset();
  const Fd refused(::accept4(listening, nullptr, nullptr, SOCK_CLOEXEC));
  if (refused) bump(counters_.refused);
  reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!reserve_) pause_accepting();
}

void TcpWorker::pause_accepting() {
  for (auto& socket : listening_) watch(socket.fd, 0, nullptr, EPOLL_CTL_DEL);
  accept_again_ = now_ + kAcceptPause;
}

void TcpWorker::resume_accepting() {
  if (!reserve_) reserve_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  for (auto& socket : listening_) watch(socket.fd, EPOLLIN | EPOLLEXCLUSIVE, &socket, EPOLL_CTL_ADD);
  accept_again_ = registry::Mono::max();
}

void TcpWorker::begin_wait(Connection& connection, Wait wait) {
  auto& to = list(wait);
  to.splice(to.end(), list(connection.wait), connection.self);
  connection.wait = wait;
  connection.since = now_;
  connection.taken = 0;
}

registry::Millis TcpWorker::limit_of(Wait wait) const {
  if (wait != Wait::idle) return limits_.io;
  return overloaded() ? std::min(limits_.idle, limits_.idle_overload) : limits_.idle;
}

int TcpWorker::next_timeout() const {
  auto next = accept_again_;
  for (const auto wait : {Wait::idle, Wait::message, Wait::taking}) {
    const auto& waiting = lists_[static_cast<std::size_t>(wait)];
    if (!waiting.empty()) next = std::min(next, waiting.front().since + limit_of(wait));
  }
  if (next == registry::Mono::max()) return -1;
  const auto left = std::chrono::ceil<registry::Millis>(next - now_).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void TcpWorker::expire() {
  for (const auto wait : {Wait::idle, Wait::message, Wait::taking}) {
    auto& waiting = list(wait);
    while (!waiting.empty() && waiting.front().since + limit_of(wait) <= now_) {
      bump(counters_.closed_idle);
      close(waiting.front());
    }
  }
  if (accept_again_ <= now_) resume_accepting();
}

// In order: our FIN first, then what the peer sent meanwhile is read away, since closing over unread octets would send
// a reset, which may overtake replies that the peer has not read.
void TcpWorker::close(Connection& connection) {
  const int fd = connection.fd.get();
  if (connection.out.left() == 0) {
    ::shutdown(fd, SHUT_WR);
    for (int i = 0; i < 4; ++i)
      if (::recv(fd, read_buffer_.data(), read_buffer_.size(), MSG_DONTWAIT) <= 0) break;
  }
  if (connection.counted) clients_.leave(connection.client);
  untaken_ -= connection.out.left();
  connection.out = {};
  connection.fd.reset();
  dead_.splice(dead_.end(), list(connection.wait), connection.self);
  counters_.open.store(--open_, std::memory_order_relaxed);
}

// Answers what waits in the socket (a bounded part of it: the peer may go on sending), and closes unless replies are
// still to be taken.
void TcpWorker::finish(Connection& connection) {
  try {
    for (int i = 0; i < 16 && connection.fd && connection.out.left() == 0; ++i)
      if (readable(connection, false) == Came::nothing) break;
  } catch (const std::bad_alloc&) {
    return close(connection);
  }
  if (connection.fd && connection.out.left() == 0) close(connection);
}

// What clients sent before the stop is answered, also on connections that still wait in the listening queue. Then only
// those remain that have not taken their replies.
void TcpWorker::wind_down() {
  for (const auto& socket : listening_) {
    accept_all(socket);
    watch(socket.fd, 0, nullptr, EPOLL_CTL_DEL);
  }
  watch(wake_.get(), 0, nullptr, EPOLL_CTL_DEL);
  const auto deadline = std::chrono::steady_clock::now() + limits_.stop;
  for (const auto wait : {Wait::idle, Wait::message}) {
    for (auto at = list(wait).begin(); at != list(wait).end();) finish(*at++);  // it moves to another list
  }
  std::array<epoll_event, kEvents> events;
  while (open_ != 0) {
    now_ = std::chrono::steady_clock::now();
    if (now_ >= deadline) break;
    const auto left = std::chrono::ceil<registry::Millis>(deadline - now_).count();
    const int ready = ::epoll_wait(epoll_.get(), events.data(), kEvents, static_cast<int>(left));
    for (int i = 0; i < ready; ++i) {
      auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      handle(events[static_cast<std::size_t>(i)]);
      answer_gathered();
      finish(connection);
    }
  }
  for (auto& waiting : lists_)
    while (!waiting.empty()) close(waiting.front());
  dead_.clear();
}

}  // namespace dnsd::serve
