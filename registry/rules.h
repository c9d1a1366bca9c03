// The rules of one command each: check it against the registry as staged, then stage its effects. Internal to
// transaction*.cc. Each may leave steps staged when it fails; Transaction::run rolls them back.
#pragma once

#include "registry/staging.h"
#include "registry/transaction.h"

namespace registry {

Result<Outcome> run(Staging& staging, const PutNamespace& command);
Result<Outcome> run(Staging& staging, const DeleteNamespace& command);
Result<Outcome> run(Staging& staging, const PutService& command);
Result<Outcome> run(Staging& staging, const DeleteService& command);
Result<Outcome> run(Staging& staging, const PutInstance& command);
Result<Outcome> run(Staging& staging, PutInstance&& command);
Result<Outcome> run(Staging& staging, const PatchInstance& command);
Result<Outcome> run(Staging& staging, const DeleteInstance& command);
Result<Outcome> run(Staging& staging, const DrainInstance& command);
Result<Outcome> run(Staging& staging, const UndrainInstance& command);
Result<Outcome> run(Staging& staging, const SetSafeAfter& command);
Result<Outcome> run(Staging& staging, const PutOverride& command);
Result<Outcome> run(Staging& staging, const DeleteOverride& command);

// Shared by them. A Problem, or nothing.
[[nodiscard]] std::optional<Problem> check_precondition(const Precondition& when, bool exists, Revision revision);
// The namespace of a service that is new, where it is of those that are made when they are wanted.
[[nodiscard]] std::optional<Problem> make_namespace_for(Staging& staging, const DomainName& service);
[[nodiscard]] std::optional<Problem> check_new_service(const Staging& staging, const DomainName& name);
[[nodiscard]] std::optional<Problem> check_not_static(const Staging& staging, const DomainName& name);
[[nodiscard]] std::optional<Problem> check_allowed(const Staging& staging, const DomainName& service,
                                                   const std::vector<CheckDef>& checks);
[[nodiscard]] Problem config_manages(std::string_view what, std::string_view name);
[[nodiscard]] Problem limit_reached(std::string_view what, std::size_t limit);
[[nodiscard]] Problem one_fault(std::string pointer, std::string code, std::string message);

}  // namespace registry
