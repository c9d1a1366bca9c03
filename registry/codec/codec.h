// Definitions as JSON, both ways: the shapes of HTTP.md. One codec serves the API, the store and the tools, so
// what is stored is what was registered.
//
// Parsing is strict: unknown fields are errors with "did you mean", all errors at once with JSON pointers. The
// read-only members of a GET (state, revision, ...) are ignored in a PUT. Parsing does not validate ranges that
// registry/validate.h judges; callers run both (`parse_instance` does).
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "registry/effect.h"
#include "registry/problem.h"

namespace registry::codec {

namespace json = boost::json;

// Parses a whole document. Duplicate keys and trailing octets are bad_request; depth at most 32.
[[nodiscard]] Result<json::value> parse_document(std::string_view text);

struct InstanceContext {
  DomainName service;
  std::string id;               // from the path
  std::optional<Ipv4> peer_v4;  // for "address":"auto" or none
  std::optional<Ipv6> peer_v6;
  CheckDef check_defaults{};  // interval, timeout, rise, fall, ok where a check does not say ([health] of the daemon)
};
[[nodiscard]] Result<InstanceDef> parse_instance(const json::value& body, const InstanceContext& context);
// RFC 7396 merge of a patch onto a definition: null removes, meta merges, lists replace.
[[nodiscard]] Result<InstanceDef> merge_instance(const InstanceDef& current, const json::value& patch,
                                                 const InstanceContext& context);
[[nodiscard]] Result<ServicePolicy> parse_service(const json::value& body, const DomainName& name,
                                                  const CheckDef& check_defaults = {});
[[nodiscard]] Result<NamespaceDef> parse_namespace(const json::value& body, const DomainName& name);
[[nodiscard]] Result<OverrideDef> parse_override(const json::value& body, std::string_view name, Wall now);

// The written members in canonical order, as a GET shows them (the API adds the read-only ones); to_json of a parsed
// body parses back to an equal definition.
[[nodiscard]] json::object to_json(const InstanceDef& def);
[[nodiscard]] json::object to_json(const CheckDef& def);
[[nodiscard]] json::object to_json(const ServicePolicy& policy);
[[nodiscard]] json::object to_json(const NamespaceDef& def);
[[nodiscard]] json::object to_json(const OverrideDef& def);

[[nodiscard]] std::string_view to_string(CheckState state);
[[nodiscard]] std::optional<CheckState> parse_check_state(std::string_view text);

// The closest of `known` within edit distance 2, or "".
[[nodiscard]] std::string_view did_you_mean(std::string_view word, std::span<const std::string_view> known);

// An effect's row in the store: a key (stable, unique per thing: "i/worker.corp/w1"), and a body; an empty body is a
// tombstone (a Delete effect).
struct Row {
  std::string key;
  std::string body;
};
[[nodiscard]] Row encode(const Effect& effect);
[[nodiscard]] std::expected<Effect, std::string> decode(std::string_view key, std::string_view body);

}  // namespace registry::codec
