// What an operator says of an instance, over what its client says; and what other interfaces' words are in Eureka's.
#include "api/eureka/test_eureka.h"

#include "api/eureka/status.h"

namespace api::eureka {
namespace {

using ::testing::StartsWith;

class EurekaOverrides : public EurekaTest {
 protected:
  void SetUp() override { start(); }
  // "OUT_OF_SERVICE/OUT_OF_SERVICE": as it is, and what it is overridden by.
  std::string shown() {
    const auto got = instance("WORKER/w1");
    EXPECT_EQ(text(got, "overriddenStatus"), text(got, "overriddenstatus"));
    return text(got, "status") + "/" + text(got, "overriddenstatus");
  }
  std::string set(std::string_view value) {
    return said("PUT", "/eureka/v2/apps/WORKER/w1/status?value=" + std::string(value));
  }
  std::string clear(std::string_view query = {}) {
    return said("DELETE", "/eureka/v2/apps/WORKER/w1/status" + std::string(query));
  }
  void client_says(std::string_view status) {
    ASSERT_EQ(post("worker", body("worker", "w1", R"(,"status":")" + std::string(status) + '"')), "204 ");
  }
};

TEST_F(EurekaOverrides, OutOfServiceIsADrainThatSurvivesRegistrations) {
  client_says("UP");
  EXPECT_EQ(set("OUT_OF_SERVICE"), "200 ");
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/OUT_OF_SERVICE");
  const auto made = native("worker.corp", "w1");
  EXPECT_FALSE(made.at("available").as_bool());
  EXPECT_TRUE(made.at("draining").as_bool());
  EXPECT_TRUE(made.at("safe_after").is_string()) << "measured as every drain";
  EXPECT_EQ(said("PUT", "/eureka/apps/WORKER/w1?status=UP"), "200 ");
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/OUT_OF_SERVICE");
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"homePageUrl":"changed")")), "204 ");
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/OUT_OF_SERVICE");
  EXPECT_EQ(clear("?value=UP"), "200 ");
  EXPECT_EQ(shown(), "UP/UNKNOWN");
  EXPECT_TRUE(available("worker.corp", "w1"));
}

TEST_F(EurekaOverrides, ACancelEndsIt) {
  client_says("UP");
  ASSERT_EQ(set("OUT_OF_SERVICE"), "200 ");
  ASSERT_EQ(said("DELETE", "/eureka/apps/WORKER/w1"), "200 ");
  client_says("UP");
  EXPECT_EQ(shown(), "UP/UNKNOWN");
}

TEST_F(EurekaOverrides, DownAndStartingOfTheClientWin) {
  client_says("DOWN");
  EXPECT_EQ(set("OUT_OF_SERVICE"), "200 ");
  EXPECT_EQ(shown(), "DOWN/OUT_OF_SERVICE");
  client_says("UP");
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/OUT_OF_SERVICE");
  client_says("STARTING");
  EXPECT_EQ(set("UP"), "200 ");
  EXPECT_EQ(shown(), "STARTING/UP");
  EXPECT_FALSE(available("worker.corp", "w1"));
}

TEST_F(EurekaOverrides, UpBringsBackWhatTheClientTookOut) {
  client_says("OUT_OF_SERVICE");
  EXPECT_FALSE(available("worker.corp", "w1"));
  EXPECT_EQ(set("UP"), "200 ");
  EXPECT_EQ(shown(), "UP/UP");
  EXPECT_TRUE(available("worker.corp", "w1"));
  EXPECT_EQ(said("PUT", "/eureka/apps/WORKER/w1?status=OUT_OF_SERVICE"), "200 ");
  EXPECT_EQ(shown(), "UP/UP") << "a heartbeat changes nothing";
  EXPECT_EQ(clear(), "200 ");
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/UNKNOWN");
  EXPECT_FALSE(available("worker.corp", "w1"));
}

TEST_F(EurekaOverrides, UpOverUpIsNone) {
  client_says("UP");
  EXPECT_EQ(set("UP"), "200 ");
  EXPECT_EQ(shown(), "UP/UNKNOWN");
  client_says("OUT_OF_SERVICE");
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/UNKNOWN") << "the client's later word counts";
}

TEST_F(EurekaOverrides, UnknownIsNone) {
  client_says("UP");
  ASSERT_EQ(set("OUT_OF_SERVICE"), "200 ");
  EXPECT_EQ(set("UNKNOWN"), "200 ");
  EXPECT_EQ(shown(), "UP/UNKNOWN");
}

TEST_F(EurekaOverrides, RemovingOneMayTellTheStatus) {
  client_says("OUT_OF_SERVICE");
  EXPECT_EQ(clear("?value=UP"), "200 ");
  EXPECT_EQ(shown(), "UP/UNKNOWN");
}

TEST_F(EurekaOverrides, OfNobodyAre404AndOfNonsense400) {
  EXPECT_THAT(set("UP"), StartsWith("404 "));
  EXPECT_THAT(clear(), StartsWith("404 "));
  client_says("UP");
  EXPECT_THAT(set("FINE"), StartsWith("400 "));
  EXPECT_THAT(said("PUT", "/eureka/apps/WORKER/w1/status"), StartsWith("400 "));
  EXPECT_THAT(clear("?value=FINE"), StartsWith("400 "));
  EXPECT_EQ(shown(), "UP/UNKNOWN");
}

TEST_F(EurekaOverrides, ANewerTimestampIsKept) {
  client_says("UP");
  EXPECT_EQ(set("OUT_OF_SERVICE&lastDirtyTimestamp=2000000000000"), "200 ");
  EXPECT_EQ(text(instance("WORKER/w1"), "lastDirtyTimestamp"), "2000000000000");
  EXPECT_EQ(said("PUT", "/eureka/apps/WORKER/w1?lastDirtyTimestamp=2000000000000"), "200 ");
}

TEST_F(EurekaOverrides, DrainsAndOverridesOfOthersAreOutOfService) {
  client_says("UP");
  ASSERT_EQ(call("POST", "/api/v1/services/worker.corp/instances/w1/drain").status, 200);
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/UNKNOWN");
  EXPECT_EQ(set("UP"), "200 ") << "puts it back";
  EXPECT_EQ(shown(), "UP/UNKNOWN");
  ASSERT_EQ(call("PUT", "/api/v1/overrides/o", R"({"match":{"service":"worker.corp"},"state":"down"})").status, 201);
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/UNKNOWN");
}

TEST_F(EurekaOverrides, WhoeverEndsTheDrainEndsTheOverride) {
  client_says("UP");
  ASSERT_EQ(set("OUT_OF_SERVICE"), "200 ");
  ASSERT_EQ(call("DELETE", "/api/v1/services/worker.corp/instances/w1/drain").status, 204);
  EXPECT_EQ(shown(), "UP/UNKNOWN");
  ASSERT_EQ(post("worker", body("worker", "w1", R"(,"homePageUrl":"changed")")), "204 ");
  EXPECT_EQ(shown(), "UP/UNKNOWN");
}

TEST_F(EurekaOverrides, OfNativeInstancesTheyAreDrains) {
  ASSERT_EQ(put_instance("worker.corp", "w1", R"({"address":"10.0.0.9","lease":"30s"})").status, 201);
  EXPECT_EQ(set("OUT_OF_SERVICE"), "200 ");
  EXPECT_EQ(shown(), "OUT_OF_SERVICE/OUT_OF_SERVICE");
  EXPECT_EQ(text(native("worker.corp", "w1"), "lease"), "30s");
  EXPECT_EQ(clear(), "200 ");
  EXPECT_EQ(shown(), "UP/UNKNOWN");
}

TEST_F(EurekaOverrides, AProbeThatFailsIsDownAndOneWithoutAResultIsStarting) {
  ASSERT_EQ(put_instance("worker.corp", "w1", R"({"address":"10.0.0.9","port":1,"checks":[{"tcp":true}]})").status,
            201);
  EXPECT_EQ(shown(), "STARTING/UNKNOWN");
  on_control([this] {
    const registry::ProbeResult refused{registry::Verdict::failed, registry::Fault::refused, "refused"};
    observe(registry_.observe_probe("worker.corp", "w1", "tcp", refused, now()));
    return 0;
  });
  EXPECT_EQ(shown(), "DOWN/UNKNOWN");
}

TEST_F(EurekaOverrides, AWarningIsUpWhereItsServiceTakesIt) {
  ASSERT_EQ(put_instance("worker.corp", "w1", R"({"address":"10.0.0.9","lease":"30s"})").status, 201);
  ASSERT_EQ(call("PUT", "/api/v1/services/worker.corp/instances/w1/heartbeat", R"({"state":"warning"})").status, 204);
  EXPECT_EQ(shown(), "UP/UNKNOWN");
  EXPECT_EQ(call("PUT", "/api/v1/services/worker.corp", R"({"only_passing":true})").status / 100, 2);
  EXPECT_FALSE(available("worker.corp", "w1"));
  EXPECT_EQ(shown(), "DOWN/UNKNOWN");
}

TEST(EurekaStatus, TheClientsDownAndStartingWinThenTheOverride) {
  EXPECT_EQ(effective(Status::down, Status::up), Status::down);
  EXPECT_EQ(effective(Status::starting, Status::out_of_service), Status::starting);
  EXPECT_EQ(effective(Status::up, Status::out_of_service), Status::out_of_service);
  EXPECT_EQ(effective(Status::out_of_service, Status::up), Status::up);
  EXPECT_EQ(effective(Status::unknown, std::nullopt), Status::unknown);
}

TEST(EurekaStatus, WordsAreReadAsTheyAreWritten) {
  for (const auto status : kStatuses) EXPECT_EQ(parse_status(to_string(status)), status);
  EXPECT_EQ(parse_status("up"), std::nullopt);
}

}  // namespace
}  // namespace api::eureka
