#include <gmock/gmock.h>

#include "dnsd/serve/test_clients.h"

namespace dnsd::serve {
namespace {

using namespace testing;
using ::testing::HasSubstr;

TEST(Udp, AnswersFromTheAddressThatWasAsked) {
  TestServer server([](auto& o) { o.listen = {{"127.0.0.1", 0}, {"127.0.0.2", 0}}; });
  server.run();
  ASSERT_EQ(server.listeners->endpoints().size(), 2u);
  for (const auto& endpoint : server.listeners->endpoints()) {
    const UdpPeer client(endpoint);  // connected: replies of another address do not arrive
    client.send(message(7));
    EXPECT_EQ(client.receive(), reply_to(message(7)));
  }
}

TEST(Udp, ServesIpv6) {
  TestServer server([](auto& o) { o.listen = {{"::1", 0}}; });
  if (const auto opened = server.listeners->open(); !opened) GTEST_SKIP() << opened.error();
  server.listeners->start();
  const UdpPeer client(server.endpoint());
  client.send(message(7));
  EXPECT_EQ(client.receive(), reply_to(message(7)));
}

TEST(Udp, EveryDatagramOfABurstIsAnsweredOnce) {
  TestServer server;
  server.run();
  std::vector<std::unique_ptr<UdpPeer>> clients;  // several ports: several workers
  for (int i = 0; i < 8; ++i) clients.push_back(std::make_unique<UdpPeer>(server.endpoint()));
  for (std::uint16_t id = 0; id < 40; ++id)
    for (const auto& client : clients) client->send(message(id, static_cast<std::uint16_t>(100 + id)));
  for (const auto& client : clients) {
    std::vector<bool> seen(40);
    for (int i = 0; i < 40; ++i) {
      const auto reply = client->receive();
      ASSERT_FALSE(reply.empty());
      const auto id = wire::get16(reply.data());
      EXPECT_EQ(reply, reply_to(message(id, static_cast<std::uint16_t>(100 + id))));
      EXPECT_FALSE(seen[id]);
      seen[id] = true;
    }
    EXPECT_TRUE(client->receive(MSG_DONTWAIT).empty());
  }
}

TEST(Udp, ABatchIsAnsweredTogether) {
  TestServer server([](auto& o) { o.workers = 1; });
  server.run();
  server.echo.hold = true;
  const UdpPeer client(server.endpoint());
  for (std::uint16_t id = 0; id < 100; ++id) client.send(message(id));
  server.echo.hold = false;
  for (int i = 0; i < 100; ++i) ASSERT_FALSE(client.receive().empty());
  EXPECT_GT(server.echo.largest_batch.load(), 8u);
  EXPECT_LE(server.echo.largest_batch.load(), kMaxBatch);
}

TEST(Udp, WhatGetsNoReplyDoesNotShiftTheRepliesOfItsBatch) {
  TestServer server([](auto& o) { o.workers = 1; });
  server.run();
  server.echo.hold = true;
  const UdpPeer a(server.endpoint()), b(server.endpoint());
  for (std::uint16_t id = 0; id < 10; ++id) {
    a.send(message(id, 0, 14, static_cast<std::uint8_t>(id % 2 * 0x80)));
    b.send(message(static_cast<std::uint16_t>(100 + id)));
  }
  server.echo.hold = false;
  for (std::uint16_t id = 0; id < 10; id = static_cast<std::uint16_t>(id + 2))
    EXPECT_EQ(a.receive(), reply_to(message(id)));
  for (std::uint16_t id = 100; id < 110; ++id) EXPECT_EQ(b.receive(), reply_to(message(id)));
}

TEST(Udp, OverlongAndEmptyDatagramsAreDroppedAndCounted) {
  TestServer server;
  server.run();
  const UdpPeer client(server.endpoint());
  client.send(message(1, 0, UdpWorker::kMaxQuery + 1));
  ::send(client.fd(), "", 0, 0);
  client.send(message(2));
  EXPECT_EQ(client.receive(), reply_to(message(2)));
  EXPECT_EQ(server.listeners->counts().dropped, 1u) << "the empty one is the responder's to count";
}

TEST(Udp, DatagramsThatTheSocketCannotHoldAreCounted) {
  TestServer server([](auto& o) {
    o.workers = 1;
    o.udp_receive_buffer = 4096;
  });
  server.run();
  server.echo.hold = true;
  const UdpPeer client(server.endpoint());
  for (int i = 0; i < 500; ++i) client.send(message(1, 0, 1000));
  EXPECT_GT(server.listeners->counts().socket_drops, 0u);
  server.echo.hold = false;
}

// A forged "fragmentation needed" must not make the kernel cut replies into fragments.
TEST(Udp, SocketsIgnoreReportedPathMtus) {
  const auto bound = bind_endpoint({"127.0.0.1", 0}, 2, 0);
  ASSERT_TRUE(bound) << bound.error();
  for (const auto& fd : bound->udp) {
    int mode = -1;
    socklen_t size = sizeof mode;
    ASSERT_EQ(::getsockopt(fd.get(), IPPROTO_IP, IP_MTU_DISCOVER, &mode, &size), 0);
    EXPECT_EQ(mode, IP_PMTUDISC_OMIT);
  }
}

TEST(Udp, StopWakesBlockedWorkersAtOnce) {
  TestServer server([](auto& o) { o.workers = 4; });
  server.run();
  const UdpPeer client(server.endpoint());
  client.send(message(1));
  EXPECT_FALSE(client.receive().empty());
  const auto before = std::chrono::steady_clock::now();
  server.listeners->stop();
  // Below the second of SO_RCVTIMEO, the net under the shutdown().
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(700));
}

TEST(Udp, StopAnswersWhatWasReceived) {
  TestServer server([](auto& o) { o.workers = 1; });
  server.run();
  server.echo.hold = true;
  const UdpPeer client(server.endpoint());
  // On loopback they are in the socket now. More than a batch, fewer than the client's own socket holds of replies.
  for (std::uint16_t id = 0; id < 150; ++id) client.send(message(id));
  std::jthread stopping([&] { server.listeners->stop(); });
  server.echo.hold = false;
  for (int i = 0; i < 150; ++i) ASSERT_FALSE(client.receive().empty()) << i;
}

TEST(Listeners, PortZeroIsOnePortForBoth) {
  TestServer server;
  server.run();
  EXPECT_NE(server.endpoint().port, 0);
  const UdpPeer udp(server.endpoint());
  udp.send(message(3));
  EXPECT_FALSE(udp.receive().empty());
  const TcpPeer tcp(server.endpoint());
  EXPECT_TRUE(tcp.answers(4));
}

TEST(Listeners, ASecondServerOnThePortIsRefused) {
  TestServer first;
  first.run();
  TestServer second([&](auto& o) { o.listen = {first.endpoint()}; });
  const auto opened = second.listeners->open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), to_string(first.endpoint()) + " is already in use (another dnsd?)");
  const UdpPeer client(first.endpoint());
  client.send(message(3));
  EXPECT_FALSE(client.receive().empty()) << "the first one serves on";
  first.listeners->stop();
  EXPECT_TRUE(second.listeners->open()) << "the port is free at once";
}

TEST(Listeners, APortTakenForTcpAloneIsRefused) {
  const Fd other(::socket(AF_INET, SOCK_STREAM, 0));
  auto address = *to_socket_address({"127.0.0.1", 0});
  ASSERT_EQ(::bind(other.get(), address.get(), address.size), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  auto size = address.size;
  ::getsockname(other.get(), address.get(), &size);
  TestServer server([&](auto& o) { o.listen = {{"127.0.0.1", address.port()}}; });
  const auto opened = server.listeners->open();
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error(), HasSubstr("already in use"));
}

TEST(Listeners, WildcardsBecomeTheAddressesOfTheInterfaces) {
  const auto v4 = expand_wildcards({{"0.0.0.0", 53}, {"127.0.0.1", 53}, {"127.0.0.1", 54}});
  ASSERT_TRUE(v4) << v4.error();
  int loopback = 0;
  for (const auto& endpoint : *v4) {
    EXPECT_NE(endpoint.address, "0.0.0.0");
    loopback += endpoint.address == "127.0.0.1" && endpoint.port == 53;
  }
  EXPECT_EQ(loopback, 1) << "listed twice, served once";
  EXPECT_EQ(v4->back().port, 54);
}

TEST(Listeners, WhatCannotBeListenedOnIsOneLine) {
  for (const auto* address : {"localhost", "", "300.1.1.1", "127.0.0.1:53"}) {
    TestServer server([&](auto& o) { o.listen = {{address, 0}}; });
    const auto opened = server.listeners->open();
    ASSERT_FALSE(opened) << address;
    EXPECT_EQ(opened.error(), "\"" + std::string(address) + "\" is no address to listen on");
  }
  TestServer nowhere([](auto& o) { o.listen = {}; });
  EXPECT_FALSE(nowhere.listeners->open());
  TestServer foreign([](auto& o) { o.listen = {{"192.0.2.1", 0}}; });
  ASSERT_FALSE(foreign.listeners->open());
  TestServer many([](auto& o) { o.listen.assign(65, {"127.0.0.1", 0}); });
  EXPECT_EQ(many.listeners->open().error(), "65 addresses to listen on, at most 64");
}

}  // namespace
}  // namespace dnsd::serve
