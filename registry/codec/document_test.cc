#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "registry/codec/codec.h"

namespace registry::codec {
namespace {

using ::testing::HasSubstr;

std::string refused(std::string_view text) {
  const auto parsed = parse_document(text);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().kind, ProblemKind::bad_request);
  return parsed.error().detail;
}

TEST(Document, KeepsWhatItReads) {
  for (const std::string_view text :
       {"{}", "[]", "null", "-1", "18446744073709551615", R"({"a":[1,true,null,"x\u00e9\n"],"b":{"a":{"a":1}}})"}) {
    const auto parsed = parse_document(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, json::parse({text.data(), text.size()})) << text;
  }
}

TEST(Document, RefusesDuplicateKeysAtEveryDepthAndInEverySpelling) {
  EXPECT_THAT(refused(R"({"port":1,"port":2})"), HasSubstr("\"port\" appears twice"));
  EXPECT_THAT(refused(R"([{"a":{"b":1,"c":2,"b":3}}])"), HasSubstr("\"b\" appears twice"));
  EXPECT_THAT(refused(R"({"a":1,"b":{"a":1},"\u0061":2})"), HasSubstr("\"a\" appears twice"));
  EXPECT_THAT(refused(R"({"":1,"":2})"), HasSubstr("\"\" appears twice"));
  EXPECT_THAT(refused("{\"a\":{\"a\":{\"x\":1,\n \"x\":2}}}"), HasSubstr("line 2"));
}

TEST(Document, EqualKeysOfDifferentObjectsAreNoDuplicates) {
  EXPECT_TRUE(parse_document(R"({"a":{"a":1,"b":{"a":1}},"b":[{"a":1},{"a":1}],"ab":1,"c":{}})"));
}

TEST(Document, RefusesWhatIsNotOneJsonDocument) {
  EXPECT_THAT(refused(""), HasSubstr("empty"));
  EXPECT_THAT(refused(" \n\t"), HasSubstr("empty"));
  EXPECT_THAT(refused("{} {}"), HasSubstr("after the document"));
  EXPECT_THAT(refused("{}x"), HasSubstr("after the document"));
  EXPECT_THAT(refused("{\"a\":"), HasSubstr("too early"));
  EXPECT_THAT(refused("{\n\"a\":1,}"), HasSubstr("line 2, column 7"));
  for (const std::string_view text :
       {"{a:1}", "{'a':1}", "[1,]", "NaN", "01", "+1", "1.", "tru", "\"\t\"", "// x\n1", "\xEF\xBB\xBF{}"}) {
    EXPECT_THAT(refused(text), HasSubstr("not valid JSON")) << text;
  }
}

TEST(Document, RefusesInvalidUtf8AndLoneSurrogates) {
  for (const std::string_view text : {"\"\xff\"", "\"\xc0\xaf\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
                                      "\"\xe2\x82\"", "\"\\ud800\"", "{\"\xff\":1}"}) {
    EXPECT_NE(refused(text), "accepted");
  }
}

TEST(Document, DepthIsBounded) {
  EXPECT_TRUE(parse_document(std::string(32, '[') + std::string(32, ']')));
  EXPECT_THAT(refused(std::string(33, '[') + std::string(33, ']')), HasSubstr("deeper than 32"));
  EXPECT_THAT(refused(std::string(1'000'000, '[')), HasSubstr("deeper than 32"));
}

TEST(Document, NeverCrashesOnADocumentCutAnywhere) {
  const std::string whole = R"({"a":[1.5e3,true,{"k":"v\u20ac","n":null}],"b":{"x":-7}})";
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(parse_document(std::string_view(whole).substr(0, cut))) << cut;
  }
}

TEST(DidYouMean, FindsTypingErrorsAndNothingElse) {
  constexpr std::string_view kKnown[] = {"http", "https", "tcp", "interval", "weight", "ttl"};
  EXPECT_EQ(did_you_mean("htpp", kKnown), "http");
  EXPECT_EQ(did_you_mean("intreval", kKnown), "interval");
  EXPECT_EQ(did_you_mean("WEIGHT", kKnown), "weight");
  EXPECT_EQ(did_you_mean("tll", kKnown), "ttl");
  EXPECT_EQ(did_you_mean("udp", kKnown), "");
  EXPECT_EQ(did_you_mean("", kKnown), "");
  EXPECT_EQ(did_you_mean(std::string(10'000, 'h'), kKnown), "");
}

}  // namespace
}  // namespace registry::codec
