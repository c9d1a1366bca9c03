// Discovery requests against the real server, as one-liners.
#pragma once

#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/testing/fixture.h"

namespace api::envoy {

namespace json = boost::json;

inline constexpr std::string_view kEds = "/v3/discovery:endpoints";
inline constexpr std::string_view kCds = "/v3/discovery:clusters";
// What Envoy says about its patience: held for four fifths of it.
inline constexpr std::string_view kPatient = "x-envoy-expected-rq-timeout-ms: 100000\r\n";
inline constexpr std::string_view kHasty = "x-envoy-expected-rq-timeout-ms: 25\r\n";

class EnvoyTest : public testing::ServerTest {
 protected:
  void start(Options options = {}) {
    serve(std::move(options));
    make_namespace();
  }
  // `names` = JSON strings with commas between.
  static std::string asking(std::string_view names, std::string_view version = "", std::string_view more = "") {
    return R"({"version_info":")" + std::string(version) + R"(","resource_names":[)" + std::string(names) + "]" +
           std::string(more) + "}";
  }
  json::object ask(std::string_view path, std::string_view names) {
    const auto reply = call("POST", path, asking(names));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.status == 200 ? reply.json().as_object() : json::object{};
  }
  static std::string version_of(const json::object& answer) {
    return std::string(answer.at("version_info").as_string());
  }
  std::string version(std::string_view path, std::string_view names) { return version_of(ask(path, names)); }
  // The resources as text.
  std::string resources(std::string_view path, std::string_view names) {
    return json::serialize(ask(path, names).at("resources"));
  }
  // "HEALTHY 10.0.0.1:80 weight 10" and, where they are not usual, "priority 1", "zone az1"; of one service, in order.
  std::vector<std::string> endpoints(std::string_view name) {
    std::vector<std::string> out;
    const auto answer = ask(kEds, "\"" + std::string(name) + "\"");
    const auto& assignment = answer.at("resources").at(0).as_object();
    if (!assignment.contains("endpoints")) return out;
    for (const auto& locality : assignment.at("endpoints").as_array()) {
      for (const auto& each : locality.at("lb_endpoints").as_array()) {
        const auto& socket = each.at("endpoint").at("address").at("socket_address").as_object();
        std::string line(each.at("health_status").as_string());
        line += " " + std::string(socket.at("address").as_string()) + ":" + json::serialize(socket.at("port_value"));
        line += " weight " + json::serialize(each.at("load_balancing_weight"));
        if (socket.contains("protocol")) line += " " + std::string(socket.at("protocol").as_string());
        if (const auto* p = locality.as_object().if_contains("priority")) line += " priority " + json::serialize(*p);
        if (const auto* l = locality.as_object().if_contains("locality"))
          line += " zone " + std::string(l->at("zone").as_string());
        out.push_back(std::move(line));
      }
    }
    return out;
  }
  void report(std::string_view id, std::string_view state) {
    const auto path = "/api/v1/services/worker.corp/instances/" + std::string(id) + "/heartbeat";
    EXPECT_EQ(call("PUT", path, R"({"state":")" + std::string(state) + "\"}").status, 204);
  }
};

}  // namespace api::envoy
