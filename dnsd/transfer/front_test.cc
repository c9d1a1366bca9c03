#include "dnsd/transfer/front.h"

#include <gtest/gtest.h>

#include "dnsd/answers/table.h"
#include "dnsd/answers/wire_name.h"
#include "registry/registry_fixture.h"

namespace dnsd::transfer {
namespace {

class FrontTest : public registry::Fixture {
 protected:
  FrontTest() {
    Settings settings;
    settings.zones[answers::to_wire("corp")].allow_update.emplace_back();
    front.configure(settings);
    front.start();
  }
  void take_all() {
    for (int i = 0; i < 1'000 && !(io.poll() == 0 && i > 10); ++i) io.restart();
    std::vector<std::uint8_t> buffer(serve::Handoff::kBuffer);
    EXPECT_FALSE(handoff.receive(buffer)) << "something still waits";
  }

  boost::asio::io_context io;
  serve::Handoff handoff;
  answers::Table table{1};
  Catalog catalog{registry, {}, [](const std::string&) {}};
  Front front{io,
              {.handoff = handoff,
               .table = table,
               .responder = {},
               .catalog = catalog,
               .notified = [](const auto&, const auto&, auto) { return wire::Rcode::refused; },
               .update = [](wire::Message, Front::Replied done) { done({}); }}};
};

// A connection whose descriptor cannot be had twice (there are none left): it is gone, and its place is free.
TEST_F(FrontTest, AConnectionThatNeverBeganKeepsNoPlace) {
  for (std::size_t i = 0; i < 2 * Front::kMaxSessionsOfClient; ++i) {
    ASSERT_TRUE(handoff.give_connection(std::make_unique<serve::HandedConnection>()));
    take_all();
  }
  EXPECT_EQ(front.counts().sessions_refused, 0U);
}

}  // namespace
}  // namespace dnsd::transfer
