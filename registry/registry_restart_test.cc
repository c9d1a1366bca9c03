// What health keeps over a restart: falls that are remembered, overrides with their order, reason and end.
#include <gmock/gmock.h>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::IsEmpty;

class RestartTest : public Fixture {
 protected:
  void keep() {
    auto effects = registry.observed(changes);
    log.insert(log.end(), effects.begin(), effects.end());
  }
  void probes(Verdict verdict, int count) {
    for (int i = 0; i < count; ++i) probe("web.corp", "i1", verdict), keep();
  }
  static OverrideDef rule(std::string rule_name, std::string service, bool up) {
    OverrideDef def;
    def.name = std::move(rule_name);
    def.service = std::move(service);
    def.up = up;
    return def;
  }
};

TEST_F(RestartTest, AFlappingCheckStaysDamped) {
  put_instance("web.corp", with_checks(instance("i1"), {tcp_check()}));
  keep();
  probes(Verdict::ok, 1);
  for (int fall = 0; fall < 4; ++fall) {
    probes(Verdict::ok, 8);
    probes(Verdict::failed, 3);
  }
  Registry restored;
  restored.restore(log, 1000, now);
  const auto feed = [&](Verdict verdict) {
    (void)restored.observe_probe("web.corp", "i1", "tcp", {verdict, Fault::refused, "", {}}, now);
    return restored.find_instance("web.corp", "i1")->available;
  };
  for (int i = 0; i < 7; ++i) EXPECT_FALSE(feed(Verdict::ok)) << i;
  EXPECT_TRUE(feed(Verdict::ok)) << "the eighth in a row, after four falls";
}

TEST_F(RestartTest, OverridesKeepWhatTheySayAndTheirOrder) {
  put_instance("web1.corp", instance("i1"));
  put_instance("web2.corp", instance("i1", "10.0.0.2"));
  OverrideDef wide = rule("wide", "web*", false);
  wide.reason = "rack move";
  wide.author = "ann";
  wide.expires = now.wall + 1h;
  put(PutOverride{wide});
  put(PutOverride{rule("exact", "web1.corp", true)});
  now.mono -= 5000h;  // another boot has another monotonic clock
  now.wall += 10min;
  Registry restored;
  EXPECT_THAT(restored.restore(log, 1000, now), IsEmpty());
  EXPECT_EQ(restored.find_instance("web1.corp", "i1")->reason, Reason::override_up);
  EXPECT_EQ(restored.find_instance("web2.corp", "i1")->reason, Reason::override_down);
  EXPECT_EQ(restored.find_override("wide")->def, wide);
  EXPECT_EQ(restored.find_instance("web2.corp", "i1")->horizon, now.mono + 50min);
  EXPECT_EQ(restored.because("web2.corp", "i1", now.wall), "override wide by ann: down, rack move");
  now.mono += 50min;
  now.wall += 50min;
  (void)restored.advance(now);
  EXPECT_TRUE(restored.find_instance("web2.corp", "i1")->available);
  EXPECT_EQ(restored.find_instance("web1.corp", "i1")->reason, Reason::override_up);
}

TEST_F(RestartTest, AnOverrideThatEndedMeanwhileTakesNoEffect) {
  put_instance("web.corp", instance("i1"));
  OverrideDef def = rule("r", "web.corp", false);
  def.expires = now.wall + 60s;
  put(PutOverride{def});
  now.wall += 61s;
  Registry restored;
  restored.restore(log, 1000, now);
  EXPECT_TRUE(restored.find_instance("web.corp", "i1")->available);
  EXPECT_THAT(restored.due(now, 10).overrides, testing::ElementsAre("r"));
}

// Case 79 in full: parts that are exact, then the literal prefix over all parts, then the newer.
TEST_F(RestartTest, SpecificityDecidesWhateverTheOrderOfWriting) {
  InstanceDef def = instance("i1", "10.0.1.7");
  def.node = "n1";
  put_instance("web.corp", def);
  struct Rule {
    std::string service = "*", instance = "*", node = "*";
    std::string address{};
  };
  // From the most to the least specific.
  const std::vector<Rule> ranked = {
      {"web.corp", "i1", "n1", "10.0.1.7"},
      {"web.corp", "i1", "n1", ""},
      {"web.corp", "i1", "*", ""},
      {"web.corp", "i*", "*", ""},
      {"web.corp", "*", "*", ""},
      {"*", "*", "*", "10.0.1.7"},
      {"*", "i1", "*", ""},
      {"web*", "i*", "*", "10.0.1.0/24"},
      {"web*", "*", "*", "10.0.0.0/16"},
      {"web*", "*", "*", ""},
      {"w*", "*", "*", ""},
      {"*", "*", "*", ""},
  };
  for (std::size_t weaker = 1; weaker < ranked.size(); ++weaker) {
    for (const bool stronger_first : {true, false}) {
      const auto write = [&](std::size_t index, bool up) {
        OverrideDef each = rule(up ? "up" : "down", ranked[index].service, up);
        each.instance = ranked[index].instance;
        each.node = ranked[index].node;
        if (!ranked[index].address.empty()) each.address = parse_prefix(ranked[index].address);
        put(PutOverride{each});
      };
      if (stronger_first) write(weaker - 1, true);
      write(weaker, false);
      if (!stronger_first) write(weaker - 1, true);
      EXPECT_EQ(get("web.corp", "i1").reason, Reason::override_up) << weaker << stronger_first;
      put(DeleteOverride{"up"});
      EXPECT_EQ(get("web.corp", "i1").reason, Reason::override_down) << weaker;
      put(DeleteOverride{"down"});
      EXPECT_EQ(get("web.corp", "i1").reason, Reason::ok);
    }
  }
}

}  // namespace
}  // namespace registry
