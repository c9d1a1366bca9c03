// The instances of an explanation, and where its name led.
#include "dnsd/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <map>
#include <vector>

#include "dnsd/answers/tiers.h"
#include "dnsd/answers/wire_name.h"
#include "dnsd/wire/query.h"

namespace dnsd {
namespace {

namespace json = boost::json;
using answers::Entry;
using answers::ServiceBlock;
using registry::Instance;
using registry::Reason;
using serve::Place;
using serve::Trace;

// The service that stands at the node, under whichever apex of its namespace.
const registry::Service* service_at(const registry::Registry& registry, std::string_view wire) {
  const auto text = answers::name_to_text(wire);
  const auto name = registry::DomainName::parse(text.value_or(""));
  if (!name) return nullptr;
  const auto* name_space = registry.namespace_of(*name);
  if (name_space == nullptr) return nullptr;
  return registry.find_service(registry::fold(name->first_label()) + "." + name_space->def.name.key());
}

bool is_in(Place place) { return place == Place::in || place == Place::shares; }

// The closed list of the API.
std::string_view code_of(Place place, const Entry& entry, const Instance& instance, bool own_name) {
  const auto state = static_cast<Reason>(entry.reason);
  switch (place) {
    case Place::in:
    case Place::shares:
      return instance.available || own_name ? registry::to_string(state) : "fail_open";
    case Place::unavailable:
      return registry::to_string(state);
    case Place::by_selector:
    case Place::no_port:
    case Place::no_name:
    case Place::too_long:
    case Place::other_instance:
      return "selector";
    case Place::no_address:
    case Place::other_family:
    case Place::no_data:
      return "family_mismatch";
    case Place::passed_over:
    case Place::standby:
      return "tier_standby";
    case Place::not_drawn:
    case Place::cut:
      break;
  }
  return "sampled_out";
}

class Rows {
 public:
  Rows(const Explained& e, const Ending& ending) : e_(e), block_(*e.why.trace.block), ending_(ending) {}

  [[nodiscard]] json::array write() {
    std::vector<const Entry*> order;
    const bool one = e_.why.trace.drawn == Trace::Drawn::one;
    for (std::uint32_t i = 0; i < block_.total; ++i) {
      if (!one || &block_.entries()[i] == e_.why.trace.one) order.push_back(&block_.entries()[i]);
    }
    std::ranges::stable_partition(order, [&](const Entry* entry) { return is_in(place_of(*entry)); });
    left_out_ = order.size() - std::min(order.size(), e_.limit);
    order.resize(order.size() - left_out_);
    json::array out;
    for (const Entry* entry : order) out.push_back(row(*entry));
    return out;
  }
  [[nodiscard]] std::size_t left_out() const { return left_out_; }

 private:
  [[nodiscard]] Place place_of(const Entry& entry) const {
    return e_.why.places[static_cast<std::size_t>(&entry - block_.entries())];
  }

  json::object row(const Entry& entry) {
    const auto* label = block_.at<std::uint8_t>(entry.text);
    const std::string_view text(reinterpret_cast<const char*>(label) + 1, label[0]);
    const Instance* instance = ending_.service->holder_of(registry::fold(text));
    if (instance == nullptr) return {{"id", text}};  // not while blocks and registry change together
    const Place place = place_of(entry);
    const bool own_name = e_.why.trace.drawn == Trace::Drawn::one;
    return {{"id", instance->def->id},
            {"in_answer", is_in(place)},
            {"available", instance->available},
            {"reason", code_of(place, entry, *instance, own_name)},
            {"because", because(place, entry, *instance)},
            {"address", address(*instance)},
            {"priority", entry.priority},
            {"weight", entry.effective_weight()}};
  }

  [[nodiscard]] bool asks_v6() const { return e_.type == wire::type::aaaa; }

  // Of the family asked, where it has one.
  [[nodiscard]] json::value address(const Instance& instance) const {
    const auto& own = instance.addresses();
    if (own.v6 && (asks_v6() || !own.v4)) return json::value(to_string(*own.v6));
    if (own.v4) return json::value(to_string(*own.v4));
    return instance.def->host.empty() ? json::value() : json::value(instance.def->host.view());
  }

  [[nodiscard]] std::string because(Place place, const Entry& entry, const Instance& instance) {
    const std::string state = e_.registry.because(ending_.service->name.key(), instance.def->id, e_.now.wall);
    if (is_in(place)) return because_in(place, instance, state);
    if (place == Place::unavailable) return state;
    const std::string left = because_left(place, entry);
    return instance.available ? left : fmt::format("{}; {}", left, state);
  }

  [[nodiscard]] std::string because_in(Place place, const Instance& instance, std::string state) const {
    if (!instance.available) {
      state += e_.why.trace.drawn == Trace::Drawn::one ? "; its own name is answered whatever its health"
               : block_.available == 0                 ? "; answered all the same: no instance is available"
                                                       : "; answered all the same: too few are available";
    }
    if (place == Place::shares) state += "; the record stands there for another instance as well";
    return state;
  }

  [[nodiscard]] std::string because_left(Place place, const Entry& entry) {
    switch (place) {
      case Place::by_selector:
        return "the selectors of the name leave it out";
      case Place::no_port:
        return "it has no such port";
      case Place::no_address:
        return entry.has(Entry::kV4 | Entry::kV6) ? "none of its addresses is available" : "it has no address yet";
      case Place::other_family:
        return other_family(entry);
      case Place::passed_over:
        return passed_over(entry.priority);
      case Place::standby:
        return fmt::format("it is of tier {}, and tier {} answers", entry.priority, e_.why.tier);
      case Place::not_drawn:
        return not_drawn(entry);
      case Place::cut:
        return "the message has no room for it (TC): over TCP there is";
      case Place::too_long:
        return "its own name would be too long below the apex that is asked";
      case Place::no_data:
        return fmt::format("{} at this name tells of no instance", answers::type_to_text(e_.type));
      default:
        return "the name is none of its";
    }
  }

  [[nodiscard]] std::string other_family(const Entry& entry) const {
    const std::string_view family = asks_v6() ? "IPv6" : "IPv4";
    if (!entry.has(asks_v6() ? Entry::kV6 : Entry::kV4)) return fmt::format("it has no {} address", family);
    return fmt::format("its {} address is not available: a check of that family does not pass", family);
  }

  [[nodiscard]] std::string not_drawn(const Entry& entry) const {
    const Trace& trace = e_.why.trace;
    const std::string held = fmt::format("an answer holds at most {}", trace.limit);
    if (trace.drawn == Trace::Drawn::ports)
      return held + (e_.type == wire::type::https ? " (the lesser of max_srv and max_answers)" : " (max_srv)");
    if (entry.weight == 0) return held + " (max_answers), and its weight is 0: it comes after all others";
    return fmt::format("{} (max_answers), {}", held,
                       block_.has(ServiceBlock::kStable)   ? "the same for everybody"
                       : block_.has(ServiceBlock::kSticky) ? "and this client's network gets others"
                                                           : "and this client drew others in this second");
  }

  [[nodiscard]] std::string passed_over(std::uint16_t priority) {
    const auto [tier, fresh] = tiers_.try_emplace(priority, answers::Tier{.priority = priority});
    if (fresh) {
      for (std::uint32_t i = 0; i < block_.total; ++i) {
        const Entry& entry = block_.entries()[i];
        if (entry.priority != priority || !entry.is_member()) continue;
        ++tier->second.members;
        tier->second.available += entry.has(Entry::kAnswerV4 | Entry::kAnswerV6);
      }
    }
    const auto& counted = tier->second;
    return fmt::format("its tier {} has {} of {} available and needs {}, so tier {} answers", priority,
                       counted.available, counted.members,
                       answers::needed(counted.members, ending_.service->policy.fail_open_below), e_.why.tier);
  }

  const Explained& e_;
  const ServiceBlock& block_;
  const Ending& ending_;
  std::map<std::uint16_t, answers::Tier> tiers_;  // of those passed over, as they are needed
  std::size_t left_out_ = 0;
};

// A service whose name a zone file owns: not in DNS, so that no answer knows of it.
json::array shadowed_rows(const Explained& e, const registry::Service& service) {
  json::array out;
  for (const auto& [id, instance] : service.instances) {
    if (out.size() == e.limit) break;
    out.push_back({{"id", id},
                   {"in_answer", false},
                   {"available", instance.available},
                   {"reason", registry::to_string(instance.reason)},
                   {"because", e.registry.because(service.name.key(), id, e.now.wall)},
                   {"address", nullptr},
                   {"priority", instance.def->priority},
                   {"weight", instance.effective_weight}});
  }
  return out;
}

// w9.worker.corp: the label that no instance has.
json::object not_registered(const Ending& ending) {
  const std::string_view label(ending.name.data() + 1, static_cast<std::uint8_t>(ending.name[0]));
  return {{"id", label},
          {"in_answer", false},
          {"available", false},
          {"reason", "not_registered"},
          {"because", fmt::format("{} has no instance of that name", ending.service->name.text())},
          {"address", nullptr},
          {"priority", nullptr},
          {"weight", nullptr}};
}

bool is_unknown_label(const Explained& e, const Ending& ending) {
  if (e.why.trace.form != Trace::Form::below || e.shown.rcode != "NXDOMAIN") return false;
  const std::string_view label(ending.name.data() + 1, static_cast<std::uint8_t>(ending.name[0]));
  return answers::count_labels(ending.name) == e.why.trace.node->labels + 1U && registry::is_ldh_label(label);
}

}  // namespace

Ending ending_of(const Explained& e) {
  Ending out{.name = answers::fold_wire(e.name), .found = {}};
  for (const auto& record : e.shown.answer) {
    if (record.type != "CNAME") continue;
    if (const auto target = answers::name_to_wire(record.data)) out.name = answers::fold_wire(*target);
  }
  const answers::HashedName hashed(out.name, e.table.key());
  if (e.table.ready()) out.found = e.table.closest(hashed.ref());
  if (out.found.node != nullptr) out.zone = out.found.node->zone.load(std::memory_order_acquire);
  const auto& trace = e.why.trace;
  out.answered = trace.block != nullptr && !trace.block->has(ServiceBlock::kAlias);
  if (out.answered) {
    out.service = service_at(e.registry, {reinterpret_cast<const char*>(trace.node->name()), trace.node->name_size});
  } else if (const auto* service = service_at(e.registry, out.name); service != nullptr && service->shadowed) {
    out.service = service;
  }
  return out;
}

void add_explanation(json::object& body, const Explained& e) {
  const Ending ending = ending_of(e);
  add_head(body, e, ending);
  json::array rows;
  std::size_t left_out = 0;
  if (ending.service != nullptr && !ending.answered) {
    rows = shadowed_rows(e, *ending.service);
    left_out = ending.service->instances.size() - rows.size();
  } else if (ending.service != nullptr && is_unknown_label(e, ending)) {
    rows.push_back(not_registered(ending));
  } else if (ending.service != nullptr) {
    Rows writer(e, ending);
    rows = writer.write();
    left_out = writer.left_out();
  }
  body["total"] = ending.service != nullptr ? ending.service->instances.size() : 0;
  body["answered"] = std::ranges::count_if(e.why.places, is_in);
  body["left_out"] = left_out;
  body["instances"] = std::move(rows);
}

}  // namespace dnsd
