#include "dnsd/serve/handoff.h"

#include <poll.h>

#include "dnsd/serve/test_clients.h"

namespace dnsd::serve {
namespace {

using namespace testing;

constexpr std::uint16_t kForOthers = 0xAA00;  // ids from here on are handed over, the rest is echoed

void echo_or_hand_over(void* context, std::span<const Request> requests, std::span<Reply> replies,
                       BatchTime time) noexcept {
  Echo::call(context, requests, replies, time);
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (wire::get16(requests[i].packet.data()) < kForOthers) continue;
    replies[i].hand_over = Handover::maintenance;
    replies[i].size = 0;
  }
}

class HandoffTest : public ::testing::Test {
 protected:
  HandoffTest() {
    options.listen = {{"127.0.0.1", 0}};
    options.workers = 1;
    listeners = std::make_unique<Listeners>(
        options,
        [this] {
          return BatchHandler{echo_or_hand_over, &echo, &handoff};
        },
        reclaimer);
    EXPECT_TRUE(listeners->open());
    listeners->start();
  }
  ~HandoffTest() override { listeners->stop(); }
  [[nodiscard]] Endpoint endpoint() const { return listeners->endpoints().front(); }

  // What a worker handed over; waits for it at most 10 s.
  std::optional<Handoff::Received> take() {
    pollfd waiting{handoff.descriptor(), POLLIN, 0};
    if (::poll(&waiting, 1, 10'000) != 1) return std::nullopt;
    return handoff.receive(buffer);
  }

  ServerOptions options;
  Echo echo;
  answers::Reclaimer reclaimer;
  Handoff handoff;
  Bytes buffer = Bytes(Handoff::kBuffer);
  std::unique_ptr<Listeners> listeners;
};

TEST_F(HandoffTest, ADatagramComesWithItsSenderAndASocketThatReachesIt) {
  const UdpPeer client(endpoint());
  client.send(message(1));
  EXPECT_EQ(client.receive(), reply_to(message(1)));
  const Bytes sent = message(kForOthers + 1, 0, 600);
  client.send(sent);
  const auto received = take();
  ASSERT_TRUE(received);
  ASSERT_EQ(received->connection, nullptr);
  EXPECT_EQ(Bytes(received->packet.begin(), received->packet.end()), sent);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(received->client.port);
  std::memcpy(&to.sin_addr, received->client.address.data(), 4);
  const Bytes reply = message(7);
  ASSERT_GT(::sendto(received->socket, reply.data(), reply.size(), 0, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  EXPECT_EQ(client.receive(), reply) << "from the address that was asked: the client's socket is connected to it";
}

TEST_F(HandoffTest, AConnectionComesWithAllThatFollowsItsFirstForeignMessage) {
  const TcpPeer client(endpoint());
  Bytes sent;
  for (const auto& one : {message(1), message(2), message(kForOthers), message(3)}) {
    const auto framed = TcpPeer::frame(one);
    sent.insert(sent.end(), framed.begin(), framed.end());
  }
  client.send(sent);
  EXPECT_EQ(client.receive(), reply_to(message(1)));
  EXPECT_EQ(client.receive(), reply_to(message(2)));
  const auto received = take();
  ASSERT_TRUE(received && received->connection);
  auto& connection = *received->connection;
  Bytes expected = TcpPeer::frame(message(kForOthers));
  const auto last = TcpPeer::frame(message(3));
  expected.insert(expected.end(), last.begin(), last.end());
  const auto octets = connection.in.octets();
  EXPECT_EQ(Bytes(octets.begin(), octets.end()), expected);
  EXPECT_EQ(connection.client.address[0], 127);
  const Bytes reply = TcpPeer::frame(message(9));
  ASSERT_EQ(::send(connection.fd.get(), reply.data(), reply.size(), 0), static_cast<ssize_t>(reply.size()));
  EXPECT_EQ(client.receive(), message(9));
  EXPECT_TRUE(eventually([&] { return listeners->counts().tcp_open == 0; })) << "the worker has forgotten it";
}

TEST_F(HandoffTest, AConnectionInOneOctetSegmentsIsHandedOverWhole) {
  const TcpPeer client(endpoint());
  const Bytes framed = TcpPeer::frame(message(kForOthers));
  for (const auto octet : framed) client.send({octet});
  const auto received = take();
  ASSERT_TRUE(received && received->connection);
  const auto octets = received->connection->in.octets();
  EXPECT_EQ(Bytes(octets.begin(), octets.end()), framed);
}

TEST_F(HandoffTest, AFullQueueDropsDatagramsAndClosesConnectionsAndTheWorkersGoOn) {
  const UdpPeer flood(endpoint());
  const Bytes large = message(kForOthers, 0, 4000);
  EXPECT_TRUE(eventually([&] {
    flood.send(large);
    return listeners->counts().dropped > 0;
  }));
  // A small message may still find room where a large one does not.
  EXPECT_TRUE(eventually([&] {
    const TcpPeer client(endpoint());
    client.send(TcpPeer::frame(message(kForOthers)));
    return listeners->counts().tcp_refused > 0;
  }));
  const UdpPeer client(endpoint());
  client.send(message(5));
  EXPECT_EQ(client.receive(), reply_to(message(5)));
}

TEST_F(HandoffTest, ConnectionsThatNobodyTookAreClosedWithIt) {
  const TcpPeer client(endpoint());
  {
    Handoff other;
    auto handed = std::make_unique<HandedConnection>();
    handed->fd = Fd(::dup(client.fd()));
    ASSERT_TRUE(other.give_connection(std::move(handed)));
  }
  EXPECT_TRUE(client.answers(1)) << "only the duplicate was closed";
}

}  // namespace
}  // namespace dnsd::serve
