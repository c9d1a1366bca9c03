#include "dnsd/links.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>

namespace dnsd {
namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> address_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return ip::address_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  ip::address_v6::bytes_type octets;
  std::memcpy(octets.data(), v6.sin6_addr.s6_addr, octets.size());
  return ip::address_v6(octets);
}

bool reachable_by_others(const ip::address& address) {
  if (address.is_loopback()) return false;
  return !address.is_v6() || !address.to_v6().is_link_local();
}

// The tables begin with the default routes; a router's may be as long as the internet's.
constexpr std::size_t kTableRead = 65'536;

std::string beginning_of(const char* file) {
  std::string out(kTableRead, '\0');
  std::ifstream in(file);
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(in.gcount()));
  return out;
}

// Where /sys shows another network namespace than ours, none has one, and the default route has to do.
bool has_device(const std::string& name) {
  std::error_code error;
  return std::filesystem::exists("/sys/class/net/" + name + "/device", error);
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  return {std::istream_iterator<std::string>(in), {}};
}

}  // namespace

std::vector<std::string> default_interfaces(const std::string& ipv4_table, const std::string& ipv6_table) {
  constexpr unsigned kReject = 0x0200;  // RTF_REJECT: an "unreachable default", as IPv6 has one on lo
  std::vector<std::string> out;
  std::string line;
  // Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT, numbers in hex
  for (std::istringstream in(ipv4_table); std::getline(in, line);) {
    const auto words = words_of(line);
    if (words.size() >= 8 && words[1] == "00000000" && words[7] == "00000000") out.push_back(words[0]);
  }
  // destination prefix-length source prefix-length gateway metric refcnt use flags iface
  for (std::istringstream in(ipv6_table); std::getline(in, line);) {
    const auto words = words_of(line);
    if (words.size() < 10 || words[1] != "00" || words[0].find_first_not_of('0') != std::string::npos) continue;
    if ((std::strtoul(words[8].c_str(), nullptr, 16) & kReject) == 0) out.push_back(words[9]);
  }
  return out;
}

std::vector<Link> links() {
  std::vector<Link> out;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return out;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  const auto defaults = default_interfaces(beginning_of("/proc/net/route"), beginning_of("/proc/net/ipv6_route"));
  std::size_t addresses = 0;
  constexpr unsigned kWanted = IFF_UP | IFF_RUNNING;  // RUNNING: the carrier is there
  for (const ifaddrs* each = list; each != nullptr; each = each->ifa_next) {
    if ((each->ifa_flags & IFF_LOOPBACK) != 0) continue;
    auto at = std::ranges::find(out, each->ifa_name, &Link::name);
    if (at == out.end()) {
      const std::string name = each->ifa_name;
      const bool important = std::ranges::find(defaults, name) != defaults.end() || has_device(name);
      at = out.insert(out.end(), {name, (each->ifa_flags & kWanted) == kWanted, important, {}});
    }
    const auto address = address_of(each->ifa_addr);
    if (!address || !reachable_by_others(*address) || addresses == kMaxOwnAddresses) continue;
    at->addresses.push_back(*address);
    ++addresses;
  }
  return out;
}

std::vector<ip::address> addresses_of(const std::vector<Link>& links) {
  std::vector<ip::address> out;
  for (const Link& link : links) {
    if (link.running) out.insert(out.end(), link.addresses.begin(), link.addresses.end());
  }
  return out;
}

bool LostLinks::look(const std::vector<Link>& now, Time time) {
  for (const Link& link : now) {
    if (!link.running || link.addresses.empty()) continue;
    had_any_ = true;
    // One that was important stays so: with its carrier the default route may go elsewhere.
    if (link.important || ran_.contains(link.name)) ran_[link.name] = time;
  }
  std::erase_if(ran_, [&](const auto& each) { return time - each.second > kCounts; });
  const bool lost = std::ranges::any_of(ran_, [&](const auto& each) { return each.second != time; });
  return lost || (had_any_ && addresses_of(now).empty());
}

}  // namespace dnsd
