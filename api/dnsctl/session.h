// What every command needs: the server, where to print, and how.
#pragma once

#include <expected>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>

#include "api/dnsctl/client.h"
#include "api/dnsctl/output.h"

namespace ctl {

struct Session {
  Client client;
  bool json = false;
  std::ostream& out;
  std::ostream& err;
};

// "worker" -> "worker.corp" by the server's only (else first) namespace; a name with a dot stays. An error was printed.
[[nodiscard]] std::expected<std::string, ExitCode> full_service_name(const Session& session, const std::string& name);

// One call whose failure is printed: the answer, or the exit code.
[[nodiscard]] std::expected<Response, ExitCode> call(const Session& session, Verb verb, const Target& target,
                                                     std::string body = {}, std::chrono::milliseconds wait = {});
[[nodiscard]] std::expected<Response, ExitCode> judge(const Session& session, Reply reply);
[[nodiscard]] ExitCode usage(const Session& session, const std::string& sentence);
void print_json(const Session& session, const Response& response);

}  // namespace ctl
