#include "api/envoy/request.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "api/long_poll.h"
#include "api/loose_object.h"
#include "registry/codec/codec.h"

namespace api::envoy {
namespace {

namespace json = boost::json;
using registry::ProblemKind;
using registry::Result;

constexpr registry::Millis kEnvoyTimeout{1000};

Result<std::string> read_text(const LooseObject& object, std::string_view name, std::string_view camel) {
  const auto* value = object.find({name, camel});
  if (!value) return std::string();
  const auto* text = value->if_string();
  if (!text) return registry::fail(ProblemKind::bad_request, fmt::format("\"{}\" must be a string", name));
  return std::string(text->data(), text->size());
}

Result<std::set<std::string>> read_names(const LooseObject& object) {
  std::set<std::string> names;
  const auto* value = object.find({"resource_names", "resourceNames"});
  if (!value) return names;
  const auto* list = value->if_array();
  if (!list || std::ranges::any_of(*list, [](const json::value& each) { return !each.is_string(); })) {
    return registry::fail(ProblemKind::bad_request, "\"resource_names\" must be a list of strings");
  }
  for (const auto& each : *list) names.emplace(each.get_string().data(), each.get_string().size());
  if (names.size() > kMaxNames) {
    return registry::fail(ProblemKind::bad_request, fmt::format("more than {} resource_names", kMaxNames));
  }
  return names;
}

}  // namespace

Result<DiscoveryRequest> read_request(std::string_view body, std::string_view type_url) {
  const auto document = registry::codec::parse_document(body);
  if (!document) return std::unexpected(document.error());
  const LooseObject object(&*document);
  if (!object.is_object()) return registry::fail(ProblemKind::bad_request, "a DiscoveryRequest is a JSON object");
  auto version = read_text(object, "version_info", "versionInfo");
  auto nonce = read_text(object, "response_nonce", "responseNonce");
  auto type = read_text(object, "type_url", "typeUrl");
  for (const auto* text : {&version, &nonce, &type}) {
    if (!*text) return std::unexpected(text->error());
  }
  if (!type->empty() && *type != type_url) {
    return registry::fail(ProblemKind::bad_request,
                          fmt::format("\"type_url\" is {}; this path serves {}", *type, type_url));
  }
  auto names = read_names(object);
  if (!names) return std::unexpected(std::move(names.error()));
  const bool rejected = object.find({"error_detail", "errorDetail"}) != nullptr;
  return DiscoveryRequest{*std::move(version), *std::move(nonce), rejected, *std::move(names)};
}

registry::Millis hold_time(const Request& request) {
  const auto text = request.header("x-envoy-expected-rq-timeout-ms");
  std::uint32_t told = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), told);
  const bool good = error == std::errc{} && end == text.data() + text.size() && told > 0;
  const auto timeout = good ? registry::Millis(told) : kEnvoyTimeout;
  return std::min(timeout * 4 / 5, kMaxWait);
}

}  // namespace api::envoy
