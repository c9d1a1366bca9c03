// Cookies and keepalive as replies show them.
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;

const std::string kClientCookie = "abcdefgh";

std::string option(int code, std::string_view data) {
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code), static_cast<char>(data.size() >> 8),
                  static_cast<char>(data.size())};
  return out.append(data);
}

std::string option_of(const ShownMessage& m, int code) {
  for (const auto& one : m.edns->options) {
    if (one.code == code) return {one.data.begin(), one.data.end()};
  }
  return {};
}

struct CookieWorld : World {
  explicit CookieWorld(CookiePolicy policy) : World({}, options(policy)) {
    add_namespace("corp");
    start();
    put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  }
  static ResponderOptions options(CookiePolicy policy) {
    ResponderOptions out;
    out.cookies = policy;
    out.cookie_secrets.secret[0].fill(7);
    return out;
  }
  ShownMessage with(std::string_view cookie, bool tcp = false) {
    Ask how{.edns = true, .tcp = tcp};
    how.options = option(10, cookie);
    return ask("web.corp", type::a, how);
  }
};

TEST(CookiePolicyOff, NeitherLooksNorAnswers) {
  CookieWorld world(CookiePolicy::off);
  const auto m = world.with(kClientCookie + std::string(16, 'x'));
  EXPECT_EQ(m.rcode, "NOERROR");
  EXPECT_EQ(option_of(m, 10), "");
}

TEST(CookiePolicyOff, AQueryWithoutQuestionIsMalformed) {
  CookieWorld world(CookiePolicy::off);
  auto packet = query("web.corp", type::a, {.edns = true, .options = option(10, kClientCookie + std::string(16, 'x'))});
  packet.erase(packet.begin() + 12, packet.begin() + 12 + 14);  // the question: name, type, class
  packet[5] = 0;
  const auto reply = world.raw(packet);
  ASSERT_GE(reply.size(), 12U);
  EXPECT_EQ(reply[3] & 15, 1) << "FORMERR";
}

TEST(CookiePolicyLenient, ServesWhoeverAsks) {
  CookieWorld world(CookiePolicy::lenient);
  EXPECT_THAT(world.ask("web.corp", type::a).answer, SizeIs(1));
  EXPECT_THAT(world.with(kClientCookie).answer, SizeIs(1));
  const auto wrong = world.with(kClientCookie + std::string(16, 'x'));
  EXPECT_THAT(wrong.answer, SizeIs(1));
  EXPECT_THAT(option_of(wrong, 10), SizeIs(24)) << "and gives a cookie that is right";
}

TEST(CookiePolicyRequire, AnswersBadcookieUntilTheCookieIsValid) {
  CookieWorld world(CookiePolicy::require);
  const auto first = world.with(kClientCookie);
  EXPECT_EQ(first.rcode, "BADCOOKIE");
  EXPECT_THAT(first.answer, IsEmpty());
  const auto cookie = option_of(first, 10);
  ASSERT_THAT(cookie, SizeIs(24));
  EXPECT_EQ(cookie.substr(0, 8), kClientCookie);
  const auto second = world.with(cookie);
  EXPECT_EQ(second.rcode, "NOERROR");
  EXPECT_THAT(second.answer, SizeIs(1));
  auto forged = cookie;
  forged.back() ^= 1;
  EXPECT_EQ(world.with(forged).rcode, "BADCOOKIE");
  world.pass(std::chrono::hours(2));
  EXPECT_EQ(world.with(cookie).rcode, "BADCOOKIE") << "it is too old";
  EXPECT_EQ(world.responder().counters().rcodes[23].load(), 3U);
}

TEST(CookiePolicyRequire, SendsOthersToTcpWhereCookiesAreNotNeeded) {
  CookieWorld world(CookiePolicy::require);
  for (const bool edns : {false, true}) {
    const auto m = world.ask("web.corp", type::a, {.edns = edns});
    EXPECT_EQ(m.rcode, "NOERROR");
    EXPECT_TRUE(m.tc);
    EXPECT_THAT(m.answer, IsEmpty());
    EXPECT_THAT(world.ask("web.corp", type::a, {.edns = edns, .tcp = true}).answer, SizeIs(1));
  }
  EXPECT_THAT(world.with(kClientCookie, true).answer, SizeIs(1));
}

TEST(CookiePolicyRequire, ARollOverOfSecretsLosesNobody) {
  CookieWorld world(CookiePolicy::require);
  const auto old_cookie = option_of(world.with(kClientCookie), 10);
  auto options = CookieWorld::options(CookiePolicy::require);
  const auto old_secret = options.cookie_secrets.secret[0];
  options.cookie_secrets.secret[0].fill(9);
  options.cookie_secrets.secret[1] = old_secret;
  options.cookie_secrets.count = 2;
  world.responder().set_rules(options, world.reclaimer);
  const auto during = world.with(old_cookie);
  EXPECT_THAT(during.answer, SizeIs(1));
  const auto new_cookie = option_of(during, 10);
  options.cookie_secrets.count = 1;
  world.responder().set_rules(options, world.reclaimer);
  EXPECT_EQ(world.with(old_cookie).rcode, "BADCOOKIE");
  EXPECT_THAT(world.with(new_cookie).answer, SizeIs(1));
}

// RFC 7873 5.4, QDCOUNT 0: header and OPT.
std::vector<std::uint8_t> cookie_query(std::string_view cookie) {
  std::vector<std::uint8_t> out{1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 41, 4, 208, 0, 0, 0, 0};
  const auto data = option(10, cookie);
  out.push_back(0);
  out.push_back(static_cast<std::uint8_t>(data.size()));
  out.insert(out.end(), data.begin(), data.end());
  return out;
}

TEST(CookieQuery, WithoutAQuestionGetsACookieOrIsToldThatItsOwnIsBad) {
  for (const auto policy : {CookiePolicy::lenient, CookiePolicy::require}) {
    CookieWorld world(policy);
    const auto fresh = answers::show(world.raw(cookie_query(kClientCookie)));
    ASSERT_TRUE(fresh) << fresh.error();
    EXPECT_EQ(fresh->rcode, "NOERROR");
    const auto cookie = option_of(*fresh, 10);
    EXPECT_EQ(answers::show(world.raw(cookie_query(cookie)))->rcode, "NOERROR");
    EXPECT_EQ(answers::show(world.raw(cookie_query(kClientCookie + std::string(16, 'x'))))->rcode, "BADCOOKIE");
  }
}

TEST(Keepalive, TellsTheIdleTimeAndUnderOverloadNone) {
  CookieWorld world(CookiePolicy::lenient);
  const auto timeout = [&](bool tcp, bool overloaded) {
    Ask how{.edns = true, .tcp = tcp};
    how.options = option(11, "");
    how.overloaded = overloaded;
    return option_of(world.ask("web.corp", type::a, how), 11);
  };
  EXPECT_EQ(timeout(true, false), std::string("\0\144", 2)) << "100 tenths of a second";
  EXPECT_EQ(timeout(true, true), std::string("\0\0", 2)) << "RFC 7828: please close";
  EXPECT_EQ(timeout(false, false), "");
}

}  // namespace
}  // namespace dnsd::serve::test
