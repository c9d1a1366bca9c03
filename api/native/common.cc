#include "api/native/common.h"

#include <algorithm>

#include "api/long_poll.h"
#include "api/write.h"

namespace api::native {

using registry::DomainName;
using registry::Problem;
using registry::ProblemKind;
using registry::Result;

Result<DomainName> name_to_read(std::string_view segment, ProblemKind kind) {
  auto name = DomainName::parse(segment);
  if (name) return std::move(*name);
  return registry::fail(kind, fmt::format("\"{}\" is no name: {}", segment, name.error()));
}

Result<DomainName> name_to_write(std::string_view segment) {
  auto name = DomainName::parse(segment);
  if (name) return std::move(*name);
  return registry::fail(ProblemKind::invalid_registration, fmt::format("\"{}\" is no name: {}", segment, name.error()),
                        "a service is one label before its namespace, such as worker.corp");
}

Problem body_missing(std::string_view hint) {
  return {ProblemKind::bad_request, "the request has no body", {}, std::string(hint)};
}

Read absent(Problem problem, registry::Revision index, std::string feed_key) {
  Read read;
  read.index = index;
  read.feed_key = std::move(feed_key);
  read.exists = false;
  read.render = [problem = std::move(problem)] { return problem_response(problem); };
  return read;
}

Read absent_service(const App& app, const DomainName& name) {
  const auto* ns = app.registry().namespace_of(name);
  if (!ns) {
    Problem problem{ProblemKind::unknown_namespace, fmt::format("no namespace holds {}", name.text()), {}, {}};
    const auto parent = name.parent_key().empty() ? std::string_view(name.key()) : name.parent_key();
    problem.hint = fmt::format("curl -X PUT -d '{{}}' http://.../api/v1/namespaces/{}", parent);
    return absent(std::move(problem), app.indexes.namespaces(), "");
  }
  const auto& apex = ns->def.name.key();
  Problem problem{ProblemKind::unknown_service, fmt::format("{} is not registered", name.text()), {}, {}};
  problem.hint = fmt::format("curl http://.../api/v1/services?prefix={}", name.first_label().substr(0, 3));
  return absent(std::move(problem), app.registry().namespace_index(apex).value_or(ns->revision), "ns:" + apex);
}

Response object_response(boost::json::object body) {
  boost::json::value value(std::move(body));
  auto response = json_response(200, value);
  if (auto etag = etag_of(value); !etag.empty()) response.set("ETag", std::move(etag));
  return response;
}

Result<Page> parse_page(const Request& request) {
  Page page;
  const auto limit = number_parameter(request, "limit");
  if (!limit) return std::unexpected(limit.error());
  if (*limit && (**limit == 0 || **limit > kMaxPage)) {
    return registry::fail(ProblemKind::bad_request, fmt::format("\"limit\" is from 1 to {}", kMaxPage));
  }
  page.limit = limit->value_or(kMaxPage);
  page.after = std::string(request.parameter("cursor").value_or(""));
  page.prefix = std::string(request.parameter("prefix").value_or(""));
  return page;
}

}  // namespace api::native
