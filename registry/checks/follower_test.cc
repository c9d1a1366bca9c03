#include "registry/checks/follower.h"

#include <gmock/gmock.h>

namespace registry::checks {
namespace {

using Checks = std::vector<CheckDef>;

CheckDef tcp_check(std::string name) {
  CheckDef check;
  check.name = std::move(name);
  return check;
}

std::shared_ptr<InstanceDef> instance(std::string id) {
  auto def = std::make_shared<InstanceDef>();
  def->id = std::move(id);
  def->addresses.v4 = Ipv4{{10, 0, 0, 1}};
  def->port = 80;
  return def;
}

std::shared_ptr<const Checks> checks(Checks list) { return std::make_shared<const Checks>(std::move(list)); }

struct Counts {
  int added = 0, removed = 0, watched = 0, unwatched = 0;
  bool operator==(const Counts&) const = default;
};

Counts count(const std::vector<Command>& commands) {
  Counts out;
  for (const Command& command : commands) {
    out.added += std::holds_alternative<AddTarget>(command);
    out.removed += std::holds_alternative<RemoveTarget>(command);
    out.watched += std::holds_alternative<WatchHost>(command);
    out.unwatched += std::holds_alternative<UnwatchHost>(command);
  }
  return out;
}

class FollowerTest : public testing::Test {
 protected:
  Counts put(const std::shared_ptr<InstanceDef>& def, const std::shared_ptr<const Checks>& list) {
    commands_.clear();
    follower_.put("worker.corp", def, list, commands_);
    return count(commands_);
  }
  Counts remove(std::string_view id) {
    commands_.clear();
    follower_.remove("worker.corp", id, commands_);
    return count(commands_);
  }
  Follower follower_;
  std::vector<Command> commands_;
};

TEST_F(FollowerTest, HeartbeatsAreNotProbed) {
  CheckDef lease = tcp_check("lease");
  lease.kind = CheckKind::heartbeat;
  EXPECT_EQ(put(instance("w1"), checks({lease})), Counts{});
  EXPECT_EQ(put(instance("w1"), checks({lease, tcp_check("tcp")})), Counts{.added = 1});
  EXPECT_EQ(follower_.targets(), 1U);
  EXPECT_EQ(put(instance("w1"), checks({lease})), Counts{.removed = 1});
  EXPECT_EQ(follower_.targets(), 0U);
}

TEST_F(FollowerTest, AnEqualDefinitionLeavesTheTargetAlone) {
  put(instance("w1"), checks({tcp_check("a"), tcp_check("b")}));
  const Generation before = generation_of(commands_.front());
  auto tagged = instance("w1");
  tagged->tags = {"v2"};
  tagged->weight = 99;
  EXPECT_EQ(put(tagged, checks({tcp_check("b"), tcp_check("a")})), Counts{});
  EXPECT_TRUE(follower_.probes("worker.corp", "w1", "a", before));
}

TEST_F(FollowerTest, AChangedDefinitionOrTargetIsANewTarget) {
  put(instance("w1"), checks({tcp_check("a"), tcp_check("b")}));
  const Generation before = generation_of(commands_.front());
  CheckDef faster = tcp_check("a");
  faster.interval = Millis(100);
  EXPECT_EQ(put(instance("w1"), checks({faster, tcp_check("b")})), (Counts{.added = 1, .removed = 1}));
  EXPECT_FALSE(follower_.probes("worker.corp", "w1", "a", before)) << "a late report must not be taken for a new one";
  auto moved = instance("w1");
  moved->addresses.v4 = Ipv4{{10, 0, 0, 2}};
  EXPECT_EQ(put(moved, checks({faster, tcp_check("b")})), (Counts{.added = 2, .removed = 2}));
  moved = std::make_shared<InstanceDef>(*moved);
  moved->port = 81;
  EXPECT_EQ(put(moved, checks({faster, tcp_check("b")})), (Counts{.added = 2, .removed = 2}));
}

TEST_F(FollowerTest, TheInstancesPortDoesNotMatterToACheckWithItsOwn) {
  CheckDef own = tcp_check("a");
  own.tcp.port = 9000;
  put(instance("w1"), checks({own}));
  auto moved = instance("w1");
  moved->port = 81;
  EXPECT_EQ(put(moved, checks({own})), Counts{});
}

TEST_F(FollowerTest, HostNamesAreWatchedWithAndWithoutChecks) {
  auto named = instance("w1");
  named->addresses = {};
  named->host = "h.example.net";
  EXPECT_EQ(put(named, nullptr), Counts{.watched = 1});
  const Generation watch = generation_of(commands_.front());
  EXPECT_TRUE(follower_.watches("worker.corp", "w1", watch));
  EXPECT_EQ(put(std::make_shared<InstanceDef>(*named), checks({tcp_check("a")})), Counts{.added = 1});
  auto other = std::make_shared<InstanceDef>(*named);
  other->host = "i.example.net";
  EXPECT_EQ(put(other, checks({tcp_check("a")})), (Counts{.added = 1, .removed = 1, .watched = 1, .unwatched = 1}));
  EXPECT_FALSE(follower_.watches("worker.corp", "w1", watch));
  EXPECT_EQ(remove("w1"), (Counts{.removed = 1, .unwatched = 1}));
}

TEST_F(FollowerTest, RemovingEndsEveryTargetOnce) {
  put(instance("w1"), checks({tcp_check("a"), tcp_check("b")}));
  EXPECT_EQ(remove("w1"), Counts{.removed = 2});
  EXPECT_EQ(remove("w1"), Counts{});
  EXPECT_EQ(follower_.targets(), 0U);
}

TEST_F(FollowerTest, AnInstanceThatCameBackIsNotItsFormerSelf) {
  put(instance("w1"), checks({tcp_check("a")}));
  const Generation before = generation_of(commands_.front());
  remove("w1");
  put(instance("w1"), checks({tcp_check("a")}));
  EXPECT_FALSE(follower_.probes("worker.corp", "w1", "a", before));
  EXPECT_TRUE(follower_.probes("worker.corp", "w1", "a", generation_of(commands_.front())));
}

class Pace : public FollowerTest {
 protected:
  void put_in(const std::string& service, const std::string& id = "w1") {
    commands_.clear();
    follower_.put(service, instance(id), checks({tcp_check("tcp")}), commands_);
  }
  // (generation, idle) of what a review says.
  std::vector<std::pair<Generation, bool>> review(Mono::duration after) {
    commands_.clear();
    follower_.review(
        kStart + after, kIdleAfter, [this](std::string_view service) { return asked(service); }, commands_);
    std::vector<std::pair<Generation, bool>> out;
    for (const Command& command : commands_) {
      const auto& pace = std::get<SetPace>(command);
      out.emplace_back(pace.generation, pace.idle);
    }
    return out;
  }
  std::optional<Mono> asked(std::string_view service) {
    const auto found = asked_.find(std::string(service));
    if (found == asked_.end()) return std::nullopt;
    return kStart + found->second;
  }
  using Changes = std::vector<std::pair<Generation, bool>>;
  static constexpr Mono kStart{std::chrono::hours(5)};
  static constexpr Millis kIdleAfter{60'000};
  std::map<std::string, Mono::duration> asked_;
};

using std::chrono::seconds;

TEST_F(Pace, AServiceThatNobodyAskedForBecomesIdleAndTheFirstQuestionEndsIt) {
  put_in("worker.corp");
  EXPECT_EQ(review(seconds(0)), Changes{}) << "nobody had the time to ask";
  EXPECT_EQ(review(seconds(59)), Changes{});
  EXPECT_EQ(review(seconds(60)), (Changes{{1, true}}));
  EXPECT_EQ(review(seconds(61)), Changes{}) << "told once";
  asked_["worker.corp"] = seconds(61);
  EXPECT_EQ(review(seconds(62)), (Changes{{1, false}}));
  EXPECT_EQ(review(seconds(120)), Changes{});
  EXPECT_EQ(review(seconds(121)), (Changes{{1, true}}));
}

TEST_F(Pace, WhatIsAskedForKeepsItsPace) {
  put_in("worker.corp");
  for (int at = 0; at < 1000; at += 10) {
    asked_["worker.corp"] = seconds(at);
    EXPECT_EQ(review(seconds(at)), Changes{});
  }
}

TEST_F(Pace, AnInstanceThatJoinsAnIdleServiceIsIdleToo) {
  put_in("worker.corp");
  review(seconds(0));
  review(seconds(60));
  put_in("worker.corp", "w2");
  ASSERT_EQ(commands_.size(), 1U);
  EXPECT_TRUE(std::get<AddTarget>(commands_[0]).idle);
  asked_["worker.corp"] = seconds(61);
  EXPECT_EQ(review(seconds(62)).size(), 2U);
}

TEST_F(Pace, OneThatGoesAndComesBackBeginsAnew) {
  put_in("worker.corp");
  review(seconds(0));
  review(seconds(60));
  remove("w1");
  put_in("worker.corp");
  EXPECT_FALSE(std::get<AddTarget>(commands_[0]).idle);
  EXPECT_EQ(review(seconds(61)), Changes{});
}

TEST_F(Pace, EveryServiceGetsItsTurnHoweverManyThereAre) {
  constexpr int kServices = 10'000;
  for (int i = 0; i < kServices; ++i) put_in("s" + std::to_string(i) + ".corp");
  std::size_t idle = 0, calls = 0;
  for (int at = 0; at < 200 && idle < kServices; ++at, ++calls) idle += review(seconds(at)).size();
  EXPECT_EQ(idle, static_cast<std::size_t>(kServices));
  EXPECT_GT(calls, 10U) << "a call looks at a bounded number";
  for (int i = 0; i < kServices; ++i) asked_["s" + std::to_string(i) + ".corp"] = seconds(300);
  std::size_t awake = 0;
  for (calls = 0; calls < 4 && awake < kServices; ++calls) awake += review(seconds(300)).size();
  EXPECT_EQ(awake, static_cast<std::size_t>(kServices)) << "idle ones are looked at first";
}

}  // namespace
}  // namespace registry::checks
