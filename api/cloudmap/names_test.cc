#include "api/cloudmap/names.h"

#include <gtest/gtest.h>

#include "api/cloudmap/ids.h"

namespace api::cloudmap {
namespace {

TEST(CloudmapNames, ServicesGetLabels) {
  EXPECT_EQ(service_label("worker"), "worker");
  EXPECT_EQ(service_label("_worker._tcp"), "worker");
  EXPECT_EQ(service_label("_Worker._UDP"), "Worker");
  EXPECT_EQ(service_label("ORDER_SERVICE"), "order-service");
  EXPECT_EQ(service_label("api.v1"), "api-v1");
  EXPECT_EQ(service_label(std::string(100, 'a')).size(), 62U);
  EXPECT_EQ(service_name("ORDER_SERVICE", *registry::DomainName::parse("Corp"))->text(), "order-service.Corp");
}

TEST(CloudmapNames, AnUnderscoredNameTellsTheProtocol) {
  EXPECT_EQ(service_protocols("_worker._udp"), (registry::Protocols{.tcp = false, .udp = true}));
  EXPECT_EQ(service_protocols("_worker._tcp"), (registry::Protocols{.tcp = true, .udp = false}));
  EXPECT_EQ(service_protocols("worker"), registry::Protocols());
  EXPECT_EQ(service_protocols("_worker._sctp"), registry::Protocols());
}

TEST(CloudmapNames, HttpNamespacesStandAside) {
  EXPECT_EQ(http_apex("Payments"), "payments.cloudmap.internal");
  const auto domain = http_apex("example.com");
  EXPECT_TRUE(domain.starts_with("example-com-")) << domain;
  EXPECT_TRUE(domain.ends_with(".cloudmap.internal")) << domain;
  EXPECT_TRUE(registry::DomainName::parse(http_apex(std::string(1024, '!'))));
}

TEST(CloudmapIds, HaveAwsShapesAndDependOnTheNameAlone) {
  const auto id = service_id("worker.corp");
  ASSERT_EQ(id.size(), 20U);
  EXPECT_TRUE(id.starts_with("srv-"));
  EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567", 4), std::string::npos);
  EXPECT_EQ(id, service_id("worker.corp"));
  EXPECT_NE(id, service_id("worker.corq"));
  EXPECT_EQ(namespace_id("corp").size(), 19U);
  EXPECT_NE(namespace_id("corp").substr(3), service_id("corp").substr(4));
  EXPECT_EQ(hosted_zone_id("corp").size(), 21U);
  EXPECT_EQ(id_of_arn(service_arn(id)), id);
  EXPECT_EQ(id_of_arn(id), id);
  EXPECT_EQ(id_of_arn("arn:aws:x"), "");
}

TEST(CloudmapNames, OfServicesHaveAwsPattern) {
  for (const char* name : {"a", "_worker._tcp", "ORDER_SERVICE", "api.v1", "a-b", "__", "."}) {
    EXPECT_TRUE(is_service_name(name)) << name;
  }
  EXPECT_TRUE(is_service_name(std::string(63, 'a')));
  for (const char* name : {"", "_", "a b", "-a", "a-", "a..b", ".a", "a.", "\xC3\xBC", "a\n"}) {
    EXPECT_FALSE(is_service_name(name)) << name;
  }
  EXPECT_FALSE(is_service_name(std::string(64, 'a')));
  EXPECT_FALSE(is_service_name(std::string(63, 'a') + "." + std::string(63, 'b') + ".c"));
}

}  // namespace
}  // namespace api::cloudmap
