// Instances, checks and nodes as Consul's JSON. Tags, checks and the like are never null (its clients iterate them).
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/app.h"
#include "api/consul/foreign.h"

namespace api::consul {

namespace json = boost::json;

struct CheckView {
  std::string id, name, notes, output;
  std::string_view status;                  // "passing", "warning", "critical"
  std::string_view type;                    // "http", "ttl", ...
  const registry::CheckDef* def = nullptr;  // null: made up, for maintenance
};

// One instance as Consul sees it. A view of the registry: valid until it changes.
struct Entry {
  const registry::Service* service = nullptr;
  const registry::Instance* instance = nullptr;
  Foreign foreign;
  std::string id, name, node;  // of the service, and where it runs
  std::vector<CheckView> checks;

  [[nodiscard]] std::string_view status() const;      // the worst; "passing" without any
  [[nodiscard]] std::string_view aggregated() const;  // that, or "maintenance"
  [[nodiscard]] registry::Revision revision() const;
};
// Without making its entry.
[[nodiscard]] bool has_check_in(const registry::Instance& instance, std::string_view state);
[[nodiscard]] Entry entry_of(const App& app, const registry::Service& service, const registry::Instance& instance);

[[nodiscard]] json::object node_json(const App& app, const Entry& entry);
[[nodiscard]] json::object service_json(const Entry& entry);                        // as in /v1/health/service
[[nodiscard]] json::object agent_service_json(const App& app, const Entry& entry);  // as in /v1/agent/services
[[nodiscard]] json::object catalog_json(const App& app, const Entry& entry);        // as in /v1/catalog/service
[[nodiscard]] json::object check_json(const Entry& entry, const CheckView& check);
[[nodiscard]] json::array checks_json(const Entry& entry);
[[nodiscard]] json::object health_json(const App& app, const Entry& entry);  // {"Node","Service","Checks"}

// The address of our own node, and an id that a name always has (a UUID, as Consul's are).
[[nodiscard]] std::string own_address(const App& app);
[[nodiscard]] std::string uuid_of(std::string_view name);

}  // namespace api::consul
