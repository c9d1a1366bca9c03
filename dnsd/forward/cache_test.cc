#include "dnsd/forward/cache.h"

#include <gtest/gtest.h>

#include "dnsd/forward/test_replies.h"

namespace dnsd::forward {
namespace {

using std::chrono::milliseconds;
using test::question;
using test::Reply;

constexpr registry::Mono kStart{std::chrono::hours(1)};

SaidPtr answer(const Question& q, std::uint32_t ttl) { return test::said(q, Reply(q).answer(ttl)); }

TEST(Cache, SaysAgainUntilTheTtlIsOver) {
  Cache cache(1 << 20, 1);
  const auto q = question("a.example");
  EXPECT_FALSE(cache.find(q, kStart));
  cache.put(q, answer(q, 10), kStart);
  EXPECT_EQ(cache.find(q, kStart)->age, seconds(0));
  EXPECT_EQ(cache.find(q, kStart + milliseconds(9'999))->age, seconds(9));
  EXPECT_FALSE(cache.find(q, kStart + seconds(10)));
  EXPECT_EQ(cache.entries(), 0U) << "what is over is dropped when met";
  EXPECT_EQ(cache.octets(), 0U);
}

TEST(Cache, NothingOfLifetimeZeroIsKept) {
  Cache cache(1 << 20, 1);
  const auto q = question("a.example");
  cache.put(q, answer(q, 10), kStart);
  cache.put(q, answer(q, 0), kStart);
  EXPECT_FALSE(cache.find(q, kStart)) << "nor what was there before it";
}

TEST(Cache, TypesAndFlagsAreOtherQuestions) {
  Cache cache(1 << 20, 1);
  auto q = question("a.example");
  cache.put(q, answer(q, 10), kStart);
  EXPECT_FALSE(cache.find(question("a.example", wire::type::aaaa), kStart));
  q.dnssec_ok = true;
  EXPECT_FALSE(cache.find(q, kStart));
  q.checking_disabled = true;
  EXPECT_FALSE(cache.find(q, kStart));
}

TEST(Cache, HoldsNoMoreOctetsThanAllowedAndForgetsTheLongestUnused) {
  const auto name = [](int i) { return question("n" + std::to_string(i) + ".example"); };
  Cache probe(1 << 20, 1);
  probe.put(name(100), answer(name(100), 60), kStart);
  Cache cache(probe.octets() * 10, 1);
  for (int i = 100; i < 110; ++i) cache.put(name(i), answer(name(i), 60), kStart);
  EXPECT_EQ(cache.entries(), 10U);
  EXPECT_TRUE(cache.find(name(100), kStart));  // used: it stays
  cache.put(name(110), answer(name(110), 60), kStart);
  EXPECT_EQ(cache.entries(), 10U);
  EXPECT_LE(cache.octets(), probe.octets() * 10);
  EXPECT_TRUE(cache.find(name(100), kStart));
  EXPECT_FALSE(cache.find(name(101), kStart));
  EXPECT_TRUE(cache.find(name(110), kStart));
}

TEST(Cache, WhatAloneIsTooLargeIsNotKept) {
  Cache cache(100, 1);
  const auto q = question("a.example");
  cache.put(q, answer(q, 10), kStart);
  EXPECT_EQ(cache.entries(), 0U);
  EXPECT_EQ(cache.octets(), 0U);
}

TEST(Cache, ANewAnswerTakesThePlaceOfTheOld) {
  Cache cache(1 << 20, 1);
  const auto q = question("a.example");
  cache.put(q, answer(q, 10), kStart);
  const auto size = cache.octets();
  cache.put(q, answer(q, 100), kStart + seconds(5));
  EXPECT_EQ(cache.octets(), size);
  EXPECT_EQ(cache.find(q, kStart + seconds(50))->age, seconds(45));
}

}  // namespace
}  // namespace dnsd::forward
