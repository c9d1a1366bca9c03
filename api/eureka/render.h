// Instances and applications in Eureka's JSON and XML. One object is made of an instance, in the order of the XML; both
// formats are written from it.
#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/eureka/dialect.h"
#include "api/eureka/directory.h"

namespace api::eureka {

inline constexpr std::size_t kMaxVips = 64;  // of an instance; 32 KiB of commas would be 16,000 places in an index
// As its client gave it; else the label of its service.
[[nodiscard]] std::string vip_of(const Notes& notes, std::string_view service_label, bool secure);
[[nodiscard]] std::set<std::string> split_vips(std::string_view vip);  // "a,B" -> a, b; kMaxVips at most

struct Shown {
  const Ref& ref;
  const Member& member;
  const std::string& app;
  Action action = Action::added;
};
[[nodiscard]] json::object instance_json(const App& app, const Shown& shown);

// Of one instance, of one application: {"instance":...}, <instance>; {"application":...}, <application>.
[[nodiscard]] Response instance_response(const App& app, Format format, const Shown& shown);

// A piece of a body that several answers may share.
using Text = std::shared_ptr<const std::string>;
// Applications as they stand in lists: in JSON each with a comma before it.
[[nodiscard]] std::string write_application(const App& app, Format format, const std::string& name,
                                            const std::vector<Shown>& instances);
[[nodiscard]] Response application_response(Format format, std::string_view written);
[[nodiscard]] Response applications_response(Format format, registry::Revision version, std::string_view hash_code,
                                             std::vector<Text> written);

}  // namespace api::eureka
