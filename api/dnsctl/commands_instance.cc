#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

#include "api/dnsctl/commands.h"
#include "registry/basics.h"

namespace ctl {
namespace {

Target instance_target(const std::string& service, const std::string& id) {
  return Target({"services", service, "instances", id});
}

void print_instance(const Session& session, std::string_view verb, const boost::json::value& instance) {
  session.out << fmt::format("{} {}  {}  {} ({})\n", verb, cell(instance, "name"), cell(instance, "addresses"),
                             cell(instance, "available") == "yes" ? "available" : "not available yet",
                             cell(instance, "reason"));
}

}  // namespace

ExitCode register_instance(const Session& session, const RegisterFlags& flags) {
  const auto registration = make_registration(flags.instance);
  if (!registration) return usage(session, registration.error());
  const auto service = full_service_name(session, flags.service);
  if (!service) return service.error();
  auto target = instance_target(*service, registration->id);
  target.with("dry_run", flags.dry_run ? "true" : "");
  const auto reply = call(session, Verb::put, target, boost::json::serialize(registration->body));
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
  } else {
    const auto* verb = flags.dry_run ? "would register" : reply->status == 201 ? "registered" : "kept";
    print_instance(session, verb, reply->json());
  }
  return ExitCode::ok;
}

ExitCode deregister(const Session& session, const InstanceFlags& flags) {
  const auto service = full_service_name(session, flags.service);
  if (!service) return service.error();
  const auto reply = call(session, Verb::delete_, instance_target(*service, flags.id));
  if (!reply) return reply.error();
  if (!session.json) session.out << fmt::format("deregistered {}.{}\n", flags.id, *service);
  return ExitCode::ok;
}

ExitCode heartbeat(const Session& session, const InstanceFlags& flags) {
  const auto service = full_service_name(session, flags.service);
  if (!service) return service.error();
  auto target = Target({"services", *service, "instances", flags.id, "heartbeat"});
  target.with("check", flags.check);
  boost::json::object body;
  if (!flags.state.empty()) body["state"] = flags.state;
  if (!flags.message.empty()) body["output"] = flags.message;
  const auto reply = call(session, Verb::put, target, body.empty() ? std::string() : boost::json::serialize(body));
  return reply ? ExitCode::ok : reply.error();
}

ExitCode drain(const Session& session, const InstanceFlags& flags) {
  const auto wait = flags.wait.empty() ? std::optional(registry::Millis()) : registry::parse_duration(flags.wait);
  if (!wait) return usage(session, fmt::format("--wait wants a duration such as 30s, not \"{}\"", flags.wait));
  const auto service = full_service_name(session, flags.service);
  if (!service) return service.error();
  auto target = Target({"services", *service, "instances", flags.id, "drain"});
  if (flags.undo) {
    const auto reply = call(session, Verb::delete_, target);
    if (!reply) return reply.error();
    if (!session.json) session.out << fmt::format("{}.{} is answered again\n", flags.id, *service);
    return ExitCode::ok;
  }
  target.with("wait", flags.wait);
  const auto reply = call(session, Verb::post, target, {}, *wait);
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
    return ExitCode::ok;
  }
  const auto body = reply->json();
  if (cell(body, "done") == "yes") {
    session.out << fmt::format("{}.{} is drained; no resolver can still hold it\n", flags.id, *service);
  } else {
    session.out << fmt::format("{}.{} is draining; the last copies expire in {} ({})\n", flags.id, *service,
                               cell(body, "left"), cell(body, "safe_after"));
  }
  return ExitCode::ok;
}

}  // namespace ctl
