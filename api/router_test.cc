#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/route.h"

namespace api {
namespace {

using ::testing::ElementsAre;

Response nothing(App&, const Request&) { return {}; }

Response shaped(const ProblemType& type, const registry::Problem&) {
  Response response;
  response.status = type.status;
  return response;
}
const Dialect kForeign{"foreign", shaped};

Route route(Method method, std::string_view pattern, const Dialect* dialect = nullptr) {
  Route out{method, pattern, &nothing, {}, {}};
  out.dialect = dialect;
  return out;
}

TEST(Router, TakesTheFirstRouteThatFits) {
  const std::vector<Route> ours{route(Method::get, "/a/{x}/c")};
  const std::vector<Route> theirs{route(Method::get, "/a/b/c", &kForeign), route(Method::get, "/d", &kForeign)};
  const Router router({ours, theirs});
  const std::vector<std::string> path{"a", "b", "c"};
  const auto match = router.match(Method::get, path);
  EXPECT_EQ(match.route, &ours[0]);
  EXPECT_EQ(match.dialect, nullptr);
  EXPECT_THAT(match.params, ElementsAre("b"));
  const std::vector<std::string> other{"d"};
  EXPECT_EQ(router.match(Method::get, other).dialect, &kForeign);
}

TEST(Router, NamesTheDialectOfAPathThatTakesAnotherMethod) {
  const std::vector<Route> theirs{route(Method::put, "/d", &kForeign)};
  const Router router({theirs});
  const std::vector<std::string> path{"d"};
  const auto match = router.match(Method::get, path);
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allow, "PUT");
  EXPECT_EQ(match.dialect, &kForeign);
}

TEST(Router, NamesTheDialectOfThePathsBesideOneThatIsNotThere) {
  const std::vector<Route> ours{route(Method::get, "/api/a")}, theirs{route(Method::get, "/v1/a", &kForeign)};
  const Router router({ours, theirs});
  const std::vector<std::string> foreign{"v1", "b", "c"}, native{"api", "b"}, neither{"x"};
  EXPECT_EQ(router.match(Method::get, foreign).dialect, &kForeign);
  EXPECT_EQ(router.match(Method::get, native).dialect, nullptr);
  EXPECT_EQ(router.match(Method::get, neither).dialect, nullptr);
}

TEST(Router, GivesTheRestOfAPathAsOne) {
  const std::vector<Route> theirs{route(Method::get, "/kv/{key*}")};
  const Router router({theirs});
  const std::vector<std::string> deep{"kv", "a", "", "b"}, one{"kv", "a"}, none{"kv"}, empty{"kv", ""};
  EXPECT_THAT(router.match(Method::get, deep).params, ElementsAre("a//b"));
  EXPECT_THAT(router.match(Method::get, one).params, ElementsAre("a"));
  EXPECT_EQ(router.match(Method::get, none).route, nullptr);
  EXPECT_EQ(router.match(Method::get, empty).route, nullptr);
}

}  // namespace
}  // namespace api
