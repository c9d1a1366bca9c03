// Live reverse zones as their secondaries get them.
#include <gtest/gtest.h>

#include "dnsd/answers/reverse.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/transfer/catalog.h"
#include "dnsd/wire/query.h"
#include "registry/registry_fixture.h"

namespace dnsd::transfer {
namespace {

std::string reverse_of(std::string_view address) { return answers::reverse_name(*registry::parse_ipv4(address)); }

class ReverseCatalog : public registry::Fixture {
 protected:
  ReverseCatalog() : catalog(registry, {}, [this](const std::string&) { ++moved; }) {
    settings.zones[apex].allow_transfer.emplace_back();
    configure();
  }
  void configure() { catalog.configure(settings, {files, files, zones}, now); }
  void put_web(std::string id, std::string_view address) {
    ASSERT_TRUE(put_instance("web.corp", instance(std::move(id), address)));
    catalog.publish(changes, now);
  }
  std::map<std::string, std::string> pointers() {  // owner -> target
    std::map<std::string, std::string> out;
    const auto content = catalog.find(apex);
    for (auto walk = content->walk(); const auto records = walk->next();) {
      records->each([&](const RecordView& r) {
        if (r.type == wire::type::ptr) out.emplace(r.owner, r.rdata);
      });
    }
    return out;
  }
  std::uint32_t serial() { return catalog.find(apex)->soa().serial; }

  const std::vector<answers::StaticZone> files;
  std::vector<answers::ReverseZone> zones{{*registry::parse_prefix("10.0.0.0/8")}};
  const std::string apex = answers::reverse_apex(zones[0].prefix);
  Settings settings;
  int moved = 0;
  Catalog catalog;
};

TEST_F(ReverseCatalog, HoldsThePointersOfItsBlockOnly) {
  put_web("i1", "10.0.0.1");
  put_web("i2", "192.0.2.1");
  EXPECT_EQ(pointers(),
            (std::map<std::string, std::string>{{reverse_of("10.0.0.1"), answers::to_wire("i1.web.corp")}}));
}

TEST_F(ReverseCatalog, MovesWithItsPointersAndWithNothingElse) {
  for (int i = 1; i < 20; ++i) put_web("i" + std::to_string(i), "10.0.0." + std::to_string(i));
  const auto before = serial();
  const int told = moved;
  put_web("out", "192.0.2.1");  // outside
  put_web("i1", "10.0.0.1");    // the same again
  EXPECT_EQ(serial(), before);
  EXPECT_EQ(moved, told);
  put_web("i1", "10.0.0.99");
  EXPECT_GT(serial(), before);
  EXPECT_EQ(moved, told + 1);
  const auto steps = catalog.find(apex)->steps_since(before);
  ASSERT_TRUE(steps);
  EXPECT_EQ(steps->size(), 1U);
  EXPECT_EQ((*steps)[0]->difference.removed.count(), 1U);
  EXPECT_EQ((*steps)[0]->difference.added.count(), 1U);
}

TEST_F(ReverseCatalog, ItsSerialIsNeverBehindTheRevisionItShows) {
  put_web("i1", "10.0.0.1");
  EXPECT_EQ(serial(), static_cast<std::uint32_t>(registry.revision()));
  Catalog after_a_restart(registry, {}, [](const std::string&) {});
  after_a_restart.configure(settings, {files, files, zones}, now);
  const auto restarted = after_a_restart.find(apex)->soa().serial;
  EXPECT_GT(restarted, serial()) << "what the configuration changed meanwhile is not known";
  put_web("i2", "10.0.0.2");
  EXPECT_GT(serial(), restarted) << "no serial is given twice";
}

TEST_F(ReverseCatalog, AZoneInsideIsACut) {
  put_web("i1", "10.9.0.1");
  EXPECT_EQ(pointers().size(), 1U);
  zones.push_back({*registry::parse_prefix("10.9.0.0/16")});
  configure();
  EXPECT_TRUE(pointers().empty());
}

}  // namespace
}  // namespace dnsd::transfer
