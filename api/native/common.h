// What the handlers of several resources share: names of a path, absent things, pages of a list.
#pragma once

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "api/app.h"
#include "api/problem.h"
#include "api/route.h"

namespace api::native {

// The name in a path. A name that cannot be is "not there" for a read, and 422 for a write.
[[nodiscard]] registry::Result<registry::DomainName> name_to_read(std::string_view segment,
                                                                  registry::ProblemKind absent);
[[nodiscard]] registry::Result<registry::DomainName> name_to_write(std::string_view segment);
[[nodiscard]] registry::Problem body_missing(std::string_view hint);

// 404s that know their parent's index, so that a long poll can wait for the thing to appear.
[[nodiscard]] Read absent_service(const App& app, const registry::DomainName& name);
[[nodiscard]] Read absent(registry::Problem problem, registry::Revision index, std::string feed_key);
[[nodiscard]] Response object_response(boost::json::object body);  // 200 with its ETag

inline constexpr std::size_t kMaxPage = 10'000;  // an instance is about 1 KB of JSON: 10 MB at most

struct Page {
  std::size_t limit = kMaxPage;
  std::string after;  // the cursor: the key that the last page ended with
  std::string prefix;
};
[[nodiscard]] registry::Result<Page> parse_page(const Request& request);

// Walks one page of a sorted map. `item(key, value)` gives JSON or nothing (filtered out). The cursor is the last key
// shown when more may follow, so a page costs its own length, wherever it begins.
template <class Map, class Item>
boost::json::object list_page(std::string_view name, const Map& map, const Page& page, registry::Revision index,
                              Item item) {
  boost::json::array items;
  boost::json::value cursor;
  auto at = page.after.empty() || page.after < page.prefix ? map.lower_bound(page.prefix) : map.upper_bound(page.after);
  std::string_view last;
  for (; at != map.end() && at->first.starts_with(page.prefix); ++at) {
    if (items.size() == page.limit) {
      cursor = last;
      break;
    }
    std::optional<boost::json::object> shown = item(at->first, at->second);
    if (!shown) continue;
    items.push_back(std::move(*shown));
    last = at->first;
  }
  boost::json::object body;
  body[name] = std::move(items);
  body["revision"] = index;
  body["cursor"] = std::move(cursor);
  return body;
}

// Order matters: the same things in the same states give the same fingerprint.
class Fingerprint {
 public:
  void add(std::string_view text) { mix(std::hash<std::string_view>{}(text)); }
  void add(registry::Revision revision) { mix(revision); }
  [[nodiscard]] std::uint64_t value() const { return value_; }

 private:
  void mix(std::uint64_t word) { value_ = (value_ ^ word) * 0x9E3779B97F4A7C15ULL + (value_ >> 29); }
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

}  // namespace api::native
