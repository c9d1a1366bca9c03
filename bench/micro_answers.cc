// The answer path without sockets: parsing one query, finding its name, and query bytes -> reply bytes in batches of
// the size that a UDP worker gets under load.
#include <benchmark/benchmark.h>

#include <random>

#include "bench/micro_world.h"
#include "dnsd/wire/query.h"

namespace bench {
namespace {

using dnsd::serve::Reply;
using dnsd::serve::Request;
using dnsd::serve::Transport;
namespace type = dnsd::wire::type;

constexpr int kInstances = 4;
constexpr std::size_t kQueries = 1 << 16;  // so many different ones that the caches cannot hold what they touch
constexpr std::size_t kReplySize = 1232;

enum class Kind { a, srv, nodata, nxdomain, mixed };

Bytes make(Kind kind, const std::string& service, std::mt19937& pick) {
  switch (kind) {
    case Kind::a:
      return query(service, type::a);
    case Kind::srv:
      return query("_http._tcp." + service, type::srv);
    case Kind::nodata:
      return query(service, type::aaaa);
    case Kind::nxdomain:
      return query("nx" + std::to_string(pick()) + ".corp", type::a);
    case Kind::mixed:
      break;
  }
  const auto part = pick() % 100;  // the mix of ./dev bench
  return make(part < 70 ? Kind::a : part < 90 ? Kind::srv : part < 95 ? Kind::nodata : Kind::nxdomain, service, pick);
}

std::vector<Bytes> queries(Kind kind, int services) {
  std::mt19937 pick(1);
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < kQueries; ++i)
    out.push_back(make(kind, service_name(static_cast<int>(pick() % static_cast<unsigned>(services))), pick));
  return out;
}

World& world(int services) {  // one size at a time: building 100,000 services takes a while
  static std::unique_ptr<World> kept;
  static int size = 0;
  if (size != services) {
    kept = nullptr;
    kept = std::make_unique<World>();
    for (int s = 0; s < services; ++s) kept->add(s, kInstances);
    kept->publish_all();
    size = services;
  }
  return *kept;
}

// Runs batches of `packets`, in a circle.
void run(benchmark::State& state, World& at, const std::vector<Bytes>& packets, std::size_t batch, Transport transport,
         std::size_t room) {
  std::vector<Bytes> buffers(batch, Bytes(room));
  std::vector<Request> requests(batch);
  std::vector<Reply> replies(batch);
  std::size_t next = 0, octets = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i) {
      requests[i] = {packets[next], {{127, 0, 0, 1}, false, static_cast<std::uint16_t>(next)}, transport};
      replies[i] = {buffers[i], 0};
      if (++next == packets.size()) next = 0;
    }
    at.respond(requests, replies);
    octets += replies[0].size;
  }
  if (octets == 0) state.SkipWithError("no replies");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * batch));
  state.counters["octets"] = static_cast<double>(octets) / static_cast<double>(state.iterations());
}

void respond(benchmark::State& state, Kind kind) {
  const auto services = static_cast<int>(state.range(0));
  run(state, world(services), queries(kind, services), static_cast<std::size_t>(state.range(1)), Transport::udp,
      kReplySize);
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int services : {10, 10'000, 100'000, 250'000}) bench->Args({services, 16});
}
BENCHMARK_CAPTURE(respond, mixed, Kind::mixed)->Apply(sizes)->Args({10'000, 1})->Args({10'000, 64});
BENCHMARK_CAPTURE(respond, a, Kind::a)->Args({10, 16})->Args({10'000, 16});
BENCHMARK_CAPTURE(respond, srv, Kind::srv)->Args({10, 16})->Args({10'000, 16});
BENCHMARK_CAPTURE(respond, nodata, Kind::nodata)->Args({10, 16})->Args({10'000, 16});
BENCHMARK_CAPTURE(respond, nxdomain, Kind::nxdomain)->Args({10, 16})->Args({10'000, 16});

void parse(benchmark::State& state) {
  const auto packets = queries(Kind::a, 10'000);
  dnsd::wire::Query out;
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(dnsd::wire::parse(packets[next], out));
    next = (next + 1) % kQueries;
  }
}
BENCHMARK(parse);

// One name at a time, nothing prefetched: the whole latency of a look-up.
void find(benchmark::State& state) {
  const auto services = static_cast<int>(state.range(0));
  const auto& table = world(services).table();
  const auto packets = queries(Kind::a, services);
  dnsd::wire::Query q;
  std::array<std::uint64_t, dnsd::wire::kMaxLabels + 1> hash;
  std::size_t next = 0;
  for (auto _ : state) {
    static_cast<void>(dnsd::wire::parse(packets[next], q));
    dnsd::answers::hash_suffixes(q.folded, q.label_at, q.labels, table.key(), hash.data());
    benchmark::DoNotOptimize(table.closest({q.folded, q.label_at, hash.data(), q.name_size, q.labels}));
    next = (next + 1) % kQueries;
  }
}
BENCHMARK(find)->Arg(10)->Arg(10'000)->Arg(100'000);

// What choosing costs: one service, `instances` of equal or different weights, asked by different clients.
void vary(benchmark::State& state) {
  World own;
  registry::ServicePolicy policy;
  if (state.range(2) != 0) policy.order = registry::Order::stable;
  own.add(0, static_cast<int>(state.range(0)), state.range(1) == 0, policy);
  own.publish_all();
  run(state, own, {query(service_name(0), type::a)}, 16, Transport::udp, kReplySize);
}
BENCHMARK(vary)
    ->ArgNames({"instances", "weighted", "fixed"})
    ->Args({8, 0, 1})
    ->Args({8, 0, 0})
    ->Args({8, 1, 0})
    ->Args({40, 0, 1})
    ->Args({40, 0, 0})
    ->Args({40, 1, 0})
    ->Args({5000, 0, 0})
    ->Args({5000, 1, 0});

// A full message: 65,535 octets of SRV records, TC.
void large_srv(benchmark::State& state) {
  World own;
  own.add(0, static_cast<int>(state.range(0)));
  own.publish_all();
  run(state, own, {query("_http._tcp." + service_name(0), type::srv)}, 1, Transport::tcp, 65'535);
}
BENCHMARK(large_srv)->Arg(100)->Arg(1000)->Arg(5000);

}  // namespace
}  // namespace bench
