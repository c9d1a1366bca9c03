#include "dnsd/update/updates.h"

#include <utility>

#include <gtest/gtest.h>

#include "dnsd/answers/wire_name.h"
#include "registry/registry_fixture.h"

namespace dnsd::update {
namespace {

using wire::Rcode;
namespace type = wire::type;
namespace klass = wire::klass;

// A disk that is done when the test says so.
class SlowLog final : public registry::store::CommitLog {
 public:
  std::expected<registry::store::Loaded, std::string> load() override { return registry::store::Loaded{}; }
  void commit(const registry::Record&, Committed done) override { under_way_ = std::move(done); }
  void write_behind(std::vector<registry::Effect>, registry::Revision) override {}
  void backup(std::filesystem::path, Committed) override {}
  void close(registry::Revision) override {}
  [[nodiscard]] registry::store::Stats stats() const override { return {}; }

  [[nodiscard]] bool busy() const { return static_cast<bool>(under_way_); }
  void finish() { std::exchange(under_way_, nullptr)(std::nullopt); }

 private:
  Committed under_way_;
};

class UpdatesTest : public registry::Fixture {
 protected:
  UpdatesTest() {
    transfer::Settings settings;
    settings.zones[answers::to_wire("corp")].allow_update.emplace_back();
    catalog.configure(settings, {{}, {}, {}}, now);
  }
  // Another client's write; there is always one more.
  void write() {
    registry::PutInstance command{.service = registry::name("busy.corp"), .def = {}};
    command.def = instance("b" + std::to_string(written++), "10.9.9.9");
    writes.submit({command}, false, [](const registry::WriteResult&) {});
  }
  static wire::Message update(const std::string& name, bool unless_there) {
    wire::Message out;
    out.questions.push_back({answers::to_wire("corp"), type::soa, klass::in});
    const std::string owner = answers::to_wire(name);
    if (unless_there) out.sections[0].push_back({owner, type::any, klass::none, 0, {}});
    out.sections[1].push_back({owner, type::a, klass::in, 60, std::string("\x0a\0\0\x09", 4)});
    return out;
  }
  // Its reply lands in `replies`.
  void run(wire::Message message) {
    replies.emplace_back();
    updates.run(std::move(message),
                [this, at = replies.size() - 1](const transfer::ReplyParts& parts) { replies[at] = parts.rcode; });
  }

  SlowLog log_;
  transfer::Catalog catalog{registry, {}, [](const std::string&) {}};
  registry::WritePath writes{registry, log_, [this] { return now; },
                             [this](const registry::ChangeSet& changed) { catalog.publish(changed, now); }};
  Updates updates{registry, writes, catalog};
  std::vector<std::optional<Rcode>> replies;
  int written = 0;
};

TEST_F(UpdatesTest, PrerequisitesAreCheckedThoughWritesNeverPause) {
  write();
  run(update("one.race.corp", true));
  run(update("one.race.corp", true));
  for (int i = 0; i < 4; ++i) {
    write();
    log_.finish();
    EXPECT_TRUE(log_.busy()) << "there is no pause";
  }
  EXPECT_EQ(replies[0], Rcode::noerror);
  EXPECT_EQ(replies[1], Rcode::yxdomain);
}

TEST_F(UpdatesTest, StopFinishesWhatHasBegunAndTakesNothingMore) {
  write();
  run(update("a.race.corp", true));
  run(update("b.race.corp", true));
  run(update("c.race.corp", false));
  updates.stop();
  EXPECT_EQ(replies[1], Rcode::servfail) << "it stood in the line";
  run(update("d.race.corp", true));
  run(update("e.race.corp", false));
  EXPECT_EQ(replies[3], Rcode::servfail);
  EXPECT_EQ(replies[4], Rcode::servfail);
  bool drained = false;
  writes.drain([&] { drained = true; });
  while (log_.busy()) log_.finish();
  EXPECT_TRUE(drained);
  EXPECT_EQ(replies[0], Rcode::noerror);
  EXPECT_EQ(replies[2], Rcode::noerror);
}

TEST_F(UpdatesTest, OneMessageHasSoManyRecords) {
  auto message = update("a.many.corp", false);
  message.sections[1].resize(Updates::kMaxUpdateRecords, message.sections[1][0]);
  run(message);
  ASSERT_TRUE(log_.busy());
  log_.finish();
  EXPECT_EQ(replies[0], Rcode::noerror);
  message.sections[0].push_back({answers::to_wire("corp"), type::soa, klass::any, 0, {}});
  run(message);
  EXPECT_EQ(replies[1], Rcode::refused);
}

}  // namespace
}  // namespace dnsd::update
