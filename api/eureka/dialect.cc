#include "api/eureka/dialect.h"

#include <openssl/evp.h>

#include "registry/names.h"

namespace api::eureka {
namespace {

using registry::Problem;

Response error_text(const ProblemType& type, const Problem& problem) {
  // What can be read and is no valid registration is 400 here.
  auto response = text_response(type.status == 422 ? 400 : type.status, problem_text(problem));
  if (type.status == 503) response.set("Retry-After", "1");
  // Python's clients send the password of "http://user:password@host" only when they are asked for it.
  if (type.status == 401) response.set("WWW-Authenticate", "Basic realm=\"dnsd\"");
  return response;
}

// RFC 7617 2: "user:password" in base64; the user may be anything. The text lives until the next request.
std::string_view token_of(const Request& request) {
  static thread_local std::string decoded;
  constexpr std::string_view kScheme = "basic ";
  auto header = request.header("authorization");
  if (header.size() <= kScheme.size() || registry::fold(header.substr(0, kScheme.size())) != kScheme) return {};
  header.remove_prefix(kScheme.size());
  decoded.resize(header.size() / 4 * 3 + 3);
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(decoded.data()),
                      reinterpret_cast<const unsigned char*>(header.data()), static_cast<int>(header.size()));
  const int padding = header.ends_with("==") ? 2 : header.ends_with('=') ? 1 : 0;
  if (size < padding) return {};
  decoded.resize(static_cast<std::size_t>(size - padding));
  const auto colon = decoded.find(':');
  return colon == std::string::npos ? std::string_view() : std::string_view(decoded).substr(colon + 1);
}

}  // namespace

constinit const Dialect kDialect{"eureka", error_text, token_of, nullptr, nullptr};

Format format_of(const Request& request) {
  const auto accept = registry::fold(request.header("accept"));
  return accept.find("json") != std::string::npos ? Format::json : Format::xml;
}

std::string_view content_type(Format format) {
  return format == Format::json ? "application/json" : "application/xml; charset=utf-8";
}

Response text_response(int status, std::string text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

std::unexpected<Problem> bad_request(std::string text) {
  return registry::fail(registry::ProblemKind::bad_request, std::move(text));
}

}  // namespace api::eureka
