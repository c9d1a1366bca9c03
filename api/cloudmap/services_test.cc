#include "api/cloudmap/ids.h"
#include "api/cloudmap/test_calls.h"

namespace api::cloudmap {
namespace {

using ::testing::ElementsAre;
namespace json = boost::json;

class CloudmapServices : public CloudmapTest {
 protected:
  CloudmapServices() {
    serve();
    ns = new_namespace();
  }
  json::value native(std::string_view name) { return call("GET", "/api/v1/services/" + std::string(name)).json(); }
  std::string create(std::string_view members) {
    return refused("CreateService", R"({"Name":"x","NamespaceId":")" + ns + "\"," + std::string(members) + "}");
  }
  std::string ns;
};

TEST_F(CloudmapServices, AreMadeAndShown) {
  const auto made =
      ok("CreateService", R"({"Name":"worker","NamespaceId":")" + ns + R"(","CreatorRequestId":"t","Description":"d",
    "DnsConfig":{"RoutingPolicy":"MULTIVALUE","DnsRecords":[{"Type":"A","TTL":60},{"Type":"SRV","TTL":10}]},
    "HealthCheckCustomConfig":{"FailureThreshold":1},"Tags":[{"Key":"k","Value":"v"}]})");
  const auto& service = inside(made, "Service");
  const auto id = text(service, "Id");
  EXPECT_TRUE(id.starts_with("srv-")) << id;
  EXPECT_EQ(text(service, "Name"), "worker");
  EXPECT_EQ(text(service, "NamespaceId"), ns);
  EXPECT_EQ(text(service, "Type"), "DNS_HTTP");
  EXPECT_EQ(text(service, "CreatorRequestId"), "t");
  EXPECT_EQ(service.at("InstanceCount").as_int64(), 0);
  EXPECT_TRUE(service.at("CreateDate").is_double());
  const auto& dns = inside(service, "DnsConfig");
  EXPECT_EQ(text(dns, "RoutingPolicy"), "MULTIVALUE");
  EXPECT_EQ(json::serialize(dns.at("DnsRecords")), R"([{"Type":"A","TTL":60},{"Type":"SRV","TTL":10}])");
  EXPECT_EQ(inside(service, "HealthCheckCustomConfig").at("FailureThreshold").as_int64(), 1);
  EXPECT_EQ(ok("GetService", R"({"Id":")" + id + "\"}"), made);
  EXPECT_EQ(ok("GetService", R"({"Id":")" + text(service, "Arn") + "\"}"), made) << "an ARN stands for its id";
}

TEST_F(CloudmapServices, HaveTheRulesOfCloudMapInDns) {
  new_service(ns, "worker", kA);
  auto policy = native("worker.corp");
  EXPECT_EQ(policy.at("ttl").as_string(), "1m");
  EXPECT_EQ(policy.at("max_answers").as_int64(), 8);
  EXPECT_EQ(policy.at("max_srv").as_int64(), 0) << "HAProxy drops what one answer leaves out";
  EXPECT_EQ(policy.at("on_empty").as_string(), "fail_open");
  EXPECT_TRUE(policy.at("meta").as_object().empty()) << "DNS publishes meta";
  new_service(
      ns, "one",
      R"(,"DnsConfig":{"RoutingPolicy":"WEIGHTED","DnsRecords":[{"Type":"A","TTL":60},{"Type":"AAAA","TTL":20}]})");
  policy = native("one.corp");
  EXPECT_EQ(policy.at("max_answers").as_int64(), 1);
  EXPECT_EQ(policy.at("max_srv").as_int64(), 1);
  EXPECT_EQ(policy.at("ttl").as_string(), "20s") << "the shortest of its records'";
}

TEST_F(CloudmapServices, AHealthCheckConfigIsATemplate) {
  const auto id =
      new_service(ns, "web", R"(,"HealthCheckConfig":{"Type":"HTTP","ResourcePath":"/up","FailureThreshold":2})");
  const auto checks = native("web.corp").at("checks").as_array();
  ASSERT_EQ(checks.size(), 1U);
  EXPECT_EQ(checks[0].at("http").at("path").as_string(), "/up");
  EXPECT_EQ(checks[0].at("fall").as_int64(), 2);
  EXPECT_EQ(checks[0].at("rise").as_int64(), 2);
  ok("UpdateService", R"({"Id":")" + id + R"(","Service":{"HealthCheckConfig":{"Type":"TCP"}}})");
  EXPECT_TRUE(native("web.corp").at("checks").at(0).as_object().contains("tcp"));
  ok("UpdateService", R"({"Id":")" + id + R"(","Service":{"Description":"none"}})");
  EXPECT_TRUE(native("web.corp").at("checks").as_array().empty()) << "what a change leaves out goes";
}

TEST_F(CloudmapServices, ANewHealthCheckIsHealthyUntilItFails) {
  const auto id = new_service(ns, "web", kA);
  put(id, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1","AWS_INSTANCE_PORT":"80"})");
  const auto health = [&] {
    return text(inside(ok("GetInstancesHealthStatus", R"({"ServiceId":")" + id + "\"}"), "Status"), "i1");
  };
  EXPECT_EQ(health(), "UNKNOWN");
  ok("UpdateService", R"({"Id":")" + id +
                          R"(","Service":{"DnsConfig":{"DnsRecords":[{"Type":"A","TTL":60}]},
                          "HealthCheckConfig":{"Type":"TCP","FailureThreshold":1}}})");
  EXPECT_EQ(health(), "HEALTHY");
  on_control([&] {
    const auto* instance = registry_.find_instance("web.corp", "i1");
    EXPECT_TRUE(instance->available) << "nothing is taken out before it was asked";
    observe(registry_.observe_probe("web.corp", "i1", "tcp",
                                    {.verdict = registry::Verdict::failed, .fault = registry::Fault::refused}, now()));
    EXPECT_FALSE(instance->available);
    EXPECT_TRUE(instance->ever_passed) << "answered when nothing is healthy, as with AWS";
  });
  EXPECT_EQ(health(), "UNHEALTHY");
}

TEST_F(CloudmapServices, AChangeSetsTtlsAndKeepsTheRest) {
  const auto id = new_service(ns, "worker", std::string(kA) + std::string(kCustom));
  auto policy = native("worker.corp").as_object();
  policy["slow_start"] = "30s";
  ASSERT_EQ(call("PUT", "/api/v1/services/worker.corp", json::serialize(policy)).status, 200);
  const auto begun =
      ok("UpdateService", R"({"Id":")" + id + R"(","Service":{"DnsConfig":{"DnsRecords":[{"Type":"A","TTL":7}]}}})");
  const auto operation = ok("GetOperation", json::serialize(json::object{{"OperationId", begun.at("OperationId")}}));
  EXPECT_EQ(text(inside(inside(operation, "Operation"), "Targets"), "SERVICE"), id);
  EXPECT_EQ(native("worker.corp").at("ttl").as_string(), "7s");
  EXPECT_EQ(native("worker.corp").at("slow_start").as_string(), "30s");
  const auto shown = ok("GetService", R"({"Id":")" + id + "\"}");
  EXPECT_TRUE(inside(shown, "Service").contains("HealthCheckCustomConfig"));
}

TEST_F(CloudmapServices, AChangeAddsNoRecordTypes) {
  const std::string srv = R"(,"Service":{"DnsConfig":{"DnsRecords":[{"Type":"SRV","TTL":7}]}}})";
  EXPECT_EQ(refused("UpdateService", R"({"Id":")" + new_service(ns, "worker", kA) + "\"" + srv), "InvalidInput");
  EXPECT_EQ(refused("UpdateService", R"({"Id":")" + new_service(ns, "plain") + "\"" + srv), "InvalidInput");
  const auto http = new_service(new_namespace("web", "Http"));
  EXPECT_EQ(refused("UpdateService", R"({"Id":")" + http + "\"" + srv), "InvalidInput");
  put_instance("db.corp", "d1", R"({"address":"10.0.0.9","port":5432})");
  ok("UpdateService", R"({"Id":")" + service_id("db.corp") + "\"" + srv);
  EXPECT_EQ(native("db.corp").at("ttl").as_string(), "7s") << "of what others made nothing is known";
}

TEST_F(CloudmapServices, ATokenMakesOneOnce) {
  const std::string body = R"({"Name":"worker","NamespaceId":")" + ns + R"(","CreatorRequestId":"t"})";
  const auto made = ok("CreateService", body);
  EXPECT_EQ(ok("CreateService", body), made);
  const auto exists = aws("CreateService", R"({"Name":"Worker","NamespaceId":")" + ns + R"(","CreatorRequestId":"u"})");
  EXPECT_EQ(exists.json().at("__type").as_string(), "ServiceAlreadyExists");
  EXPECT_EQ(exists.json().at("ServiceId"), inside(made, "Service").at("Id"));
  EXPECT_EQ(exists.json().at("CreatorRequestId").as_string(), "t");
}

TEST_F(CloudmapServices, NamesThatAreNoLabelsGetOne) {
  new_service(ns, "_web._tcp", kSrv);
  EXPECT_EQ(native("web.corp").at("service").as_string(), "web.corp");
  new_service(ns, "ORDER_SERVICE");
  EXPECT_EQ(native("order-service.corp").at("service").as_string(), "order-service.corp");
  EXPECT_EQ(refused("CreateService", R"({"Name":"order-service","NamespaceId":")" + ns + "\"}"),
            "ServiceAlreadyExists");
  EXPECT_EQ(refused("CreateService", R"({"Name":"ns","NamespaceId":")" + ns + "\"}"), "InvalidInput") << "reserved";
}

TEST_F(CloudmapServices, AreListedByNamespaceAndPages) {
  const auto other = new_namespace("other");
  for (const char* name : {"a", "b", "c"}) new_service(ns, name, kA);
  new_service(other, "d");
  const auto names = [&](std::string_view body) {
    std::vector<std::string> out;
    const auto answer = ok("ListServices", body);
    for (const auto& each : answer.at("Services").as_array()) out.push_back(text(each.as_object(), "Name"));
    return out;
  };
  EXPECT_THAT(names("{}"), ElementsAre("a", "b", "c", "d"));
  const auto filter = R"("Filters":[{"Name":"NAMESPACE_ID","Values":[")" + ns + R"("],"Condition":"EQ"}])";
  EXPECT_THAT(names("{" + filter + "}"), ElementsAre("a", "b", "c"));
  const auto page = ok("ListServices", R"({"MaxResults":2,)" + filter + "}");
  EXPECT_THAT(names(R"({"NextToken":")" + text(page, "NextToken") + "\"," + filter + "}"), ElementsAre("c"));
  EXPECT_THAT(names(R"({"Filters":[{"Name":"NAMESPACE_ID","Values":["ns-none"]}]})"), ElementsAre());
  const auto several = R"("Filters":[{"Name":"NAMESPACE_ID","Condition":"IN","Values":[")" + ns + "\",\"" + other +
                       "\",\"" + ns + R"("]}])";
  EXPECT_THAT(names("{" + several + "}"), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(names("{" + several.substr(0, several.size() - 1) + "," + filter.substr(11) + "}"),
              ElementsAre("a", "b", "c"))
      << "all filters must pass";
  EXPECT_EQ(
      refused("ListServices", R"({"Filters":[{"Name":"NAMESPACE_ID","Condition":"BEGINS_WITH","Values":["n"]}]})"),
      "InvalidInput");
}

TEST_F(CloudmapServices, RulesOfRecordsAndChecks) {
  EXPECT_EQ(create(R"("DnsConfig":{"DnsRecords":[]})"), "InvalidInput");
  EXPECT_EQ(create(R"("DnsConfig":{"DnsRecords":[{"Type":"MX","TTL":1}]})"), "InvalidInput");
  EXPECT_EQ(create(R"("DnsConfig":{"DnsRecords":[{"Type":"A"}]})"), "InvalidInput");
  EXPECT_EQ(create(R"("DnsConfig":{"DnsRecords":[{"Type":"A","TTL":1},{"Type":"A","TTL":2}]})"), "InvalidInput");
  EXPECT_EQ(create(R"("DnsConfig":{"DnsRecords":[{"Type":"CNAME","TTL":1}]})"), "InvalidInput") << "not WEIGHTED";
  EXPECT_EQ(create(R"("HealthCheckConfig":{"Type":"TCP","ResourcePath":"/"})"), "InvalidInput");
  EXPECT_EQ(create(R"("HealthCheckConfig":{"Type":"TCP"},"HealthCheckCustomConfig":{})"), "InvalidInput");
  EXPECT_EQ(create(R"("Type":"HTTP","DnsConfig":{"DnsRecords":[{"Type":"A","TTL":1}]})"), "InvalidInput");
  EXPECT_EQ(create(R"("Type":"DNS")"), "InvalidInput");
  EXPECT_EQ(refused("CreateService", R"({"Name":"x"})"), "InvalidInput");
  EXPECT_EQ(refused("CreateService", R"({"Name":"a b","NamespaceId":")" + ns + "\"}"), "InvalidInput");
  EXPECT_EQ(refused("CreateService", R"({"Name":"x","NamespaceId":"ns-aaaaaaaaaaaaaaaa"})"), "NamespaceNotFound");
  const auto http = new_namespace("web", "Http");
  EXPECT_EQ(refused("CreateService", R"({"Name":"x","NamespaceId":")" + http + "\"" + std::string(kA) + "}"),
            "InvalidInput");
}

TEST_F(CloudmapServices, GoWhenTheyAreEmpty) {
  const auto id = new_service(ns);
  put(id, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  EXPECT_EQ(refused("DeleteService", R"({"Id":")" + id + "\"}"), "ResourceInUse");
  ok("DeregisterInstance", R"({"ServiceId":")" + id + R"(","InstanceId":"i1"})");
  EXPECT_TRUE(ok("DeleteService", R"({"Id":")" + id + "\"}").empty());
  EXPECT_EQ(refused("GetService", R"({"Id":")" + id + "\"}"), "ServiceNotFound");
}

TEST_F(CloudmapServices, TagsAreKeptWithWhatTheyDescribe) {
  const auto service = new_service(ns, "worker", R"(,"Tags":[{"Key":"a","Value":"1"}])");
  const auto shown = ok("GetService", R"({"Id":")" + service + "\"}");
  const auto arn = R"("ResourceARN":")" + text(inside(shown, "Service"), "Arn") + "\"";
  EXPECT_TRUE(ok("TagResource", "{" + arn + R"(,"Tags":[{"Key":"b","Value":""}]})").empty());
  const auto tags = [&] { return json::serialize(ok("ListTagsForResource", "{" + arn + "}").at("Tags")); };
  EXPECT_EQ(tags(), R"([{"Key":"a","Value":"1"},{"Key":"b","Value":""}])");
  ok("UntagResource", "{" + arn + R"(,"TagKeys":["a","never"]})");
  EXPECT_EQ(tags(), R"([{"Key":"b","Value":""}])");
  std::string many;
  for (int i = 0; i < 50; ++i)
    many += std::string(many.empty() ? "" : ",") + R"({"Key":"k)" + std::to_string(i) + R"(","Value":"v"})";
  EXPECT_EQ(refused("TagResource", "{" + arn + R"(,"Tags":[)" + many + "]}"), "TooManyTagsException");
  EXPECT_EQ(refused("ListTagsForResource", R"({"ResourceARN":"arn:aws:servicediscovery:us-east-1:0:service/srv-x"})"),
            "ResourceNotFoundException");
  std::string umlauts;
  for (int i = 0; i < 256; ++i) umlauts += "\xC3\xBC";
  ok("TagResource", "{" + arn + R"(,"Tags":[{"Key":"b","Value":")" + umlauts + "\"}]}");
  EXPECT_EQ(refused("TagResource", "{" + arn + R"(,"Tags":[{"Key":"b","Value":")" + umlauts + "u\"}]}"), "InvalidInput")
      << "characters are counted, not octets";
  const auto of_ns = R"("ResourceARN":"arn:aws:servicediscovery:eu-west-1:1:namespace/)" + ns + "\"";
  ok("TagResource", "{" + of_ns + R"(,"Tags":[{"Key":"x","Value":"y"}]})");
  EXPECT_EQ(json::serialize(ok("ListTagsForResource", "{" + of_ns + "}").at("Tags")), R"([{"Key":"x","Value":"y"}])");
}

}  // namespace
}  // namespace api::cloudmap
