#include "registry/basics.h"

#include <gtest/gtest.h>

namespace registry {
namespace {

using namespace std::chrono_literals;

TEST(Ipv4, IsFourDecimalPartsAndNothingElse) {
  EXPECT_EQ(to_string(*parse_ipv4("10.0.1.7")), "10.0.1.7");
  for (const char* bad :
       {"", "10", "10.0.1", "10.0.1.7.9", "256.0.0.1", "010.0.0.1", "10.0.0.1 ", "0x0a.0.0.1", "::1"}) {
    EXPECT_FALSE(parse_ipv4(bad)) << bad;
  }
  EXPECT_FALSE(parse_ipv4(std::string_view("10.0.0.1\0x", 10)));
}

TEST(Ipv6, ReadsEveryFormAndWritesTheCanonicalOne) {
  EXPECT_EQ(to_string(*parse_ipv6("2001:DB8:0:0:0:0:0:1")), "2001:db8::1");
  EXPECT_EQ(to_string(*parse_ipv6("::")), "::");
  EXPECT_EQ(to_string(*parse_ipv6("2001:db8:0:1:1:1:1:1")), "2001:db8:0:1:1:1:1:1");  // RFC 5952 4.2.2
  for (const char* bad : {"", "10.0.0.1", "fe80::1%eth0", "1::2::3", "2001:db8", ":::", "12345::"}) {
    EXPECT_FALSE(parse_ipv6(bad)) << bad;
  }
}

TEST(Prefix, KnowsWhatItContains) {
  const Prefix ten = *parse_prefix("10.0.0.0/8");
  EXPECT_TRUE(ten.contains(*parse_ipv4("10.255.0.1")));
  EXPECT_FALSE(ten.contains(*parse_ipv4("11.0.0.1")));
  EXPECT_FALSE(ten.contains(*parse_ipv6("a00::")));
  const Prefix odd = *parse_prefix("10.0.1.128/25");
  EXPECT_TRUE(odd.contains(*parse_ipv4("10.0.1.200")));
  EXPECT_FALSE(odd.contains(*parse_ipv4("10.0.1.127")));
  EXPECT_TRUE(parse_prefix("fd00::/8")->contains(*parse_ipv6("fd12::1")));
  EXPECT_TRUE(parse_prefix("0.0.0.0/0")->contains(*parse_ipv4("192.0.2.1")));
  EXPECT_EQ(to_string(*parse_prefix("10.0.0.1")), "10.0.0.1/32");
  EXPECT_EQ(to_string(*parse_prefix("::1")), "::1/128");
}

TEST(Prefix, RefusesHostBitsAndBadLengths) {
  for (const char* bad :
       {"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "fd00::1/64", "::/129", "x/8"}) {
    EXPECT_FALSE(parse_prefix(bad)) << bad;
  }
}

TEST(Duration, ReadsUnitsLargestFirst) {
  EXPECT_EQ(parse_duration("500ms"), 500ms);
  EXPECT_EQ(parse_duration("1h30m"), 90min);
  EXPECT_EQ(parse_duration("2d"), 48h);
  EXPECT_EQ(parse_duration("0s"), 0ms);
  EXPECT_EQ(parse_duration("1d2h3m4s5ms"), 26h + 3min + 4s + 5ms);
  for (const char* bad : {"", "5", "s", "5 s", "-5s", "1.5s", "30m1h", "5s5s", "5x", "5S", "1234567890s", "5sx"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
}

TEST(Duration, IsWrittenShort) {
  EXPECT_EQ(format_duration(0ms), "0s");
  EXPECT_EQ(format_duration(600s), "10m");
  EXPECT_EQ(format_duration(27s), "27s");
  EXPECT_EQ(format_duration(24h), "1d");
  EXPECT_EQ(format_duration(90s), "90s");
  for (const Millis duration : {1ms, 1234ms, 90061s + 0ms, 86'400'001ms, 3'599'999ms}) {
    EXPECT_EQ(parse_duration(format_duration(duration)), duration);
  }
}

TEST(Time, IsRfc3339InUtc) {
  EXPECT_EQ(format_time(Wall{}), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(Wall{1'767'225'600s}), "2026-01-01T00:00:00Z");
  EXPECT_EQ(format_time(Wall{1'767'225'600s + 70ms}), "2026-01-01T00:00:00.070Z");
}

}  // namespace
}  // namespace registry
