// Prometheus' http_sd: the registered instances as scrape targets. All of them, whatever their health, which stands in
// labels: a target that is down is what `up == 0` is there to tell.
//
// The list has no pages (Prometheus takes all of it or keeps the one that it has), so it is written in pieces: however
// long it is, the control thread is held for one piece at a time, and no more than that is in memory.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "api/native/common.h"
#include "api/native/handlers.h"
#include "registry/codec/codec.h"

namespace api::native {

using registry::Instance;
using registry::Service;

namespace {

constexpr std::size_t kTargetsPiece = 64 << 10;  // a piece is closed when it is this long
constexpr std::size_t kLookedAt = 4096;          // or when so many instances were looked at: not all are targets
constexpr std::string_view kMetrics = "metrics";

// What is asked for. Empty = everything.
struct Selection {
  std::string apex, service;        // folded
  std::optional<std::string> port;  // its name, "" = the default port; unset = `metrics` where there is one
};

struct ScrapedPort {
  std::string_view name;  // "" = the default port
  std::uint16_t number = 0;
  registry::Protocols protocols;
};

std::optional<ScrapedPort> named_port(const registry::InstanceDef& def, std::string_view name) {
  const auto same = [&](const auto& each) { return registry::fold(each.first) == registry::fold(name); };
  const auto at = std::ranges::find_if(def.ports, same);  // in any case, as in DNS
  if (at == def.ports.end()) return std::nullopt;
  return ScrapedPort{at->first, at->second.port, at->second.protocols};
}

std::optional<ScrapedPort> default_port(const registry::InstanceDef& def) {
  if (!def.port) return std::nullopt;
  return ScrapedPort{{}, *def.port, def.protocols};
}

std::optional<ScrapedPort> scraped_port(const registry::InstanceDef& def, const Selection& selection) {
  if (selection.port) return selection.port->empty() ? default_port(def) : named_port(def, *selection.port);
  const auto metrics = named_port(def, kMetrics);
  return metrics ? metrics : default_port(def);
}

// IPv4 before IPv6, which stands in brackets; "" = it has no address.
std::string host_of(const registry::InstanceDef& def) {
  if (!def.host.empty()) return def.host.str();
  if (def.addresses.v4) return to_string(*def.addresses.v4);
  if (def.addresses.v6) return "[" + to_string(*def.addresses.v6) + "]";
  return {};
}

// Prometheus takes an empty label for an absent one.
void put_label(json::object& labels, std::string_view name, std::string_view value) {
  if (!value.empty()) labels.emplace(fmt::format("__meta_dnsd_{}", name), value);
}

void put_number(json::object& labels, std::string_view name, int value) {
  put_label(labels, name, std::to_string(value));
}

std::string joined_tags(const std::vector<std::string>& tags) {
  std::string out;
  for (const auto& tag : tags) out += "," + tag;  // one before the first and after the last: ".*,v2,.*" finds it
  return out.empty() ? out : out + ",";
}

// Of two keys that look the same then, the first one stands.
std::string label_of_key(std::string_view key) {
  std::string out = "meta_";
  for (const char c : key) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += kept ? c : '_';
  }
  return out;
}

json::object labels_of(const Service& service, const Instance& instance, const ScrapedPort& port) {
  const auto& def = *instance.def;
  json::object labels;
  put_label(labels, "namespace", service.apex);
  put_label(labels, "service", service.name.text());
  put_label(labels, "instance", def.id);
  put_label(labels, "name", def.label + "." + service.name.text());
  put_label(labels, "state", registry::codec::to_string(instance.state));
  put_label(labels, "available", instance.available ? "true" : "false");
  put_label(labels, "reason", registry::to_string(instance.reason));
  put_label(labels, "node", def.node);
  put_label(labels, "zone", def.zone);
  put_label(labels, "tags", joined_tags(def.tags));
  put_label(labels, "port_name", port.name);
  put_number(labels, "port", port.number);
  put_label(labels, "protocol", port.protocols.tcp ? "tcp" : "udp");
  put_number(labels, "priority", def.priority);
  put_number(labels, "weight", def.weight);
  for (const auto& [key, value] : def.meta) put_label(labels, label_of_key(key), value);
  return labels;
}

class TargetList {
 public:
  TargetList(App& app, Selection selection)
      : app_(app), selection_(std::move(selection)), at_service_(selection_.service) {}

  [[nodiscard]] bool over() const { return over_; }
  std::string piece();

 private:
  [[nodiscard]] const Service* service() const;
  void append(std::string& out, const Service& of, const Instance& instance);

  App& app_;
  Selection selection_;
  std::string at_service_, at_id_;  // where the next piece goes on; its text may be no name ("\0" at its end)
  bool begun_ = false, first_ = true, over_ = false;
};

// The one at or after the place where the list stands; null = that was the last one.
const Service* TargetList::service() const {
  const auto& registry = app_.registry();
  if (!selection_.service.empty()) return registry.find_service(at_service_);
  if (!selection_.apex.empty()) {
    const auto& names = registry.services_of(selection_.apex);
    const auto at = names.lower_bound(at_service_);
    return at == names.end() ? nullptr : registry.find_service(*at);
  }
  const auto at = registry.services().lower_bound(at_service_);
  return at == registry.services().end() ? nullptr : &at->second;
}

void TargetList::append(std::string& out, const Service& of, const Instance& instance) {
  const auto port = scraped_port(*instance.def, selection_);
  const auto host = host_of(*instance.def);
  if (!port || host.empty()) return;
  if (!std::exchange(first_, false)) out += ',';
  out += json::serialize(json::object{{"targets", json::array{fmt::format("{}:{}", host, port->number)}},
                                      {"labels", labels_of(of, instance, *port)}});
}

std::string TargetList::piece() {
  std::string out = std::exchange(begun_, true) ? "" : "[";
  std::size_t looked = 0;
  while (const auto* found = service()) {
    if (found->name.key() != at_service_) at_id_.clear();
    at_service_ = found->name.key();
    const auto& all = found->instances;
    for (auto one = at_id_.empty() ? all.begin() : all.upper_bound(at_id_); one != all.end(); ++one) {
      append(out, *found, one->second);
      at_id_ = one->first;
      if (out.size() >= kTargetsPiece || ++looked == kLookedAt) return out;
    }
    at_service_ += '\0';  // the next name in order
    if (++looked >= kLookedAt) return out;
  }
  over_ = true;
  return out + "]\n";
}

awaitable<std::optional<std::string>> next_piece(std::shared_ptr<TargetList> list, std::shared_ptr<std::string> first) {
  if (!first->empty()) co_return std::exchange(*first, {});
  if (list->over()) co_return std::nullopt;
  auto piece = list->piece();
  if (piece.empty()) piece = "\n";  // nothing of what was looked at is a target; a piece of nothing would end the body
  co_return piece;
}

Result<std::string> key_of(std::string_view text, std::string_view parameter) {
  const auto name = registry::DomainName::parse(text);
  if (name) return name->key();
  return registry::fail(registry::ProblemKind::bad_request,
                        fmt::format("\"{}\" is no name: \"{}\", {}", parameter, text, name.error()));
}

Result<Selection> parse_selection(const Request& request) {
  Selection out;
  if (const auto port = request.parameter("port")) out.port = std::string(*port);
  const auto ns = request.parameter("namespace").value_or("");
  if (!ns.empty()) {
    auto key = key_of(ns, "namespace");
    if (!key) return std::unexpected(std::move(key.error()));
    out.apex = *std::move(key);
  }
  std::string service(request.parameter("service").value_or(""));
  if (service.empty()) return out;
  const bool label = service.find('.') == std::string::npos;
  if (label && out.apex.empty()) {
    return registry::fail(registry::ProblemKind::bad_request, "\"service\" is a DNS name such as worker.corp",
                          "or a label, with ?namespace=");
  }
  auto key = key_of(label ? service + "." + out.apex : service, "service");
  if (!key) return std::unexpected(std::move(key.error()));
  out.service = *std::move(key);
  if (!out.apex.empty() && !out.service.ends_with("." + out.apex)) {
    return registry::fail(registry::ProblemKind::bad_request, fmt::format("{} is not in {}", service, ns));
  }
  return out;
}

}  // namespace

// Of a service or namespace that is not there the list is empty, and not 404: on anything but 200 Prometheus keeps the
// targets that it has, those of a service that is gone for ever.
Response get_prometheus_targets(App& app, const Request& request) {
  auto selection = parse_selection(request);
  if (!selection) return problem_response(selection.error());
  auto list = std::make_shared<TargetList>(app, *std::move(selection));
  Response response;
  response.set("X-Dnsd-Index", std::to_string(std::max<registry::Revision>(app.registry().revision(), 1)));
  auto first = list->piece();
  if (list->over()) {
    response.body = std::move(first);
    return response;
  }
  response.pieces = [list, first = std::make_shared<std::string>(std::move(first))] { return next_piece(list, first); };
  return response;
}

}  // namespace api::native
