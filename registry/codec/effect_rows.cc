// Effects as rows of the store. The key names the thing, the body is JSON; a Delete effect is an empty body.
//
//   n/corp            namespace           d/worker.corp/w1        drain
//   s/worker.corp     service             c/worker.corp/w1/http   check state
//   i/worker.corp/w1  instance            o/maintenance           override
//   z/corp            serial
//
// In ids, check and override names '/' and '%' are written %2F and %25, so that a key has one reading. Members may
// be added to a body only together with the store's schema version: an unknown one is an error, not ignored, because
// what it says would be lost silently. Rows of every earlier schema are read as they are. Since schema 2 a check may be
// of kind grpc, dns, exec or alias, an http check may have `tls_name` and `expect.json`, and a check state `flaps`.
// Since schema 3 namespaces, services and instances may have `foreign`, an instance no address and several heartbeats,
// and a check `initial` and `deregister_after`.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "registry/codec/words.h"
#include "registry/validate.h"

namespace registry::codec {
namespace {

std::string escape(std::string_view part) {
  const auto special = [](char c) { return c == '/' || c == '%'; };
  if (std::ranges::none_of(part, special)) return std::string(part);
  std::string out;
  for (const char c : part) {
    if (c == '/') {
      out += "%2F";
    } else if (c == '%') {
      out += "%25";
    } else {
      out += c;
    }
  }
  return out;
}

std::optional<std::string> unescape(std::string_view part) {
  std::string out;
  for (std::size_t i = 0; i < part.size(); ++i) {
    if (part[i] != '%') {
      out += part[i];
      continue;
    }
    const std::string_view code = part.substr(i, 3);
    if (code != "%2F" && code != "%25") return std::nullopt;
    out += code == "%2F" ? '/' : '%';
    i += 2;
  }
  return out;
}

std::string key_of(char kind, std::string_view a) { return fmt::format("{}/{}", kind, escape(a)); }
std::string key_of(char kind, std::string_view a, std::string_view b) {
  return fmt::format("{}/{}/{}", kind, escape(a), escape(b));
}

std::int64_t millis(Wall time) { return time.time_since_epoch().count(); }
Wall wall(std::int64_t value) { return Wall(Millis(value)); }

Row row(const PutNamespaceEffect& e) {
  json::object body;
  body["name"] = e.def.name.text();
  body["created"] = e.created;
  body["revision"] = e.revision;
  if (e.on_demand) body["on_demand"] = true;
  body["def"] = write(e.def, Form::compact);
  return {key_of('n', e.def.name.key()), json::serialize(body)};
}
Row row(const DeleteNamespaceEffect& e) { return {key_of('n', e.name), {}}; }

Row row(const PutServiceEffect& e) {
  json::object body;
  body["name"] = e.name.text();
  body["created"] = e.created;
  if (e.revision != 0) body["revision"] = e.revision;
  if (e.declared) body["declared"] = true;
  body["def"] = write(e.policy, Form::compact);
  return {key_of('s', e.name.key()), json::serialize(body)};
}
Row row(const DeleteServiceEffect& e) { return {key_of('s', e.service), {}}; }

// Of these a load has a million; the values live on the stack until they are text.
Row row(const PutInstanceEffect& e) {
  std::array<unsigned char, 4096> room;
  json::monotonic_resource arena(room.data(), room.size());
  json::object body(&arena);
  body["created"] = e.created;
  if (e.revision != 0) body["revision"] = e.revision;
  if (e.def.label != e.def.id) body["label"] = e.def.label;
  body["def"] = write(e.def, Form::compact, &arena);
  return {key_of('i', e.service, e.def.id), json::serialize(body)};
}
Row row(const DeleteInstanceEffect& e) { return {key_of('i', e.service, e.id), {}}; }

Row row(const DrainEffect& e) {
  std::string key = key_of('d', e.service, e.id);
  if (!e.started) return {std::move(key), {}};
  json::object body;
  body["started"] = millis(*e.started);
  if (e.safe_after) body["safe_after"] = millis(*e.safe_after);
  return {std::move(key), json::serialize(body)};
}

Row row(const PutOverrideEffect& e) {
  json::object body = to_json(e.def);
  body["revision"] = e.revision;
  return {key_of('o', e.def.name), json::serialize(body)};
}
Row row(const DeleteOverrideEffect& e) { return {key_of('o', e.name), {}}; }

Row row(const CheckStateEffect& e) {
  json::object body;
  body["subject"] = e.subject;
  body["state"] = to_string(e.status.state);
  if (e.status.successes) body["successes"] = e.status.successes;
  if (e.status.failures) body["failures"] = e.status.failures;
  if (e.status.flaps) body["flaps"] = e.status.flaps;
  body["since"] = millis(e.status.since);
  if (e.status.passed_once) body["passed_once"] = true;
  if (!e.status.output.empty()) body["output"] = e.status.output;
  if (e.status.latency.count() != 0) body["latency_us"] = e.status.latency.count();
  if (e.status.fault != Fault::none) body["fault"] = word_of(e.status.fault, kFaults);
  return {fmt::format("c/{}/{}/{}", escape(e.service), escape(e.id), escape(e.check)), json::serialize(body)};
}

Row row(const SerialEffect& e) { return {key_of('z', e.name), fmt::format("{{\"serial\":{}}}", e.serial)}; }

// What may stand in a body, of any kind; each decoder takes what is its own.
struct Envelope {
  std::string name, label;
  Revision created = 0, revision = 0;
  bool declared = false;
  bool on_demand = false;
  std::optional<std::int64_t> started, safe_after;
  std::int64_t since = 0, latency = 0;
  std::uint64_t subject = 0;
  std::uint32_t serial = 0;
  CheckStatus status;
  const json::value* def = nullptr;
};

constexpr std::int64_t kFar = 253'402'300'800'000;  // the year 10000, in milliseconds

constexpr Field<Envelope> kEnvelope[] = {
    {"name", [](Envelope& x, auto& v, auto& at, auto& errors) { read_string(x.name, v, at, errors); }},
    {"label", [](Envelope& x, auto& v, auto& at, auto& errors) { read_string(x.label, v, at, errors); }},
    {"created",
     [](Envelope& x, auto& v, auto& at, auto& errors) {
       read_number(x.created, v, at, errors, 0, std::numeric_limits<std::int64_t>::max());
     }},
    {"revision",
     [](Envelope& x, auto& v, auto& at, auto& errors) {
       read_number(x.revision, v, at, errors, 0, std::numeric_limits<std::int64_t>::max());
     }},
    {"declared", [](Envelope& x, auto& v, auto& at, auto& errors) { read_bool(x.declared, v, at, errors); }},
    {"on_demand", [](Envelope& x, auto& v, auto& at, auto& errors) { read_bool(x.on_demand, v, at, errors); }},
    {"def", [](Envelope& x, const json::value& v, const Path&, Errors&) { x.def = &v; }},
    {"started", [](Envelope& x, auto& v, auto& at, auto& errors) { x.started = read_integer(v, at, errors, 0, kFar); }},
    {"safe_after",
     [](Envelope& x, auto& v, auto& at, auto& errors) { x.safe_after = read_integer(v, at, errors, 0, kFar); }},
    {"subject",
     [](Envelope& x, auto& v, auto& at, auto& errors) {
       read_number(x.subject, v, at, errors, 0, std::numeric_limits<std::int64_t>::max());
     }},
    {"state",
     [](Envelope& x, auto& v, auto& at, auto& errors) { read_word(x.status.state, v, at, errors, kCheckStates); }},
    {"successes", [](Envelope& x, auto& v, auto& at, auto& errors) { read_number(x.status.successes, v, at, errors); }},
    {"failures", [](Envelope& x, auto& v, auto& at, auto& errors) { read_number(x.status.failures, v, at, errors); }},
    {"flaps", [](Envelope& x, auto& v, auto& at, auto& errors) { read_number(x.status.flaps, v, at, errors); }},
    {"since", [](Envelope& x, auto& v, auto& at, auto& errors) { read_number(x.since, v, at, errors, 0, kFar); }},
    {"passed_once",
     [](Envelope& x, auto& v, auto& at, auto& errors) { read_bool(x.status.passed_once, v, at, errors); }},
    {"output", [](Envelope& x, auto& v, auto& at, auto& errors) { read_string(x.status.output, v, at, errors); }},
    {"latency_us", [](Envelope& x, auto& v, auto& at, auto& errors) { read_number(x.latency, v, at, errors); }},
    {"fault", [](Envelope& x, auto& v, auto& at, auto& errors) { read_word(x.status.fault, v, at, errors, kFaults); }},
    {"serial", [](Envelope& x, auto& v, auto& at, auto& errors) { read_number(x.serial, v, at, errors); }},
};

using Decoded = std::expected<Effect, std::string>;

Decoded bad(std::string why) { return std::unexpected(std::move(why)); }

template <class T>
Decoded keep(Result<T> parsed, auto&& make) {
  if (!parsed) return bad(parsed.error().detail);
  return make(*std::move(parsed));
}

Decoded decode_namespace(const std::string& key, const Envelope& x) {
  const auto name = DomainName::parse(x.name);
  if (!name || name->key() != key || !x.def) return bad("the name does not fit its key");
  return keep(parse_namespace(*x.def, *name), [&](NamespaceDef def) {
    return PutNamespaceEffect{std::move(def), x.created, x.revision, x.on_demand};
  });
}

Decoded decode_service(const std::string& key, const Envelope& x) {
  const auto name = DomainName::parse(x.name);
  if (!name || name->key() != key || !x.def) return bad("the name does not fit its key");
  return keep(parse_service(*x.def, *name), [&](ServicePolicy policy) {
    return PutServiceEffect{*name, std::move(policy), x.declared, x.created, x.revision};
  });
}

Decoded decode_instance(const std::string& service, const std::string& id, const Envelope& x) {
  const auto name = DomainName::parse(service);
  if (!name || name->key() != service || !x.def) return bad("the key does not name an instance");
  Errors errors;
  InstanceContext context;
  context.id = id;
  InstanceDef def = read_instance(*x.def, context, errors);
  if (!x.label.empty()) def.label = x.label;
  errors.merge(validate(def, *name));
  if (!errors.empty()) return bad(std::move(errors).problem().detail);
  return PutInstanceEffect{service, std::move(def), x.created, x.revision};
}

Decoded decode_check(std::string service, std::string id, std::string check, Envelope x) {
  x.status.since = wall(x.since);
  x.status.latency = std::chrono::microseconds(x.latency);
  return CheckStateEffect{std::move(service), std::move(id), std::move(check), x.subject, std::move(x.status)};
}

Decoded decode_drain(std::string service, std::string id, const Envelope& x) {
  if (!x.started) return bad("a drain without its start");
  DrainEffect effect{std::move(service), std::move(id), wall(*x.started), std::nullopt};
  if (x.safe_after) effect.safe_after = wall(*x.safe_after);
  return effect;
}

Decoded decode_tombstone(char kind, std::span<std::string> parts) {
  if (kind == 'n' && parts.size() == 1) return DeleteNamespaceEffect{std::move(parts[0])};
  if (kind == 's' && parts.size() == 1) return DeleteServiceEffect{std::move(parts[0])};
  if (kind == 'o' && parts.size() == 1) return DeleteOverrideEffect{std::move(parts[0])};
  if (kind == 'i' && parts.size() == 2) return DeleteInstanceEffect{std::move(parts[0]), std::move(parts[1])};
  if (kind == 'd' && parts.size() == 2) {
    return DrainEffect{std::move(parts[0]), std::move(parts[1]), std::nullopt, std::nullopt};
  }
  return bad("a key that nothing is known by");
}

Decoded decode_body(char kind, std::span<std::string> parts, const json::value& body) {
  if (kind == 'o' && parts.size() == 1) {
    return keep(parse_override(body, parts[0], Wall{}), [&](OverrideDef def) {
      const json::value* const revision = body.get_object().if_contains("revision");
      const bool whole = revision != nullptr && revision->is_int64() && revision->get_int64() >= 0;
      return PutOverrideEffect{std::move(def), whole ? static_cast<Revision>(revision->get_int64()) : 0};
    });
  }
  Envelope x;
  Errors errors;
  read_object(body, Path(), errors, x, kEnvelope);
  if (!errors.empty()) return bad(std::move(errors).problem().detail);
  if (kind == 'n' && parts.size() == 1) return decode_namespace(parts[0], x);
  if (kind == 's' && parts.size() == 1) return decode_service(parts[0], x);
  if (kind == 'i' && parts.size() == 2) return decode_instance(parts[0], parts[1], x);
  if (kind == 'd' && parts.size() == 2) return decode_drain(std::move(parts[0]), std::move(parts[1]), x);
  if (kind == 'z' && parts.size() == 1) return SerialEffect{std::move(parts[0]), x.serial};
  if (kind == 'c' && parts.size() == 3) {
    return decode_check(std::move(parts[0]), std::move(parts[1]), std::move(parts[2]), std::move(x));
  }
  return bad("a key that nothing is known by");
}

}  // namespace

Row encode(const Effect& effect) {
  return std::visit([](const auto& e) { return row(e); }, effect);
}

std::expected<Effect, std::string> decode(std::string_view key, std::string_view body) {
  if (key.size() < 3 || key[1] != '/') return bad("a key that nothing is known by");
  std::vector<std::string> parts;
  for (std::string_view rest = key.substr(2);;) {
    const std::size_t slash = rest.find('/');
    auto part = unescape(rest.substr(0, slash));
    if (!part || part->empty() || parts.size() == 3) return bad("a key that nothing is known by");
    parts.push_back(*std::move(part));
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  if (body.empty()) return decode_tombstone(key[0], parts);
  std::array<unsigned char, 4096> arena;  // most rows fit: no allocation for the JSON of a million rows
  json::monotonic_resource memory(arena.data(), arena.size());
  json::error_code ec;
  const json::value parsed = json::parse({body.data(), body.size()}, ec, &memory);
  if (ec) return bad("the body is not JSON: " + ec.message());
  return decode_body(key[0], parts, parsed);
}

}  // namespace registry::codec
