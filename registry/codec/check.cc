// Checks in all their short and long forms: {"http":"/path"}, {"http":{...}}, {"tcp":true}, {"heartbeat":"30s"}.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

#include "registry/codec/words.h"

namespace registry::codec {
namespace {

struct Draft {
  CheckDef def;
  int kinds = 0;  // probes named; exactly one is right
  bool timeout_given = false;
  bool name_given = false;
};

constexpr Field<HttpProbe> kHttpFields[] = {
    {"path", [](HttpProbe& p, auto& v, auto& at, auto& errors) { read_string(p.path, v, at, errors); }},
    {"port",
     [](HttpProbe& p, auto& v, auto& at, auto& errors) { read_number(p.port.emplace(), v, at, errors, 1, 65535); }},
    {"method", [](HttpProbe& p, auto& v, auto& at, auto& errors) { read_string(p.method, v, at, errors); }},
    {"headers", [](HttpProbe& p, auto& v, auto& at, auto& errors) { read_string_map(p.headers, v, at, errors); }},
    {"host", [](HttpProbe& p, auto& v, auto& at, auto& errors) { read_string(p.host, v, at, errors); }},
    {"expect",
     [](HttpProbe& p, const json::value& v, const Path& at, Errors& errors) {
       static constexpr Field<HttpProbe> kExpect[] = {
           {"status",
            [](HttpProbe& probe, const json::value& value, const Path& path, Errors& e) {
              const json::array* list = value.if_array();
              if (!list) {
                e.add(path, "wrong_type", "must be a list of status codes");
                return;
              }
              for (std::size_t i = 0; i < list->size(); ++i) {
                read_number(probe.expect_status.emplace_back(), (*list)[i], Path(path, i), e, 100, 599);
              }
            }},
           {"body", [](HttpProbe& probe, auto& value, auto& path, auto& e) {
              read_string(probe.expect_body, value, path, e);
            }}};
       read_object(v, at, errors, p, kExpect);
     }},
    {"tls_skip_verify",
     [](HttpProbe& p, auto& v, auto& at, auto& errors) { read_bool(p.tls_skip_verify, v, at, errors); }},
};

constexpr Field<TcpProbe> kTcpFields[] = {
    {"port",
     [](TcpProbe& p, auto& v, auto& at, auto& errors) { read_number(p.port.emplace(), v, at, errors, 1, 65535); }},
    {"tls", [](TcpProbe& p, auto& v, auto& at, auto& errors) { read_bool(p.tls, v, at, errors); }},
};

void set_kind(Draft& draft, CheckKind kind) {
  draft.def.kind = kind;
  ++draft.kinds;
}

void read_http(Draft& draft, CheckKind kind, const json::value& value, const Path& path, Errors& errors) {
  set_kind(draft, kind);
  if (const json::string* text = value.if_string()) {
    draft.def.http.path.assign(text->data(), text->size());
  } else if (value.is_object()) {
    read_object(value, path, errors, draft.def.http, kHttpFields);
  } else {
    errors.add(path, "wrong_type", "must be a path such as \"/healthz\" or an object");
  }
}

void read_tcp(Draft& draft, const json::value& value, const Path& path, Errors& errors) {
  set_kind(draft, CheckKind::tcp);
  if (value.is_object()) {
    read_object(value, path, errors, draft.def.tcp, kTcpFields);
  } else if (const bool* on = value.if_bool(); !on || !*on) {
    errors.add(path, "wrong_type", "must be true or an object");
  }
}

// Known words of the design that this version does not probe yet: said plainly, not as a typing error.
void not_supported(Draft& draft, const json::value&, const Path& path, Errors& errors) {
  ++draft.kinds;
  errors.add(path, "not_supported", "this kind of check is not supported yet; http, https, tcp and heartbeat are");
}

constexpr Field<Draft> kCheckFields[] = {
    {"name",
     [](Draft& d, auto& v, auto& at, auto& errors) {
       d.name_given = true;
       read_string(d.def.name, v, at, errors);
     }},
    {"http", [](Draft& d, auto& v, auto& at, auto& errors) { read_http(d, CheckKind::http, v, at, errors); }},
    {"https", [](Draft& d, auto& v, auto& at, auto& errors) { read_http(d, CheckKind::https, v, at, errors); }},
    {"tcp", read_tcp},
    {"heartbeat",
     [](Draft& d, auto& v, auto& at, auto& errors) {
       set_kind(d, CheckKind::heartbeat);
       d.def.lease = read_duration(v, at, errors).value_or(Millis{});
     }},
    {"grpc", not_supported},
    {"dns", not_supported},
    {"exec", not_supported},
    {"alias", not_supported},
    {"interval",
     [](Draft& d, auto& v, auto& at, auto& errors) {
       if (const auto interval = read_duration(v, at, errors)) d.def.interval = *interval;
     }},
    {"timeout",
     [](Draft& d, auto& v, auto& at, auto& errors) {
       d.timeout_given = true;
       if (const auto timeout = read_duration(v, at, errors)) d.def.timeout = *timeout;
     }},
    {"rise", [](Draft& d, auto& v, auto& at, auto& errors) { read_number(d.def.rise, v, at, errors); }},
    {"fall", [](Draft& d, auto& v, auto& at, auto& errors) { read_number(d.def.fall, v, at, errors); }},
    {"ok", [](Draft& d, auto& v, auto& at, auto& errors) { read_number(d.def.ok, v, at, errors); }},
    {"family", [](Draft& d, auto& v, auto& at, auto& errors) { read_word(d.def.family, v, at, errors, kFamilies); }},
    // What a GET adds.
    {"kind"},
    {"state"},
    {"since"},
    {"output"},
    {"latency"},
    {"failures"},
    {"successes"},
    {"fault"},
    {"damped"},
};

CheckDef read_check(const json::value& value, const Path& path, Errors& errors, const CheckDef& defaults) {
  Draft draft{.def = defaults};
  const std::size_t before = errors.size();
  const bool object = read_object(value, path, errors, draft, kCheckFields);
  const bool clean = errors.size() == before;
  if (object && draft.kinds == 0 && clean) {
    errors.add(path, "missing", "must have one of http, https, tcp, heartbeat");
  } else if (draft.kinds > 1) {
    errors.add(path, "conflict", "must have only one of http, https, tcp, heartbeat; make it two checks");
  }
  if (errors.size() != before) errors.mistrust(path);
  CheckDef& def = draft.def;
  // What could not be read bears no name, so that it is not mistaken for the double of another check.
  if (!draft.name_given && errors.size() == before) def.name = word_of(def.kind, kCheckKinds);
  if (!draft.timeout_given) def.timeout = std::min(defaults.timeout, def.interval);
  if (def.kind == CheckKind::heartbeat) {  // is not probed: no timing is its own, so equal heartbeats are equal values
    CheckDef heartbeat = lease_check(def.lease);
    heartbeat.name = std::move(def.name);
    heartbeat.family = def.family;
    return heartbeat;
  }
  return std::move(def);
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
  if (!probe.expect_status.empty() || !probe.expect_body.empty()) {
    json::object& expect = out["expect"].emplace_object();
    if (!probe.expect_status.empty()) {
      expect["status"] = json::array(probe.expect_status.begin(), probe.expect_status.end());
    }
    if (!probe.expect_body.empty()) expect["body"] = probe.expect_body;
  }
  if (probe.tls_skip_verify) out["tls_skip_verify"] = true;
  return out;
}

json::value write_probe(const CheckDef& def) {
  switch (def.kind) {
    case CheckKind::http:
    case CheckKind::https:
      return write_http(def.http);
    case CheckKind::tcp: {
      json::object tcp;
      if (def.tcp.port) tcp["port"] = *def.tcp.port;
      if (def.tcp.tls) tcp["tls"] = true;
      if (tcp.empty()) return true;
      return tcp;
    }
    case CheckKind::heartbeat:
      return json::value(format_duration(def.lease));
  }
  return nullptr;
}

}  // namespace

CheckDef lease_check(Millis lease) {
  CheckDef def;
  def.name = kLeaseCheck;
  def.kind = CheckKind::heartbeat;
  def.lease = lease;
  return def;
}

void read_checks(std::vector<CheckDef>& checks, const json::value& value, const Path& path, Errors& errors,
                 const CheckDef& defaults) {
  const json::array* list = value.if_array();
  if (!list) {
    errors.add(path, "wrong_type", "must be a list of checks");
    return;
  }
  checks.clear();
  checks.reserve(list->size() + 1);
  for (std::size_t i = 0; i < list->size(); ++i) {
    checks.push_back(read_check((*list)[i], Path(path, i), errors, defaults));
  }
}

json::object write(const CheckDef& def, Form form) {
  const bool full = form == Form::full;
  const CheckDef defaults;
  const std::string_view kind = word_of(def.kind, kCheckKinds);
  json::object out;
  if (full || def.name != kind) out["name"] = def.name;
  if (full) out["kind"] = kind;
  out[kind] = write_probe(def);
  if (def.family != Family::any) out["family"] = word_of(def.family, kFamilies);
  if (def.kind == CheckKind::heartbeat) return out;
  if (full || def.interval != defaults.interval) out["interval"] = format_duration(def.interval);
  if (full || def.timeout != std::min(defaults.timeout, def.interval)) out["timeout"] = format_duration(def.timeout);
  if (full || def.rise != defaults.rise) out["rise"] = def.rise;
  if (full || def.fall != defaults.fall) out["fall"] = def.fall;
  if (full || def.ok != defaults.ok) out["ok"] = def.ok;
  return out;
}

json::object to_json(const CheckDef& def) { return write(def, Form::full); }

}  // namespace registry::codec
