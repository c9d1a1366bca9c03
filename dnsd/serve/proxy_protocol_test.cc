#include "dnsd/serve/proxy_protocol.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace dnsd::serve {
namespace {

using Kind = ProxyHeader::Kind;
using Octets = std::vector<std::uint8_t>;

Octets header(int command, int family, const Octets& body) {
  Octets out{'\r', '\n', '\r', '\n', 0, '\r', '\n', 'Q', 'U', 'I', 'T', '\n'};
  out.push_back(static_cast<std::uint8_t>(command));
  out.push_back(static_cast<std::uint8_t>(family));
  out.push_back(static_cast<std::uint8_t>(body.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(body.size()));
  out.insert(out.end(), body.begin(), body.end());
  return out;
}
const Octets kV4{192, 0, 2, 1, 10, 0, 0, 1, 0x12, 0x34, 0, 53};

Octets v6_body() {
  Octets out(36);
  out[0] = 0x20, out[1] = 1, out[15] = 7, out[31] = 9, out[32] = 0xab, out[33] = 0xcd;
  return out;
}

TEST(ProxyHeader, NamesTheClientWhateverItsTransport) {
  for (const int family : {0x11, 0x12}) {
    const auto got = parse_proxy_header(header(0x21, family, kV4));
    EXPECT_EQ(got.kind, Kind::proxied);
    EXPECT_EQ(got.size, 28U);
    EXPECT_FALSE(got.client.v6);
    EXPECT_EQ(got.client.port, 0x1234);
    EXPECT_EQ(got.client.address, (std::array<std::uint8_t, 16>{192, 0, 2, 1}));
  }
  for (const int family : {0x21, 0x22}) {
    const auto got = parse_proxy_header(header(0x21, family, v6_body()));
    EXPECT_EQ(got.kind, Kind::proxied);
    EXPECT_EQ(got.size, 52U);
    EXPECT_TRUE(got.client.v6);
    EXPECT_EQ(got.client.port, 0xabcd);
    EXPECT_EQ(got.client.address, (std::array<std::uint8_t, 16>{0x20, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}));
  }
}

TEST(ProxyHeader, SkipsTlvsAndWhatFollows) {
  auto body = kV4;
  body.resize(kMaxProxyHeader - 16, 4);
  auto octets = header(0x21, 0x12, body);
  octets.insert(octets.end(), 100, 0xff);
  const auto got = parse_proxy_header(octets);
  EXPECT_EQ(got.kind, Kind::proxied);
  EXPECT_EQ(got.size, kMaxProxyHeader);
}

TEST(ProxyHeader, OfTheProxyItselfIsLocal) {
  for (const auto& local : {header(0x20, 0x00, {}), header(0x20, 0x11, kV4), header(0x21, 0x00, {}),
                            header(0x21, 0x00, {1, 2, 3}), header(0x20, 0xff, {})}) {
    const auto got = parse_proxy_header(local);
    EXPECT_EQ(got.kind, Kind::local);
    EXPECT_EQ(got.size, local.size());
  }
}

TEST(ProxyHeader, CutAnywhereIsPartialNeverWrong) {
  const auto whole = header(0x21, 0x22, v6_body());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(parse_proxy_header(std::span(whole).first(size)).kind, Kind::partial) << size;
  }
}

TEST(ProxyHeader, RefusesWhatDoesNotNameAnIpClient) {
  Octets long_body(kMaxProxyHeader - 15);
  auto shorter = v6_body();
  shorter.pop_back();
  for (const auto& bad :
       {header(0x11, 0x11, kV4), header(0x22, 0x11, kV4), header(0x31, 0x11, kV4), header(0x21, 0x13, kV4),
        header(0x21, 0x10, kV4), header(0x21, 0x31, Octets(216)), header(0x21, 0x01, {}), header(0x21, 0x12, {1, 2, 3}),
        header(0x21, 0x21, shorter), header(0x21, 0x11, long_body), header(0x20, 0x00, long_body),
        Octets{'P', 'R', 'O', 'X', 'Y', ' ', 'T', 'C', 'P', '4'}, Octets{0}, Octets(40)}) {
    EXPECT_EQ(parse_proxy_header(bad).kind, Kind::malformed);
  }
  for (std::size_t at = 0; at < 12; ++at) {
    auto bad = header(0x21, 0x11, kV4);
    bad[at] ^= 0x20;
    EXPECT_EQ(parse_proxy_header(bad).kind, Kind::malformed) << at;
  }
}

TEST(ProxyHeader, OfAnyOctetsStaysInsideThem) {
  std::mt19937 random(20260104);
  for (int round = 0; round < 20'000; ++round) {
    auto octets = header(random() % 2 ? 0x21 : 0x20, static_cast<std::uint8_t>(random()), Octets(random() % 60));
    octets[random() % octets.size()] = static_cast<std::uint8_t>(random());
    octets.resize(random() % (octets.size() + 1));
    octets.shrink_to_fit();
    const auto got = parse_proxy_header(octets);
    if (got.kind == Kind::local || got.kind == Kind::proxied) {
      EXPECT_LE(got.size, octets.size());
      EXPECT_GE(got.size, 16U);
    } else {
      EXPECT_EQ(got.size, 0U);
    }
  }
}

}  // namespace
}  // namespace dnsd::serve
