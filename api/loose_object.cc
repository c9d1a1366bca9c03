#include "api/loose_object.h"

#include <algorithm>
#include <boost/json/value.hpp>

namespace api {
namespace {

char folded(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) { return std::ranges::equal(a, b, {}, folded, folded); }

}  // namespace

const boost::json::value* LooseObject::find(std::initializer_list<std::string_view> names) const {
  if (!object_) return nullptr;
  for (const auto name : names) {
    for (const auto& member : *object_) {
      if (member.value().is_null()) continue;
      if (same({member.key().data(), member.key().size()}, name)) return &member.value();
    }
  }
  return nullptr;
}

}  // namespace api
