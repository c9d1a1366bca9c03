#include <sys/resource.h>

#include <random>

#include "dnsd/serve/test_clients.h"

namespace dnsd::serve {
namespace {

using namespace testing;
using registry::Millis;

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}
void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }
TEST(Tcp, TwoQueriesInOneSegmentAreAnsweredInOrder) {
  TestServer server;
  server.run();
  const TcpPeer client(server.endpoint());
  client.send(joined({TcpPeer::frame(message(1)), TcpPeer::frame(message(2, 300))}));
  EXPECT_EQ(client.receive(), reply_to(message(1)));
  EXPECT_EQ(client.receive(), reply_to(message(2, 300)));
}

TEST(Tcp, AQueryInOneOctetSegmentsIsAnswered) {
  TestServer server;
  server.run();
  const TcpPeer client(server.endpoint());
  for (const auto octet : joined({TcpPeer::frame(message(1)), TcpPeer::frame(message(2))})) client.send({octet});
  EXPECT_EQ(client.receive(), reply_to(message(1)));
  EXPECT_EQ(client.receive(), reply_to(message(2)));
}

TEST(Tcp, AnySegmentationGivesTheSameReplies) {
  TestServer server;
  server.run();
  std::mt19937 random(20260101);
  for (int round = 0; round < 10; ++round) {
    const TcpPeer client(server.endpoint());
    Bytes sent, expected;
    for (std::uint16_t id = 0; id < 60; ++id) {
      const auto query = message(id, static_cast<std::uint16_t>(random() % 5 == 0 ? random() % 3000 + 14 : 0),
                                 14 + (random() % 4 == 0 ? random() % 5000 : random() % 40));
      append(sent, TcpPeer::frame(query));
      append(expected, TcpPeer::frame(reply_to(query)));
    }
    std::jthread writer([&] {
      for (std::size_t at = 0; at < sent.size();) {
        const auto size =
            std::min<std::size_t>(sent.size() - at, random() % 3 == 0 ? random() % 9000 + 1 : random() % 20 + 1);
        client.send(Bytes(sent.begin() + static_cast<std::ptrdiff_t>(at),
                          sent.begin() + static_cast<std::ptrdiff_t>(at + size)));
        at += size;
      }
    });
    ASSERT_EQ(client.read(expected.size()), expected) << "round " << round;
  }
}

TEST(Tcp, TheLargestMessagesPassBothWays) {
  TestServer server;
  server.run();
  const TcpPeer client(server.endpoint());
  const auto query = message(9, 65'535, 65'535);
  client.send(TcpPeer::frame(query));
  EXPECT_EQ(client.receive(), reply_to(query));
}

TEST(Tcp, PipelinedQueriesAreAnsweredInBatches) {
  TestServer server;
  server.run();
  const TcpPeer client(server.endpoint());
  Bytes sent, expected;
  for (std::uint16_t id = 0; id < 1000; ++id) {
    append(sent, TcpPeer::frame(message(id)));
    append(expected, TcpPeer::frame(reply_to(message(id))));
  }
  client.send(sent);
  EXPECT_EQ(client.read(expected.size()), expected);
  EXPECT_EQ(server.echo.largest_batch.load(), kMaxBatch);
}

// Replies of all lengths stand back to back in one buffer, the one that is missing among them.
TEST(Tcp, SingleQueriesOfManyConnectionsAreOneBatchAndEachGetsItsOwnReply) {
  TestServer server([](auto& o) { o.tcp_workers = 1; });
  server.run();
  std::vector<std::unique_ptr<TcpPeer>> clients;
  for (std::uint16_t i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<TcpPeer>(server.endpoint()));
    ASSERT_TRUE(clients.back()->answers(i));
  }
  server.echo.hold = true;  // the worker is busy with the first until all others have sent
  clients[0]->send(TcpPeer::frame(message(0)));
  ASSERT_TRUE(eventually([&] { return server.echo.held.load(); }));
  const auto query = [](std::uint16_t i) {
    return i == 7 ? message(i, 0, 14, 0x80) : message(i, static_cast<std::uint16_t>(i * 3000));
  };
  for (std::uint16_t i = 1; i < 20; ++i) clients[i]->send(TcpPeer::frame(query(i)));
  server.echo.hold = false;
  for (std::uint16_t i = 0; i < 20; ++i) {
    if (i == 7) continue;
    EXPECT_EQ(clients[i]->receive(), reply_to(query(i))) << i;
  }
  EXPECT_TRUE(clients[7]->ends_in_order());
  EXPECT_TRUE(clients[8]->answers(8));
  EXPECT_EQ(server.echo.largest_batch.load(), 19u);
}

TEST(Tcp, AHalfClosedConnectionIsStillAnswered) {
  TestServer server;
  server.run();
  const TcpPeer client(server.endpoint());
  client.send(TcpPeer::frame(message(1, 60'000)));
  ::shutdown(client.fd(), SHUT_WR);
  EXPECT_EQ(client.receive(), reply_to(message(1, 60'000)));
  EXPECT_TRUE(client.ends_in_order());
}

// Epoll tells once; what fills several reads, and the FIN right behind it, must not be forgotten.
TEST(Tcp, MoreThanSeveralReadsAtOnceIsAnsweredToTheEnd) {
  TestServer server;
  server.run();
  server.echo.hold = true;
  const TcpPeer client(server.endpoint());
  constexpr std::uint16_t kCount = 40'000;  // 16 octets each: ten reads
  std::jthread writer([&] {
    Bytes sent;
    for (std::uint16_t id = 0; id < kCount; ++id) append(sent, TcpPeer::frame(message(id)));
    client.send(sent);
    ::shutdown(client.fd(), SHUT_WR);
  });
  server.echo.hold = false;
  for (std::uint16_t id = 0; id < kCount; ++id) ASSERT_EQ(client.receive(), reply_to(message(id))) << id;
  EXPECT_TRUE(client.ends_in_order());
}

// 12 MB of replies that nobody takes: the server stops reading from that peer, serves others, loses nothing.
TEST(Tcp, APeerThatDoesNotReadHoldsUpOnlyItself) {
  TestServer server;
  server.run();
  const TcpPeer slow(server.endpoint());
  Bytes sent;
  for (std::uint16_t id = 0; id < 200; ++id) append(sent, TcpPeer::frame(message(id, 60'000)));
  append(sent, {0});  // and half a frame
  slow.send(sent);
  ASSERT_TRUE(eventually([&] { return server.echo.requests >= 64; }));
  const TcpPeer other(server.endpoint());
  EXPECT_TRUE(other.answers(5));
  EXPECT_LT(server.echo.requests.load(), 201u) << "it does not answer ahead without bound";
  for (std::uint16_t id = 0; id < 200; ++id) ASSERT_EQ(slow.receive(), reply_to(message(id, 60'000))) << id;
  slow.send({14});
  slow.send(message(7));
  EXPECT_EQ(slow.receive(), reply_to(message(7)));
}

TEST(Tcp, HalfClosingWithRepliesPendingLosesNone) {
  TestServer server;
  server.run();
  const TcpPeer client(server.endpoint());
  for (std::uint16_t id = 0; id < 150; ++id) client.send(TcpPeer::frame(message(id, 60'000)));
  ::shutdown(client.fd(), SHUT_WR);
  for (std::uint16_t id = 0; id < 150; ++id) ASSERT_EQ(client.receive(), reply_to(message(id, 60'000))) << id;
  EXPECT_TRUE(client.ends_in_order());
}

TEST(Tcp, AMessageWithoutAReplyEndsTheConnectionAfterTheRepliesBeforeIt) {
  TestServer server;
  server.run();
  for (const auto& bad : {message(2, 0, 14, 0x80), Bytes{}, Bytes{1, 2, 3}}) {
    const TcpPeer client(server.endpoint());
    client.send(joined({TcpPeer::frame(message(1)), TcpPeer::frame(bad), TcpPeer::frame(message(3))}));
    EXPECT_EQ(client.receive(), reply_to(message(1)));
    while (!client.receive().empty()) {
    }
    EXPECT_TRUE(client.ends_in_order());
  }
}

TEST(Tcp, AnIdleConnectionIsClosedInOrder) {
  TestServer server([](auto& o) { o.tcp_idle = Millis(50); });
  server.run();
  const TcpPeer client(server.endpoint());
  EXPECT_TRUE(client.answers(1));
  EXPECT_TRUE(client.ends_in_order());
  EXPECT_TRUE(eventually([&] { return server.listeners->counts().tcp_open == 0; }));
  EXPECT_EQ(server.listeners->counts().tcp_closed_idle, 1u);
}

TEST(Tcp, HalfAMessageHasItsOwnDeadline) {
  TestServer server([](auto& o) {
    o.tcp_idle = Millis(3'600'000);
    o.tcp_io = Millis(50);
  });
  server.run();
  for (const auto& part : {Bytes{0}, Bytes{0xff, 0xff}, Bytes{0, 14, 1, 2, 3}}) {
    const TcpPeer client(server.endpoint());
    client.send(part);
    EXPECT_TRUE(client.ends_in_order());
  }
}

TEST(Tcp, AStuckReaderIsClosed) {
  TestServer server([](auto& o) {
    o.tcp_idle = Millis(3'600'000);
    o.tcp_io = Millis(50);
  });
  server.run();
  const TcpPeer client(server.endpoint());
  Bytes sent;
  for (std::uint16_t id = 0; id < 200; ++id) append(sent, TcpPeer::frame(message(id, 60'000)));
  client.send(sent);
  EXPECT_TRUE(eventually([&] {
    const auto counts = server.listeners->counts();
    return counts.tcp_accepted == 1 && counts.tcp_open == 0;
  }));
}

TEST(Tcp, OverTheLimitTheLongestIdleOneGoes) {
  TestServer server([](auto& o) {
    o.tcp_connections = 2;
    o.tcp_idle_overload = Millis(3'600'000);
  });
  server.run();
  const TcpPeer a(server.endpoint());
  ASSERT_TRUE(a.answers(1));
  const TcpPeer b(server.endpoint());
  ASSERT_TRUE(b.answers(2));
  ASSERT_TRUE(a.answers(3));  // now b is idle longer
  const TcpPeer c(server.endpoint());
  EXPECT_TRUE(c.answers(4));
  EXPECT_TRUE(b.ends_in_order());
  EXPECT_TRUE(a.answers(5));
}

TEST(Tcp, OneClientHasAtMostItsShare) {
  TestServer server([](auto& o) { o.tcp_per_client = 2; });
  server.run();
  const TcpPeer a(server.endpoint());
  auto b = std::make_unique<TcpPeer>(server.endpoint());
  ASSERT_TRUE(a.answers(1));
  ASSERT_TRUE(b->answers(2));
  const TcpPeer third(server.endpoint());
  EXPECT_TRUE(third.ends_in_order());
  const TcpPeer elsewhere(server.endpoint(), "127.0.0.9");
  EXPECT_TRUE(elsewhere.answers(3));
  EXPECT_EQ(server.listeners->counts().tcp_refused, 1u);
  b.reset();
  EXPECT_TRUE(eventually([&] { return TcpPeer(server.endpoint()).answers(4); })) << "its place is free again";
}

TEST(Tcp, SeveralWorkersShareTheConnections) {
  TestServer server([](auto& o) { o.tcp_workers = 3; });
  server.run();
  std::vector<std::unique_ptr<TcpPeer>> clients;
  for (int i = 0; i < 30; ++i) clients.push_back(std::make_unique<TcpPeer>(server.endpoint()));
  for (const auto& client : clients) EXPECT_TRUE(client->answers(1));
  EXPECT_EQ(server.listeners->counts().tcp_open, 30u);
}

TEST(Tcp, StopAnswersWhatIsInFlightAndClosesInOrder) {
  TestServer server;
  server.run();
  const TcpPeer idle(server.endpoint());
  ASSERT_TRUE(idle.answers(1));
  server.echo.hold = true;
  const TcpPeer asking(server.endpoint());
  for (std::uint16_t id = 0; id < 100; ++id) asking.send(TcpPeer::frame(message(id, 60'000)));  // 6 MB
  std::jthread stopping([&] { server.listeners->stop(); });
  server.echo.hold = false;
  for (std::uint16_t id = 0; id < 100; ++id) ASSERT_EQ(asking.receive(), reply_to(message(id, 60'000))) << id;
  EXPECT_TRUE(asking.ends_in_order());
  EXPECT_TRUE(idle.ends_in_order());
}

TEST(Tcp, StopDoesNotWaitForAPeerThatTakesNothing) {
  TestServer server;
  server.run();
  const TcpPeer client(server.endpoint());
  Bytes sent;
  for (std::uint16_t id = 0; id < 200; ++id) append(sent, TcpPeer::frame(message(id, 60'000)));
  client.send(sent);
  ASSERT_TRUE(eventually([&] { return server.echo.requests >= 64; }));
  const auto before = std::chrono::steady_clock::now();
  server.listeners->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(5));
}

class FewDescriptors {  // no new descriptor beyond those in use
 public:
  FewDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const Fd next(::dup(0));
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next.get());
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST(Tcp, WithoutDescriptorsConnectionsAreShedNotSpunOn) {
  TestServer server;
  server.run();
  const Fd early(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = *to_socket_address(server.endpoint());
  {
    const FewDescriptors few;
    ASSERT_EQ(::connect(early.get(), address.get(), address.size), 0);
    EXPECT_TRUE(eventually([&] { return server.listeners->counts().tcp_refused == 1; }));
  }
  const TcpPeer later(server.endpoint());
  EXPECT_TRUE(later.answers(1));
  EXPECT_EQ(server.listeners->counts().tcp_refused, 1u);
}

TEST(Tcp, WithoutDescriptorsAnIdleConnectionMakesRoom) {
  TestServer server;
  server.run();
  const TcpPeer idle(server.endpoint());
  ASSERT_TRUE(idle.answers(1));
  const Fd early(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = *to_socket_address(server.endpoint());
  const FewDescriptors few;
  ASSERT_EQ(::connect(early.get(), address.get(), address.size), 0);
  const auto query = TcpPeer::frame(message(2));
  ASSERT_EQ(::send(early.get(), query.data(), query.size(), MSG_NOSIGNAL), static_cast<ssize_t>(query.size()));
  EXPECT_TRUE(idle.ends_in_order());
  Bytes reply(query.size());
  EXPECT_EQ(::recv(early.get(), reply.data(), reply.size(), MSG_WAITALL), static_cast<ssize_t>(reply.size()));
}

}  // namespace
}  // namespace dnsd::serve
