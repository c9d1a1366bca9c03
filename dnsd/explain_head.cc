// How a name was read, what bounds its answer, and in one sentence why it is as it is.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <iterator>
#include <vector>

#include "dnsd/answers/wire_name.h"
#include "dnsd/explain.h"
#include "registry/codec/codec.h"

namespace dnsd {
namespace {

namespace json = boost::json;
using answers::Node;
using answers::ServiceBlock;
using answers::ZoneKind;
using serve::Place;
using serve::Trace;

// Names compared with one that is not there. An edit distance costs some 0.5 us: 5 ms at most, on the thread that does
// everything else as well.
constexpr std::size_t kMaxCompared = 10'000;

std::string text_of(std::string_view wire) { return answers::name_to_text(wire).value_or("?"); }

// As in a zone file, with escapes: what is asked need not be UTF-8.
std::string spelled(std::string_view label) {
  std::string text = text_of(static_cast<char>(label.size()) + std::string(label) + '\0');
  if (text.ends_with('.')) text.pop_back();
  return text;
}
std::string_view first_label(std::string_view wire) { return wire.substr(1, static_cast<std::uint8_t>(wire[0])); }

bool is_exact_in_zone(const Ending& ending) { return ending.found.exact && ending.zone != nullptr; }

std::string_view form_of_service(const Explained& e) {
  switch (e.why.trace.form) {
    case Trace::Form::service:
      return "service";
    case Trace::Form::selected:
      return "selector";
    case Trace::Form::port:
      return "port";
    case Trace::Form::status:
      return "status";
    case Trace::Form::instance:
      return "instance";
    case Trace::Form::dns_sd:
      return e.why.trace.drawn == Trace::Drawn::one ? "instance" : "dns-sd";
    case Trace::Form::below:
    case Trace::Form::none:
      break;
  }
  return "below";
}

// What stands at the name where it is no service's.
std::string_view form_of_name(const Ending& ending) {
  if (ending.zone == nullptr) return "outside";
  const Node& node = *ending.found.node;
  if (ending.zone->kind == ZoneKind::reverse) return "reverse";
  if (answers::count_labels(ending.name) == ending.zone->labels) return "apex";
  if ((node.flags.load(std::memory_order_acquire) & (Node::kCut | Node::kBelow)) != 0) return "delegation";
  if (!ending.found.exact) return "none";
  return node.records.load(std::memory_order_acquire) != nullptr ? "static" : "empty";
}

std::string_view mode_of(const Explained& e) {
  const auto* block = e.why.trace.block;
  if (block == nullptr) return "normal";
  const auto* chosen = e.why.trace.chosen;
  if (block->has(ServiceBlock::kFailOpen) || (chosen != nullptr && chosen->fails_open())) return "fail_open";
  return block->has(ServiceBlock::kGuard) ? "guard" : "normal";
}

// -- the TTL --------------------------------------------------------------------------------------------------------

std::string_view bound_of(const Explained& e, const Ending& ending, std::uint32_t ttl) {
  const bool negative = e.shown.answer.empty() || e.shown.answer.back().type == "CNAME";
  const auto* view = ending.zone != nullptr ? ending.zone->view.load(std::memory_order_acquire) : nullptr;
  const auto* block = e.why.trace.block;
  if (e.shown.rcode == "NXDOMAIN") return "negative";
  if (!ending.answered) return negative ? "negative" : "record";
  if (e.why.trace.form == Trace::Form::status) return "status";
  if (ttl == block->ttl) return "service";
  if (negative && view != nullptr && ttl == view->negative_ttl) return "negative";
  if (e.why.trace.drawn == Trace::Drawn::one && e.why.trace.form != Trace::Form::service) return "ends";
  return ttl <= block->min_ttl ? "min_ttl" : "horizon";
}

json::value ttl_json(const Explained& e, const Ending& ending) {
  const auto& records = e.shown.answer.empty() ? e.shown.authority : e.shown.answer;
  if (records.empty()) return nullptr;
  const std::uint32_t ttl = records.back().ttl;
  return {{"value", registry::format_duration(std::chrono::seconds(ttl))}, {"bound", bound_of(e, ending, ttl)}};
}

// -- one sentence ---------------------------------------------------------------------------------------------------

std::string because_service(const Explained& e, const Ending& ending) {
  const auto& service = *ending.service;
  const std::string& name = service.name.text();
  const auto in =
      std::ranges::count_if(e.why.places, [](Place place) { return place == Place::in || place == Place::shares; });
  if (in != 0) {
    if (e.why.trace.drawn == Trace::Drawn::one) return fmt::format("one instance of {} by its name", name);
    return fmt::format("{} of the {} instances of {}", in, e.why.places.size(), name);
  }
  if (e.shown.rcode == "NXDOMAIN") {
    if (e.why.trace.form == Trace::Form::selected)
      return fmt::format("no instance of {} bears the tag, or the labels are no selectors", name);
    return fmt::format("{} has no instance, port or other name like this", name);
  }
  if (e.why.trace.form == Trace::Form::status) return fmt::format("the counts of {}", name);
  if (!e.shown.answer.empty()) return fmt::format("{} has the data, which tells of no instance", name);
  if (e.shown.tc) return "nothing had room (TC): over TCP it has";
  if (e.why.trace.drawn == Trace::Drawn::nothing)
    return fmt::format("{} exists at this name, and {} has no data there", name, answers::type_to_text(e.type));
  return service.instances.empty() ? fmt::format("{} has no instances", name)
                                   : fmt::format("no instance of {} can be answered", name);
}

std::string because_missing(const Ending& ending) {
  const std::string apex = text_of(ending.zone->apex);
  if (ending.zone->kind == ZoneKind::reverse) return fmt::format("no instance has the address, in {}", apex);
  if (ending.zone->kind == ZoneKind::alone) return fmt::format("the zone {} has no such name", apex);
  if (ending.zone->consul) return fmt::format("no service, tag, node or address has this name in {}", apex);
  // Next to the apex stands the service, or below a protocol's label.
  std::vector<std::string_view> labels;
  for (std::string_view rest = ending.name; answers::count_labels(rest) > ending.zone->labels;
       rest = answers::parent_wire(rest))
    labels.push_back(first_label(rest));
  if (labels.empty()) return fmt::format("{} itself has no such data", apex);
  std::string_view label = labels.back();
  if ((label == "_tcp" || label == "_udp") && labels.size() > 1) label = labels[labels.size() - 2].substr(1);
  return fmt::format("the namespace {} has no service \"{}\" with this name", apex, spelled(label));
}

std::string because_name(const Explained& e, const Ending& ending) {
  if (!e.table.ready()) return "nothing is loaded yet";
  if (ending.zone == nullptr) {
    return e.shown.answer.empty() ? "the name is outside of our zones" : "the aliases lead out of our zones";
  }
  if (ending.service != nullptr) {
    return fmt::format("a record of the zone file of {} owns the name: the service is shadowed", ending.service->apex);
  }
  if (e.shown.rcode == "REFUSED") return "this client may not ask for it";
  if (e.shown.rcode == "NXDOMAIN") return because_missing(ending);
  if (ending.zone->kind == ZoneKind::reverse && !e.shown.answer.empty()) return "the instances that have the address";
  const std::string apex = text_of(ending.zone->apex);
  if (!is_exact_in_zone(ending)) return fmt::format("a wildcard, delegation or DNAME of {} answers", apex);
  if (e.shown.answer.empty()) return fmt::format("the name is in {}, without data of this type", apex);
  return fmt::format("a record of {}", apex);
}

// -- what it may have been ------------------------------------------------------------------------------------------

std::string_view closest_instance(const registry::Service& service, std::string_view label) {
  std::vector<std::string_view> known;
  for (const auto& [id, instance] : service.instances) {
    if (known.size() == kMaxCompared) break;
    known.push_back(instance.def->label);
  }
  return registry::codec::did_you_mean(label, known);
}

// Of those before and behind the name in their order: who mistypes the first letter of a name in a large namespace gets
// no hint.
std::string_view closest_service(const registry::Registry& registry, const std::string& apex, std::string_view label) {
  const auto& services = registry.services_of(apex);
  const std::string asked = fmt::format("{}.{}", label, apex);
  auto at = services.lower_bound(std::string_view(asked));
  for (std::size_t n = 0; n < kMaxCompared / 2 && at != services.begin(); ++n) --at;
  std::vector<std::string_view> known;
  for (; at != services.end() && known.size() < kMaxCompared; ++at) {
    known.push_back(at->substr(0, at->size() - apex.size() - 1));
  }
  return registry::codec::did_you_mean(label, known);
}

json::array nearest(const Explained& e, const Ending& ending) {
  json::array out;
  if (e.shown.rcode != "NXDOMAIN" || ending.zone == nullptr || ending.zone->kind != ZoneKind::name_space) return out;
  if (ending.answered && ending.service != nullptr) {
    if (e.why.trace.form != Trace::Form::below) return out;
    const auto close = closest_instance(*ending.service, first_label(ending.name));
    if (!close.empty()) out.emplace_back(fmt::format("{}.{}", close, ending.service->name.text()));
    return out;
  }
  const auto apex = registry::DomainName::parse(text_of(ending.zone->apex));
  const auto* name_space = apex ? e.registry.namespace_of(*apex) : nullptr;
  if (name_space == nullptr || ending.found.node == nullptr) return out;
  if (ending.zone->consul) return out;
  std::string_view rest = ending.name;
  std::string_view label;
  for (; answers::count_labels(rest) > ending.zone->labels; rest = answers::parent_wire(rest))
    label = first_label(rest);
  const auto close = closest_service(e.registry, name_space->def.name.key(), label);
  if (!close.empty()) out.emplace_back(fmt::format("{}.{}", close, name_space->def.name.text()));
  return out;
}

json::array chain_of(const Explained& e) {
  json::array out;
  for (const auto& record : e.shown.answer) {
    if (record.type == "CNAME") out.emplace_back(record.data);
  }
  return out;
}

json::value tier_json(const Explained& e) {
  if (!e.why.has_tier) return nullptr;
  const ServiceBlock& block = *e.why.trace.block;
  return {
      {"priority", e.why.tier}, {"spilled", block.has(ServiceBlock::kSpilled)}, {"opened", mode_of(e) == "fail_open"}};
}

}  // namespace

void add_head(json::object& body, const Explained& e, const Ending& ending) {
  const registry::Service* service = ending.service;
  const Trace& trace = e.why.trace;
  const bool sampled = trace.drawn != Trace::Drawn::nothing && trace.drawn != Trace::Drawn::one;
  body["form"] = ending.answered ? form_of_service(e) : form_of_name(ending);
  body["because"] = ending.answered && service != nullptr ? because_service(e, ending) : because_name(e, ending);
  body["chain"] = chain_of(e);
  body["service"] = service != nullptr ? json::value(service->name.text()) : json::value();
  body["namespace"] = service != nullptr ? json::value(service->apex) : json::value();
  body["mode"] = mode_of(e);
  body["tier"] = tier_json(e);
  body["order"] = nullptr;
  body["max_answers"] = nullptr;
  if (service != nullptr) {
    body["order"] = registry::codec::to_json(service->policy).at("order");
    body["max_answers"] = e.registry.max_answers_of(*service);
  }
  // As text: not every reader of JSON keeps 64 bits of a number.
  body["seed"] = sampled ? json::value(fmt::format("{:016x}", trace.seed)) : json::value();
  body["ttl"] = ttl_json(e, ending);
  body["nearest"] = nearest(e, ending);
}

}  // namespace dnsd
