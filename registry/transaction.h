// Commands are what users want; a Transaction turns them into effects, or into a Problem, without changing the
// registry. "An update is an object: begin, change, commit or drop."
//
// Owner: the control thread. Later commands of one transaction see what earlier ones staged (overlay over the
// registry). A failed command leaves the transaction as it was.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "registry/registry.h"

namespace registry {

// HTTP's If-Match / If-None-Match: *. Compared with the facts' revision.
struct Precondition {
  std::optional<Revision> if_match;
  bool create_only = false;
};

struct PutNamespace {
  NamespaceDef def;
  Precondition when{};
};
struct DeleteNamespace {
  std::string name;
  Precondition when{};
};
struct PutService {
  DomainName name;
  ServicePolicy policy;
  Precondition when{};
};
struct DeleteService {
  DomainName name;
  bool force = false;  // with its instances
  Precondition when{};
  bool only_due = false;  // internal: unless it was declared or got an instance since Registry::due() named it
};
struct PutInstance {
  DomainName service;
  InstanceDef def;
  Precondition when{};
};
struct PatchInstance {  // read, merge, write in one step
  DomainName service;
  std::string id;
  std::function<Result<InstanceDef>(const InstanceDef&)> merge;
  Precondition when{};
};
struct DeleteInstance {
  DomainName service;
  std::string id;
  Precondition when{};
  bool only_due = false;  // internal: unless it was registered again since Registry::due() named it
};
struct DrainInstance {
  DomainName service;
  std::string id;
};
struct UndrainInstance {
  DomainName service;
  std::string id;
};
struct SetSafeAfter {  // internal: after publishing a drain, when the last answer was measured
  std::string service;
  std::string id;
  Wall safe_after;
  std::optional<Wall> started = std::nullopt;  // of the drain that was measured; another one is left alone
};
struct PutOverride {
  OverrideDef def;
};
struct DeleteOverride {
  std::string name;
};

using Command = std::variant<PutNamespace, DeleteNamespace, PutService, DeleteService, PutInstance, PatchInstance,
                             DeleteInstance, DrainInstance, UndrainInstance, SetSafeAfter, PutOverride, DeleteOverride>;

enum class Outcome : std::uint8_t { created, replaced, unchanged, removed, absent };  // absent: a delete of nothing

class Transaction {
 public:
  Transaction(const Registry& registry, const Now& now);
  ~Transaction();

  // Validates and stages one command. The equal PUT answers `unchanged` and stages nothing.
  Result<Outcome> run(const Command& command);
  // The same; what is staged is moved out of the command. One that stages nothing, or fails, stays whole.
  Result<Outcome> run(Command&& command);

  struct Mark {
    std::size_t effects = 0;
  };
  [[nodiscard]] Mark mark() const;
  void roll_back(Mark mark);  // to the state at mark(): the undo of a failed atomic batch

  [[nodiscard]] std::vector<Effect> take();  // the staged effects, in order; leaves the transaction empty

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace registry
