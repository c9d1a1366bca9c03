// Services (their policy), namespaces and overrides: parse and write.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <utility>
#include <vector>

#include "registry/codec/words.h"
#include "registry/validate.h"

namespace registry::codec {
namespace {

void read_millis(Millis& target, const json::value& value, const Path& path, Errors& errors) {
  if (const auto duration = read_duration(value, path, errors)) target = *duration;
}

void read_optional_millis(std::optional<Millis>& target, const json::value& value, const Path& path, Errors& errors) {
  target = read_duration(value, path, errors);
}

std::optional<DomainName> read_domain(const json::value& value, const Path& path, Errors& errors) {
  const auto text = read_text(value, path, errors);
  if (!text) return std::nullopt;
  auto name = DomainName::parse(*text);
  if (name) return *std::move(name);
  errors.add(path, "invalid_name", name.error());
  return std::nullopt;
}

// Names of others (alias targets, name servers) are kept as written, without the trailing dot.
void read_domain_text(std::string& target, const json::value& value, const Path& path, Errors& errors) {
  if (const auto name = read_domain(value, path, errors)) target = name->text();
}

struct ServiceDraft {
  ServicePolicy policy;
  CheckDef check_defaults;
};

constexpr Field<ServiceDraft> kServiceFields[] = {
    {"ttl", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_optional_millis(d.policy.ttl, v, at, e); }},
    {"min_ttl", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_optional_millis(d.policy.min_ttl, v, at, e); }},
    {"max_answers",
     [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_number(d.policy.max_answers.emplace(), v, at, e); }},
    {"max_srv", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_number(d.policy.max_srv.emplace(), v, at, e); }},
    {"order", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_word(d.policy.order, v, at, e, kOrders); }},
    {"on_empty", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_word(d.policy.on_empty, v, at, e, kOnEmpty); }},
    {"fail_open_below",
     [](ServiceDraft& d, auto& v, auto& at, auto& e) { d.policy.fail_open_below = read_real(v, at, e).value_or(0); }},
    {"only_passing", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_bool(d.policy.only_passing, v, at, e); }},
    {"warning_factor",
     [](ServiceDraft& d, auto& v, auto& at, auto& e) { d.policy.warning_factor = read_real(v, at, e).value_or(1); }},
    {"slow_start", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_millis(d.policy.slow_start, v, at, e); }},
    {"meta", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_string_map(d.policy.meta, v, at, e); }},
    {"foreign", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_foreign(d.policy.foreign, v, at, e); }},
    {"alias", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_domain_text(d.policy.alias, v, at, e); }},
    {"publish", [](ServiceDraft& d, auto& v, auto& at, auto& e) { read_word(d.policy.publish, v, at, e, kPublish); }},
    {"checks",
     [](ServiceDraft& d, auto& v, auto& at, auto& e) {
       std::vector<CheckDef> checks;
       read_checks(checks, v, at, e, d.check_defaults);
       d.policy.checks = std::move(checks);
     }},
    // What a GET adds.
    {"service"},
    {"name"},
    {"namespace"},
    {"instances"},
    {"declared"},
    {"shadowed"},
    {"managed_by_config"},
    {"created"},
    {"revision"},
    {"index"},
};

constexpr Field<TtlRule> kRuleFields[] = {
    {"match", [](TtlRule& r, auto& v, auto& at, auto& errors) { read_string(r.match, v, at, errors); }},
    {"ttl", [](TtlRule& r, auto& v, auto& at, auto& errors) { read_millis(r.ttl, v, at, errors); }},
};

void read_rules(NamespaceDef& def, const json::value& value, const Path& path, Errors& errors) {
  const json::array* list = value.if_array();
  if (!list) {
    errors.add(path, "wrong_type", "must be a list of {\"match\",\"ttl\"}");
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    const Path here(path, i);
    const std::size_t before = errors.size();
    TtlRule& rule = def.ttl_rules.emplace_back();
    if (read_object((*list)[i], here, errors, rule, kRuleFields) && errors.size() == before &&
        !(*list)[i].get_object().contains("ttl")) {
      errors.add(here, "missing", "must have a ttl");
    }
    if (errors.size() != before) errors.mistrust(here);
  }
}

template <class Keep>
void read_names(const json::value& value, const Path& path, Errors& errors, Keep keep) {
  const json::array* list = value.if_array();
  if (!list) {
    errors.add(path, "wrong_type", "must be a list of names");
    return;
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    if (const auto name = read_domain((*list)[i], Path(path, i), errors)) keep(*name);
  }
}

constexpr Field<NamespaceDef> kNamespaceFields[] = {
    {"aliases",
     [](NamespaceDef& d, auto& v, auto& at, auto& errors) {
       read_names(v, at, errors, [&](const DomainName& name) { d.aliases.push_back(name); });
     }},
    {"layout", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_word(d.layout, v, at, errors, kLayouts); }},
    {"consul_aliases",
     [](NamespaceDef& d, auto& v, auto& at, auto& errors) {
       read_names(v, at, errors, [&](const DomainName& name) { d.consul_aliases.push_back(name); });
     }},
    {"datacenter", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_string(d.datacenter, v, at, errors); }},
    {"ttl", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_millis(d.ttl, v, at, errors); }},
    {"min_ttl", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_millis(d.min_ttl, v, at, errors); }},
    {"negative_ttl",
     [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_millis(d.negative_ttl, v, at, errors); }},
    {"max_answers",
     [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_number(d.max_answers, v, at, errors); }},
    {"max_srv", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_number(d.max_srv, v, at, errors); }},
    {"ttl_rules", read_rules},
    {"ns",
     [](NamespaceDef& d, auto& v, auto& at, auto& errors) {
       read_names(v, at, errors, [&](const DomainName& name) { d.ns.push_back(name.text()); });
     }},
    {"hostmaster",
     [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_domain_text(d.hostmaster, v, at, errors); }},
    {"soa_refresh",
     [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_millis(d.soa_refresh, v, at, errors); }},
    {"soa_retry", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_millis(d.soa_retry, v, at, errors); }},
    {"soa_expire", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_millis(d.soa_expire, v, at, errors); }},
    {"foreign", [](NamespaceDef& d, auto& v, auto& at, auto& errors) { read_foreign(d.foreign, v, at, errors); }},
    // What a GET adds.
    {"name"},
    {"services"},
    {"serial"},
    {"managed_by_config"},
    {"created"},
    {"revision"},
    {"index"},
};

struct OverrideDraft {
  OverrideDef def;
  Wall now;
  bool state_given = false;
};

void read_glob(std::string& target, const json::value& value, const Path& path, Errors& errors) {
  if (const auto text = read_text(value, path, errors)) target = fold(*text);
}

constexpr Field<OverrideDef> kMatchFields[] = {
    {"service", [](OverrideDef& d, auto& v, auto& at, auto& errors) { read_glob(d.service, v, at, errors); }},
    {"instance", [](OverrideDef& d, auto& v, auto& at, auto& errors) { read_string(d.instance, v, at, errors); }},
    {"node", [](OverrideDef& d, auto& v, auto& at, auto& errors) { read_glob(d.node, v, at, errors); }},
    {"address",
     [](OverrideDef& d, const json::value& v, const Path& at, Errors& errors) {
       const auto text = read_text(v, at, errors);
       if (!text) return;
       d.address = parse_prefix(*text);
       if (!d.address) errors.add(at, "invalid_value", "must be an address or a block such as 10.0.1.0/24");
     }},
};

void read_expiry(OverrideDraft& draft, const json::value& value, const Path& path, Errors& errors) {
  const auto text = read_text(value, path, errors);
  if (!text) return;
  if (const auto duration = parse_duration(*text)) {
    draft.def.expires = draft.now + *duration;
  } else if (const auto time = parse_time(*text)) {
    draft.def.expires = *time;
  } else {
    errors.add(path, "invalid_value", "must be a duration such as \"1h\" or a time such as \"2026-01-01T00:00:00Z\"");
  }
}

constexpr Field<OverrideDraft> kOverrideFields[] = {
    {"match", [](OverrideDraft& d, auto& v, auto& at, auto& e) { read_object(v, at, e, d.def, kMatchFields); }},
    {"state",
     [](OverrideDraft& d, auto& v, auto& at, auto& e) {
       d.state_given = true;
       read_word(d.def.up, v, at, e, kUpDown);
     }},
    {"reason", [](OverrideDraft& d, auto& v, auto& at, auto& e) { read_string(d.def.reason, v, at, e); }},
    {"author", [](OverrideDraft& d, auto& v, auto& at, auto& e) { read_string(d.def.author, v, at, e); }},
    {"expires", read_expiry},
    {"name"},
    {"revision"},
};

template <class T>
Result<T> finish(T value, Errors errors, std::optional<Problem> validation) {
  errors.merge(std::move(validation));
  if (!errors.empty()) return std::unexpected(std::move(errors).problem());
  return value;
}

}  // namespace

Result<ServicePolicy> parse_service(const json::value& body, const DomainName& name, const CheckDef& check_defaults) {
  Errors errors;
  ServiceDraft draft{.policy = {}, .check_defaults = check_defaults};
  read_object(body, Path(), errors, draft, kServiceFields);
  auto validation = validate(draft.policy, name);
  return finish(std::move(draft.policy), std::move(errors), std::move(validation));
}

Result<NamespaceDef> parse_namespace(const json::value& body, const DomainName& name) {
  Errors errors;
  NamespaceDef def;
  def.name = name;
  read_object(body, Path(), errors, def, kNamespaceFields);
  auto validation = validate(def);
  return finish(std::move(def), std::move(errors), std::move(validation));
}

Result<OverrideDef> parse_override(const json::value& body, std::string_view name, Wall now) {
  Errors errors;
  OverrideDraft draft{.def = {}, .now = now};
  draft.def.name = name;
  const Path root;
  if (read_object(body, root, errors, draft, kOverrideFields) && !draft.state_given) {
    errors.add(Path(root, "state"), "missing", "must be up or down");
  }
  auto validation = validate(draft.def);
  return finish(std::move(draft.def), std::move(errors), std::move(validation));
}

json::object write(const ServicePolicy& policy, Form form) {
  const bool full = form == Form::full;
  const ServicePolicy defaults;
  json::object out;
  const auto optional = [&](std::string_view name, const auto& value, auto convert) {
    if (value) {
      out[name] = convert(*value);
    } else if (full) {
      out[name] = nullptr;  // follows the namespace
    }
  };
  const auto plain = [](int number) { return json::value(number); };
  const auto duration = [](Millis value) { return json::value(format_duration(value)); };
  optional("ttl", policy.ttl, duration);
  optional("min_ttl", policy.min_ttl, duration);
  optional("max_answers", policy.max_answers, plain);
  optional("max_srv", policy.max_srv, plain);
  if (full || policy.order != defaults.order) out["order"] = word_of(policy.order, kOrders);
  if (full || policy.on_empty != defaults.on_empty) out["on_empty"] = word_of(policy.on_empty, kOnEmpty);
  if (full || policy.fail_open_below != defaults.fail_open_below) out["fail_open_below"] = policy.fail_open_below;
  if (full || policy.only_passing) out["only_passing"] = policy.only_passing;
  if (full || policy.warning_factor != defaults.warning_factor) out["warning_factor"] = policy.warning_factor;
  if (full || policy.slow_start != Millis{}) out["slow_start"] = format_duration(policy.slow_start);
  if (full || !policy.meta.empty()) {
    json::object& meta = out["meta"].emplace_object();
    for (const auto& [name, value] : policy.meta) meta[name] = value;
  }
  if (full || !policy.alias.empty()) out["alias"] = policy.alias.empty() ? json::value() : json::value(policy.alias);
  if (full || policy.publish != defaults.publish) out["publish"] = word_of(policy.publish, kPublish);
  if (full || !policy.checks.empty()) {
    json::array& checks = out["checks"].emplace_array();
    for (const CheckDef& check : policy.checks) checks.emplace_back(write(check, form));
  }
  write_foreign(out, policy.foreign);
  return out;
}

json::object write(const NamespaceDef& def, Form form) {
  const bool full = form == Form::full;
  const NamespaceDef defaults;
  json::object out;
  const auto duration = [&](std::string_view name, Millis value, Millis usual) {
    if (full || value != usual) out[name] = format_duration(value);
  };
  const auto names = [&](std::string_view name, const std::vector<DomainName>& list) {
    if (!full && list.empty()) return;
    json::array& texts = out[name].emplace_array();
    for (const DomainName& each : list) texts.emplace_back(each.text());
  };
  names("aliases", def.aliases);
  if (full || def.layout != defaults.layout) out["layout"] = word_of(def.layout, kLayouts);
  names("consul_aliases", def.consul_aliases);
  if (full || def.datacenter != defaults.datacenter) out["datacenter"] = def.datacenter;
  duration("ttl", def.ttl, defaults.ttl);
  duration("min_ttl", def.min_ttl, defaults.min_ttl);
  duration("negative_ttl", def.negative_ttl, defaults.negative_ttl);
  if (full || def.max_answers != defaults.max_answers) out["max_answers"] = def.max_answers;
  if (full || def.max_srv != defaults.max_srv) out["max_srv"] = def.max_srv;
  if (full || !def.ttl_rules.empty()) {
    json::array& rules = out["ttl_rules"].emplace_array();
    for (const TtlRule& rule : def.ttl_rules) {
      rules.push_back(json::object{{"match", rule.match}, {"ttl", format_duration(rule.ttl)}});
    }
  }
  if (full || !def.ns.empty()) out["ns"] = json::array(def.ns.begin(), def.ns.end());
  if (full || !def.hostmaster.empty()) {
    out["hostmaster"] = def.hostmaster.empty() ? json::value() : json::value(def.hostmaster);
  }
  duration("soa_refresh", def.soa_refresh, defaults.soa_refresh);
  duration("soa_retry", def.soa_retry, defaults.soa_retry);
  duration("soa_expire", def.soa_expire, defaults.soa_expire);
  write_foreign(out, def.foreign);
  return out;
}

json::object to_json(const ServicePolicy& policy) { return write(policy, Form::full); }
json::object to_json(const NamespaceDef& def) { return write(def, Form::full); }

json::object to_json(const OverrideDef& def) {
  json::object match;
  match["service"] = def.service;
  match["instance"] = def.instance;
  match["node"] = def.node;
  match["address"] = def.address ? json::value(to_string(*def.address)) : json::value();
  json::object out;
  out["match"] = std::move(match);
  out["state"] = word_of(def.up, kUpDown);
  out["reason"] = def.reason;
  out["author"] = def.author;
  out["expires"] = def.expires ? json::value(format_time(*def.expires)) : json::value();
  return out;
}

std::string_view to_string(CheckState state) { return word_of(state, kCheckStates); }

std::optional<CheckState> parse_check_state(std::string_view text) {
  for (const auto& word : kCheckStates) {
    if (word.text == text) return word.value;
  }
  return std::nullopt;
}

}  // namespace registry::codec
