#include "api/cloudmap/registration.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/cloudmap/names.h"
#include "api/cloudmap/policy.h"

namespace api::cloudmap {
namespace {

using registry::CheckState;
using registry::InstanceDef;
using registry::Meta;

class Registration {
 public:
  Registration(const std::string& id, Meta attributes, const ServiceNotes& service)
      : attributes_(std::move(attributes)), service_(service) {
    def_.id = id;
    def_.label = registry::label_for_id(id);
    def_.weight = 1;  // "all records have the same weight"; SRV says 1 1 PORT
    def_.protocols = service_protocols(service.name);
  }

  Out<InstanceDef> run() {
    read_addresses();
    read_host();
    read_port();
    read_initial_state();
    check_required();
    if (fault_) return std::unexpected(std::move(*fault_));
    settle();
    return std::move(def_);
  }

 private:
  void fail(std::string message) {
    if (!fault_) fault_ = Error{"InvalidInput", std::move(message), 400, {}};
  }
  [[nodiscard]] bool lists_records() const { return service_.ours && service_.dns; }
  [[nodiscard]] bool records(std::string_view type) const { return lists_records() && service_.dns->has(type); }
  [[nodiscard]] bool is_given(std::string_view name) const { return attributes_.contains(name); }
  [[nodiscard]] std::string text(std::string_view name) const {
    const auto at = attributes_.find(name);
    return at == attributes_.end() ? std::string() : at->second;
  }

  // SRV targets need them; a service of A records alone answers no AAAA.
  void read_addresses() {
    v4_ = registry::parse_ipv4(text("AWS_INSTANCE_IPV4"));
    v6_ = registry::parse_ipv6(text("AWS_INSTANCE_IPV6"));
    if (is_given("AWS_INSTANCE_IPV4") && !v4_) fail("AWS_INSTANCE_IPV4 is not an IPv4 address");
    if (is_given("AWS_INSTANCE_IPV6") && !v6_) fail("AWS_INSTANCE_IPV6 is not an IPv6 address");
    const bool any = !lists_records() || records("SRV");
    if (v4_ && (any || records("A"))) take(def_.addresses.v4, v4_, "AWS_INSTANCE_IPV4");
    if (v6_ && (any || records("AAAA"))) take(def_.addresses.v6, v6_, "AWS_INSTANCE_IPV6");
  }

  template <class Address>
  void take(std::optional<Address>& target, const std::optional<Address>& address, std::string_view name) {
    target = address;
    attributes_.erase(name);
  }

  // An alias is answered with the addresses of its target, as Route 53 does; so is a CNAME here, which may stand beside
  // others of its service then.
  void read_host() {
    const auto alias = text("AWS_ALIAS_DNS_NAME");
    if (!alias.empty()) {
      const bool weighted = service_.dns && service_.dns->weighted && (records("A") || records("AAAA"));
      if (service_.ours && !weighted)
        fail("AWS_ALIAS_DNS_NAME needs a service with A or AAAA records and the RoutingPolicy WEIGHTED");
      if (v4_ || v6_ || is_given("AWS_INSTANCE_PORT"))
        fail("AWS_ALIAS_DNS_NAME stands beside no AWS_INSTANCE attribute");
      if (service_.health) fail("a service with HealthCheckConfig takes no AWS_ALIAS_DNS_NAME");
    }
    const auto cname = text("AWS_INSTANCE_CNAME");
    const auto& host = alias.empty() ? cname : alias;
    if (host.empty() || !def_.addresses.empty()) return;
    const auto name = registry::DomainName::parse(host);
    const bool usable = name && !registry::parse_ipv4(host);
    if (!usable && lists_records()) return fail(fmt::format("\"{}\" is not a domain name", host));
    if (!usable) return;  // of an HTTP service it may be anything
    def_.host = name->text();
    if (alias.empty() && cname == name->text()) attributes_.erase("AWS_INSTANCE_CNAME");
  }

  void read_port() {
    const auto given = text("AWS_INSTANCE_PORT");
    if (given.empty()) return;
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), port);
    if (error != std::errc{} || end != given.data() + given.size() || port == 0) {
      return fail("AWS_INSTANCE_PORT is not a number from 1 to 65535");
    }
    def_.port = port;
    attributes_.erase("AWS_INSTANCE_PORT");
  }

  void read_initial_state() {
    const auto given = text("AWS_INIT_HEALTH_STATUS");
    if (given.empty()) return;
    if (given != "HEALTHY" && given != "UNHEALTHY") fail("AWS_INIT_HEALTH_STATUS is HEALTHY or UNHEALTHY");
    if (!service_.custom) return fail("AWS_INIT_HEALTH_STATUS needs a service with HealthCheckCustomConfig");
    if (given == "UNHEALTHY") def_.checks = {custom_check(CheckState::critical)};
  }

  void check_required() {
    const auto require = [&](bool wanted, bool given, std::string_view attribute, std::string_view why) {
      if (wanted && !given) fail(fmt::format("{} is required: {}", attribute, why));
    };
    const bool alias = is_given("AWS_ALIAS_DNS_NAME");
    require(records("A") && !alias, v4_.has_value(), "AWS_INSTANCE_IPV4", "the service has A records");
    require(records("AAAA") && !alias, v6_.has_value(), "AWS_INSTANCE_IPV6", "the service has AAAA records");
    require(records("SRV"), v4_ || v6_, "AWS_INSTANCE_IPV4 or AWS_INSTANCE_IPV6", "the service has SRV records");
    require(records("SRV"), def_.port.has_value(), "AWS_INSTANCE_PORT", "the service has SRV records");
    require(records("CNAME"), !def_.host.empty(), "AWS_INSTANCE_CNAME", "the service has CNAME records");
    require(service_.health.has_value(), !def_.addresses.empty(), "AWS_INSTANCE_IPV4",
            "the service has a health check");
    require(service_.health.has_value(), def_.port.has_value(), "AWS_INSTANCE_PORT", "the service has a health check");
  }

  void settle() {
    def_.api_only = def_.addresses.empty() && def_.host.empty();
    json::object own;
    for (const auto& [name, value] : attributes_) {
      if (name.starts_with("AWS_")) {
        own[name] = value;
      } else {
        def_.meta[name] = value;
      }
    }
    keep(std::move(own), def_.foreign);
  }

  Meta attributes_;
  const ServiceNotes& service_;
  InstanceDef def_;
  std::optional<registry::Ipv4> v4_;
  std::optional<registry::Ipv6> v6_;
  std::optional<Error> fault_;
};

}  // namespace

bool is_instance_id(std::string_view id) {
  return std::ranges::all_of(id, [](char c) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return plain || std::string_view("_/:.@-").find(c) != std::string_view::npos;
  });
}

Out<InstanceDef> read_instance(const std::string& id, Meta attributes, const ServiceNotes& service) {
  const auto custom =
      std::ranges::count_if(attributes, [](const auto& pair) { return !pair.first.starts_with("AWS_"); });
  if (static_cast<std::size_t>(custom) > kMaxCustomAttributes) {
    return invalid(fmt::format("an instance has at most {} custom attributes", kMaxCustomAttributes));
  }
  std::size_t size = 0;
  for (const auto& [name, value] : attributes) size += name.size() + value.size();
  if (size > kMaxAttributesSize) {
    return invalid(fmt::format("the keys and values of all attributes are at most {} characters", kMaxAttributesSize));
  }
  return Registration(id, std::move(attributes), service).run();
}

}  // namespace api::cloudmap
