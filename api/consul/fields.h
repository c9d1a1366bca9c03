// The members of a body, read as Consul reads them: names in any case, aliases, durations as text or nanoseconds. Keeps
// the first mistake; what is wrong or absent has its default.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/loose_object.h"
#include "registry/definition.h"

namespace api::consul {

class Fields {
 public:
  using Names = std::initializer_list<std::string_view>;  // the first one is what an error says

  Fields(LooseObject object, std::string& fault) : object_(object), fault_(&fault) {}

  [[nodiscard]] bool has(Names names) const { return object_.find(names) != nullptr; }
  [[nodiscard]] bool empty() const { return object_.empty(); }
  [[nodiscard]] std::string text(Names names) const;
  [[nodiscard]] bool flag(Names names) const;
  [[nodiscard]] std::int64_t number(Names names, std::int64_t low, std::int64_t high, std::int64_t otherwise = 0) const;
  [[nodiscard]] registry::Millis duration(Names names) const;  // 0 when absent
  [[nodiscard]] std::vector<std::string> texts(Names names) const;
  [[nodiscard]] registry::FlatMap<std::string> text_map(Names names) const;
  [[nodiscard]] Fields object(Names names) const;  // without members when absent
  [[nodiscard]] const boost::json::object* raw_object(Names names) const;
  [[nodiscard]] std::vector<Fields> objects(Names names) const;
  void refuse(std::string text) const;

 private:
  [[nodiscard]] const boost::json::value* find(Names names) const { return object_.find(names); }
  void wrong(Names names, std::string_view wanted) const;

  LooseObject object_;
  std::string* fault_;
};

}  // namespace api::consul
