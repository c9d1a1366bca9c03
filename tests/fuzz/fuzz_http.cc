// The octets of a request through the strict reader, the target parser, the router and every decoder of a write, with
// a registry that is empty. What is accepted is checked from outside: one framing, known parameters, valid problems.
#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <cstdlib>
#include <string_view>

#include "api/cloudmap/routes.h"
#include "api/consul/routes.h"
#include "api/envoy/routes.h"
#include "api/eureka/routes.h"
#include "api/gateway.h"
#include "api/http_header.h"
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
          Context{registry, writes, feed, log, [] { return registry::Now{}; }, {}, {}, {}, {}, {}, {}, {}, {}}};
  Gateway gateway{app, {native::routes(), consul::routes(), eureka::routes(), cloudmap::routes(), envoy::routes()}};
};

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
  Request request;
  if (parse_header(block, request)) return 0;
  require(!(request.chunked && request.content_length));
  const auto admission = world.gateway.admit(request);
  if (admission.refusal) {
    check(*admission.refusal);
    return 0;
  }
  require(admission.route != nullptr);
  decode(world, *admission.route, request, octets.substr(scan.end));
  return 0;
}
