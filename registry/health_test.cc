#include "registry/health.h"

#include <gtest/gtest.h>

namespace registry {
namespace {

using namespace std::chrono_literals;

constexpr Wall kNow{1'000s};

// One letter per result: o = ok, w = warn, f = failed, u = unknown. Expected states: U = passing, W = warning,
// D = critical, ? = unknown.
struct Case {
  const char* name;
  const char* results;
  const char* states;
  int left;  // results until the state could flip, at the end
};

Verdict verdict(char c) {
  return c == 'o' ? Verdict::ok : c == 'w' ? Verdict::warn : c == 'f' ? Verdict::failed : Verdict::unknown;
}

char letter(CheckState state) {
  switch (state) {
    case CheckState::passing:
      return 'U';
    case CheckState::warning:
      return 'W';
    case CheckState::critical:
      return 'D';
    case CheckState::unknown:
      break;
  }
  return '?';
}

class StateMachine : public testing::TestWithParam<Case> {};

TEST_P(StateMachine, FollowsTheTable) {
  const CheckDef def{.name = "c", .rise = 2, .fall = 3, .ok = 2};
  CheckStatus status;
  std::string states;
  for (const char* c = GetParam().results; *c != 0; ++c) {
    const CheckState before = status.state;
    const bool changed = observe(status, def, {.verdict = verdict(*c), .fault = Fault::refused}, kNow);
    EXPECT_EQ(changed, before != status.state);
    states += letter(status.state);
  }
  EXPECT_EQ(states, GetParam().states);
  EXPECT_EQ(results_until_flip(status, def), GetParam().left);
}

INSTANTIATE_TEST_SUITE_P(
    Gdnsd, StateMachine,
    testing::Values(Case{"NoResult", "", "", 1}, Case{"FirstSuccessCountsAtOnce", "o", "U", 3},  // case 83
                    Case{"FirstFailureCountsAtOnce", "f", "D", 2}, Case{"FirstWarningCountsAtOnce", "w", "W", 3},
                    Case{"Case80DownUntilSecondConsecutivePass", "ffofoo", "DDDDDU", 3},
                    Case{"OneSuccessTowardsRise", "fo", "DD", 1}, Case{"FailureClearsTheRise", "fof", "DDD", 2},
                    Case{"Case81FailuresAreRemembered", "offof", "UUUUD", 2},
                    Case{"Case82OkThresholdForgets", "offooff", "UUUUUUU", 1},
                    Case{"FailureClearsTheOkCount", "ofofof", "UUUUUD", 2},
                    Case{"SuccessesWithoutFailures", "ooooo", "UUUUU", 3}, Case{"GoesDownAtFall", "offf", "UUUD", 2},
                    Case{"CountersStartAnewAfterAFlip", "offfooff", "UUUDDUUU", 1},
                    Case{"UnknownChangesNothing", "uouffuuf", "?UUUUUUD", 2}, Case{"UnknownAlone", "uu", "??", 1},
                    Case{"WarnCountsAsSuccess", "fow", "DDW", 3}, Case{"WarnAndPassSwapAtOnce", "owow", "UWUW", 3},
                    Case{"FailuresKeepTheFaceTheyFound", "owff", "UWWW", 1},
                    Case{"WarnHealsFailures", "offwwff", "UUUWWWW", 1}),
    [](const auto& instance) { return instance.param.name; });

TEST(CheckStatus, ThresholdsOfOneFlipAtOnce) {
  const CheckDef def{.name = "c", .rise = 1, .fall = 1, .ok = 1};
  CheckStatus status;
  for (const char c : {'o', 'f', 'o', 'w', 'f'}) {
    observe(status, def, {.verdict = verdict(c)}, kNow);
    EXPECT_EQ(results_until_flip(status, def), 1);
  }
  EXPECT_EQ(status.state, CheckState::critical);
}

TEST(CheckStatus, SinceMovesWithTheStateOnly) {
  const CheckDef def{.name = "c"};
  CheckStatus status;
  observe(status, def, {.verdict = Verdict::ok}, Wall{1s});
  observe(status, def, {.verdict = Verdict::failed}, Wall{2s});
  EXPECT_EQ(status.since, Wall{1s});
  observe(status, def, {.verdict = Verdict::warn}, Wall{3s});
  EXPECT_EQ(status.since, Wall{3s});
}

TEST(CheckStatus, KeepsOutputLatencyAndFaultOfTheLastResult) {
  const CheckDef def{.name = "c"};
  CheckStatus status;
  observe(status, def, {.verdict = Verdict::failed, .fault = Fault::timeout, .output = "too late", .latency = 2s},
          kNow);
  EXPECT_EQ(status.fault, Fault::timeout);
  EXPECT_EQ(status.output, "too late");
  EXPECT_FALSE(status.passed_once);
  observe(status, def, {.verdict = Verdict::unknown, .fault = Fault::local, .output = "no descriptors"}, kNow);
  EXPECT_EQ(status.output, "too late");
  observe(status, def, {.verdict = Verdict::ok, .fault = Fault::timeout, .output = "200 OK", .latency = 3ms}, kNow);
  EXPECT_EQ(status.fault, Fault::none);
  EXPECT_EQ(status.latency, 3ms);
  EXPECT_TRUE(status.passed_once);
}

TEST(CheckStatus, OutputIsCutBetweenCharactersAndMadeValid) {
  CheckStatus status;
  const std::string euro = "\xE2\x82\xAC";
  std::string text;
  while (text.size() < 300) text += euro;
  observe(status, {.name = "c"}, {.verdict = Verdict::ok, .output = text}, kNow);
  EXPECT_EQ(status.output.size(), 255U);  // 85 characters of three octets
  observe(status, {.name = "c"},
          {.verdict = Verdict::ok,
           .output = "a\xFF"
                     "b\xC3"},
          kNow);
  EXPECT_EQ(status.output, "a?b?");
}

TEST(CheckStatus, AReportedStateNeedsNoThreshold) {
  const CheckDef def{.name = "c"};
  CheckStatus status;
  observe(status, def, {.verdict = Verdict::ok}, kNow);
  observe(status, def, {.verdict = Verdict::failed}, kNow);
  EXPECT_TRUE(enter(status, CheckState::critical, Fault::reported, "disk full", kNow));
  EXPECT_EQ(results_until_flip(status, def), 2);
  EXPECT_FALSE(enter(status, CheckState::critical, Fault::reported, "still full", kNow));
  EXPECT_EQ(status.output, "still full");
  EXPECT_TRUE(enter(status, CheckState::passing, Fault::none, "", kNow));
  EXPECT_EQ(results_until_flip(status, def), 3);
}

}  // namespace
}  // namespace registry
