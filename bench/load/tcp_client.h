// One TCP connection of the generator: `window` queries in flight, everything that may be sent in one write.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/load/queries.h"

namespace load {

class TcpClient {
 public:
  TcpClient(std::uint16_t port, std::size_t window, const std::vector<Packet>& queries, std::size_t first,
            Totals& totals);
  TcpClient(TcpClient&&) = delete;
  ~TcpClient();

  [[nodiscard]] int socket() const { return socket_; }
  [[nodiscard]] bool open() const { return socket_ >= 0; }
  [[nodiscard]] std::size_t in_flight() const { return sent_at_.size() - free_.size(); }

  void fill();    // queries into every free slot, and off with them
  void handle();  // something can be read or written; with `sending` off nothing new is asked
  void expire(std::uint64_t at);
  void stop() { sending_ = false; }
  void lose();  // closed, by us or the server: what is in flight is lost

 private:
  void append(std::uint64_t at);
  void flush();
  [[nodiscard]] std::size_t take(const std::uint8_t* data, std::size_t size, std::uint64_t at);

  int socket_ = -1;
  bool sending_ = true;
  const std::vector<Packet>& queries_;
  std::size_t next_;
  Totals& totals_;
  std::vector<std::uint64_t> sent_at_;  // by id; 0 = free
  std::vector<std::uint16_t> free_;
  std::vector<std::uint8_t> out_, rest_;  // not taken by the kernel yet; the beginning of a reply
};

// Opens a connection, blocking.
[[nodiscard]] int connect_tcp(std::uint16_t port);

// Asks one query on a blocking connection; true when an answer to it came within a second.
[[nodiscard]] bool ask(int socket, const Packet& query);

}  // namespace load
