// What each kind of check asks, in its short and its long form: {"http":"/path"}, {"http":{...}}, {"tcp":true},
// {"grpc":"service"}, {"dns":"name"}, {"exec":["/path","argument"]}, {"alias":"db.corp"}.
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "registry/codec/words.h"

namespace registry::codec {
namespace {

constexpr Word<std::uint16_t> kTypes[] = {{"A", 1},   {"NS", 2},   {"CNAME", 5}, {"SOA", 6},  {"PTR", 12},
                                          {"MX", 15}, {"TXT", 16}, {"AAAA", 28}, {"SRV", 33}, {"HTTPS", 65}};
constexpr Word<std::uint8_t> kRcodes[] = {{"NOERROR", 0},  {"FORMERR", 1}, {"SERVFAIL", 2},
                                          {"NXDOMAIN", 3}, {"NOTIMP", 4},  {"REFUSED", 5}};

template <class Probe>
void read_port(Probe& probe, const json::value& value, const Path& path, Errors& errors) {
  read_number(probe.port.emplace(), value, path, errors, 1, 65535);
}

void read_statuses(HttpProbe& probe, const json::value& value, const Path& path, Errors& errors) {
  const json::array* list = value.if_array();
  if (!list) {
    errors.add(path, "wrong_type", "must be a list of status codes");
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    read_number(probe.expect_status.emplace_back(), (*list)[i], Path(path, i), errors, 100, 599);
  }
}

// A null is a value that is expected, like any other: lists of checks are replaced as a whole, never merged.
void read_json(HttpProbe& probe, const json::value& value, const Path& path, Errors& errors) {
  const json::object* object = value.if_object();
  if (!object) {
    errors.add(path, "wrong_type", "must be an object: JSON pointers, each with the value that stands there");
    return;
  }
  for (const auto& member : *object) {
    probe.expect_json[std::string_view(member.key().data(), member.key().size())] = json::serialize(member.value());
  }
}

constexpr Field<HttpProbe> kHttpExpectFields[] = {
    {"status", read_statuses},
    {"body", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_string(p.expect_body, v, at, e); }},
    {"json", read_json},
};

constexpr Field<HttpProbe> kHttpFields[] = {
    {"path", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_string(p.path, v, at, e); }},
    {"port", read_port<HttpProbe>},
    {"method", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_string(p.method, v, at, e); }},
    {"headers", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_string_map(p.headers, v, at, e); }},
    {"host", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_string(p.host, v, at, e); }},
    {"expect", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_object(v, at, e, p, kHttpExpectFields); }},
    {"tls_name", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_string(p.tls_name, v, at, e); }},
    {"tls_skip_verify", [](HttpProbe& p, auto& v, auto& at, auto& e) { read_bool(p.tls_skip_verify, v, at, e); }},
};

constexpr Field<TcpProbe> kTcpFields[] = {
    {"port", read_port<TcpProbe>},
    {"tls", [](TcpProbe& p, auto& v, auto& at, auto& e) { read_bool(p.tls, v, at, e); }},
};

constexpr Field<GrpcProbe> kGrpcFields[] = {
    {"service", [](GrpcProbe& p, auto& v, auto& at, auto& e) { read_string(p.service, v, at, e); }},
    {"port", read_port<GrpcProbe>},
    {"host", [](GrpcProbe& p, auto& v, auto& at, auto& e) { read_string(p.host, v, at, e); }},
    {"tls", [](GrpcProbe& p, auto& v, auto& at, auto& e) { read_bool(p.tls, v, at, e); }},
    {"tls_name", [](GrpcProbe& p, auto& v, auto& at, auto& e) { read_string(p.tls_name, v, at, e); }},
    {"tls_skip_verify", [](GrpcProbe& p, auto& v, auto& at, auto& e) { read_bool(p.tls_skip_verify, v, at, e); }},
};

void read_expected_address(DnsProbe& probe, const json::value& value, const Path& path, Errors& errors) {
  const auto text = read_text(value, path, errors);
  if (!text) return;
  probe.expect_address.v4 = parse_ipv4(*text);
  if (!probe.expect_address.v4) probe.expect_address.v6 = parse_ipv6(*text);
  if (probe.expect_address.empty()) errors.add(path, "invalid_value", "must be an IPv4 or IPv6 address");
}

constexpr Field<DnsProbe> kDnsExpectFields[] = {
    {"rcode", [](DnsProbe& p, auto& v, auto& at, auto& e) { read_word(p.expect_rcode, v, at, e, kRcodes); }},
    {"address", read_expected_address},
};

constexpr Field<DnsProbe> kDnsFields[] = {
    {"name", [](DnsProbe& p, auto& v, auto& at, auto& e) { read_string(p.name, v, at, e); }},
    {"type", [](DnsProbe& p, auto& v, auto& at, auto& e) { read_word(p.type, v, at, e, kTypes); }},
    {"port", read_port<DnsProbe>},
    {"tcp", [](DnsProbe& p, auto& v, auto& at, auto& e) { read_bool(p.tcp, v, at, e); }},
    {"expect", [](DnsProbe& p, auto& v, auto& at, auto& e) { read_object(v, at, e, p, kDnsExpectFields); }},
};

// A text is the short form of the object's main member.
template <class Probe, std::size_t N>
void read_short_or_long(Probe& probe, std::string& main, const json::value& value, const Path& path, Errors& errors,
                        const Field<Probe> (&fields)[N], std::string_view expected) {
  if (const json::string* text = value.if_string()) {
    main.assign(text->data(), text->size());
  } else if (value.is_object()) {
    read_object(value, path, errors, probe, fields);
  } else {
    errors.add(path, "wrong_type", std::string(expected));
  }
}

json::object write_expect(const HttpProbe& probe) {
  json::object out;
  if (!probe.expect_status.empty()) out["status"] = json::array(probe.expect_status.begin(), probe.expect_status.end());
  if (!probe.expect_body.empty()) out["body"] = probe.expect_body;
  if (probe.expect_json.empty()) return out;
  json::object& pointers = out["json"].emplace_object();
  for (const auto& [pointer, value] : probe.expect_json) {
    json::error_code malformed;  // only read_json() and other readers of JSON write these
    pointers[pointer] = json::parse(value, malformed);
  }
  return out;
}

json::object write_http(const HttpProbe& probe) {
  json::object out;
  out["path"] = probe.path;
  if (probe.port) out["port"] = *probe.port;
  if (probe.method != "GET") out["method"] = probe.method;
  if (!probe.headers.empty()) {
    json::object& headers = out["headers"].emplace_object();
    for (const auto& [name, value] : probe.headers) headers[name] = value;
  }
  if (!probe.host.empty()) out["host"] = probe.host;
  if (json::object expect = write_expect(probe); !expect.empty()) out["expect"] = std::move(expect);
  if (!probe.tls_name.empty()) out["tls_name"] = probe.tls_name;
  if (probe.tls_skip_verify) out["tls_skip_verify"] = true;
  return out;
}

json::value write_tcp(const TcpProbe& probe) {
  json::object out;
  if (probe.port) out["port"] = *probe.port;
  if (probe.tls) out["tls"] = true;
  if (out.empty()) return true;
  return out;
}

json::value write_grpc(const GrpcProbe& probe) {
  json::object out;
  if (probe.port) out["port"] = *probe.port;
  if (!probe.host.empty()) out["host"] = probe.host;
  if (probe.tls) out["tls"] = true;
  if (!probe.tls_name.empty()) out["tls_name"] = probe.tls_name;
  if (probe.tls_skip_verify) out["tls_skip_verify"] = true;
  if (out.empty()) return json::value(probe.service);
  if (!probe.service.empty()) out["service"] = probe.service;
  return out;
}

json::object write_dns(const DnsProbe& probe) {
  json::object out;
  out["name"] = probe.name;
  out["type"] = word_of(probe.type, kTypes);
  if (probe.port) out["port"] = *probe.port;
  if (probe.tcp) out["tcp"] = true;
  json::object expect;
  if (probe.expect_rcode != 0) expect["rcode"] = word_of(probe.expect_rcode, kRcodes);
  if (probe.expect_address.v4) expect["address"] = to_string(*probe.expect_address.v4);
  if (probe.expect_address.v6) expect["address"] = to_string(*probe.expect_address.v6);
  if (!expect.empty()) out["expect"] = std::move(expect);
  return out;
}

}  // namespace

void read_http(CheckDef& check, const json::value& value, const Path& path, Errors& errors) {
  read_short_or_long(check.http, check.http.path, value, path, errors, kHttpFields,
                     "must be a path such as \"/healthz\" or an object");
}

void read_tcp(CheckDef& check, const json::value& value, const Path& path, Errors& errors) {
  if (value.is_object()) {
    read_object(value, path, errors, check.tcp, kTcpFields);
  } else if (const bool* on = value.if_bool(); !on || !*on) {
    errors.add(path, "wrong_type", "must be true or an object");
  }
}

void read_grpc(CheckDef& check, const json::value& value, const Path& path, Errors& errors) {
  if (const bool* on = value.if_bool(); on && *on) return;  // the server as a whole
  read_short_or_long(check.grpc, check.grpc.service, value, path, errors, kGrpcFields,
                     "must be a service's full name, true for the whole server, or an object");
}

void read_dns(CheckDef& check, const json::value& value, const Path& path, Errors& errors) {
  read_short_or_long(check.dns, check.dns.name, value, path, errors, kDnsFields,
                     "must be a name to ask for, or an object");
}

void read_exec(CheckDef& check, const json::value& value, const Path& path, Errors& errors) {
  if (value.is_array()) {
    read_strings(check.exec, value, path, errors);
  } else {
    errors.add(path, "wrong_type", "must be a list: the program's full path, then its arguments; there is no shell");
  }
}

// As written, without the trailing dot; the validator judges it.
void read_alias(CheckDef& check, const json::value& value, const Path& path, Errors& errors) {
  const auto text = read_text(value, path, errors);
  if (!text) return;
  const auto name = DomainName::parse(*text);
  check.alias = name ? name->text() : std::string(*text);
}

json::value write_probe(const CheckDef& def) {
  switch (def.kind) {
    case CheckKind::http:
    case CheckKind::https:
      return write_http(def.http);
    case CheckKind::tcp:
      return write_tcp(def.tcp);
    case CheckKind::grpc:
      return write_grpc(def.grpc);
    case CheckKind::dns:
      return write_dns(def.dns);
    case CheckKind::exec:
      return json::array(def.exec.begin(), def.exec.end());
    case CheckKind::alias:
      return json::value(def.alias);
    case CheckKind::heartbeat:
      break;
  }
  return json::value(format_duration(def.lease));
}

}  // namespace registry::codec
