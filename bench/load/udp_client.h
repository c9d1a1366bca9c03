// One UDP socket of the generator: sends and receives in batches, knows each query in flight by its id.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <vector>

#include "bench/load/queries.h"

namespace load {

inline constexpr std::size_t kBatch = 64;
inline constexpr std::size_t kSlots = 4096;  // ids of one socket: slot in the low 12 bits, generation above

class UdpClient {
 public:
  UdpClient(std::uint16_t port, const std::vector<Packet>& queries, std::size_t first, bool stamped, Totals& totals);
  UdpClient(UdpClient&&) = delete;
  ~UdpClient();

  [[nodiscard]] std::size_t in_flight() const { return kSlots - free_.size(); }

  // Closed loop: as many as fit into the window, at most a batch.
  void fill(std::size_t window);
  // Open loop: one query whose time has come; its latency counts from there, however late it is sent.
  void send_due(std::uint64_t due);
  void drain();
  void expire(std::uint64_t at);

 private:
  void prepare(std::size_t i, std::uint64_t at);
  void send(std::size_t count);
  void take(const std::uint8_t* reply, std::size_t size, std::uint64_t at);
  [[nodiscard]] std::uint64_t arrival(const msghdr& message, std::uint64_t otherwise, std::uint64_t ahead) const;

  int socket_ = -1;
  const std::vector<Packet>& queries_;
  std::size_t next_;
  bool stamped_;  // the kernel says when a reply came in, so that our own waiting for a core is not counted
  Totals& totals_;
  std::vector<std::uint64_t> sent_at_;  // 0 = free
  std::vector<std::uint8_t> generation_;
  std::vector<std::uint16_t> free_;
  std::array<std::array<std::uint8_t, 2>, kBatch> ids_{};
  std::array<std::array<iovec, 2>, kBatch> out_{};
  std::array<iovec, kBatch> in_{};
  std::array<mmsghdr, kBatch> sending_{}, received_{};
  std::array<std::array<std::uint8_t, 64>, kBatch> control_{};
  std::array<std::array<std::uint8_t, 4096>, kBatch> buffers_{};
};

}  // namespace load
