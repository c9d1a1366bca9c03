#include "api/eureka/notes.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "api/kept.h"
#include "registry/text.h"
#include "registry/validate.h"

namespace api::eureka {
namespace {

using registry::InstanceDef;

constexpr std::string_view kMember = "eureka";

void read(std::string& target, const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  if (const auto* text = value ? value->if_string() : nullptr) target.assign(text->data(), text->size());
}

template <class Number>
std::optional<Number> read_number(const json::object& from, std::string_view name) {
  const auto* value = from.if_contains(name);
  if (!value || !value->is_number()) return std::nullopt;
  json::error_code out_of_range;
  const auto number = value->to_number<Number>(out_of_range);
  return out_of_range ? std::nullopt : std::optional(number);
}

json::object kept_pairs(const json::object& from, std::string_view name) {
  json::object out;
  const auto* value = from.if_contains(name);
  const auto* object = value ? value->if_object() : nullptr;
  if (!object) return out;
  for (const auto& pair : *object) {
    if (pair.value().is_string() && !pair.key().starts_with('@')) out[pair.key()] = pair.value();
  }
  return out;
}

json::object kept_texts(const json::object& from) {
  json::object out;
  for (const auto& pair : kept_pairs(from, "texts")) {
    if (std::ranges::find(kTexts, std::string_view(pair.key())) != kTexts.end()) out[pair.key()] = pair.value();
  }
  return out;
}

json::object kept_data_center(const json::object& from) {
  json::object out;
  const auto* value = from.if_contains("data_center");
  const auto* object = value ? value->if_object() : nullptr;
  if (!object) return out;
  std::string name;
  read(name, *object, "name");
  if (std::ranges::find(kDataCenters, name) == kDataCenters.end()) return out;
  out["name"] = name;
  if (auto metadata = kept_pairs(*object, "metadata"); !metadata.empty()) out["metadata"] = std::move(metadata);
  return out;
}

std::optional<Status> read_status(const json::object& from, std::string_view name) {
  std::string text;
  read(text, from, name);
  return parse_status(text);
}

void write(json::object& to, std::string_view name, const std::string& text) {
  if (!text.empty()) to[name] = text;
}

void write(json::object& to, std::string_view name, const json::object& object) {
  if (!object.empty()) to[name] = object;
}

void write(json::object& to, std::string_view name, std::int64_t number, std::int64_t plain = 0) {
  if (number != plain) to[name] = number;
}

json::object to_json(const Notes& notes) {
  json::object out;
  write(out, "app", notes.app);
  write(out, "host_name", notes.host_name);
  if (notes.status != Status::up) out["status"] = to_string(notes.status);
  if (notes.override_status) out["override"] = to_string(*notes.override_status);
  write(out, "registered", notes.registered);
  write(out, "updated", notes.updated);
  write(out, "dirty", notes.dirty);
  write(out, "renewal_interval", notes.renewal_interval, kRenewalInterval);
  write(out, "duration", notes.duration);
  if (notes.port) out["port"] = *notes.port;
  if (notes.secure_port) out["secure_port"] = *notes.secure_port;
  write(out, "data_center", notes.data_center);
  write(out, "metadata", notes.metadata);
  write(out, "texts", notes.texts);
  return out;
}

bool fits_meta(const InstanceDef& def, const std::string& key, const std::string& value) {
  const bool room = def.meta.contains(key) || def.meta.size() < registry::kMaxMetaPairs;
  const bool short_enough = key.size() <= registry::kMaxMetaKey && value.size() <= registry::kMaxMetaValue;
  return room && short_enough && !registry::has_control(key);
}

}  // namespace

Notes read_notes(const InstanceDef& def) {
  Notes notes;
  if (def.foreign.empty()) return notes;
  const auto all = parse_kept(def.foreign.view());
  const auto* member = all.if_contains(kMember);
  if (!member || !member->is_object()) return notes;
  const auto& ours = member->get_object();
  read(notes.app, ours, "app");
  read(notes.host_name, ours, "host_name");
  notes.status = read_status(ours, "status").value_or(Status::up);
  notes.override_status = read_status(ours, "override");
  notes.registered = read_number<std::int64_t>(ours, "registered").value_or(0);
  notes.updated = read_number<std::int64_t>(ours, "updated").value_or(0);
  notes.dirty = read_number<std::int64_t>(ours, "dirty").value_or(0);
  notes.renewal_interval = read_number<std::int32_t>(ours, "renewal_interval").value_or(kRenewalInterval);
  notes.duration = read_number<std::int32_t>(ours, "duration").value_or(0);
  notes.port = read_number<std::uint16_t>(ours, "port");
  notes.secure_port = read_number<std::uint16_t>(ours, "secure_port");
  notes.data_center = kept_data_center(ours);
  notes.metadata = kept_pairs(ours, "metadata");
  notes.texts = kept_texts(ours);
  return notes;
}

void write_notes(const Notes& notes, InstanceDef& def) {
  auto all = parse_kept(def.foreign.view());
  // In its place: the same notes are the same text.
  if (auto ours = to_json(notes); ours.empty()) {
    all.erase(kMember);
  } else {
    all[kMember] = std::move(ours);
  }
  def.foreign = all.empty() ? std::string() : json::serialize(all);
}

void set_metadata(InstanceDef& def, Notes& notes, const std::string& key, const std::string& value) {
  if (key.empty() || key.starts_with('@')) return;  // "@class" is a hint for Java, not metadata
  if (fits_meta(def, key, value)) {
    def.meta[key] = value;
    notes.metadata.erase(key);
  } else {
    notes.metadata[key] = value;
    def.meta.erase(key);
  }
}

}  // namespace api::eureka
