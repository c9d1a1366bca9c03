#include "api/cloudmap/test_calls.h"

namespace api::cloudmap {
namespace {

using ::testing::ElementsAre;
namespace json = boost::json;

class CloudmapNamespaces : public CloudmapTest {
 protected:
  CloudmapNamespaces() { serve(); }
  std::vector<std::string> listed(std::string_view body = "{}") {
    std::vector<std::string> names;
    const auto answer = ok("ListNamespaces", body);
    for (const auto& each : answer.at("Namespaces").as_array()) names.push_back(text(each.as_object(), "Name"));
    return names;
  }
};

TEST_F(CloudmapNamespaces, AreMadeAndShown) {
  const auto begun =
      ok("CreatePrivateDnsNamespace", R"({"Name":"Corp.","Vpc":"vpc-1","Description":"ours","CreatorRequestId":"t",
    "Tags":[{"Key":"team","Value":"a"}],"Properties":{"DnsProperties":{"SOA":{"TTL":15}}}})");
  EXPECT_EQ(begun.size(), 1U);
  const auto answer = ok("GetOperation", json::serialize(json::object{{"OperationId", begun.at("OperationId")}}));
  const auto& operation = inside(answer, "Operation");
  EXPECT_EQ(text(operation, "Type"), "CREATE_NAMESPACE");
  EXPECT_EQ(text(operation, "Status"), "SUCCESS");
  EXPECT_TRUE(operation.at("CreateDate").is_double());
  const auto id = text(inside(operation, "Targets"), "NAMESPACE");
  const auto shown = ok("GetNamespace", R"({"Id":")" + id + "\"}");
  const auto& ns = inside(shown, "Namespace");
  EXPECT_EQ(text(ns, "Id"), id);
  EXPECT_EQ(text(ns, "Name"), "Corp");
  EXPECT_EQ(text(ns, "Type"), "DNS_PRIVATE");
  EXPECT_EQ(text(ns, "Description"), "ours");
  EXPECT_EQ(text(ns, "CreatorRequestId"), "t");
  EXPECT_EQ(text(ns, "Arn"), "arn:aws:servicediscovery:us-east-1:000000000000:namespace/" + id);
  EXPECT_EQ(ns.at("ServiceCount").as_int64(), 0);
  EXPECT_EQ(inside(inside(inside(ns, "Properties"), "DnsProperties"), "SOA").at("TTL").as_int64(), 15);
  EXPECT_EQ(text(inside(inside(ns, "Properties"), "HttpProperties"), "HttpName"), "Corp");
  EXPECT_EQ(call("GET", "/api/v1/namespaces/corp").json().at("negative_ttl").as_string(), "15s");
}

TEST_F(CloudmapNamespaces, ATokenMakesOneOnce) {
  const std::string body = R"({"Name":"corp","CreatorRequestId":"t"})";
  const auto first = ok("CreatePrivateDnsNamespace", body);
  EXPECT_EQ(ok("CreatePrivateDnsNamespace", R"({"CreatorRequestId":"t","Name":"corp"})"), first) << "in any order";
  const auto other = aws("CreatePrivateDnsNamespace", R"({"Name":"corq","CreatorRequestId":"t"})");
  EXPECT_EQ(other.status, 400);
  EXPECT_EQ(other.json().at("__type").as_string(), "DuplicateRequest");
  EXPECT_EQ(other.json().at("DuplicateOperationId"), first.at("OperationId"));
  EXPECT_EQ(refused("CreateHttpNamespace", body), "DuplicateRequest") << "the same members, another kind";
  const auto exists = aws("CreateHttpNamespace", R"({"Name":"CORP","CreatorRequestId":"u"})");
  EXPECT_EQ(exists.json().at("__type").as_string(), "NamespaceAlreadyExists");
  EXPECT_EQ(exists.json().at("CreatorRequestId").as_string(), "t");
  EXPECT_TRUE(exists.json().at("NamespaceId").as_string().starts_with("ns-"));
}

TEST_F(CloudmapNamespaces, AnHttpNamespaceHidesNoDomain) {
  const auto id = new_namespace("example.com", "Http");
  const auto answer = ok("GetNamespace", R"({"Id":")" + id + "\"}");
  EXPECT_EQ(text(inside(answer, "Namespace"), "Type"), "HTTP");
  EXPECT_EQ(text(inside(answer, "Namespace"), "Name"), "example.com");
  EXPECT_FALSE(inside(inside(answer, "Namespace"), "Properties").contains("DnsProperties"));
  EXPECT_EQ(call("GET", "/api/v1/namespaces/example.com").status, 404);
  EXPECT_EQ(refused("CreatePublicDnsNamespace", R"({"Name":"example.com"})"), "NamespaceAlreadyExists");
}

TEST_F(CloudmapNamespaces, AreListedByPagesAndFilters) {
  for (const char* name : {"a.corp", "b.corp", "c.corp"}) new_namespace(name);
  new_namespace("web", "Http");
  EXPECT_THAT(listed(), ElementsAre("a.corp", "b.corp", "c.corp", "web"));
  EXPECT_THAT(listed(R"({"Filters":[{"Name":"TYPE","Values":["HTTP"],"Condition":"EQ"}]})"), ElementsAre("web"));
  EXPECT_THAT(listed(R"({"Filters":[{"Name":"NAME","Values":["b.corp","web"],"Condition":"IN"}]})"),
              ElementsAre("b.corp", "web"));
  EXPECT_THAT(listed(R"({"Filters":[{"Name":"NAME","Values":["b"],"Condition":"BEGINS_WITH"}]})"),
              ElementsAre("b.corp"));
  auto page = ok("ListNamespaces", R"({"MaxResults":3})");
  EXPECT_EQ(page["Namespaces"].as_array().size(), 3U);
  page = ok("ListNamespaces", R"({"MaxResults":3,"NextToken":")" + text(page, "NextToken") + "\"}");
  EXPECT_EQ(page["Namespaces"].as_array().size(), 1U);
  EXPECT_FALSE(page.contains("NextToken")) << "the CLI would go on asking";
  EXPECT_EQ(refused("ListNamespaces", R"({"NextToken":"zz"})"), "InvalidInput");
  EXPECT_EQ(refused("ListNamespaces", R"({"Filters":[{"Name":"COLOUR","Values":["x"]}]})"), "InvalidInput");
  EXPECT_EQ(refused("ListNamespaces", R"({"Filters":[{"Name":"NAME","Values":["a","c"],"Condition":"BETWEEN"}]})"),
            "InvalidInput");
  EXPECT_EQ(refused("ListNamespaces", R"({"MaxResults":101})"), "InvalidInput");
}

TEST_F(CloudmapNamespaces, AreChangedAndDeleted) {
  const auto id = new_namespace();
  ok("UpdatePrivateDnsNamespace",
     R"({"Id":")" + id +
         R"(","Namespace":{"Description":"new","Properties":{"DnsProperties":{"SOA":{"TTL":100000}}}}})");
  auto answer = ok("GetNamespace", R"({"Id":")" + id + "\"}");
  EXPECT_EQ(text(inside(answer, "Namespace"), "Description"), "new");
  EXPECT_EQ(inside(inside(inside(inside(answer, "Namespace"), "Properties"), "DnsProperties"), "SOA").at("TTL"),
            json::value(100000));
  EXPECT_EQ(call("GET", "/api/v1/namespaces/corp").json().at("negative_ttl").as_string(), "1d") << "our longest";
  const auto service = new_service(id);
  const auto in_use = aws("DeleteNamespace", R"({"Id":")" + id + "\"}");
  EXPECT_EQ(in_use.status, 400);
  EXPECT_EQ(in_use.json().at("__type").as_string(), "ResourceInUse");
  ok("DeleteService", R"({"Id":")" + service + "\"}");
  ok("DeleteNamespace", R"({"Id":")" + id + "\"}");
  EXPECT_EQ(refused("GetNamespace", R"({"Id":")" + id + "\"}"), "NamespaceNotFound");
  EXPECT_THAT(listed(), ElementsAre());
}

TEST_F(CloudmapNamespaces, AreChangedByTheOperationOfTheirType) {
  const auto http = new_namespace("web", "Http");
  const auto change = [](const std::string& id, std::string_view ns) {
    return R"({"Id":")" + id + R"(","Namespace":)" + std::string(ns) + "}";
  };
  ok("UpdateHttpNamespace", change(http, R"({"Description":"new"})"));
  EXPECT_EQ(refused("UpdateHttpNamespace", change(http, "{}")), "InvalidInput");
  EXPECT_EQ(refused("UpdatePrivateDnsNamespace", change(http, R"({"Description":"new"})")), "InvalidInput");
  EXPECT_EQ(refused("UpdatePublicDnsNamespace", change(new_namespace(), R"({"Description":"new"})")), "InvalidInput");
}

TEST_F(CloudmapNamespaces, ThoseOfTheNativeApiAreThereToo) {
  make_namespace();
  EXPECT_THAT(listed(), ElementsAre("corp"));
  put_instance("db.corp", "d1", R"({"address":"10.0.0.9","port":5432})");
  const auto found = ok("DiscoverInstances", R"({"NamespaceName":"corp","ServiceName":"db"})");
  ASSERT_EQ(found.at("Instances").as_array().size(), 1U);
  const auto& instance = found.at("Instances").as_array()[0].as_object();
  EXPECT_EQ(text(inside(instance, "Attributes"), "AWS_INSTANCE_IPV4"), "10.0.0.9");
  EXPECT_EQ(text(inside(instance, "Attributes"), "AWS_INSTANCE_PORT"), "5432");
}

TEST_F(CloudmapNamespaces, BadNamesAreInvalid) {
  EXPECT_EQ(refused("CreatePrivateDnsNamespace", R"({"Name":"a b"})"), "InvalidInput");
  EXPECT_EQ(refused("CreatePrivateDnsNamespace", R"({"Name":"-a.corp"})"), "InvalidInput");
  EXPECT_EQ(refused("CreatePrivateDnsNamespace", "{}"), "InvalidInput");
  EXPECT_EQ(refused("CreatePrivateDnsNamespace", R"({"Name":7})"), "InvalidInput");
  EXPECT_EQ(refused("CreateHttpNamespace", R"({"Name":"a b"})"), "InvalidInput");
  EXPECT_EQ(refused("GetOperation", R"({"OperationId":"x"})"), "OperationNotFound");
}

}  // namespace
}  // namespace api::cloudmap
