// Members of a JSON object as Go's decoders find them: by name in any case, by one of several spellings, null as if it
// were absent. A view: the object must live as long.
#pragma once

#include <boost/json/object.hpp>
#include <initializer_list>
#include <string_view>

namespace api {

class LooseObject {
 public:
  LooseObject() = default;  // no members
  explicit LooseObject(const boost::json::object& object) : object_(&object) {}
  explicit LooseObject(const boost::json::value* value) : object_(value ? value->if_object() : nullptr) {}

  // The first member that bears one of the names; null = none, or its value is null.
  [[nodiscard]] const boost::json::value* find(std::initializer_list<std::string_view> names) const;
  [[nodiscard]] const boost::json::value* find(std::string_view name) const { return find({name}); }
  [[nodiscard]] bool is_object() const { return object_ != nullptr; }
  [[nodiscard]] bool empty() const { return !object_ || object_->empty(); }

 private:
  const boost::json::object* object_ = nullptr;
};

}  // namespace api
