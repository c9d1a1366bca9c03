// Where a check asks, or why it may not.
#include <fmt/format.h>

#include <utility>

#include "registry/checks/prober.h"
#include "registry/validate.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

std::string_view family_word(Family family) {
  return family == Family::ipv4 ? "IPv4 " : family == Family::ipv6 ? "IPv6 " : "";
}

}  // namespace

std::optional<asio::ip::address> address_for(const Addresses& addresses, Family family) {
  if (addresses.v4 && family != Family::ipv6) return to_asio(*addresses.v4);
  if (addresses.v6 && family != Family::ipv4) return to_asio(*addresses.v6);
  return std::nullopt;
}

std::expected<tcp::endpoint, std::string> Prober::endpoint_of(const Target& target) const {
  const CheckDef& check = target.check();
  const InstanceDef& def = *target.def;
  const auto address = address_for(def.host.empty() ? def.addresses : hosts_.find(def.host.str()), check.family);
  const std::uint16_t port = port_of(target);
  if (check.kind == CheckKind::exec) {  // needs no address; where it is given one, it goes there for us
    if (!may_run(exec_programs_, check.exec)) return std::unexpected("the configuration does not allow its program");
    if (!address) return tcp::endpoint(asio::ip::address(), port);
  }
  if (!address) return std::unexpected(fmt::format("the instance has no {}address", family_word(check.family)));
  if (port == 0 && check.kind != CheckKind::exec)
    return std::unexpected("neither the check nor the instance has a port");
  const tcp::endpoint endpoint(*address, port);
  if (auto why = policy_.refuses(endpoint)) return std::unexpected(*std::move(why));
  return endpoint;
}

}  // namespace registry::checks
