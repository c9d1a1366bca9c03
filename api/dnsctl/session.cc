#include "api/dnsctl/session.h"

#include <ostream>

namespace ctl {

std::expected<Response, ExitCode> judge(const Session& session, Reply reply) {
  if (!reply) {
    session.err << "dnsctl: " << reply.error() << '\n';
    return std::unexpected(ExitCode::away);
  }
  if (!reply->ok()) return std::unexpected(print_problem(session.err, *reply));
  return *std::move(reply);
}

std::expected<Response, ExitCode> call(const Session& session, Verb verb, const Target& target, std::string body,
                                       std::chrono::milliseconds wait) {
  return judge(session, session.client.call(verb, target.text(), std::move(body), wait));
}

ExitCode usage(const Session& session, const std::string& sentence) {
  session.err << "dnsctl: " << sentence << '\n';
  return ExitCode::usage;
}

void print_json(const Session& session, const Response& response) {
  session.out << response.body;
  if (!response.body.empty() && !response.body.ends_with('\n')) session.out << '\n';
}

std::expected<std::string, ExitCode> full_service_name(const Session& session, const std::string& name) {
  if (name.find('.') != std::string::npos) return name;
  const auto reply = call(session, Verb::get, Target({"namespaces"}));
  if (!reply) return std::unexpected(reply.error());
  const auto body = reply->json();
  const auto* list = body.is_object() ? body.as_object().if_contains("namespaces") : nullptr;
  if (!list || !list->is_array() || list->as_array().empty()) {
    session.err << "dnsctl: the server has no namespace; write the service's whole name\n";
    return std::unexpected(ExitCode::not_found);
  }
  return name + "." + cell(list->as_array().front(), "name");
}

}  // namespace ctl
