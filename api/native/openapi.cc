// OpenAPI 3.1, made from the table of routes: what is not in the table is not served, and the other way round.
#include <boost/json/serialize.hpp>

#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/routes.h"

namespace api::native {

namespace {

json::object parameter_json(std::string_view name, std::string_view in, std::string_view description) {
  json::object out{{"name", name}, {"in", in}, {"required", in == "path"}};
  if (!description.empty()) out["description"] = description;
  out["schema"] = json::object{{"type", "string"}};
  return out;
}

json::array parameters_of(const Route& route) {
  json::array out;
  auto rest = route.pattern;
  for (auto open = rest.find('{'); open != std::string_view::npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    out.push_back(parameter_json(rest.substr(open + 1, close - open - 1), "path", ""));
    rest.remove_prefix(close + 1);
  }
  for (const auto& parameter : known_parameters(route)) {
    out.push_back(parameter_json(parameter.name, "query", parameter.description));
  }
  return out;
}

json::object problem_reference() {
  const json::object schema{{"$ref", "#/components/schemas/Problem"}};
  return {{"description", "A problem (RFC 9457)"},
          {"content", json::object{{"application/problem+json", json::object{{"schema", schema}}}}}};
}

json::object operation_json(const Route& route) {
  json::object out{{"summary", route.summary}, {"parameters", parameters_of(route)}};
  const bool body = route.method == Method::put || route.method == Method::patch || route.body == BodySize::batch ||
                    route.described_body;
  if (body) {
    const json::object schema{{"schema", json::object{{"type", "object"}}}};
    out["requestBody"] = json::object{{"content", json::object{{"application/json", schema}}}};
  }
  out["responses"] = json::object{{"2XX", json::object{{"description", "Done"}}}, {"default", problem_reference()}};
  if (route.access == Access::open) out["security"] = json::array();
  return out;
}

json::object problem_schema() {
  const json::object text{{"type", "string"}};
  json::object error;
  for (const auto* name : {"pointer", "code", "message", "did_you_mean"}) error[name] = text;
  json::object members;
  for (const auto* name : {"type", "title", "detail", "hint"}) members[name] = text;
  members["status"] = json::object{{"type", "integer"}};
  members["errors"] =
      json::object{{"type", "array"}, {"items", json::object{{"type", "object"}, {"properties", error}}}};
  return {{"type", "object"}, {"properties", std::move(members)}};
}

std::string make_document() {
  json::object paths;
  for (const auto& route : routes()) {
    auto& path = paths[route.pattern];
    auto& operations = path.is_object() ? path.get_object() : path.emplace_object();
    operations[registry::fold(to_string(route.method))] = operation_json(route);
  }
  const json::object bearer{{"type", "http"}, {"scheme", "bearer"}};
  const json::object components{{"schemas", json::object{{"Problem", problem_schema()}}},
                                {"securitySchemes", json::object{{"token", bearer}}}};
  const json::object document{{"openapi", "3.1.0"},
                              {"info", json::object{{"title", "dnsd"}, {"version", "1"}}},
                              {"security", json::array{json::object{{"token", json::array()}}}},
                              {"paths", std::move(paths)},
                              {"components", components}};
  return json::serialize(document) + "\n";
}

}  // namespace

Response get_openapi(App&, const Request&) {
  static const std::string document = make_document();
  Response response;
  response.body = document;
  return response;
}

}  // namespace api::native
