#include "dnsd/answers/publisher.h"

#include <random>

#include "dnsd/answers/generation.h"
#include "dnsd/answers/table.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

std::uint64_t random_key() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace

struct Publisher::Impl {
  Impl(PublisherOptions o, Reclaimer& r) : options(std::move(o)), reclaimer(r), table(random_key()) {}

  PublisherOptions options;
  Reclaimer& reclaimer;
  Table table;
  StaticZones zones;
  std::shared_ptr<Generation> generation;  // null until the first publish_all
  std::uint64_t published = 0;
};

Publisher::Publisher(PublisherOptions options, Reclaimer& reclaimer)
    : impl_(std::make_unique<Impl>(std::move(options), reclaimer)) {}
Publisher::~Publisher() = default;

const Table& Publisher::table() const { return impl_->table; }

void Publisher::set_static_zones(std::vector<StaticZone> namespaces, std::vector<StaticZone> alone) {
  impl_->zones.namespaces.clear();
  for (StaticZone& zone : namespaces) {
    std::string apex = fold_wire(zone.apex);
    impl_->zones.namespaces.insert_or_assign(std::move(apex), std::move(zone));
  }
  impl_->zones.alone = std::move(alone);
}

void Publisher::publish_all(const registry::Registry& registry, const registry::Now& now) {
  auto fresh = std::make_shared<Generation>(impl_->table, impl_->reclaimer, impl_->options, impl_->zones);
  fresh->load(registry, now);
  fresh->attach();
  if (impl_->generation) {
    impl_->generation->note_replaced();
    fresh->keep_last_sent(*impl_->generation, now);
    // Workers that still answer from the old generation tell it so: what they told is kept as well.
    impl_->reclaimer.retire([old = std::move(impl_->generation), into = std::weak_ptr(fresh), now] {
      if (const auto still = into.lock()) still->keep_last_sent(*old, now);
    });
  }
  impl_->generation = std::move(fresh);
  ++impl_->published;
  impl_->reclaimer.collect();
}

void Publisher::publish(const registry::Registry& registry, const registry::ChangeSet& changes,
                        const registry::Now& now) {
  if (!impl_->generation) {
    publish_all(registry, now);
    return;
  }
  Generation& generation = *impl_->generation;
  for (const std::string& apex : changes.touched_namespaces) {  // a new one comes before its services
    const auto* name_space = registry.find_namespace(apex);
    if (name_space != nullptr && !generation.put_namespace(registry, *name_space, now)) {
      publish_all(registry, now);
      return;
    }
  }
  for (const std::string& key : changes.touched_services) {
    if (const auto* service = registry.find_service(key)) {
      generation.put_service(registry, *service, now);
    } else {
      generation.remove_service(key, now);
    }
  }
  for (const std::string& apex : changes.touched_namespaces) {  // one that is gone goes after them
    if (registry.find_namespace(apex) == nullptr && !generation.remove_namespace(apex, now)) {
      publish_all(registry, now);
      return;
    }
  }
  for (const std::string& key : changes.horizons) {
    if (const auto* service = registry.find_service(key)) generation.set_horizon(*service);
  }
  generation.finish();
  ++impl_->published;
  impl_->reclaimer.collect();
}

void Publisher::set_reverse_serial(const std::string& apex, std::uint32_t serial) {
  impl_->zones.reverse_serials.insert_or_assign(apex, serial);
  if (impl_->generation) impl_->generation->set_reverse_serial(apex, serial);
}

std::optional<registry::Mono> Publisher::last_answered(std::string_view service) const {
  if (!impl_->generation) return std::nullopt;
  const std::uint32_t tick = impl_->generation->last_sent(std::string(service));
  return tick == 0 ? std::nullopt : std::optional(from_ticks(tick));
}

Publisher::Stats Publisher::stats() const {
  Stats stats = impl_->generation ? impl_->generation->stats() : Stats{};
  stats.retired = impl_->reclaimer.waiting();
  stats.published = impl_->published;
  return stats;
}

}  // namespace dnsd::answers
