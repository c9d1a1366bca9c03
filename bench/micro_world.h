// For the micro benchmarks: a registry, its publisher and a responder in one process, without sockets.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dnsd/answers/publisher.h"
#include "dnsd/answers/reclaim.h"
#include "dnsd/answers/table.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/serve/in_hand.h"
#include "dnsd/serve/responder.h"
#include "registry/registry.h"

namespace bench {

using Bytes = std::vector<std::uint8_t>;

// A name as text, in the wire form of a query for it.
inline Bytes query(const std::string& name, std::uint16_t type) {
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

inline registry::Now now() {
  return {std::chrono::steady_clock::now(), std::chrono::floor<registry::Millis>(std::chrono::system_clock::now())};
}

inline std::string service_name(int service) { return "svc" + std::to_string(service) + ".corp"; }

// With a default port and one named "http", as the load of ./dev bench registers them.
inline registry::InstanceDef instance(int service, int number, int weight = 10) {
  registry::InstanceDef def;
  def.id = def.label = "i" + std::to_string(number);
  const auto n = static_cast<std::uint32_t>(service * 8 + number + 1);
  def.addresses.v4 = registry::Ipv4{
      {10, static_cast<std::uint8_t>(n >> 16), static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)}};
  def.port = static_cast<std::uint16_t>(1024 + (service * 7 + number * 13) % 60000);
  def.ports["http"] = {*def.port, {}, {}};
  def.weight = static_cast<std::uint16_t>(weight);
  return def;
}

class World {
 public:
  World() : publisher_({}, reclaimer_), in_hand_(reclaimer_, dnsd::serve::kMaxBatch) {
    registry::NamespaceDef corp;
    corp.name = *registry::DomainName::parse("corp");
    apply({registry::PutNamespaceEffect{corp}});
    options_.allow_query = {*registry::parse_prefix("127.0.0.0/8")};
    responder_ = std::make_unique<dnsd::serve::Responder>(publisher_.table(), options_);
  }

  void add(int service, int instances, bool equal_weights = true, registry::ServicePolicy policy = {}) {
    std::vector<registry::Effect> effects;
    effects.emplace_back(
        registry::PutServiceEffect{*registry::DomainName::parse(service_name(service)), std::move(policy), true, 0});
    for (int i = 0; i < instances; ++i)
      effects.emplace_back(
          registry::PutInstanceEffect{service_name(service), instance(service, i, equal_weights ? 10 : i % 7 + 1), 0});
    apply(std::move(effects));
  }
  void publish_all() { publisher_.publish_all(registry_, now()); }

  registry::ChangeSet apply(std::vector<registry::Effect> effects) {
    registry::Record record;
    record.revision = registry_.reserve_revision();
    record.effects = std::move(effects);
    return registry_.apply(record, now());
  }
  void publish(const registry::ChangeSet& changes) { publisher_.publish(registry_, changes, now()); }

  // One batch, as a worker runs it but for its system calls. Each is a second of its own, so that samples differ.
  void respond(std::span<const dnsd::serve::Request> requests, std::span<dnsd::serve::Reply> replies) {
    const dnsd::serve::InHand::Scope in_hand(in_hand_);
    responder_->respond(requests, replies, {dnsd::answers::ticks_now(), ++second_});
    in_hand_.sent(replies);
  }

  [[nodiscard]] const dnsd::answers::Table& table() const { return publisher_.table(); }
  [[nodiscard]] dnsd::answers::Publisher::Stats stats() const { return publisher_.stats(); }

 private:
  dnsd::answers::Reclaimer reclaimer_;
  registry::Registry registry_;
  dnsd::answers::Publisher publisher_;
  dnsd::serve::InHand in_hand_;
  dnsd::serve::ResponderOptions options_;
  std::unique_ptr<dnsd::serve::Responder> responder_;
  std::uint64_t second_ = 0;
};

}  // namespace bench
