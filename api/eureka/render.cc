#include "api/eureka/render.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <limits>

#include "api/eureka/registration.h"
#include "api/eureka/xml.h"

namespace api::eureka {
namespace {

using registry::CheckKind;
using registry::Instance;
using registry::InstanceDef;
using registry::Mono;

// What the clocks of a lease say. Of what is gone nothing but the notes is left.
struct Times {
  std::int64_t duration = kLeaseDuration;  // seconds
  std::int64_t renewed = 0, up_since = 0;  // milliseconds since 1970
};

Times times_of(const App& app, const Shown& shown, const Notes& notes) {
  Times times;
  times.renewed = times.up_since = notes.registered;
  for (const auto& check : shown.member.def->checks) {
    if (check.kind == CheckKind::heartbeat && check.lease.count() > 0) times.duration = check.lease.count() / 1000;
  }
  if (notes.duration > 0) times.duration = notes.duration;
  const auto* instance = app.registry().find_instance(shown.ref.service, shown.ref.id);
  if (!instance) return times;
  const auto now = app.now();
  for (std::size_t i = 0; i < instance->checks->size() && i < instance->status.size(); ++i) {
    const auto& check = (*instance->checks)[i];
    if (check.kind != CheckKind::heartbeat || instance->trace[i].lease != registry::LeasePhase::running) continue;
    const auto left = std::chrono::duration_cast<registry::Millis>(instance->trace[i].flip_at - now.mono);
    times.renewed = to_milliseconds(now.wall - (check.lease - left));
    times.up_since = to_milliseconds(instance->status[i].since);
  }
  return times;
}

std::string address_of(const Member& member) {
  if (member.addresses.v4) return to_string(*member.addresses.v4);
  return member.addresses.v6 ? to_string(*member.addresses.v6) : member.def->host.str();
}

json::object port_json(std::uint16_t number, bool enabled) {
  return {{"$", number}, {"@enabled", enabled ? "true" : "false"}};
}

json::object ports_json(const InstanceDef& def, const Notes& notes) {
  const auto secure = def.ports.find("https");
  const bool has_secure = secure != def.ports.end();
  const bool plain = def.port && !notes.port && !(has_secure && def.port == secure->second.port);
  return {{"port", port_json(plain ? *def.port : notes.port.value_or(kPort), plain)},
          {"securePort",
           port_json(has_secure ? secure->second.port : notes.secure_port.value_or(kSecurePort), has_secure)}};
}

json::object data_center_json(const Notes& notes) {
  const auto* given = notes.data_center.if_contains("name");
  const std::string_view name = given && given->is_string() ? std::string_view(given->get_string()) : "MyOwn";
  // Which Java class reads it. Never what a client sent: others of its kind would have to make it.
  json::object out{{"@class", name == "Amazon" ? "com.netflix.appinfo.AmazonInfo"
                                               : "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo"},
                   {"name", name}};
  if (const auto* metadata = notes.data_center.if_contains("metadata")) out["metadata"] = *metadata;
  return out;
}

json::object lease_json(const Times& times, const Notes& notes) {
  return {{"renewalIntervalInSecs", notes.renewal_interval},
          {"durationInSecs", times.duration},
          {"registrationTimestamp", notes.registered},
          {"lastRenewalTimestamp", times.renewed},
          {"evictionTimestamp", 0},
          {"serviceUpTimestamp", times.up_since}};
}

json::object metadata_json(const InstanceDef& def, const Notes& notes) {
  json::object out;
  for (const auto& [key, value] : def.meta) {
    if (!key.starts_with('@')) out[key] = value;
  }
  for (const auto& pair : notes.metadata) out[pair.key()] = pair.value();
  return out;
}

std::int64_t country_of(const Notes& notes) {
  const auto* text = notes.texts.if_contains("countryId");
  const auto number = text && text->is_string() ? parse_number(text->get_string()).value_or(1) : 1;
  return number >= 0 && number <= std::numeric_limits<std::int32_t>::max() ? number : 1;
}

// Beside those that stand in a place of their own.
void add_texts(json::object& out, const Notes& notes) {
  for (const auto& member : notes.texts) {
    if (!out.contains(member.key()) && member.value().is_string()) out[member.key()] = member.value();
  }
  if (!out.contains("isCoordinatingDiscoveryServer")) out["isCoordinatingDiscoveryServer"] = "false";
}

std::string to_text(Format format, json::object instance) {
  std::string out;
  if (format == Format::xml) {
    append_element(out, "instance", instance);
  } else {
    instance["overriddenStatus"] = instance["overriddenstatus"];
    out = json::serialize(instance);
  }
  return out;
}

Response response_of(Format format, std::string body) {
  Response response;
  response.content_type = content_type(format);
  response.body = std::move(body);
  return response;
}

boost::asio::awaitable<std::optional<std::string>> give(std::optional<std::string> piece) { co_return piece; }

constexpr std::size_t kPiece = 256 << 10;  // octets that are copied and written at a time

// The texts stay where they are; a large answer is copied piece by piece, as the client takes it.
Response::Pieces pieces_of(std::vector<Text> texts) {
  return [texts = std::move(texts), next = std::size_t{0}]() mutable {
    std::string piece;
    while (next < texts.size() && (piece.empty() || piece.size() + texts[next]->size() <= kPiece)) {
      piece += *texts[next];
      texts[next++].reset();
    }
    return give(piece.empty() ? std::nullopt : std::optional(std::move(piece)));
  };
}

Text shared(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

}  // namespace

std::string vip_of(const Notes& notes, std::string_view service_label, bool secure) {
  const auto* given = notes.texts.if_contains(secure ? "secureVipAddress" : "vipAddress");
  if (given && given->is_string()) return std::string(std::string_view(given->get_string()));
  // Of what a client of Eureka registered without one there is none.
  return notes.registered != 0 ? std::string() : std::string(service_label);
}

std::set<std::string> split_vips(std::string_view vip) {
  std::set<std::string> out;
  while (!vip.empty() && out.size() < kMaxVips) {
    const auto comma = std::min(vip.find(','), vip.size());
    if (comma > 0) out.insert(registry::fold(vip.substr(0, comma)));
    vip.remove_prefix(std::min(comma + 1, vip.size()));
  }
  return out;
}

json::object instance_json(const App& app, const Shown& shown) {
  const auto& def = *shown.member.def;
  const auto notes = read_notes(def);
  const auto address = address_of(shown.member);
  const auto label = std::string_view(shown.ref.service).substr(0, shown.ref.service.find('.'));
  json::object out{{"instanceId", def.id},
                   {"hostName", !notes.host_name.empty() ? notes.host_name
                                : !def.host.empty()      ? def.host.str()
                                                         : address},
                   {"app", shown.app},
                   {"ipAddr", address},
                   {"status", to_string(shown.member.status)},
                   {"overriddenstatus", to_string(shown.member.overridden)}};
  for (auto& port : ports_json(def, notes)) out[port.key()] = std::move(port.value());
  out["countryId"] = country_of(notes);
  out["dataCenterInfo"] = data_center_json(notes);
  out["leaseInfo"] = lease_json(times_of(app, shown, notes), notes);
  out["metadata"] = metadata_json(def, notes);
  if (auto vip = vip_of(notes, label, false); !vip.empty()) out["vipAddress"] = vip;
  if (auto vip = vip_of(notes, label, true); !vip.empty()) out["secureVipAddress"] = vip;
  add_texts(out, notes);
  out["lastUpdatedTimestamp"] = std::to_string(notes.updated);
  out["lastDirtyTimestamp"] = std::to_string(notes.dirty);
  out["actionType"] = to_string(shown.action);
  return out;
}

Response instance_response(const App& app, Format format, const Shown& shown) {
  auto text = to_text(format, instance_json(app, shown));
  return response_of(format, format == Format::json ? "{\"instance\":" + text + "}" : std::move(text));
}

std::string write_application(const App& app, Format format, const std::string& name,
                              const std::vector<Shown>& instances) {
  std::string out;
  if (format == Format::xml) {
    out = "<application>";
    append_element(out, "name", json::value(name));
    for (const auto& shown : instances) out += to_text(format, instance_json(app, shown));
    return out + "</application>";
  }
  out = ",{\"name\":" + json::serialize(json::value(name)) + ",\"instance\":[";
  for (const auto& shown : instances) {
    if (!out.ends_with('[')) out += ',';
    out += to_text(format, instance_json(app, shown));
  }
  return out + "]}";
}

Response application_response(Format format, std::string_view written) {
  if (format == Format::xml) return response_of(format, std::string(written));
  return response_of(format, fmt::format("{{\"application\":{}}}", written.substr(1)));
}

Response applications_response(Format format, registry::Revision version, std::string_view hash_code,
                               std::vector<Text> written) {
  const bool is_json = format == Format::json;
  auto begin = is_json
                   ? fmt::format(R"({{"applications":{{"versions__delta":"{}","apps__hashcode":"{}","application":[)",
                                 version, hash_code)
                   : fmt::format(
                         "<applications><versions__delta>{}</versions__delta>"
                         "<apps__hashcode>{}</apps__hashcode>",
                         version, hash_code);
  if (is_json && !written.empty()) {  // the first one without its comma
    begin += std::string_view(*written.front()).substr(1);
    written.erase(written.begin());
  }
  written.insert(written.begin(), shared(std::move(begin)));
  written.push_back(shared(is_json ? "]}}" : "</applications>"));
  auto response = response_of(format, {});
  std::uint64_t size = 0;
  for (const auto& text : written) size += text->size();
  if (size <= kPiece) {
    for (const auto& text : written) response.body += *text;
  } else {
    response.pieces_size = size;
    response.pieces = pieces_of(std::move(written));
  }
  return response;
}

}  // namespace api::eureka
