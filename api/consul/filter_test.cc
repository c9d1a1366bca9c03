// The grammar of go-bexpr: what passes, what does not, what is refused.
#include "api/consul/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "api/consul/filter_lexer.h"

namespace api::consul {
namespace {

using ::testing::HasSubstr;

const boost::json::object& entry() {
  static const auto value = boost::json::parse(R"({
    "Node": {"Node": "n1", "Meta": {"rack": "r7"}},
    "Service": {"ID": "w1", "Port": 8080, "Tags": ["v2", "blue"], "Meta": {"a.b": "x", "n": "7"},
                "EnableTagOverride": false, "Address": ""},
    "Checks": [{"Status": "passing", "CheckID": "a"}, {"Status": "critical", "CheckID": "b"}]})");
  return value.as_object();
}

bool passes(std::string_view text) {
  const auto filter = Filter::parse(text);
  EXPECT_TRUE(filter) << text << ": " << (filter ? "" : filter.error());
  if (!filter) return false;
  const auto passed = filter->passes(entry());
  EXPECT_TRUE(passed) << text << ": " << (passed ? "" : passed.error());
  return passed.value_or(false);
}

std::string refused(std::string_view text) {
  const auto filter = Filter::parse(text);
  EXPECT_FALSE(filter) << text;
  return filter ? "" : filter.error();
}

TEST(ConsulFilter, ComparesTextsNumbersAndFlags) {
  for (const auto* yes :
       {R"(Service.ID == "w1")", "Service.ID == w1", "Service.ID == `w1`", "Service.Port == 8080",
        R"(Service.Port == "8080")", "Service.EnableTagOverride == false", "Service.ID != w2", "Service.Port != 80"}) {
    EXPECT_TRUE(passes(yes)) << yes;
  }
  for (const auto* no : {"Service.ID == W1", "Service.Port == 808", "Service.EnableTagOverride == true",
                         "Service.ID != w1", "Service.EnableTagOverride == maybe"}) {
    EXPECT_FALSE(passes(no)) << no;
  }
}

TEST(ConsulFilter, FindsMembersKeysAndParts) {
  for (const auto* yes :
       {R"("v2" in Service.Tags)", "blue in Service.Tags", "Service.Tags contains v2", "n in Service.Meta",
        "Service.ID contains w", "red not in Service.Tags", "Service.Tags not contains red"}) {
    EXPECT_TRUE(passes(yes)) << yes;
  }
  EXPECT_FALSE(passes("v in Service.Tags")) << "a member, not a part of one";
  EXPECT_FALSE(passes("blue not in Service.Tags"));
}

TEST(ConsulFilter, WalksMapsByDotsAndKeys) {
  EXPECT_TRUE(passes(R"(Service.Meta["a.b"] == x)"));
  EXPECT_TRUE(passes("Service.Meta.n == 7"));
  EXPECT_TRUE(passes("Node.Meta.rack == r7"));
  EXPECT_FALSE(passes("Service.Meta.absent == x"));
  EXPECT_TRUE(passes("Service.Meta.absent != x")) << "nothing is not x";
  EXPECT_TRUE(passes("Service.Meta.absent is empty"));
  EXPECT_FALSE(passes("Service.Meta.absent is not empty"));
}

TEST(ConsulFilter, MeansAnyMemberOfAList) {
  EXPECT_TRUE(passes("Checks.Status == critical"));
  EXPECT_TRUE(passes("Checks.Status != critical"));
  EXPECT_FALSE(passes("Checks.Status == warning"));
  EXPECT_FALSE(passes("Checks is empty"));
  EXPECT_TRUE(passes("Service.Address is empty"));
}

TEST(ConsulFilter, MatchesPatternsAnywhereInAText) {
  EXPECT_TRUE(passes("Service.ID matches `^w[0-9]+$`"));
  EXPECT_TRUE(passes("Node.Node not matches `^x`"));
  EXPECT_FALSE(passes("Service.ID matches `^[0-9]`"));
  EXPECT_THAT(refused("Service.ID matches `(`"), HasSubstr("no pattern"));
}

TEST(ConsulFilter, BindsNotBeforeAndBeforeOr) {
  EXPECT_TRUE(passes("Service.ID == w1 or Service.ID == w2 and Service.Port == 1"));
  EXPECT_FALSE(passes("(Service.ID == w1 or Service.ID == w2) and Service.Port == 1"));
  EXPECT_TRUE(passes("not Service.ID == w2 and Service.Port == 8080"));
  EXPECT_FALSE(passes("not (Service.ID == w2 or Service.Port == 8080)"));
  EXPECT_TRUE(passes("not not Service.ID == w1"));
}

TEST(ConsulFilter, RefusesWhatIsNoFilter) {
  for (const auto* bad : {"", "Service.ID", "Service.ID ==", "== w1", "Service.ID == w1 and", "(Service.ID == w1",
                          "Service.ID == w1)", "\"w1\" == Service.ID", "Service. == w1", "Service[ID] == w1",
                          "Service.ID == \"w1", "Service.ID == `w1", "Service.ID is full", "Service.Port == 8080x",
                          "Service.ID = w1", "Service.ID == w1 Service.ID == w1", "\x01", "not", "-"}) {
    EXPECT_NE(refused(bad), "") << bad;
  }
}

TEST(ConsulFilter, IsBoundedInLengthAndDepth) {
  EXPECT_THAT(refused(std::string(kMaxFilter + 1, 'a')), HasSubstr("longer than"));
  std::string deep;
  for (std::size_t i = 0; i < kMaxFilterDepth; ++i) deep += "(";
  EXPECT_THAT(refused(deep + "a == b"), HasSubstr("nested deeper"));
  std::string nots;
  for (int i = 0; i < 1000; ++i) nots += "not ";
  EXPECT_THAT(refused(nots + "a == b"), HasSubstr("nested deeper"));
  std::string wide = "Service.ID == w1";
  while (wide.size() + 20 < kMaxFilter) wide += " or Service.ID == w1";
  EXPECT_TRUE(passes(wide)) << "breadth costs no stack";
}

TEST(ConsulFilter, NamesASelectorThatSuchThingsDoNotHave) {
  const auto filter = Filter::parse("Service.ID == w1 or Sevice.ID == w1");
  ASSERT_TRUE(filter);
  const auto passed = filter->passes(entry());
  ASSERT_FALSE(passed);
  EXPECT_EQ(passed.error(), "Selector \"Sevice.ID\" is not valid");
}

}  // namespace
}  // namespace api::consul
