#include "api/consul/foreign.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/kept.h"

namespace api::consul {
namespace {

namespace json = boost::json;

void read(std::string& target, const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  if (const auto* text = value ? value->if_string() : nullptr) target.assign(text->data(), text->size());
}

void read(bool& target, const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  if (const auto* flag = value ? value->if_bool() : nullptr) target = *flag;
}

void read(json::object& target, const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  if (const auto* object = value ? value->if_object() : nullptr) target = *object;
}

bool is_place(const json::value& value) {
  const auto* object = value.if_object();
  const auto* address = object ? object->if_contains("Address") : nullptr;
  const auto* port = object ? object->if_contains("Port") : nullptr;
  return address && address->is_string() && port && port->is_int64();
}

// Go's clients decode no answer at all that holds something else there.
void keep_only(json::object& members, bool (*good)(const json::value&)) {
  json::object kept;
  for (const auto& member : members) {
    if (good(member.value())) kept[member.key()] = member.value();
  }
  members = std::move(kept);
}

void write(json::object& to, std::string_view name, const std::string& text) {
  if (!text.empty()) to[name] = text;
}

void write(json::object& to, std::string_view name, const json::object& object) {
  if (!object.empty()) to[name] = object;
}

CheckNote read_note(const json::object& from) {
  CheckNote note;
  read(note.id, from, "id");
  read(note.name, from, "name");
  read(note.notes, from, "notes");
  return note;
}

json::object write_note(const CheckNote& note) {
  json::object out;
  write(out, "id", note.id);
  write(out, "name", note.name);
  write(out, "notes", note.notes);
  return out;
}

json::object write_checks(const Foreign& foreign) {
  json::object out;
  for (const auto& [name, note] : foreign.checks) write(out, name, write_note(note));
  return out;
}

}  // namespace

Foreign read_foreign(const registry::InstanceDef& def) {
  Foreign foreign;
  if (def.foreign.empty()) return foreign;
  json::object ours, checks;
  read(ours, parse_kept(def.foreign.view()), "consul");
  read(foreign.id, ours, "id");
  read(foreign.name, ours, "name");
  read(foreign.maintenance, ours, "maintenance");
  read(foreign.node_address, ours, "node_address");
  read(foreign.node_id, ours, "node_id");
  read(foreign.node_meta, ours, "node_meta");
  if (!foreign.node_meta.empty()) {
    keep_only(foreign.node_meta, [](const json::value& value) { return value.is_string(); });
  }
  read(foreign.tagged_addresses, ours, "tagged_addresses");
  if (!foreign.tagged_addresses.empty()) keep_only(foreign.tagged_addresses, is_place);
  read(foreign.enable_tag_override, ours, "enable_tag_override");
  read(checks, ours, "checks");
  for (const auto& member : checks) {
    if (const auto* note = member.value().if_object())
      foreign.checks[std::string(member.key().data(), member.key().size())] = read_note(*note);
  }
  return foreign;
}

void write_foreign(const Foreign& foreign, registry::InstanceDef& def) {
  json::object ours;
  write(ours, "id", foreign.id);
  write(ours, "name", foreign.name);
  write(ours, "maintenance", foreign.maintenance);
  write(ours, "node_address", foreign.node_address);
  write(ours, "node_id", foreign.node_id);
  write(ours, "node_meta", foreign.node_meta);
  write(ours, "tagged_addresses", foreign.tagged_addresses);
  if (foreign.enable_tag_override) ours["enable_tag_override"] = true;
  write(ours, "checks", write_checks(foreign));
  auto all = parse_kept(def.foreign.view());
  all.erase("consul");
  write(all, "consul", ours);
  def.foreign = all.empty() ? std::string() : json::serialize(all);
}

}  // namespace api::consul
