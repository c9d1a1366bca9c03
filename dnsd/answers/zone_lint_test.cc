#include "dnsd/answers/zone_lint.h"

#include <gmock/gmock.h>

namespace dnsd::answers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> warnings(const std::string& text, bool namespace_file = false) {
  const auto zone = parse_zone_text("@ 60 SOA ns h 1 1 1 1 1\n" + text, "z", {.apex = "corp", .namespace_file = false});
  if (!zone) return zone.error();
  return lint_zone(*zone, namespace_file, 2'000'000'000);
}

TEST(ZoneLint, HasNothingToSayOfASoundZone) {
  EXPECT_THAT(warnings("@ NS ns\n@ NS ns.elsewhere.\nns A 10.0.0.1\nsub NS a.sub\na.sub A 10.0.0.2\nw CNAME ns\n"
                       "*.x MX 1 ns\nm MX 1 any.x.corp.\nv CNAME any.x\n"),
              IsEmpty());
}

TEST(ZoneLint, FindsWhatIsNeverAnswered) {
  EXPECT_THAT(
      warnings("@ NS ns\nns A 10.0.0.1\nsub NS ns\nx.sub TXT hidden\ny.sub A 10.0.0.2\nd DNAME ns\nz.d A 10.0.0.3\n"),
      ElementsAre("x.sub.corp. TXT is below the delegation sub.corp.: it is never answered",
                  "z.d.corp. is below the DNAME d.corp.: it is never answered"));
}

TEST(ZoneLint, FindsTargetsThatLeadNowhere) {
  EXPECT_THAT(
      warnings("sub NS a.sub\nm MX 1 gone\nalias CNAME m\nn MX 1 alias\nc CNAME nowhere\n"),
      ElementsAre("the apex has no NS records", "sub.corp. NS: a.sub.corp. needs an address here (glue)",
                  "m.corp. MX: gone.corp. does not exist", "n.corp. MX: alias.corp. is an alias (RFC 2181 10.3)",
                  "c.corp. CNAME: nowhere.corp. does not exist"));
}

TEST(ZoneLint, FindsSignaturesThatHaveEndedAndIterations) {
  EXPECT_THAT(warnings("@ NS ns\nns A 10.0.0.1\n@ NSEC3PARAM 1 0 5 -\n"
                       "ns RRSIG A 8 2 60 20200101000000 20190101000000 1 corp. AAAA\n"
                       "ns RRSIG A 8 2 60 20380101000000 20190101000000 2 corp. AAAA\n"),
              ElementsAre("NSEC3PARAM: 5 extra iterations only cost time (RFC 9276 3.1)",
                          "ns.corp. RRSIG: the signature has ended"));
}

}  // namespace
}  // namespace dnsd::answers
