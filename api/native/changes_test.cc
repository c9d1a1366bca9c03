// Long polls, event streams and drains: what waits, what wakes, and what it costs.
#include "api/testing/fixture.h"

namespace api::native {
namespace {

using api::testing::Client;
using ::testing::HasSubstr;
using ::testing::Not;
namespace json = boost::json;

class Changes : public api::testing::ServerTest {
 protected:
  void SetUp() override {
    serve(options_);
    make_namespace();
    put_instance("worker.corp", "w1", R"({"tags":["v1"],"lease":"30s"})");
  }
  std::uint64_t index_of(std::string_view path) { return call("GET", path).index(); }
  static std::string poll(std::string_view path, std::uint64_t index, std::string_view wait = "10m") {
    const char join = path.find('?') == std::string_view::npos ? '?' : '&';
    return std::string(path) + join + "index=" + std::to_string(index) + "&wait=" + std::string(wait);
  }
  Options options_;
};

constexpr std::string_view kService = "/api/v1/services/worker.corp";
constexpr std::string_view kList = "/api/v1/services/worker.corp/instances";
constexpr std::string_view kInstance = "/api/v1/services/worker.corp/instances/w1";

TEST_F(Changes, PollAnswersAtOnceWhenItChangedAlready) {
  EXPECT_EQ(call("GET", poll(kList, 0)).status, 200);
  EXPECT_EQ(call("GET", poll(kList, 1'000'000)).status, 200) << "an index from the future waits for nothing";
}

TEST_F(Changes, PollTimesOutWithTheSameIndex) {
  const auto index = index_of(kList);
  const auto reply = call("GET", poll(kList, index, "20ms"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.index(), index);
}

TEST_F(Changes, PollIsWokenByARegistration) {
  const auto index = index_of(kList);
  Client held(port_);
  held.start("GET", poll(kList, index));
  wait_for_watchers(1);
  const auto made = put_instance("worker.corp", "w2");
  const auto reply = held.read_reply();
  EXPECT_EQ(reply.index(), made.index());
  EXPECT_THAT(reply.body, HasSubstr("\"id\":\"w2\""));
  EXPECT_EQ(watchers(), 0U);
}

TEST_F(Changes, PollIsWokenByAStateButNotByHeartbeatsOrEqualPuts) {
  const auto index = index_of(kInstance);
  Client held(port_);
  held.start("GET", poll(kInstance, index));
  wait_for_watchers(1);
  EXPECT_EQ(call("PUT", std::string(kInstance) + "/heartbeat").status, 204);
  EXPECT_EQ(put_instance("worker.corp", "w1", R"({"tags":["v1"],"lease":"30s"})").status, 200);
  EXPECT_EQ(put_instance("worker.corp", "other").status, 201);
  EXPECT_EQ(watchers(), 1U) << "still held";
  EXPECT_EQ(call("PUT", std::string(kInstance) + "/heartbeat", R"({"state":"critical"})").status, 204);
  const auto reply = held.read_reply();
  EXPECT_GT(reply.index(), index);
  EXPECT_FALSE(reply.json().at("available").as_bool());
}

TEST_F(Changes, FilteredPollWakesOnlyForWhatPasses) {
  const std::string list = std::string(kList) + "?tag=v1";
  Client held(port_);
  held.start("GET", poll(list, index_of(list)));
  wait_for_watchers(1);
  put_instance("worker.corp", "w2", R"({"tags":["v2"]})");
  EXPECT_EQ(watchers(), 1U) << "w2 does not bear v1";
  put_instance("worker.corp", "w1", R"({"tags":["v3"],"lease":"30s"})");
  EXPECT_THAT(held.read_reply().body, HasSubstr("\"instances\":[]"));
}

TEST_F(Changes, AbsentThingsAreWaitedFor) {
  const std::string path = "/api/v1/services/later.corp";
  const auto absent = call("GET", path);
  EXPECT_EQ(absent.status, 404);
  EXPECT_GE(absent.index(), 1U);
  Client service(port_);
  service.start("GET", poll(path, absent.index()));
  Client instance(port_);
  instance.start("GET", poll(std::string(kList) + "/w7", index_of(std::string(kList) + "/w7")));
  wait_for_watchers(2);
  put_instance("worker.corp", "w8");
  EXPECT_EQ(watchers(), 2U) << "something else at the parent";
  put_instance("later.corp", "l1");
  EXPECT_EQ(service.read_reply().status, 200);
  put_instance("worker.corp", "w7");
  EXPECT_EQ(instance.read_reply().status, 200);
}

TEST_F(Changes, DeletionWakesAndNotFoundKnowsTheParentsIndex) {
  Client held(port_);
  held.start("GET", poll(kInstance, index_of(kInstance)));
  wait_for_watchers(1);
  const auto gone = call("DELETE", kInstance);
  const auto reply = held.read_reply();
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.index(), gone.index());
}

TEST_F(Changes, CollectionsArePolledToo) {
  Client services(port_);
  services.start("GET", poll("/api/v1/services", index_of("/api/v1/services")));
  Client overrides(port_);
  overrides.start("GET", poll("/api/v1/overrides", index_of("/api/v1/overrides")));
  Client namespaces(port_);
  namespaces.start("GET", poll("/api/v1/namespaces", index_of("/api/v1/namespaces")));
  Client node(port_);
  node.start("GET", poll("/api/v1/nodes/n1", index_of("/api/v1/nodes/n1")));
  wait_for_watchers(4);
  put_instance("worker.corp", "w2", R"({"node":"n1"})");
  EXPECT_EQ(services.read_reply().status, 200);
  EXPECT_EQ(node.read_reply().status, 200);
  call("PUT", "/api/v1/overrides/o", R"({"match":{"service":"x.corp"},"state":"down"})");
  EXPECT_EQ(overrides.read_reply().json().at("overrides").as_array().size(), 1U);
  call("PUT", "/api/v1/namespaces/other", "{}");
  EXPECT_EQ(namespaces.read_reply().json().at("namespaces").as_array().size(), 2U);
}

TEST_F(Changes, ClosedPeersAreForgotten) {
  Client held(port_);
  held.start("GET", poll(kList, index_of(kList)));
  Client stream(port_);
  stream.start("GET", "/api/v1/watch");
  wait_for_watchers(2);
  held.close();
  stream.close();
  wait_for_watchers(0);
}

TEST_F(Changes, PipelinedRequestWaitsBehindAHeldOne) {
  Client client(port_);
  client.start("GET", poll(kList, index_of(kList)));
  client.start("GET", "/health");
  wait_for_watchers(1);
  put_instance("worker.corp", "w2");
  EXPECT_THAT(client.read_reply().body, HasSubstr("w2"));
  EXPECT_THAT(client.read_reply().body, HasSubstr("healthy"));
}

// A peer that leaves gives its place back, whatever it sent before.
TEST_F(Changes, ClosedPeersAreForgottenBehindPipelinedRequests) {
  Client client(port_);
  const auto twice =
      poll(kList, index_of(kList)) + " HTTP/1.1\r\nHost: localhost\r\n\r\nGET " + poll(kInstance, index_of(kInstance));
  client.start("GET", twice);  // in one segment: the second is held without a read between
  wait_for_watchers(1);
  put_instance("worker.corp", "w2");
  EXPECT_THAT(client.read_reply().body, HasSubstr("w2"));
  wait_for_watchers(1);
  client.close();
  wait_for_watchers(0);

  Client behind(port_);
  behind.start("GET", poll(kInstance, index_of(kInstance)));
  wait_for_watchers(1);
  behind.start("GET", "/health");
  behind.half_close();
  wait_for_watchers(0);
  EXPECT_EQ(behind.read_reply().status, 200);
  EXPECT_THAT(behind.read_reply().body, HasSubstr("healthy"));
}

class FewWatchers : public Changes {
 protected:
  FewWatchers() { options_.max_watchers = 1; }
};

TEST_F(FewWatchers, OneMoreIsTold) {
  Client held(port_);
  held.start("GET", poll(kList, index_of(kList)));
  wait_for_watchers(1);
  for (const auto& path : {poll(kList, index_of(kList)), std::string("/api/v1/watch")}) {
    const auto reply = call("GET", path);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.header("retry-after"), "1");
  }
}

// Reads whole events off a chunked stream.
class Stream {
 public:
  Stream(std::uint16_t port, std::string_view target, std::string_view headers = {}) : client_(port) {
    client_.start("GET", target, {}, headers);
    head_ = client_.read_until("\r\n\r\n");
  }
  std::string next(bool comments = false) {
    for (;;) {
      if (const auto end = text_.find("\n\n"); end != std::string::npos) {
        const auto event = text_.substr(0, end);
        text_.erase(0, end + 2);
        if (event.starts_with("retry:") || (event.starts_with(":") && !comments)) continue;
        return event;
      }
      if (!client_.read_chunk(text_)) return {};
    }
  }
  const std::string& head() const { return head_; }

 private:
  Client client_;
  std::string head_, text_;
};

TEST_F(Changes, WatchBeginsWithASnapshotAndTellsEachRevision) {
  Stream all(port_, "/api/v1/watch");
  EXPECT_THAT(all.head(), HasSubstr("Content-Type: text/event-stream"));
  const auto snapshot = all.next();
  EXPECT_THAT(snapshot, HasSubstr("event: snapshot"));
  const auto data = json::parse(snapshot.substr(snapshot.find("data: ") + 6));
  EXPECT_EQ(data.at("instances").as_array().size(), 1U);
  const auto made = put_instance("worker.corp", "w2");
  const auto event = all.next();
  EXPECT_THAT(event, HasSubstr("id: " + std::to_string(made.index()) + "\nevent: change\n"));
  EXPECT_THAT(
      event,
      HasSubstr(R"("kind":"instance","op":"put","service":"worker.corp","id":"w2","available":true,"reason":"ok")"));
  call("PUT", std::string(kInstance) + "/heartbeat", R"({"state":"critical"})");
  EXPECT_THAT(all.next(), HasSubstr(R"("op":"state","service":"worker.corp","id":"w1","available":false)"));
  call("DELETE", kInstance);
  EXPECT_THAT(all.next(), HasSubstr(R"("op":"delete","service":"worker.corp","id":"w1")"));
}

TEST_F(Changes, WatchResumesAfterTheLastEvent) {
  const auto index = index_of(kService);
  put_instance("worker.corp", "w2");
  put_instance("worker.corp", "w3");
  Stream by_header(port_, "/api/v1/watch?index=0", "Last-Event-ID: " + std::to_string(index) + "\r\n");
  EXPECT_THAT(by_header.next(), HasSubstr("\"w2\""));
  EXPECT_THAT(by_header.next(), HasSubstr("\"w3\""));
  Stream by_index(port_, "/api/v1/watch?index=" + std::to_string(index));
  EXPECT_THAT(by_index.next(), HasSubstr("\"w2\""));
}

TEST_F(Changes, WatchOfOneServiceTellsOnlyThat) {
  Stream one(port_, "/api/v1/watch?service=Worker.corp");
  EXPECT_THAT(one.next(), HasSubstr("event: snapshot"));
  put_instance("other.corp", "o1");
  put_instance("worker.corp", "w2");
  const auto event = one.next();
  EXPECT_THAT(event, HasSubstr("\"w2\""));
  EXPECT_THAT(event, Not(HasSubstr("\"o1\"")));
}

TEST_F(Changes, WatchFromBeforeTheRingIsReset) {
  on_control([&] { feed_.start_at(registry_.revision()); });
  Stream late(port_, "/api/v1/watch?index=1");
  EXPECT_THAT(late.next(), HasSubstr("event: reset\ndata: {\"revision\":"));
  Stream future(port_, "/api/v1/watch?index=1000000");
  EXPECT_THAT(future.next(), HasSubstr("event: reset"));
}

class ShortKeepAlive : public Changes {
 protected:
  ShortKeepAlive() { options_.keep_alive = registry::Millis(20); }
};

// The ring forgets what others did meanwhile: nothing of that was for this reader.
TEST_F(ShortKeepAlive, AReaderThatHadNothingToReadForLongIsNotReset) {
  Stream one(port_, "/api/v1/watch?service=worker.corp");
  EXPECT_THAT(one.next(), HasSubstr("event: snapshot"));
  EXPECT_EQ(one.next(true), ": keep-alive");
  put_instance("other.corp", "o1");
  on_control([&] { feed_.start_at(registry_.revision()); });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(one.next(true), ": keep-alive");
  put_instance("worker.corp", "w2");
  EXPECT_THAT(one.next(), HasSubstr("\"w2\""));
}

TEST_F(Changes, SnapshotOfManyInstancesComesInPieces) {
  std::string operations;
  for (int i = 0; i < 300; ++i) {
    operations += std::string(i ? "," : "") + R"({"method":"PUT","path":"/api/v1/services/s)" + std::to_string(i % 7) +
                  ".corp/instances/i" + std::to_string(i) + R"(","body":{}})";
  }
  ASSERT_EQ(call("POST", "/api/v1/batch?return=minimal", R"({"operations":[)" + operations + "]}").status, 200);
  Stream all(port_, "/api/v1/watch");
  const auto snapshot = all.next();
  const auto data = json::parse(snapshot.substr(snapshot.find("data: ") + 6));
  EXPECT_EQ(data.at("instances").as_array().size(), 301U);
}

TEST_F(Changes, DrainOfWhatWasNeverHandedOutIsDoneAtOnce) {
  const auto reply = call("POST", std::string(kInstance) + "/drain");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto body = reply.json();
  EXPECT_TRUE(body.at("done").as_bool());
  EXPECT_EQ(body.at("left"), json::value("0s"));
  EXPECT_EQ(call("GET", kInstance).json().at("reason"), json::value("draining"));
}

TEST_F(Changes, DrainCountsFromTheLastAnswer) {
  on_control([&] { answered_["worker.corp"] = now().mono; });
  const auto first = call("POST", std::string(kInstance) + "/drain");
  EXPECT_EQ(first.status, 202);
  EXPECT_FALSE(first.json().at("done").as_bool());
  EXPECT_EQ(first.json().at("left"), json::value("6s")) << "TTL 5 s and min_ttl 1 s";
  skew_ = 2'000;
  on_control([&] { answered_["worker.corp"] = now().mono; });
  const auto again = call("POST", std::string(kInstance) + "/drain");
  EXPECT_EQ(again.json().at("safe_after"), first.json().at("safe_after")) << "the first clock stands";
  EXPECT_EQ(call("POST", std::string(kInstance) + "/drain?wait=10ms").status, 202);
  skew_ = 7'000;
  EXPECT_EQ(call("POST", std::string(kInstance) + "/drain").status, 200);
}

TEST_F(Changes, DrainWaitsUntilItIsSafe) {
  on_control([&] { answered_["worker.corp"] = now().mono - registry::Millis(5'900); });
  const auto reply = call("POST", std::string(kInstance) + "/drain?wait=30s");
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_TRUE(reply.json().at("done").as_bool());
}

TEST_F(Changes, DrainIsCancelled) {
  on_control([&] { answered_["worker.corp"] = now().mono; });
  Client waiting(port_);
  waiting.start("POST", std::string(kInstance) + "/drain?wait=10m");
  wait_for_watchers(1);
  EXPECT_EQ(call("DELETE", std::string(kInstance) + "/drain").status, 204);
  EXPECT_EQ(waiting.read_reply().status, 409);
  EXPECT_FALSE(call("GET", kInstance).json().at("draining").as_bool());
  EXPECT_EQ(call("POST", std::string(kList) + "/w9/drain").status, 404);
}

TEST_F(Changes, ADrainBegunAnewIsMeasuredAfterItsOwnGracePeriod) {
  const auto wait_for_graces = [&](std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (on_control([&] { return graces_.size(); }) != count) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  };
  on_control([&] { hold_graces_ = true; });
  Client first(port_), second(port_);
  first.start("POST", std::string(kInstance) + "/drain");
  wait_for_graces(1);
  EXPECT_EQ(call("DELETE", std::string(kInstance) + "/drain").status, 204);
  skew_ = 1'000;
  second.start("POST", std::string(kInstance) + "/drain");
  wait_for_graces(2);
  on_control([&] { end_grace(); });
  const auto overtaken = first.read_reply();
  EXPECT_EQ(overtaken.status, 202) << overtaken.body;
  EXPECT_TRUE(overtaken.json().at("safe_after").is_null()) << "what it measured was another drain";
  on_control([&] {
    answered_["worker.corp"] = now().mono;
    end_grace();
  });
  EXPECT_EQ(second.read_reply().json().at("left"), json::value("6s"));
}

// The process before may have answered with it until the moment it ended, in a DNS-SD list as well.
class Restarted : public api::testing::ServerTest {
 protected:
  void SetUp() override {
    registry::NamespaceDef corp;
    corp.name = *registry::DomainName::parse("corp");
    corp.min_ttl = registry::Millis(5'000);
    registry::InstanceDef def;
    def.id = def.label = "w1";
    registry::Record record{registry_.reserve_revision(), now().wall, {}};
    record.effects.emplace_back(registry::PutNamespaceEffect{corp});
    record.effects.emplace_back(registry::PutServiceEffect{*registry::DomainName::parse("worker.corp"), {}, true, 0});
    record.effects.emplace_back(registry::PutInstanceEffect{"worker.corp", def, 0});
    registry_.apply(record, now());
    serve();
  }
};

TEST_F(Restarted, DrainWaitsForWhatTheProcessBeforeHandedOutToBrowsers) {
  on_control([&] { answered_["worker.corp"] = now().mono; });  // asked for since, but never browsed
  const auto left = [&](std::string_view path) {
    return std::stoi(std::string(call("POST", path).json().at("left").as_string()));
  };
  EXPECT_GT(left(std::string(kInstance) + "/drain"), 10) << "TTL + 2 x min_ttl from the start: 15 s";
  put_instance("worker.corp", "w2");
  EXPECT_LE(left(std::string(kList) + "/w2/drain"), 10) << "it is new: TTL + min_ttl";
}

}  // namespace
}  // namespace api::native
