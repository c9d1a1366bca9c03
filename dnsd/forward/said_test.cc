#include "dnsd/forward/said.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/forward/test_replies.h"

namespace dnsd::forward {
namespace {

using test::kPointer;
using test::Octets;
using test::question;
using test::Reply;

const Question kWww = question("www.example.com");

struct Written {
  Octets octets;
  [[nodiscard]] unsigned count(unsigned section) const { return wire::get16(&octets[4 + 2 * section]); }
  [[nodiscard]] bool tc() const { return (octets[2] & 2) != 0; }
};

Written write(const Said& said, const test::Client& client, std::size_t limit, seconds age = seconds(0)) {
  Written out{Octets(65'535)};
  Recipient to{.query = client.query, .checking_disabled = checking_disabled(client.packet), .limit = limit};
  out.octets.resize(write_reply(said, age, to, out.octets));
  return out;
}

TEST(Said, LivesAsLongAsItsShortestRecord) {
  const auto reply = Reply(kWww).answer(300).answer(40).record(1, test::wire_name("example.com"), wire::type::ns, 500,
                                                               test::wire_name("ns"));
  EXPECT_EQ(read_reply(reply.octets(), kWww, seconds(86'400))->lifetime, seconds(40));
  EXPECT_EQ(read_reply(reply.octets(), kWww, seconds(30))->lifetime, seconds(30)) << "max_ttl";
}

TEST(Said, ADenialLivesByTheSmallerOneOfTtlAndMinimum) {
  for (const auto rcode : {wire::Rcode::nxdomain, wire::Rcode::noerror}) {
    const auto said =
        read_reply(Reply(kWww, rcode).record(1, test::wire_name("com"), wire::type::soa, 900, test::soa(60)).octets(),
                   kWww, seconds(86'400));
    ASSERT_TRUE(said);
    EXPECT_EQ(said->lifetime, seconds(60));
    const test::Client client(kWww.name);
    const auto written = write(*said, client, 512);
    EXPECT_EQ(wire::get32(&written.octets[12 + kWww.name.size() + 4 + said->marks[0].ttl_at]), 60U)
        << "what clients are told is what is meant (RFC 2308 3)";
  }
  const auto said = read_reply(Reply(kWww, wire::Rcode::nxdomain)
                                   .record(1, test::wire_name("com"), wire::type::soa, 86'400, test::soa(86'400))
                                   .octets(),
                               kWww, seconds(86'400));
  EXPECT_EQ(said->lifetime, kMaxNegativeTtl);
}

TEST(Said, AnAliasThatEndsInADenialLivesByTheSoaToo) {
  const auto reply = Reply(kWww)
                         .record(0, kPointer, wire::type::cname, 600, test::wire_name("gone.example.com"))
                         .record(1, test::wire_name("example.com"), wire::type::soa, 30, test::soa(900));
  EXPECT_EQ(read_reply(reply.octets(), kWww, seconds(86'400))->lifetime, seconds(30));
}

TEST(Said, ADenialWithoutSoaIsNotKept) {
  EXPECT_EQ(read_reply(Reply(kWww, wire::Rcode::nxdomain).octets(), kWww, seconds(60))->lifetime, seconds(0));
  EXPECT_EQ(read_reply(Reply(kWww).octets(), kWww, seconds(60))->lifetime, seconds(0));
}

TEST(Said, NeitherFailuresNorCutRepliesAreKept) {
  for (const auto rcode : {wire::Rcode::servfail, wire::Rcode::refused})
    EXPECT_EQ(read_reply(Reply(kWww, rcode).answer(60).octets(), kWww, seconds(60))->lifetime, seconds(0));
  auto cut = Reply(kWww).answer(60).octets();
  cut[2] |= 2;
  const auto said = read_reply(cut, kWww, seconds(60));
  EXPECT_EQ(said->lifetime, seconds(0));
  EXPECT_TRUE(said->truncated);
}

TEST(Said, ATtlBeyond31BitsIsZero) {
  EXPECT_EQ(read_reply(Reply(kWww).answer(0x80000000).octets(), kWww, seconds(60))->lifetime, seconds(0));
}

TEST(Said, TheReplyToAnotherQuestionIsNone) {
  const auto reply = Reply(kWww).answer(60).octets();
  EXPECT_TRUE(read_reply(reply, question("WWW.example.com"), seconds(60)) == std::nullopt) << "ours are lower case";
  EXPECT_FALSE(read_reply(reply, question("www.example.net"), seconds(60)));
  EXPECT_FALSE(read_reply(reply, question("www.example.com", wire::type::aaaa), seconds(60)));
  EXPECT_TRUE(read_reply(Reply(question("wWw.Example.COM")).answer(60).octets(), kWww, seconds(60)));
  auto query = reply;
  query[2] &= 0x7f;
  EXPECT_FALSE(read_reply(query, kWww, seconds(60)));
}

TEST(Said, MalformedIsNone) {
  const auto reply = Reply(kWww).answer(60).answer(60).opt().octets();
  ASSERT_TRUE(read_reply(reply, kWww, seconds(60)));
  for (std::size_t size = 0; size < reply.size(); ++size)
    EXPECT_FALSE(read_reply(std::span(reply).first(size), kWww, seconds(60))) << size;
  const std::string ahead("\xc0\xff", 2);
  EXPECT_FALSE(read_reply(Reply(kWww).record(0, ahead, wire::type::a, 60, "1234").octets(), kWww, seconds(60)));
  EXPECT_FALSE(read_reply(Reply(kWww).answer(60).opt().opt().octets(), kWww, seconds(60)));
}

TEST(Said, OptStaysBehindAndItsReasonGoesOn) {
  const std::string ede = test::number16(15) + test::number16(2 + 5) + test::number16(6) + "bogus";
  const auto said = test::said(kWww, Reply(kWww, wire::Rcode::servfail).opt(ede));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->ede, 6);
  EXPECT_EQ(said->ede_text, "bogus");
  EXPECT_TRUE(said->marks.empty());
  const test::Client plain(kWww.name), edns(kWww.name, wire::type::a, 1232);
  EXPECT_EQ(write(*said, plain, 512).count(3), 0U);
  const auto written = write(*said, edns, 1232);
  EXPECT_EQ(written.count(3), 1U);
  EXPECT_THAT(std::string(written.octets.begin(), written.octets.end()), testing::HasSubstr("bogus"));
}

TEST(Said, IsWrittenForTheOneWhoAsked) {
  auto reply = Reply(kWww).answer(300).octets();
  reply[3] |= 0x20;  // AD
  const auto said = read_reply(reply, kWww, seconds(86'400));
  ASSERT_TRUE(said);
  const test::Client client(test::wire_name("wWw.eXample.com"));
  const auto written = write(*said, client, 512, seconds(12));
  EXPECT_EQ(wire::get16(written.octets.data()), 0x1234);
  EXPECT_EQ(written.octets[2], 0x81) << "QR, RD, no AA";
  EXPECT_EQ(written.octets[3], 0x90) << "RA, CD as asked, no AD: we validated nothing";
  EXPECT_TRUE(std::equal(client.packet.begin() + 12, client.packet.end(), written.octets.begin() + 12));
  EXPECT_EQ(wire::get32(&written.octets[client.packet.size() + 6]), 288U);
  EXPECT_EQ(written.count(1), 1U);
}

TEST(Said, WhatIsOptionalGoesFirstThenWholeRecordsWithTc) {
  Reply reply(kWww);
  for (int i = 0; i < 20; ++i) reply.answer(60);  // 16 octets each
  const std::string filler(60, 'x');
  reply.record(1, kPointer, wire::type::txt, 60, filler);  // 72 octets
  reply.record(2, kPointer, wire::type::txt, 60, filler);
  const auto said = test::said(kWww, reply);
  ASSERT_TRUE(said);
  const test::Client plain(kWww.name), secure(kWww.name, wire::type::a, 512, true);
  const std::size_t head = plain.packet.size();

  auto all = write(*said, plain, head + 20 * 16 + 144);
  EXPECT_EQ((std::vector{all.count(1), all.count(2), all.count(3)}), (std::vector{20U, 1U, 1U}));
  auto fewer = write(*said, plain, 512);
  EXPECT_EQ((std::vector{fewer.count(1), fewer.count(2), fewer.count(3)}), (std::vector{20U, 1U, 1U}))
      << "512 is the least";

  Reply longer(kWww);
  for (int i = 0; i < 27; ++i) longer.answer(60);
  longer.record(1, kPointer, wire::type::txt, 60, filler);
  const auto big = test::said(kWww, longer);
  ASSERT_TRUE(big);
  auto without = write(*big, plain, 512);
  EXPECT_EQ((std::vector{without.count(1), without.count(2)}), (std::vector{27U, 0U}));
  EXPECT_FALSE(without.tc()) << "beside an answer the authority section is a courtesy";
  auto proofs = write(*big, secure, 512);
  EXPECT_EQ(proofs.count(2), 0U);
  EXPECT_TRUE(proofs.tc()) << "with DO it may hold the proofs";

  Reply longest(kWww);
  for (int i = 0; i < 100; ++i) longest.answer(60);
  auto cut = write(*test::said(kWww, longest), plain, 512);
  EXPECT_TRUE(cut.tc());
  EXPECT_EQ(cut.count(1), (512 - head) / 16);
  EXPECT_LE(cut.octets.size(), 512U);
}

}  // namespace
}  // namespace dnsd::forward
