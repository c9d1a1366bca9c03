// What a secondary gets of one service.
#include "dnsd/transfer/view.h"

#include <gtest/gtest.h>

#include <map>

#include "dnsd/answers/block_builder.h"
#include "dnsd/transfer/test_names.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {
namespace {

namespace type = wire::type;
using Ttls = std::map<std::uint16_t, std::uint32_t>;  // by type

class ServiceView : public testing::Test {
 protected:
  ServiceView() {
    registry::NamespaceDef corp;
    corp.name = *registry::DomainName::parse("corp");
    effect(registry::PutNamespaceEffect{corp});
    registry::ServicePolicy policy;
    policy.ttl = registry::Millis(60'000);
    policy.min_ttl = registry::Millis(2'000);
    effect(registry::PutServiceEffect{*registry::DomainName::parse("web.corp"), policy, true, 0});
    for (const char* id : {"i1", "i2"}) {
      registry::InstanceDef def;
      def.id = def.label = id;
      def.addresses.v4 = registry::parse_ipv4("10.0.0.1");
      def.port = 80;
      def.meta = {{"k", "v"}};
      effect(registry::PutInstanceEffect{"web.corp", def, 0});
    }
  }
  void effect(registry::Effect effect) {
    registry::Record record{registry.reserve_revision(), now.wall, {}};
    record.effects.push_back(std::move(effect));
    registry.apply(record, now);
  }
  // Of the records at a name.
  Ttls ttls(const std::string& name) {
    const auto block = answers::build_block(registry, *registry.find_service("web.corp"), now);
    Ttls out;
    service_records(*block, wire_of("corp"), 5).each([&](const RecordView& record) {
      if (record.owner == wire_of(name)) out[record.type] = record.ttl;
    });
    return out;
  }

  registry::Now now{registry::Mono(std::chrono::hours(1)), registry::Wall(std::chrono::hours(500'000))};
  registry::Registry registry;
};

// Whoever got an SRV record before the drain may ask a secondary for the target until that record ends.
TEST_F(ServiceView, TheOwnNamesOfAnInstanceThatDrainsLiveForMinTtl) {
  const Ttls whole{{type::a, 60}, {type::srv, 60}, {type::txt, 60}}, sd{{type::srv, 60}, {type::txt, 60}};
  EXPECT_EQ(ttls("i1.web.corp"), whole);
  EXPECT_EQ(ttls("i1._web._tcp.corp"), sd);
  effect(registry::DrainEffect{"web.corp", "i1", now.wall, {}});
  EXPECT_EQ(ttls("i1.web.corp"), (Ttls{{type::a, 2}, {type::srv, 2}, {type::txt, 2}}));
  EXPECT_EQ(ttls("i1._web._tcp.corp"), (Ttls{{type::srv, 2}, {type::txt, 2}}));
  EXPECT_EQ(ttls("i2.web.corp"), whole);
  EXPECT_EQ(ttls("web.corp").at(type::srv), 60U);
  effect(registry::DrainEffect{"web.corp", "i1", now.wall, now.wall + registry::Millis(90'000)});
  EXPECT_EQ(ttls("i1.web.corp").at(type::a), 2U) << "a secondary sees no time pass";
  effect(registry::DrainEffect{"web.corp", "i1", {}, {}});
  EXPECT_EQ(ttls("i1.web.corp"), whole);
}

}  // namespace
}  // namespace dnsd::transfer
