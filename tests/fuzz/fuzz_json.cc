// A JSON body that a check looks into: the first octet tells how long the pointer is, the body follows it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "registry/checks/json_expectation.h"
#include "registry/text.h"

namespace {

using registry::checks::JsonExpectation;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string pointer(all.substr(0, data[0]));
  const std::string body(all.substr(pointer.size()));
  const auto said = JsonExpectation({{pointer, "true"}}).refuses(body);
  const bool json = said != "the body is not JSON";
  // Every document is what it is, and nothing else.
  require(JsonExpectation({{"", body}}).refuses(body).has_value() == !json);
  if (!json || !registry::is_json_pointer(pointer)) return 0;
  const auto otherwise = JsonExpectation({{pointer, "false"}}).refuses(body);
  require(said.has_value() || otherwise.has_value());  // no place holds both
  return 0;
}
