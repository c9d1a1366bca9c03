#include "dnsd/wire/query.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "dnsd/wire/test_packets.h"

namespace dnsd::wire {
namespace {

using namespace testing;

const Bytes kClientCookie = {1, 2, 3, 4, 5, 6, 7, 8};

Bytes octets(std::size_t count, std::uint8_t value = 0x61) { return Bytes(count, value); }
Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes out;
  for (const auto& part : parts) add(out, part);
  return out;
}
// A heap copy of exactly the packet's size, so that the address sanitizer sees any octet read beyond it.
struct Result {
  explicit Result(const Bytes& packet) : copy(new std::uint8_t[packet.size()]) {
    std::memset(static_cast<void*>(&query), 0xa5, sizeof query);  // what an earlier query left
    if (!packet.empty()) std::memcpy(copy.get(), packet.data(), packet.size());
    parsed = parse({copy.get(), packet.size()}, query);
  }
  std::unique_ptr<std::uint8_t[]> copy;
  Query query;
  Parsed parsed;
};
std::string folded(const Query& q) { return {reinterpret_cast<const char*>(q.folded), q.name_size}; }
std::string wire_text(std::string_view text) {
  const auto bytes = name(text);
  return {bytes.begin(), bytes.end()};
}
Packet web() { return Packet{}.question("web.corp"); }

TEST(Query, FieldsOfAPlainQuestion) {
  const Result r(Packet{}.question("Web.CoRp", 28, 1).bytes());
  ASSERT_EQ(r.parsed, Parsed::ok);
  const auto& q = r.query;
  EXPECT_EQ(q.id, 0x1234);
  EXPECT_EQ(q.opcode, 0);
  EXPECT_TRUE(q.rd);
  EXPECT_EQ(q.type, 28);
  EXPECT_EQ(q.klass, 1);
  EXPECT_EQ(folded(q), wire_text("web.corp"));
  EXPECT_EQ(q.labels, 2);
  EXPECT_EQ(q.label_at[0], 0);
  EXPECT_EQ(q.label_at[1], 4);
  EXPECT_EQ(q.label_at[2], 9);
  EXPECT_EQ(q.question, r.copy.get() + kHeader);
  EXPECT_EQ(q.question_size, q.name_size + 4);
  EXPECT_FALSE(q.edns);
  EXPECT_FALSE(q.dnssec_ok);
  EXPECT_FALSE(q.nsid);
  EXPECT_FALSE(q.keepalive);
  EXPECT_FALSE(q.has_ecs);
  EXPECT_EQ(q.client_cookie, nullptr);
  EXPECT_EQ(q.udp_size, 512);
}

TEST(Query, FoldsExactlyTheUpperCaseLettersOfAscii) {
  Packet m;
  Bytes question;
  for (int start = 0; start < 256; start += 32) {  // 8 labels of 24 and 8 more octets stay below 255
    question.push_back(24);
    for (int i = 0; i < 24; ++i) question.push_back(static_cast<std::uint8_t>(start + i));
  }
  question.push_back(7);
  for (const char c : {'X', 'Y', 'Z', '[', '@', 'A', 'z'}) question.push_back(static_cast<std::uint8_t>(c));
  question.push_back(0);
  add(question, {0, 1, 0, 1});
  m.questions.push_back(question);
  const Result r(m.bytes());
  ASSERT_EQ(r.parsed, Parsed::ok);
  for (std::size_t i = 0; i < r.query.name_size; ++i) {
    const auto c = question[i];
    EXPECT_EQ(r.query.folded[i], c >= 'A' && c <= 'Z' ? c + 32 : c) << i;
  }
}

TEST(Query, RootIsANameWithoutLabels) {
  const Result r(Packet{}.question(".", 2).bytes());
  ASSERT_EQ(r.parsed, Parsed::ok);
  EXPECT_EQ(r.query.labels, 0);
  EXPECT_EQ(r.query.name_size, 1);
  EXPECT_EQ(r.query.label_at[0], 0);
}

TEST(Query, LongestNamesAreAccepted) {
  Packet many;
  Bytes labels;
  for (int i = 0; i < 127; ++i) add(labels, {1, 'a'});
  many.questions.push_back(joined({labels, {0}, {0, 1, 0, 1}}));
  const Result r(many.bytes());
  ASSERT_EQ(r.parsed, Parsed::ok);
  EXPECT_EQ(r.query.labels, 127);
  EXPECT_EQ(r.query.name_size, 255);
  EXPECT_EQ(r.query.label_at[127], 254);
}

TEST(Query, AnyTypeAndClassIsOnlyANumber) {
  for (const unsigned value : {0u, 255u, 256u, 65280u, 65535u}) {
    const Result r(Packet{}.question("web.corp", value, value).bytes());
    ASSERT_EQ(r.parsed, Parsed::ok);
    EXPECT_EQ(r.query.type, value);
    EXPECT_EQ(r.query.klass, value);
  }
}

struct Case {
  const char* what;
  Bytes packet;
  Parsed expected;
  bool echo;  // the question can be echoed
  bool edns;
};

class Verdict : public ::testing::TestWithParam<Case> {};

TEST_P(Verdict, IsAsTheRfcsSay) {
  const auto& c = GetParam();
  const Result r(c.packet);
  EXPECT_EQ(r.parsed, c.expected);
  if (c.expected == Parsed::drop) return;
  EXPECT_EQ(r.query.question_size != 0, c.echo);
  EXPECT_EQ(r.query.edns, c.edns);
  if (r.parsed == Parsed::ok) return;
  EXPECT_FALSE(r.query.nsid || r.query.keepalive || r.query.has_ecs || r.query.client_cookie);
}

Packet raw_question(const Bytes& bytes) {
  Packet m;
  m.questions.push_back(bytes);
  return m;
}
Packet answers(Bytes record_bytes) {
  auto m = web();
  m.answers.push_back(std::move(record_bytes));
  return m;
}
Packet flags(unsigned value) {
  auto m = web();
  m.flags = value;
  return m;
}
Bytes with_counts(Bytes packet, unsigned questions, unsigned additional) {
  packet[5] = static_cast<std::uint8_t>(questions);
  packet[11] = static_cast<std::uint8_t>(additional);
  return packet;
}
Bytes ecs(unsigned family, unsigned prefix, unsigned scope, const Bytes& address) {
  Bytes data;
  add16(data, family);
  data.push_back(static_cast<std::uint8_t>(prefix));
  data.push_back(static_cast<std::uint8_t>(scope));
  add(data, address);
  return option(8, data);
}
Bytes edns(const Bytes& options) { return web().with(opt(1232, options)).bytes(); }
const Bytes kA = record(name("x.y"), 1, 1, 5, {10, 0, 0, 1});

INSTANTIATE_TEST_SUITE_P(
    Header, Verdict,
    ::testing::Values(Case{"empty", {}, Parsed::drop, false, false},
                      Case{"eleven octets", octets(11, 0), Parsed::drop, false, false},
                      Case{"response", flags(0x8100).bytes(), Parsed::drop, false, false},
                      Case{"twelve octets, no question", octets(12, 0), Parsed::formerr, false, false},
                      Case{"notify", flags(0x2000).bytes(), Parsed::notimp, true, false},
                      Case{"iquery, header only", Packet{.flags = 0x0800}.bytes(), Parsed::notimp, false, false},
                      Case{"unknown opcode, junk", joined({Packet{.flags = 0x7800}.bytes(), octets(3)}), Parsed::notimp,
                           false, false},
                      Case{"update with OPT", Packet{.flags = 0x2800}.question("corp", 6).with(opt()).bytes(),
                           Parsed::notimp, true, true},
                      Case{"all flag bits but QR", flags(0x07ff).bytes(), Parsed::ok, true, false}));

INSTANTIATE_TEST_SUITE_P(
    Question, Verdict,
    ::testing::Values(
        Case{"two questions", web().question("b.corp").bytes(), Parsed::formerr, false, false},
        Case{"two questions and OPT", web().question("b.corp").with(opt()).bytes(), Parsed::formerr, false, true},
        Case{"count says one, nothing there", Bytes{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, Parsed::formerr, false, false},
        Case{"pointer to itself", raw_question({0xc0, 12, 0, 1, 0, 1}).bytes(), Parsed::formerr, false, false},
        Case{"pointer after a label", raw_question({1, 'a', 0xc0, 12, 0, 1, 0, 1}).bytes(), Parsed::formerr, false,
             false},
        Case{"reserved label type 01", raw_question({0x41, 'a', 0, 0, 1, 0, 1}).bytes(), Parsed::formerr, false, false},
        Case{"reserved label type 10", raw_question({0x80, 'a', 0, 0, 1, 0, 1}).bytes(), Parsed::formerr, false, false},
        Case{"name of 256 octets",
             raw_question(
                 joined({{63}, octets(63), {63}, octets(63), {63}, octets(63), {62}, octets(62), {0}, {0, 1, 0, 1}}))
                 .bytes(),
             Parsed::formerr, false, false},
        Case{"label runs past the packet", raw_question({9, 'a', 0}).bytes(), Parsed::formerr, false, false},
        Case{"octets after the question", joined({web().bytes(), octets(5)}), Parsed::ok, true, false}));

INSTANTIATE_TEST_SUITE_P(
    Records, Verdict,
    ::testing::Values(
        Case{"junk in all sections",
             Packet{.questions = web().questions, .answers = {kA, kA}, .authority = {kA}, .additional = {kA, opt()}}
                 .bytes(),
             Parsed::ok, true, true},
        Case{"compressed owner", answers(record({0xc0, 12}, 1, 1, 5, {10, 0, 0, 1})).bytes(), Parsed::ok, true, false},
        Case{"owner pointing at itself", answers(record({0xc0, 26}, 1, 1, 5, {})).bytes(), Parsed::ok, true, false},
        Case{"owner over 255 octets",
             answers(record(joined({{63}, octets(63), {63}, octets(63), {63}, octets(63), {63}, octets(63), {0}}), 1, 1,
                            5, {}))
                 .bytes(),
             Parsed::formerr, true, false},
        Case{"count without a record", with_counts(web().bytes(), 1, 1), Parsed::formerr, true, false},
        Case{"second record missing", with_counts(web().with(opt()).bytes(), 1, 2), Parsed::formerr, true, true},
        Case{"OPT among the answers", answers(opt()).bytes(), Parsed::formerr, true, false},
        Case{"two OPT", web().with(opt()).with(opt()).bytes(), Parsed::formerr, true, true},
        Case{"OPT whose owner is not the root", web().with(record(name("a"), 41, 1232, 0, {})).bytes(), Parsed::formerr,
             true, false},
        Case{"OPT whose owner is a pointer", web().with(record({0xc0, 20}, 41, 1232, 0, {})).bytes(), Parsed::formerr,
             true, false},
        Case{"RDLENGTH past the packet", joined({with_counts(web().bytes(), 1, 1), {0, 0, 41, 4, 0, 0, 0, 0, 0, 0, 4}}),
             Parsed::formerr, true, false}));

INSTANTIATE_TEST_SUITE_P(
    Options, Verdict,
    ::testing::Values(
        Case{"version 1", web().with(opt(1232, {}, 1)).bytes(), Parsed::badvers, true, true},
        Case{"version 1, options of an unknown form", web().with(opt(1232, octets(3), 1)).bytes(), Parsed::badvers,
             true, true},
        Case{"version 1 twice", web().with(opt(1232, {}, 1)).with(opt()).bytes(), Parsed::formerr, true, true},
        Case{"unknown option", edns(option(65001, octets(9))), Parsed::ok, true, true},
        Case{"half an option head", edns(octets(3, 0)), Parsed::formerr, true, true},
        Case{"option past RDLENGTH", edns({0, 3, 0, 1}), Parsed::formerr, true, true},
        Case{"keepalive of 1 octet", edns(option(11, octets(1))), Parsed::formerr, true, true},
        Case{"good option, then a bad one", edns(joined({option(3, {}), option(10, octets(9))})), Parsed::formerr, true,
             true},
        Case{"cookie-only query", Packet{}.with(opt(1232, option(10, kClientCookie))).bytes(), Parsed::ok, false, true},
        Case{"no question, OPT without cookie", Packet{}.with(opt()).bytes(), Parsed::formerr, false, true},
        Case{"no question, version 1", Packet{}.with(opt(1232, {}, 1)).bytes(), Parsed::badvers, false, true}));

INSTANTIATE_TEST_SUITE_P(
    Ecs, Verdict,
    ::testing::Values(Case{"/24", edns(ecs(1, 24, 0, {10, 1, 2})), Parsed::ok, true, true},
                      Case{"/0", edns(ecs(1, 0, 0, {})), Parsed::ok, true, true},
                      Case{"family 0", edns(ecs(0, 0, 0, {})), Parsed::ok, true, true},
                      Case{"family 0 with an address", edns(ecs(0, 8, 0, {1})), Parsed::formerr, true, true},
                      Case{"/56", edns(ecs(2, 56, 0, {0x20, 1, 0xd, 0xb8, 0, 1, 2})), Parsed::ok, true, true},
                      Case{"/128", edns(ecs(2, 128, 0, octets(16))), Parsed::ok, true, true},
                      Case{"bits beyond the prefix", edns(ecs(1, 20, 0, {10, 1, 0x18})), Parsed::formerr, true, true},
                      Case{"last bit of the prefix", edns(ecs(1, 20, 0, {10, 1, 0x10})), Parsed::ok, true, true},
                      Case{"octets beyond the prefix", edns(ecs(1, 24, 0, {10, 1, 2, 0})), Parsed::formerr, true, true},
                      Case{"octets missing", edns(ecs(1, 24, 0, {10, 1})), Parsed::formerr, true, true},
                      Case{"IPv4 /33", edns(ecs(1, 33, 0, octets(5))), Parsed::formerr, true, true},
                      Case{"IPv6 /129", edns(ecs(2, 129, 0, octets(17))), Parsed::formerr, true, true},
                      Case{"unknown family", edns(ecs(3, 0, 0, {})), Parsed::formerr, true, true},
                      Case{"scope in a query", edns(ecs(1, 24, 24, {10, 1, 2})), Parsed::formerr, true, true},
                      Case{"three octets", edns(option(8, octets(3, 0))), Parsed::formerr, true, true}));

TEST(Query, CookieLengthsAreThoseOfRfc7873) {
  for (std::size_t size = 0; size <= 48; ++size) {
    const Result r(edns(option(10, octets(size))));
    const bool legal = size == 8 || (size >= 16 && size <= 40);
    ASSERT_EQ(r.parsed, legal ? Parsed::ok : Parsed::formerr) << size;
    if (!legal) continue;
    ASSERT_NE(r.query.client_cookie, nullptr);
    EXPECT_EQ(r.query.server_cookie_size, size - 8);
    EXPECT_EQ(r.query.server_cookie != nullptr, size > 8);
  }
}

TEST(Query, ATsigIsTheLastRecordAndTheOnlyOne) {
  const Bytes tsig = joined({name("key"), {0, 250, 0, 255, 0, 0, 0, 0, 0, 0}});
  EXPECT_TRUE(Result(web().with(tsig).bytes()).query.tsig);
  const Result signed_edns(web().with(opt(1232)).with(tsig).bytes());
  EXPECT_EQ(signed_edns.parsed, Parsed::ok);
  EXPECT_TRUE(signed_edns.query.tsig);
  EXPECT_EQ(Result(web().with(tsig).with(opt(1232)).bytes()).parsed, Parsed::formerr);
  EXPECT_EQ(Result(web().with(tsig).with(tsig).bytes()).parsed, Parsed::formerr);
}

TEST(Query, OptFieldsAndOptions) {
  const auto options = joined({option(3, {}), option(11, {}), option(10, joined({kClientCookie, octets(16, 9)})),
                               ecs(1, 20, 0, {10, 1, 0x10}), option(10, octets(8, 7)), ecs(1, 8, 0, {11})});
  const Result r(web().with(opt(4096, options, 0, true)).bytes());
  ASSERT_EQ(r.parsed, Parsed::ok);
  const auto& q = r.query;
  EXPECT_EQ(q.udp_size, 4096);
  EXPECT_TRUE(q.dnssec_ok);
  EXPECT_TRUE(q.nsid);
  EXPECT_TRUE(q.keepalive);
  ASSERT_NE(q.client_cookie, nullptr);
  EXPECT_EQ(Bytes(q.client_cookie, q.client_cookie + 8), kClientCookie) << "the first cookie counts";
  EXPECT_EQ(q.server_cookie_size, 16);
  EXPECT_TRUE(q.has_ecs);
  EXPECT_EQ(q.ecs_family, 1);
  EXPECT_EQ(q.ecs_prefix, 20) << "the first subnet counts";
  EXPECT_EQ(Bytes(q.ecs_address, q.ecs_address + 4), (Bytes{10, 1, 0x10, 0}));
}

TEST(Query, SizesBelow512CountAs512) {
  for (const unsigned size : {0u, 100u, 511u, 512u, 513u, 65535u}) {
    const Result r(web().with(opt(size)).bytes());
    ASSERT_EQ(r.parsed, Parsed::ok);
    EXPECT_EQ(r.query.udp_size, size < 512 ? 512 : size);
  }
}

TEST(Query, BadversStillTellsTheClientsSize) {
  const Result r(web().with(opt(4096, {}, 7, true)).bytes());
  ASSERT_EQ(r.parsed, Parsed::badvers);
  EXPECT_EQ(r.query.edns_version, 7);
  EXPECT_EQ(r.query.udp_size, 4096);
}

// Every proper prefix of a message with all that we decode is malformed, and none of them makes us read past its end.
TEST(Query, CutAtEveryOctet) {
  auto m = Packet{}.question("a.worker.corp", 33);
  m.answers.push_back(record(name("x.y"), 1, 1, 5, {10, 0, 0, 1}));
  m.authority.push_back(record({0xc0, 12}, 2, 1, 5, name("ns")));
  m.with(record({1, 'z', 0xc0, 14}, 16, 1, 0, {1, 'a'}));
  m.with(opt(1232, joined({option(10, octets(24)), ecs(2, 56, 0, octets(7)), option(3, {})})));
  const auto whole = m.bytes();
  ASSERT_EQ(Result(whole).parsed, Parsed::ok);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const Result r(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    ASSERT_EQ(r.parsed, size < kHeader ? Parsed::drop : Parsed::formerr) << size;
    if (size < kHeader) continue;
    EXPECT_EQ(r.query.question_size, size >= kHeader + 19 ? 19 : 0) << size;
  }
}

TEST(Query, ManyRecordsCostOnlyTheirOctets) {
  auto m = web();
  for (int i = 0; i < 5000; ++i) m.answers.push_back(record({0}, 1, 1, 0, {}));
  m.with(opt());
  EXPECT_EQ(Result(m.bytes()).parsed, Parsed::ok);
  auto claimed = web().bytes();  // 3 x 65,535 records claimed, none there
  for (std::size_t i = 6; i < 12; ++i) claimed[i] = 0xff;
  EXPECT_EQ(Result(claimed).parsed, Parsed::formerr);
}

}  // namespace
}  // namespace dnsd::wire
