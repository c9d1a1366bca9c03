#include "registry/checks/json_expectation.h"

#include <gmock/gmock.h>

#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"

namespace registry::checks::test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(JsonExpectation, FindsWhatStandsAtThePointer) {
  constexpr std::string_view kBody = R"({"status":"UP","parts":[{"ok":true},{"ok":false}],"a/b":1,"m~n":2,"":{"":3},
    "n":1.0,"big":18446744073709551615,"none":null,"list":[1,2]})";
  const struct {
    std::string_view pointer, value, wrong;
  } kCases[] = {
      {"/status", R"("UP")", ""},
      {"/status", R"("DOWN")", "another value at /status"},
      {"/parts/0/ok", "true", ""},
      {"/parts/1/ok", "true", "another value at /parts/1/ok"},
      {"/parts/2/ok", "true", "nothing at /parts/2/ok"},
      {"/parts/-", "true", "nothing at /parts/-"},
      {"/parts/00", "{}", "nothing at /parts/00"},
      {"/a~1b", "1", ""},
      {"/m~0n", "2", ""},
      {"//", "3", ""},
      {"/n", "1", ""},
      {"/n", "1.5", "another value at /n"},
      {"/big", "18446744073709551615", ""},
      {"/none", "0", "another value at /none"},
      {"/list", "[1,2]", ""},
      {"/list", "[2,1]", "another value at /list"},
      {"/status/x", "1", "nothing at /status/x"},
      {"/absent", "1", "nothing at /absent"},
  };
  for (const auto& c : kCases) {
    const JsonExpectation expectation({{std::string(c.pointer), std::string(c.value)}});
    EXPECT_EQ(expectation.refuses(kBody).value_or(""), c.wrong) << c.pointer << " " << c.value;
  }
}

TEST(JsonExpectation, TheEmptyPointerIsTheWholeDocument) {
  const JsonExpectation whole({{"", "true"}});
  EXPECT_FALSE(whole.refuses("true"));
  EXPECT_FALSE(whole.refuses(" true\n"));
  EXPECT_TRUE(whole.refuses("false"));
}

TEST(JsonExpectation, AllPointersMustAgree) {
  const JsonExpectation both({{"/a", "1"}, {"/b", "2"}});
  EXPECT_FALSE(both.refuses(R"({"a":1,"b":2})"));
  EXPECT_TRUE(both.refuses(R"({"a":1,"b":3})"));
  EXPECT_TRUE(both.refuses(R"({"a":1})"));
}

TEST(JsonExpectation, NullIsAValueAndWhatIsNoValueEqualsNone) {
  const JsonExpectation null({{"/error", "null"}});
  EXPECT_FALSE(null.refuses(R"({"error":null})"));
  EXPECT_EQ(null.refuses(R"({"error":"full"})"), "another value at /error");
  EXPECT_EQ(null.refuses("{}"), "nothing at /error");
  EXPECT_TRUE(JsonExpectation({{"/error", "{"}}).refuses(R"({"error":null})"));
}

TEST(JsonExpectation, WhatIsNotJsonIsRefused) {
  const JsonExpectation any({{"/a", "1"}});
  for (const std::string_view body : {"", "<html>", R"({"a":1)", R"({"a":1}x)", "{'a':1}", "\xff"}) {
    EXPECT_EQ(any.refuses(body), "the body is not JSON") << body;
  }
  EXPECT_EQ(any.refuses(std::string(1000, '[')), "the body is not JSON") << "deeper than anyone needs";
}

std::string page_of(std::string_view body) {
  return "HTTP/1.1 200 x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

TEST(HttpProbe, AJsonBodyMustSayWhatIsExpectedAndIsNotRepeated) {
  CheckDef check = http_check();
  check.http.expect_json["/status"] = R"("UP")";
  LoopbackServer up(answers(page_of(R"({"status":"UP"})")));
  EXPECT_EQ(ask(check, up.endpoint()).output, "200 OK");
  LoopbackServer down(answers(page_of(R"({"status":"secret"})")));
  const ProbeResult result = ask(check, down.endpoint());
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.fault, Fault::body);
  EXPECT_EQ(result.output, "200 OK, another value at /status");
  LoopbackServer page(answers(page_of("<html>")));
  EXPECT_EQ(ask(check, page.endpoint()).output, "200 OK, the body is not JSON");
}

TEST(HttpProbe, AJsonBodyThatIsCutAtTheLimitIsSaidToBeTooLong) {
  CheckDef check = http_check();
  check.http.expect_json["/status"] = R"("UP")";
  LoopbackServer endless(answers(page_of(R"({"status":"UP","x":")" + std::string(70'000, 'x') + "\"}")));
  EXPECT_EQ(ask(check, endless.endpoint()).output, "200 OK, the body is longer than 65536 octets");
}

}  // namespace
}  // namespace registry::checks::test
