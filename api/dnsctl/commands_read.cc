#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <ostream>
#include <string>
#include <string_view>

#include "api/dnsctl/commands.h"

namespace ctl {
namespace {

namespace json = boost::json;

json::value member_of(const json::value& object, std::string_view member) {
  const auto* found = object.is_object() ? object.as_object().if_contains(member) : nullptr;
  return found ? *found : json::value();
}

// All pages of a list; each is given to `take`. In JSON mode the pages are printed as they come, one document a line.
template <class Take>
ExitCode for_each_page(const Session& session, const Target& first, Take take) {
  std::string cursor;
  do {
    auto target = first;
    target.with("cursor", cursor);
    const auto reply = call(session, Verb::get, target);
    if (!reply) return reply.error();
    const auto body = reply->json();
    if (session.json) {
      print_json(session, *reply);
    } else {
      take(body);
    }
    const auto next = member_of(body, "cursor");
    cursor = next.is_string() ? std::string(next.as_string()) : std::string();
  } while (!cursor.empty());
  return ExitCode::ok;
}

ExitCode finish(const Session& session, const Table& table, ExitCode code) {
  if (code == ExitCode::ok && !session.json) table.print(session.out);
  return code;
}

// {"dns":{"queries":3}} -> "dns.queries  3"
void flatten(const json::value& value, const std::string& name, Table& table) {
  if (!value.is_object()) return table.add({name, cell(value)});
  for (const auto& [key, inner] : value.as_object()) {
    flatten(inner, name.empty() ? std::string(key) : fmt::format("{}.{}", name, std::string_view(key)), table);
  }
}

Target question(std::string_view what, const ResolveFlags& flags) {
  Target target({what});
  target.with("name", flags.name).with("type", flags.type).with("client", flags.client);
  target.with("tcp", flags.tcp ? "true" : "").with("size", flags.size);
  return target;
}

// worker.corp. A -> NOERROR, 3 of the 5 instances of worker.corp
void print_why(const Session& session, const json::value& body) {
  const auto asked = member_of(body, "question");
  session.out << fmt::format("{} {} -> {}: {}\n", cell(asked, "name"), cell(asked, "type"), cell(body, "rcode"),
                             cell(body, "because"));
  std::string line = fmt::format("form {}", cell(body, "form"));
  const auto add = [&](std::string_view name, const std::string& value) {
    if (value != "-") line += fmt::format(", {} {}", name, value);
  };
  const auto ttl = member_of(body, "ttl"), tier = member_of(body, "tier");
  if (ttl.is_object()) add("ttl", fmt::format("{} ({})", cell(ttl, "value"), cell(ttl, "bound")));
  if (tier.is_object()) add("tier", cell(tier, "priority"));
  add("order", cell(body, "order"));
  add("mode", cell(body, "mode"));
  add("revision", cell(body, "revision"));
  session.out << line << '\n';
  if (!list_of(body, "chain").empty()) session.out << "by way of " << cell(body, "chain") << '\n';
  for (const auto& ede : list_of(body, "ede")) {
    session.out << fmt::format("EDE {}: {}\n", cell(ede, "code"), cell(ede, "text"));
  }
  if (!list_of(body, "nearest").empty()) session.out << "did you mean " << cell(body, "nearest") << "?\n";
}

void print_section(const Session& session, const json::value& body, std::string_view section) {
  const auto& records = list_of(body, section);
  if (records.empty()) return;
  session.out << ";; " << section << '\n';
  for (const auto& record : records) {
    session.out << fmt::format("{}\t{}\tIN\t{}\t{}\n", cell(record, "name"), cell(record, "ttl"), cell(record, "type"),
                               cell(record, "data"));
  }
}

}  // namespace

ExitCode list_services(const Session& session, const ListFlags& flags) {
  Table table({"SERVICE", "AVAILABLE", "TOTAL", "REVISION"});
  auto target = Target({"services"});
  target.with("prefix", flags.prefix);
  const auto code = for_each_page(session, target, [&](const json::value& body) {
    for (const auto& service : list_of(body, "services")) {
      const auto counts = member_of(service, "instances");
      table.add({cell(service, "service"), cell(counts, "available"), cell(counts, "total"), cell(service, "index")});
    }
  });
  return finish(session, table, code);
}

ExitCode list_instances(const Session& session, const ListFlags& flags) {
  const auto service = full_service_name(session, flags.service);
  if (!service) return service.error();
  Table table({"ID", "ADDRESS", "PORT", "STATE", "AVAILABLE", "REASON", "TAGS"});
  auto target = Target({"services", *service, "instances"});
  target.with("available", flags.available ? "true" : "").with("tag", flags.tag);
  const auto code = for_each_page(session, target, [&](const json::value& body) {
    for (const auto& i : list_of(body, "instances")) {
      const auto host = cell(i, "host");
      table.add({cell(i, "id"), host == "-" ? cell(i, "addresses") : host, cell(i, "port"), cell(i, "state"),
                 cell(i, "available"), cell(i, "reason"), cell(i, "tags")});
    }
  });
  return finish(session, table, code);
}

ExitCode list_namespaces(const Session& session) {
  Table table({"NAMESPACE", "TTL", "ALIASES", "REVISION"});
  const auto code = for_each_page(session, Target({"namespaces"}), [&](const json::value& body) {
    for (const auto& ns : list_of(body, "namespaces")) {
      table.add({cell(ns, "name"), cell(ns, "ttl"), cell(ns, "aliases"), cell(ns, "revision")});
    }
  });
  return finish(session, table, code);
}

ExitCode list_overrides(const Session& session) {
  Table table({"NAME", "STATE", "SERVICE", "INSTANCE", "ADDRESS", "NODE", "EXPIRES", "REASON"});
  const auto code = for_each_page(session, Target({"overrides"}), [&](const json::value& body) {
    for (const auto& rule : list_of(body, "overrides")) {
      const auto match = member_of(rule, "match");
      table.add({cell(rule, "name"), cell(rule, "state"), cell(match, "service"), cell(match, "instance"),
                 cell(match, "address"), cell(match, "node"), cell(rule, "expires"), cell(rule, "reason")});
    }
  });
  return finish(session, table, code);
}

ExitCode resolve(const Session& session, const ResolveFlags& flags) {
  const auto reply = call(session, Verb::get, question("resolve", flags));
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
    return ExitCode::ok;
  }
  const auto body = reply->json();
  std::string flags_line;
  for (const auto& flag : list_of(body, "flags")) flags_line += " " + cell(flag);
  session.out << fmt::format(";; status: {}, flags:{}, revision: {}\n", cell(body, "rcode"), flags_line,
                             cell(body, "revision"));
  for (const auto& ede : list_of(body, "ede")) session.out << ";; EDE: " << cell(ede) << '\n';
  for (const auto* section : {"answer", "authority", "additional"}) print_section(session, body, section);
  return ExitCode::ok;
}

ExitCode explain(const Session& session, const ResolveFlags& flags) {
  auto target = question("explain", flags);
  target.with("limit", flags.limit);
  const auto reply = call(session, Verb::get, target);
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
    return ExitCode::ok;
  }
  const auto body = reply->json();
  print_why(session, body);
  const auto& instances = list_of(body, "instances");
  if (instances.empty()) return ExitCode::ok;
  Table table({"ANSWER", "ID", "ADDRESS", "REASON", "BECAUSE"});
  for (const auto& i : instances) {
    table.add({cell(i, "in_answer") == "yes" ? "in" : "out", cell(i, "id"), cell(i, "address"), cell(i, "reason"),
               cell(i, "because")});
  }
  table.print(session.out);
  const auto left_out = cell(body, "left_out");
  if (left_out != "0") session.out << fmt::format("... and {} more; --limit shows up to 10000\n", left_out);
  return ExitCode::ok;
}

ExitCode status(const Session& session) {
  const auto reply = call(session, Verb::get, Target({"status"}));
  if (!reply) return reply.error();
  if (session.json) {
    print_json(session, *reply);
    return ExitCode::ok;
  }
  Table table({"NAME", "VALUE"});
  flatten(reply->json(), "", table);
  table.print(session.out);
  return ExitCode::ok;
}

ExitCode backup(const Session& session, const std::string& file) {
  const auto reply = judge(session, session.client.download(Target({"backup"}).text(), file));
  if (!reply) return reply.error();
  if (!session.json) session.out << "the store is in " << file << '\n';
  return ExitCode::ok;
}

}  // namespace ctl
