#include "api/dnsctl/cli.h"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <algorithm>
#include <fstream>
#include <iostream>

#include "api/dnsctl/commands.h"
#include "api/dnsctl/completion.h"
#include "api/dnsctl/run.h"
#include "registry/basics.h"
#include "registry/version.h"

namespace ctl {
namespace {

constexpr const char* kDefaultServer = "http://127.0.0.1:8500";
constexpr std::size_t kMaxToken = 4 << 10;
constexpr const char* kFooter =
    "A service without a dot is one of the server's first namespace.\n"
    "Exit codes: 0 ok, 1 error, 2 usage, 3 not found, 4 refused, 5 server away.\n"
    "Environment: DNSD_ADDR, DNSD_TOKEN_FILE.";

struct Globals {
  std::string address, token_file, output = "table", timeout = "10s";
};

using Action = std::function<int(const Session&)>;

// Everything that the parser fills, and what was chosen.
struct Line {
  Globals globals;
  RegisterFlags reg;
  InstanceFlags instance;
  ListFlags list;
  ResolveFlags resolve;
  WatchFlags watch;
  OverrideFlags override_rule;
  ZoneCheckFlags zone;
  EventFlags events;
  RunFlags run;
  std::string run_address = "auto", run_port, grace = "30s", backup_file, shell;
  Action action;
};

template <class Function>
Action plain(Function function) {
  return [function](const Session& session) { return static_cast<int>(function(session)); };
}

void add_registration_flags(CLI::App* app, RegistrationFlags& flags) {
  app->add_option("--id", flags.id, "The instance's id; default: made from its address")->type_name("ID");
  app->add_option(
         "--check", flags.checks,
         "http:/path, tcp, grpc:SERVICE, dns:NAME, heartbeat:30s, alias:SERVICE; more after commas: ,interval=1s")
      ->type_name("CHECK")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--tag", flags.tags, "A tag; may be repeated")
      ->type_name("TAG")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--meta", flags.meta, "A fact; may be repeated")
      ->type_name("KEY=VALUE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--named-port", flags.ports, "A further port; may be repeated")
      ->type_name("NAME=PORT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app->add_option("--lease", flags.lease, "How long one heartbeat lasts")->type_name("DURATION");
  app->add_option("--deregister-after", flags.deregister_after, "How long an ended lease is kept")
      ->type_name("DURATION");
  app->add_option("--weight", flags.weight, "Share of the answers; default 10")->type_name("N");
  app->add_option("--priority", flags.priority, "Tier; the lowest that is available is answered")->type_name("N");
  app->add_option("--zone", flags.zone, "Where it runs")->type_name("ZONE");
  app->add_option("--node", flags.node, "The host it runs on")->type_name("NODE");
  app->add_option("--protocol", flags.protocol, "tcp or udp")->type_name("PROTOCOL");
}

void add_instance_arguments(CLI::App* app, InstanceFlags& flags) {
  app->add_option("service", flags.service, "The service, as worker.corp")->required();
  app->add_option("id", flags.id, "The instance's id")->required();
}

void add_writes(CLI::App& app, Line& line) {
  auto* reg = app.add_subcommand("register", "Register an instance, or replace it");
  reg->add_option("service", line.reg.service, "The service, as worker.corp")->required();
  reg->add_option("endpoint", line.reg.instance.endpoint, "ADDRESS[:PORT]; auto = the address of this host")
      ->required();
  add_registration_flags(reg, line.reg.instance);
  reg->add_flag("--dry-run", line.reg.dry_run, "Say what would happen, change nothing");
  reg->callback([&] { line.action = plain([&](const Session& s) { return register_instance(s, line.reg); }); });

  auto* gone = app.add_subcommand("deregister", "Remove an instance");
  add_instance_arguments(gone, line.instance);
  gone->callback([&] { line.action = plain([&](const Session& s) { return deregister(s, line.instance); }); });

  auto* beat = app.add_subcommand("heartbeat", "Renew an instance's lease");
  add_instance_arguments(beat, line.instance);
  beat->add_option("--check", line.instance.check, "Which check; default: the lease")->type_name("NAME");
  beat->add_option("--state", line.instance.state, "passing, warning or critical")->type_name("STATE");
  beat->add_option("--message", line.instance.message, "What it found")->type_name("TEXT");
  beat->callback([&] { line.action = plain([&](const Session& s) { return heartbeat(s, line.instance); }); });

  auto* out = app.add_subcommand("drain", "Take an instance out of new answers, and say when it can stop");
  add_instance_arguments(out, line.instance);
  out->add_option("--wait", line.instance.wait, "Wait up to this long until it can stop")->type_name("DURATION");
  out->add_flag("--undo", line.instance.undo, "Answer it again");
  out->callback([&] { line.action = plain([&](const Session& s) { return drain(s, line.instance); }); });
}

int run_action(const Session& session, Line& line) {
  const auto grace = registry::parse_duration(line.grace);
  if (!grace) {
    return static_cast<int>(
        usage(session, fmt::format("--grace wants a duration such as 30s, not \"{}\"", line.grace)));
  }
  const bool v6 = registry::parse_ipv6(line.run_address).has_value();
  const auto host = v6 ? fmt::format("[{}]", line.run_address) : line.run_address;
  line.run.instance.endpoint = line.run_port.empty() ? host : fmt::format("{}:{}", host, line.run_port);
  line.run.grace = *grace;
  return run_program(session, line.run);
}

void add_run(CLI::App& app, Line& line) {
  auto* run = app.add_subcommand("run", "Run a program with its registration around it: run --service S -- CMD ARGS");
  run->add_option("--service", line.run.service, "The service, as worker.corp")->required()->type_name("SERVICE");
  run->add_option("--port", line.run_port, "The port that the program listens on")->type_name("PORT");
  run->add_option("--host", line.run_address, "Its address; default: as the server sees it")->type_name("ADDRESS");
  run->add_option("--grace", line.grace, "How long a drain may take before the program is stopped")
      ->type_name("DURATION")
      ->capture_default_str();
  add_registration_flags(run, line.run.instance);
  run->add_option("command", line.run.command, "The program and its arguments, after --")->required();
  run->positionals_at_end();
  run->callback([&] { line.action = [&](const Session& session) { return run_action(session, line); }; });
}

void add_question_arguments(CLI::App* app, ResolveFlags& flags) {
  app->add_option("name", flags.name, "The name, as worker.corp")->required();
  app->add_option("type", flags.type, "A, AAAA, SRV, TXT ...")->capture_default_str();
  app->add_option("--client", flags.client, "As seen by this client")->type_name("ADDRESS[:PORT]");
  app->add_option("--size", flags.size, "As with this EDNS size")->type_name("OCTETS");
  app->add_flag("--tcp", flags.tcp, "As over TCP");
}

void add_reads(CLI::App& app, Line& line) {
  auto* services = app.add_subcommand("services", "List the services");
  services->add_option("--prefix", line.list.prefix, "Only names that begin so")->type_name("TEXT");
  services->callback([&] { line.action = plain([&](const Session& s) { return list_services(s, line.list); }); });

  auto* instances = app.add_subcommand("instances", "List a service's instances");
  instances->add_option("service", line.list.service, "The service, as worker.corp")->required();
  instances->add_flag("--available", line.list.available, "Only those that DNS answers");
  instances->add_option("--tag", line.list.tag, "Only those with this tag")->type_name("TAG");
  instances->callback([&] { line.action = plain([&](const Session& s) { return list_instances(s, line.list); }); });

  auto* spaces = app.add_subcommand("namespaces", "List the namespaces");
  spaces->callback([&] { line.action = plain([](const Session& s) { return list_namespaces(s); }); });

  auto* ask = app.add_subcommand("resolve", "Show what DNS answers");
  add_question_arguments(ask, line.resolve);
  ask->callback([&] { line.action = plain([&](const Session& s) { return resolve(s, line.resolve); }); });

  auto* why = app.add_subcommand("explain", "Show what DNS answers, and why each instance is in the answer or not");
  add_question_arguments(why, line.resolve);
  why->add_option("--limit", line.resolve.limit, "At most so many instances")->type_name("N");
  why->callback([&] { line.action = plain([&](const Session& s) { return explain(s, line.resolve); }); });

  auto* follow = app.add_subcommand("watch", "Follow changes as they happen");
  follow->add_option("service", line.watch.service, "Only this service");
  follow->add_option("--index", line.watch.index, "Begin after this revision")->type_name("N");
  follow->add_option("--count", line.watch.count, "End after this many events")->type_name("N");
  follow->callback([&] { line.action = plain([&](const Session& s) { return watch(s, line.watch); }); });

  auto* state = app.add_subcommand("status", "Show how the server is");
  state->callback([&] { line.action = plain([](const Session& s) { return status(s); }); });

  auto* copy = app.add_subcommand("backup", "Write a consistent copy of the store");
  copy->add_option("file", line.backup_file, "Where to")->required();
  copy->callback([&] { line.action = plain([&](const Session& s) { return backup(s, line.backup_file); }); });
}

void add_overrides(CLI::App& app, Line& line) {
  auto* rules = app.add_subcommand("override", "Force instances up or down");
  rules->require_subcommand(1);
  auto* set = rules->add_subcommand("set", "Set a rule");
  auto& rule = line.override_rule;
  set->add_option("name", rule.name, "The rule's name")->required();
  set->add_option("state", rule.state, "up or down")->required()->check(CLI::IsMember({"up", "down"}));
  set->add_option("--service", rule.service, "Which services")->type_name("GLOB");
  set->add_option("--instance", rule.instance, "Which instances")->type_name("GLOB");
  set->add_option("--node", rule.node, "On which nodes")->type_name("GLOB");
  set->add_option("--match-address", rule.address, "In which address block")->type_name("PREFIX");
  set->add_option("--reason", rule.reason, "Why, for those who wonder")->type_name("TEXT");
  set->add_option("--author", rule.author, "Who, for those who ask")->type_name("NAME");
  set->add_option("--for", rule.expires, "How long")->type_name("DURATION");
  set->callback([&] { line.action = plain([&](const Session& s) { return set_override(s, line.override_rule); }); });
  auto* remove = rules->add_subcommand("rm", "Remove a rule");
  remove->add_option("name", rule.name, "The rule's name")->required();
  remove->callback(
      [&] { line.action = plain([&](const Session& s) { return remove_override(s, line.override_rule.name); }); });
  auto* list = rules->add_subcommand("list", "List the rules");
  list->callback([&] { line.action = plain([](const Session& s) { return list_overrides(s); }); });
}

void add_zones(CLI::App& app, Line& line) {
  auto* zone = app.add_subcommand("zone", "Work on zone files, without the server");
  zone->require_subcommand(1);
  auto* check = zone->add_subcommand("check", "Read a zone file as dnsd does and say what is wrong with it");
  check->add_option("file", line.zone.file, "The zone file")->required();
  check->add_option("--apex", line.zone.apex, "The zone's name; default: the file's, without .zone")->type_name("NAME");
  check->add_flag("--namespace", line.zone.of_namespace,
                  "It is the zone_file of a namespace, without a SOA of its own");
  check->callback([&] { line.action = plain([&](const Session& s) { return check_zone_file(s, line.zone); }); });
}

void add_guard(CLI::App& app, Line& line) {
  auto* guard = app.add_subcommand("guard", "Show whether failures are held back as the server's own");
  guard->require_subcommand(0, 1);
  auto* lift = guard->add_subcommand("lift", "Believe what is held back, now");
  guard->callback([&line, lift] {  // called after that of its subcommand
    if (!lift->parsed()) line.action = plain([](const Session& s) { return show_guard(s); });
  });
  lift->callback([&] { line.action = plain([](const Session& s) { return lift_guard(s); }); });

  auto* events = app.add_subcommand("events", "Show what happened to instances, and why");
  events->add_option("service", line.events.service, "Only this service");
  events->add_option("--id", line.events.id, "Only this instance")->type_name("ID");
  events->add_option("--limit", line.events.limit, "At most so many, the newest")->type_name("N");
  events->callback([&] { line.action = plain([&](const Session& s) { return list_events(s, line.events); }); });
}

void describe(CLI::App& app, Line& line) {
  app.footer(kFooter);
  app.set_version_flag("--version", std::string("dnsctl ") + std::string(registry::kVersion));
  app.add_option("--address", line.globals.address, fmt::format("The server; default {}", kDefaultServer))
      ->type_name("URL");
  app.add_option("--token-file", line.globals.token_file, "The file that holds the bearer token")->type_name("FILE");
  app.add_option("-o,--output", line.globals.output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->type_name("FORMAT");
  app.add_option("--timeout", line.globals.timeout, "How long the server may take")->type_name("DURATION");
  app.require_subcommand(1);
  app.fallthrough();  // global flags may follow the subcommand
  add_writes(app, line);
  add_run(app, line);
  add_reads(app, line);
  add_overrides(app, line);
  add_zones(app, line);
  add_guard(app, line);
  auto* completion = app.add_subcommand("completion", "Print a shell's completion script");
  completion->add_option("shell", line.shell, "bash")->required()->check(CLI::IsMember({"bash"}));
  completion->callback([&] {
    line.action = [&](const Session& session) {
      session.out << bash_completion(app);
      return 0;
    };
  });
}

std::expected<std::string, std::string> read_token(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string token(kMaxToken + 1, '\0');
  if (!file) return std::unexpected(fmt::format("cannot read the token file {}", path));
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(file.gcount()));
  const auto first = token.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return std::unexpected(fmt::format("the token file {} is empty", path));
  token = token.substr(first, token.find_last_not_of(" \t\r\n") + 1 - first);
  const bool plain_text = std::ranges::all_of(token, [](char c) { return c >= '!' && c <= '~'; });
  if (token.size() > kMaxToken || !plain_text) {
    return std::unexpected(fmt::format("the token file {} must hold one line of visible ASCII characters", path));
  }
  return token;
}

std::expected<Client, std::string> make_client(const Globals& globals, const Environment& environment) {
  const auto address = !globals.address.empty() ? globals.address : environment("DNSD_ADDR").value_or(kDefaultServer);
  const auto server = parse_server_address(address);
  if (!server) return std::unexpected(server.error());
  const auto timeout = registry::parse_duration(globals.timeout);
  if (!timeout || timeout->count() == 0) {
    return std::unexpected(fmt::format("--timeout wants a duration such as 10s, not \"{}\"", globals.timeout));
  }
  const auto path = !globals.token_file.empty() ? globals.token_file : environment("DNSD_TOKEN_FILE").value_or("");
  if (path.empty()) return Client(*server, "", *timeout);
  const auto token = read_token(path);
  if (!token) return std::unexpected(token.error());
  return Client(*server, *token, *timeout);
}

}  // namespace

int run_cli(int argc, const char* const* argv, const Environment& environment, std::ostream& out, std::ostream& err) {
  Line line;
  CLI::App app("dnsctl, the tool of dnsd: registers services, and shows what DNS answers.", "dnsctl");
  describe(app, line);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& end) {  // --help, --version
    return app.exit(end, out, err);
  } catch (const CLI::ParseError& error) {
    err << "dnsctl: " << error.what() << "\nRun with --help for more information.\n";
    return static_cast<int>(ExitCode::usage);
  }
  auto client = make_client(line.globals, environment);
  if (!client) {
    err << "dnsctl: " << client.error() << '\n';
    return static_cast<int>(ExitCode::usage);
  }
  auto& author = line.override_rule.author;
  if (author.empty()) author = environment("USER").value_or("");
  const Session session{*std::move(client), line.globals.output == "json", out, err};
  return line.action(session);
}

}  // namespace ctl
