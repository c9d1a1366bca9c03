#include "api/cloudmap/call.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>

namespace api::cloudmap {
namespace {

std::string random_secret() {
  std::array<unsigned char, 16> octets{};
  // Without it ids could be guessed, which opens nothing: they are answered to everybody who may ask at all.
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) octets.fill(0);
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// Objects with their keys in order.
json::value sorted(const json::value& value) {
  if (const auto* list = value.if_array()) {
    json::array out;
    for (const auto& item : *list) out.push_back(sorted(item));
    return out;
  }
  const auto* object = value.if_object();
  if (!object) return value;
  std::vector<std::string_view> keys;
  for (const auto& member : *object) keys.emplace_back(member.key().data(), member.key().size());
  std::ranges::sort(keys);
  json::object out;
  for (const auto key : keys) out[key] = sorted(object->at(key));
  return out;
}

constexpr std::string_view kHex = "0123456789abcdef";

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = kHex.find(text[i]), low = kHex.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace

State::State(App& app)
    : secret(random_secret()),
      directory(app),
      revisions(app),
      operations(secret),
      random(static_cast<std::uint_fast32_t>(XXH3_64bits(secret.data(), secret.size()))),
      access(app.options) {}

Out<const registry::Namespace*> namespace_at(const Call& call, const std::string& id) {
  if (const auto* ns = call.state.directory.find_namespace(id_of_arn(id))) return ns;
  return refuse("NamespaceNotFound", fmt::format("Namespace {} not found", id));
}

Out<const registry::Service*> service_at(const Call& call, const std::string& id) {
  if (const auto* service = call.state.directory.find_service(id_of_arn(id))) return service;
  return refuse("ServiceNotFound", fmt::format("Service {} not found", id));
}

Out<const registry::Instance*> instance_at(const registry::Service& service, const std::string& id) {
  const auto at = service.instances.find(id);
  if (at != service.instances.end()) return &at->second;
  return refuse("InstanceNotFound", fmt::format("Instance {} not found", id));
}

std::uint64_t fingerprint_of(const Call& call) {
  json::object rest = call.body;
  rest.erase("CreatorRequestId");
  rest.erase("UpdaterRequestId");
  const auto text = fmt::format("{} {}", call.operation, json::serialize(sorted(rest)));
  return XXH3_64bits(text.data(), text.size());
}

Out<Begun> begin_operation(Call& call, Operation operation) {
  operation.fingerprint = fingerprint_of(call);
  const auto before = call.state.operations.repeated(operation);
  if (!before) return std::unexpected(before.error());
  if (*before) return Begun{**before, true};
  return Begun{call.state.operations.begin(std::move(operation), call.now()), false};
}

Step operation_step(const Begun& begun) {
  Step step;
  step.body["OperationId"] = begun.id;
  if (!begun.again) step.operation = begun.id;
  return step;
}

Page read_page(const Reader& in, std::int64_t most) {
  Page page;
  page.limit = static_cast<std::size_t>(in.number("MaxResults", 1, most).value_or(std::min(most, kMaxListed)));
  const auto token = in.text("NextToken", 4096);
  auto after = from_hex(token);
  if (!after) in.fail("NextToken is none that was given here");
  page.after = after.value_or("");
  return page;
}

void put_next(json::object& body, std::string_view last) {
  std::string token;
  for (const char c : last) {
    const auto octet = static_cast<unsigned char>(c);
    token += kHex[octet >> 4];
    token += kHex[octet & 15];
  }
  body["NextToken"] = token;
}

}  // namespace api::cloudmap
