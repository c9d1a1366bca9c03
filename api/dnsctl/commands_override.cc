#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

#include "api/dnsctl/commands.h"

namespace ctl {

ExitCode set_override(const Session& session, const OverrideFlags& flags) {
  boost::json::object match;
  const auto put = [](boost::json::object& to, std::string_view key, const std::string& value) {
    if (!value.empty()) to[key] = value;
  };
  put(match, "service", flags.service);
  put(match, "instance", flags.instance);
  put(match, "address", flags.address);
  put(match, "node", flags.node);
  if (match.empty()) {  // an override of everything is made on purpose, with --service '*'
    return usage(session, "say what it matches: --service, --instance, --address or --node");
  }
  boost::json::object body{{"match", match}, {"state", flags.state}};
  put(body, "reason", flags.reason);
  put(body, "author", flags.author);
  put(body, "expires", flags.expires);
  const auto reply = call(session, Verb::put, Target({"overrides", flags.name}), boost::json::serialize(body));
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
  } else {
    session.out << fmt::format("override {} forces {}\n", flags.name, flags.state);
  }
  return ExitCode::ok;
}

ExitCode remove_override(const Session& session, const std::string& name) {
  const auto reply = call(session, Verb::delete_, Target({"overrides", name}));
  if (!reply) return reply.error();
  if (!session.json) session.out << fmt::format("override {} is gone\n", name);
  return ExitCode::ok;
}

}  // namespace ctl
