// A service as Consul's clients register it (agent/service/register, catalog/register), onto an instance.
#pragma once

#include <optional>
#include <string>

#include "api/carry_out.h"
#include "api/consul/catalog.h"
#include "api/consul/check_body.h"

namespace api::consul {

// Where it runs: our own node, or one that catalog/register names.
struct Place {
  std::string node;  // "" = ours
  std::string address, id;
  boost::json::object meta;
  registry::Addresses peer;  // of the caller: where a service on our node has no address
};

struct Registration {
  registry::DomainName service;
  registry::InstanceDef def;
  Foreign foreign;
  std::optional<Ref> present;  // the registration of the same node and id, maybe of another service
  std::vector<Report> reports;

  // What Consul's clients call it. The ids of its checks are written out here (check_ids.h).
  [[nodiscard]] std::string id() const { return foreign.id.empty() ? def.id : foreign.id; }
};

// The checks that are there stay, as Consul leaves them until they are deregistered.
void keep_checks(App& app, Registration& made);

// Without checks. Mistakes of the body, a name that is taken, a namespace that is not there.
[[nodiscard]] registry::Result<Registration> read_service(App& app, const Fields& fields, const Place& place);
[[nodiscard]] CheckContext context_of(App& app, const registry::InstanceDef& instance);
// The commands; `present` is replaced if it is still what was read.
[[nodiscard]] registry::Result<Work> work_of(App& app, Registration registration);

// What is there already, to be changed: of the same service. Null = nothing, or of another service.
[[nodiscard]] const registry::Instance* present_of(App& app, const Registration& registration);
// A change of a registration that is there.
[[nodiscard]] registry::Result<Registration> reopen(App& app, const Ref& ref);

// A registration without one of its checks. A failure where the service's policy brought it.
[[nodiscard]] registry::Result<Work> plan_check_removal(App& app, const Catalog::Check& check);  // agent_checks.cc

}  // namespace api::consul
