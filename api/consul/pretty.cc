#include "api/consul/pretty.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace api::consul {
namespace {

namespace json = boost::json;

// As deep as what we answer, which we make ourselves.
void write(std::string& out, const json::value& value, std::size_t depth);

void new_line(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(4 * depth, ' ');
}

void write_object(std::string& out, const json::object& object, std::size_t depth) {
  bool first = true;
  out += '{';
  for (const auto& member : object) {
    if (!first) out += ',';
    first = false;
    new_line(out, depth + 1);
    out += json::serialize(json::string(member.key()));
    out += ": ";
    write(out, member.value(), depth + 1);
  }
  if (!first) new_line(out, depth);
  out += '}';
}

void write_array(std::string& out, const json::array& array, std::size_t depth) {
  bool first = true;
  out += '[';
  for (const auto& each : array) {
    if (!first) out += ',';
    first = false;
    new_line(out, depth + 1);
    write(out, each, depth + 1);
  }
  if (!first) new_line(out, depth);
  out += ']';
}

void write(std::string& out, const json::value& value, std::size_t depth) {
  if (const auto* object = value.if_object()) return write_object(out, *object, depth);
  if (const auto* array = value.if_array()) return write_array(out, *array, depth);
  out += json::serialize(value);
}

}  // namespace

std::string pretty(const json::value& value) {
  std::string out;
  write(out, value, 0);
  return out;
}

}  // namespace api::consul
