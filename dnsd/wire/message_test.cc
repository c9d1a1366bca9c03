#include "dnsd/wire/message.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "dnsd/wire/message_writer.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::wire {
namespace {

using Octets = std::vector<std::uint8_t>;

std::string wire_name(std::string_view text) {  // "a.b" -> wire
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('.'), text.size());
    out += static_cast<char>(end);
    out += text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out + '\0';
}

TEST(Message, ReadsBackWhatTheWriterWroteWithEveryNameCompressed) {
  MessageWriter writer(7, 0x8400);
  const std::string numbers(20, '\1');
  const std::string soa = wire_name("ns.corp") + wire_name("hostmaster.corp") + numbers;
  const std::string srv = std::string("\0\1\0\2\0\3", 6) + wire_name("w1.worker.corp");
  ASSERT_TRUE(writer.put_question(wire_name("corp"), type::axfr, klass::in));
  ASSERT_TRUE(writer.put_record(Section::answer, wire_name("corp"), type::soa, klass::in, 1, soa));
  ASSERT_TRUE(writer.put_record(Section::answer, wire_name("w1.worker.corp"), type::a, klass::in, 5, "\1\2\3\4"));
  ASSERT_TRUE(writer.put_record(Section::answer, wire_name("worker.corp"), type::srv, klass::in, 5, srv));
  ASSERT_TRUE(writer.put_record(Section::additional, wire_name("WORKER.corp"), type::mx, klass::in, 5,
                                std::string("\0\1", 2) + wire_name("w1.worker.corp")));
  const Octets octets = writer.take();
  const auto message = read_message(octets);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->questions.front().name, wire_name("corp"));
  ASSERT_EQ(message->answer().size(), 3U);
  EXPECT_EQ(message->answer()[0].rdata, soa);
  EXPECT_EQ(message->answer()[1].owner, wire_name("w1.worker.corp"));
  EXPECT_EQ(message->answer()[2].rdata, srv);
  ASSERT_EQ(message->additional().size(), 1U);
  EXPECT_EQ(message->additional()[0].owner, wire_name("WORKER.corp")) << "the spelling is kept";
  EXPECT_EQ(message->additional()[0].rdata, std::string("\0\1", 2) + wire_name("w1.worker.corp"));
  // Header, question, and records of which only new labels cost octets; the SRV target stands whole (RFC 2782).
  EXPECT_EQ(octets.size(),
            12U + 10 + (12 + 3 + 2 + 11 + 2 + 20) + (3 + 7 + 2 + 10 + 4) + (12 + 6 + 16) + (7 + 2 + 10 + 2 + 2));
}

TEST(Message, AWriterThatIsFullTakesNothingBackButTheLastRecord) {
  MessageWriter writer(1, 0x8000, 60);
  ASSERT_TRUE(writer.put_record(Section::answer, wire_name("a.corp"), type::a, klass::in, 1, "\1\2\3\4"));
  const std::size_t size = writer.size();
  EXPECT_FALSE(writer.put_record(Section::answer, wire_name("b.corp"), type::txt, klass::in, 1, std::string(40, 'x')));
  EXPECT_EQ(writer.size(), size);
  ASSERT_TRUE(writer.put_record(Section::answer, wire_name("b.corp"), type::a, klass::in, 1, "\1\2\3\5"));
  const auto message = read_message(writer.take());
  ASSERT_TRUE(message);
  ASSERT_EQ(message->answer().size(), 2U);
  EXPECT_EQ(message->answer()[1].owner, wire_name("b.corp"));
}

TEST(Message, IsRefusedWhenCutAtAnyOctetOrLonger) {
  MessageWriter writer(1, 0x8000);
  ASSERT_TRUE(writer.put_question(wire_name("corp"), type::a, klass::in));
  ASSERT_TRUE(writer.put_record(Section::answer, wire_name("a.corp"), type::mx, klass::in, 1,
                                std::string("\0\1", 2) + wire_name("b.corp")));
  Octets octets = writer.take();
  for (std::size_t size = 0; size < octets.size(); ++size) {
    const Octets cut(octets.begin(), octets.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(read_message(cut)) << size;
  }
  octets.push_back(0);
  EXPECT_FALSE(read_message(octets));
}

TEST(Message, PointersLeadBackwardsOrNowhere) {
  // A question whose name is a pointer to itself, and one that points ahead.
  for (const auto to : std::initializer_list<std::uint8_t>{12, 13, 14}) {
    const Octets loop{0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, to, 0, 1, 0, 1};
    EXPECT_FALSE(read_message(loop)) << int{to};
  }
}

TEST(Message, NamesInRdataEndWithIt) {
  Octets octets{0, 1, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 0, 0, 1, 0, 2, 1, 'a', 0};  // NS "a" cut short
  EXPECT_FALSE(read_message(octets));
  octets[22] = 3;
  EXPECT_TRUE(read_message(octets));
}

TEST(Message, OfAnyOctetsIsReadOrRefused) {
  MessageWriter writer(1, 0x2800);
  ASSERT_TRUE(writer.put_question(wire_name("corp"), type::soa, klass::in));
  ASSERT_TRUE(writer.put_record(Section::answer, wire_name("w.corp"), type::srv, klass::in, 1,
                                std::string(6, '\1') + wire_name("a.corp")));
  ASSERT_TRUE(writer.put_record(Section::authority, wire_name("corp"), type::soa, klass::in, 1,
                                wire_name("ns.corp") + wire_name("h.corp") + std::string(20, '\2')));
  ASSERT_TRUE(writer.put_record(Section::additional, wire_name("x.corp"), type::naptr, klass::in, 1,
                                std::string("\0\1\0\1\1U\1E\1!", 10) + wire_name("y.corp")));
  const Octets good = writer.take();
  ASSERT_TRUE(read_message(good));
  std::mt19937 random(1);
  for (int round = 0; round < 20'000; ++round) {
    Octets octets = good;
    for (unsigned n = 1 + random() % 4; n != 0; --n)
      octets[random() % octets.size()] = static_cast<std::uint8_t>(random() % 3 == 0 ? 0xc0 | random() % 4 : random());
    if (const auto message = read_message(octets)) {
      for (const auto& section : message->sections)
        for (const auto& r : section) ASSERT_LE(r.owner.size(), kMaxWireName);
    }
  }
}

std::string numbers(std::uint16_t a, std::uint16_t b, std::uint16_t c) {
  std::string out(6, '\0');
  auto* p = reinterpret_cast<std::uint8_t*>(out.data());
  put16(p, a);
  put16(p + 2, b);
  put16(p + 4, c);
  return out;
}

TEST(FoldNames, LeavesEverythingButNamesAsItIs) {
  const std::string big = wire_name("Host.CORP"), small = wire_name("host.corp");
  EXPECT_EQ(fold_names(type::cname, big), small);
  EXPECT_EQ(fold_names(type::srv, numbers(0x4141, 0x5a5a, 0x1f41) + big), numbers(0x4141, 0x5a5a, 0x1f41) + small);
  EXPECT_NE(fold_names(type::srv, numbers(0, 0, 0x1f41) + big), fold_names(type::srv, numbers(0, 0, 0x1f61) + big));
  EXPECT_EQ(fold_names(type::mx, "AB" + big), "AB" + small);
  EXPECT_EQ(fold_names(type::soa, big + big + std::string(20, 'A')), small + small + std::string(20, 'A'));
  EXPECT_EQ(fold_names(type::naptr, "ABCD\1U\3E2U\4!X!Y" + big), "ABCD\1U\3E2U\4!X!Y" + small);
  EXPECT_EQ(fold_names(type::txt, "\2AB"), "\2AB");
}

TEST(FoldNames, OfRdataThatIsCutStaysInside) {
  const std::string naptr = "ABCD\1U\3E2U\4!X!Y" + wire_name("Host.CORP");
  for (const auto type : {type::naptr, type::srv, type::soa, type::mx, type::cname}) {
    for (std::size_t size = 0; size <= naptr.size(); ++size)
      EXPECT_EQ(fold_names(type, std::string_view(naptr).substr(0, size)).size(), size);
  }
}

// Suffixes of one long name share their labels, and the one that a probe meets may have been noted a moment ago: what
// follows it is not written yet. Which suffixes meet depends on their hashes, so there are many names.
TEST(MessageWriter, ComparesOnlyWithWhatIsWritten) {
  for (unsigned n = 0; n < 1'000; ++n) {
    std::string owner;
    for (unsigned i = 0; i < 100; ++i) owner += std::string("\1") + '0';
    owner += wire_name(std::to_string(n) + std::string(n % 40, 'x'));
    MessageWriter writer(1, 0x8000);
    ASSERT_TRUE(writer.put_record(Section::answer, owner, type::a, klass::in, 1, "\1\2\3\4"));
    const auto message = read_message(writer.take());
    ASSERT_TRUE(message);
    ASSERT_EQ(message->answer()[0].owner, owner);
  }
}

TEST(Serial, ComparesAsRfc1982) {
  EXPECT_TRUE(is_newer(2, 1));
  EXPECT_FALSE(is_newer(1, 1));
  EXPECT_TRUE(is_newer(5, 0xffff'fff0));
  EXPECT_FALSE(is_newer(0xffff'fff0, 5));
}

}  // namespace
}  // namespace dnsd::wire
