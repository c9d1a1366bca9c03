#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <span>

#include "dnsd/answers/denial.h"
#include "dnsd/answers/presentation.h"
#include "dnsd/answers/zone_reader.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::answers {
namespace {

char folded(char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

int compare_owners(const std::string& a, const std::string& b) {
  const auto size = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < size; ++i) {
    const auto x = folded(a[i]);
    const auto y = folded(b[i]);
    if (x != y) return x < y ? -1 : 1;
  }
  return a.size() == b.size() ? 0 : a.size() < b.size() ? -1 : 1;
}

bool may_stand_beside_cname(std::uint16_t type) { return type == wire::type::rrsig || type == wire::type::nsec; }

// Works on the records of one owner, sorted by type and RDATA: `order` holds their indices.
class OwnerCheck {
 public:
  OwnerCheck(ZoneReader& reader, std::string_view apex, ZoneErrors& errors, std::vector<bool>& unwanted)
      : reader_(reader), records_(reader.records()), apex_(apex), errors_(errors), unwanted_(unwanted) {}

  void operator()(std::span<const std::uint32_t> order) {
    for (std::size_t begin = 0; begin < order.size();) {
      auto end = begin + 1;
      while (end < order.size() && type(order[end]) == type(order[begin])) ++end;
      record_set(order.subspan(begin, end - begin));
      begin = end;
    }
    cname(order);
  }
  [[nodiscard]] std::size_t soas() const { return soas_; }

 private:
  [[nodiscard]] std::uint16_t type(std::uint32_t i) const { return records_[i].type; }
  void complain(std::uint32_t record, const std::string& message) {
    errors_.add(fmt::format("{}: {}", reader_.place(record), message));
  }
  [[nodiscard]] std::string owner(std::uint32_t i) const { return name_to_text(records_[i].owner).value_or("?"); }

  void record_set(std::span<const std::uint32_t> set) {
    auto ttl = records_[set.front()].ttl;
    std::size_t different = 1;
    std::uint32_t latest = set.front();
    for (std::size_t i = 1; i < set.size(); ++i) {
      ttl = std::min(ttl, records_[set[i]].ttl);
      latest = std::max(latest, set[i]);
      const bool same = records_[set[i]].rdata == records_[set[i - 1]].rdata;
      if (same) unwanted_[set[i]] = true;  // RFC 2181 5
      different += !same;
    }
    if (type(set.front()) != wire::type::rrsig) {  // its TTL is that of the set it signs (RFC 4034 3)
      for (const auto i : set) records_[i].ttl = ttl;
    }
    const auto t = type(set.front());
    const bool single = t == wire::type::soa || t == wire::type::cname || t == wire::type::dname;
    if (single && different > 1)
      complain(latest, fmt::format("{} has more than one {} record", owner(latest), type_to_text(t)));
    if (t == wire::type::soa) soa(set.front());
    if (t == wire::type::nsec3 || t == wire::type::nsec3param) hashed(set);
  }

  void hashed(std::span<const std::uint32_t> set) {
    for (const auto i : set) {
      const auto& rdata = records_[i].rdata;  // algorithm, flags, iterations
      if (rdata.size() < 5) continue;         // ldns refuses what is shorter
      const unsigned iterations = wire::get16(reinterpret_cast<const std::uint8_t*>(rdata.data()) + 2);
      if (iterations <= kMaxNsec3Iterations) continue;
      complain(i, fmt::format("{} iterations of NSEC3: validators take a zone with more than {} as not signed (RFC "
                              "9276 3.2)",
                              iterations, kMaxNsec3Iterations));
    }
  }

  void soa(std::uint32_t record) {
    ++soas_;
    if (compare_owners(records_[record].owner, std::string(apex_)) != 0)
      complain(record, fmt::format("an SOA record belongs to the apex, not to {}", owner(record)));
  }

  void cname(std::span<const std::uint32_t> order) {
    const auto at = std::ranges::find(order, wire::type::cname, [this](auto i) { return type(i); });
    if (at == order.end()) return;
    if (compare_owners(records_[*at].owner, std::string(apex_)) == 0)
      return complain(*at, "the apex cannot be a CNAME: it has an SOA record");
    const auto other = std::ranges::find_if(
        order, [this](auto i) { return type(i) != wire::type::cname && !may_stand_beside_cname(type(i)); });
    if (other == order.end()) return;
    complain(std::max(*at, *other),
             fmt::format("{} has a CNAME and a {} record", owner(*at), type_to_text(type(*other))));
  }

  ZoneReader& reader_;
  std::vector<StaticRecord>& records_;
  std::string_view apex_;
  ZoneErrors& errors_;
  std::vector<bool>& unwanted_;
  std::size_t soas_ = 0;
};

std::vector<std::uint32_t> by_owner(const std::vector<StaticRecord>& records) {
  std::vector<std::uint32_t> order(records.size());
  std::iota(order.begin(), order.end(), 0u);
  std::ranges::sort(order, [&](std::uint32_t a, std::uint32_t b) {
    const auto& x = records[a];
    const auto& y = records[b];
    if (const auto owners = compare_owners(x.owner, y.owner); owners != 0) return owners < 0;
    if (x.type != y.type) return x.type < y.type;
    if (const auto data = x.rdata.compare(y.rdata); data != 0) return data < 0;
    return a < b;
  });
  return order;
}

}  // namespace

void check_zone(ZoneReader& reader, std::string_view apex, const ZoneFileOptions& options, ZoneErrors& errors) {
  auto& records = reader.records();
  std::vector<bool> unwanted(records.size());
  OwnerCheck check(reader, apex, errors, unwanted);
  const auto order = by_owner(records);
  for (std::size_t begin = 0; begin < order.size() && !errors.full();) {
    auto end = begin + 1;
    while (end < order.size() && compare_owners(records[order[begin]].owner, records[order[end]].owner) == 0) ++end;
    check(std::span(order).subspan(begin, end - begin));
    begin = end;
  }
  if (!errors.empty()) return;
  if (check.soas() == 0 && !options.namespace_file) errors.add(fmt::format("{}: no SOA record", reader.file()));
  reader.forget(unwanted);
}

}  // namespace dnsd::answers
