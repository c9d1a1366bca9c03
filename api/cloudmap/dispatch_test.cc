#include <fmt/chrono.h>

#include "api/cloudmap/signature.h"
#include "api/cloudmap/test_calls.h"

namespace api::cloudmap {
namespace {

namespace json = boost::json;

class CloudmapDispatch : public CloudmapTest {
 protected:
  static Options with_key(std::string token = {}) {
    Options options;
    options.token = std::move(token);
    options.cloudmap.access_key_id = "AKID";
    options.cloudmap.secret_key = "SECRET";
    return options;
  }
  // As an SDK signs it.
  testing::Reply signed_call(std::string_view operation, const std::string& body, std::string_view secret = "SECRET",
                             registry::Millis off = {}) {
    Request request;
    request.verb = "POST";
    request.target = "/";
    request.body = body;
    const auto date = fmt::format(
        "{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + off)));
    const std::string signed_headers = "content-type;host;x-amz-date;x-amz-target";
    const std::string scope = date.substr(0, 8) + "/eu-central-1/servicediscovery/aws4_request";
    request.headers = {{"host", "localhost"},
                       {"x-amz-target", "Route53AutoNaming_v20170314." + std::string(operation)},
                       {"content-type", "application/x-amz-json-1.1"},
                       {"x-amz-date", date}};
    const auto signature = signature_of(request, {date.substr(0, 8), scope, signed_headers}, secret);
    return aws(operation, body,
               fmt::format("X-Amz-Date: {}\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKID/{}, SignedHeaders={}, "
                           "Signature={}\r\n",
                           date, scope, signed_headers, signature));
  }
};

TEST_F(CloudmapDispatch, AnswersAsAwsDoes) {
  serve();
  const auto reply = aws("ListNamespaces", "{}");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(reply.header("x-amzn-requestid").size(), 36U);
  EXPECT_NE(reply.header("x-amzn-requestid"), aws("ListNamespaces", "{}").header("x-amzn-requestid"));
  EXPECT_EQ(reply.body, R"({"Namespaces":[]})");
  EXPECT_EQ(aws("ListNamespaces", "").status, 200) << "no body is no members";
  EXPECT_EQ(aws("ListNamespaces", R"({"FutureMember":1})").status, 200);
}

TEST_F(CloudmapDispatch, ErrorsHaveAwsShape) {
  serve();
  EXPECT_EQ(refused("MakeCoffee", "{}"), "UnknownOperationException");
  EXPECT_EQ(refused("ListNamespaces", "{"), "SerializationException");
  EXPECT_EQ(refused("ListNamespaces", "[]"), "SerializationException");
  const auto reply = call("POST", "/", "{}");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.json().at("__type").as_string(), "UnknownOperationException");
  EXPECT_TRUE(reply.json().as_object().contains("Message"));
  const auto large = aws("ListNamespaces", std::string(70'000, ' '));
  EXPECT_EQ(large.status, 413);
  EXPECT_EQ(large.json().at("__type").as_string(), "RequestEntityTooLarge");
}

TEST_F(CloudmapDispatch, TheConfigurationFileIsNotOursToChange) {
  serve();
  on_control([&] {
    registry::Registry::Declared declared;
    declared.namespaces.emplace_back().name = *registry::DomainName::parse("corp");
    std::vector<std::string> notes;
    publish(registry_.declare(std::move(declared), now(), notes));
  });
  const auto list = ok("ListNamespaces", "{}");
  const auto id = text(list.at("Namespaces").as_array().at(0).as_object(), "Id");
  EXPECT_EQ(refused("DeleteNamespace", R"({"Id":")" + id + "\"}"), "AccessDeniedException");
  const auto failed = ok("ListOperations", R"({"Filters":[{"Name":"STATUS","Values":["FAIL"]}]})");
  ASSERT_EQ(failed.at("Operations").as_array().size(), 1U);
  const auto operation =
      ok("GetOperation", json::serialize(json::object{{"OperationId", failed.at("Operations").at(0).at("Id")}}));
  EXPECT_EQ(text(inside(operation, "Operation"), "ErrorCode"), "AccessDeniedException");
}

TEST_F(CloudmapDispatch, OperationsAreListedNewestFirst) {
  serve();
  const auto ns = new_namespace();
  const auto service = new_service(ns);
  put(service, "i1", R"({"AWS_INSTANCE_IPV4":"10.0.0.1"})");
  put(service, "i2", R"({"AWS_INSTANCE_IPV4":"10.0.0.2"})");
  const auto count = [&](std::string_view filter) {
    return ok("ListOperations", R"({"Filters":[)" + std::string(filter) + "]}").at("Operations").as_array().size();
  };
  EXPECT_EQ(count(""), 3U);
  EXPECT_EQ(count(R"({"Name":"TYPE","Values":["REGISTER_INSTANCE"],"Condition":"EQ"})"), 2U);
  EXPECT_EQ(count(R"({"Name":"SERVICE_ID","Values":[")" + service + R"("]})"), 2U);
  EXPECT_EQ(count(R"({"Name":"NAMESPACE_ID","Values":[")" + ns + R"("]})"), 3U);
  EXPECT_EQ(count(R"({"Name":"UPDATE_DATE","Values":["0","9999999999"],"Condition":"BETWEEN"})"), 3U);
  EXPECT_EQ(count(R"({"Name":"UPDATE_DATE","Values":["0","1"],"Condition":"BETWEEN"})"), 0U);
  EXPECT_EQ(count(R"({"Name":"STATUS","Values":["SUCCEED"]})"), 3U);
  for (const char* dates : {R"("now","9999999999"],"Condition":"BETWEEN")", R"("0"],"Condition":"BETWEEN")",
                            R"("0"],"Condition":"EQ")", R"("1","2"])"}) {
    EXPECT_EQ(refused("ListOperations", R"({"Filters":[{"Name":"UPDATE_DATE","Values":[)" + std::string(dates) + "}]}"),
              "InvalidInput")
        << dates;
  }
  const auto page = ok("ListOperations", R"({"MaxResults":2})");
  const auto rest = ok("ListOperations", R"({"NextToken":")" + text(page, "NextToken") + "\"}");
  EXPECT_EQ(page.at("Operations").as_array().size(), 2U);
  ASSERT_EQ(rest.at("Operations").as_array().size(), 1U);
  const auto first =
      ok("GetOperation", json::serialize(json::object{{"OperationId", rest.at("Operations").at(0).at("Id")}}));
  EXPECT_EQ(text(inside(first, "Operation"), "Type"), "CREATE_NAMESPACE");
}

TEST_F(CloudmapDispatch, WithAKeyEveryRequestIsSigned) {
  serve(with_key());
  EXPECT_EQ(signed_call("ListNamespaces", "{}").status, 200);
  const auto none = aws("ListNamespaces", "{}");
  EXPECT_EQ(none.status, 403);
  EXPECT_EQ(none.json().at("__type").as_string(), "MissingAuthenticationTokenException");
  const auto wrong = signed_call("ListNamespaces", "{}", "OTHER");
  EXPECT_EQ(wrong.status, 403);
  EXPECT_EQ(wrong.json().at("__type").as_string(), "InvalidSignatureException");
  const auto late = signed_call("ListNamespaces", "{}", "SECRET", registry::Millis(-16 * 60'000));
  EXPECT_EQ(late.json().at("__type").as_string(), "InvalidSignatureException");
  EXPECT_EQ(call("GET", "/api/v1/status").status, 200) << "the rest of the API has its own rules";
}

TEST_F(CloudmapDispatch, ATokenIsNoKey) {
  Options options;
  options.token = "t0ken";
  serve(options);
  EXPECT_EQ(aws("ListNamespaces", "{}").json().at("__type").as_string(), "MissingAuthenticationTokenException");
  EXPECT_EQ(aws("ListNamespaces", "{}", "Authorization: Bearer t0ken\r\n").status, 200);
}

TEST_F(CloudmapDispatch, AKeyStandsForTheTokenHereAlone) {
  serve(with_key("t0ken"));
  EXPECT_EQ(signed_call("ListNamespaces", "{}").status, 200);
  EXPECT_EQ(aws("ListNamespaces", "{}", "Authorization: Bearer t0ken\r\n").status, 400) << "no signature at all";
  EXPECT_EQ(call("GET", "/api/v1/services").status, 401);
}

TEST_F(CloudmapDispatch, TheDataHostOfLocalhostIsOursAndNoOther) {
  Options options;
  options.allowed_hosts = {"example.com"};
  serve(options);
  testing::Client client(port_);
  client.send(
      "POST / HTTP/1.1\r\nHost: data-localhost:1\r\nX-Amz-Target: Route53AutoNaming_v20170314.ListNamespaces\r\n"
      "Content-Length: 2\r\n\r\n{}");
  EXPECT_EQ(client.read_reply().status, 200);
  testing::Client other(port_);
  other.send("POST / HTTP/1.1\r\nHost: data-example.com\r\nContent-Length: 2\r\n\r\n{}");
  EXPECT_EQ(other.read_reply().status, 400);
}

}  // namespace
}  // namespace api::cloudmap
