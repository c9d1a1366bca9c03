// Random valid definitions for property tests. Test code only.
#pragma once

#include <algorithm>
#include <random>

#include "registry/definition.h"

namespace registry::codec {

class Dice {
 public:
  explicit Dice(std::uint32_t seed) : engine_(seed) {}
  int roll(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }
  bool flip() { return roll(0, 1) == 1; }
  std::string word(int most = 12) {
    std::string out;
    for (int n = roll(1, most); n > 0; --n) out += static_cast<char>('a' + roll(0, 25));
    return out;
  }
  std::string text() {  // any UTF-8 that people write
    static const char* const kPieces[] = {"a", "Z", "7", " ", "/", "%", "\"", "\\", "é", "€", "😀", "=", "{", "'"};
    std::string out;
    for (int n = roll(1, 8); n > 0; --n) out += kPieces[roll(0, 13)];
    return out;
  }

 private:
  std::mt19937 engine_;
};

inline Protocols random_protocols(Dice& dice) {
  const bool tcp = dice.flip();
  return {.tcp = tcp, .udp = !tcp || dice.flip()};
}

inline HttpProbe random_http(Dice& dice, bool tls) {
  HttpProbe http;
  http.path = "/" + dice.word();
  if (dice.flip()) http.port = static_cast<std::uint16_t>(dice.roll(1, 65535));
  if (dice.flip()) http.method = "HEAD";
  if (dice.flip()) http.headers["X-" + dice.word()] = dice.text();
  if (dice.flip()) http.host = dice.word();
  for (int n = dice.roll(0, 3); n > 0; --n) http.expect_status.push_back(dice.roll(100, 599));
  if (dice.flip()) http.expect_body = dice.text();
  static const char* const kValues[] = {"true", "7", "-1.5E0", "\"ok\"", R"(["a",{"b":1}])"};
  for (int n = dice.roll(0, 2); n > 0; --n) http.expect_json["/" + dice.word()] = kValues[dice.roll(0, 4)];
  http.tls_skip_verify = tls && dice.flip();
  if (tls && !http.tls_skip_verify && dice.flip()) http.tls_name = dice.word() + ".example.com";
  return http;
}

inline GrpcProbe random_grpc(Dice& dice) {
  GrpcProbe grpc;
  if (dice.flip()) grpc.service = dice.word() + "." + dice.word();
  if (dice.flip()) grpc.port = static_cast<std::uint16_t>(dice.roll(1, 65535));
  if (dice.flip()) grpc.host = dice.word();
  grpc.tls = dice.flip();
  grpc.tls_skip_verify = grpc.tls && dice.flip();
  if (grpc.tls && !grpc.tls_skip_verify && dice.flip()) grpc.tls_name = dice.word() + ".example.com";
  return grpc;
}

inline DnsProbe random_dns(Dice& dice) {
  static const std::uint16_t kTypes[] = {1, 2, 6, 16, 28, 33, 65};
  DnsProbe dns;
  dns.name = dice.word() + ".example.com";
  dns.type = kTypes[dice.roll(0, 6)];
  if (dice.flip()) dns.port = static_cast<std::uint16_t>(dice.roll(1, 65535));
  dns.tcp = dice.flip();
  dns.expect_rcode = static_cast<std::uint8_t>(dice.flip() ? 0 : dice.roll(1, 5));
  if (dns.type == 1 && dns.expect_rcode == 0 && dice.flip()) dns.expect_address.v4 = Ipv4{{10, 0, 0, 9}};
  if (dns.type == 28 && dns.expect_rcode == 0 && dice.flip()) dns.expect_address.v6 = Ipv6{{0xfd, 1}};
  return dns;
}

inline CheckDef random_check(Dice& dice, const std::string& name) {
  CheckDef check;
  check.name = name;
  static const CheckKind kKinds[] = {CheckKind::http, CheckKind::https, CheckKind::tcp,  CheckKind::grpc,
                                     CheckKind::dns,  CheckKind::exec,  CheckKind::alias};
  check.kind = kKinds[dice.roll(0, 6)];
  if (check.kind == CheckKind::alias) {
    check.alias = dice.word() + ".corp";
    return check;
  }
  if (check.kind == CheckKind::tcp) {
    if (dice.flip()) check.tcp.port = static_cast<std::uint16_t>(dice.roll(1, 65535));
    check.tcp.tls = dice.flip();
  } else if (check.kind == CheckKind::grpc) {
    check.grpc = random_grpc(dice);
  } else if (check.kind == CheckKind::dns) {
    check.dns = random_dns(dice);
  } else if (check.kind == CheckKind::exec) {
    check.exec = {"/bin/" + dice.word(), dice.text()};
  } else {
    check.http = random_http(dice, check.kind == CheckKind::https);
  }
  check.interval = Millis(dice.roll(100, 3'600'000));
  check.timeout = dice.flip() ? std::min(Millis(2000), check.interval) : Millis(dice.roll(10, 100));
  check.rise = dice.roll(1, 100);
  check.fall = dice.roll(1, 100);
  check.ok = dice.roll(1, 100);
  if (dice.flip()) check.initial = CheckState::warning;
  if (dice.flip()) check.deregister_after = Millis(dice.roll(1, 3'600'000));
  return check;
}

inline InstanceDef random_instance(Dice& dice) {
  InstanceDef def;
  def.id = def.label = dice.word();
  if (dice.flip()) def.node = dice.word();
  if (dice.roll(0, 3) == 0) {
    def.host = dice.word() + ".example.com";
  } else {
    if (dice.flip()) def.addresses.v4 = Ipv4{{10, 0, 1, static_cast<std::uint8_t>(dice.roll(0, 255))}};
    if (!def.addresses.v4 || dice.flip()) {
      def.addresses.v6 =
          Ipv6{{0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, static_cast<std::uint8_t>(dice.roll(0, 255))}};
    }
  }
  def.port = static_cast<std::uint16_t>(dice.roll(1, 65535));
  def.protocols = random_protocols(dice);
  for (int n = dice.roll(0, 3); n > 0; --n) {
    NamedPort& port = def.ports[dice.word()];
    port.port = static_cast<std::uint16_t>(dice.roll(1, 65535));
    port.protocols = random_protocols(dice);
    if (dice.flip()) port.alpn = {"h2", "http/1.1"};
  }
  def.priority = static_cast<std::uint16_t>(dice.roll(0, 65535));
  def.weight = static_cast<std::uint16_t>(dice.roll(0, 65535));
  if (dice.flip()) def.weight_warning = static_cast<std::uint16_t>(dice.roll(0, 65535));
  if (dice.flip()) def.zone = dice.word();
  for (int n = dice.roll(0, 4); n > 0; --n) def.tags.push_back(dice.text());
  std::ranges::sort(def.tags);
  def.tags.erase(std::ranges::unique(def.tags).begin(), def.tags.end());
  for (int n = dice.roll(0, 4); n > 0; --n) def.meta[dice.word()] = dice.text();
  def.deregister_after = Millis(dice.roll(0, 3'600'000));
  for (int n = dice.roll(0, 3); n > 0; --n) def.checks.push_back(random_check(dice, "check" + std::to_string(n)));
  if (dice.flip()) {
    CheckDef told;
    told.name = "told";
    told.kind = CheckKind::heartbeat;
    if (dice.flip()) told.lease = Millis(dice.roll(1000, 86'400'000));
    if (dice.flip()) told.initial = CheckState::critical;
    def.checks.push_back(told);
  }
  if (dice.flip()) def.foreign = R"({"consul":{"id":"a:b"}})";
  if (dice.flip()) {
    CheckDef lease;
    lease.name = "lease";
    lease.kind = CheckKind::heartbeat;
    lease.lease = Millis(dice.roll(1000, 86'400'000));
    def.checks.push_back(lease);
  }
  return def;
}

}  // namespace registry::codec
