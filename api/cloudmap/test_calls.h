// Requests of Cloud Map's clients against the real server, as one-liners.
#pragma once

#include <boost/json/serialize.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "api/testing/fixture.h"

namespace api::cloudmap {

class CloudmapTest : public testing::ServerTest {
 protected:
  testing::Reply aws(std::string_view operation, std::string_view body, std::string_view headers = {}) {
    std::string all = "X-Amz-Target: Route53AutoNaming_v20170314." + std::string(operation) +
                      "\r\nContent-Type: application/x-amz-json-1.1\r\n";
    all += headers;
    return call("POST", "/", body, all);
  }
  // The answer of a request that is expected to succeed.
  boost::json::object ok(std::string_view operation, std::string_view body) {
    const auto reply = aws(operation, body);
    EXPECT_EQ(reply.status, 200) << operation << ' ' << body << ": " << reply.body;
    if (reply.status != 200) return {};
    return reply.json().as_object();
  }
  // The type of the error of one that is not.
  std::string refused(std::string_view operation, std::string_view body) {
    const auto reply = aws(operation, body);
    EXPECT_GE(reply.status, 400) << operation << ' ' << body << ": " << reply.body;
    if (reply.status < 400) return "accepted";
    const auto type = text(reply.json().as_object(), "__type");
    EXPECT_EQ(reply.header("x-amzn-errortype"), type);
    return type;
  }
  static std::string text(const boost::json::object& object, std::string_view name) {
    const auto* value = object.if_contains(name);
    return value && value->is_string() ? std::string(value->get_string().c_str()) : std::string();
  }
  static const boost::json::object& inside(const boost::json::object& object, std::string_view name) {
    static const boost::json::object kNone;
    const auto* value = object.if_contains(name);
    EXPECT_TRUE(value && value->is_object()) << name << " of " << boost::json::serialize(object);
    return value && value->is_object() ? value->get_object() : kNone;
  }

  // Their ids.
  std::string new_namespace(std::string_view name = "corp", std::string_view kind = "PrivateDns") {
    const auto begun = ok("Create" + std::string(kind) + "Namespace", R"({"Name":")" + std::string(name) + "\"}");
    const auto id = R"({"OperationId":")" + text(begun, "OperationId") + "\"}";
    const auto answer = ok("GetOperation", id);
    const auto& operation = inside(answer, "Operation");
    EXPECT_EQ(text(operation, "Status"), "SUCCESS");
    return text(inside(operation, "Targets"), "NAMESPACE");
  }
  // `more` = further members, each with a comma before it.
  std::string new_service(const std::string& ns, std::string_view name = "worker", std::string_view more = {}) {
    const auto answer = ok("CreateService", R"({"Name":")" + std::string(name) + R"(","NamespaceId":")" + ns + "\"" +
                                                std::string(more) + "}");
    return text(inside(answer, "Service"), "Id");
  }
  void put(const std::string& service, std::string_view id, std::string_view attributes) {
    ok("RegisterInstance", R"({"ServiceId":")" + service + R"(","InstanceId":")" + std::string(id) +
                               R"(","Attributes":)" + std::string(attributes) + "}");
  }
};

// A namespace "corp", and what its service "worker" is asked for.
class CloudmapInstances : public CloudmapTest {
 protected:
  CloudmapInstances() {
    serve();
    ns = new_namespace();
  }
  boost::json::value native(std::string_view service, std::string_view id) {
    return call("GET", "/api/v1/services/" + std::string(service) + "/instances/" + std::string(id)).json();
  }
  static std::string of(const std::string& service, std::string_view more = {}) {
    return R"({"ServiceId":")" + service + "\"" + std::string(more) + "}";
  }
  void report(const std::string& service, std::string_view id, std::string_view status) {
    ok("UpdateInstanceCustomHealthStatus",
       of(service, R"(,"InstanceId":")" + std::string(id) + R"(","Status":")" + std::string(status) + "\""));
  }
  // The ids that DiscoverInstances finds.
  std::vector<std::string> found(std::string_view more = {}) {
    std::vector<std::string> ids;
    const auto answer =
        ok("DiscoverInstances", R"({"NamespaceName":"corp","ServiceName":"worker")" + std::string(more) + "}");
    for (const auto& each : answer.at("Instances").as_array()) ids.push_back(text(each.as_object(), "InstanceId"));
    return ids;
  }
  std::string ns;
};

inline constexpr std::string_view kA = R"(,"DnsConfig":{"DnsRecords":[{"Type":"A","TTL":60}]})";
inline constexpr std::string_view kSrv = R"(,"DnsConfig":{"DnsRecords":[{"Type":"SRV","TTL":10}]})";
inline constexpr std::string_view kCustom = R"(,"HealthCheckCustomConfig":{"FailureThreshold":1})";

}  // namespace api::cloudmap
