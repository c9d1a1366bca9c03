#include "registry/checks/mailbox.h"

#include <gtest/gtest.h>

namespace registry::checks {
namespace {

Command add(Generation generation) {
  AddTarget command;
  command.target.generation = generation;
  return command;
}

std::vector<Command> list(Command command) {
  std::vector<Command> out;
  out.push_back(std::move(command));
  return out;
}

TEST(Mailbox, WakesTheReaderOnlyWhenItWasEmpty) {
  Mailbox box;
  EXPECT_TRUE(box.put(list(add(1))));
  EXPECT_FALSE(box.put(list(add(2))));
  EXPECT_EQ(box.take(10).size(), 2U);
  EXPECT_TRUE(box.put(list(add(3))));
}

TEST(Mailbox, ATargetThatEndsBeforeItWasSeenNeverArrives) {
  Mailbox box;
  box.put(list(add(1)));
  EXPECT_FALSE(box.put(list(RemoveTarget{1})));
  EXPECT_TRUE(box.empty());
  EXPECT_TRUE(box.put(list(RemoveTarget{2})));
  const auto left = box.take(10);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<RemoveTarget>(left.front()));
}

TEST(Mailbox, HandsOutAtMostTheLimitOldestFirst) {
  Mailbox box;
  for (Generation g = 5; g > 0; --g) box.put(list(add(g)));
  const auto first = box.take(2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(generation_of(first[0]), 1U);
  EXPECT_EQ(generation_of(first[1]), 2U);
  EXPECT_EQ(box.take(10).size(), 3U);
}

TEST(Mailbox, APaceJoinsTheTargetThatLiesThereAndGoesWithIt) {
  Mailbox box;
  box.put(list(add(1)));
  box.put(list(SetPace{1, true}));
  auto taken = box.take(10);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_TRUE(std::get<AddTarget>(taken[0]).idle);
  box.put(list(SetPace{1, true}));
  box.put(list(SetPace{1, false}));
  taken = box.take(10);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_FALSE(std::get<SetPace>(taken[0]).idle) << "the last one counts";
  box.put(list(SetPace{1, true}));
  box.put(list(RemoveTarget{1}));
  taken = box.take(10);
  ASSERT_EQ(taken.size(), 1U) << "the reader knows the target: its end must arrive";
  EXPECT_TRUE(std::holds_alternative<RemoveTarget>(taken[0]));
}

}  // namespace
}  // namespace registry::checks
