#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>

#include "api/dnsctl/commands.h"

namespace ctl {
namespace {

namespace json = boost::json;

void print_side(const Session& session, const json::value& guard, std::string_view watches) {
  const auto* side = guard.is_object() ? guard.as_object().if_contains(watches) : nullptr;
  if (!side || cell(*side, "state") != "holding") return;
  session.out << fmt::format("{} since {}, at most until {} ({} left): {}\n", watches, cell(*side, "since"),
                             cell(*side, "until"), cell(*side, "left"), cell(*side, "cause"));
}

}  // namespace

ExitCode show_guard(const Session& session) {
  const auto reply = call(session, Verb::get, Target({"guard"}));
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
    return ExitCode::ok;
  }
  const auto body = reply->json();
  session.out << fmt::format("guard: {}, instances held: {}\n", cell(body, "guard"), cell(body, "held"));
  for (const auto* watches : {"probes", "leases"}) print_side(session, body, watches);
  return ExitCode::ok;
}

ExitCode lift_guard(const Session& session) {
  const auto reply = call(session, Verb::delete_, Target({"guard"}));
  if (!reply) return reply.error();
  if (!session.json) session.out << "nothing is held back any more\n";
  return ExitCode::ok;
}

ExitCode list_events(const Session& session, const EventFlags& flags) {
  std::string service;
  if (!flags.service.empty()) {
    auto full = full_service_name(session, flags.service);
    if (!full) return full.error();
    service = *std::move(full);
  }
  Target target({"events"});
  target.with("service", service).with("id", flags.id).with("limit", flags.limit);
  const auto reply = call(session, Verb::get, target);
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
    return ExitCode::ok;
  }
  const auto body = reply->json();
  const auto& events = list_of(body, "events");
  Table table({"AT", "SERVICE", "ID", "AVAILABLE", "REASON", "CAUSE"});
  for (auto each = events.rbegin(); each != events.rend(); ++each) {  // as a log: the newest is the last line
    const bool guard = cell(*each, "kind") == "guard";
    table.add({cell(*each, "at"), guard ? "guard" : cell(*each, "service"), cell(*each, guard ? "name" : "id"),
               cell(*each, "available"), cell(*each, "reason"), cell(*each, "cause")});
  }
  table.print(session.out);
  return ExitCode::ok;
}

}  // namespace ctl
