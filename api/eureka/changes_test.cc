// The queue behind apps/delta: the last change of each, for three minutes, and never more than its bound.
#include "api/eureka/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace api::eureka {
namespace {

using registry::Mono;

std::string told(const Changes& changes) {
  std::string out;
  for (const auto& [ref, change] : changes.all()) {
    out += ref.id + " " + std::string(to_string(change.action)) + ";";
  }
  return out;
}

TEST(EurekaChanges, OfEachTheLastOne) {
  Changes changes;
  const Mono now{};
  changes.note({"a.corp", "1"}, Action::added, {}, now);
  changes.note({"a.corp", "2"}, Action::added, {}, now);
  changes.note({"a.corp", "1"}, Action::modified, {}, now);
  EXPECT_EQ(told(changes), "1 MODIFIED;2 ADDED;");
  changes.note({"a.corp", "1"}, Action::deleted, {}, now);
  EXPECT_EQ(told(changes), "1 DELETED;2 ADDED;");
}

TEST(EurekaChanges, ForThreeMinutesSinceThen) {
  Changes changes;
  const Mono now{};
  changes.note({"a.corp", "1"}, Action::added, {}, now);
  changes.note({"a.corp", "2"}, Action::added, {}, now);
  changes.note({"a.corp", "1"}, Action::modified, {}, now + std::chrono::minutes(1));
  EXPECT_FALSE(changes.sweep(now + kRetention));
  EXPECT_TRUE(changes.sweep(now + kRetention + std::chrono::seconds(1)));
  EXPECT_EQ(told(changes), "1 MODIFIED;");
  EXPECT_TRUE(changes.sweep(now + kRetention + std::chrono::seconds(61)));
  EXPECT_EQ(told(changes), "");
}

TEST(EurekaChanges, BeyondItsBoundTheOldestGo) {
  Changes changes;
  const Mono begin{};
  for (std::size_t i = 0; i <= kMaxChanged; ++i) {
    changes.note({"a.corp", std::to_string(i)}, Action::added, {}, begin + std::chrono::microseconds(i));
  }
  EXPECT_EQ(changes.all().size(), kMaxChanged);
  EXPECT_FALSE(changes.all().contains({"a.corp", "0"}));
  EXPECT_TRUE(changes.all().contains({"a.corp", std::to_string(kMaxChanged)}));
}

}  // namespace
}  // namespace api::eureka
