// What a JSON body must say for an HTTP check to pass: at each pointer (RFC 6901) that value. Immutable.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/flat_map.h"

namespace registry::checks {

class JsonExpectation {
 public:
  explicit JsonExpectation(const FlatMap<std::string>& wanted);  // pointer -> JSON text
  [[nodiscard]] bool empty() const { return wanted_.empty(); }
  // What is wrong with the body, or nothing. Never a word of the body itself: see judge() in http_probe.cc.
  [[nodiscard]] std::optional<std::string> refuses(std::string_view body) const;

 private:
  std::vector<std::pair<std::string, std::optional<boost::json::value>>> wanted_;  // nothing = what no body can hold
};

}  // namespace registry::checks
