// What the tool prints: aligned tables, problem documents, and the exit codes that scripts rely on.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "api/dnsctl/client.h"

namespace ctl {

enum class ExitCode : int {
  ok = 0,
  error = 1,      // the server's fault (5xx), or ours
  usage = 2,      // the command line
  not_found = 3,  // 404
  refused = 4,    // any other 4xx: token, conflict, invalid registration
  away = 5,       // no connection, no answer in time, 503
};
[[nodiscard]] ExitCode exit_code_of(unsigned status);

class Table {
 public:
  explicit Table(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  void print(std::ostream& out) const;  // columns two blanks apart, no blanks at the end of a line

 private:
  std::vector<std::vector<std::string>> rows_;
};

// What a cell shows: text bare, lists joined by commas, null and absent as "-". Control characters are escaped, so
// that nothing a client registered can steer the reader's terminal.
[[nodiscard]] std::string cell(const boost::json::value& value);
[[nodiscard]] std::string cell(const boost::json::value& object, std::string_view member);
[[nodiscard]] std::string printable(std::string_view text);

// The member's list; an empty one where there is none.
[[nodiscard]] const boost::json::array& list_of(const boost::json::value& object, std::string_view member);

// The problem document of a failed call, with its field errors and hint; the exit code that goes with it.
[[nodiscard]] ExitCode print_problem(std::ostream& err, const Response& response);

}  // namespace ctl
