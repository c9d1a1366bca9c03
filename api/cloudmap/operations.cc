#include <fmt/format.h>

#include <array>
#include <charconv>

#include "api/cloudmap/call.h"
#include "api/cloudmap/filters.h"
#include "api/cloudmap/notes.h"

namespace api::cloudmap {
namespace {

constexpr std::array<Filters::Known, 5> kOperationFilters = {
    {{"NAMESPACE_ID"}, {"SERVICE_ID"}, {"STATUS"}, {"TYPE"}, {"UPDATE_DATE", Filters::Also::range}}};

json::object operation_json(const Operation& operation) {
  json::object targets;
  for (const auto& [kind, id] : operation.targets) targets[kind] = id;
  json::object out{{"Id", operation.id}, {"Type", operation.type}, {"Status", to_string(operation.status)}};
  if (operation.status == Operation::Status::fail) {
    out["ErrorCode"] = operation.error_type;
    out["ErrorMessage"] = operation.error_message;
  }
  out["CreateDate"] = to_seconds(operation.created);
  out["UpdateDate"] = to_seconds(operation.updated);
  out["Targets"] = std::move(targets);
  return out;
}

// AWS's page says SUCCEED to filters and SUCCESS everywhere else.
bool passes_status(const Filters& filters, Operation::Status status) {
  return filters.pass("STATUS", to_string(status)) ||
         (status == Operation::Status::success && filters.pass("STATUS", "SUCCEED"));
}

bool passes(const Filters& filters, const Operation& operation) {
  return filters.pass("NAMESPACE_ID", operation.namespace_id) && filters.pass("SERVICE_ID", operation.service_id) &&
         passes_status(filters, operation.status) && filters.pass("TYPE", operation.type) &&
         filters.pass_time("UPDATE_DATE", to_seconds(operation.updated));
}

}  // namespace

Out<Step> get_operation(Call& call) {
  const auto in = call.in();
  const auto id = in.need("OperationId", 255);
  if (call.fault) return std::unexpected(*call.fault);
  const auto* operation = call.state.operations.find(id);
  if (!operation) return refuse("OperationNotFound", fmt::format("Operation {} not found", id));
  Step step;
  step.body["Operation"] = operation_json(*operation);
  return step;
}

Out<Step> list_operations(Call& call) {
  const auto in = call.in();
  const auto page = read_page(in);
  const auto filters = Filters::read(in, kOperationFilters);
  if (call.fault) return std::unexpected(*call.fault);
  std::uint64_t before = 0;
  std::from_chars(page.after.data(), page.after.data() + page.after.size(), before);
  Step step;
  json::array shown;
  std::uint64_t last = 0;
  const auto& log = call.state.operations;
  for (auto at = log.older(before); at.operation; at = log.older(at.number)) {
    if (!passes(filters, *at.operation)) continue;
    if (shown.size() == page.limit) {
      put_next(step.body, std::to_string(last));
      break;
    }
    shown.push_back(json::object{{"Id", at.operation->id}, {"Status", to_string(at.operation->status)}});
    last = at.number;
  }
  step.body["Operations"] = std::move(shown);
  return step;
}

}  // namespace api::cloudmap
