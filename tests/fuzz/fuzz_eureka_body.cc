// A registration of Eureka's clients, JSON or XML (the first octet's last bit), down to the definition it makes: no
// text may take long or dig deep, and what is kept of it comes back as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/eureka/body.h"
#include "api/eureka/notes.h"
#include "api/eureka/registration.h"
#include "api/eureka/xml.h"
#include "registry/text.h"

namespace {

using namespace api::eureka;

void require(bool holds) {
  if (!holds) std::abort();
}

// What is written of metadata can be read by others, and says the same keys.
void check_metadata(const Body& body) {
  json::object pairs;
  for (const auto& [key, value] : body.metadata) {
    require(registry::is_utf8(key) && registry::is_utf8(value));
    require(from_element_name(to_element_name(key)) == key);
    if (!key.empty()) pairs[key] = value;
  }
  std::string text;
  append_element(text, "metadata", pairs);
  const auto read = parse_xml(text);
  require(read.has_value());
  if (pairs.empty()) return;
  const auto& again = read->at("metadata").as_object();
  for (const auto& pair : pairs) require(again.contains(pair.key()));
}

void check_definition(const Body& body) {
  static const auto service = *registry::DomainName::parse("worker.corp");
  const auto def = define(body, service, nullptr, registry::Wall(registry::Millis(1)));
  if (!def) {
    require(!def.error().detail.empty());
    return;
  }
  const auto notes = read_notes(*def);
  require(notes.status == body.status);
  auto again = *def;
  settle(notes, again);
  require(again == *def);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto body = read_body((data[0] & 1) != 0 ? "application/xml" : "application/json", text);
  if (!body) {
    require(!body.error().empty());
    return 0;
  }
  check_metadata(*body);
  if (!missing_in(*body, body->app)) check_definition(*body);
  return 0;
}
