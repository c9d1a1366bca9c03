#include "api/cloudmap/names.h"

#include <fmt/format.h>

#include <algorithm>

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

bool is_name_part(std::string_view part) {
  const auto fits = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
  };
  return !part.empty() && part != "_" && part.size() <= registry::kMaxLabel && !part.starts_with('-') &&
         !part.ends_with('-') && std::ranges::all_of(part, fits);
}

}  // namespace

std::string http_apex(std::string_view name) {
  return fmt::format("{}.{}", registry::label_for_id(registry::fold(name)), kHttpSuffix);
}

bool is_service_name(std::string_view name) {
  if (name == ".") return true;
  if (name.empty() || name.size() > kMaxServiceName) return false;
  for (std::size_t begin = 0; begin <= name.size();) {
    const auto end = std::min(name.find('.', begin), name.size());
    if (!is_name_part(name.substr(begin, end - begin))) return false;
    begin = end + 1;
  }
  return true;
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
