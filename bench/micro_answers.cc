// The answer path without sockets: parsing one query, and query bytes -> reply bytes over a registry of `services`
// services of four instances each, in batches of the size that a UDP worker gets under load.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "dnsd/answers/publisher.h"
#include "dnsd/answers/reclaim.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/serve/responder.h"
#include "dnsd/wire/query.h"
#include "registry/registry.h"

namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr int kInstances = 4;
constexpr std::size_t kQueries = 1 << 16;  // so many different ones that the caches cannot hold what they touch
constexpr std::size_t kReplySize = 1232;

enum class Kind { a, srv, nodata, nxdomain };

Bytes query(const std::string& name, std::uint16_t type) {
  Bytes out{0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  for (std::size_t at = 0; at < name.size();) {
    const auto dot = std::min(name.find('.', at), name.size());
    out.push_back(static_cast<std::uint8_t>(dot - at));
    out.insert(out.end(), name.begin() + static_cast<std::ptrdiff_t>(at),
               name.begin() + static_cast<std::ptrdiff_t>(dot));
    at = dot + 1;
  }
  out.insert(out.end(), {0, 0, static_cast<std::uint8_t>(type), 0, 1});
  return out;
}

registry::Now now() {
  return {std::chrono::steady_clock::now(), std::chrono::floor<registry::Millis>(std::chrono::system_clock::now())};
}

registry::PutInstanceEffect instance(int service, int number) {
  registry::InstanceDef def;
  def.id = def.label = "i" + std::to_string(number);
  const int n = service * kInstances + number + 1;
  def.addresses.v4 = registry::Ipv4{
      {10, static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)}};
  def.port = static_cast<std::uint16_t>(1024 + service % 60000);
  return {"svc" + std::to_string(service) + ".corp", def, 0};
}

class World {
 public:
  explicit World(int services) : publisher_({}, reclaimer_), reader_(reclaimer_.add_reader()) {
    registry::Record record;
    registry::NamespaceDef corp;
    corp.name = *registry::DomainName::parse("corp");
    record.effects.emplace_back(registry::PutNamespaceEffect{corp});
    for (int s = 0; s < services; ++s) {
      const auto name = *registry::DomainName::parse("svc" + std::to_string(s) + ".corp");
      record.effects.emplace_back(registry::PutServiceEffect{name, {}, true, 0});
      for (int i = 0; i < kInstances; ++i) record.effects.emplace_back(instance(s, i));
    }
    record.revision = registry_.reserve_revision();
    registry::stamp_created(record);
    static_cast<void>(registry_.apply(record, now()));
    publisher_.publish_all(registry_, now());
    options_.allow_query = {*registry::parse_prefix("127.0.0.0/8")};
    responder_ = std::make_unique<dnsd::serve::Responder>(publisher_.table(), options_);
  }

  // One batch, as a worker runs it.
  void respond(std::span<const dnsd::serve::Request> requests, std::span<dnsd::serve::Reply> replies) {
    reclaimer_.online(reader_);
    responder_->respond(requests, replies, {dnsd::answers::ticks_now(), ++second_});
    dnsd::answers::Reclaimer::offline(reader_);
  }

  // Registers one instance anew and publishes it: what a change costs.
  void change(int service) {
    registry::Record record;
    record.effects.emplace_back(instance(service, 0));
    std::get<registry::PutInstanceEffect>(record.effects[0]).def.weight =
        static_cast<std::uint16_t>(++second_ % 100 + 1);
    record.revision = registry_.reserve_revision();
    publisher_.publish(registry_, registry_.apply(record, now()), now());
    reclaimer_.collect();
  }

 private:
  dnsd::answers::Reclaimer reclaimer_;
  registry::Registry registry_;
  dnsd::answers::Publisher publisher_;
  dnsd::answers::Reclaimer::Reader& reader_;
  dnsd::serve::ResponderOptions options_;
  std::unique_ptr<dnsd::serve::Responder> responder_;
  std::uint64_t second_ = 0;
};

std::vector<Bytes> queries(Kind kind, int services) {
  std::mt19937 pick(1);
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < kQueries; ++i) {
    const auto name = "svc" + std::to_string(pick() % static_cast<unsigned>(services)) + ".corp";
    switch (kind) {
      case Kind::a:
        out.push_back(query(name, dnsd::wire::type::a));
        break;
      case Kind::srv:
        out.push_back(query(name, dnsd::wire::type::srv));
        break;
      case Kind::nodata:
        out.push_back(query(name, dnsd::wire::type::aaaa));
        break;
      case Kind::nxdomain:
        out.push_back(query("nx" + std::to_string(pick()) + ".corp", dnsd::wire::type::a));
        break;
    }
  }
  return out;
}

World& world(int services) {  // one size at a time: building 100,000 services takes a while
  static std::unique_ptr<World> kept;
  static int size = 0;
  if (size != services) {
    kept = nullptr;
    kept = std::make_unique<World>(services);
    size = services;
  }
  return *kept;
}

void respond(benchmark::State& state, Kind kind) {
  const auto services = static_cast<int>(state.range(0));
  const auto batch = static_cast<std::size_t>(state.range(1));
  auto& at = world(services);
  const auto packets = queries(kind, services);
  std::vector<std::array<std::uint8_t, kReplySize>> buffers(batch);
  std::vector<dnsd::serve::Request> requests(batch);
  std::vector<dnsd::serve::Reply> replies(batch);
  std::size_t next = 0, octets = 0;
  for (auto _ : state) {
    for (std::size_t i = 0; i < batch; ++i) {
      requests[i] = {
          packets[next], {{127, 0, 0, 1}, false, static_cast<std::uint16_t>(next)}, dnsd::serve::Transport::udp};
      replies[i] = {buffers[i], 0};
      next = (next + 1) % kQueries;
    }
    at.respond(requests, replies);
    octets += replies[0].size;
  }
  if (octets == 0) state.SkipWithError("no replies");
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * batch));
}

void sizes(benchmark::internal::Benchmark* bench) {
  for (const int services : {10, 10'000, 100'000}) bench->Args({services, 16});
  bench->Args({10'000, 1});
}
BENCHMARK_CAPTURE(respond, a, Kind::a)->Apply(sizes);
BENCHMARK_CAPTURE(respond, srv, Kind::srv)->Apply(sizes);
BENCHMARK_CAPTURE(respond, nodata, Kind::nodata)->Apply(sizes);
BENCHMARK_CAPTURE(respond, nxdomain, Kind::nxdomain)->Apply(sizes);

void parse(benchmark::State& state) {
  const auto packets = queries(Kind::a, 10'000);
  dnsd::wire::Query out;
  std::size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(dnsd::wire::parse(packets[next], out));
    next = (next + 1) % kQueries;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(parse);

void publish_one_change(benchmark::State& state) {
  const auto services = static_cast<int>(state.range(0));
  auto& at = world(services);
  int next = 0;
  for (auto _ : state) {
    at.change(next);
    next = (next + 7919) % services;
  }
}
BENCHMARK(publish_one_change)->Arg(10)->Arg(10'000)->Arg(100'000);

}  // namespace
