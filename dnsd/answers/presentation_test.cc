#include "dnsd/answers/presentation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/wire/test_packets.h"

namespace dnsd::answers {
namespace {

using namespace wire::testing;
using ::testing::ElementsAre;

TEST(Presentation, ShowsAMessage) {
  auto m = Packet{.id = 7, .flags = 0x8500}.question("Worker.corp", 33);
  m.answers.push_back(record({0xc0, 12}, 33, 1, 5, {0, 1, 0, 10, 0x1f, 0x90, 2, 'w', '1', 0}));
  m.authority.push_back(record(name("corp"), 65280, 1, 6, {1, 2}));
  m.with(record(name("w1"), 16, 1, 0, {3, 'a', '"', 'b', 0}));
  auto options = option(15, {0, 18, 'n', 'o'});
  add(options, option(3, {'n', 's'}));
  auto edns = opt(1232, options, 0, true);
  edns[5] = 1;  // upper bits of BADVERS
  m.with(edns);
  const auto shown = show(m.bytes());
  ASSERT_TRUE(shown) << shown.error();
  EXPECT_EQ(shown->id, 7);
  EXPECT_EQ(shown->opcode, "QUERY");
  EXPECT_EQ(shown->rcode, "BADVERS");
  EXPECT_THAT(shown->flags(), ElementsAre("qr", "aa", "rd"));
  ASSERT_EQ(shown->questions.size(), 1u);
  EXPECT_EQ(shown->questions[0].name, "Worker.corp.");
  EXPECT_EQ(shown->questions[0].type, "SRV");
  EXPECT_EQ(shown->questions[0].klass, "IN");
  EXPECT_THAT(shown->answer, ElementsAre(ShownRecord{"Worker.corp.", "SRV", 5, "1 10 8080 w1."}));
  EXPECT_THAT(shown->authority, ElementsAre(ShownRecord{"corp.", "TYPE65280", 6, "\\# 2 0102"}));
  EXPECT_THAT(shown->additional, ElementsAre(ShownRecord{"w1.", "TXT", 0, "\"a\\\"b\" \"\""}));
  ASSERT_TRUE(shown->edns);
  EXPECT_EQ(shown->edns->udp_size, 1232);
  EXPECT_TRUE(shown->edns->dnssec_ok);
  ASSERT_EQ(shown->errors.size(), 1u);
  EXPECT_EQ(shown->errors[0].code, 18);
  EXPECT_EQ(shown->errors[0].text, "no");
}

TEST(Presentation, WithoutOptThereIsNoEdns) {
  const auto shown = show(Packet{.flags = 0x8183}.question("a.corp").bytes());
  ASSERT_TRUE(shown);
  EXPECT_FALSE(shown->edns);
  EXPECT_EQ(shown->rcode, "NXDOMAIN");
}

TEST(Presentation, EveryCutMessageIsAnErrorOrHasFewerRecordsNeverACrash) {
  auto m = Packet{.flags = 0x8500}.question("worker.corp", 33);
  m.answers.push_back(record({0xc0, 12}, 33, 1, 5, {0, 1, 0, 10, 0x1f, 0x90, 2, 'w', '1', 0xc0, 12}));
  m.with(opt(1232, option(10, Bytes(24, 1))));
  const auto whole = m.bytes();
  ASSERT_TRUE(show(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(show(std::span(whole).first(size))) << size;
}

TEST(Presentation, NamesBothWays) {
  EXPECT_EQ(name_to_wire("Worker.corp"), std::string("\6Worker\4corp\0", 13));
  EXPECT_EQ(name_to_wire("Worker.corp."), std::string("\6Worker\4corp\0", 13));
  EXPECT_EQ(name_to_wire("."), std::string(1, '\0'));
  EXPECT_EQ(name_to_wire("a\\.b"), std::string("\3a.b\0", 5));
  for (const auto* wrong : {"", "a..b", ".a"}) EXPECT_FALSE(name_to_wire(wrong)) << wrong;
  EXPECT_FALSE(name_to_wire(std::string(64, 'a')));
  EXPECT_FALSE(name_to_wire(std::string_view("a\0b", 3)));
  std::string longest;
  for (int i = 0; i < 127; ++i) longest += "a.";
  EXPECT_EQ(name_to_wire(longest)->size(), 255u);
  EXPECT_FALSE(name_to_wire(longest + "b"));
  EXPECT_EQ(name_to_text(*name_to_wire("Worker.corp")), "Worker.corp.");
  EXPECT_EQ(name_to_text(*name_to_wire("a\\.b.c")), "a\\.b.c.");
  EXPECT_FALSE(name_to_text(std::string("\1a", 2)));
  EXPECT_FALSE(name_to_text(std::string("\1a\0x", 4)));
  EXPECT_FALSE(name_to_text(std::string("\300\14", 2)));
}

TEST(Presentation, BelowIsByWholeLabelsWithoutCase) {
  const auto wire = [](const char* text) { return *name_to_wire(text); };
  EXPECT_TRUE(is_at_or_below(wire("corp"), wire("CORP")));
  EXPECT_TRUE(is_at_or_below(wire("a.Corp"), wire("corp")));
  EXPECT_TRUE(is_at_or_below(wire("a"), wire(".")));
  EXPECT_FALSE(is_at_or_below(wire("xcorp"), wire("corp")));
  EXPECT_FALSE(is_at_or_below(wire("corp"), wire("a.corp")));
  EXPECT_FALSE(is_at_or_below(wire("abcde"), wire("corp")));
}

TEST(Presentation, TypesAndRcodes) {
  EXPECT_EQ(type_from_text("aaaa"), 28);
  EXPECT_EQ(type_from_text("TYPE65280"), 65280);
  EXPECT_EQ(type_from_text("ANY"), 255);
  EXPECT_FALSE(type_from_text("bogus"));
  EXPECT_EQ(type_from_text("type1"), 1);
  for (const auto* text :
       {"TYPE", "TYPE0", "TYPE65536", "TYPE1123456789", "TYPE99999999999999999999", "TYPE12x", "TYPE-1", "TYPE 1"})
    EXPECT_FALSE(type_from_text(text)) << text;
  EXPECT_EQ(type_to_text(33), "SRV");
  EXPECT_EQ(type_to_text(65280), "TYPE65280");
  EXPECT_EQ(rcode_to_text(5), "REFUSED");
  EXPECT_EQ(rcode_to_text(16), "BADVERS");
}

}  // namespace
}  // namespace dnsd::answers
