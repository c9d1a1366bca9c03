// For tests: a write path over a log that answers when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "registry/codec/codec.h"
#include "registry/registry_fixture.h"
#include "registry/write/write_path.h"

namespace registry::write_test {

using namespace std::chrono_literals;

// A log that answers when the test says so.
class FakeLog final : public store::CommitLog {
 public:
  std::expected<store::Loaded, std::string> load() override { return store::Loaded{}; }
  void commit(const Record& record, Committed done) override {
    EXPECT_FALSE(under_way_) << "one commit is outstanding at a time";
    records.push_back(record);
    under_way_ = std::move(done);
  }
  void write_behind(std::vector<Effect> effects, Revision reached) override {
    EXPECT_GE(reached, reached_);
    reached_ = reached;
    for (const Effect& effect : effects) behind.push_back(codec::encode(effect).key);
  }
  void backup(std::filesystem::path, Committed) override {}
  void close(Revision) override {}
  [[nodiscard]] store::Stats stats() const override { return {}; }

  [[nodiscard]] bool busy() const { return static_cast<bool>(under_way_); }
  void finish(std::optional<Problem> failure = std::nullopt) { std::exchange(under_way_, nullptr)(std::move(failure)); }

  std::vector<Record> records;
  std::vector<std::string> behind;  // keys

 private:
  Committed under_way_;
  Revision reached_ = 0;
};

inline Problem disk_full() { return {ProblemKind::disk_full, "full", {}, {}}; }
inline PutInstance put(std::string id, std::uint16_t weight = 10, std::string service = "worker.corp") {
  PutInstance command{.service = name(service), .def = {}};
  command.def.id = command.def.label = std::move(id);
  command.def.addresses.v4 = Ipv4{{10, 0, 0, 1}};
  command.def.port = 80;
  command.def.weight = weight;
  return command;
}

inline PutInstance with_checks(PutInstance command) {
  CheckDef tcp, lease;
  tcp.name = "tcp";
  lease.name = "lease";
  lease.kind = CheckKind::heartbeat;
  lease.lease = 30s;
  command.def.checks = {tcp, lease};
  return command;
}

class WritePathTest : public ::testing::Test {
 protected:
  void SetUp() override {
    NamespaceDef corp;
    corp.name = name("corp");
    submit({PutNamespace{corp}});
    log.finish();
    answers.clear();
    published.clear();
    log.records.clear();
    log.behind.clear();
  }

  // Its answer lands in `answers` at the place of the submission.
  std::size_t submit(std::vector<Command> commands, bool atomic = false) {
    const std::size_t place = answers.size();
    answers.emplace_back();
    writes.submit(std::move(commands), atomic, [this, place](WriteResult result) {
      order.push_back(place);
      answers[place] = std::move(result);
    });
    return place;
  }
  Outcome outcome(std::size_t place, std::size_t command = 0) { return answers[place]->results.at(command).value(); }
  ProblemKind problem(std::size_t place, std::size_t command = 0) {
    const auto& result = answers[place]->results.at(command);
    EXPECT_FALSE(result);
    return result ? ProblemKind::forbidden : result.error().kind;
  }

  Now now{.mono = Mono(1h), .wall = Wall(1'767'225'600'000ms)};
  Registry registry;
  FakeLog log;
  std::vector<ChangeSet> published;
  std::function<void(const ChangeSet&)> on_publish;
  WritePath writes{registry, log, [this] { return now; },
                   [this](const ChangeSet& changes) {
                     published.push_back(changes);
                     if (on_publish) on_publish(changes);
                   },
                   8};
  std::vector<std::optional<WriteResult>> answers;
  std::vector<std::size_t> order;
};

}  // namespace registry::write_test
