// AWS Signature Version 4, verified: what awscli and the SDKs put into Authorization. Pure over a Request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/cloudmap/error.h"
#include "api/http_message.h"

namespace api::cloudmap {

// A request may be as old as AWS lets it be; within that it can be replayed, which only TLS prevents.
inline constexpr registry::Millis kClockSkew{15 * 60'000};

struct AccessKey {
  std::string id;
  std::string secret;
};

// Nothing when the request was signed with the key, lately, over Host, X-Amz-Date and X-Amz-Target.
[[nodiscard]] std::optional<Error> check_signature(const Request& request, const AccessKey& key, registry::Wall now);

// Lower-case hex of the signature, for tests and for what verifies it. `signed_headers` are lower case, in order.
struct Signing {
  std::string_view date;   // "20261121"
  std::string_view scope;  // "20261121/us-east-1/servicediscovery/aws4_request"
  std::string_view signed_headers;
};
[[nodiscard]] std::string signature_of(const Request& request, const Signing& signing, std::string_view secret);

[[nodiscard]] std::optional<registry::Wall> parse_amz_date(std::string_view text);  // "20261121T202153Z"

}  // namespace api::cloudmap
