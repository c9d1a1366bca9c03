// The control plane without sockets: decoding a registration, a commit from its commands to the registry, restoring a
// store, heartbeats, log rows; and what an instance costs in memory. Services of four instances each.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "registry/codec/codec.h"
#include "registry/registry.h"
#include "registry/store/memory_log.h"
#include "registry/write/write_path.h"

namespace {

using registry::Command;
using registry::Effect;

constexpr int kInstances = 4;  // of each service
constexpr int kBatch = 1000;   // operations of one POST

const char* const kLean = R"({"address":"10.1.2.3","port":8080})";
const char* const kRich =
    R"({"address":"10.1.2.3","port":8080,"ports":{"metrics":9100},"zone":"az1","tags":["v2","blue"],
"meta":{"commit":"4c1f9a2"},"node":"host-17","lease":"30s","checks":[{"http":"/healthz"}]})";

registry::Now now() {
  return {std::chrono::steady_clock::now(), std::chrono::floor<registry::Millis>(std::chrono::system_clock::now())};
}

registry::codec::InstanceContext context(int number) {
  registry::codec::InstanceContext out;
  out.service = *registry::DomainName::parse("service-" + std::to_string(number / kInstances) + ".corp");
  out.id = "i" + std::to_string(number % kInstances);
  return out;
}

registry::PutInstance registration(const char* body, int number) {
  const auto where = context(number);
  auto def = registry::codec::parse_instance(*registry::codec::parse_document(body), where);
  def->addresses.v4->octets = {10, static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8),
                               static_cast<std::uint8_t>(number)};
  return {where.service, *std::move(def), {}};
}

const char* body_of(const benchmark::State& state) { return state.range(0) == 0 ? kLean : kRich; }

// A registry behind a write path whose log answers at once.
class World {
 public:
  World() {
    registry::NamespaceDef corp;
    corp.name = *registry::DomainName::parse("corp");
    submit({registry::PutNamespace{corp}});
  }
  void submit(std::vector<Command> commands) {
    writes_.submit(std::move(commands), false, [](registry::WriteResult) {});
    while (posted_) std::exchange(posted_, nullptr)();
  }
  void fill(const char* body, int count) {
    for (int first = 0; first < count; first += kBatch) {
      std::vector<Command> commands;
      for (int i = first; i < std::min(first + kBatch, count); ++i) commands.emplace_back(registration(body, i));
      submit(std::move(commands));
    }
  }
  registry::Registry& registry() { return registry_; }

 private:
  registry::Registry registry_;
  std::move_only_function<void()> posted_;
  registry::store::MemoryLog log_{[this](std::move_only_function<void()> work) { posted_ = std::move(work); }};
  registry::WritePath writes_{registry_, log_, now, [](const registry::ChangeSet&) {}};
};

void DecodeRegistration(benchmark::State& state) {
  const std::string body = body_of(state);
  const auto where = context(1);
  for (auto _ : state) {
    const auto document = registry::codec::parse_document(body);
    benchmark::DoNotOptimize(registry::codec::parse_instance(*document, where));
  }
}
BENCHMARK(DecodeRegistration)->ArgName("rich")->Arg(0)->Arg(1);

// New instances, a batch at a time; the time is per instance.
void Commit(benchmark::State& state) {
  World world;
  int next = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<Command> commands;
    for (int i = 0; i < kBatch; ++i) commands.emplace_back(registration(body_of(state), next++));
    state.ResumeTiming();
    world.submit(std::move(commands));
  }
  state.SetItemsProcessed(next);
}
BENCHMARK(Commit)->ArgName("rich")->Arg(0)->Arg(1)->Unit(benchmark::kMicrosecond);

void Heartbeat(benchmark::State& state) {
  constexpr int kCount = 100'000;
  World world;
  world.fill(kRich, kCount);
  std::vector<std::pair<std::string, std::string>> names;
  for (int i = 0; i < kCount; ++i) names.emplace_back(context(i).service.key(), context(i).id);
  auto time = now();
  std::size_t at = 0;
  for (auto _ : state) {
    const auto& [service, id] = names[at = (at + 7919) % names.size()];
    time.mono += std::chrono::microseconds(20);
    benchmark::DoNotOptimize(world.registry().heartbeat(service, id, {}, {}, {}, time));
  }
}
BENCHMARK(Heartbeat);

Effect effect_of(const char* body, int number) {
  auto put = registration(body, number);
  return registry::PutInstanceEffect{put.service.key(), std::move(put.def), 7, 7};
}

void EncodeRow(benchmark::State& state) {
  const Effect effect = effect_of(body_of(state), 1);
  for (auto _ : state) benchmark::DoNotOptimize(registry::codec::encode(effect));
}
BENCHMARK(EncodeRow)->ArgName("rich")->Arg(0)->Arg(1);

void DecodeRow(benchmark::State& state) {
  const auto row = registry::codec::encode(effect_of(body_of(state), 1));
  for (auto _ : state) benchmark::DoNotOptimize(registry::codec::decode(row.key, row.body));
}
BENCHMARK(DecodeRow)->ArgName("rich")->Arg(0)->Arg(1);

std::vector<Effect> stored(const char* body, int count) {
  std::vector<Effect> effects;
  registry::NamespaceDef corp;
  corp.name = *registry::DomainName::parse("corp");
  effects.emplace_back(registry::PutNamespaceEffect{corp, 1, 1});
  for (int i = 0; i < count; ++i) {
    if (i % kInstances == 0) effects.emplace_back(registry::PutServiceEffect{context(i).service, {}, false, 2, 2});
    effects.push_back(effect_of(body, i));
  }
  return effects;
}

// All of a store into an empty registry, and what that takes of the heap; time and bytes are per instance.
void Restore(benchmark::State& state) {
  const auto count = static_cast<int>(state.range(1));
  double bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    auto effects = stored(body_of(state), count);
    auto real = std::make_unique<registry::Registry>();
    state.ResumeTiming();
    (void)real->restore(std::move(effects), 1000, now());
    state.PauseTiming();
    effects = {};
    const auto full = mallinfo2();
    real.reset();
    const auto freed = mallinfo2();
    bytes = static_cast<double>(full.uordblks + full.hblkhd) - static_cast<double>(freed.uordblks + freed.hblkhd);
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations() * count);
  state.counters["bytes"] = bytes / count;
}
BENCHMARK(Restore)
    ->ArgNames({"rich", "instances"})
    ->Args({0, 200'000})
    ->Args({1, 200'000})
    ->Unit(benchmark::kMillisecond);

}  // namespace
