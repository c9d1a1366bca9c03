#include <fmt/format.h>

#include <pugixml.hpp>

#include "api/eureka/xml.h"
#include "registry/text.h"

namespace api::eureka {
namespace {

// Everything but comments and processing instructions; white space between elements does not count.
constexpr unsigned kOptions = pugi::parse_default | pugi::parse_doctype | pugi::parse_trim_pcdata;

struct Reader {
  std::string fault;

  void fail(std::string text) {
    if (fault.empty()) fault = std::move(text);
  }

  void put(json::object& out, std::string name, json::value value) {
    if (!out.emplace(name, std::move(value)).second) fail(fmt::format("<{}> is there twice", name));
  }

  // A reference such as &#xD800; is none of a character.
  void check(std::string_view text) {
    if (!registry::is_utf8(text)) fail("a reference to what is no character");
  }

  json::value read(const pugi::xml_node& element, int depth) {
    if (depth > kMaxXmlDepth) {
      fail(fmt::format("more than {} levels of elements", kMaxXmlDepth));
      return {};
    }
    const bool any_names = std::string_view(element.name()) == "metadata";
    json::object out;
    std::string text;
    for (const auto& attribute : element.attributes()) {
      check(attribute.value());
      put(out, std::string("@") + attribute.name(), attribute.value());
    }
    for (const auto& child : element.children()) {
      switch (child.type()) {
        case pugi::node_pcdata:
        case pugi::node_cdata:
          text += child.value();
          break;
        case pugi::node_element:
          put(out, any_names ? from_element_name(child.name()) : child.name(), read(child, depth + 1));
          break;
        default:
          break;
      }
    }
    check(text);
    if (out.empty()) return json::string(text);
    if (!text.empty()) put(out, "$", json::string(text));
    return out;
  }
};

}  // namespace

std::expected<json::object, std::string> parse_xml(std::string_view text) {
  if (!registry::is_utf8(text)) return std::unexpected("the XML is not UTF-8");
  pugi::xml_document document;
  const auto parsed = document.load_buffer(text.data(), text.size(), kOptions, pugi::encoding_utf8);
  if (!parsed) return std::unexpected(fmt::format("XML, octet {}: {}", parsed.offset, parsed.description()));
  pugi::xml_node root;
  for (const auto& node : document.children()) {
    if (node.type() == pugi::node_doctype) return std::unexpected("a document type is not taken");
    if (node.type() != pugi::node_element) continue;
    if (root) return std::unexpected("more than one element at the top");
    root = node;
  }
  if (!root) return std::unexpected("no element");
  Reader reader;
  json::object out;
  out[root.name()] = reader.read(root, 1);
  if (!reader.fault.empty()) return std::unexpected(std::move(reader.fault));
  return out;
}

}  // namespace api::eureka
