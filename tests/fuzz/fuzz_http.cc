// The octets of a request through the strict reader, the target parser, the router and every decoder of a write, with
// a registry that is empty. What is accepted is checked from outside: one framing, known parameters, valid problems.
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "api/gateway.h"
#include "api/http_lint.h"
#include "api/native/routes.h"
#include "registry/codec/codec.h"
#include "registry/store/memory_log.h"

namespace {

using namespace api;

void require(bool holds) {
  if (!holds) std::abort();
}

struct World {
  boost::asio::io_context io{1};
  registry::Registry registry;
  registry::Feed feed;
  registry::store::MemoryLog log{[](auto next) { next(); }};
  registry::WritePath writes{registry, log, [] { return registry::Now{}; }, [](const registry::ChangeSet&) {}};
  App app{io.get_executor(), Options{},
          Context{registry, writes, feed, log, [] { return registry::Now{}; }, {}, {}, {}, {}, {}, {}, {}}};
  Gateway gateway{app, native::routes()};
};

// Only what the strict reader accepted gets here, so a plain split is a complete parser.
Request read_header(std::string_view block) {
  Request request;
  const auto line = block.substr(0, block.find("\r\n"));
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  request.verb = line.substr(0, first);
  request.method = parse_method(request.verb);
  request.target = line.substr(first + 1, last - first - 1);
  request.http_1_0 = line.ends_with("1.0");
  for (auto at = line.size() + 2; block.compare(at, 2, "\r\n") != 0; at = block.find("\r\n", at) + 2) {
    const auto colon = block.find(':', at);
    require(colon != std::string_view::npos && colon > at);
    std::string name;
    for (const char c : block.substr(at, colon - at)) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    auto value = block.substr(colon + 1, block.find("\r\n", at) - colon - 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    request.headers.emplace_back(std::move(name), value);
  }
  if (const auto length = request.header("content-length"); !length.empty()) {
    request.content_length = std::strtoull(std::string(length).c_str(), nullptr, 10);
  }
  request.chunked = !request.header("transfer-encoding").empty();
  require(!(request.chunked && request.content_length));
  return request;
}

void check(const Response& response) {
  require(response.status >= 200 && response.status < 600 && response.status != 500);
  boost::system::error_code error;
  (void)boost::json::parse(response.body, error);
  require(!error);
}

void decode(World& world, const Route& route, const Request& request, std::string_view body) {
  const auto* plan = std::get_if<PlanHandler>(&route.handler);
  if (const auto* read = std::get_if<ReadHandler>(&route.handler)) {
    if (const auto found = (*read)(world.app, request)) check(found->render());
  }
  if (!plan) return;
  auto document = registry::codec::parse_document(body);
  (void)(*plan)(world.app, request, document ? &*document : nullptr);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static World world;
  const std::string_view octets(reinterpret_cast<const char*>(data), size);
  const auto scan = scan_header(octets);
  if (scan.state != HeaderScan::State::complete) return 0;
  require(scan.end <= size && scan.begin < scan.end);
  const auto block = octets.substr(scan.begin, scan.end - scan.begin);
  if (lint_header(block)) return 0;
  auto request = read_header(block);
  const auto admission = world.gateway.admit(request);
  if (admission.refusal) {
    check(*admission.refusal);
    return 0;
  }
  require(admission.route != nullptr);
  decode(world, *admission.route, request, octets.substr(scan.end));
  return 0;
}
