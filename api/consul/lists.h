// What the reads share: the entries of a service, of a node, of everything, and their lists as JSON.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "api/consul/catalog.h"
#include "api/consul/dialect.h"
#include "api/consul/selection.h"

namespace api::consul {

[[nodiscard]] std::vector<Entry> entries_of(const App& app, const std::string& service_key);
[[nodiscard]] std::vector<Entry> entries_of(const App& app, const Catalog::Ids& ids);  // of a node
// Of the whole namespace, those that have a check in this state ("any" = all); fails where there are more than one
// answer may hold.
[[nodiscard]] registry::Result<std::vector<Entry>> entries_in_state(App& app, std::string_view state);

// One object per entry that is taken, or one per check of it.
[[nodiscard]] Response list_response(const App& app, const Request& request, const Selection& selection,
                                     std::vector<Entry> entries, json::object (*item)(const App&, const Entry&));
[[nodiscard]] Response check_list_response(const Request& request, const Selection& selection,
                                           std::vector<Entry> entries,
                                           const std::function<bool(const CheckView&)>& wanted);

// A read of one service, by the name in the path; of one that is not there too.
[[nodiscard]] registry::Result<Read> service_read(App& app, const Request& request,
                                                  Response (*render)(App&, const Request&, const Selection&,
                                                                     const std::string& service_key));
// A read that anything in the namespace may change. `size`: of what is rendered for it.
[[nodiscard]] registry::Result<Read> wide_read(App& app, const Request& request, std::size_t size,
                                               Response (*render)(App&, const Request&, const Selection&));
// The instances of the node that the path names.
[[nodiscard]] std::size_t size_of_node(App& app, const Request& request);
// At once, with the headers of a read.
[[nodiscard]] Response now(App& app, Response response);

}  // namespace api::consul
