#include <gmock/gmock.h>

#include <random>

#include "dnsd/answers/alias_table.h"
#include "dnsd/answers/records.h"
#include "dnsd/answers/reverse.h"
#include "dnsd/answers/txt.h"
#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

TEST(Records, OfOneTypeAreOneSetWithTheSmallestTtlAndNoRepeats) {
  RecordBuilder builder;
  EXPECT_EQ(builder.build(), nullptr);
  builder.add(1, 30, "bbbb");
  builder.add(16, 9, "t");
  builder.add(1, 20, "aaaa");
  builder.add(1, 40, "bbbb");
  const auto block = builder.build();
  const RecordSet* set = block->find(1);
  ASSERT_NE(set, nullptr);
  EXPECT_EQ(set->ttl, 20U);
  std::vector<std::string> seen;
  block->each(*set, [&](std::span<const std::uint8_t> rdata) {
    seen.emplace_back(rdata.begin(), rdata.end());
    return true;
  });
  EXPECT_THAT(seen, testing::ElementsAre("bbbb", "aaaa"));
  EXPECT_EQ(block->find(28), nullptr);
}

TEST(Txt, QuotesKeysAsInRfc1464) {
  EXPECT_EQ(rfc1464_rdata("color", "blue"), "\12color=blue");
  EXPECT_EQ(rfc1464_rdata("a=a", "true"), "\11a`=a=true");
  EXPECT_EQ(rfc1464_rdata("equation", "a=4"), "\14equation=a=4");
  EXPECT_EQ(rfc1464_rdata(" a b ", "x"), "\11` a b` =x");
  EXPECT_EQ(rfc1464_rdata("`", "``"), "\5``=``");
  EXPECT_EQ(rfc1464_rdata("rfc1035-x", "v"), "\1v");
}

TEST(Txt, CutsLongTextIntoStrings) {
  const std::string rdata = txt_strings(std::string(300, 'x'));
  EXPECT_EQ(rdata.size(), 302U);
  EXPECT_EQ(static_cast<std::uint8_t>(rdata[0]), 255);
  EXPECT_EQ(static_cast<std::uint8_t>(rdata[256]), 45);
}

TEST(Txt, DnsSdLeavesOutWhatItCannotSayAndIsNeverEmpty) {
  EXPECT_EQ(dns_sd_rdata({}), std::string(1, '\0'));
  EXPECT_EQ(dns_sd_rdata({{"a", std::string(300, 'x')}, {"b=c", "d"}}), std::string(1, '\0'));
  EXPECT_EQ(dns_sd_rdata({{"a", "1"}, {"b", ""}}), "\3a=1\2b=");
}

TEST(Reverse, CutsPrefixesAtOctetsAndNibbles) {
  EXPECT_EQ(to_wire("10.in-addr.arpa"), reverse_apex(*registry::parse_prefix("10.0.0.0/8")));
  EXPECT_EQ(to_wire("10.in-addr.arpa"), reverse_apex(*registry::parse_prefix("10.16.0.0/12")));
  EXPECT_EQ(to_wire("8.b.d.0.1.0.0.2.ip6.arpa"), reverse_apex(*registry::parse_prefix("2001:db8::/32")));
  EXPECT_EQ(to_wire("4.3.2.1.in-addr.arpa"), reverse_name(registry::Ipv4{{1, 2, 3, 4}}));
}

TEST(AliasTable, DrawsInProportionExactly) {
  const std::vector<std::uint32_t> weights{1, 9, 0, 65535, 1000};
  const auto table = build_alias_table(weights);
  std::vector<double> share(weights.size());
  for (std::size_t i = 0; i < table.size(); ++i) {
    share[i] += table[i].keep / 65536.0;
    share[table[i].other] += 1 - table[i].keep / 65536.0;
  }
  for (std::size_t i = 0; i < weights.size(); ++i) {
    EXPECT_NEAR(share[i] / static_cast<double>(weights.size()), weights[i] / 66545.0, 1e-4) << i;
  }
  EXPECT_EQ(share[2], 0);
}

}  // namespace
}  // namespace dnsd::answers
