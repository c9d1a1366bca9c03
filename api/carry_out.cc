#include "api/carry_out.h"

#include "api/write.h"

namespace api {
namespace {

using registry::Problem;
using registry::ProblemKind;

// Each is overtaken by a write of the same instance that was committed meanwhile: so often in a row nobody is.
constexpr int kTries = 4;

std::optional<Problem> failure_of(const registry::WriteResult& result) {
  if (result.failed_index && *result.failed_index < result.results.size()) {
    const auto& failed = result.results[*result.failed_index];
    if (!failed) return failed.error();
  }
  for (const auto& each : result.results) {
    if (!each) return each.error();
  }
  return std::nullopt;
}

void tell(App& app, const Report& report) {
  // Gone again meanwhile: then there is nobody to tell.
  (void)beat(app, Heartbeat{report.service, report.id, report.check, report.state, report.output});
}

}  // namespace

boost::asio::awaitable<std::optional<Problem>> carry_out(App& app, Planner plan) {
  for (int tries = 1;; ++tries) {
    auto work = plan();
    if (!work) co_return work.error();
    if (work->commands.empty()) co_return std::nullopt;
    const auto result = co_await app.submit(std::move(work->commands), true);
    auto failure = failure_of(result);
    if (!failure) {
      for (const auto& report : work->reports) tell(app, report);
      co_return std::nullopt;
    }
    if (failure->kind != ProblemKind::precondition_failed || tries == kTries) co_return failure;
  }
}

}  // namespace api
