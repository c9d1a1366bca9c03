#include "dnsd/answers/reclaim.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace dnsd::answers {
namespace {

TEST(Reclaimer, FreesAtOnceWhileEveryReaderIsOffline) {
  Reclaimer r;
  r.add_reader();
  int freed = 0;
  r.retire([&] { ++freed; });
  EXPECT_EQ(r.waiting(), 1u);
  EXPECT_EQ(freed, 0) << "retire() itself frees nothing";
  EXPECT_EQ(r.collect(), 1u);
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(r.waiting(), 0u);
}

TEST(Reclaimer, KeepsABlockWhileAReaderIsOnlineSinceBeforeItsRetirement) {
  Reclaimer r;
  auto& busy = r.add_reader();
  auto& other = r.add_reader();
  int freed = 0;
  r.online(busy);
  r.retire([&] { ++freed; });
  for (int i = 0; i < 3; ++i) {
    r.online(other);
    EXPECT_EQ(r.collect(), 0u);
    Reclaimer::offline(other);
  }
  Reclaimer::offline(busy);
  EXPECT_EQ(r.collect(), 1u);
  EXPECT_EQ(freed, 1);
}

TEST(Reclaimer, AReaderOnlineAnewHoldsNoOlderBlock) {
  Reclaimer r;
  auto& reader = r.add_reader();
  int freed = 0;
  r.online(reader);
  r.retire([&] { ++freed; });
  EXPECT_EQ(r.collect(), 0u);
  Reclaimer::offline(reader);
  r.online(reader);  // the next batch begins before the writer looks again
  EXPECT_EQ(r.collect(), 1u);
  EXPECT_EQ(freed, 1);
}

TEST(Reclaimer, FreesInTheOrderOfRetiring) {
  Reclaimer r;
  auto& reader = r.add_reader();
  std::vector<int> order;
  r.retire([&] { order.push_back(1); });
  r.retire([&] { order.push_back(2); });
  r.advance();
  r.online(reader);
  r.retire([&] { order.push_back(3); });
  EXPECT_EQ(r.collect(), 2u);
  Reclaimer::offline(reader);
  r.collect();
  EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(Reclaimer, PassedTellsWhenEveryReaderHasLeftTheBatchOfThatMoment) {
  Reclaimer r;
  auto& reader = r.add_reader();
  r.online(reader);
  const auto epoch = r.advance();
  EXPECT_FALSE(r.passed(epoch));
  r.online(reader);  // anew, without an offline between
  EXPECT_TRUE(r.passed(epoch));
}

// Readers follow one pointer as the workers do; the writer replaces what it points to and poisons what it frees. The
// sanitizers see a use after free or a race; without them the poison is seen.
TEST(Reclaimer, ReadersNeverSeeAFreedBlock) {
  struct Block {
    explicit Block(std::uint64_t v) : value(v), copy(v) {}
    std::uint64_t value, copy;
  };
  constexpr std::uint64_t kReplacements = 20'000;
  Reclaimer reclaimer;
  std::atomic<const Block*> current{new Block(1)};
  std::atomic<bool> done{false};
  std::atomic<std::uint64_t> bad{0}, batches{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&, &reader = reclaimer.add_reader()] {
      std::uint64_t last = 0;
      while (!done.load(std::memory_order_acquire)) {
        reclaimer.online(reader);
        for (int query = 0; query < 4; ++query) {
          const auto* block = current.load(std::memory_order_acquire);
          if (block->value != block->copy || block->value < last) bad.fetch_add(1, std::memory_order_relaxed);
          last = block->value;
        }
        Reclaimer::offline(reader);
        batches.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  for (std::uint64_t i = 2; i <= kReplacements || batches.load() < 100; ++i) {
    auto* old = const_cast<Block*>(current.exchange(new Block(i), std::memory_order_acq_rel));
    reclaimer.retire([old] {
      old->value = 0;
      old->copy = ~std::uint64_t{0};
      delete old;
    });
    reclaimer.collect();
  }
  done.store(true, std::memory_order_release);
  threads.clear();
  reclaimer.collect();
  EXPECT_EQ(bad.load(), 0u);
  EXPECT_EQ(reclaimer.waiting(), 0u);
  delete current.load();
}

}  // namespace
}  // namespace dnsd::answers
