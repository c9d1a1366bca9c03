#include "registry/transaction.h"

#include <fmt/format.h>

#include <utility>

#include "registry/rules.h"

namespace registry {

struct Transaction::Impl : Staging {
  using Staging::Staging;
};

Transaction::Transaction(const Registry& registry, const Now& now)
    : impl_(std::make_unique<Impl>(*registry.impl_, now)) {}
Transaction::~Transaction() = default;

Result<Outcome> Transaction::run(Command&& command) {
  auto* const put = std::get_if<PutInstance>(&command);
  if (put == nullptr) return run(std::as_const(command));
  const Mark before = mark();
  auto outcome = registry::run(static_cast<Staging&>(*impl_), std::move(*put));
  if (!outcome) roll_back(before);
  return outcome;
}

Result<Outcome> Transaction::run(const Command& command) {
  const Mark before = mark();
  Staging& staging = *impl_;
  auto outcome = std::visit([&](const auto& c) { return registry::run(staging, c); }, command);
  if (!outcome) roll_back(before);
  return outcome;
}

Transaction::Mark Transaction::mark() const { return {impl_->size()}; }
void Transaction::roll_back(Mark mark) { impl_->roll_back(mark.effects); }
std::vector<Effect> Transaction::take() { return impl_->take(); }

std::optional<Problem> check_precondition(const Precondition& when, bool exists, Revision revision) {
  if (when.create_only && exists) {
    return Problem{ProblemKind::precondition_failed, "it exists already (If-None-Match: *)", {}, {}};
  }
  if (!when.if_match || (exists && revision == *when.if_match)) return std::nullopt;
  if (!exists) return Problem{ProblemKind::precondition_failed, "it does not exist (If-Match)", {}, {}};
  return Problem{ProblemKind::precondition_failed,
                 fmt::format("it is at revision {}, not at {}", revision, *when.if_match),
                 {},
                 "read it again"};
}

Problem config_manages(std::string_view what, std::string_view name) {
  return {ProblemKind::managed_by_config,
          fmt::format("{} '{}' is declared in the configuration file", what, name),
          {},
          "change the file and reload"};
}

Problem limit_reached(std::string_view what, std::size_t limit) {
  Problem problem{ProblemKind::invalid_registration, fmt::format("the limit of {} {} is reached", limit, what), {}, {}};
  problem.errors.push_back({"#", "limit_reached", problem.detail, {}});
  return problem;
}

Problem one_fault(std::string pointer, std::string code, std::string message) {
  Problem problem{ProblemKind::invalid_registration, fmt::format("{} {}", pointer, message), {}, {}};
  problem.errors.push_back({std::move(pointer), std::move(code), std::move(message), {}});
  return problem;
}

}  // namespace registry
