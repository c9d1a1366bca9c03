// One request of Cloud Map: what a handler gets, and what it wants done. Handlers are plain functions: they look at the
// registry and say what to answer, or what to commit first; dispatch.cc does the waiting.
#pragma once

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "api/access.h"
#include "api/app.h"
#include "api/cloudmap/error.h"
#include "api/cloudmap/ids.h"
#include "api/cloudmap/instance_revisions.h"
#include "api/cloudmap/operation_log.h"
#include "api/cloudmap/reader.h"
#include "registry/transaction.h"

namespace api::cloudmap {

// What the dialect keeps while the server runs. Owner: the control thread.
struct State {
  explicit State(App& app);
  std::string secret;  // of this process: ids of operations and requests are made with it
  Directory directory;
  InstanceRevisions revisions;
  OperationLog operations;
  std::uint64_t requests = 0;
  std::minstd_rand random;  // orders of answers
  AccessRules access;       // who may ask where no key is configured
};

struct Call {
  App& app;
  State& state;
  std::string_view operation;  // "CreateService"
  const json::object& body;
  std::optional<Error> fault{};
  [[nodiscard]] Reader in() { return {body, fault}; }
  [[nodiscard]] registry::Wall now() const { return app.now().wall; }
};

struct Step {
  json::object body;                         // the answer; of a write, once it is committed
  std::optional<registry::Command> command;  // to be committed first
  std::string operation;                     // its operation in the log; "" = none
  std::function<std::optional<Error>(const registry::Problem&)> explain{};  // a problem that means more than it says
  std::function<json::object(App&)> after{};  // instead of `body`: shows what was committed
};

using Handler = Out<Step>(Call&);

Handler create_http_namespace, create_private_namespace, create_public_namespace;  // namespaces.cc
Handler update_http_namespace, update_private_namespace, update_public_namespace;
Handler delete_namespace, get_namespace, list_namespaces;
Handler create_service, update_service, delete_service;  // services.cc
Handler get_service, list_services;                      // services_read.cc
Handler register_instance, deregister_instance;          // instances.cc
Handler get_instance, list_instances;                    // instances_read.cc
Handler get_health, update_health;                       // health.cc
Handler discover, discover_revision;                     // discover.cc
Handler get_operation, list_operations;                  // operations.cc
Handler tag_resource, untag_resource, list_tags;         // tags.cc

// What a request names, or the error that it is not there.
[[nodiscard]] Out<const registry::Namespace*> namespace_at(const Call& call, const std::string& id);
[[nodiscard]] Out<const registry::Service*> service_at(const Call& call, const std::string& id);
[[nodiscard]] Out<const registry::Instance*> instance_at(const registry::Service& service, const std::string& id);

// A write with an operation: finds out whether its token was used before (then that operation is the answer), and
// begins one otherwise.
struct Begun {
  std::string id;
  bool again = false;
};
[[nodiscard]] Out<Begun> begin_operation(Call& call, Operation operation);
[[nodiscard]] Step operation_step(const Begun& begun);  // {"OperationId": "..."}
// Of what is asked for, without its token: the same for the same members in any order.
[[nodiscard]] std::uint64_t fingerprint_of(const Call& call);

// Lists: MaxResults and NextToken.
inline constexpr std::int64_t kMaxListed = 100;
struct Page {
  std::size_t limit = kMaxListed;
  std::string after;  // the key of the last thing shown
};
[[nodiscard]] Page read_page(const Reader& in, std::int64_t most = kMaxListed);
void put_next(json::object& body, std::string_view last);

}  // namespace api::cloudmap
