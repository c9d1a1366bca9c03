#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/static_zone.h"

namespace dnsd::answers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Strings = std::vector<std::string>;

const std::string kSoa = "@ 1h IN SOA ns hostmaster 2026010101 2h 30m 1w 60\n";

ZoneFileOptions zone() { return {.apex = "corp"}; }
ZoneFileOptions beside_namespace() { return {.apex = "corp", .namespace_file = true}; }

std::string hex(const std::string& octets) {
  std::string out;
  for (const auto c : octets) out += fmt::format("{:02x}", static_cast<std::uint8_t>(c));
  return out;
}

// "owner ttl TYPE hex-of-rdata" for each record.
Strings records(const std::expected<StaticZone, Strings>& parsed) {
  if (!parsed) return parsed.error();
  Strings out;
  for (const auto& r : parsed->records)
    out.push_back(
        fmt::format("{} {} {} {}", name_to_text(r.owner).value_or("?"), r.ttl, type_to_text(r.type), hex(r.rdata)));
  return out;
}
Strings read(const std::string& text) { return records(parse_zone_text(text, "z/corp.zone", beside_namespace())); }
Strings errors(const std::string& text, const ZoneFileOptions& options = beside_namespace()) {
  const auto parsed = parse_zone_text(text, "z/corp.zone", options);
  return parsed ? Strings{"(no error)"} : parsed.error();
}

TEST(ZoneFile, ReadsAZoneOfAllForms) {
  const auto parsed = parse_zone_text(
      "$TTL 1h ; comment with \" and (\n"
      "@\tIN SOA ns.corp. host\\.master (\n"
      "   2026010101 ; serial\n"
      "   2h 30m 1w 60 )\n"
      "  NS ns\n"
      "NS 300 A 10.0.0.53\n"
      "   IN 300 AAAA ::53\n"
      "$ORIGIN db.corp.\n"
      "@ TXT \"a;b (c)\" d\\;e \"\"\n"
      "one 0 IN A 10.0.0.1 ; TTL 0 stays 0\n"
      "$ORIGIN x\n"
      "two A 10.0.0.2\n",
      "z/corp.zone", zone());
  EXPECT_THAT(
      records(parsed),
      ElementsAre("corp. 3600 SOA 026e7304636f7270000b686f73742e6d617374657204636f72700078c275f500001c200000070800"
                  "093a800000003c",
                  "corp. 3600 NS 026e7304636f727000", "NS.corp. 300 A 0a000035",
                  "NS.corp. 300 AAAA 00000000000000000000000000000053",
                  "db.corp. 3600 TXT 07613b62202863290"
                  "3643b6500",
                  "one.db.corp. 0 A 0a000001", "two.x.db.corp. 3600 A 0a000002"));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->serial, 2026010101u);
  EXPECT_EQ(parsed->apex, std::string("\4corp\0", 6));
  EXPECT_EQ(parsed->file, "z/corp.zone");
  EXPECT_EQ(parsed->records[0].line, 2);
  EXPECT_EQ(parsed->records[6].line, 12);
}

TEST(ZoneFile, TtlComesFromTheRecordTheDirectiveTheLastStatedOneOrTheDefault) {
  EXPECT_THAT(read("a A 10.0.0.1\na 60 TXT x\nb A 10.0.0.2\n$TTL 7\nc 9 A 10.0.0.3\nd A 10.0.0.4\n"),
              ElementsAre("a.corp. 5 A 0a000001", "a.corp. 60 TXT 0178", "b.corp. 60 A 0a000002",
                          "c.corp. 9 A 0a000003", "d.corp. 7 A 0a000004"));
  EXPECT_THAT(read("a 2147483648 A 10.0.0.1\nb 1w1d1h1m1s A 10.0.0.1\n"),
              ElementsAre("a.corp. 0 A 0a000001", "b.corp. 694861 A 0a000001"))
      << "above 2^31-1 counts as 0, RFC 2181 8";
}

TEST(ZoneFile, TheSmallestTtlOfASetWins) {
  EXPECT_THAT(read("a 60 A 10.0.0.1\nA 30 A 10.0.0.2\na 10 TXT x\n"),
              ElementsAre("a.corp. 30 A 0a000001", "A.corp. 30 A 0a000002", "a.corp. 10 TXT 0178"));
}

TEST(ZoneFile, DuplicatesCountOnce) {
  EXPECT_THAT(read("a 60 A 10.0.0.1\nb A 10.0.0.9\nA 60 A 10.0.0.1\n"),
              ElementsAre("a.corp. 60 A 0a000001", "b.corp. 60 A 0a000009"));
}

TEST(ZoneFile, UnknownTypesAndForms) {
  EXPECT_THAT(
      read("a TYPE65280 \\# 3 0a00ff\nb A \\# 4 0a000001\nc TYPE1 \\# 4 0a 00 00 02\nd HTTPS 1 . alpn=\"h2,h3\"\n"
           "e CLASS1 A 10.0.0.5\n"),
      ElementsAre("a.corp. 5 TYPE65280 0a00ff", "b.corp. 5 A 0a000001", "c.corp. 5 A 0a000002",
                  "d.corp. 5 HTTPS 0001000001000602683202"
                  "6833",
                  "e.corp. 5 A 0a000005"));
}

TEST(ZoneFile, NamesInDataAreCompletedAndKeepTheirCase) {
  EXPECT_THAT(read("$ORIGIN Sub\na SRV 1 2 3 Host\nb CNAME @\n"),
              ElementsAre("a.Sub.corp. 5 SRV 00010002000304486f73740353756204636f727000",
                          "b.Sub.corp. 5 CNAME 0353756204636f727000"));
}

TEST(ZoneFile, GeneratesRecords) {
  EXPECT_THAT(read("$GENERATE 1-5/2 h$ 60 A 10.0.0.$\n$GENERATE 9-10 ${1,3,d} CNAME x${-9,2,x}\n"
                   "$GENERATE 1-1 t TXT \"\\$ $$ $\"\n$GENERATE 18-18 ${0,7,n} PTR h\n"),
              ElementsAre("h1.corp. 60 A 0a000001", "h3.corp. 60 A 0a000003", "h5.corp. 60 A 0a000005",
                          "010.corp. 60 CNAME 0378303004636f727000", "011.corp. 60 CNAME 0378303104636f727000",
                          "t.corp. 60 TXT 0524202420"
                          "31",
                          "2.1.0.0.corp. 60 PTR 016804636f727000"));
}

struct Wrong {
  const char* text;
  const char* message;  // the whole line
};
class ZoneError : public ::testing::TestWithParam<Wrong> {};
TEST_P(ZoneError, SaysWhereAndWhat) { EXPECT_THAT(errors(GetParam().text), ElementsAre(GetParam().message)); }

INSTANTIATE_TEST_SUITE_P(
    Syntax, ZoneError,
    ::testing::Values(Wrong{"\n\na A 10.0.0.999\n",
                            "z/corp.zone:3: A record: Syntax error, could not parse the RR's rdata: 10.0.0.999"},
                      Wrong{" A 10.0.0.1\n", "z/corp.zone:1: a record without an owner, and none before it"},
                      Wrong{"a A (\n10.0.0.1\n\n", "z/corp.zone:4: '(' of line 1 is not closed"},
                      Wrong{"a A 10.0.0.1 )\n", "z/corp.zone:1: ')' without '('"},
                      Wrong{"a TXT \"open\nb A 10.0.0.1\n", "z/corp.zone:1: a quoted string is not closed on its line"},
                      Wrong{"a TXT x\\", "z/corp.zone:1: a backslash with nothing behind it"},
                      Wrong{"a 5x A 10.0.0.1\n", "z/corp.zone:1: \"5x\" is no TTL"},
                      Wrong{"a CH TXT x\n", "z/corp.zone:1: class CH: only IN is served"},
                      Wrong{"a CLASS1123456789 A 10.0.0.5\n", "z/corp.zone:1: \"CLASS1123456789\" is no record type"},
                      Wrong{"a IN 60\n", "z/corp.zone:1: a record type is missing"},
                      Wrong{"a BOGUS x\n", "z/corp.zone:1: \"BOGUS\" is no record type"},
                      Wrong{"a AXFR x\n", "z/corp.zone:1: AXFR is not a type of records"},
                      Wrong{"a OPT x\n", "z/corp.zone:1: OPT is not a type of records"},
                      Wrong{"a SRV 1 2 70000 b\n", "z/corp.zone:1: SRV: \"70000\" is no number from 0 to 65535"},
                      Wrong{"\"a\" A 10.0.0.1\n", "z/corp.zone:1: an owner name is not quoted"},
                      Wrong{"www.example.com. A 10.0.0.1\n", "z/corp.zone:1: www.example.com. is not below corp."},
                      Wrong{"xcorp. A 10.0.0.1\n", "z/corp.zone:1: xcorp. is not below corp."}));

INSTANTIATE_TEST_SUITE_P(
    Directives, ZoneError,
    ::testing::Values(
        Wrong{"$BOGUS\n", "z/corp.zone:1: $BOGUS is no directive ($ORIGIN, $TTL, $INCLUDE, $GENERATE)"},
        Wrong{"$ORIGIN\n", "z/corp.zone:1: $ORIGIN takes one name"},
        Wrong{"$ORIGIN a..b\n", "z/corp.zone:1: $ORIGIN: \"a..b\" is no domain name"},
        Wrong{"$TTL soon\n", "z/corp.zone:1: $TTL takes one time (3600, 1h30m)"},
        Wrong{"$INCLUDE\n", "z/corp.zone:1: $INCLUDE takes a file and an origin"},
        Wrong{"$GENERATE 1-2 a A\n", "z/corp.zone:1: $GENERATE takes a range, an owner, a type and data"},
        Wrong{"$GENERATE 2-1 a A 10.0.0.$\n", "z/corp.zone:1: $GENERATE: a range is first-last[/step], not \"2-1\""},
        Wrong{"$GENERATE 1-2/0 a A 10.0.0.$\n",
              "z/corp.zone:1: $GENERATE: a range is first-last[/step], not \"1-2/0\""},
        Wrong{"$GENERATE 0-65536 a$ A 10.0.0.1\n", "z/corp.zone:1: $GENERATE makes at most 65536 records"},
        Wrong{"$GENERATE 1-2 a${0,x} A 10.0.0.1\n", "z/corp.zone:1: $GENERATE: a modifier is ${offset[,width[,base]]}"},
        Wrong{"$GENERATE 1-2 a${-2} A 10.0.0.1\n", "z/corp.zone:1: $GENERATE: the offset makes the counter negative"},
        Wrong{"$GENERATE 250-300 a$ A 10.0.0.$\n",
              "z/corp.zone:1: A record: Syntax error, could not parse the RR's rdata: 10.0.0.256"}));

INSTANTIATE_TEST_SUITE_P(
    Meaning, ZoneError,
    ::testing::Values(
        Wrong{"a CNAME b\na A 10.0.0.1\n", "z/corp.zone:2: a.corp. has a CNAME and a A record"},
        Wrong{"a CNAME b\nA CNAME c\n", "z/corp.zone:2: A.corp. has more than one CNAME record"},
        Wrong{"a DNAME b\na DNAME c\n", "z/corp.zone:2: a.corp. has more than one DNAME record"},
        Wrong{"@ CNAME b\n", "z/corp.zone:1: the apex cannot be a CNAME: it has an SOA record"},
        Wrong{"a SOA b c 1 2 3 4 5\n", "z/corp.zone:1: an SOA record belongs to the apex, not to a.corp."},
        Wrong{"@ SOA b c 1 2 3 4 5\n@ SOA b c 2 2 3 4 5\n", "z/corp.zone:2: corp. has more than one SOA record"},
        Wrong{"a DNSKEY 257 3 8 AwEAAQ==\n",
              "z/corp.zone:1: DNSKEY is for zones of their own, not beside a namespace"}));

TEST(ZoneFile, AStandAloneZoneNeedsItsSoa) {
  EXPECT_THAT(errors("a A 10.0.0.1\n", zone()), ElementsAre("z/corp.zone: no SOA record"));
  const auto parsed = parse_zone_text("a A 10.0.0.1\n", "z", beside_namespace());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->serial, 0u);
}

TEST(ZoneFile, DnssecRecordsStandInAZoneOfTheirOwnAndBesideACname) {
  const auto parsed = parse_zone_text(kSoa + "a 60 CNAME b\na 60 NSEC c CNAME\n", "z", zone());
  EXPECT_TRUE(parsed);
}

TEST(ZoneFile, TellsAllErrorsAtOnceButAtMostTwenty) {
  std::string text;
  for (int i = 0; i < 3; ++i) text += "a A x\nb A 10.0.0.1\n";
  EXPECT_EQ(errors(text).size(), 3u);
  for (int i = 0; i < 30; ++i) text += "a A x\n";
  EXPECT_EQ(errors(text).size(), 20u);
}

TEST(ZoneFile, IsBounded) {
  auto options = beside_namespace();
  options.max_records = 2;
  EXPECT_THAT(errors("a A 10.0.0.1\nb A 10.0.0.1\nc A 10.0.0.1\n", options).front(), HasSubstr("more than 2 records"));
  EXPECT_THAT(errors("a TXT " + std::string(70'000, 'x') + "\n").front(), HasSubstr("longer than 65000 octets"));
  EXPECT_THAT(errors("a.corp. A 10.0.0.1\n", {.apex = "a..b"}), ElementsAre("z/corp.zone: \"a..b\" is no domain name"));
  std::string longest = std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + ".";
  EXPECT_EQ(read(longest + std::string(56, 'd') + " A 10.0.0.1\n").size(), 1u);
  EXPECT_THAT(read(longest + std::string(56, 'd') + " A 10.0.0.1\n").front(), HasSubstr(" 5 A "));
  EXPECT_THAT(errors(longest + std::string(57, 'd') + " A 10.0.0.1\n").front(), HasSubstr("z/corp.zone:1: A"));
  EXPECT_THAT(errors("a CNAME " + longest + std::string(57, 'd') + "\n").front(), HasSubstr("z/corp.zone:1: CNAME"));
}

class ZoneFolder : public ::testing::Test {
 protected:
  ZoneFolder() {
    static std::atomic<int> next{0};
    folder_ = std::filesystem::temp_directory_path() / fmt::format("dnsd-zones-{}-{}", ::getpid(), ++next);
    std::filesystem::create_directories(folder_ / "zones" / "sub");
  }
  ~ZoneFolder() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) { std::ofstream(folder_ / "zones" / name) << text; }
  Strings load(const std::string& text) {
    write("corp.zone", text);
    auto lines = records(load_zone_file(folder_ / "zones" / "corp.zone", beside_namespace()));
    for (auto& line : lines) {  // without the folder's name
      const auto prefix = (folder_ / "zones").string() + "/";
      if (const auto at = line.find(prefix); at != std::string::npos) line.erase(at, prefix.size());
    }
    return lines;
  }
  std::filesystem::path folder_;
};

TEST_F(ZoneFolder, IncludesAFileWithItsOrigin) {
  write("sub/hosts", "$TTL 9\na A 10.0.0.1\n$ORIGIN elsewhere.corp.\nb A 10.0.0.2\n");
  EXPECT_THAT(load("z 60 A 10.0.0.9\n$INCLUDE sub/hosts db\n  TXT x\nc A 10.0.0.3\n"),
              ElementsAre("z.corp. 60 A 0a000009", "a.db.corp. 9 A 0a000001", "b.elsewhere.corp. 9 A 0a000002",
                          "z.corp. 60 TXT 0178", "c.corp. 60 A 0a000003"));
}

TEST_F(ZoneFolder, ErrorsInAnIncludedFileNameThatFile) {
  write("sub/hosts", "\na A x\n");
  EXPECT_THAT(load("$INCLUDE \"sub/hosts\"\nb A y\n"),
              ElementsAre("sub/hosts:2: A record: Syntax error, could not parse the RR's rdata: x",
                          "corp.zone:2: A record: Syntax error, could not parse the RR's rdata: y"));
}

TEST_F(ZoneFolder, NothingOutsideOfTheFolderIsIncluded) {
  std::ofstream(folder_ / "secret") << "a A 10.0.0.1\n";
  std::filesystem::create_symlink(folder_ / "secret", folder_ / "zones" / "link");
  EXPECT_THAT(
      load("$INCLUDE ../secret\n$INCLUDE " + (folder_ / "secret").string() + "\n$INCLUDE link\n$INCLUDE none\n"),
      ElementsAre("corp.zone:1: $INCLUDE: ../secret is outside of the zone file's folder", HasSubstr("outside"),
                  "corp.zone:3: $INCLUDE: link is outside of the zone file's folder",
                  "corp.zone:4: $INCLUDE: none: No such file or directory"));
}

TEST_F(ZoneFolder, IncludesAreBoundedInDepthAndNumber) {
  write("self", "$INCLUDE self\n");
  EXPECT_THAT(load("$INCLUDE self\n"), ElementsAre("self:1: $INCLUDE is nested deeper than 8"));
  for (int i = 1; i < 8; ++i)
    write(fmt::format("l{}", i), fmt::format("$INCLUDE l{0}\n$INCLUDE l{0}\n$INCLUDE l{0}\n$INCLUDE l{0}\n", i + 1));
  write("l8", "");
  EXPECT_THAT(load("$INCLUDE l1\n").front(), HasSubstr("$INCLUDE: more than 1000 files"));
}

TEST_F(ZoneFolder, AMissingFileIsOneLine) {
  const auto file = folder_ / "zones" / "none.zone";
  EXPECT_THAT(load_zone_file(file, beside_namespace()).error(),
              ElementsAre(file.string() + ": No such file or directory"));
  EXPECT_THAT(load_zone_file(folder_ / "zones", beside_namespace()).error().size(), 1u);
}

}  // namespace
}  // namespace dnsd::answers
