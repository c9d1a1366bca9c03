// Where we are in a JSON document. Linked on the stack; becomes text only when there is an error to report.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace registry {

class Path {
 public:
  constexpr Path() = default;  // the whole document
  // `up` must outlive this one, and so must the name.
  constexpr Path(const Path& up, std::string_view name) : up_(&up), name_(name) {}
  constexpr Path(const Path& up, std::size_t index) : up_(&up), index_(index) {}
  [[nodiscard]] std::string text() const;  // "#/checks/0/http" (RFC 6901 section 6)

 private:
  const Path* up_ = nullptr;
  std::string_view name_;
  std::optional<std::size_t> index_;
};

inline constexpr Path kRoot;

}  // namespace registry
