// For the registry's own tests: a registry with a clock, commands as one-liners.
#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "registry/registry.h"
#include "registry/transaction.h"

namespace registry {

using namespace std::chrono_literals;

inline DomainName name(std::string_view text) { return *DomainName::parse(text); }

class Fixture : public testing::Test {
 protected:
  explicit Fixture(const GuardSettings& guard = {}) : registry({}, guard) {
    NamespaceDef corp;
    corp.name = name("corp");
    put(PutNamespace{corp});
  }

  static InstanceDef instance(std::string id, std::string_view address = "10.0.0.1") {
    InstanceDef def;
    def.id = id;
    def.label = std::move(id);
    def.addresses.v4 = parse_ipv4(address);
    def.port = 80;
    return def;
  }
  static CheckDef tcp_check(std::string check = "tcp") {
    CheckDef def;
    def.name = std::move(check);
    return def;
  }
  static CheckDef lease(Millis duration) {
    CheckDef def;
    def.name = "lease";
    def.kind = CheckKind::heartbeat;
    def.lease = duration;
    return def;
  }
  static InstanceDef with_checks(InstanceDef def, std::vector<CheckDef> checks) {
    def.checks = std::move(checks);
    return def;
  }

  // One command, committed and applied; `changes` is what it changed.
  Result<Outcome> put(const Command& command) {
    Transaction transaction(registry, now);
    auto outcome = transaction.run(command);
    Record record{0, now.wall, transaction.take()};
    changes = {};
    if (outcome && !record.effects.empty()) commit(std::move(record));
    return outcome;
  }
  void commit(Record record) {
    record.revision = registry.reserve_revision();
    stamp_revisions(record);
    log.insert(log.end(), record.effects.begin(), record.effects.end());
    changes = registry.apply(record, now);
  }
  ProblemKind refused(const Command& command) {
    const auto outcome = put(command);
    EXPECT_FALSE(outcome.has_value()) << "it was accepted";
    return outcome ? ProblemKind::bad_request : outcome.error().kind;
  }
  Result<Outcome> put_instance(std::string_view service, InstanceDef def, Precondition when = {}) {
    return put(PutInstance{name(service), std::move(def), when});
  }
  Result<Outcome> put_service(std::string_view service, ServicePolicy policy = {}, Precondition when = {}) {
    return put(PutService{name(service), std::move(policy), when});
  }

  void probe(std::string_view service, std::string_view id, Verdict verdict, std::string_view check = "tcp") {
    changes = registry.observe_probe(service, id, check, {verdict, Fault::refused, "", {}}, now);
  }
  std::optional<ProblemKind> beat(std::string_view service, std::string_view id,
                                  std::optional<CheckState> state = std::nullopt) {
    auto result = registry.heartbeat(service, id, {}, state, {}, now);
    if (!result) return result.error().kind;
    changes = std::move(*result);
    return std::nullopt;
  }
  void pass(Millis time) {
    now.mono += time;
    now.wall += time;
    changes = registry.advance(now);
  }
  const Instance& get(std::string_view service, std::string_view id) {
    const Instance* const found = registry.find_instance(service, id);
    EXPECT_NE(found, nullptr) << service << '/' << id;
    static const Instance kNone{};
    return found == nullptr ? kNone : *found;
  }

  Registry registry;
  Now now{Mono{} + 1000s, Wall{1'700'000'000s}};
  ChangeSet changes;
  std::vector<Effect> log;  // every committed effect, as a store would have seen them
};

}  // namespace registry
