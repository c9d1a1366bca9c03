#include "registry/write/history.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace registry {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ChangeSet change(Revision revision, std::string service, std::string id, ChangeOp op = ChangeOp::state,
                 std::string cause = {}) {
  ChangeSet set;
  set.revision = revision;
  set.changes.push_back({ChangeKind::instance, op, std::move(service), std::move(id), true, "ok", std::move(cause)});
  return set;
}

std::vector<Revision> revisions(const std::vector<const Transition*>& list) {
  std::vector<Revision> out;
  for (const Transition* const each : list) out.push_back(each->revision);
  return out;
}

TEST(History, ShowsTheNewestFirstWithTheirCause) {
  History history;
  history.note(change(1, "web.corp", "i1", ChangeOp::put));
  history.note(change(2, "web.corp", "i1", ChangeOp::state, "check tcp: connection refused"));
  history.note(change(3, "web.corp", "i1", ChangeOp::remove));
  const auto list = history.last(10, "web.corp");
  EXPECT_THAT(revisions(list), ElementsAre(3, 2, 1));
  EXPECT_EQ(list[0]->cause, "deregistered");
  EXPECT_EQ(list[1]->cause, "check tcp: connection refused");
  EXPECT_EQ(list[2]->cause, "registered");
  EXPECT_EQ(*list[2]->service, "web.corp");
}

TEST(History, IsAskedByServiceInstanceAndNumber) {
  History history;
  for (Revision i = 1; i <= 6; ++i) history.note(change(i, i % 2 ? "a.corp" : "b.corp", i < 4 ? "x" : "y"));
  EXPECT_THAT(revisions(history.last(10, "a.corp")), ElementsAre(5, 3, 1));
  EXPECT_THAT(revisions(history.last(10, "a.corp", "x")), ElementsAre(3, 1));
  EXPECT_THAT(revisions(history.last(2)), ElementsAre(6, 5));
  EXPECT_THAT(revisions(history.last(2, {}, "x")), ElementsAre(3, 2));
  EXPECT_THAT(history.last(0), IsEmpty());
  EXPECT_THAT(history.last(9, "c.corp"), IsEmpty());
}

TEST(History, WhatIsNoTransitionIsLeftOut) {
  History history;
  ChangeSet set = change(1, "corp", "");
  set.changes[0].kind = ChangeKind::ns;
  history.note(set);
  set.changes[0].kind = ChangeKind::guard;
  set.changes[0].service = "probes";
  history.note(set);
  EXPECT_EQ(history.size(), 1U);
  history.note(change(2, "web.corp", "i1", ChangeOp::weight));
  EXPECT_EQ(history.size(), 1U) << "a step of a slow start";
}

// One service that flaps does not push out the others' past, nor does it grow.
TEST(History, EachServiceKeepsItsLast) {
  History history(100, 10);
  history.note(change(1, "quiet.corp", "i1"));
  for (Revision i = 2; i < 1'000; ++i) history.note(change(i, "loud.corp", "i1"));
  EXPECT_EQ(history.size(), 11U);
  EXPECT_THAT(revisions(history.last(100, "quiet.corp")), ElementsAre(1));
  EXPECT_EQ(history.last(100, "loud.corp").back()->revision, 990U);
}

TEST(History, KeepsTheNewestOfAllWithinItsBounds) {
  std::mt19937 random(3);
  History history(50, 20);
  std::map<std::string, std::vector<Revision>> model;
  for (Revision i = 1; i < 5'000; ++i) {
    const std::string service = fmt::format("s{}", random() % (1 + i / 500));
    history.note(change(i, service, "i"));
    model[service].push_back(i);
    ASSERT_LE(history.size(), 50U);
  }
  std::size_t shown = 0;
  for (auto& [service, all] : model) {
    auto list = revisions(history.last(100, service));
    shown += list.size();
    ASSERT_LE(list.size(), 20U);
    std::reverse(list.begin(), list.end());
    EXPECT_TRUE(std::equal(list.rbegin(), list.rend(), all.rbegin())) << "its newest, without a gap";
  }
  EXPECT_EQ(shown, history.size());
}

}  // namespace
}  // namespace registry
