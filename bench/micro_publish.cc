// What a change costs, apart from the store: applying it to the registry, and publishing it to the name table; and what
// the table costs in memory.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include "bench/micro_world.h"

namespace bench {
namespace {

World& world(int services, int instances) {
  static std::unique_ptr<World> kept;
  static std::pair<int, int> size;
  if (size != std::pair(services, instances)) {
    kept = nullptr;
    kept = std::make_unique<World>();
    for (int s = 0; s < services; ++s) kept->add(s, instances);
    kept->publish_all();
    size = {services, instances};
  }
  return *kept;
}

// An instance gets another weight, services in turn.
void change(benchmark::State& state, bool publish) {
  const auto services = static_cast<int>(state.range(0)), instances = static_cast<int>(state.range(1));
  auto& at = world(services, instances);
  int next = 0;
  for (auto _ : state) {
    const int service = static_cast<int>(std::int64_t{next} * 7919 % services);
    const auto changes = at.apply(
        {registry::PutInstanceEffect{service_name(service), instance(service, next % instances, next % 100 + 1), 0}});
    if (publish) at.publish(changes);
    ++next;
  }
}
void sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"services", "instances"})->Args({10, 4})->Args({100'000, 4})->Args({1, 1000})->Args({1, 5000});
}
BENCHMARK_CAPTURE(change, applied, false)->Apply(sizes)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(change, published, true)->Apply(sizes)->Unit(benchmark::kMicrosecond);

// A service comes and goes, beside so many others: the list of services changes each time.
void come_and_go(benchmark::State& state) {
  const auto services = static_cast<int>(state.range(0));
  auto& at = world(services, 4);
  for (auto _ : state) {
    at.publish(at.apply({registry::PutServiceEffect{*registry::DomainName::parse("zz.corp"), {}, true, 0},
                         registry::PutInstanceEffect{"zz.corp", instance(0, 0), 0}}));
    at.publish(at.apply({registry::DeleteServiceEffect{"zz.corp"}}));
  }
}
BENCHMARK(come_and_go)->Arg(10)->Arg(2'000)->Arg(100'000)->Unit(benchmark::kMicrosecond);

// The ranks of a sticky service: of one instance that changed, and of all from nothing.
void sticky(benchmark::State& state, bool anew) {
  const auto instances = static_cast<int>(state.range(0));
  World own;
  own.add(0, instances);
  registry::ServicePolicy policy;
  policy.order = registry::Order::sticky;
  (void)own.apply({registry::PutServiceEffect{*registry::DomainName::parse(service_name(0)), policy, true, 0}});
  own.publish_all();
  int next = 0;
  for (auto _ : state) {
    const auto changes =
        own.apply({registry::PutInstanceEffect{service_name(0), instance(0, next % instances, next % 100 + 1), 0}});
    if (anew) {
      own.publish_all();
    } else {
      own.publish(changes);
    }
    ++next;
  }
}
BENCHMARK_CAPTURE(sticky, changed, false)->Arg(4)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(sticky, anew, true)->Arg(4)->Arg(100)->Arg(5000)->Unit(benchmark::kMicrosecond);

void memory(benchmark::State& state) {
  const auto services = static_cast<int>(state.range(0)), instances = static_cast<int>(state.range(1));
  for (auto _ : state) {
    World own;
    for (int s = 0; s < services; ++s) own.add(s, instances);
    const auto taken = [] {
      const auto m = ::mallinfo2();
      return m.uordblks + m.hblkhd;
    };
    const auto before = taken();
    own.publish_all();
    const double count = static_cast<double>(services) * instances;
    state.counters["table_octets"] = static_cast<double>(taken() - before) / count;
    state.counters["registry_octets"] = static_cast<double>(before) / count;
    state.counters["names_and_blocks"] = static_cast<double>(own.stats().bytes) / count;
  }
}
BENCHMARK(memory)
    ->ArgNames({"services", "instances"})
    ->Args({250'000, 4})
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bench
