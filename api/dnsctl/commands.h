// One function per subcommand, given its parsed flags. They print and answer the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/dnsctl/registration.h"
#include "api/dnsctl/session.h"

namespace ctl {

struct RegisterFlags {
  std::string service;
  RegistrationFlags instance;
  bool dry_run = false;
};
struct InstanceFlags {  // deregister, heartbeat, drain
  std::string service, id;
  std::string check, state, message;  // heartbeat
  std::string wait;                   // drain
  bool undo = false;                  // drain
};
struct ListFlags {
  std::string service, prefix, tag;
  bool available = false;
};
struct ResolveFlags {
  std::string name, type = "A", client;
  bool tcp = false;
  std::string size;
  std::string limit;  // explain
};
struct WatchFlags {
  std::string service, index;
  std::size_t count = 0;  // events until it ends; 0 = for ever
};
struct OverrideFlags {
  std::string name, state;
  std::string service, instance, address, node, reason, author, expires;
};
struct EventFlags {
  std::string service, id, limit;
};
struct ZoneCheckFlags {
  std::string file, apex;  // apex "": from the file's name
  bool of_namespace = false;
};

[[nodiscard]] ExitCode register_instance(const Session& session, const RegisterFlags& flags);
[[nodiscard]] ExitCode deregister(const Session& session, const InstanceFlags& flags);
[[nodiscard]] ExitCode heartbeat(const Session& session, const InstanceFlags& flags);
[[nodiscard]] ExitCode drain(const Session& session, const InstanceFlags& flags);
[[nodiscard]] ExitCode list_services(const Session& session, const ListFlags& flags);
[[nodiscard]] ExitCode list_instances(const Session& session, const ListFlags& flags);
[[nodiscard]] ExitCode list_namespaces(const Session& session);
[[nodiscard]] ExitCode resolve(const Session& session, const ResolveFlags& flags);
[[nodiscard]] ExitCode explain(const Session& session, const ResolveFlags& flags);
[[nodiscard]] ExitCode watch(const Session& session, const WatchFlags& flags);
[[nodiscard]] ExitCode status(const Session& session);
[[nodiscard]] ExitCode backup(const Session& session, const std::string& file);
[[nodiscard]] ExitCode set_override(const Session& session, const OverrideFlags& flags);
[[nodiscard]] ExitCode remove_override(const Session& session, const std::string& name);
[[nodiscard]] ExitCode list_overrides(const Session& session);
// Here, without the server: the file as dnsd would load it.
[[nodiscard]] ExitCode check_zone_file(const Session& session, const ZoneCheckFlags& flags);
[[nodiscard]] ExitCode show_guard(const Session& session);
[[nodiscard]] ExitCode lift_guard(const Session& session);
[[nodiscard]] ExitCode list_events(const Session& session, const EventFlags& flags);

}  // namespace ctl
