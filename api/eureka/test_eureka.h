// For the tests of this dialect: the real server with a namespace, registrations as short texts.
#pragma once

#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>

#include "api/testing/fixture.h"

namespace api::eureka {

namespace json = boost::json;

inline constexpr std::string_view kJsonBody = "Content-Type: application/json\r\n";
inline constexpr std::string_view kAcceptJson = "Accept: application/json\r\n";

class EurekaTest : public api::testing::ServerTest {
 protected:
  void start(Options options = {}) {
    serve(std::move(options));
    make_namespace();
  }
  // What eureka-js-client 4.5 sends; `more` are members, each with a comma before it.
  static std::string body(std::string_view app, std::string_view id, std::string_view more = {}) {
    std::string out = R"({"instance":{"app":")";
    out.append(app).append(R"(","instanceId":")").append(id);
    out += R"(","hostName":"h1","ipAddr":"10.0.0.1","port":{"$":8080,"@enabled":"true"},"vipAddress":"worker",)";
    out += R"("dataCenterInfo":{"@class":"com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo","name":"MyOwn"})";
    return out.append(more) + "}}";
  }
  // "204 " or "400 why".
  std::string post(std::string_view app, std::string_view text, std::string_view headers = kJsonBody) {
    return said("POST", "/eureka/v2/apps/" + std::string(app), text, headers);
  }
  std::string said(std::string_view method, std::string_view path, std::string_view text = {},
                   std::string_view headers = {}) {
    const auto reply = call(method, path, text, headers);
    return std::to_string(reply.status) + " " + reply.body;
  }
  int status_code(std::string_view method, std::string_view path) { return call(method, path).status; }
  json::value get(std::string_view path) { return call("GET", path, {}, kAcceptJson).json(); }
  json::value instance(std::string_view path) { return get("/eureka/apps/" + std::string(path)).at("instance"); }
  json::value applications(std::string_view path = "/eureka/apps") { return get(path).at("applications"); }
  // "w1 ADDED, w2 DELETED" of a list.
  std::string actions(std::string_view path = "/eureka/apps/delta") {
    std::string out;
    const auto list = applications(path);
    for (const auto& app : list.at("application").as_array()) {
      for (const auto& each : app.at("instance").as_array()) {
        out += out.empty() ? "" : ", ";
        out += text(each, "instanceId") + " " + text(each, "actionType");
      }
    }
    return out;
  }
  static std::string text(const json::value& value, std::string_view name) {
    return std::string(value.at(name).as_string());
  }
  json::value native(std::string_view service, std::string_view id) {
    return call("GET", "/api/v1/services/" + std::string(service) + "/instances/" + std::string(id)).json();
  }
  bool available(std::string_view service, std::string_view id) {
    return native(service, id).at("available").as_bool();
  }
  // Both clocks go on, and the registry hears of it.
  void pass_time(registry::Millis time) {
    skew_ += time.count();
    on_control([this] {
      observe(registry_.advance(now()));
      return 0;
    });
  }
};

}  // namespace api::eureka
