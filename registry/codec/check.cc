// Checks in all their short and long forms: what is common to all kinds. What each asks is in check_probes.cc.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <utility>

#include "registry/codec/words.h"

namespace registry::codec {
namespace {

constexpr Word<CheckState> kInitial[] = {
    {"passing", CheckState::passing}, {"warning", CheckState::warning}, {"critical", CheckState::critical}};

struct Draft {
  CheckDef def;
  int kinds = 0;  // probes named; exactly one is right
  bool timeout_given = false;
  bool name_given = false;
};

void set_kind(Draft& draft, CheckKind kind) {
  draft.def.kind = kind;
  ++draft.kinds;
}

template <CheckKind Kind, auto Read>
void probe(Draft& draft, const json::value& value, const Path& path, Errors& errors) {
  set_kind(draft, Kind);
  Read(draft.def, value, path, errors);
}

constexpr Field<Draft> kCheckFields[] = {
    {"name",
     [](Draft& d, auto& v, auto& at, auto& errors) {
       d.name_given = true;
       read_string(d.def.name, v, at, errors);
     }},
    {"http", probe<CheckKind::http, read_http>},
    {"https", probe<CheckKind::https, read_http>},
    {"tcp", probe<CheckKind::tcp, read_tcp>},
    {"grpc", probe<CheckKind::grpc, read_grpc>},
    {"dns", probe<CheckKind::dns, read_dns>},
    {"exec", probe<CheckKind::exec, read_exec>},
    {"alias", probe<CheckKind::alias, read_alias>},
    {"heartbeat",
     [](Draft& d, auto& v, auto& at, auto& errors) {
       set_kind(d, CheckKind::heartbeat);
       d.def.lease = read_duration(v, at, errors).value_or(Millis{});
     }},
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
    {"initial", [](Draft& d, auto& v, auto& at, auto& errors) { read_word(d.def.initial, v, at, errors, kInitial); }},
    {"deregister_after",
     [](Draft& d, auto& v, auto& at, auto& errors) {
       if (const auto after = read_duration(v, at, errors)) d.def.deregister_after = *after;
     }},
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
    errors.add(path, "missing", "must have one of http, https, tcp, grpc, dns, heartbeat, exec, alias");
  } else if (draft.kinds > 1) {
    errors.add(path, "conflict", "must ask one thing only; make it two checks");
  }
  if (errors.size() != before) errors.mistrust(path);
  CheckDef& def = draft.def;
  // What could not be read bears no name, so that it is not mistaken for the double of another check.
  if (!draft.name_given && errors.size() == before) def.name = word_of(def.kind, kCheckKinds);
  if (!draft.timeout_given) def.timeout = std::min(defaults.timeout, def.interval);
  if (!is_probed(def.kind)) {  // no timing is its own, so equal ones are equal values
    CheckDef plain;
    plain.name = std::move(def.name);
    plain.kind = def.kind;
    plain.lease = def.lease;
    plain.alias = std::move(def.alias);
    plain.family = def.family;
    plain.initial = def.initial;
    plain.deregister_after = def.deregister_after;
    return plain;
  }
  return std::move(def);
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
  if (def.initial != CheckState::unknown) out["initial"] = word_of(def.initial, kInitial);
  if (def.deregister_after.count() != 0) out["deregister_after"] = format_duration(def.deregister_after);
  if (!is_probed(def.kind)) return out;
  if (full || def.interval != defaults.interval) out["interval"] = format_duration(def.interval);
  if (full || def.timeout != std::min(defaults.timeout, def.interval)) out["timeout"] = format_duration(def.timeout);
  if (full || def.rise != defaults.rise) out["rise"] = def.rise;
  if (full || def.fall != defaults.fall) out["fall"] = def.fall;
  if (full || def.ok != defaults.ok) out["ok"] = def.ok;
  return out;
}

json::object to_json(const CheckDef& def) { return write(def, Form::full); }

}  // namespace registry::codec
