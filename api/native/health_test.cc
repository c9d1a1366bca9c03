// The guard, the history and damping, as the API shows them.
#include "api/testing/fixture.h"

namespace api::native {
namespace {

using ::testing::HasSubstr;

class HealthApi : public api::testing::ServerTest {
 protected:
  HealthApi() {
    serve();
    make_namespace();
  }
  static std::string service(int number) { return number % 2 ? "a.corp" : "b.corp"; }
  static std::string id(int number) { return "i" + std::to_string(number); }

  void register_twelve(std::string_view check) {
    for (int i = 0; i < 12; ++i) {
      const auto address = "10.0." + std::to_string(i % 3) + "." + std::to_string(i + 1);
      const auto body = R"({"address":")" + address + R"(","port":80,"checks":[)" + std::string(check) + "]}";
      ASSERT_EQ(put_instance(service(i), id(i), body).status, 201);
    }
  }
  void probe(const std::string& of, const std::string& one, registry::Verdict verdict,
             registry::Fault fault = registry::Fault::timeout) {
    on_control([&] {
      observe(registry_.observe_probe(of, one, "tcp", {verdict, fault, "timed out", {}}, now()));
      return 0;
    });
  }
  void probe_all(registry::Verdict verdict) {
    for (int i = 0; i < 12; ++i) probe(service(i), id(i), verdict);
  }
  std::string ready_guard() { return std::string(call("GET", "/-/ready").json().at("detail").at("guard").as_string()); }
};

TEST_F(HealthApi, AHoldIsLoudAndOneCommandLiftsIt) {
  register_twelve(R"({"tcp":true})");
  probe_all(registry::Verdict::ok);
  EXPECT_EQ(ready_guard(), "off");
  for (int i = 0; i < 3; ++i) probe_all(registry::Verdict::failed);
  EXPECT_EQ(ready_guard(), "holding");
  EXPECT_EQ(call("GET", "/-/ready").status, 200) << "DNS answers";
  const auto guard = call("GET", "/api/v1/guard").json();
  EXPECT_EQ(guard.at("guard").as_string(), "holding");
  EXPECT_EQ(guard.at("held").to_number<int>(), 12);
  EXPECT_THAT(std::string(guard.at("probes").at("left").as_string()), ::testing::AnyOf("10m", HasSubstr("9m5")));
  EXPECT_THAT(std::string(guard.at("probes").at("cause").as_string()), HasSubstr("timed out or were unreachable"));
  EXPECT_EQ(guard.at("leases").at("state").as_string(), "off");
  const auto metrics = call("GET", "/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("dnsd_guard_holding{guard=\"probes\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("dnsd_guard_holding{guard=\"leases\"} 0"));
  EXPECT_THAT(metrics, HasSubstr("dnsd_guard_begun_total{guard=\"probes\"} 1"));
  EXPECT_THAT(metrics, HasSubstr("dnsd_guard_held_instances 12"));
  EXPECT_EQ(call("GET", "/api/v1/status").json().at("guard").as_string(), "holding");
  const auto one = call("GET", "/api/v1/services/a.corp/instances/i1").json();
  EXPECT_EQ(one.at("reason").as_string(), "guard.held");
  EXPECT_TRUE(one.at("available").as_bool());
  EXPECT_EQ(one.at("checks").at(0).at("failures").to_number<int>(), 3);

  EXPECT_EQ(call("DELETE", "/api/v1/guard").status, 204);
  EXPECT_EQ(ready_guard(), "off");
  EXPECT_EQ(call("GET", "/api/v1/services/a.corp/instances/i1").json().at("reason").as_string(), "check.failing");
  EXPECT_THAT(call("GET", "/metrics").body, HasSubstr("dnsd_guard_lifted_total{guard=\"probes\"} 1"));
  EXPECT_EQ(call("DELETE", "/api/v1/guard").status, 204) << "nothing is held: as wanted";
}

TEST_F(HealthApi, EventsTellWhatHappenedAndWhy) {
  register_twelve(R"({"tcp":true})");
  probe("a.corp", "i1", registry::Verdict::ok);
  for (int i = 0; i < 3; ++i) probe("a.corp", "i1", registry::Verdict::failed, registry::Fault::refused);
  const auto events = call("GET", "/api/v1/events?service=a.corp&id=i1").json().at("events").as_array();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].at("cause").as_string(), "check tcp fails: timed out");
  EXPECT_EQ(events[0].at("reason").as_string(), "check.failing");
  EXPECT_FALSE(events[0].at("available").as_bool());
  EXPECT_EQ(events[1].at("reason").as_string(), "ok");
  EXPECT_EQ(events[2].at("op").as_string(), "put");
  EXPECT_EQ(events[2].at("cause").as_string(), "registered");
  EXPECT_EQ(call("GET", "/api/v1/events?limit=5").json().at("events").as_array().size(), 5U);
  EXPECT_EQ(call("GET", "/api/v1/events?service=a.corp").index(),
            call("GET", "/api/v1/services/a.corp/instances").index());
  for (const char* limit : {"0", "1001", "x"}) {
    EXPECT_EQ(call("GET", std::string("/api/v1/events?limit=") + limit).status, 400) << limit;
  }
  EXPECT_EQ(call("GET", "/api/v1/events?id=i1").status, 400) << "of which service?";
}

TEST_F(HealthApi, OverridesAndTheGuardAreInTheHistory) {
  register_twelve(R"({"tcp":true})");
  probe_all(registry::Verdict::ok);
  call("PUT", "/api/v1/overrides/rack",
       R"({"match":{"address":"10.0.1.2"},"state":"down","reason":"rack 1 moves","author":"ann"})");
  auto event = call("GET", "/api/v1/events?service=a.corp&id=i1&limit=1").json().at("events").at(0);
  EXPECT_EQ(event.at("reason").as_string(), "override.down");
  EXPECT_EQ(event.at("cause").as_string(), "override rack by ann: down, rack 1 moves");
  for (int i = 0; i < 3; ++i) probe_all(registry::Verdict::failed);
  call("DELETE", "/api/v1/guard");
  event = call("GET", "/api/v1/events?limit=1").json().at("events").at(0);
  EXPECT_EQ(event.at("kind").as_string(), "guard");
  EXPECT_EQ(event.at("name").as_string(), "probes");
  EXPECT_EQ(event.at("cause").as_string(), "lifted by command");
}

TEST_F(HealthApi, ADampedCheckSaysSo) {
  register_twelve(R"({"tcp":true,"interval":"1s","timeout":"1s"})");
  const auto damped = [&] {
    return call("GET", "/api/v1/services/a.corp/instances/i1").json().at("checks").at(0).at("damped");
  };
  probe("a.corp", "i1", registry::Verdict::ok);
  for (int fall = 0; fall < 4; ++fall) {
    for (int i = 0; i < 8; ++i) probe("a.corp", "i1", registry::Verdict::ok);
    EXPECT_TRUE(damped().is_null()) << "up";
    for (int i = 0; i < 3; ++i) probe("a.corp", "i1", registry::Verdict::failed, registry::Fault::refused);
  }
  EXPECT_EQ(damped(), boost::json::parse(R"({"rise":8,"falls":4,"left":"8s"})"));
  probe("a.corp", "i1", registry::Verdict::ok);
  EXPECT_EQ(damped().at("left").as_string(), "7s");
  auto body = call("GET", "/api/v1/services/a.corp/instances/i1").body;
  EXPECT_EQ(put_instance("a.corp", "i1", body).status, 200) << "what GET shows, PUT takes";
}

}  // namespace
}  // namespace api::native
