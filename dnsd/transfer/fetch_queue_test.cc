#include "dnsd/transfer/fetch_queue.h"

#include <string>

#include <gtest/gtest.h>

namespace dnsd::transfer {
namespace {

std::string next(FetchQueue& queue) {
  const auto turn = queue.take();
  return turn ? turn->apex : "-";
}

TEST(FetchQueue, APrimaryThatHangsHoldsTwoSlotsAndOthersHaveTheirTurn) {
  FetchQueue queue;
  for (int i = 0; i < 20; ++i) queue.put("dead" + std::to_string(i), "192.0.2.1", true);
  queue.put("live", "192.0.2.2", false);
  EXPECT_EQ(next(queue), "dead0");
  EXPECT_EQ(next(queue), "dead1");
  EXPECT_EQ(next(queue), "live");
  EXPECT_EQ(next(queue), "-");
  queue.done("192.0.2.1");
  EXPECT_EQ(next(queue), "dead2");
  EXPECT_EQ(next(queue), "-");
}

TEST(FetchQueue, NoMoreThanItsSlotsRunAtOnceWhateverThePrimaries) {
  FetchQueue queue;
  for (int i = 0; i < 20; ++i) queue.put(std::to_string(i), "192.0.2." + std::to_string(i), false);
  std::size_t running = 0;
  while (queue.take()) ++running;
  EXPECT_EQ(running, FetchQueue::kMaxFetches);
  EXPECT_EQ(queue.waiting(), 20 - FetchQueue::kMaxFetches);
}

TEST(FetchQueue, WhoWasToldOfGoesFirstAlsoWhenItWaitedBefore) {
  FetchQueue queue;
  queue.put("a", "p", false);
  queue.put("b", "p", false);
  queue.put("c", "q", false);
  queue.put("b", "p", true);
  queue.put("b", "p", false);  // its place does not become worse
  EXPECT_EQ(next(queue), "b");
  EXPECT_EQ(next(queue), "c") << "then primaries in turn";
  EXPECT_EQ(next(queue), "a");
  EXPECT_EQ(next(queue), "-") << "each once";
}

TEST(FetchQueue, AZoneWaitsForThePrimaryThatItWasPutForLast) {
  FetchQueue queue;
  queue.put("a", "p", false);
  queue.put("a", "q", true);
  const auto turn = queue.take();
  ASSERT_TRUE(turn);
  EXPECT_EQ(turn->primary, "q");
  EXPECT_FALSE(queue.take());
}

TEST(FetchQueue, WhatIsForgottenHasNoTurn) {
  FetchQueue queue;
  queue.put("a", "p", true);
  queue.put("b", "p", false);
  queue.forget("a");
  queue.forget("never there");
  EXPECT_EQ(next(queue), "b");
  queue.done("p");
  EXPECT_EQ(next(queue), "-");
}

}  // namespace
}  // namespace dnsd::transfer
