#include "dnsd/answers/zone_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/zone_generate.h"

namespace dnsd::answers {
namespace {

namespace fs = std::filesystem;

std::string upper(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

std::string_view unquoted(std::string_view token) {
  if (token.size() >= 2 && token.front() == '"' && token.back() == '"') return token.substr(1, token.size() - 2);
  return token;
}

}  // namespace

ZoneReader::ZoneReader(const ZoneFileOptions& options, Rdf apex, fs::path file, ZoneErrors& errors)
    : options_(options), errors_(errors) {
  apex_.assign(reinterpret_cast<const char*>(ldns_rdf_data(apex.get())), ldns_rdf_size(apex.get()));
  context_.origin = std::move(apex);
  context_.ttl = options.default_ttl;
  sources_.push_back(std::move(file));
}

std::string ZoneReader::place(std::size_t record) const {
  return fmt::format("{}:{}", sources_[source_of_[record]].string(), records_[record].line);
}

void ZoneReader::complain(std::string message) {
  errors_.add(fmt::format("{}:{}: {}", sources_[current_source_].string(), current_line_, message));
}

void ZoneReader::forget(const std::vector<bool>& unwanted) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < records_.size(); ++i) {
    if (unwanted[i]) continue;
    if (kept != i) {
      records_[kept] = std::move(records_[i]);
      source_of_[kept] = source_of_[i];
    }
    ++kept;
  }
  records_.resize(kept);
  source_of_.resize(kept);
}

void ZoneReader::read(std::string_view text) { read_text(text, 0, 0); }

void ZoneReader::read_text(std::string_view text, std::uint32_t source, int depth) {
  ZoneLexer lexer(text);
  ZoneEntry entry;
  while (!errors_.full()) {
    const auto more = lexer.next(entry);
    current_source_ = source;
    current_line_ = more ? entry.line : lexer.line();
    if (!more) {
      complain(more.error());
      continue;
    }
    if (!*more) return;
    if (!entry.blank_owner && entry.tokens.front().starts_with('$')) {
      directive(entry, source, depth);
    } else {
      record(entry, source);
    }
  }
}

void ZoneReader::directive(const ZoneEntry& entry, std::uint32_t source, int depth) {
  const auto name = upper(entry.tokens.front());
  if (name == "$ORIGIN") return origin(entry);
  if (name == "$TTL") return ttl(entry);
  if (name == "$INCLUDE") return include(entry, depth);
  if (name == "$GENERATE") return generated(entry, source);
  complain(fmt::format("{} is no directive ($ORIGIN, $TTL, $INCLUDE, $GENERATE)", entry.tokens.front()));
}

void ZoneReader::origin(const ZoneEntry& entry) {
  if (entry.tokens.size() != 2) return complain("$ORIGIN takes one name");
  auto name = parse_zone_name(entry.tokens[1], context_.origin.get());
  if (!name) return complain(fmt::format("$ORIGIN: \"{}\" is no domain name", entry.tokens[1]));
  context_.origin = std::move(name);
}

void ZoneReader::ttl(const ZoneEntry& entry) {
  const auto value = entry.tokens.size() == 2 ? parse_ttl(entry.tokens[1]) : std::nullopt;
  if (!value) return complain("$TTL takes one time (3600, 1h30m)");
  context_.ttl = *value;
  context_.ttl_stated = true;
}

// Symbolic links are followed before the comparison, so that none leads out of the folder.
std::expected<fs::path, std::string> ZoneReader::inside_folder(std::string_view name) const {
  const auto& zone_file = sources_.front();
  std::error_code error;
  const auto folder = fs::canonical(zone_file.has_parent_path() ? zone_file.parent_path() : fs::path("."), error);
  if (error) return std::unexpected(fmt::format("the zone file's folder: {}", error.message()));
  const auto target = fs::canonical(folder / fs::path(name), error);
  if (error) return std::unexpected(fmt::format("{}: {}", name, error.message()));
  if (std::ranges::mismatch(folder, target).in1 != folder.end())
    return std::unexpected(fmt::format("{} is outside of the zone file's folder", name));
  return target;
}

// RFC 1035 5.1: the origin and the owner before the directive hold again after it; so does $TTL.
void ZoneReader::include(const ZoneEntry& entry, int depth) {
  if (entry.tokens.size() != 2 && entry.tokens.size() != 3) return complain("$INCLUDE takes a file and an origin");
  if (depth + 1 > kMaxDepth) return complain(fmt::format("$INCLUDE is nested deeper than {}", kMaxDepth));
  if (sources_.size() > kMaxIncludes) return complain(fmt::format("$INCLUDE: more than {} files", kMaxIncludes));
  const auto name = unquoted(entry.tokens[1]);
  const auto path = inside_folder(name);
  if (!path) return complain(fmt::format("$INCLUDE: {}", path.error()));
  const auto text = read_file(*path);
  if (!text) return complain(fmt::format("$INCLUDE: {}: {}", name, text.error()));
  auto origin = Rdf(ldns_rdf_clone(context_.origin.get()));
  if (entry.tokens.size() == 3) origin = parse_zone_name(entry.tokens[2], context_.origin.get());
  if (!origin) return complain(fmt::format("$INCLUDE: \"{}\" is no domain name", entry.tokens[2]));

  ZoneContext inner;
  inner.origin = std::move(origin);
  inner.previous.reset(context_.previous ? ldns_rdf_clone(context_.previous.get()) : nullptr);
  inner.ttl = context_.ttl;
  inner.ttl_stated = context_.ttl_stated;
  sources_.push_back((sources_.front().parent_path() / fs::path(name)).lexically_normal());
  auto outer = std::exchange(context_, std::move(inner));
  read_text(*text, static_cast<std::uint32_t>(sources_.size() - 1), depth + 1);
  context_ = std::move(outer);
}

void ZoneReader::generated(const ZoneEntry& entry, std::uint32_t source) {
  if (entry.tokens.size() < 5) return complain("$GENERATE takes a range, an owner, a type and data");
  const auto range = parse_generate_range(entry.tokens[1]);
  if (!range) return complain(range.error());
  std::vector<std::string> texts(entry.tokens.size() - 2);
  ZoneEntry made{entry.line, false, {}};
  for (std::uint64_t counter = range->first; counter <= range->last && !errors_.full(); counter += range->step) {
    made.tokens.clear();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      auto text = generate(entry.tokens[i + 2], static_cast<std::uint32_t>(counter));
      if (!text) return complain(text.error());
      texts[i] = std::move(*text);
      made.tokens.emplace_back(texts[i]);
    }
    const auto before = records_.size();
    record(made, source);
    if (records_.size() == before) return;  // one complaint is enough for a pattern
  }
}

void ZoneReader::record(const ZoneEntry& entry, std::uint32_t source) {
  if (records_.size() >= options_.max_records) {
    while (!errors_.full()) complain(fmt::format("more than {} records", options_.max_records));
    return;
  }
  auto read = parse_zone_record(entry, context_);
  if (!read) return complain(read.error());
  if (!is_at_or_below(read->owner, apex_)) {
    return complain(
        fmt::format("{} is not below {}", name_to_text(read->owner).value_or("?"), name_to_text(apex_).value_or("?")));
  }
  const bool dnssec = (read->type >= 46 && read->type <= 48) || read->type == 50 || read->type == 51;
  if (options_.namespace_file && dnssec)
    return complain(fmt::format("{} is for zones of their own, not beside a namespace", type_to_text(read->type)));
  records_.push_back(std::move(*read));
  source_of_.push_back(source);
}

std::expected<std::string, std::string> ZoneReader::read_file(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  if (error) return std::unexpected(error.message());
  if (!fs::is_regular_file(file, error)) return std::unexpected(std::string("not a regular file"));
  if (size > kMaxFile) return std::unexpected(std::string("larger than 1 GiB"));
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::unexpected(std::string(std::strerror(errno)));
  std::string text(size, '\0');
  in.read(text.data(), static_cast<std::streamsize>(size));
  text.resize(static_cast<std::size_t>(in.gcount()));  // it may have shrunk meanwhile
  return text;
}

}  // namespace dnsd::answers
