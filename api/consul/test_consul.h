// For the tests of this dialect: the real server with a namespace, calls and answers as short texts.
#pragma once

#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>

#include "api/testing/fixture.h"

namespace api::consul {

namespace json = boost::json;

class ConsulTest : public api::testing::ServerTest {
 protected:
  void start(Options options = {}) {
    serve(std::move(options));
    make_namespace();
  }
  // "200 " or "404 why".
  std::string put(std::string_view path, std::string_view body) {
    const auto reply = call("PUT", "/v1/" + std::string(path), body);
    return std::to_string(reply.status) + " " + reply.body;
  }
  json::value health(std::string_view service) {
    return call("GET", "/v1/health/service/" + std::string(service)).json();
  }
  std::string status_of(std::string_view service) {
    const auto reply = call("GET", "/v1/agent/health/service/name/" + std::string(service) + "?format=text");
    return reply.body;
  }
  std::uint64_t index_of(std::string_view path) {
    return std::strtoull(call("GET", path).header("x-consul-index").c_str(), nullptr, 10);
  }
  static std::string text(const json::value& value, std::string_view name) {
    return std::string(value.at(name).as_string());
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

}  // namespace api::consul
