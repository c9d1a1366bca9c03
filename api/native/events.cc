// What happened, newest first, with its cause: of one service, of one instance, or of everything.
#include <algorithm>

#include "api/long_poll.h"
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/render.h"

namespace api::native {

using registry::ChangeKind;
using registry::ChangeOp;
using registry::History;
using registry::Transition;

namespace {

constexpr std::size_t kUsual = 100;

json::object event_json(const Transition& each) {
  const bool instance = each.kind == ChangeKind::instance;
  json::object out{{"revision", each.revision}, {"at", registry::format_time(each.at)}};
  out["kind"] = instance ? "instance" : "guard";
  out["op"] = each.op == ChangeOp::put ? "put" : each.op == ChangeOp::remove ? "delete" : "state";
  out[instance ? "service" : "name"] = *each.service;
  if (instance) out["id"] = each.id;
  if (instance && each.op != ChangeOp::remove) out["available"] = each.available;
  if (each.op != ChangeOp::remove) out["reason"] = each.reason;
  out["cause"] = each.cause;
  return out;
}

}  // namespace

Result<Read> list_events(App& app, const Request& request) {
  const auto limit = number_parameter(request, "limit");
  if (!limit) return std::unexpected(limit.error());
  const auto most = limit->value_or(kUsual);
  if (most == 0 || most > History::kMaxPerService) {
    return registry::fail(registry::ProblemKind::bad_request,
                          fmt::format("\"limit\" is from 1 to {}", History::kMaxPerService));
  }
  std::string service;
  if (const auto text = request.parameter("service"); text && !text->empty()) {
    auto name = name_to_read(*text, registry::ProblemKind::unknown_service);
    if (!name) return std::unexpected(std::move(name.error()));
    service = name->key();
  }
  const std::string id(request.parameter("id").value_or(""));
  if (service.empty() && !id.empty()) {
    return registry::fail(registry::ProblemKind::bad_request, "\"id\" names an instance of a service",
                          "name it too: ?service=worker.corp&id=w1");
  }
  Read read;
  read.index = std::max(app.indexes.services(), app.indexes.guard());
  if (const auto* found = app.registry().find_service(service)) read.index = found->index;
  read.feed_key = service;
  read.render = [&app, most, service, id, index = read.index] {
    json::array events;
    for (const auto* each : app.history.last(most, service, id)) events.push_back(event_json(*each));
    return json_response(200, json::object{{"events", std::move(events)}, {"revision", index}});
  };
  return read;
}

}  // namespace api::native
