#include "api/cloudmap/signature.h"

#include <gtest/gtest.h>

namespace api::cloudmap {
namespace {

using namespace std::chrono_literals;

// What awscli 2.9.19 sent for `servicediscovery list-namespaces` with the secret "SECRET".
Request recorded() {
  Request request;
  request.method = Method::post;
  request.verb = "POST";
  request.target = "/";
  request.body = "{}";
  request.headers = {
      {"host", "127.0.0.1:18500"},
      {"accept-encoding", "identity"},
      {"x-amz-target", "Route53AutoNaming_v20170314.ListNamespaces"},
      {"content-type", "application/x-amz-json-1.1"},
      {"x-amz-date", "20261121T202250Z"},
      {"authorization",
       "AWS4-HMAC-SHA256 Credential=AKID/20261121/us-east-1/servicediscovery/aws4_request, "
       "SignedHeaders=content-type;host;x-amz-date;x-amz-target, "
       "Signature=c53610529b1e77233f65d9827d5ccc5c1a2cef96f321cb6ab2ac9b968fe318b3"},
  };
  return request;
}

const AccessKey kKey{"AKID", "SECRET"};
const registry::Wall kThen = *parse_amz_date("20261121T202250Z");

std::string verdict(const Request& request, const AccessKey& key = kKey, registry::Wall now = kThen) {
  const auto error = check_signature(request, key, now);
  return error ? error->type : "good";
}

std::string& header(Request& request, std::string_view name) {
  for (auto& [key, value] : request.headers) {
    if (key == name) return value;
  }
  return request.headers.emplace_back(name, "").second;
}

void replace(std::string& text, std::string_view what, std::string_view with) {
  text.replace(text.find(what), what.size(), with);
}

TEST(Signature, OfTheRecordedRequestIsGood) {
  EXPECT_EQ(verdict(recorded()), "good");
  EXPECT_EQ(signature_of(recorded(),
                         {"20261121", "20261121/us-east-1/servicediscovery/aws4_request",
                          "content-type;host;x-amz-date;x-amz-target"},
                         "SECRET"),
            "c53610529b1e77233f65d9827d5ccc5c1a2cef96f321cb6ab2ac9b968fe318b3");
}

TEST(Signature, CoversWhatMakesTheRequest) {
  auto other_body = recorded();
  other_body.body = R"({"Id":"ns-x"})";
  EXPECT_EQ(verdict(other_body), "InvalidSignatureException");
  auto other_target = recorded();
  header(other_target, "x-amz-target") = "Route53AutoNaming_v20170314.DeleteNamespace";
  EXPECT_EQ(verdict(other_target), "InvalidSignatureException");
  auto other_host = recorded();
  header(other_host, "host") = "127.0.0.1:18501";
  EXPECT_EQ(verdict(other_host), "InvalidSignatureException");
  auto other_path = recorded();
  other_path.target = "/?x=1";
  EXPECT_EQ(verdict(other_path), "InvalidSignatureException");
  EXPECT_EQ(verdict(recorded(), {"AKID", "OTHER"}), "InvalidSignatureException");
}

TEST(Signature, IsAbsentUnknownOrNotWhole) {
  auto none = recorded();
  header(none, "authorization").clear();
  EXPECT_EQ(verdict(none), "MissingAuthenticationTokenException");
  EXPECT_EQ(verdict(recorded(), {"AKID2", "SECRET"}), "UnrecognizedClientException");
  for (const char* text : {"Bearer x", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host",
                           "AWS4-HMAC-SHA256 Credential=AKID/1/2/3/4, Signature=00", "AWS4-HMAC-SHA256 Credential"}) {
    auto part = recorded();
    header(part, "authorization") = text;
    EXPECT_EQ(verdict(part), "IncompleteSignature") << text;
  }
}

TEST(Signature, MustSignTheHostAndWhatIsAskedFor) {
  for (const char* left_out : {"host;", ";x-amz-target"}) {
    auto request = recorded();
    replace(header(request, "authorization"), left_out, "");
    EXPECT_EQ(verdict(request), "InvalidSignatureException") << left_out;
  }
  auto out_of_order = recorded();
  replace(header(out_of_order, "authorization"), "content-type;host", "host;content-type");
  EXPECT_EQ(verdict(out_of_order), "InvalidSignatureException");
  auto twice = recorded();
  replace(header(twice, "authorization"), "host;", "host;host;");
  EXPECT_EQ(verdict(twice), "InvalidSignatureException");
  auto with_token = recorded();
  header(with_token, "x-amz-security-token") = "t";
  EXPECT_EQ(verdict(with_token), "InvalidSignatureException");
  auto two_targets = recorded();
  two_targets.headers.emplace_back("x-amz-target", "Route53AutoNaming_v20170314.DeleteNamespace");
  EXPECT_EQ(verdict(two_targets), "InvalidSignatureException");
}

TEST(Signature, IsGoodForAQuarterOfAnHourEitherWay) {
  EXPECT_EQ(verdict(recorded(), kKey, kThen + 15min), "good");
  EXPECT_EQ(verdict(recorded(), kKey, kThen - 15min), "good");
  EXPECT_EQ(verdict(recorded(), kKey, kThen + 15min + 1ms), "InvalidSignatureException");
  EXPECT_EQ(verdict(recorded(), kKey, kThen - 15min - 1ms), "InvalidSignatureException");
  auto other_day = recorded();
  replace(header(other_day, "authorization"), "20261121", "20261120");
  EXPECT_EQ(verdict(other_day), "InvalidSignatureException");
  auto other_service = recorded();
  replace(header(other_service, "authorization"), "servicediscovery", "route53");
  EXPECT_EQ(verdict(other_service), "InvalidSignatureException");
}

TEST(Signature, DatesAreReadStrictly) {
  EXPECT_EQ(parse_amz_date("19700101T000001Z"), registry::Wall(1s));
  for (const char* text : {"", "20261121T202250", "20261121 202250Z", "20261321T202250Z", "20260230T202250Z",
                           "20261121T242250Z", "20261121T20225xZ", "2026112AT202250Z"}) {
    EXPECT_FALSE(parse_amz_date(text)) << text;
  }
}

}  // namespace
}  // namespace api::cloudmap
