#include "dnsd/answers/presentation.h"

#include <algorithm>
#include <charconv>

#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"
//
#include "dnsd/answers/ldns.h"

namespace dnsd::answers {
namespace {

std::string text_of(char* owned) {
  const CText text(owned);
  return text ? std::string(text.get()) : std::string();
}

std::string text_of(const ldns_rdf* name) { return text_of(ldns_rdf2str(name)); }

std::string type_of(const ldns_rr* rr) { return type_to_text(static_cast<std::uint16_t>(ldns_rr_get_type(rr))); }

std::string shown_data(const ldns_rr* rr) {
  std::string out;
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    if (i != 0) out += ' ';
    out += text_of(ldns_rdf2str(ldns_rr_rdf(rr, i)));
  }
  return out;
}

std::vector<ShownRecord> shown_records(const ldns_rr_list* list) {
  std::vector<ShownRecord> out;
  for (std::size_t i = 0; list && i < ldns_rr_list_rr_count(list); ++i) {
    const auto* rr = ldns_rr_list_rr(list, i);
    out.push_back({text_of(ldns_rr_owner(rr)), type_of(rr), ldns_rr_ttl(rr), shown_data(rr)});
  }
  return out;
}

bool has_prefix(std::string_view text, std::string_view upper_case) {
  return text.size() >= upper_case.size() &&
         std::ranges::equal(text.substr(0, upper_case.size()), upper_case, {}, [](char c) { return c & ~0x20; });
}

// The digits of TYPE123 and CLASS1 (RFC 3597 5). Read here: ldns makes an enum of any number, 1123456789 too.
std::optional<std::uint16_t> numbered(std::string_view digits) {
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size() || number == 0) return std::nullopt;
  return number;
}

ShownEdns shown_edns(const ldns_pkt* pkt) {
  ShownEdns out{ldns_pkt_edns_version(pkt), ldns_pkt_edns_do(pkt) != 0, ldns_pkt_edns_udp_size(pkt), {}};
  const auto* rdf = ldns_pkt_edns_data(pkt);
  if (!rdf) return out;
  const auto* at = ldns_rdf_data(rdf);
  std::size_t left = ldns_rdf_size(rdf);
  while (left >= 4) {
    const std::size_t size = wire::get16(at + 2);
    if (size > left - 4) break;
    out.options.push_back({wire::get16(at), std::string(reinterpret_cast<const char*>(at + 4), size)});
    at += 4 + size;
    left -= 4 + size;
  }
  return out;
}

std::vector<ShownError> shown_errors(const ShownEdns& edns) {
  std::vector<ShownError> out;
  for (const auto& [code, data] : edns.options) {
    if (code != 15 || data.size() < 2) continue;
    out.push_back({wire::get16(reinterpret_cast<const std::uint8_t*>(data.data())), data.substr(2)});
  }
  return out;
}

std::uint8_t folded(char c) { return static_cast<std::uint8_t>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

}  // namespace

std::vector<std::string> ShownMessage::flags() const {
  std::vector<std::string> out;
  const std::pair<bool, const char*> all[] = {{qr, "qr"}, {aa, "aa"}, {tc, "tc"}, {rd, "rd"},
                                              {ra, "ra"}, {ad, "ad"}, {cd, "cd"}};
  for (const auto& [set, name] : all)
    if (set) out.emplace_back(name);
  return out;
}

std::expected<ShownMessage, std::string> show(std::span<const std::uint8_t> message) {
  ldns_pkt* raw = nullptr;
  const auto status = ldns_wire2pkt(&raw, message.data(), message.size());
  const Pkt pkt(raw);
  if (status != LDNS_STATUS_OK || !pkt) return std::unexpected(std::string(ldns_get_errorstr_by_id(status)));
  ShownMessage out;
  const auto* p = pkt.get();
  out.id = ldns_pkt_id(p);
  out.opcode = text_of(ldns_pkt_opcode2str(ldns_pkt_get_opcode(p)));
  out.rcode_number = static_cast<std::uint16_t>(ldns_pkt_edns_extended_rcode(p) << 4 | ldns_pkt_get_rcode(p));
  out.rcode = rcode_to_text(out.rcode_number);
  out.qr = ldns_pkt_qr(p);
  out.aa = ldns_pkt_aa(p);
  out.tc = ldns_pkt_tc(p);
  out.rd = ldns_pkt_rd(p);
  out.ra = ldns_pkt_ra(p);
  out.ad = ldns_pkt_ad(p);
  out.cd = ldns_pkt_cd(p);
  const auto* questions = ldns_pkt_question(p);
  for (std::size_t i = 0; questions && i < ldns_rr_list_rr_count(questions); ++i) {
    const auto* q = ldns_rr_list_rr(questions, i);
    out.questions.push_back({text_of(ldns_rr_owner(q)), type_of(q), text_of(ldns_rr_class2str(ldns_rr_get_class(q)))});
  }
  out.answer = shown_records(ldns_pkt_answer(p));
  out.authority = shown_records(ldns_pkt_authority(p));
  out.additional = shown_records(ldns_pkt_additional(p));
  if (ldns_pkt_edns(p)) {
    out.edns = shown_edns(p);
    out.errors = shown_errors(*out.edns);
  }
  return out;
}

std::optional<std::string> name_to_wire(std::string_view text) {
  if (text.empty() || text.find('\0') != std::string_view::npos) return std::nullopt;
  ldns_rdf* raw = nullptr;
  const auto status = ldns_str2rdf_dname(&raw, std::string(text).c_str());
  const Rdf rdf(raw);
  if (status != LDNS_STATUS_OK || !rdf) return std::nullopt;
  std::string wire(reinterpret_cast<const char*>(ldns_rdf_data(rdf.get())), ldns_rdf_size(rdf.get()));
  if (!is_wire_name(wire)) return std::nullopt;
  return wire;
}

std::optional<std::string> name_to_text(std::string_view wire) {
  if (!is_wire_name(wire)) return std::nullopt;
  const Rdf rdf(ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, wire.size(), wire.data()));
  return text_of(rdf.get());
}

std::optional<std::uint16_t> type_from_text(std::string_view text) {
  if (has_prefix(text, "TYPE")) return numbered(text.substr(4));
  const auto type = ldns_get_rr_type_by_name(std::string(text).c_str());
  if (type == 0) return std::nullopt;
  return static_cast<std::uint16_t>(type);
}

std::optional<std::uint16_t> class_from_text(std::string_view text) {
  if (has_prefix(text, "CLASS")) return numbered(text.substr(5));
  const auto klass = ldns_get_rr_class_by_name(std::string(text).c_str());
  if (klass == 0) return std::nullopt;
  return static_cast<std::uint16_t>(klass);
}

std::string type_to_text(std::uint16_t type) { return text_of(ldns_rr_type2str(static_cast<ldns_rr_type>(type))); }

std::string rcode_to_text(std::uint16_t rcode) {
  if (rcode == 16) return "BADVERS";
  if (rcode == 23) return "BADCOOKIE";
  auto text = rcode < 16 ? text_of(ldns_pkt_rcode2str(static_cast<ldns_pkt_rcode>(rcode))) : std::string();
  return text.empty() ? "RCODE" + std::to_string(rcode) : text;
}

bool is_wire_name(std::string_view wire) {
  if (wire.size() > wire::kMaxWireName) return false;
  std::size_t at = 0;
  while (at < wire.size()) {
    const auto length = static_cast<std::uint8_t>(wire[at]);
    if (length == 0) return at + 1 == wire.size();
    if (length > 63) return false;
    at += 1u + length;
  }
  return false;
}

bool is_at_or_below(std::string_view name, std::string_view apex) {
  while (name.size() > apex.size()) {
    const auto length = static_cast<std::uint8_t>(name.front());
    if (length == 0 || length + 1u > name.size()) return false;
    name.remove_prefix(1u + length);
  }
  return std::ranges::equal(name, apex, {}, folded, folded);
}

std::string fold_wire(std::string_view wire) {
  std::string out(wire);
  for (auto& c : out) c = static_cast<char>(folded(c));
  return out;
}

}  // namespace dnsd::answers
