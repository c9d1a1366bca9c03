#include "dnsd/transfer/incoming_zone.h"

#include <memory>
#include <utility>

#include <gtest/gtest.h>

#include "dnsd/answers/valid_rdata.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/transfer/test_names.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

using Result = Assembler::Result;
using wire::Record;
namespace type = wire::type;

Record soa(std::uint32_t serial) {
  std::string rdata = wire_of("ns.corp") + wire_of("h.corp") + std::string(20, '\0');
  wire::put32(reinterpret_cast<std::uint8_t*>(rdata.data()) + rdata.size() - 20, serial);
  return {wire_of("corp"), type::soa, wire::klass::in, 1, rdata};
}
Record a(std::string_view owner, std::uint8_t last) {
  // As spelled: names compare without case.
  return {answers::name_to_wire(owner).value(), type::a, wire::klass::in, 5,
          std::string("\x0a\0\0", 3) + static_cast<char>(last)};
}

wire::Message message(std::vector<Record> records) {
  wire::Message out;
  out.sections[0] = std::move(records);
  return out;
}

std::shared_ptr<const ZoneCopy> copy_of(std::uint32_t serial, const std::vector<Record>& records) {
  const auto out = std::make_shared<ZoneCopy>();
  out->set_soa(soa(serial));
  for (const auto& r : records) EXPECT_TRUE(out->add(r));
  return out;
}

// Octets of rdata in the order of the copy.
std::string contents(const ZoneCopy& copy) {
  std::string out;
  for (const auto& r : copy.as_zone(wire_of("corp")).records)
    if (r.type == type::a) out += std::to_string(static_cast<int>(r.rdata[3])) + " ";
  return out;
}

TEST(Assembler, AZoneIsWhatStandsBetweenItsSoas) {
  Assembler assembler(wire_of("corp"), nullptr);
  EXPECT_EQ(assembler.feed(message({soa(5), a("x.corp", 1)})), Result::more);
  EXPECT_EQ(assembler.feed(message({a("y.corp", 2)})), Result::more);
  EXPECT_EQ(assembler.feed(message({soa(5)})), Result::changed);
  const ZoneCopy copy = assembler.take();
  EXPECT_EQ(copy.serial(), 5U);
  EXPECT_EQ(contents(copy), "1 2 ");
}

TEST(Assembler, StepsAreAppliedInOrderAndNotToWhatIsServed) {
  const auto served = copy_of(3, {a("x.corp", 1), a("y.corp", 2)});
  Assembler assembler(wire_of("corp"), served);
  EXPECT_EQ(assembler.feed(message({soa(5), soa(3), a("X.corp", 1), soa(4), a("x.corp", 7)})), Result::more);
  EXPECT_EQ(assembler.feed(message({soa(4), a("x.corp", 7), a("y.corp", 2), soa(5), a("z.corp", 9), soa(5)})),
            Result::changed);
  const ZoneCopy copy = assembler.take();
  EXPECT_EQ(copy.serial(), 5U);
  EXPECT_EQ(contents(copy), "9 ");
  EXPECT_EQ(served->serial(), 3U);
  EXPECT_EQ(contents(*served), "1 2 ");
}

TEST(ZoneCopy, RecordsThatDifferInANumberAreTwo) {
  const auto srv = [](char low) {
    return Record{wire_of("s.corp"), type::srv, wire::klass::in, 5,
                  std::string("\0\1\0\1\x1f", 5) + low + answers::name_to_wire("H.corp").value()};
  };
  EXPECT_EQ(copy_of(1, {srv('A'), srv('a')})->count(), 2U);
}

TEST(Assembler, ASingleSoaSaysThatNothingIsNew) {
  EXPECT_EQ(Assembler(wire_of("corp"), copy_of(5, {})).feed(message({soa(5)})), Result::same);
  Assembler lags(wire_of("corp"), copy_of(5, {}));
  EXPECT_EQ(lags.feed(message({soa(4)})), Result::same);
  EXPECT_EQ(lags.serial(), 4U) << "its reader sees that the primary is behind";
  EXPECT_FALSE(Assembler(wire_of("corp"), copy_of(5, {})).feed(message({soa(6)})));
}

TEST(Assembler, AWholeZoneMayAnswerTheQuestionForChanges) {
  Assembler assembler(wire_of("corp"), copy_of(3, {a("old.corp", 1)}));
  EXPECT_EQ(assembler.feed(message({soa(9), a("new.corp", 4), soa(9)})), Result::changed);
  EXPECT_EQ(contents(assembler.take()), "4 ");
}

TEST(Assembler, WhatMakesNoZoneIsRefused) {
  const auto have = copy_of(3, {a("x.corp", 1)});
  const std::pair<const char*, std::vector<Record>> cases[] = {
      {"no SOA first", {a("x.corp", 1), soa(5)}},
      {"another SOA at the end", {soa(5), a("x.corp", 1), soa(6)}},
      {"records after the end", {soa(5), a("x.corp", 1), soa(5), a("x.corp", 2)}},
      {"a record of another zone", {soa(5), a("x.example", 1), soa(5)}},
      {"an address of three octets", {soa(5), {wire_of("x.corp"), type::a, wire::klass::in, 5, "abc"}, soa(5)}},
      {"a name without its end", {soa(5), {wire_of("x.corp"), type::ns, wire::klass::in, 5, "\3abc"}, soa(5)}},
      {"to remove what is not there", {soa(5), soa(3), a("q.corp", 1), soa(5), soa(5)}},
      {"steps with a gap", {soa(5), soa(3), soa(4), soa(3)}},
      {"nothing at all", {}},
  };
  for (const auto& [what, records] : cases) {
    Assembler assembler(wire_of("corp"), have);
    EXPECT_FALSE(assembler.feed(message(records))) << what;
  }
}

TEST(SoaTimes, AreBoundedBothWays) {
  Record record = soa(1);
  auto* numbers = reinterpret_cast<std::uint8_t*>(record.rdata.data()) + record.rdata.size() - 20;
  wire::put32(numbers + 4, 0);
  wire::put32(numbers + 8, 0xffff'ffff);
  wire::put32(numbers + 12, 0);
  const auto times = times_of(record);
  EXPECT_EQ(times.refresh, 1U);
  EXPECT_EQ(times.retry, 7U * 86'400);
  EXPECT_EQ(times.expire, 1U);
}

TEST(ValidRdata, HasTheFormOfItsType) {
  using answers::is_valid_rdata;
  EXPECT_TRUE(is_valid_rdata(type::a, "abcd"));
  EXPECT_FALSE(is_valid_rdata(type::a, "abcde"));
  EXPECT_TRUE(is_valid_rdata(type::mx, std::string("\0\1", 2) + wire_of("x.corp")));
  EXPECT_FALSE(is_valid_rdata(type::mx, std::string("\0\1", 2)));
  EXPECT_TRUE(is_valid_rdata(type::txt, "\2ab\1c"));
  EXPECT_FALSE(is_valid_rdata(type::txt, "\5ab"));
  EXPECT_TRUE(is_valid_rdata(65'280, "anything"));
}

}  // namespace
}  // namespace dnsd::transfer
