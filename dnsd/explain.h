// An explanation in words and JSON: what the registry knows about each instance, beside what the answer made of it
// (serve/explain.h). Control thread.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/table.h"
#include "dnsd/serve/explain.h"
#include "registry/registry.h"

namespace dnsd {

struct Explained {
  const registry::Registry& registry;
  const registry::Now& now;
  const answers::Table& table;
  const serve::Explanation& why;
  const answers::ShownMessage& shown;
  std::string_view name;  // asked, wire
  std::uint16_t type = 0;
  std::size_t limit = 0;  // instances shown
};

// Where the name, or its chain of aliases, ended.
struct Ending {
  std::string name;                            // wire, folded
  answers::Found found;                        // its closest encloser; a null node: outside of all our names
  const answers::Zone* zone = nullptr;         // null: outside our zones
  const registry::Service* service = nullptr;  // whose instances are explained; null = none
  bool answered = false;                       // by that service: there is a block, and it is no alias
};
[[nodiscard]] Ending ending_of(const Explained& e);

void add_explanation(boost::json::object& body, const Explained& e);
// explain_head.cc: all but the instances.
void add_head(boost::json::object& body, const Explained& e, const Ending& ending);

}  // namespace dnsd
