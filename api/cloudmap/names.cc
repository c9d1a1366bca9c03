#include "api/cloudmap/names.h"

#include <fmt/format.h>

namespace api::cloudmap {
namespace {

// "worker" and "udp" of "_worker._udp" (RFC 2782); the protocol is "" when the name is none of these.
struct Underscored {
  std::string_view label;
  std::string_view protocol;
};

Underscored underscored(std::string_view name) {
  const auto dot = name.find("._");
  if (!name.starts_with('_') || dot == std::string_view::npos) return {};
  const auto protocol = name.substr(dot + 2);
  if (registry::fold(protocol) != "tcp" && registry::fold(protocol) != "udp") return {};
  return {name.substr(1, dot - 1), protocol};
}

}  // namespace

std::string http_apex(std::string_view name) {
  return fmt::format("{}.{}", registry::label_for_id(registry::fold(name)), kHttpSuffix);
}

std::string service_label(std::string_view name) {
  if (const auto parts = underscored(name); !parts.protocol.empty()) name = parts.label;
  return registry::label_for_name(name);
}

registry::Protocols service_protocols(std::string_view name) {
  const bool udp = registry::fold(underscored(name).protocol) == "udp";
  return {.tcp = !udp, .udp = udp};
}

std::expected<registry::DomainName, std::string> service_name(std::string_view name, const registry::DomainName& apex) {
  return registry::DomainName::parse(fmt::format("{}.{}", service_label(name), apex.text()));
}

}  // namespace api::cloudmap
