// Row H3 of the scorecard: a thousand instances whose checks waver, for five minutes. The figures are recorded as
// properties, which tests/scorecard reads.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <random>
#include <utility>

#include "registry/registry_fleet.h"

namespace registry {
namespace {

constexpr int kChecks = 1'000, kResults = 60;  // one every five seconds
constexpr int kRandom = 2'000;                 // checks that fail at random: more of them, for a steadier figure

class Flapping : public Fleet {
 protected:
  void fill(const CheckDef& check, int count = kChecks) {
    put_fleet(count / 10, 40, check);
    results([](int) { return false; });
    ASSERT_EQ(count_available(), count);
    down_ = up_ = 0;
  }
  // One result of every check, in one interval. Refusals: what the guard never holds.
  template <class Fails>
  void results(Fails fails) {
    advance(5s);
    int number = 0;
    each([&](const std::string& of, const std::string& id, int) {
      const bool was = get(of, id).available;
      const bool bad = fails(number++);
      keep(registry.observe_probe(
          of, id, "tcp", bad ? ProbeResult{Verdict::failed, Fault::refused, "refused", {}} : ProbeResult{Verdict::ok},
          now));
      const bool is = get(of, id).available;
      down_ += was && !is;
      up_ += !was && is;
    });
  }
  void alternate(int count) {
    for (int i = 0; i < count; ++i) results([&](int number) { return (number + i) % 2 == 0; });
  }
  int fail_one_in_ten() {
    std::mt19937 random(1);
    for (int i = 0; i < kResults; ++i) results([&](int) { return random() % 10 == 0; });
    return down_;
  }
  int down_ = 0, up_ = 0;
};

CheckDef check_with(int rise, int fall, int ok) { return {.name = "tcp", .rise = rise, .fall = fall, .ok = ok}; }

TEST_F(Flapping, AlternatingResultsChangeNothingWhereOneSuccessForgets) {
  fill(check_with(2, 3, 1));
  alternate(kResults);
  RecordProperty("changes", down_ + up_);
  EXPECT_EQ(down_ + up_, 0);
}

// CASES row 81: with memory the third failure counts, though successes lie between. It is reached with the fifth or
// sixth result; afterwards two successes in a row never come.
TEST_F(Flapping, AlternatingResultsAtTheDefaultsFallOnceAndStayDown) {
  fill(check_with(2, 3, 2));
  alternate(6);
  RecordProperty("fell", down_);
  EXPECT_EQ(down_, kChecks);
  EXPECT_EQ(up_, 0);
  alternate(kResults - 6);
  RecordProperty("changes_after", down_ - kChecks + up_);
  EXPECT_EQ(down_ - kChecks + up_, 0);
}

// Without thresholds they do flap, until damping ends it: the third fall doubles `rise`.
TEST_F(Flapping, AlternatingResultsWithoutThresholdsChangeFiveTimes) {
  fill(check_with(1, 1, 1));
  alternate(kResults);
  RecordProperty("changes", down_ + up_);
  EXPECT_EQ(down_ + up_, 5 * kChecks);
}

// The expected number of falls, from the state machine as a Markov chain (up with failures and successes counted, down
// with successes counted). Damping is left out: it can only make them fewer.
double expected_falls(const CheckDef& def, double p, int results) {
  std::map<std::array<int, 3>, double> now{{{1, 0, 0}, 1.0}};  // up, failures, successes
  double falls = 0;
  for (int i = 0; i < results; ++i) {
    std::map<std::array<int, 3>, double> next;
    for (const auto& [state, share] : now) {
      const auto [up, failures, successes] = state;
      if (up == 1) {
        const bool falls_now = failures + 1 >= def.fall;
        falls += falls_now ? share * p : 0;
        next[falls_now ? std::array{0, 0, 0} : std::array{1, failures + 1, 0}] += share * p;
        const bool healed = failures == 0 || successes + 1 >= def.ok;
        next[healed ? std::array{1, 0, 0} : std::array{1, failures, successes + 1}] += share * (1 - p);
      } else {
        next[{0, 0, 0}] += share * p;
        next[successes + 1 >= def.rise ? std::array{1, 0, 0} : std::array{0, 0, successes + 1}] += share * (1 - p);
      }
    }
    now = std::move(next);
  }
  return falls;
}

TEST_F(Flapping, OneRandomFailureInTenTakesDownNoMoreThanItMust) {
  const CheckDef check = check_with(2, 3, 2);
  const double expected = kRandom * expected_falls(check, 0.1, kResults);
  const double most = expected + 4 * std::sqrt(expected);  // four standard deviations of a Poisson count
  fill(check, kRandom);
  const int falls = fail_one_in_ten();
  RecordProperty("falls", falls);
  RecordProperty("expected", fmt::format("{:.0f}", expected));
  RecordProperty("most", fmt::format("{:.0f}", most));
  EXPECT_LE(falls, most);
  EXPECT_GE(falls, expected - 4 * std::sqrt(expected)) << "failures that count are not to be missed either";
}

TEST_F(Flapping, OneRandomFailureInTenWithoutThresholdsTakesDownFarMore) {
  fill(check_with(1, 1, 1), kRandom);
  const int falls = fail_one_in_ten();
  RecordProperty("falls", falls);
  EXPECT_GT(falls, 2 * kRandom);
}

}  // namespace
}  // namespace registry
