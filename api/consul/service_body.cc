#include "api/consul/service_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/allowed.h"
#include "api/consul/check_ids.h"
#include "api/consul/dialect.h"

namespace api::consul {

using registry::Instance;
using registry::InstanceDef;
using registry::ProblemKind;

namespace {

// "0.0.0.0" is no place where anybody is.
void read_address(InstanceDef& def, const std::string& address, const Fields& fields) {
  if (address == "0.0.0.0" || address == "::" || address == "[::]") return fields.refuse("Invalid service address");
  def.addresses.v4 = registry::parse_ipv4(address);
  if (!def.addresses.v4) def.addresses.v6 = registry::parse_ipv6(address);
  if (def.addresses.empty()) def.host = address;
}

// Those of the families are the instance's addresses; the others are given back as they came.
void read_tagged(InstanceDef& def, Foreign& foreign, const Fields& fields) {
  const auto* given = fields.raw_object({"TaggedAddresses", "tagged_addresses"});
  for (const auto& member : given ? *given : json::object()) {
    const auto* object = member.value().if_object();
    if (!object) {
      fields.refuse("Request decode failed: TaggedAddresses must be an object of {Address, Port}");
      continue;
    }
    std::string fault;
    const Fields tagged{LooseObject(*object), fault};
    const auto address = tagged.text({"Address"});
    const auto port = tagged.number({"Port"}, 0, 65535);
    if (!fault.empty()) fields.refuse(fault);
    if (const auto v6 = registry::parse_ipv6(address); v6 && !def.addresses.v6 && member.key() == "lan_ipv6") {
      def.addresses.v6 = v6;
    }
    const auto v4 = registry::parse_ipv4(address);
    const bool own =
        port == def.port.value_or(0) &&
        ((member.key() == "lan_ipv4" && v4 && v4 == def.addresses.v4) ||
         (member.key() == "lan_ipv6" && def.addresses.v6 && registry::parse_ipv6(address) == def.addresses.v6));
    if (!own) foreign.tagged_addresses[member.key()] = json::object{{"Address", address}, {"Port", port}};
  }
}

void read_weights(InstanceDef& def, const Fields& fields) {
  const auto weights = fields.object({"Weights"});
  def.weight = static_cast<std::uint16_t>(weights.number({"Passing"}, 0, 65535, 1));
  def.weight_warning = static_cast<std::uint16_t>(weights.number({"Warning"}, 0, 65535, 1));
}

void refuse_mesh(const Fields& fields) {
  const auto kind = fields.text({"Kind"});
  if (!kind.empty() && kind != "typical") fields.refuse(fmt::format("services of kind {} are not kept here", kind));
  const auto connect = fields.object({"Connect"});
  const bool meshed = connect.flag({"Native"}) || connect.raw_object({"SidecarService", "sidecar_service"});
  if (meshed || !fields.object({"Proxy"}).empty()) fields.refuse("Connect and its proxies are not part of dnsd");
  for (const std::string_view name : {"Namespace", "Partition", "PeerName"}) {
    const auto value = fields.text({name});
    if (!value.empty() && value != "default") fields.refuse(fmt::format("{} is not part of dnsd", name));
  }
  if (!fields.text({"SocketPath", "socket_path"}).empty()) fields.refuse("SocketPath has no place in DNS");
}

void read_tags(InstanceDef& def, const Fields& fields) {
  def.tags = fields.texts({"Tags"});
  std::erase(def.tags, std::string());
}

// Where: its own address, else its node's, else the caller's.
void read_where(InstanceDef& def, const Fields& fields, const Place& place) {
  def.port = static_cast<std::uint16_t>(fields.number({"Port"}, 0, 65535));
  if (def.port == 0) def.port.reset();
  auto address = fields.text({"Address"});
  if (address.empty()) address = place.address;
  if (address.empty()) {
    def.addresses = place.peer;
  } else {
    read_address(def, address, fields);
  }
}

registry::Result<std::string> read_name(Catalog& catalog, const std::string& name, registry::DomainName& service) {
  if (name.empty()) return bad_request("Missing service name");
  auto parsed = catalog.service_name(name);
  if (!parsed) return std::unexpected(std::move(parsed.error()));
  if (const auto other = catalog.other_name(*parsed, name)) {
    return registry::fail(
        ProblemKind::name_conflict,
        fmt::format("\"{}\" is {} in DNS, and that is registered as \"{}\"", name, parsed->text(), *other));
  }
  service = std::move(*parsed);
  return registry::fold(name) == registry::fold(service.first_label()) ? std::string() : name;
}

// A service of our node has its own id in the registry. Of another node it is "<node>/<id>": two nodes may have the
// same one.
void name_instance(App& app, Registration& made, const Place& place, const std::string& id) {
  if (const auto* present = present_of(app, made)) {
    made.def.id = present->def->id;
    made.def.label = present->def->label;
    return;
  }
  made.def.id = place.node.empty() ? id : place.node + "/" + id;
  made.def.label = registry::label_for_id(made.def.id);
}

}  // namespace

registry::Result<Registration> read_service(App& app, const Fields& fields, const Place& place) {
  auto& catalog = app.part<Catalog>();
  Registration made;
  const auto name = fields.text({"Name", "Service"});
  auto spelled = read_name(catalog, name, made.service);
  if (!spelled) return std::unexpected(std::move(spelled.error()));
  auto id = fields.text({"ID", "service_id"});
  if (id.empty()) id = name;
  made.present = catalog.find_own(catalog.node_key(place.node), id, made.service.key());
  name_instance(app, made, place, id);
  auto& def = made.def;
  auto& foreign = made.foreign;
  if (const auto* present = present_of(app, made)) {
    foreign.maintenance = read_foreign(*present->def).maintenance;
    def.foreign = present->def->foreign;  // what other interfaces keep there
  }
  if (def.id != id) foreign.id = id;
  foreign.name = std::move(*spelled);
  foreign.enable_tag_override = fields.flag({"EnableTagOverride", "enable_tag_override"});
  foreign.node_address = place.node.empty() ? std::string() : place.address;
  foreign.node_id = place.id;
  foreign.node_meta = place.meta;
  def.node = place.node;
  read_where(def, fields, place);
  read_tagged(def, foreign, fields);
  read_weights(def, fields);
  read_tags(def, fields);
  def.meta = fields.text_map({"Meta"});
  def.deregister_after = kKept;
  refuse_mesh(fields);
  return made;
}

CheckContext context_of(App& app, const InstanceDef& instance) {
  return {instance, [&app](std::string_view id) {
            const auto found = app.part<Catalog>().find("", id);
            return found ? found->service : std::string();
          }};
}

registry::Result<Work> work_of(App& app, Registration registration) {
  shorten_ids(registration.def, registration.foreign, registration.id());
  write_foreign(registration.foreign, registration.def);
  if (auto problem = check_allowed(app, registration.def)) return std::unexpected(std::move(*problem));
  Work work;
  registry::Precondition when;
  when.create_only = true;
  if (const auto* present = present_of(app, registration)) {
    when = {.if_match = present->revision, .create_only = false};
  } else if (registration.present) {
    auto old = registry::DomainName::parse(registration.present->service);
    if (old) work.commands.emplace_back(registry::DeleteInstance{std::move(*old), registration.present->id, {}});
  }
  for (auto& report : registration.reports) {
    report.service = registration.service.key();
    report.id = registration.def.id;
  }
  work.reports = std::move(registration.reports);
  work.commands.emplace_back(registry::PutInstance{std::move(registration.service), std::move(registration.def), when});
  return work;
}

const Instance* present_of(App& app, const Registration& registration) {
  if (!registration.present || registration.present->service != registration.service.key()) return nullptr;
  return app.registry().find_instance(registration.present->service, registration.present->id);
}

registry::Result<Registration> reopen(App& app, const Ref& ref) {
  const auto* service = app.registry().find_service(ref.service);
  const auto* instance = app.registry().find_instance(ref.service, ref.id);
  if (!service || !instance) return registry::fail(ProblemKind::unknown_instance, ref.id + " is not registered");
  Registration out;
  out.service = service->name;
  out.def = *instance->def;
  out.foreign = read_foreign(*instance->def);
  out.present = ref;
  write_out_ids(out.def, out.foreign, out.id());
  return out;
}

void keep_checks(App& app, Registration& made) {
  const auto* present = present_of(app, made);
  if (!present) return;
  made.def.checks = present->def->checks;
  made.foreign.checks = read_foreign(*present->def).checks;
  write_out_ids(made.def, made.foreign, made.id());
}

}  // namespace api::consul
