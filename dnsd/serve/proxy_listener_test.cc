// Sockets where proxies speak for clients, and TCP under overload.
#include "dnsd/serve/test_clients.h"

namespace dnsd::serve {
namespace {

using namespace testing;
using registry::Millis;

// As the header of a proxy: family 0x12 (UDP) or 0x11 (TCP) over IPv4.
Bytes proxy_header(std::uint8_t last_octet, std::uint16_t port = 4000, std::uint8_t command = 0x21) {
  Bytes out{'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n', command, 0x12, 0, 12};
  const std::uint8_t addresses[] = {192, 0, 2, last_octet, 10, 0, 0, 1};
  out.insert(out.end(), std::begin(addresses), std::end(addresses));
  out.push_back(static_cast<std::uint8_t>(port >> 8));
  out.push_back(static_cast<std::uint8_t>(port));
  out.push_back(0);
  out.push_back(53);
  return out;
}

// Answers with what it was told of the client: id, family and address, port, transport, proxied, overloaded.
struct Witness {
  static void call(void*, std::span<const Request> requests, std::span<Reply> replies, BatchTime) noexcept {
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const auto& r = requests[i];
      replies[i].size = 0;
      if (replies[i].buffer.data() == nullptr) replies[i].buffer = behind(replies[i - 1]);
      if (r.packet.size() < 2) continue;
      auto* out = replies[i].buffer.data();
      std::memcpy(out, r.packet.data(), 2);
      std::memcpy(out + 2, r.client.address.data(), 4);
      wire::put16(out + 6, r.client.port);
      out[8] = static_cast<std::uint8_t>(r.transport);
      out[9] = r.proxied, out[10] = r.overloaded;
      replies[i].size = 11;
    }
  }
};

struct ProxyServer {
  explicit ProxyServer(const std::function<void(ServerOptions&)>& change = {}) {
    options.listen = {{"127.0.0.1", 0}};
    options.proxy_listen = {{"127.0.0.1", 0}};
    options.proxies = {registry::parse_prefix("127.0.0.1").value()};
    options.workers = 1;
    if (change) change(options);
    listeners = std::make_unique<Listeners>(
        options,
        [] {
          return BatchHandler{Witness::call, nullptr};
        },
        reclaimer);
    const auto opened = listeners->open();
    EXPECT_TRUE(opened) << opened.error();
    listeners->start();
  }
  [[nodiscard]] Endpoint plain() const { return listeners->endpoints().front(); }
  [[nodiscard]] Endpoint proxied() const { return listeners->proxy_endpoints().front(); }
  ServerOptions options;
  answers::Reclaimer reclaimer;
  std::unique_ptr<Listeners> listeners;
};

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}
Bytes seen(std::uint8_t id, std::uint8_t last_octet, std::uint16_t port, bool tcp, bool proxied = true) {
  Bytes out{0, id, 192, 0, 2, last_octet, 0, 0, tcp, proxied, 0};
  wire::put16(out.data() + 6, port);
  return out;
}

TEST(ProxyUdp, TheClientIsWhomTheHeaderNamesAndTheProxyGetsTheReply) {
  const ProxyServer server;
  ASSERT_EQ(server.listeners->endpoints().size(), 1u);
  const UdpPeer proxy(server.proxied());
  for (std::uint8_t id = 1; id < 20; ++id) {
    proxy.send(joined({proxy_header(id, static_cast<std::uint16_t>(1000 + id)), {0, id}}));
    EXPECT_EQ(proxy.receive(), seen(id, id, static_cast<std::uint16_t>(1000 + id), false));
  }
  proxy.send(joined({proxy_header(1, 1, 0x20), {0, 9}}));  // LOCAL
  const auto local = proxy.receive();
  ASSERT_EQ(local.size(), 11u);
  EXPECT_EQ(local[2], 127);
  EXPECT_EQ(local[9], 0);
}

TEST(ProxyUdp, WithoutASoundHeaderOrFromElsewhereIsDropped) {
  const ProxyServer server;
  const UdpPeer proxy(server.proxied());
  auto wrong = proxy_header(1);
  wrong[12] = 0x11;
  proxy.send(Bytes{0, 1});
  proxy.send(joined({wrong, {0, 2}}));
  auto half = proxy_header(1);
  half.resize(20);
  proxy.send(half);
  const Fd stranger(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto from = *to_socket_address({"127.0.0.9", 0}), to = *to_socket_address(server.proxied());
  ASSERT_EQ(::bind(stranger.get(), from.get(), from.size), 0);
  const auto good = joined({proxy_header(1), {0, 3}});
  ASSERT_GT(::sendto(stranger.get(), good.data(), good.size(), 0, to.get(), to.size), 0);
  EXPECT_TRUE(eventually([&] { return server.listeners->counts().proxy_refused == 4; }));
  proxy.send(joined({proxy_header(7), {0, 4}}));
  EXPECT_EQ(proxy.receive()[1], 4) << "the first reply of all";
}

TEST(ProxyUdp, OnAPlainSocketAHeaderIsNoHeader) {
  const ProxyServer server;
  const UdpPeer client(server.plain());
  client.send(joined({proxy_header(1), {0, 3}}));
  const auto reply = client.receive();
  ASSERT_EQ(reply.size(), 11u);
  EXPECT_EQ(reply[1], '\n') << "it was taken for the message";
  EXPECT_EQ(reply[2], 127);
}

TEST(ProxyTcp, TheHeaderComesOnceHoweverItIsCut) {
  const ProxyServer server;
  const auto stream = joined({proxy_header(5, 777), TcpPeer::frame({0, 1}), TcpPeer::frame({0, 2})});
  for (std::size_t cut = 0; cut <= stream.size(); cut += 3) {
    const TcpPeer proxy(server.proxied());
    const auto middle = stream.begin() + static_cast<std::ptrdiff_t>(cut);
    proxy.send(Bytes(stream.begin(), middle));
    proxy.send(Bytes(middle, stream.end()));
    EXPECT_EQ(proxy.receive(), seen(1, 5, 777, true)) << cut;
    EXPECT_EQ(proxy.receive(), seen(2, 5, 777, true)) << cut;
  }
  const TcpPeer slow(server.proxied());
  for (const auto octet : stream) slow.send({octet});
  EXPECT_EQ(slow.receive(), seen(1, 5, 777, true));
  EXPECT_EQ(slow.receive(), seen(2, 5, 777, true));
}

TEST(ProxyTcp, WithoutASoundHeaderOrFromElsewhereIsClosed) {
  const ProxyServer server;
  const TcpPeer plain(server.proxied());
  plain.send(TcpPeer::frame({0, 1}));
  EXPECT_TRUE(plain.ends_in_order());
  const TcpPeer stranger(server.proxied(), "127.0.0.9");
  EXPECT_TRUE(stranger.ends_in_order());
  EXPECT_EQ(server.listeners->counts().proxy_refused, 2u);
  EXPECT_TRUE(eventually([&] { return server.listeners->counts().tcp_open == 0; }));
}

TEST(ProxyTcp, HalfAHeaderHasTheDeadlineOfAMessage) {
  const ProxyServer server([](auto& o) {
    o.tcp_idle = Millis(3'600'000);
    o.tcp_io = Millis(50);
  });
  const TcpPeer proxy(server.proxied());
  proxy.send({'\r', '\n', '\r'});
  EXPECT_TRUE(proxy.ends_in_order());
}

TEST(ProxyTcp, EachClientHasItsShareNotTheProxy) {
  const ProxyServer server([](auto& o) { o.tcp_per_client = 2; });
  std::vector<std::unique_ptr<TcpPeer>> kept;
  const auto ask = [&](std::uint8_t client) {
    kept.push_back(std::make_unique<TcpPeer>(server.proxied()));
    kept.back()->send(joined({proxy_header(client), TcpPeer::frame({0, client})}));
    return !kept.back()->receive().empty();
  };
  for (std::uint8_t client = 1; client < 9; ++client) EXPECT_TRUE(ask(client));
  EXPECT_TRUE(ask(1));
  EXPECT_FALSE(ask(1)) << "its third";
  EXPECT_EQ(server.listeners->counts().tcp_refused, 1u);
  kept.clear();
  EXPECT_TRUE(eventually([&] { return ask(1); })) << "its places are free again";
}

TEST(TcpOverload, NearTheLimitIdleConnectionsHaveLessTime) {
  TestServer server([](auto& o) {
    o.tcp_connections = 8;
    o.tcp_idle = Millis(3'600'000);
    o.tcp_idle_overload = Millis(50);
  });
  server.run();
  std::vector<std::unique_ptr<TcpPeer>> clients;
  for (std::uint16_t i = 0; i < 7; ++i) {
    clients.push_back(std::make_unique<TcpPeer>(server.endpoint()));
    ASSERT_TRUE(clients.back()->answers(i));
  }
  EXPECT_TRUE(clients.front()->ends_in_order()) << "the longest idle one";
  EXPECT_TRUE(eventually([&] { return server.listeners->counts().tcp_open == 6; }));
  EXPECT_TRUE(clients.back()->answers(9)) << "six of eight are no overload";
  EXPECT_EQ(server.listeners->counts().tcp_closed_idle, 1u);
}

TEST(TcpOverload, IsToldToTheResponder) {
  const ProxyServer server([](auto& o) {
    o.tcp_connections = 8;
    o.tcp_idle_overload = Millis(3'600'000);
  });
  std::vector<std::unique_ptr<TcpPeer>> clients;
  for (std::uint8_t i = 1; i <= 7; ++i) {
    clients.push_back(std::make_unique<TcpPeer>(server.plain()));
    clients.back()->send(TcpPeer::frame({0, i}));
    const auto reply = clients.back()->receive();
    ASSERT_EQ(reply.size(), 11u);
    EXPECT_EQ(reply[10], i == 7) << int{i};
  }
}

}  // namespace
}  // namespace dnsd::serve
