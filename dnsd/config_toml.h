// TOML with positions: the helpers that turn a file's nodes into values and complaints. Internal to dnsd/config*.cc.
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

// Errors as values, and nothing but the parser. The same settings in every file that includes it (one definition rule).
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_HEADER_ONLY 1
#include <toml++/toml.h>

#include "registry/problem.h"

namespace dnsd::config {

// Where a value came from: a place in the file, or the name of a flag or variable.
struct Where {
  unsigned line = 0, column = 0;  // 0 = not in the file
  std::string source;             // "--dns-listen", "DNSD_DNS_LISTEN"
};

[[nodiscard]] Where where(const toml::node& node);
[[nodiscard]] Where where(const toml::key& key);

// Collects the complaints of all sources; sorted by line at the end, those outside the file last.
class Complaints {
 public:
  explicit Complaints(std::filesystem::path file) : file_(std::move(file)) {}
  void add(const Where& at, std::string message);
  [[nodiscard]] bool empty() const { return all_.empty(); }
  [[nodiscard]] std::vector<std::string> take();

 private:
  struct Complaint {
    Where at;
    std::string message;
    std::size_t order;  // of arrival, among those of one place
  };
  std::filesystem::path file_;
  std::vector<Complaint> all_;
};

[[nodiscard]] boost::json::value to_json(const toml::node& node);
[[nodiscard]] std::string_view type_name(const toml::node& node);  // "a string", "a list"

// A problem's field errors, put where the JSON pointer leads in `table`; the problem itself at the table's start.
void complain(Complaints& complaints, const toml::table& table, const registry::Problem& problem);
void unknown_key(Complaints& complaints, const toml::key& key, std::string_view table,
                 const std::vector<std::string_view>& known);
// `"; did you mean \"x\"?"` or nothing.
[[nodiscard]] std::string suggestion(std::string_view word, const std::vector<std::string_view>& known);

}  // namespace dnsd::config
