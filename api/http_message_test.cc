#include "api/http_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/http_response.h"

namespace api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

TEST(Target, IsSplitBeforeItIsDecoded) {
  Target target;
  ASSERT_FALSE(parse_target("/api/v1/services/a%2Fb/%2e%2e", target));
  EXPECT_THAT(target.segments, ElementsAre("api", "v1", "services", "a/b", ".."));
}

TEST(Target, QueryIsDecodedAfterItIsSplit) {
  Target target;
  ASSERT_FALSE(parse_target("/x?a=1%262&b=c+d&flag&=e&&", target));
  EXPECT_THAT(target.query, ElementsAre(Pair("a", "1&2"), Pair("b", "c d"), Pair("flag", ""), Pair("", "e")));
}

TEST(Target, AbsoluteFormGivesItsAuthority) {
  Target target;
  ASSERT_FALSE(parse_target("http://evil.example:80/x?y=1", target));
  EXPECT_EQ(target.authority, "evil.example:80");
  EXPECT_THAT(target.segments, ElementsAre("x"));
  Target bare;
  ASSERT_FALSE(parse_target("http://a", bare));
  EXPECT_THAT(bare.segments, ElementsAre(""));
}

TEST(Target, RefusesWhatIsNoPathOrNoText) {
  for (const auto* text : {"*", "a.example:443", "", "x/y", "/%", "/%4", "/%zz", "/%00", "/a%0d%0aX:1", "/x?a=%0a",
                           "/x?a=%f", "/a#b", "/%ff", "/x?a=%c3%28"}) {
    Target target;
    EXPECT_TRUE(parse_target(text, target)) << text;
  }
}

TEST(Target, BoundsTheParameters) {
  std::string text = "/x?a";
  for (int i = 1; i < 64; ++i) text += "&a";
  Target target;
  EXPECT_FALSE(parse_target(text, target));
  Target more;
  EXPECT_TRUE(parse_target(text + "&a", more));
}

std::string header_of(const Response& response, Framing framing = {}, std::string_view date = "now") {
  std::string out;
  append_header(out, response, framing, date);
  return out;
}

TEST(ResponseHeader, TellsLengthAndConnection) {
  Response response;
  response.body = "{}";
  const auto at = registry::Wall(std::chrono::milliseconds(784'111'777'000));  // the example of RFC 9110 5.6.7
  const auto text = header_of(response, {false, true}, HttpDate().at(at));
  EXPECT_THAT(text, HasSubstr("HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("Connection:")));
  EXPECT_THAT(header_of(response, {false, false}), HasSubstr("Connection: close\r\n"));
}

TEST(ResponseHeader, NoValueStartsAnotherLine) {
  Response response;
  response.set("Location", "/x\r\nSet-Cookie: a");
  EXPECT_THAT(header_of(response), Not(HasSubstr("Set-Cookie")));
}

TEST(ResponseHeader, NoContentHasNoLength) {
  Response response;
  response.status = 204;
  EXPECT_THAT(header_of(response), Not(HasSubstr("Content-Length")));
}

TEST(ResponseHeader, DateFollowsTheClock) {
  HttpDate date;
  const auto at = registry::Wall(std::chrono::milliseconds(784'111'777'000));
  EXPECT_EQ(date.at(at), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(at + std::chrono::milliseconds(999)), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(date.at(at + std::chrono::milliseconds(1000)), "Sun, 06 Nov 1994 08:49:38 GMT");
}

}  // namespace
}  // namespace api
