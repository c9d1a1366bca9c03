// Batches, resolve, status, metrics, backup, reload, and the description of it all.
#include <set>

#include "api/native/routes.h"
#include "api/testing/fixture.h"

namespace api::native {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

class Operations : public api::testing::ServerTest {
 protected:
  api::testing::Reply batch(std::string_view operations, std::string_view query = "") {
    return call("POST", "/api/v1/batch" + std::string(query), R"({"operations":[)" + std::string(operations) + "]}");
  }
  static std::vector<int> statuses(const json::value& body) {
    std::vector<int> out;
    for (const auto& result : body.at("results").as_array()) out.push_back(result.at("status").to_number<int>());
    return out;
  }
};

constexpr std::string_view kMixed = R"(
  {"method":"PUT","path":"/api/v1/namespaces/corp","body":{}},
  {"method":"PUT","path":"/api/v1/services/worker.corp","body":{"ttl":"3s"}},
  {"method":"PUT","path":"/api/v1/services/worker.corp/instances/w1","body":{"lease":"30s"}},
  {"method":"PATCH","path":"/api/v1/services/worker.corp/instances/w1","body":{"weight":3}},
  {"method":"PUT","path":"/api/v1/services/worker.corp/instances/w1/heartbeat"},
  {"method":"DELETE","path":"/api/v1/services/worker.corp/instances/w2"},
  {"method":"PUT","path":"/api/v1/overrides/o1","body":{"match":{"service":"x.corp"},"state":"up"}})";

TEST_F(Operations, BatchIsOneRevisionInOrder) {
  serve();
  const auto reply = batch(kMixed);
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto body = reply.json();
  EXPECT_EQ(statuses(body), (std::vector{201, 201, 201, 200, 204, 204, 201})) << reply.body;
  EXPECT_EQ(body.at("results").at(3).at("body").at("weight").to_number<int>(), 3);
  const auto revision = body.at("revision").to_number<std::uint64_t>();
  EXPECT_EQ(reply.index(), revision);
  EXPECT_EQ(call("GET", "/api/v1/services/worker.corp/instances/w1").index(), revision);
}

TEST_F(Operations, MinimalBatchesDropBodies) {
  serve();
  const auto body = batch(kMixed, "?return=minimal").json();
  for (const auto& result : body.at("results").as_array()) EXPECT_FALSE(result.as_object().contains("body"));
}

TEST_F(Operations, PartOfABatchMayFail) {
  serve();
  make_namespace();
  const auto reply = batch(R"({"method":"PUT","path":"/api/v1/services/a.corp/instances/a1","body":{}},
    {"method":"PUT","path":"/api/v1/services/a.corp/instances/a2","body":{"prot":1}},
    {"method":"PUT","path":"/api/v1/services/a.nowhere/instances/a3","body":{}},
    {"method":"GET","path":"/api/v1/services/a.corp"},
    {"method":"POST","path":"/api/v1/batch","body":{}},
    {"method":"PUT","path":"/api/v1/services/a.corp?forse=true","body":{}},
    {"method":"PUT","path":"/api/v1/services/a.corp/instances/a4/heartbeat"},
    {"method":"PUT","pth":"/x"}, 7,
    {"method":"PUT","path":"/api/v1/services/a.corp/instances/a1","body":{"weight":2},"if_match":"1"})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(statuses(reply.json()), (std::vector{201, 422, 404, 404, 404, 400, 404, 422, 422, 412}));
  EXPECT_THAT(reply.body, HasSubstr("did you mean"));
}

TEST_F(Operations, FailedAtomicBatchAppliesNothing) {
  serve();
  make_namespace();
  for (const auto* second : {R"({"prot":1})", R"({"alias":5})"}) {
    const auto reply = batch(std::string(R"({"method":"PUT","path":"/api/v1/services/a.corp","body":{}},
      {"method":"PUT","path":"/api/v1/services/b.corp","body":)") +
                                 second + "}",
                             "?atomic=true");
    EXPECT_EQ(reply.status, 422);
    EXPECT_EQ(reply.header("content-type"), "application/problem+json");
    EXPECT_THAT(reply.body, HasSubstr("urn:dnsd:problem:batch-failed"));
    EXPECT_EQ(reply.json().at("failed_index").to_number<int>(), 1);
    EXPECT_EQ(statuses(reply.json()), (std::vector{424, 422}));
  }
  // Found by the write path, not by the decoder.
  const auto reply = batch(R"({"method":"PUT","path":"/api/v1/services/a.corp","body":{}},
    {"method":"PUT","path":"/api/v1/services/a.nowhere","body":{}})",
                           "?atomic=true");
  EXPECT_EQ(reply.status, 422);
  EXPECT_EQ(statuses(reply.json()), (std::vector{424, 404}));
  EXPECT_EQ(call("GET", "/api/v1/services/a.corp").status, 404);
}

TEST_F(Operations, BatchesAreBounded) {
  Options options;
  options.max_batch_operations = 2;
  serve(options);
  EXPECT_EQ(batch("{},{},{}").status, 413);
  EXPECT_EQ(call("POST", "/api/v1/batch", std::string(100'000, ' ') + "x").status, 400) << "over 64 KiB is fine here";
  EXPECT_EQ(call("POST", "/api/v1/batch", R"({"operations":{}})").status, 422);
  EXPECT_EQ(call("POST", "/api/v1/batch", "{}").status, 422);
  EXPECT_EQ(call("POST", "/api/v1/batch").status, 400);
  EXPECT_EQ(batch("", "?return=some").status, 400);
  EXPECT_EQ(batch("").status, 200);
}

TEST_F(Operations, DryBatchChangesNothing) {
  serve();
  EXPECT_EQ(statuses(batch(kMixed, "?dry_run=true").json()).at(0), 201);
  EXPECT_EQ(call("GET", "/api/v1/namespaces/corp").status, 404);
}

TEST_F(Operations, ResolveAsksTheServersOwnCode) {
  serve();
  const auto body = call("GET", "/api/v1/resolve?name=worker.corp&type=SRV&client=10.0.0.1&tcp=true&size=4096").json();
  EXPECT_EQ(body.at("name"), json::value("worker.corp"));
  EXPECT_EQ(body.at("type"), json::value("SRV"));
  EXPECT_EQ(body.at("client"), json::value("10.0.0.1"));
  EXPECT_TRUE(body.at("tcp").as_bool());
  EXPECT_EQ(body.at("size").to_number<int>(), 4096);
  EXPECT_THAT(std::string(call("GET", "/api/v1/resolve?name=x").json().at("client").as_string()),
              HasSubstr("127.0.0.1:"));
  EXPECT_EQ(call("GET", "/api/v1/resolve").status, 400);
  EXPECT_EQ(call("GET", "/api/v1/resolve?name=x&size=100").status, 400);
}

TEST_F(Operations, ExplainTakesTheSameQuestionAndALimit) {
  serve();
  const auto reply = call("GET", "/api/v1/explain?name=worker.corp&type=SRV&limit=20");
  EXPECT_EQ(reply.json().at("explained"), json::value("worker.corp"));
  EXPECT_EQ(reply.json().at("type"), json::value("SRV"));
  EXPECT_EQ(reply.json().at("limit").to_number<int>(), 20);
  EXPECT_EQ(reply.header("x-dnsd-index"), "1");
  EXPECT_EQ(call("GET", "/api/v1/explain?name=x").json().at("limit").to_number<int>(), 1000);
  EXPECT_EQ(call("GET", "/api/v1/explain").status, 400);
  EXPECT_EQ(call("GET", "/api/v1/explain?name=x&limit=10001").status, 400);
}

TEST_F(Operations, StatusAndMetricsCountWhatIsThere) {
  serve();
  make_namespace();
  put_instance("worker.corp", "w1");
  const auto status = call("GET", "/api/v1/status").json();
  EXPECT_EQ(status.at("version"), json::value("test"));
  EXPECT_EQ(status.at("registry").at("instances").to_number<int>(), 1);
  EXPECT_EQ(status.at("store").at("kind"), json::value("memory"));
  const auto metrics = call("GET", "/metrics");
  EXPECT_THAT(metrics.header("content-type"), HasSubstr("version=0.0.4"));
  EXPECT_THAT(metrics.body, HasSubstr("# TYPE dnsd_registry_instances gauge\ndnsd_registry_instances 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("dnsd_http_responses_total{code=\"201\"} 2\n"));
  EXPECT_THAT(metrics.body, HasSubstr("dnsd_dns_test 1\n"));
  EXPECT_THAT(metrics.body, HasSubstr("# TYPE dnsd_propagation_seconds histogram\n"));
  EXPECT_THAT(metrics.body, HasSubstr("dnsd_propagation_seconds_bucket{event=\"write\",le=\"0.0001\"} "));
  EXPECT_THAT(metrics.body, HasSubstr("dnsd_propagation_seconds_bucket{event=\"write\",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(metrics.body, HasSubstr("dnsd_propagation_seconds_count{event=\"write\"} 2\n"));
  EXPECT_THAT(metrics.body, HasSubstr("dnsd_propagation_seconds_count{event=\"probe\"} 0\n"));
}

TEST_F(Operations, EveryMetricHasItsTypeOnce) {
  serve();
  std::set<std::string> types;
  std::istringstream lines(call("GET", "/metrics").body);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      const auto name = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(types.insert(name).second) << line;
      if (line.ends_with(" histogram")) types.insert({name + "_bucket", name + "_sum", name + "_count"});
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(types.contains(line.substr(0, line.find_first_of(" {")))) << line;
    }
  }
  EXPECT_GT(types.size(), 20U);
}

TEST_F(Operations, ReadinessFollowsItsParts) {
  readiness_ = {.ready = false, .store = true, .zones = true, .dns = false};
  serve();
  const auto reply = call("GET", "/health/ready");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.json().at("detail").at("store"), json::value("ok"));
  EXPECT_EQ(reply.json().at("detail").at("dns"), json::value("starting"));
}

TEST_F(Operations, ReloadTellsWhatWasRefused) {
  serve();
  EXPECT_EQ(call("POST", "/-/reload").status, 200);
  on_control([&] { reload_ = std::unexpected(std::vector<std::string>{"zones/corp.zone:12: no such type"}); });
  const auto reply = call("POST", "/-/reload");
  EXPECT_EQ(reply.status, 422);
  EXPECT_THAT(reply.body, HasSubstr("zones/corp.zone:12"));
}

TEST_F(Operations, BackupOfAStoreInMemoryIsRefused) {
  serve();
  EXPECT_GE(call("GET", "/api/v1/backup").status, 400);
}

// A store whose backup is a file of known content.
class FileLog final : public registry::store::CommitLog {
 public:
  explicit FileLog(std::unique_ptr<CommitLog> inner) : inner_(std::move(inner)) {}
  std::expected<registry::store::Loaded, std::string> load() override { return inner_->load(); }
  void commit(const registry::Record& record, Committed done) override { inner_->commit(record, std::move(done)); }
  void write_behind(std::vector<registry::Effect> effects, registry::Revision reached) override {
    inner_->write_behind(std::move(effects), reached);
  }
  void backup(std::filesystem::path target, Committed done) override {
    auto* file = std::fopen(target.c_str(), "wb");
    const std::string block(1000, 'b');
    for (int i = 0; i < 300; ++i) std::fwrite(block.data(), 1, block.size(), file);
    std::fclose(file);
    made = target;
    done(std::nullopt);
  }
  void close(registry::Revision reached) override { inner_->close(reached); }
  registry::store::Stats stats() const override { return inner_->stats(); }
  std::filesystem::path made;

 private:
  std::unique_ptr<CommitLog> inner_;
};

class Backup : public Operations {
 protected:
  std::unique_ptr<registry::store::CommitLog> make_log() override {
    auto log = std::make_unique<FileLog>(Operations::make_log());
    file_log_ = log.get();
    return log;
  }
  FileLog* file_log_ = nullptr;
};

TEST_F(Backup, IsStreamedWholeAndLeavesNothingBehind) {
  serve();
  api::testing::Client client(port_);
  const auto reply = client.call("GET", "/api/v1/backup");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-length"), "300000");
  EXPECT_EQ(reply.body, std::string(300'000, 'b'));
  EXPECT_FALSE(on_control([&] { return std::filesystem::exists(file_log_->made.parent_path()); }));
  EXPECT_EQ(client.call("GET", "/health").status, 200) << "the connection goes on";
}

TEST_F(Operations, DescriptionIsTheTableOfRoutes) {
  serve();
  const auto document = call("GET", "/api/v1/openapi.json").json();
  const auto& paths = document.at("paths").as_object();
  std::size_t operations = 0;
  for (const auto& [path, methods] : paths) operations += methods.as_object().size();
  EXPECT_EQ(operations, routes().size());
  EXPECT_TRUE(paths.contains("/api/v1/services/{service}/instances/{id}"));
}

// Every route answers, and none with our own fault, an unknown path or an unknown method.
TEST_F(Operations, EveryRouteOfTheTableIsServed) {
  serve();
  make_namespace();
  put_instance("worker.corp", "w1", R"({"node":"n1","lease":"30s"})");
  const std::vector<std::pair<std::string, std::string>> places = {
      {"{namespace}", "corp"}, {"{service}", "worker.corp"}, {"{id}", "w1"}, {"{name}", "o1"}, {"{node}", "n1"}};
  for (const auto& route : routes()) {
    if (route.pattern == "/api/v1/watch") continue;  // never ends
    std::string path(route.pattern);
    for (const auto& [place, value] : places) {
      if (const auto at = path.find(place); at != std::string::npos) path.replace(at, place.size(), value);
    }
    const bool absent_ok = path.starts_with("/api/v1/overrides/");
    const auto reply = call(to_string(route.method), path, route.method == Method::get ? "" : "{}");
    EXPECT_NE(reply.status, 0) << path;
    EXPECT_NE(reply.status, 405) << path;
    EXPECT_NE(reply.status, 500) << path;
    if (!absent_ok) {
      EXPECT_THAT(reply.body, ::testing::Not(HasSubstr("urn:dnsd:problem:not-found"))) << path;
    }
    EXPECT_EQ(call(to_string(route.method), path + "?no_such_parameter=1").status, 400) << path;
  }
}

}  // namespace
}  // namespace api::native
