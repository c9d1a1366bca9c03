// Instances: parse, merge (RFC 7396), write.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

#include "registry/codec/words.h"
#include "registry/validate.h"

namespace registry::codec {
namespace {

struct InstanceDraft {
  InstanceDef def;
  std::vector<CheckDef> checks;
  CheckDef check_defaults;
  bool automatic = false;            // "address":"auto"
  bool none = false;                 // "address":"none"
  bool address_given = false;        // address or addresses
  std::optional<Addresses> single;   // of "address"
  std::optional<Addresses> several;  // of "addresses"
  std::optional<Millis> lease;
};

bool add_address(Addresses& target, std::string_view text, const Path& path, Errors& errors) {
  const auto v4 = parse_ipv4(text);
  const auto v6 = v4 ? std::nullopt : parse_ipv6(text);
  if (!v4 && !v6) {
    errors.add(path, "invalid_value", "must be an IPv4 or IPv6 address");
    return false;
  }
  if ((v4 && target.v4) || (v6 && target.v6)) {
    errors.add(path, "conflict", fmt::format("a second {} address; at most one per family", v4 ? "IPv4" : "IPv6"));
    return false;
  }
  if (v4) target.v4 = v4;
  if (v6) target.v6 = v6;
  return true;
}

void read_address(InstanceDraft& draft, const json::value& value, const Path& path, Errors& errors) {
  const auto text = read_text(value, path, errors);
  if (!text) return;
  draft.address_given = true;
  if (*text == "auto") {
    draft.automatic = true;
  } else if (*text == "none") {
    draft.none = true;
  } else {
    add_address(draft.single.emplace(), *text, path, errors);
  }
}

void read_addresses(InstanceDraft& draft, const json::value& value, const Path& path, Errors& errors) {
  const json::array* list = value.if_array();
  if (!list) {
    errors.add(path, "wrong_type", "must be a list of addresses");
    return;
  }
  if (list->empty()) return;  // as absent: a GET of an instance with a host name shows []
  draft.address_given = true;
  draft.several.emplace();
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Path here(path, i);
    const auto text = read_text((*list)[i], here, errors);
    if (text && !add_address(*draft.several, *text, here, errors)) return;
  }
}

void read_protocols(Protocols& target, const json::value& value, const Path& path, Errors& errors) {
  const auto add = [&](const json::value& word, const Path& here) {
    Protocol protocol = Protocol::tcp;
    read_word(protocol, word, here, errors, kProtocols);
    (protocol == Protocol::tcp ? target.tcp : target.udp) = true;
  };
  target = Protocols{.tcp = false, .udp = false};
  if (const json::array* list = value.if_array()) {
    if (list->empty()) errors.add(path, "invalid_value", "must name tcp, udp or both");
    for (std::size_t i = 0; i < list->size(); ++i) add((*list)[i], Path(path, i));
  } else {
    add(value, path);
  }
}

constexpr Field<NamedPort> kPortFields[] = {
    {"port", [](NamedPort& p, auto& v, auto& at, auto& errors) { read_number(p.port, v, at, errors, 1, 65535); }},
    {"protocol", [](NamedPort& p, auto& v, auto& at, auto& errors) { read_protocols(p.protocols, v, at, errors); }},
    {"alpn", [](NamedPort& p, auto& v, auto& at, auto& errors) { read_strings(p.alpn, v, at, errors); }},
};

void read_ports(InstanceDraft& draft, const json::value& value, const Path& path, Errors& errors) {
  const json::object* object = value.if_object();
  if (!object) {
    errors.add(path, "wrong_type", "must be an object of ports by name");
    return;
  }
  for (const auto& member : *object) {
    const std::string_view name(member.key().data(), member.key().size());
    const Path here(path, name);
    const std::size_t before = errors.size();
    NamedPort& port = draft.def.ports[name];
    if (member.value().is_object()) {
      read_object(member.value(), here, errors, port, kPortFields);
      if (port.port == 0 && errors.size() == before) errors.add(here, "missing", "must have a port");
    } else {
      read_number(port.port, member.value(), here, errors, 1, 65535);
    }
    if (errors.size() != before) errors.mistrust(here);
  }
}

void read_tags(InstanceDraft& draft, const json::value& value, const Path& path, Errors& errors) {
  std::vector<std::string>& tags = draft.def.tags;
  read_strings(tags, value, path, errors);
  std::ranges::sort(tags);
  tags.erase(std::ranges::unique(tags).begin(), tags.end());
}

constexpr Field<InstanceDraft> kInstanceFields[] = {
    {"address", read_address},
    {"addresses", read_addresses},
    {"host", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_string(d.def.host, v, at, errors); }},
    {"port", [](InstanceDraft& d, auto& v, auto& at,
                auto& errors) { read_number(d.def.port.emplace(), v, at, errors, 1, 65535); }},
    {"protocol",
     [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_protocols(d.def.protocols, v, at, errors); }},
    {"ports", read_ports},
    {"priority", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_number(d.def.priority, v, at, errors); }},
    {"weight", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_number(d.def.weight, v, at, errors); }},
    {"weight_warning", [](InstanceDraft& d, auto& v, auto& at,
                          auto& errors) { read_number(d.def.weight_warning.emplace(), v, at, errors); }},
    {"zone", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_string(d.def.zone, v, at, errors); }},
    {"node", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_string(d.def.node, v, at, errors); }},
    {"tags", read_tags},
    {"meta", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_string_map(d.def.meta, v, at, errors); }},
    {"lease", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { d.lease = read_duration(v, at, errors); }},
    {"deregister_after",
     [](InstanceDraft& d, auto& v, auto& at, auto& errors) {
       if (const auto after = read_duration(v, at, errors)) d.def.deregister_after = *after;
     }},
    {"checks",
     [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_checks(d.checks, v, at, errors, d.check_defaults); }},
    {"foreign", [](InstanceDraft& d, auto& v, auto& at, auto& errors) { read_foreign(d.def.foreign, v, at, errors); }},
    // What a GET adds.
    {"service"},
    {"id"},
    {"label"},
    {"name"},
    {"effective_weight"},
    {"lease_left"},
    {"state"},
    {"available"},
    {"reason"},
    {"draining"},
    {"safe_after"},
    {"created"},
    {"revision"},
    {"state_revision"},
    {"managed_by_config"},
};

void settle_addresses(InstanceDraft& draft, const InstanceContext& context, Errors& errors) {
  InstanceDef& def = draft.def;
  const Path root;
  if (draft.none && def.host.empty() && !draft.several) {
    def.api_only = true;
  } else if (draft.none && draft.several) {
    errors.add(Path(root, "address"), "conflict", "\"none\" stands beside no addresses; give one of them");
  } else if (!def.host.empty() && draft.address_given) {
    errors.add(Path(root, "host"), "conflict", "a host name stands instead of addresses; give one of them");
  } else if (draft.single && draft.several) {
    // A GET shows both; they may be sent back together as long as they agree.
    const bool v4 = draft.single->v4 && draft.single->v4 == draft.several->v4;
    const bool v6 = draft.single->v6 && draft.single->v6 == draft.several->v6;
    if (!draft.single->empty() && !v4 && !v6) {
      errors.add(Path(root, "address"), "conflict", "address is not one of addresses; give one of them");
    }
    def.addresses = *draft.several;
  } else if (draft.several || draft.single) {
    def.addresses = draft.several ? *draft.several : *draft.single;
  } else if (def.host.empty()) {
    // "auto" or nothing: the peer's address, which has one family.
    def.addresses.v4 = context.peer_v4;
    if (!context.peer_v4) def.addresses.v6 = context.peer_v6;
    if (def.addresses.empty()) errors.mistrust(Path(root, "host"));
  }
}

bool is_plain_lease(const CheckDef& check) {
  return check.kind == CheckKind::heartbeat && check == lease_check(check.lease);
}

// `"lease"` and a check named "lease" of plain kind heartbeat are the same; it stands last, so that equal bodies give
// equal definitions.
void settle_lease(InstanceDraft& draft) {
  if (draft.lease) {
    draft.checks.push_back(lease_check(*draft.lease));
  } else {
    std::ranges::stable_partition(draft.checks, [](const CheckDef& check) { return !is_plain_lease(check); });
  }
  draft.def.checks = std::move(draft.checks);
}

}  // namespace

InstanceDef read_instance(const json::value& body, const InstanceContext& context, Errors& errors) {
  InstanceDraft draft;
  draft.check_defaults = context.check_defaults;
  draft.def.id = context.id;
  draft.def.label = context.id;
  if (!read_object(body, Path(), errors, draft, kInstanceFields)) return std::move(draft.def);
  settle_addresses(draft, context, errors);
  settle_lease(draft);
  return std::move(draft.def);
}

Result<InstanceDef> parse_instance(const json::value& body, const InstanceContext& context) {
  Errors errors;
  InstanceDef def = read_instance(body, context, errors);
  errors.merge(validate(def, context.service));
  if (!errors.empty()) return std::unexpected(std::move(errors).problem());
  return def;
}

namespace {

void merge_patch(json::value& target, const json::value& patch) {  // RFC 7396 section 2
  const json::object* members = patch.if_object();
  if (!members) {
    target = patch;
    return;
  }
  json::object& object = target.is_object() ? target.get_object() : target.emplace_object();
  for (const auto& member : *members) {
    if (member.value().is_null()) {
      object.erase(member.key());
    } else {
      merge_patch(object[member.key()], member.value());
    }
  }
}

// A null for a field that does not exist would vanish in the merge; it is as wrong as a value.
void check_names(const json::object& patch, Errors& errors) {
  std::string_view known[std::size(kInstanceFields)];
  for (std::size_t i = 0; i < std::size(kInstanceFields); ++i) known[i] = kInstanceFields[i].name;
  const Path root;
  for (const auto& member : patch) {
    const std::string_view name(member.key().data(), member.key().size());
    if (member.value().is_null() && std::ranges::find(known, name) == std::end(known)) {
      unknown_field(name, Path(root, name), errors, known);
    }
  }
}

// The three ways to say where an instance is replace each other; removing one form of its address removes the other.
void replace_location(json::object& body, const json::object& patch) {
  const auto given = [&](std::string_view name) {
    const json::value* value = patch.if_contains(name);
    return value && !value->is_null();
  };
  const bool moved = given("address") || given("addresses") || given("host");
  if (moved || patch.contains("address") || patch.contains("addresses")) {
    body.erase("address");
    body.erase("addresses");
  }
  if (moved) body.erase("host");
}

}  // namespace

Result<InstanceDef> merge_instance(const InstanceDef& current, const json::value& patch,
                                   const InstanceContext& context) {
  const json::object* members = patch.if_object();
  if (!members) return fail(ProblemKind::invalid_registration, "a patch must be a JSON object (RFC 7396)");
  // In full: what the compact form leaves out is a compiled default, and those of the context may be others.
  json::value body(write(current, Form::full));
  replace_location(body.get_object(), *members);
  merge_patch(body, patch);
  Errors errors;
  check_names(*members, errors);
  InstanceDef def = read_instance(body, context, errors);
  def.id = current.id;
  def.label = current.label;
  errors.merge(validate(def, context.service));
  if (!errors.empty()) return std::unexpected(std::move(errors).problem());
  return def;
}

namespace {

json::value write_protocols(const Protocols& protocols) {
  if (protocols.tcp && protocols.udp) return json::array{"tcp", "udp"};
  return protocols.udp ? "udp" : "tcp";
}

json::value text_or_null(std::string_view text) { return text.empty() ? json::value() : json::value(text); }

void write_addresses(json::object& out, const InstanceDef& def, bool full) {
  json::array list;
  if (def.addresses.v4) list.emplace_back(to_string(*def.addresses.v4));
  if (def.addresses.v6) list.emplace_back(to_string(*def.addresses.v6));
  if (full) {
    out["address"] = def.api_only ? json::value("none") : list.empty() ? json::value() : list.front();
    out["addresses"] = std::move(list);
    out["host"] = text_or_null(def.host);
  } else if (def.api_only) {
    out["address"] = "none";
  } else if (!def.host.empty()) {
    out["host"] = def.host.view();
  } else if (list.size() == 1) {
    out["address"] = list.front();
  } else {
    out["addresses"] = std::move(list);
  }
}

void write_ports(json::object& out, const InstanceDef& def) {
  json::object& ports = out["ports"].emplace_object();
  for (const auto& [name, port] : def.ports) {
    json::object& entry = ports[name].emplace_object();
    entry["port"] = port.port;
    entry["protocol"] = write_protocols(port.protocols);
    if (!port.alpn.empty()) entry["alpn"] = json::array(port.alpn.begin(), port.alpn.end());
  }
}

void write_checks(json::object& out, const InstanceDef& def, Form form) {
  const bool full = form == Form::full;
  std::span<const CheckDef> checks = def.checks.get();
  const bool lease = !checks.empty() && is_plain_lease(checks.back());
  if (lease) {
    out["lease"] = format_duration(checks.back().lease);
    checks = checks.first(checks.size() - 1);
  } else if (full) {
    out["lease"] = nullptr;
  }
  if (full || def.deregister_after != InstanceDef().deregister_after) {
    out["deregister_after"] = format_duration(def.deregister_after);
  }
  if (!full && checks.empty()) return;
  json::array& list = out["checks"].emplace_array();
  for (const CheckDef& check : checks) list.emplace_back(write(check, form));
}

}  // namespace

json::object write(const InstanceDef& def, Form form, json::storage_ptr storage) {
  const bool full = form == Form::full;
  json::object out(std::move(storage));
  if (full || !def.node.empty()) out["node"] = text_or_null(def.node);
  write_addresses(out, def, full);
  if (full || def.port) out["port"] = def.port ? json::value(*def.port) : json::value();
  if (full || def.protocols != Protocols()) out["protocol"] = write_protocols(def.protocols);
  if (full || !def.ports.empty()) write_ports(out, def);
  if (full || def.priority != 1) out["priority"] = def.priority;
  if (full || def.weight != 10) out["weight"] = def.weight;
  if (def.weight_warning) out["weight_warning"] = *def.weight_warning;
  if (full || !def.zone.empty()) out["zone"] = text_or_null(def.zone);
  if (full || !def.tags.empty()) out["tags"] = json::array(def.tags.begin(), def.tags.end());
  if (full || !def.meta.empty()) {
    json::object& meta = out["meta"].emplace_object();
    for (const auto& [name, value] : def.meta) meta[name] = value;
  }
  write_checks(out, def, form);
  write_foreign(out, def.foreign);
  return out;
}

json::object to_json(const InstanceDef& def) { return write(def, Form::full); }

}  // namespace registry::codec
