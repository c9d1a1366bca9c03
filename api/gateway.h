// From a request's header to its response, without sockets: the connection reads and writes, the gateway decides.
// Order of handling (incidents S11): size cap, authentication, authorisation, then decoding.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <span>
#include <vector>

#include "api/access.h"
#include "api/app.h"
#include "api/http_response.h"
#include "api/route.h"

namespace api {

class Gateway {
 public:
  Gateway(App& app, const std::vector<std::span<const Route>>& tables);

  struct Admission {
    const Route* route = nullptr;
    std::size_t body_limit = 0;
    std::optional<Response> refusal;  // set: answer this and do not read the body
  };
  // Judges everything that the header alone tells, and fills in the request's query and params.
  [[nodiscard]] Admission admit(Request& request) const;

  // The whole request, which must live until it is answered. Never throws: our own fault is a 500 and a counter.
  [[nodiscard]] Answer answer(const Route& route, Request& request);

  [[nodiscard]] static Response too_large(std::size_t limit, const Dialect* dialect);
  [[nodiscard]] App& app() const { return app_; }
  [[nodiscard]] const Router& router() const { return router_; }
  [[nodiscard]] std::string_view date() { return date_.at(app_.now().wall); }  // for a response's header

 private:
  [[nodiscard]] Answer dispatch(const Route& route, Request& request);
  [[nodiscard]] boost::asio::awaitable<Response> guard(boost::asio::awaitable<Response> later, const Dialect* dialect);
  [[nodiscard]] Response fault(const Dialect* dialect);
  [[nodiscard]] std::optional<Refusal> refuse(const Request& request, const Target& target, const Router::Match& match,
                                              std::size_t limit) const;
  [[nodiscard]] std::optional<Refusal> check_token(const Request& request, const Router::Match& match) const;

  App& app_;
  AccessRules access_;
  Router router_;
  HttpDate date_;
};

}  // namespace api
