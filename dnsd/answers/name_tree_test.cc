#include "dnsd/answers/name_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

class Tree : public testing::Test {
 protected:
  void SetUp() override { tree.attach(); }
  Found closest(std::string_view text) { return table.closest(HashedName(to_wire(text), table.key()).ref()); }
  bool exists(std::string_view text) { return closest(text).exact; }

  Reclaimer reclaimer;
  Table table{42};
  NameTree tree{table, reclaimer};
};

TEST_F(Tree, FindsNothingWhileEmpty) { EXPECT_EQ(closest("a.b").node, nullptr); }

TEST_F(Tree, ANameExistsWithAllItsAncestorsUntilTheLastUseEnds) {
  Node& one = tree.acquire(to_wire("w1.worker.corp"));
  Node& two = tree.acquire(to_wire("w2.worker.corp"));
  for (const char* name : {"w1.worker.corp", "worker.corp", "corp", ""}) EXPECT_TRUE(exists(name)) << name;
  tree.release(one);
  EXPECT_FALSE(exists("w1.worker.corp"));
  EXPECT_TRUE(exists("worker.corp"));
  tree.release(two);
  for (const char* name : {"worker.corp", "corp", ""}) EXPECT_FALSE(exists(name)) << name;
  EXPECT_EQ(tree.names(), 0U);
}

TEST_F(Tree, TheClosestEncloserIsFoundAtAnyDepth) {
  (void)tree.acquire(to_wire("c.b.a.corp"));
  EXPECT_EQ(closest("x.c.b.a.corp").node, closest("c.b.a.corp").node);
  EXPECT_EQ(closest("x.y.b.a.corp").node->labels, 3);
  EXPECT_EQ(closest("x.y.z.a.corp").node->labels, 2);
  EXPECT_EQ(closest("org").node->labels, 0);
  std::string long_name;
  for (int i = 0; i < 123; ++i) long_name += "x.";
  EXPECT_EQ(closest(long_name + "a.corp").node->labels, 2);
}

TEST_F(Tree, ZonesReachTheirNamesAlsoWhenTheyComeLater) {
  Node& deep = tree.acquire(to_wire("x.b.corp"));
  EXPECT_EQ(deep.zone.load(), nullptr);
  Zone corp, b;
  Node& apex = tree.acquire(to_wire("corp"));
  tree.set_apex(apex, &corp);
  EXPECT_EQ(deep.zone.load(), &corp);
  Node& inner = tree.acquire(to_wire("b.corp"));
  tree.set_apex(inner, &b);
  EXPECT_EQ(deep.zone.load(), &b);
  EXPECT_EQ(tree.acquire(to_wire("y.b.corp")).zone.load(), &b);
  EXPECT_EQ(tree.acquire(to_wire("y.corp")).zone.load(), &corp);
  tree.set_apex(inner, nullptr);
  EXPECT_EQ(deep.zone.load(), &corp);
  tree.set_apex(apex, nullptr);
}

TEST_F(Tree, BehavesLikeASetOfNamesUnderRandomChange) {
  std::mt19937 random(7);
  std::map<std::string, std::vector<Node*>> uses;
  const auto name = [&] {
    std::string out = "n" + std::to_string(random() % 400);
    if (random() % 2 != 0) out = "d" + std::to_string(random() % 40) + "." + out;
    return out;
  };
  for (int i = 0; i < 6'000; ++i) {
    const std::string n = name();
    auto& nodes = uses[n];
    if (!nodes.empty() && random() % 2 == 0) {
      tree.release(*nodes.back());
      nodes.pop_back();
    } else if (nodes.size() < 3) {
      nodes.push_back(&tree.acquire(to_wire(n)));
    }
    reclaimer.collect();
    const std::string asked = name();
    const auto at_or_below = [&] {
      for (const auto& [key, list] : uses) {
        if (!list.empty() && (key == asked || key.ends_with("." + asked))) return true;
      }
      return false;
    };
    if (i % 16 == 0) {
      ASSERT_EQ(exists(asked), at_or_below()) << asked;
    }
  }
}

TEST_F(Tree, ManyNamesGrowTheTableAndAllStayFound) {
  for (int i = 0; i < 20'000; ++i) (void)tree.acquire(to_wire("s" + std::to_string(i) + ".corp"));
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(exists("s" + std::to_string(i) + ".corp"));
  EXPECT_FALSE(exists("s20000.corp"));
  EXPECT_EQ(tree.names(), 20'002U);
}

}  // namespace
}  // namespace dnsd::answers
