// The octets of a connection: read, cut into frames, answered a batch at a time, written.
#include <sys/uio.h>

#include <cerrno>
#include <new>
#include <utility>

#include "dnsd/serve/handoff.h"
#include "dnsd/serve/proxy_protocol.h"
#include "dnsd/serve/tcp_worker.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::serve {

// One read, in two parts: what is missing of a frame goes behind what is there, the rest into the thread's buffer, so
// that a message in one-octet segments is not copied again and again.
TcpWorker::Came TcpWorker::readable(Connection& connection, bool may_gather) {
  if (may_gather && gathered_ == kMaxBatch) answer_gathered();  // before reading: what closes then uses the buffer
  iovec parts[2] = {{nullptr, 0}, {read_buffer_.data(), read_buffer_.size()}};
  const auto missing = connection.in.size() != 0 ? connection.in.missing() : 0;
  if (missing != 0) parts[0] = {connection.in.room(missing), missing};
  const auto got = missing != 0 ? ::readv(connection.fd.get(), parts, 2)
                                : ::recv(connection.fd.get(), read_buffer_.data(), read_buffer_.size(), 0);
  if (got < 0) {
    if (errno == EINTR) return Came::full;
    if (errno != EAGAIN) close(connection);
    return Came::nothing;
  }
  if (got == 0) {
    connection.peer_done = true;
    settle(connection);
    return Came::nothing;
  }
  const auto octets = static_cast<std::size_t>(got);
  if (may_gather && connection.in.size() == 0 && !connection.awaits_proxy &&
      gather(connection, {read_buffer_.data(), octets}))
    return Came::all;
  const auto first = std::min(octets, missing);
  connection.in.added(first);
  const std::span rest(read_buffer_.data(), octets - first);
  if (connection.in.size() != 0) serve_kept(connection);
  if (connection.in.size() != 0 || connection.out.left() != 0) {
    connection.in.keep(rest);  // only the frame's length is known yet, or the peer takes no more replies
    serve_kept(connection);
  } else {
    const auto used = serve(connection, rest);
    connection.in.keep(rest.subspan(used));
    if (used != 0) begin_wait(connection, Wait::idle);
  }
  settle(connection);
  return octets == missing + read_buffer_.size() ? Came::full : Came::all;
}

// One whole short query and nothing else: it waits for the others of this round, since one batch lets their look-ups
// overlap, and since all reads and then all writes keep the kernel's code for each in the cache.
bool TcpWorker::gather(Connection& connection, std::span<const std::uint8_t> octets) {
  if (octets.size() < kFrameHead || octets.size() > kFrameHead + kShortQuery) return false;
  const auto query = octets.subspan(kFrameHead);
  if (wire::get16(octets.data()) != query.size()) return false;
  auto* const at = gathered_octets_.data() + gathered_ * kShortQuery;
  std::memcpy(at, query.data(), query.size());
  gathered_requests_[gathered_] = {
      {at, query.size()}, connection.client, Transport::tcp, connection.proxied, overloaded()};
  gathered_from_[gathered_++] = &connection;
  return true;
}

void TcpWorker::answer_gathered() {
  const auto count = std::exchange(gathered_, 0);
  if (count == 0) return;
  const InHand::Scope in_hand(in_hand_);
  ask({gathered_requests_.data(), count}, answers_.at(0));
  for (std::size_t i = 0; i < count; ++i) {
    auto& connection = *gathered_from_[i];
    auto* const frame = replies_[i].buffer.data() - kFrameHead;
    const auto size = replies_[i].size;
    const bool ours = replies_[i].hand_over == Handover::none;
    try {
      wire::put16(frame, static_cast<std::uint16_t>(ours ? size : gathered_requests_[i].packet.size()));
      if (!ours) {  // the query goes along, as it came
        connection.in.keep({frame, kFrameHead});
        connection.in.keep(gathered_requests_[i].packet);
        connection.handed_over = replies_[i].hand_over;
      } else if (size != 0) {
        write(connection, {frame, kFrameHead + size});
        in_hand_.sent({&replies_[i], 1});
      }
      connection.closing |= size == 0 && ours;
      begin_wait(connection, Wait::idle);
      settle(connection);
    } catch (const std::bad_alloc&) {
      close(connection);
    }
  }
}

void TcpWorker::writable(Connection& connection) {
  auto& out = connection.out;
  const auto sent = ::send(connection.fd.get(), out.data.get() + out.sent, out.left(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) close(connection);
    return;
  }
  out.sent += static_cast<std::size_t>(sent);
  untaken_ -= static_cast<std::size_t>(sent);
  connection.taken += static_cast<std::size_t>(sent);
  if (out.left() != 0) {
    // The deadline is for one reply; a slow reader that took one has earned another.
    if (connection.taken >= kMaxFrame) begin_wait(connection, Wait::taking);
    return;
  }
  out = {};
  begin_wait(connection, Wait::idle);
  serve_kept(connection);  // what came before the peer stopped taking
  settle(connection);
}

void TcpWorker::serve_kept(Connection& connection) {
  const auto used = serve(connection, connection.in.octets());
  connection.in.drop_front(used);
  if (used != 0) begin_wait(connection, Wait::idle);
}

// After octets moved: which deadline runs, what epoll watches, whether it ends here. A deadline for a message runs from
// its first octet and is not prolonged by the next ones.
void TcpWorker::settle(Connection& connection) {
  if (connection.handed_over != Handover::none) return hand_over(connection);
  const bool waits_for_peer = connection.out.left() != 0;
  if (!waits_for_peer && (connection.peer_done || connection.closing)) return close(connection);
  const auto wait = waits_for_peer ? Wait::taking : connection.in.size() != 0 ? Wait::message : Wait::idle;
  if (wait != connection.wait) begin_wait(connection, wait);
  if (waits_for_peer == connection.watches_out) return;
  watch(connection.fd.get(), waits_for_peer ? EPOLLOUT : kReading, &connection, EPOLL_CTL_MOD);
  connection.watches_out = waits_for_peer;
}

// Answers whole frames until the octets end or the peer takes no more; returns how many octets are done with. A frame
// that gets no reply (too short for a header, QR=1) ends the connection after the replies before it: its peer
// would wait for an answer for ever.
std::size_t TcpWorker::serve(Connection& connection, std::span<const std::uint8_t> octets) {
  std::size_t done = connection.awaits_proxy ? take_proxy_header(connection, octets) : 0;
  if (connection.awaits_proxy) return done;
  const InHand::Scope in_hand(in_hand_);
  std::size_t filled = 0;
  while (!connection.closing && connection.handed_over == Handover::none && connection.out.left() == 0) {
    const auto count = cut(connection, octets, done);
    filled = count != 0 ? respond(connection, count, filled) : filled;
    if (connection.handed_over != Handover::none) done = first_handed_over(octets);
    if (count == kMaxBatch && filled < kCollect && !connection.closing && connection.handed_over == Handover::none)
      continue;
    if (filled != 0) write(connection, {answers_.at(0), filled});
    in_hand_.sent({});
    filled = 0;
    if (count < kMaxBatch) break;
  }
  return done;
}

// Its octets; nothing while it is not all here. Without a sound one the connection ends.
std::size_t TcpWorker::take_proxy_header(Connection& connection, std::span<const std::uint8_t> octets) {
  const auto header = parse_proxy_header(octets);
  if (header.kind == ProxyHeader::Kind::partial) return 0;
  if (header.kind == ProxyHeader::Kind::malformed) {
    bump(counters_.proxy_refused);
    connection.closing = true;
    return octets.size();
  }
  connection.proxied = header.kind == ProxyHeader::Kind::proxied;
  if (connection.proxied) {
    connection.client = header.client;
    connection.counted = clients_.enter(header.client);
    if (!connection.counted) {
      bump(counters_.refused);
      connection.closing = true;
    }
  }
  connection.awaits_proxy = false;
  return header.size;
}

// The next frames as requests, at most a batch.
std::size_t TcpWorker::cut(const Connection& connection, std::span<const std::uint8_t> octets, std::size_t& done) {
  std::size_t count = 0;
  while (count < kMaxBatch && octets.size() - done >= kFrameHead) {
    const std::size_t length = wire::get16(octets.data() + done);
    if (octets.size() - done - kFrameHead < length) break;
    requests_[count++] = {octets.subspan(done + kFrameHead, length), connection.client, Transport::tcp,
                          connection.proxied, overloaded()};
    done += kFrameHead + length;
  }
  return count;
}

// Where the frame starts whose reply is marked so; there is one.
std::size_t TcpWorker::first_handed_over(std::span<const std::uint8_t> octets) const {
  std::size_t i = 0;
  while (replies_[i].hand_over == Handover::none) ++i;
  return static_cast<std::size_t>(requests_[i].packet.data() - octets.data()) - kFrameHead;
}

// Replies stand one behind the other, each after the two octets of its length. In hand until they are written.
void TcpWorker::ask(std::span<const Request> requests, std::uint8_t* first_reply) {
  replies_[0] = {{first_reply + kFrameHead, kMaxMessage}, 0};
  for (std::size_t i = 1; i < requests.size(); ++i) replies_[i] = {};
  handler_(requests, {replies_.data(), requests.size()});
}

// Writes the replies behind those that are there already, each with its length; returns where they end.
std::size_t TcpWorker::respond(Connection& connection, std::size_t count, std::size_t filled) {
  ask({requests_.data(), count}, answers_.at(0) + filled);
  for (std::size_t i = 0; i < count; ++i) {
    if (replies_[i].hand_over != Handover::none) {
      connection.handed_over = replies_[i].hand_over;
      break;
    }
    const auto size = replies_[i].size;
    if (size == 0) {
      connection.closing = true;
      break;
    }
    wire::put16(answers_.at(0) + filled, static_cast<std::uint16_t>(size));
    in_hand_.note(replies_[i]);
    filled += kFrameHead + size;
  }
  return filled;
}

// With all that it still has to say and to hear. Over its queue's bound the connection is closed.
void TcpWorker::hand_over(Connection& connection) {
  if (stopping_.load(std::memory_order_acquire) || connection.closing) return close(connection);
  auto handed = std::make_unique<HandedConnection>();  // may throw: nothing has changed yet
  watch(connection.fd.get(), 0, nullptr, EPOLL_CTL_DEL);
  if (connection.counted) clients_.leave(connection.client);
  untaken_ -= connection.out.left();
  handed->fd = std::move(connection.fd);
  handed->client = connection.client;
  handed->in = std::move(connection.in);
  handed->out = std::exchange(connection.out, {});
  if (!handler_.handoff(connection.handed_over).give_connection(std::move(handed))) bump(counters_.refused);
  dead_.splice(dead_.end(), list(connection.wait), connection.self);
  counters_.open.store(--open_, std::memory_order_relaxed);
}

// What the peer does not take now waits for it: our part ends here, as it does where the socket's own buffer holds it.
void TcpWorker::write(Connection& connection, std::span<const std::uint8_t> replies) {
  auto sent = ::send(connection.fd.get(), replies.data(), replies.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0) {
    if (errno != EAGAIN && errno != EINTR) {
      connection.closing = true;  // the peer is gone
      return;
    }
    sent = 0;
  }
  const auto rest = replies.subspan(static_cast<std::size_t>(sent));
  if (rest.empty()) return;
  if (untaken_ + rest.size() > kMaxUntaken) {
    connection.closing = true;
    return;
  }
  auto data = std::make_unique_for_overwrite<std::uint8_t[]>(rest.size());
  std::memcpy(data.get(), rest.data(), rest.size());
  connection.out = {std::move(data), rest.size(), 0};
  untaken_ += rest.size();
}

}  // namespace dnsd::serve
