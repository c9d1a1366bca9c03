#include "registry/check_list.h"

#include <gtest/gtest.h>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

CheckDef check(std::string name, Millis interval = Millis(5000)) {
  CheckDef def;
  def.name = std::move(name);
  def.interval = interval;
  return def;
}

TEST(CheckList, CopiesShareUntilOneIsChanged) {
  CheckList first{check("a"), check("b")};
  CheckList second = first;
  EXPECT_EQ(first.shared(), second.shared());
  second[0].rise = 9;
  EXPECT_NE(first.shared(), second.shared());
  EXPECT_EQ(std::as_const(first)[0].rise, 2);
  EXPECT_NE(first, second);
  second = first;
  second.push_back(check("c"));
  EXPECT_EQ(first.size(), 2U);
  EXPECT_EQ(second.size(), 3U);
}

TEST(CheckList, AnEmptyOneCostsNothingAndIsNeverNull) {
  const CheckList one, other;
  EXPECT_EQ(one.shared(), other.shared());
  EXPECT_TRUE(one.empty());
  EXPECT_TRUE(CheckList(std::vector<CheckDef>{}).empty());
}

TEST(CheckPool, EqualListsBecomeOne) {
  CheckPool pool;
  CheckList first{check("a")}, equal{check("a")}, other{check("a", Millis(1000))};
  pool.intern(first);
  pool.intern(equal);
  pool.intern(other);
  EXPECT_EQ(first.shared(), equal.shared());
  EXPECT_NE(first.shared(), other.shared());
  EXPECT_EQ(pool.size(), 2U);
}

TEST(CheckPool, WhatOnlyTheHashCannotTellApartIsKeptApart) {
  CheckPool pool;
  std::vector<CheckList> lists;
  for (int i = 0; i < 50; ++i) {
    CheckDef def = check("a");
    def.http.headers["X"] = std::to_string(i);  // no part of the hash
    lists.emplace_back(CheckList{def});
    pool.intern(lists.back());
  }
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(std::as_const(lists[static_cast<std::size_t>(i)])[0].http.headers.at("X"), std::to_string(i));
  }
  EXPECT_LE(pool.size(), 8U) << "a long search is not worth the memory";
}

TEST(CheckPool, HoldsNothingAliveAndForgetsWhatIsGone) {
  CheckPool pool;
  for (int i = 0; i < 1000; ++i) {
    CheckList passing{check("a", Millis(100 + i))};
    const std::weak_ptr<const std::vector<CheckDef>> watched = passing.shared();
    pool.intern(passing);
    passing = {};
    EXPECT_TRUE(watched.expired());
  }
  EXPECT_LT(pool.size(), 100U);
}

class SharedChecks : public Fixture {};

TEST_F(SharedChecks, InstancesWithEqualChecksKeepThemOnce) {
  ASSERT_TRUE(put_instance("web.corp", with_checks(instance("i1", "10.0.0.1"), {tcp_check(), lease(30s)})));
  ASSERT_TRUE(put_instance("api.corp", with_checks(instance("i2", "10.0.0.2"), {tcp_check(), lease(30s)})));
  ASSERT_TRUE(put_instance("web.corp", with_checks(instance("i3", "10.0.0.3"), {tcp_check(), lease(31s)})));
  EXPECT_EQ(get("web.corp", "i1").checks, get("api.corp", "i2").checks);
  EXPECT_NE(get("web.corp", "i1").checks, get("web.corp", "i3").checks);
}

}  // namespace
}  // namespace registry
