#include "dnsd/serve/rate_limit.h"

#include <gtest/gtest.h>

#include <map>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

namespace type = wire::type;
using Verdict = RateLimiter::Verdict;

Client v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) { return {{a, b, c, d}, false, 4000}; }

std::map<Verdict, int> burst(RateLimiter& limiter, const Client& client, int responses, std::uint32_t tick,
                             ReplyKind kind = ReplyKind::answer) {
  std::map<Verdict, int> out;
  for (int i = 0; i < responses; ++i) ++out[limiter.judge(client, kind, tick)];
  return out;
}

TEST(RateLimiter, SendsASecondsWorthAtOnceThenTheRate) {
  RateLimiter limiter({.responses_per_second = 20, .slip = 0}, 1);
  const auto client = v4(192, 0, 2, 1);
  EXPECT_EQ(burst(limiter, client, 50, 1000)[Verdict::send], 20);
  EXPECT_EQ(burst(limiter, client, 50, 1001)[Verdict::send], 2) << "a tenth of a second";
  EXPECT_EQ(burst(limiter, client, 50, 1006)[Verdict::send], 10);
  EXPECT_EQ(burst(limiter, client, 50, 900'000)[Verdict::send], 20) << "never more than a second's worth";
}

TEST(RateLimiter, ALowRateIsNotRoundedToNothing) {
  RateLimiter limiter({.responses_per_second = 1, .slip = 0}, 1);
  int sent = 0;
  for (std::uint32_t tick = 100; tick < 200; ++tick) sent += burst(limiter, v4(192, 0, 2, 1), 3, tick)[Verdict::send];
  EXPECT_EQ(sent, 10) << "ten seconds";
}

TEST(RateLimiter, SlipsEveryNthOfThoseTooMany) {
  for (const auto& [slip, expected] : std::map<std::uint32_t, int>{{0, 0}, {1, 90}, {2, 45}, {3, 30}}) {
    RateLimiter limiter({.responses_per_second = 10, .slip = slip}, 1);
    auto counts = burst(limiter, v4(192, 0, 2, 1), 100, 5);
    EXPECT_EQ(counts[Verdict::send], 10);
    EXPECT_EQ(counts[Verdict::slip], expected);
    EXPECT_EQ(counts[Verdict::drop], 90 - expected);
  }
  RateLimiter steady({.responses_per_second = 10, .slip = 2}, 1);  // twice the rate, for long
  (void)burst(steady, v4(192, 0, 2, 1), 10, 5);
  int slipped = 0;
  for (std::uint32_t tick = 6; tick < 106; ++tick) slipped += burst(steady, v4(192, 0, 2, 1), 2, tick)[Verdict::slip];
  EXPECT_EQ(slipped, 50);
}

TEST(RateLimiter, JudgesPrefixesAndKindsApart) {
  RateLimiter limiter({.responses_per_second = 5, .slip = 0}, 7);
  EXPECT_EQ(burst(limiter, v4(192, 0, 2, 1), 9, 5)[Verdict::send], 5);
  EXPECT_EQ(burst(limiter, v4(192, 0, 2, 200), 9, 5)[Verdict::send], 0) << "the same /24";
  EXPECT_EQ(burst(limiter, v4(192, 0, 3, 1), 9, 5)[Verdict::send], 5);
  EXPECT_EQ(burst(limiter, v4(192, 0, 2, 1), 9, 5, ReplyKind::nxdomain)[Verdict::send], 5);
  Client six{{0x20, 1, 0xd, 0xb8, 0, 0, 1, 1}, true, 1};
  EXPECT_EQ(burst(limiter, six, 9, 5)[Verdict::send], 5);
  six.address[7] = 2;
  EXPECT_EQ(burst(limiter, six, 9, 5)[Verdict::send], 0) << "the same /56";
  six.address[6] = 2;
  EXPECT_EQ(burst(limiter, six, 9, 5)[Verdict::send], 5);
}

TEST(RateLimiter, AFloodOfPrefixesForgetsTheOldestFirst) {
  RateLimiter limiter({.responses_per_second = 5, .slip = 0}, 7);
  const auto busy = v4(192, 0, 2, 1);
  std::uint32_t tick = 100;
  (void)burst(limiter, busy, 9, tick);
  for (unsigned i = 0; i < 200'000; ++i) {  // three times what is tracked
    (void)limiter.judge(
        v4(static_cast<std::uint8_t>(i >> 16), static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i), 1),
        ReplyKind::answer, tick);
    if (i % 100 != 0) continue;
    ASSERT_LE(burst(limiter, busy, 9, tick += 1)[Verdict::send], 1) << i;
  }
}

// -- in the responder -----------------------------------------------------------------------------------------------

class Limited : public testing::Test {
 protected:
  static ResponderOptions options() {
    ResponderOptions out;
    out.rate_limit = {.responses_per_second = 10, .slip = 2};
    out.rate_limit_exempt = {registry::parse_prefix("198.51.100.0/24").value()};
    return out;
  }
  void SetUp() override {
    world.add_namespace("corp");
    world.start();
    world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  }
  struct Seen {
    int whole = 0, slipped = 0, silent = 0;
  };
  Seen flood(int queries, Ask ask = {}, std::string_view name = "web.corp") {
    Seen seen;
    for (int i = 0; i < queries; ++i) {
      const auto reply = world.raw(query(name, type::a, ask), ask);
      if (reply.empty()) {
        ++seen.silent;
      } else if ((reply[2] & 2) != 0) {
        ++seen.slipped;
        slip = reply;
      } else {
        ++seen.whole;
      }
    }
    return seen;
  }
  World world{{}, options()};
  std::vector<std::uint8_t> slip;
};

TEST_F(Limited, SlipsAreEmptyTruncatedAndKeepQuestionAndOpt) {
  const auto seen = flood(110, {.edns = true});
  EXPECT_EQ(seen.whole, 10);
  EXPECT_EQ(seen.slipped, 50);
  EXPECT_EQ(seen.silent, 50);
  const auto shown = answers::show(slip);
  ASSERT_TRUE(shown) << shown.error();
  EXPECT_EQ(shown->rcode, "NOERROR");
  EXPECT_TRUE(shown->answer.empty());
  EXPECT_TRUE(shown->additional.empty());
  EXPECT_TRUE(shown->edns.has_value());
  EXPECT_LE(slip.size(), query("web.corp", type::a, {.edns = true}).size()) << "nothing is amplified";
  EXPECT_EQ(world.responder().counters().rate_slipped.load(), 50U);
  EXPECT_EQ(world.responder().counters().rate_dropped.load(), 50U);
}

TEST_F(Limited, DenialsSlipAsNoerrorWithoutRecords) {
  (void)flood(40, {}, "nosuch.corp");
  const auto shown = answers::show(slip);
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->rcode, "NOERROR") << "TC alone says: ask over TCP";
  EXPECT_TRUE(shown->authority.empty());
  EXPECT_EQ(flood(10).whole, 10) << "answers are judged apart from denials";
}

TEST_F(Limited, ErrorsAreSentAsTheyAreInsteadOfSlipped) {
  const auto seen = flood(40, {}, "example.org");
  EXPECT_EQ(seen.whole, 10 + 15);
  EXPECT_EQ(seen.slipped, 0);
  EXPECT_EQ(seen.silent, 15);
}

TEST_F(Limited, TcpListedPrefixesAndValidCookiesAreExempt) {
  EXPECT_EQ(flood(100, {.tcp = true}).whole, 100);
  Ask listed;
  listed.client.address = {198, 51, 100, 7};
  EXPECT_EQ(flood(100, listed).whole, 100);
  const std::string client_cookie("\0\12\0\10abcdefgh", 12);
  const auto first = world.ask("web.corp", type::a, {.edns = true, .options = client_cookie});
  const auto& cookie = first.edns->options.at(0).data;
  Ask known{.edns = true};
  known.options = std::string("\0\12\0\30", 4) + std::string(cookie.begin(), cookie.end());
  EXPECT_EQ(flood(100, known).whole, 100);
  known.options.back() ^= 1;
  EXPECT_LT(flood(100, known).whole, 11) << "a cookie that is not ours";
}

}  // namespace
}  // namespace dnsd::serve::test
