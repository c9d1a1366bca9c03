#include "registry/ares/channel.h"

#include <sys/time.h>

#include <boost/system/error_code.hpp>
#include <utility>

namespace registry::ares {
namespace {

namespace asio = boost::asio;

void initialize_once() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  (void)status;  // on Linux it only sets the allocator
}

}  // namespace

struct Channel::Watch {  // a socket of c-ares, which owns it: released, never closed, by us
  explicit Watch(asio::io_context& io, int fd) : descriptor(io, fd) {}
  asio::posix::stream_descriptor descriptor;
  bool read = false, write = false;       // what c-ares wants
  bool reading = false, writing = false;  // what we wait for
  bool gone = false;
};

Channel::Channel(asio::io_context& io) : io_(io), timer_(io), alive_(std::make_shared<bool>(true)) {}

Channel::~Channel() {
  if (channel_ != nullptr) ares_destroy(channel_);  // closes every socket, hence every watch
  *alive_ = false;
}

std::unique_ptr<Channel> Channel::open(asio::io_context& io, const ChannelOptions& wanted) {
  initialize_once();
  std::unique_ptr<Channel> out(new Channel(io));
  ares_options options{};
  options.flags = wanted.flags;
  options.timeout = static_cast<int>(wanted.timeout.count());
  options.tries = wanted.tries;
  options.ednspsz = wanted.edns_size;
  options.ndomains = 0;  // names are complete: no search list
  char lookups[] = "fb";
  char lookups_dns[] = "b";
  options.lookups = wanted.servers.empty() ? lookups : lookups_dns;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<Channel*>(self)->socket_state(fd, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = out.get();
  const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_DOMAINS |
                   ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&out->channel_, &options, mask) != ARES_SUCCESS) {
    out->channel_ = nullptr;
    return nullptr;
  }
  if (!wanted.servers.empty() && ares_set_servers_ports_csv(out->channel_, wanted.servers.c_str()) != ARES_SUCCESS)
    return nullptr;
  return out;
}

void Channel::socket_state(ares_socket_t fd, bool readable, bool writable) {
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

void Channel::wait(const std::shared_ptr<Watch>& watch, bool write) {
  bool& waiting = write ? watch->writing : watch->reading;
  if (waiting) return;
  waiting = true;
  const auto kind = write ? asio::posix::stream_descriptor::wait_write : asio::posix::stream_descriptor::wait_read;
  watch->descriptor.async_wait(kind, [this, watch, write](const boost::system::error_code& error) {
    (write ? watch->writing : watch->reading) = false;
    if (error || watch->gone) return;  // gone: perhaps with the channel
    const ares_socket_t fd = watch->descriptor.native_handle();
    ares_process_fd(channel_, write ? ARES_SOCKET_BAD : fd, write ? fd : ARES_SOCKET_BAD);
    if (!watch->gone && (write ? watch->write : watch->read)) wait(watch, write);
    arm();
  });
}

void Channel::arm() {
  timeval next{};
  if (ares_timeout(channel_, nullptr, &next) == nullptr) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::seconds(next.tv_sec) + std::chrono::microseconds(next.tv_usec));
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (error || !*alive) return;
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm();
  });
}

}  // namespace registry::ares
