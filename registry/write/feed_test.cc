#include "registry/write/feed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace registry {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const ChangeSet> set(Revision revision, std::vector<Change> changes) {
  auto out = std::make_shared<ChangeSet>();
  out->revision = revision;
  out->changes = std::move(changes);
  return out;
}

Change instance(std::string service, std::string id = "w1") {
  Change change;
  change.service = std::move(service);
  change.id = std::move(id);
  return change;
}

std::vector<Revision> revisions(const Feed& feed, Revision after, std::size_t limit = 1000) {
  std::vector<Revision> out;
  const auto sets = feed.since(after, limit);
  if (!sets) return {0};
  for (const auto& one : *sets) out.push_back(one->revision);
  return out;
}

TEST(Feed, GivesWhatCameAfterARevision) {
  Feed feed;
  feed.start_at(10);
  for (const Revision r : {11, 12, 15}) feed.append(set(r, {instance("a.corp")}));
  EXPECT_THAT(revisions(feed, 10), ElementsAre(11, 12, 15));
  EXPECT_THAT(revisions(feed, 12), ElementsAre(15));
  EXPECT_THAT(revisions(feed, 13), ElementsAre(15));
  EXPECT_THAT(revisions(feed, 15), ElementsAre());
  EXPECT_THAT(revisions(feed, 99), ElementsAre());
  EXPECT_THAT(revisions(feed, 10, 2), ElementsAre(11, 12));
  EXPECT_FALSE(feed.since(9, 10)) << "before the start: the reader needs a snapshot";
}

TEST(Feed, ForgetsTheOldestBeyondItsCapacity) {
  Feed feed(3);
  for (Revision r = 1; r <= 5; ++r) feed.append(set(r, {instance("a.corp")}));
  EXPECT_EQ(feed.oldest(), 2U);
  EXPECT_FALSE(feed.since(1, 10));
  EXPECT_THAT(revisions(feed, 2), ElementsAre(3, 4, 5));
}

TEST(Feed, BoundsTheSumOfChangesToo) {
  Feed feed(10);
  for (Revision r = 1; r <= 8; ++r) feed.append(set(r, std::vector<Change>(4, instance("a.corp"))));
  EXPECT_THAT(revisions(feed, feed.oldest()), ElementsAre(7, 8));
  feed.append(set(9, std::vector<Change>(1000, instance("a.corp"))));
  EXPECT_THAT(revisions(feed, 8), ElementsAre(9)) << "the newest stays whatever its size";
}

TEST(Feed, SetsThatNobodyIsToldOfAreNotKept) {
  Feed feed;
  int woken = 0;
  const auto all = feed.subscribe("", [&](const ChangeSet&) { ++woken; });
  feed.append(set(0, {}));
  EXPECT_EQ(woken, 0);
  EXPECT_THAT(revisions(feed, 0), ElementsAre());
}

TEST(Feed, WakesEachKeyOncePerAppend) {
  Feed feed;
  std::map<std::string, int> woken;
  std::vector<Feed::Subscription> subscriptions;
  for (const std::string key : {"", "a.corp", "b.corp", "ns:corp", "ns:other", "override:"}) {
    subscriptions.push_back(feed.subscribe(key, [&woken, key](const ChangeSet&) { ++woken[key]; }));
  }
  EXPECT_EQ(feed.subscribers(), 6U);
  feed.append(set(1, {instance("a.corp", "w1"), instance("a.corp", "w2")}));
  EXPECT_EQ(woken, (std::map<std::string, int>{{"", 1}, {"a.corp", 1}, {"ns:corp", 1}}));
  Change rule, ns;
  rule.kind = ChangeKind::override_rule;
  rule.service = "b.corp";  // the name of a rule is not that of a service
  ns.kind = ChangeKind::ns;
  ns.service = "other";
  woken.clear();
  feed.append(set(2, {rule, ns}));
  EXPECT_EQ(woken, (std::map<std::string, int>{{"", 1}, {"ns:other", 1}, {"override:", 1}}));
}

TEST(Feed, AWokenSubscriberFindsTheChangeInTheRing) {
  Feed feed;
  std::vector<Revision> seen;
  const auto all = feed.subscribe("", [&](const ChangeSet& changes) { seen = revisions(feed, changes.revision - 1); });
  feed.append(set(1, {instance("a.corp")}));
  EXPECT_THAT(seen, ElementsAre(1));
}

TEST(Feed, CallbacksMayUnsubscribeThemselvesAndOthersAndSubscribeAnew) {
  Feed feed;
  int first = 0, second = 0, fresh = 0;
  Feed::Subscription a, b, c;
  a = feed.subscribe("", [&](const ChangeSet&) {
    ++first;
    b = {};
    c = feed.subscribe("", [&](const ChangeSet&) { ++fresh; });
    a = {};
  });
  b = feed.subscribe("", [&](const ChangeSet&) { ++second; });
  feed.append(set(1, {instance("a.corp")}));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(second, 0);
  EXPECT_EQ(fresh, 0);
  feed.append(set(2, {instance("a.corp")}));
  EXPECT_EQ(first, 1);
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(feed.subscribers(), 1U);
}

TEST(Feed, ASubscriptionMayOutliveItsFeedAndMoves) {
  Feed::Subscription kept;
  int woken = 0;
  {
    Feed feed;
    Feed::Subscription one = feed.subscribe("a.corp", [&](const ChangeSet&) { ++woken; });
    kept = std::move(one);
    feed.append(set(1, {instance("a.corp")}));
    EXPECT_EQ(woken, 1);
    EXPECT_EQ(feed.subscribers(), 1U);
  }
  kept = {};
}

}  // namespace
}  // namespace registry
