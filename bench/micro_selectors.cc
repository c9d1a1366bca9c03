// What a selector costs at a large service, and what its tags cost at each publish. Tags: "half" is borne by every
// second instance, "few" by every hundredth.
#include <benchmark/benchmark.h>

#include "bench/micro_world.h"

namespace bench {
namespace {

using dnsd::serve::Reply;
using dnsd::serve::Request;
namespace type = dnsd::wire::type;

registry::InstanceDef tagged(int number, int tags) {
  registry::InstanceDef def = instance(0, number);
  for (int t = 0; t < tags; ++t) def.tags.push_back("tag" + std::to_string(t));
  if (number % 2 == 0) def.tags.emplace_back("half");
  if (number % 100 == 0) def.tags.emplace_back("few");
  return def;
}

World& world(int instances, registry::Order order) {  // one at a time
  static std::unique_ptr<World> kept;
  static std::pair<int, registry::Order> is;
  if (is != std::pair(instances, order)) {
    kept = std::make_unique<World>();
    registry::ServicePolicy policy;
    policy.order = order;
    kept->add(0, 0, true, policy);
    for (int i = 0; i < instances; ++i)
      (void)kept->apply({registry::PutInstanceEffect{service_name(0), tagged(i, 0), 0}});
    kept->publish_all();
    is = {instances, order};
  }
  return *kept;
}

void selected(benchmark::State& state, const char* name, std::uint16_t qtype, registry::Order order) {
  World& at = world(static_cast<int>(state.range(0)), order);
  const Bytes packet = query(name + service_name(0), qtype);
  Bytes buffer(1232);
  std::uint32_t n = 0;
  for (auto _ : state) {
    Request request{packet, {{127, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n), 1}, false, 4000}};
    Reply reply{buffer, 0};
    at.respond({&request, 1}, {&reply, 1});
    ++n;
    if (reply.size < 40) state.SkipWithError("no answer");
  }
}
#define SELECTED(NAME, TEXT, TYPE, ORDER) \
  BENCHMARK_CAPTURE(selected, NAME, TEXT, type::TYPE, registry::Order::ORDER)->Arg(10)->Arg(10'000)
SELECTED(plain, "", a, weighted);
SELECTED(plain_srv, "", srv, weighted);
SELECTED(all, "x._not.", a, weighted);
SELECTED(half, "half._tag.", a, weighted);
SELECTED(few, "few._tag.", a, weighted);
SELECTED(all_srv, "x._not.", srv, weighted);
SELECTED(few_srv, "few._tag.", srv, weighted);
SELECTED(sticky_all, "x._not.", a, sticky);
SELECTED(sticky_half, "half._tag.", a, sticky);
SELECTED(sticky_few, "few._tag.", a, sticky);

// One instance of so many gets another weight.
void publish(benchmark::State& state) {
  const auto instances = static_cast<int>(state.range(0)), tags = static_cast<int>(state.range(1));
  World own;
  own.add(0, 0);
  for (int i = 0; i < instances; ++i)
    (void)own.apply({registry::PutInstanceEffect{service_name(0), tagged(i, tags), 0}});
  own.publish_all();
  int next = 0;
  for (auto _ : state) {
    auto def = tagged(next % instances, tags);
    def.weight = static_cast<std::uint16_t>(next++ % 100 + 1);
    own.publish(own.apply({registry::PutInstanceEffect{service_name(0), std::move(def), 0}}));
  }
}
BENCHMARK(publish)
    ->ArgNames({"instances", "tags"})
    ->Args({10'000, 0})
    ->Args({10'000, 5})
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace bench
