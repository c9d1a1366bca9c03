// Random commands and observations against a second, naive registry: plain maps, every rule spelled out again, no
// index, nothing derived. What differs is a bug in one of the two.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "registry/core.h"
#include "registry/registry_fixture.h"

namespace registry {
namespace {

struct ModelInstance {
  InstanceDef def;
  std::optional<bool> probed;    // the last verdict; the check flips with every result
  std::optional<Mono> deadline;  // of the lease
  bool over = false;             // the lease ended at `deadline`
  bool draining = false;

  [[nodiscard]] bool has(CheckKind kind) const {
    return std::any_of(def.checks.begin(), def.checks.end(), [&](const CheckDef& c) { return c.kind == kind; });
  }
  [[nodiscard]] bool available(bool overridden) const {
    return !overridden && !draining && !over && (!has(CheckKind::tcp) || probed == true);
  }
};

struct Model {
  std::map<std::string, std::map<std::string, ModelInstance>> services;
  std::set<std::string> declared;
  std::optional<std::string> down;  // the service that an override takes out
};

constexpr Millis kLease = 10s, kKept = 40s;

class ModelTest : public Fixture, public testing::WithParamInterface<unsigned> {
 protected:
  ModelTest() : Fixture({.enabled = false}) {}  // mass expiry is the guard's own test

  int pick(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string any_service() { return fmt::format("s{}.corp", pick(4)); }
  std::string any_id() { return fmt::format("{}{}", pick(8) == 0 ? "I" : "i", pick(5)); }

  InstanceDef any_instance() {
    InstanceDef def = instance(any_id(), fmt::format("10.0.0.{}", 1 + pick(2)));
    def.node = pick(2) == 0 ? "" : fmt::format("Node{}", pick(3));
    def.weight = static_cast<std::uint16_t>(10 + pick(2));
    def.deregister_after = kKept;
    CheckDef check = tcp_check();
    check.rise = check.fall = check.ok = 1;
    if (pick(2) == 0) def.checks.push_back(check);
    if (pick(2) == 0) def.checks.push_back(lease(kLease));
    return def;
  }

  ModelInstance* find(const std::string& service, const std::string& id) {
    const auto it = model_.services.find(service);
    if (it == model_.services.end()) return nullptr;
    const auto found = it->second.find(id);
    return found == it->second.end() ? nullptr : &found->second;
  }

  void store() {
    auto effects = registry.observed(changes);
    log.insert(log.end(), effects.begin(), effects.end());
  }

  void model_put(const std::string& service, const InstanceDef& def) {
    ModelInstance& m = model_.services[service][def.id];
    const bool same_target = m.def.addresses == def.addresses && m.has(CheckKind::tcp);
    m.def = def;
    if (!same_target || !m.has(CheckKind::tcp)) m.probed.reset();
    m.over = false;
    m.deadline = m.has(CheckKind::heartbeat) ? std::optional(now.mono + kLease) : std::nullopt;
  }

  void register_one() {
    const std::string service = any_service();
    const InstanceDef def = any_instance();
    bool clash = false;
    for (const auto& [id, m] : model_.services[service]) clash |= id != def.id && fold(id) == fold(def.id);
    const ModelInstance* const present = find(service, def.id);
    const bool equal = present != nullptr && present->def == def && !present->over;
    const bool fresh_service = model_.services[service].empty() && registry.find_service(service) == nullptr;
    const auto outcome = put_instance(service, def);
    if (clash) {
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().kind, ProblemKind::name_conflict);
      if (fresh_service) model_.services.erase(service);
      return;
    }
    ASSERT_TRUE(outcome) << outcome.error().detail;
    EXPECT_EQ(*outcome, equal ? Outcome::unchanged : present != nullptr ? Outcome::replaced : Outcome::created);
    if (equal) changes = registry.renew_lease(service, def.id, now);
    model_put(service, def);
  }

  void remove_one() {
    const std::string service = any_service(), id = any_id();
    const auto outcome = put(DeleteInstance{name(service), id});
    ASSERT_TRUE(outcome);
    EXPECT_EQ(*outcome, find(service, id) != nullptr ? Outcome::removed : Outcome::absent);
    if (find(service, id) != nullptr) model_.services[service].erase(id);
  }

  void service_command() {
    const std::string service = any_service();
    if (pick(3) == 0) {
      const auto outcome = put(DeleteService{name(service), true, {}});
      ASSERT_TRUE(outcome);
      EXPECT_EQ(*outcome, model_.services.contains(service) ? Outcome::removed : Outcome::absent);
      model_.services.erase(service);
      model_.declared.erase(service);
    } else {
      ASSERT_TRUE(put_service(service));
      model_.services[service];
      model_.declared.insert(service);
    }
  }

  void drain_command() {
    const std::string service = any_service(), id = any_id();
    const bool start = pick(2) == 0;
    const auto outcome = start ? put(DrainInstance{name(service), id}) : put(UndrainInstance{name(service), id});
    ModelInstance* const m = find(service, id);
    ASSERT_EQ(outcome.has_value(), m != nullptr);
    if (m == nullptr) return;
    EXPECT_EQ(*outcome, m->draining == start ? Outcome::unchanged : Outcome::replaced);
    m->draining = start;
  }

  void override_command() {
    if (model_.down) {
      EXPECT_EQ(*put(DeleteOverride{"o"}), Outcome::removed);
      model_.down.reset();
      return;
    }
    OverrideDef def;
    def.name = "o";
    def.service = *(model_.down = any_service());
    EXPECT_EQ(*put(PutOverride{def}), Outcome::created);
  }

  void observation() {
    const std::string service = any_service(), id = any_id();
    ModelInstance* const m = find(service, id);
    if (pick(2) == 0) {
      const bool good = pick(2) == 0;
      probe(service, id, good ? Verdict::ok : Verdict::failed);
      if (m != nullptr && m->has(CheckKind::tcp)) m->probed = good;
      return;
    }
    const auto refused_as = beat(service, id);
    const bool lives = m != nullptr && m->deadline && (!m->over || now.mono < *m->deadline + kKept);
    ASSERT_EQ(!refused_as, lives);
    if (!lives) return;
    m->deadline = now.mono + kLease;
    m->over = false;
  }

  void time_passes() {
    pass(Millis(pick(6'000)));
    store();
    for (auto& [service, instances] : model_.services) {
      for (auto& [id, m] : instances) m.over |= m.deadline && *m.deadline <= now.mono;
    }
    EXPECT_GT(registry.next_deadline(), now.mono);
    for (const auto& ref : registry.due(now, 100).instances) {
      const ModelInstance* const m = find(ref.service, ref.id);
      ASSERT_TRUE(m != nullptr && m->over && *m->deadline + kKept <= now.mono) << ref.service << '/' << ref.id;
      EXPECT_EQ(*put(DeleteInstance{name(ref.service), ref.id, {}, true}), Outcome::removed);
      store();
      model_.services[ref.service].erase(ref.id);
    }
    for (const auto& [service, instances] : model_.services) {
      for (const auto& [id, m] : instances) EXPECT_FALSE(m.over && *m.deadline + kKept <= now.mono) << service << id;
    }
    for (const std::string& service : registry.due(now, 100).services) {
      EXPECT_TRUE(model_.services[service].empty() && !model_.declared.contains(service));
      EXPECT_EQ(*put(DeleteService{name(service), false, {}, true}), Outcome::removed);
      store();
      model_.services.erase(service);
    }
    changes = {};
  }

  // A batch that is rolled back leaves no effect, whatever was in it.
  void abandoned_batch() {
    Transaction transaction(registry, now);
    for (int i = 0; i < 8; ++i) {
      const std::string service = any_service();
      (void)transaction.run(PutInstance{name(service), any_instance(), {}});
      (void)transaction.run(DeleteInstance{name(any_service()), any_id()});
      if (pick(4) == 0) (void)transaction.run(DeleteService{name(any_service()), true, {}});
    }
    transaction.roll_back({});
    EXPECT_TRUE(transaction.take().empty());
    changes = {};
  }

  void step() {
    const int what = pick(20);
    changes = {};
    if (what < 6) {
      register_one();
    } else if (what < 8) {
      remove_one();
    } else if (what < 9) {
      service_command();
    } else if (what < 11) {
      drain_command();
    } else if (what < 12) {
      override_command();
    } else if (what < 17) {
      observation();
    } else if (what < 19) {
      time_passes();
    } else {
      abandoned_batch();
    }
    store();
  }

  void compare(const Registry& real) {
    std::size_t count = 0;
    std::map<std::string, std::set<Registry::InstanceRef>> nodes;
    ASSERT_EQ(real.services().size(), model_.services.size());
    for (const auto& [key, instances] : model_.services) {
      const Service* const service = real.find_service(key);
      ASSERT_NE(service, nullptr) << key;
      ASSERT_EQ(service->instances.size(), instances.size()) << key;
      for (const auto& [id, m] : instances) {
        const Instance* const holder = service->holder_of(fold(m.def.label));
        ASSERT_TRUE(holder != nullptr && holder->def->id == id) << key << id;
      }
      EXPECT_EQ(service->declared, model_.declared.contains(key));
      std::size_t available = 0;
      for (const auto& [id, m] : instances) {
        const Instance* const it = real.find_instance(key, id);
        ASSERT_NE(it, nullptr) << key << '/' << id;
        EXPECT_EQ(*it->def, m.def);
        EXPECT_EQ(it->available, m.available(model_.down == key)) << key << '/' << id << ' ' << to_string(it->reason);
        EXPECT_EQ(it->drain_started.has_value(), m.draining);
        EXPECT_GE(it->horizon, service->horizon);
        available += it->available;
        ++count;
        if (!m.def.node.empty()) nodes[fold(m.def.node)].insert({key, id});
      }
      EXPECT_EQ(service->available, available);
    }
    EXPECT_EQ(real.instance_count(), count);
    EXPECT_TRUE(std::equal(nodes.begin(), nodes.end(), real.nodes().begin(), real.nodes().end()));
    EXPECT_EQ(real.services_of("corp").size(), model_.services.size());
  }

  static std::string key_of(const Effect& effect) {
    return std::visit(
        [](const auto& e) -> std::string {
          using E = std::decay_t<decltype(e)>;
          if constexpr (std::is_same_v<E, PutNamespaceEffect>)
            return "n/" + e.def.name.key();
          else if constexpr (std::is_same_v<E, DeleteNamespaceEffect>)
            return "n/" + e.name;
          else if constexpr (std::is_same_v<E, PutServiceEffect>)
            return "s/" + e.name.key();
          else if constexpr (std::is_same_v<E, DeleteServiceEffect>)
            return "s/" + e.service;
          else if constexpr (std::is_same_v<E, PutInstanceEffect>)
            return "i/" + e.service + "/" + e.def.id;
          else if constexpr (std::is_same_v<E, DeleteInstanceEffect>)
            return "i/" + e.service + "/" + e.id;
          else if constexpr (std::is_same_v<E, DrainEffect>)
            return "d/" + e.service + "/" + e.id;
          else if constexpr (std::is_same_v<E, CheckStateEffect>)
            return "c/" + e.service + "/" + e.id + "/" + e.check;
          else if constexpr (std::is_same_v<E, PutOverrideEffect>)
            return "o/" + e.def.name;
          else if constexpr (std::is_same_v<E, DeleteOverrideEffect>)
            return "o/" + e.name;
          else
            return "z/" + e.name;
        },
        effect);
  }

  // A restart: the latest effect per key, in another order. Leases that ran get one full term.
  void restart() {
    std::map<std::string, Effect> latest;
    for (Effect& effect : log) latest.insert_or_assign(key_of(effect), effect);
    log.clear();
    for (auto it = latest.rbegin(); it != latest.rend(); ++it) log.push_back(it->second);
    Registry restored({}, {.enabled = false});
    EXPECT_TRUE(restored.restore(log, registry.revision() + 100, now).empty());
    compare(restored);
    EXPECT_EQ(restored.find_namespace("corp")->serial, registry.find_namespace("corp")->serial);
  }

  Model model_;
  std::mt19937 random_{GetParam()};
};

TEST_P(ModelTest, AgreesWithPlainMaps) {
  Revision revision = registry.revision();
  std::uint32_t serial = registry.find_namespace("corp")->serial;
  for (int i = 0; i < 1500; ++i) {
    step();
    ASSERT_NO_FATAL_FAILURE(compare(registry)) << "step " << i;
    ASSERT_FALSE(HasFailure()) << "step " << i;
    ASSERT_GE(registry.revision(), revision);
    ASSERT_EQ(later_serial(serial, registry.find_namespace("corp")->serial), registry.find_namespace("corp")->serial);
    revision = registry.revision();
    serial = registry.find_namespace("corp")->serial;
    if (i % 100 == 99) {
      restart();
      ASSERT_FALSE(HasFailure()) << "restart after step " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ModelTest, testing::Range(1U, 9U));

}  // namespace
}  // namespace registry
