// The closed sets of words of HTTP.md, for reading and writing. Internal to the codec.
#pragma once

#include "registry/codec/fields.h"
#include "registry/definition.h"
#include "registry/health.h"

namespace registry::codec {

inline constexpr Word<Protocol> kProtocols[] = {{"tcp", Protocol::tcp}, {"udp", Protocol::udp}};
inline constexpr Word<Family> kFamilies[] = {{"any", Family::any}, {"ipv4", Family::ipv4}, {"ipv6", Family::ipv6}};
inline constexpr Word<Order> kOrders[] = {
    {"weighted", Order::weighted}, {"sticky", Order::sticky}, {"stable", Order::stable}};
inline constexpr Word<OnEmpty> kOnEmpty[] = {
    {"nodata", OnEmpty::nodata}, {"fail_open", OnEmpty::fail_open}, {"servfail", OnEmpty::servfail}};
inline constexpr Word<Publish> kPublish[] = {{"addresses", Publish::addresses}, {"cname", Publish::cname}};
inline constexpr Word<Layout> kLayouts[] = {
    {"native", Layout::native}, {"consul", Layout::consul}, {"kubernetes", Layout::kubernetes}};
inline constexpr Word<CheckKind> kCheckKinds[] = {{"http", CheckKind::http}, {"https", CheckKind::https},
                                                  {"tcp", CheckKind::tcp},   {"heartbeat", CheckKind::heartbeat},
                                                  {"grpc", CheckKind::grpc}, {"dns", CheckKind::dns},
                                                  {"exec", CheckKind::exec}, {"alias", CheckKind::alias}};
inline constexpr Word<bool> kUpDown[] = {{"down", false}, {"up", true}};
inline constexpr Word<CheckState> kCheckStates[] = {{"unknown", CheckState::unknown},
                                                    {"passing", CheckState::passing},
                                                    {"warning", CheckState::warning},
                                                    {"critical", CheckState::critical}};
inline constexpr Word<Fault> kFaults[] = {
    {"none", Fault::none},       {"timeout", Fault::timeout}, {"unreachable", Fault::unreachable},
    {"refused", Fault::refused}, {"reset", Fault::reset},     {"tls", Fault::tls},
    {"status", Fault::status},   {"body", Fault::body},       {"reported", Fault::reported},
    {"local", Fault::local}};

// The name of the check that `"lease": "30s"` stands for.
inline constexpr std::string_view kLeaseCheck = "lease";

// Reads a list of checks; `defaults` are the daemon's ([health] in its configuration).
void read_checks(std::vector<CheckDef>& checks, const json::value& value, const Path& path, Errors& errors,
                 const CheckDef& defaults);
[[nodiscard]] CheckDef lease_check(Millis lease);
// What a check asks (check_probes.cc): the value of its "http", "tcp" and so on. http stands for https as well.
void read_http(CheckDef& check, const json::value& value, const Path& path, Errors& errors);
void read_tcp(CheckDef& check, const json::value& value, const Path& path, Errors& errors);
void read_grpc(CheckDef& check, const json::value& value, const Path& path, Errors& errors);
void read_dns(CheckDef& check, const json::value& value, const Path& path, Errors& errors);
void read_exec(CheckDef& check, const json::value& value, const Path& path, Errors& errors);
void read_alias(CheckDef& check, const json::value& value, const Path& path, Errors& errors);
[[nodiscard]] json::value write_probe(const CheckDef& check);

enum class Form : std::uint8_t {
  full,     // every written member, as a GET shows it
  compact,  // defaults left out, for the store
};
[[nodiscard]] json::object write(const CheckDef& def, Form form);
[[nodiscard]] json::object write(const InstanceDef& def, Form form, json::storage_ptr storage = {});
[[nodiscard]] json::object write(const ServicePolicy& policy, Form form);
[[nodiscard]] json::object write(const NamespaceDef& def, Form form);

// The members alone, without validation.
[[nodiscard]] InstanceDef read_instance(const json::value& body, const InstanceContext& context, Errors& errors);
[[nodiscard]] std::optional<Wall> parse_time(std::string_view text);  // RFC 3339, "Z" or an offset

}  // namespace registry::codec
