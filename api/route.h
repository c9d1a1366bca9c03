// One table of routes per interface is the source of the router, of openapi.json (the native one) and of the tests. A
// route says what it needs; the gateway (gateway.h) does what all routes of a kind have in common.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/dialect.h"
#include "api/http_message.h"
#include "registry/problem.h"
#include "registry/transaction.h"

namespace api {

// A read: find first, encode second. `render` is called in the same turn of the control thread, and only when the
// answer is due; the gateway makes a long poll of any read by looking at `index` again after each change of `feed_key`.
struct Read {
  registry::Revision index = 1;  // the last revision that changed this; of an absent thing: its parent's
  std::string feed_key;          // what registry::Feed wakes for ("" = everything)
  bool exists = true;
  // A list with a filter: a hash over what passes it. A held request is answered only when this changes.
  std::optional<std::uint64_t> fingerprint;
  // After a change, before it is rendered, where the dialect's own (Poll) is less: for what takes long to render.
  registry::Millis settle{};
  std::function<Response()> render;
};
using ReadFunction = registry::Result<Read>(App&, const Request&);

struct Heartbeat {
  std::string service, id, check;  // check "" = the only one, or "lease"
  std::optional<registry::CheckState> state;
  std::string output;
};

// A write, decoded and not yet done, alone or as one operation of a batch.
struct Plan {
  std::variant<registry::Command, Heartbeat> action;
  std::function<boost::json::value(App&)> body;     // what a GET shows after it; unset = 204 without a body
  std::function<boost::json::value(App&)> preview;  // for ?dry_run=true: what it would show
  std::string location;                             // of what is created
};
// `body` is null when the request has none.
using PlanFunction = registry::Result<Plan>(App&, const Request&, const boost::json::value* body);
using SyncFunction = Response(App&, const Request&);
using AsyncFunction = boost::asio::awaitable<Response>(App&, Request&);

using ReadHandler = ReadFunction*;
using PlanHandler = PlanFunction*;
using SyncHandler = SyncFunction*;
using AsyncHandler = AsyncFunction*;

struct Parameter {
  std::string_view name;
  std::string_view description;
  bool repeatable = false;
};

// open: no token asked for, also when one is set, nor a loaded store; own: the handler judges who asks.
enum class Access : std::uint8_t { token, open, own };
enum class BodySize : std::uint8_t { normal, batch };

struct Route {
  Method method = Method::get;
  // "/api/v1/services/{service}/instances/{id}"; "{...}" is any one segment that is not empty. A last "{...*}" is all
  // the rest, one segment or more, joined by slashes.
  std::string_view pattern;
  std::variant<ReadHandler, PlanHandler, SyncHandler, AsyncHandler> handler;
  std::vector<Parameter> parameters;
  std::string_view summary;
  Access access = Access::token;
  BodySize body = BodySize::normal;
  bool described_body = false;       // a POST that takes an object, for openapi.json
  const Dialect* dialect = nullptr;  // null = native
};

class Router {
 public:
  // The tables must live as long; where two routes fit, the first one is taken.
  explicit Router(const std::vector<std::span<const Route>>& tables);

  struct Match {
    const Route* route = nullptr;     // null: no such path, or (allow not empty) not with this method
    std::vector<std::string> params;  // values of {places}, in order
    std::string allow;                // of a known path with another method
    // Of the route, or of that known path; of a path that is not there: of the others with its first segment.
    const Dialect* dialect = nullptr;
  };
  [[nodiscard]] Match match(Method method, std::span<const std::string> segments) const;

 private:
  struct Entry {
    std::vector<std::string_view> segments;
    bool rest = false;  // the last one is "{...*}"
    const Route* route = nullptr;
  };
  [[nodiscard]] const Dialect* dialect_at(std::string_view first_segment) const;
  [[nodiscard]] static bool fits(const Entry& entry, std::span<const std::string> segments);
  std::vector<Entry> entries_;
};

// The route's own parameters and those of its kind: index and wait of a read, dry_run of a write.
[[nodiscard]] std::vector<Parameter> known_parameters(const Route& route);

// Unknown and repeated query parameters: 400 with a suggestion. Native routes only.
[[nodiscard]] std::optional<registry::Problem> check_parameters(const Route& route, const Request& request);

}  // namespace api
