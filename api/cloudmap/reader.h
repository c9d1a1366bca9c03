// Reads the members of a request. The first mistake is kept and the rest goes on with empty values, so that a handler
// reads all it needs and asks once. Null is absent, and unknown members are ignored: newer clients send more.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/cloudmap/error.h"
#include "registry/definition.h"

namespace api::cloudmap {

class Reader {
 public:
  Reader(const json::object& members, std::optional<Error>& fault) : members_(members), fault_(fault) {}

  // What is required is never empty; sizes are characters, as AWS counts.
  [[nodiscard]] std::string need(std::string_view name, std::size_t most) const;
  [[nodiscard]] std::string text(std::string_view name, std::size_t most) const;  // "" when absent
  [[nodiscard]] std::string word(std::string_view name, std::span<const std::string_view> words) const;
  [[nodiscard]] std::optional<std::int64_t> number(std::string_view name, std::int64_t low, std::int64_t high) const;
  [[nodiscard]] std::optional<Reader> inside(std::string_view name) const;                // an object
  [[nodiscard]] std::vector<Reader> each(std::string_view name, std::size_t most) const;  // a list of objects
  [[nodiscard]] std::vector<std::string> texts(std::string_view name, std::size_t count, std::size_t most) const;
  [[nodiscard]] registry::Meta map(std::string_view name, std::size_t count, std::size_t key, std::size_t value) const;
  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

  void fail(std::string message) const;
  [[nodiscard]] const std::optional<Error>& fault() const { return fault_; }

 private:
  [[nodiscard]] const json::value* find(std::string_view name) const;
  [[nodiscard]] std::string text_of(const json::value& value, std::string_view name, std::size_t most) const;

  const json::object& members_;
  std::optional<Error>& fault_;
};

}  // namespace api::cloudmap
