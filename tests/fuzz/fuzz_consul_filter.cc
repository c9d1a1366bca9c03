// ?filter= of Consul's dialect, against one object: no text may take long, dig deep or do other than answer.
#include <boost/json/parse.hpp>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/consul/filter.h"
#include "api/consul/filter_lexer.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

const boost::json::object& entry() {
  static const auto value =
      boost::json::parse(R"({"Service": {"ID": "w1", "Port": 80, "Tags": ["a"], "Meta": {"k": "v"}},
    "Checks": [{"Status": "passing"}, {"Status": "critical"}], "Node": {"Node": "n1"}})");
  return value.as_object();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using api::consul::Filter;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto filter = Filter::parse(text);
  require(filter || !filter.error().empty());
  require(!filter || text.size() <= api::consul::kMaxFilter);
  if (!filter) return 0;
  const auto passed = filter->passes(entry());
  const auto other = Filter::parse("not (" + std::string(text) + ")");
  if (!passed || !other) return 0;  // two octets may be too many, and a level too
  require(other->passes(entry()) == !*passed);
  return 0;
}
