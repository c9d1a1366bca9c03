// What a TCP worker keeps of a connection: octets that cannot be served yet, octets that the peer does not take yet,
// and a deadline. An idle connection holds no buffer.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <span>

#include "dnsd/serve/sockets.h"
#include "registry/basics.h"

namespace dnsd::serve {

inline constexpr std::size_t kMaxFrame = kFrameHead + kMaxMessage;

// Octets received and not served: part of a frame, or, while the peer takes no replies, whole ones too.
class Unserved {
 public:
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::span<const std::uint8_t> octets() const { return {data_.get(), size_}; }
  // How many octets of the first frame are missing; at least 1 while it is incomplete. With one octet of the length
  // known only the other one is missing for sure.
  [[nodiscard]] std::size_t missing() const {
    const auto whole = size_ < kFrameHead ? kFrameHead : kFrameHead + (std::size_t{data_[0]} << 8 | data_[1]);
    return whole > size_ ? whole - size_ : 0;
  }
  // Room behind what is there, for reading into; added() tells how much came. Not initialised: a peer that announces a
  // long message and sends nothing costs address space alone.
  [[nodiscard]] std::uint8_t* room(std::size_t octets) {
    if (size_ + octets > capacity_) {
      auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(size_ + octets);
      if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
      data_ = std::move(larger);
      capacity_ = size_ + octets;
    }
    return data_.get() + size_;
  }
  void added(std::size_t octets) { size_ += octets; }
  void keep(std::span<const std::uint8_t> rest) {  // appends a copy
    if (rest.empty()) return;
    std::memcpy(room(rest.size()), rest.data(), rest.size());
    added(rest.size());
  }
  void drop_front(std::size_t octets) {
    if (octets == 0) return;
    size_ -= octets;
    if (size_ == 0) {
      data_.reset();
      capacity_ = 0;
    } else {
      std::memmove(data_.get(), data_.get() + octets, size_);
    }
  }

 private:
  std::unique_ptr<std::uint8_t[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

// Octets of replies that the peer has not taken.
struct Untaken {
  std::unique_ptr<std::uint8_t[]> data;
  std::size_t size = 0;
  std::size_t sent = 0;
  [[nodiscard]] std::size_t left() const { return size - sent; }
};

struct Connection {
  enum class Wait : std::uint8_t { idle, message, taking };  // which deadline runs
  Fd fd;
  Client client;
  Unserved in;
  Untaken out;
  std::size_t taken = 0;  // octets that the peer took since its deadline was set
  registry::Mono since;   // when the wait began
  Wait wait = Wait::idle;
  bool watches_out = false;   // EPOLLOUT instead of EPOLLIN
  bool peer_done = false;     // sent its FIN: what it asked is still answered (RFC 7766 6.2.4)
  bool closing = false;       // after the replies in `out`
  bool awaits_proxy = false;  // its first octets are to be a PROXY header
  bool proxied = false;       // `client` is whom the header names
  bool counted = false;       // among the connections of `client`
  // Whose its next message is to answer, and what follows.
  Handover handed_over = Handover::none;
  std::list<Connection>::iterator self;
};
using Connections = std::list<Connection>;  // in the order of `since`; moved between lists without allocation

}  // namespace dnsd::serve
