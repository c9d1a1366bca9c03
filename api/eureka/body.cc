#include "api/eureka/body.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>
#include <limits>

#include "api/eureka/xml.h"
#include "registry/codec/codec.h"
#include "registry/names.h"

namespace api::eureka {
namespace {

const json::object& object_of(const json::object& from, std::string_view name) {
  static const json::object none;
  const auto* value = from.if_contains(name);
  const auto* object = value ? value->if_object() : nullptr;
  return object ? *object : none;
}

// A text, a number, a flag; of an element with attributes its text.
std::string scalar(const json::value* value) {
  if (const auto* object = value ? value->if_object() : nullptr) value = object->if_contains("$");
  if (!value || value->is_null() || value->is_structured()) return {};
  if (const auto* text = value->if_string()) return {text->data(), text->size()};
  return json::serialize(*value);
}

std::string scalar(const json::object& from, std::string_view name) { return scalar(from.if_contains(name)); }

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

struct Fault {
  std::string text;
  void set(std::string message) {
    if (text.empty()) text = std::move(message);
  }
};

std::int64_t number_of(const json::object& from, std::string_view name, std::int64_t otherwise, Fault& fault) {
  const auto text = scalar(from, name);
  if (is_blank(text)) return otherwise;
  const auto number = parse_number(text);
  if (!number) fault.set(fmt::format("{} is not a number", name));
  return number.value_or(otherwise);
}

// Java's clients read an int: one number that is none, and none of them can read the lists.
std::int64_t seconds_of(const json::object& from, std::string_view name, std::int64_t otherwise, Fault& fault) {
  return std::clamp<std::int64_t>(number_of(from, name, otherwise, fault), 0, std::numeric_limits<std::int32_t>::max());
}

// {"$": 8080, "@enabled": "true"}; a bare number is of an enabled one. Amazon's and Spring's own spelling of false.
Port read_port(const json::object& from, std::string_view name, bool enabled, Fault& fault) {
  Port port;
  const auto number = number_of(from, name, 0, fault);
  if (number < 0 || number > 65535) fault.set(fmt::format("{} is not a port", name));
  if (number > 0 && number <= 65535) port.number = static_cast<std::uint16_t>(number);
  const auto told = registry::fold(scalar(object_of(from, name), "@enabled"));
  port.enabled = port.number && (told.empty() ? enabled : told == "true");
  return port;
}

json::object read_pairs(const json::object& from) {
  json::object out;
  for (const auto& [key, value] : from) {
    if (!key.starts_with('@')) out[key] = scalar(&value);
  }
  return out;
}

void read_center(const json::object& from, Body& body) {
  const auto* center = from.if_contains("dataCenterInfo");
  body.has_data_center = center && !center->is_null();
  const auto& given = object_of(from, "dataCenterInfo");
  if (auto name = scalar(given, "name"); !name.empty()) body.data_center["name"] = name;
  if (auto pairs = read_pairs(object_of(given, "metadata")); !pairs.empty()) {
    body.data_center["metadata"] = std::move(pairs);
  }
}

void read_metadata(const json::object& from, Body& body) {
  for (const auto& [key, value] : object_of(from, "metadata")) {
    if (!value.is_null()) body.metadata.emplace_back(key, scalar(&value));
  }
}

void read_id(const json::object& from, Body& body) {
  body.id = scalar(from, "instanceId");
  const bool amazon = scalar(body.data_center, "name") == "Amazon";
  if (is_blank(body.id) && amazon) body.id = scalar(object_of(body.data_center, "metadata"), "instance-id");
  if (is_blank(body.id)) body.id = body.host_name;
}

std::expected<Body, std::string> read_instance(const json::object& from) {
  Fault fault;
  Body body;
  body.app = to_upper(scalar(from, "app"));
  body.host_name = scalar(from, "hostName");
  body.ip = scalar(from, "ipAddr");
  if (const auto status = scalar(from, "status"); !status.empty()) {
    body.status = parse_status(to_upper(status)).value_or(Status::unknown);
  }
  read_center(from, body);
  read_id(from, body);
  body.port = read_port(from, "port", true, fault);
  body.secure_port = read_port(from, "securePort", false, fault);
  const auto& lease = object_of(from, "leaseInfo");
  body.lease = seconds_of(lease, "durationInSecs", kLeaseDuration, fault);
  body.renewal_interval = seconds_of(lease, "renewalIntervalInSecs", kRenewalInterval, fault);
  body.dirty = number_of(from, "lastDirtyTimestamp", 0, fault);
  read_metadata(from, body);
  for (const auto name : kTexts) {
    if (auto text = scalar(from, name); !text.empty()) body.texts[name] = text;
  }
  const auto country = number_of(from, "countryId", 0, fault);  // the clients that read it expect an int
  if (country != std::clamp<std::int64_t>(country, 0, std::numeric_limits<std::int32_t>::max())) {
    fault.set("countryId is out of range");
  }
  if (!fault.text.empty()) return std::unexpected(std::move(fault.text));
  return body;
}

bool is_xml(std::string_view content_type, std::string_view text) {
  if (content_type.find("json") != std::string_view::npos) return false;
  if (content_type.find("xml") != std::string_view::npos) return true;
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '<';
}

}  // namespace

std::expected<Body, std::string> read_body(std::string_view content_type, std::string_view text) {
  json::object document;
  if (is_xml(registry::fold(content_type), text)) {
    auto parsed = parse_xml(text);
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    document = std::move(*parsed);
  } else {
    auto parsed = registry::codec::parse_document(text);
    if (!parsed) return std::unexpected(std::move(parsed.error().detail));
    if (!parsed->is_object()) return std::unexpected("the body must be an object");
    document = std::move(parsed->get_object());
  }
  const auto* instance = document.if_contains("instance");
  if (!instance || !instance->is_object()) return std::unexpected("the body must be an \"instance\"");
  return read_instance(instance->get_object());
}

std::optional<std::string> missing_in(const Body& body, std::string_view app) {
  if (is_blank(body.id)) return "Missing instanceId";
  if (is_blank(body.host_name)) return "Missing hostname";
  if (is_blank(body.ip)) return "Missing ip address";
  if (is_blank(body.app)) return "Missing appName";
  if (body.app != app) return fmt::format("Mismatched appName, expecting {} but was {}", app, body.app);
  if (!body.has_data_center) return "Missing dataCenterInfo";
  if (!body.data_center.contains("name")) return "Missing dataCenterInfo Name";
  return std::nullopt;
}

std::string to_upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return out;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace api::eureka
