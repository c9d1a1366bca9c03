#include "dnsd/wire/writer.h"

#include <gtest/gtest.h>

#include <array>

#include "dnsd/wire/test_packets.h"

namespace dnsd::wire {
namespace {

using namespace testing;

Query asked(const Bytes& packet) {
  Query q;
  EXPECT_EQ(parse(packet, q), Parsed::ok);
  return q;
}
const std::array<std::uint8_t, 24> kCookie = {1, 2, 3};

Bytes all_options() {
  Bytes options = option(3, {});
  add(options, option(11, {}));
  add(options, option(10, Bytes(8, 1)));
  add(options, option(8, {0, 1, 20, 0, 10, 1, 0x10}));
  return options;
}
EdnsReply full_reply() {
  EdnsReply reply;
  reply.rcode = Rcode::badvers;
  reply.dnssec_ok = true;
  reply.ede = ede::prohibited;
  reply.ede_text = "no";
  reply.cookie = kCookie.data();
  reply.nsid = "ns1";
  reply.keepalive = 100;
  reply.ecs = true;
  reply.ecs_scope = 16;
  return reply;
}

TEST(Header, CopiesIdOpcodeAndRdAndSetsNothingElse) {
  auto m = Packet{.id = 0xbeef, .flags = 0x01ff}.question("web.corp");
  const auto packet = m.bytes();
  const auto q = asked(packet);
  std::array<std::uint8_t, 12> h;
  put_header(h.data(), q, {.rcode = Rcode::badvers, .aa = true, .tc = true}, {1, 2, 3});
  EXPECT_EQ(Bytes(h.begin(), h.end()), (Bytes{0xbe, 0xef, 0x87, 0x00, 0, 1, 0, 1, 0, 2, 0, 3}));
  put_header(h.data(), q, {.rcode = Rcode::refused}, {});
  EXPECT_EQ(h[2], 0x81);
  EXPECT_EQ(h[3], 5) << "RA, Z, AD and CD stay clear";
}

TEST(Header, WithoutAQuestionTheCountIsZero) {
  Query q;
  const auto packet = Packet{.flags = 0x2000}.bytes();
  ASSERT_EQ(parse(packet, q), Parsed::notimp);
  std::array<std::uint8_t, 12> h;
  put_header(h.data(), q, {.rcode = Rcode::notimp}, {});
  EXPECT_EQ(h[2], 0xa0) << "the opcode is echoed";
  EXPECT_EQ(h[5], 0);
}

TEST(Opt, NoneWithoutOneInTheQuery) {
  const auto packet = Packet{}.question("web.corp").bytes();
  const auto q = asked(packet);
  EXPECT_EQ(opt_size(q, full_reply()), 0u);
  std::array<std::uint8_t, 64> buffer;
  Writer w(buffer, 64);
  EXPECT_TRUE(put_opt(w, q, full_reply()));
  EXPECT_EQ(w.size(), 0u);
}

TEST(Opt, HoldsOnlyWhatWasAskedFor) {
  const auto packet = Packet{}.question("web.corp").with(opt()).bytes();
  const auto q = asked(packet);
  std::array<std::uint8_t, 64> buffer;
  Writer w(buffer, 64);
  auto reply = full_reply();
  ASSERT_TRUE(put_opt(w, q, reply));
  Bytes expected = {0, 0, 41, 0x04, 0xd0, 1, 0, 0x80, 0, 0, 8};
  add(expected, option(15, {0, 18, 'n', 'o'}));
  EXPECT_EQ(Bytes(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(w.size())), expected);
  EXPECT_EQ(opt_size(q, reply), expected.size());
}

TEST(Opt, AllOptionsInTheirForm) {
  const auto packet = Packet{}.question("web.corp").with(opt(1232, all_options())).bytes();
  const auto q = asked(packet);
  std::array<std::uint8_t, 256> buffer;
  Writer w(buffer, 256);
  ASSERT_TRUE(put_opt(w, q, full_reply()));
  Bytes options = option(3, {'n', 's', '1'});
  add(options, option(10, Bytes(kCookie.begin(), kCookie.end())));
  add(options, option(11, {0, 100}));
  add(options, option(8, {0, 1, 20, 16, 10, 1, 0x10}));
  add(options, option(15, {0, 18, 'n', 'o'}));
  auto expected = opt(1232, options, 0, true);
  expected[5] = 1;  // the upper bits of BADVERS
  EXPECT_EQ(Bytes(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(w.size())), expected);
  EXPECT_EQ(opt_size(q, full_reply()), expected.size());
}

TEST(Opt, TheLargestFitsBesideTheLongestQuestionInto512) {
  Packet m;
  Bytes question;
  for (int i = 0; i < 127; ++i) add(question, {1, 'a'});
  add(question, {0, 0, 1, 0, 1});
  m.questions.push_back(question);
  Bytes options = option(3, {});
  add(options, option(11, {}));
  add(options, option(10, Bytes(8, 1)));
  add(options, option(8, Bytes{0, 2, 128, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}));
  m.with(opt(512, options));
  const auto packet = m.bytes();
  const auto q = asked(packet);
  auto reply = full_reply();
  const std::string text(300, 'x');
  reply.nsid = text;
  reply.ede_text = text;
  EXPECT_LE(kHeader + q.question_size + opt_size(q, reply), 512u);
}

TEST(Writer, APieceThatDoesNotFitIsNotWritten) {
  std::array<std::uint8_t, 16> buffer{};
  Writer w(buffer, 8);
  EXPECT_TRUE(w.put("abcdef", 6));
  EXPECT_FALSE(w.put("ghi", 3));
  EXPECT_EQ(w.size(), 6u);
  EXPECT_EQ(buffer[6], 0);
  EXPECT_TRUE(w.put("gh", 2));
  EXPECT_EQ(w.room(), 0u);
}

TEST(Writer, TheReservedTailStaysFree) {
  const auto packet = Packet{}.question("web.corp").with(opt()).bytes();
  const auto q = asked(packet);
  const EdnsReply reply;
  std::array<std::uint8_t, 32> buffer{};
  Writer w(buffer, 20);
  w.reserve_tail(opt_size(q, reply));
  EXPECT_EQ(w.room(), 9u);
  EXPECT_EQ(w.take(10), nullptr);
  EXPECT_NE(w.take(9), nullptr);
  EXPECT_FALSE(put_opt(w, q, reply));
  w.release_tail(opt_size(q, reply));
  EXPECT_TRUE(put_opt(w, q, reply));
  EXPECT_EQ(w.size(), 20u);
}

TEST(Writer, TheLimitNeverExceedsTheBuffer) {
  std::array<std::uint8_t, 4> buffer{};
  Writer w(buffer, 65535);
  EXPECT_EQ(w.room(), 4u);
}

}  // namespace
}  // namespace dnsd::wire
