#include "api/cloudmap/ids.h"

#include <openssl/sha.h>

#include <array>
#include <optional>

#include "api/cloudmap/names.h"

namespace api::cloudmap {
namespace {

constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";  // RFC 4648 6
constexpr std::string_view kArnBegin = "arn:aws:servicediscovery:us-east-1:000000000000:";
constexpr std::size_t kCharacters = 16;
constexpr std::size_t kKeyCharacters = 12;  // x 5 bits

// The first `count` characters of the base32 of SHA-256 over kind and name.
std::string derive(std::string_view kind, std::string_view name, std::size_t count) {
  std::string text(kind);
  text.append("\n").append(name);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  std::string out;
  for (std::size_t bit = 0; out.size() < count; bit += 5) {
    const unsigned pair = static_cast<unsigned>(digest[bit / 8] << 8) | digest[bit / 8 + 1];
    out += kAlphabet[(pair >> (11 - bit % 8)) & 31U];
  }
  return out;
}

std::optional<std::uint64_t> key_of(std::string_view id, std::string_view kind) {
  if (!id.starts_with(kind)) return std::nullopt;
  id.remove_prefix(kind.size());
  if (id.size() != kCharacters) return std::nullopt;
  std::uint64_t key = 0;
  for (const char c : id.substr(0, kKeyCharacters)) {
    const auto value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    key = key << 5 | value;
  }
  return key;
}

std::uint64_t key_of_service(std::string_view name) { return *key_of(service_id(name), "srv-"); }
std::uint64_t key_of_namespace(std::string_view name) { return *key_of(namespace_id(name), "ns-"); }

std::string arn(std::string_view kind, std::string_view id) {
  std::string out(kArnBegin);
  return out.append(kind).append("/").append(id);
}

}  // namespace

std::string namespace_id(std::string_view apex) { return "ns-" + derive("namespace", apex, kCharacters); }
std::string service_id(std::string_view service) { return "srv-" + derive("service", service, kCharacters); }

std::string hosted_zone_id(std::string_view apex) {
  std::string out = "Z" + derive("zone", apex, 20);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

std::string namespace_arn(std::string_view id) { return arn("namespace", id); }
std::string service_arn(std::string_view id) { return arn("service", id); }

std::string_view id_of_arn(std::string_view arn) {
  if (!arn.starts_with("arn:")) return arn;
  const auto slash = arn.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : arn.substr(slash + 1);
}

Directory::Directory(App& app) : app_(app) {
  for (const auto& [apex, ns] : app.registry().namespaces()) namespaces_[key_of_namespace(apex)] = apex;
  for (const auto& [name, service] : app.registry().services()) services_[key_of_service(name)] = name;
  subscription_ = app.context.feed.subscribe("", [this](const registry::ChangeSet& changes) { note(changes); });
}

void Directory::note(const registry::ChangeSet& changes) {
  for (const auto& change : changes.changes) {
    const bool service = change.kind == registry::ChangeKind::service;
    if (!service && change.kind != registry::ChangeKind::ns) continue;
    auto& keys = service ? services_ : namespaces_;
    const auto key = service ? key_of_service(change.service) : key_of_namespace(change.service);
    if (change.op == registry::ChangeOp::put) {
      keys[key] = change.service;
    } else if (change.op == registry::ChangeOp::remove) {
      keys.erase(key);
    }
  }
}

const registry::Namespace* Directory::find_namespace(std::string_view id) const {
  const auto key = key_of(id, "ns-");
  const auto at = key ? namespaces_.find(*key) : namespaces_.end();
  if (at == namespaces_.end() || namespace_id(at->second) != id) return nullptr;
  return app_.registry().find_namespace(at->second);
}

const registry::Service* Directory::find_service(std::string_view id) const {
  const auto key = key_of(id, "srv-");
  const auto at = key ? services_.find(*key) : services_.end();
  if (at == services_.end() || service_id(at->second) != id) return nullptr;
  return app_.registry().find_service(at->second);
}

const registry::Namespace* find_namespace_named(const App& app, std::string_view name) {
  if (const auto apex = registry::DomainName::parse(http_apex(name))) {
    if (const auto* ns = app.registry().find_namespace(apex->key())) return ns;
  }
  const auto apex = registry::DomainName::parse(name);
  return apex ? app.registry().find_namespace(apex->key()) : nullptr;
}

}  // namespace api::cloudmap
