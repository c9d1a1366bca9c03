#include "dnsd/answers/tiers.h"

#include <gtest/gtest.h>

#include <vector>

namespace dnsd::answers {
namespace {

struct Case {
  const char* what;
  double below;
  bool open_when_empty;
  std::vector<Tier> tiers;
  int priority;  // -1 = none
  bool opens;
};

class Tiers : public testing::TestWithParam<Case> {};

TEST_P(Tiers, ChooseAndOpenByTheThreshold) {
  const Case& c = GetParam();
  const TierChoice choice = choose_tier(c.tiers, c.below, c.open_when_empty);
  EXPECT_EQ(choice.priority ? int{*choice.priority} : -1, c.priority) << c.what;
  EXPECT_EQ(choice.opens, c.opens) << c.what;
}

INSTANTIATE_TEST_SUITE_P(
    Table, Tiers,
    testing::Values(
        Case{"nothing is registered", 0.5, true, {}, -1, false},
        Case{"without a threshold one is enough", 0, false, {{1, 4, 1}}, 1, false},
        Case{"1 of 4 at 0.5: all of them (CASES 72)", 0.5, false, {{1, 4, 1}}, 1, true},
        Case{"1 of 4 at 0.2: one is needed (73)", 0.2, false, {{1, 4, 1}}, 1, false},
        Case{"2 of 4 at 0.5: as many as needed (74)", 0.5, false, {{1, 4, 2}}, 1, false},
        Case{"1 of 3 at 2/3 spills to the next tier (87)", 2.0 / 3, false, {{1, 3, 1}, {2, 2, 2}}, 2, false},
        Case{"3 of 30 at 0.1 are enough in binary as well", 0.1, false, {{1, 30, 3}}, 1, false},
        Case{"1 is all of them", 1, false, {{1, 3, 2}}, 1, true},
        Case{"the best tier with anyone alive opens", 0.6, false, {{1, 4, 0}, {2, 4, 1}, {3, 4, 2}}, 2, true},
        Case{"with a threshold nobody alive opens the best", 0.5, false, {{3, 0, 0}, {4, 2, 0}, {9, 7, 0}}, 4, true},
        Case{"without one nobody alive is nothing", 0, false, {{1, 4, 0}}, -1, false},
        Case{"unless on_empty says so", 0, true, {{1, 4, 0}, {2, 4, 0}}, 1, true},
        Case{"on_empty waits for the last tier", 0, true, {{1, 4, 0}, {2, 4, 1}}, 2, false},
        Case{"a tier of nobody never answers", 0.5, true, {{1, 0, 0}}, -1, false}));

}  // namespace
}  // namespace dnsd::answers
