#include "dnsd/answers/zone_record.h"

#include <fmt/format.h>

#include <charconv>

#include "dnsd/answers/presentation.h"
#include "dnsd/wire/query.h"

namespace dnsd::answers {
namespace {

struct Head {              // what stands before the RDATA
  std::string_view owner;  // "" = the previous one
  std::uint32_t ttl = 0;
  std::string_view type_text;
  std::uint16_t type = 0;
  std::size_t rdata = 0;  // index of its first token
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// QTYPEs, meta types (RFC 6895 3.1) and what only messages hold.
bool is_no_record_type(std::uint16_t type) { return type == wire::type::opt || (type >= 128 && type <= 255); }

std::expected<void, std::string> read_ttl_and_class(const ZoneEntry& entry, Head& head, ZoneContext& context) {
  bool ttl_seen = false;
  bool class_seen = false;
  head.ttl = context.ttl;
  for (; head.rdata < entry.tokens.size(); ++head.rdata) {  // RFC 1035 5.1: in either order
    const auto token = entry.tokens[head.rdata];
    if (!ttl_seen && is_digit(token.front())) {
      const auto ttl = parse_ttl(token);
      if (!ttl) return std::unexpected(fmt::format("\"{}\" is no TTL", token));
      head.ttl = *ttl;
      if (!context.ttl_stated) context.ttl = *ttl;
      ttl_seen = true;
      continue;
    }
    const auto klass = class_from_text(token);
    if (class_seen || !klass) return {};
    if (*klass != wire::klass::in) return std::unexpected(fmt::format("class {}: only IN is served", token));
    class_seen = true;
  }
  return {};
}

std::expected<Head, std::string> read_head(const ZoneEntry& entry, ZoneContext& context) {
  Head head;
  if (!entry.blank_owner) {
    head.owner = entry.tokens.front();
    head.rdata = 1;
    if (head.owner.starts_with('"')) return std::unexpected(std::string("an owner name is not quoted"));
  } else if (!context.previous) {
    return std::unexpected(std::string("a record without an owner, and none before it"));
  }
  if (auto read = read_ttl_and_class(entry, head, context); !read) return std::unexpected(std::move(read.error()));
  if (head.rdata >= entry.tokens.size()) return std::unexpected(std::string("a record type is missing"));
  head.type_text = entry.tokens[head.rdata++];
  const auto type = type_from_text(head.type_text);
  if (!type) return std::unexpected(fmt::format("\"{}\" is no record type", head.type_text));
  if (is_no_record_type(*type)) return std::unexpected(fmt::format("{} is not a type of records", head.type_text));
  head.type = *type;
  return head;
}

// ldns takes numbers modulo their width (SRV port 70000 = 4464); we refuse them.
std::expected<void, std::string> check_numbers(const ZoneEntry& entry, const Head& head) {
  const auto* descriptor = ldns_rr_descript(head.type);
  if (!descriptor || head.rdata >= entry.tokens.size() || entry.tokens[head.rdata] == "\\#") return {};
  for (std::size_t i = 0; i < ldns_rr_descriptor_minimum(descriptor); ++i) {
    if (head.rdata + i >= entry.tokens.size()) return {};
    std::uint64_t most = 0;
    switch (ldns_rr_descriptor_field_type(descriptor, i)) {
      case LDNS_RDF_TYPE_INT8:
        most = 0xff;
        break;
      case LDNS_RDF_TYPE_INT16:
        most = 0xffff;
        break;
      case LDNS_RDF_TYPE_INT32:
        most = 0xffffffff;
        break;
      default:
        continue;
    }
    const auto token = entry.tokens[head.rdata + i];
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (error != std::errc{} || end != token.data() + token.size() || value > most)
      return std::unexpected(fmt::format("{}: \"{}\" is no number from 0 to {}", head.type_text, token, most));
  }
  return {};
}

std::string text_for_ldns(const ZoneEntry& entry, const Head& head) {
  auto text = fmt::format("{}\t{}\tIN\t{}\t", head.owner, head.ttl, head.type_text);
  for (auto i = head.rdata; i < entry.tokens.size(); ++i) {
    if (i != head.rdata) text += ' ';
    text += entry.tokens[i];
  }
  return text;
}

std::string complaint(const ZoneEntry& entry, const Head& head, ldns_status status) {
  std::string rdata;
  for (auto i = head.rdata; i < entry.tokens.size() && rdata.size() < 60; ++i)
    rdata.append(i == head.rdata ? "" : " ").append(entry.tokens[i]);
  if (rdata.size() > 60) rdata = rdata.substr(0, 57) + "...";
  return fmt::format("{} record: {}: {}", head.type_text, ldns_get_errorstr_by_id(status), rdata);
}

std::string_view octets(const ldns_rdf* rdf) {
  return {reinterpret_cast<const char*>(ldns_rdf_data(rdf)), ldns_rdf_size(rdf)};
}

bool names_are_sound(const ldns_rr* rr) {  // completing a relative name may have made it too long
  if (!is_wire_name(octets(ldns_rr_owner(rr)))) return false;
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    const auto* rdf = ldns_rr_rdf(rr, i);
    if (ldns_rdf_get_type(rdf) == LDNS_RDF_TYPE_DNAME && !is_wire_name(octets(rdf))) return false;
  }
  return true;
}

}  // namespace

std::optional<std::uint32_t> parse_ttl(std::string_view text) {
  constexpr std::uint64_t most = 0x7fffffff;
  std::uint64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::uint32_t unit = 1;
    if (!text.empty()) {
      switch (text.front() | 0x20) {
        case 's':
          break;
        case 'm':
          unit = 60;
          break;
        case 'h':
          unit = 3600;
          break;
        case 'd':
          unit = 86'400;
          break;
        case 'w':
          unit = 604'800;
          break;
        default:
          return std::nullopt;
      }
      text.remove_prefix(1);
    }
    total += std::uint64_t{number} * unit;
    if (total > 0xffffffffff) return std::nullopt;
  }
  return total > most ? 0 : static_cast<std::uint32_t>(total);
}

Rdf parse_zone_name(std::string_view text, const ldns_rdf* origin) {
  const std::string name(text);
  if (name == "@" && origin) return Rdf(ldns_rdf_clone(origin));
  ldns_rdf* raw = nullptr;
  if (name.empty() || ldns_str2rdf_dname(&raw, name.c_str()) != LDNS_STATUS_OK) return nullptr;
  Rdf rdf(raw);
  if (origin && !ldns_dname_str_absolute(name.c_str()) && ldns_dname_cat(rdf.get(), origin) != LDNS_STATUS_OK)
    return nullptr;
  if (!is_wire_name(octets(rdf.get()))) return nullptr;
  return rdf;
}

std::expected<StaticRecord, std::string> parse_zone_record(const ZoneEntry& entry, ZoneContext& context) {
  const auto head = read_head(entry, context);
  if (!head) return std::unexpected(head.error());
  if (auto sound = check_numbers(entry, *head); !sound) return std::unexpected(std::move(sound.error()));
  ldns_rr* raw = nullptr;
  auto* previous = context.previous.release();
  const auto status =
      ldns_rr_new_frm_str(&raw, text_for_ldns(entry, *head).c_str(), head->ttl, context.origin.get(), &previous);
  context.previous.reset(previous);
  const Rr rr(raw);
  if (status != LDNS_STATUS_OK) return std::unexpected(complaint(entry, *head, status));
  if (!names_are_sound(rr.get())) return std::unexpected(fmt::format("{}: a name is too long", head->type_text));
  const Buffer rdata(ldns_buffer_new(LDNS_MAX_PACKETLEN));
  if (!rdata || ldns_rr_rdata2buffer_wire(rdata.get(), rr.get()) != LDNS_STATUS_OK ||
      ldns_buffer_position(rdata.get()) > 0xffff)
    return std::unexpected(fmt::format("{}: the record is too long", head->type_text));
  StaticRecord record;
  record.owner = octets(ldns_rr_owner(rr.get()));
  record.type = head->type;
  record.ttl = head->ttl;
  record.rdata.assign(reinterpret_cast<const char*>(ldns_buffer_begin(rdata.get())), ldns_buffer_position(rdata.get()));
  record.line = entry.line;
  return record;
}

}  // namespace dnsd::answers
