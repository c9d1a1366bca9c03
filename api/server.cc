#include "api/server.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/cloudmap/routes.h"
#include "api/consul/routes.h"
#include "api/envoy/routes.h"
#include "api/eureka/routes.h"
#include "api/gateway.h"
#include "api/http_connection.h"
#include "api/native/routes.h"

namespace api {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kBacklog = 1024;
constexpr registry::Millis kAcceptPause{100};  // without descriptors an accept fails at once, again and again
constexpr registry::Millis kStopTime{5'000};
constexpr registry::Millis kStopPoll{10};
// Connections that are being told 503; one more is closed right after the attempt to write.
constexpr std::size_t kMaxRefusing = 256;

}  // namespace

struct Server::Impl : std::enable_shared_from_this<Server::Impl> {
  Impl(asio::io_context& context, Options opts, Context lent)
      : io(context),
        app(context.get_executor(), std::move(opts), std::move(lent)),
        gateway(app, {native::routes(), consul::routes(), eureka::routes(), cloudmap::routes(), envoy::routes()}) {}

  std::expected<void, std::string> listen(const Endpoint& endpoint);
  asio::awaitable<void> accept_loop(std::size_t which);
  void admit(tcp::socket socket);
  asio::awaitable<void> wind_down(std::function<void()> done);

  asio::io_context& io;
  App app;
  Gateway gateway;
  std::vector<tcp::acceptor> acceptors;
  std::vector<Endpoint> bound;
  std::list<std::weak_ptr<Connection>> connections;
  std::size_t refusing = 0;
};

std::expected<void, std::string> Server::Impl::listen(const Endpoint& endpoint) {
  const auto where = fmt::format("http: {}:{}", endpoint.address, endpoint.port);
  error_code error;
  const auto address = asio::ip::make_address(endpoint.address, error);
  if (error) return std::unexpected(where + ": not an IP address");
  tcp::acceptor acceptor(io);
  const tcp::endpoint at(address, endpoint.port);
  // SO_REUSEADDR: a restart does not wait for TIME_WAIT. Two listeners on one port are still refused.
  const auto step = [&](auto&& call) {
    if (!error) call();
  };
  step([&] { acceptor.open(at.protocol(), error); });
  step([&] { acceptor.set_option(tcp::acceptor::reuse_address(true), error); });
  if (address.is_v6()) step([&] { acceptor.set_option(asio::ip::v6_only(true), error); });
  step([&] { acceptor.bind(at, error); });
  step([&] { acceptor.listen(kBacklog, error); });
  if (error) return std::unexpected(where + ": " + error.message());
  bound.push_back({endpoint.address, acceptor.local_endpoint().port()});
  acceptors.push_back(std::move(acceptor));
  return {};
}

asio::awaitable<void> Server::Impl::accept_loop(std::size_t which) {
  const auto self = shared_from_this();
  auto& acceptor = acceptors[which];
  asio::steady_timer pause(io);
  while (!app.stopping) {
    error_code error;
    tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (app.stopping || error == asio::error::bad_descriptor) break;
    if (error) {
      ++app.counters.accept_errors;
      if (error == asio::error::connection_aborted) continue;
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    ++app.counters.accepted;
    try {
      admit(std::move(socket));
    } catch (const std::exception&) {  // out of memory: this one connection is lost, the loop is not
      ++app.counters.exceptions;
    }
  }
}

void Server::Impl::admit(tcp::socket socket) {
  const bool full = app.counters.connections - refusing >= app.options.max_connections;
  if (full && refusing >= kMaxRefusing) {
    ++app.counters.refused;
    return;
  }
  auto connection = std::make_shared<Connection>(std::move(socket), gateway);
  const auto place = connections.insert(connections.end(), connection);
  if (full) ++refusing;
  const auto gone = [self = shared_from_this(), place, full, connection](const std::exception_ptr&) {
    self->connections.erase(place);
    if (full) --self->refusing;
  };
  asio::co_spawn(io, full ? connection->refuse_busy() : connection->run(), gone);
}

asio::awaitable<void> Server::Impl::wind_down(std::function<void()> done) {
  const auto self = shared_from_this();
  asio::steady_timer timer(io);
  const auto deadline = std::chrono::steady_clock::now() + kStopTime;
  while (!connections.empty() && std::chrono::steady_clock::now() < deadline) {
    timer.expires_after(kStopPoll);
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  for (const auto& weak : connections) {
    if (const auto connection = weak.lock()) connection->abort();
  }
  if (done) done();
}

Server::Server(asio::io_context& io, Options options, Context context)
    : impl_(std::make_shared<Impl>(io, std::move(options), std::move(context))) {}

Server::~Server() {
  impl_->app.stopping = true;
  error_code ignored;
  for (auto& acceptor : impl_->acceptors) acceptor.close(ignored);
  for (const auto& weak : impl_->connections) {
    if (const auto connection = weak.lock()) connection->abort();
  }
}

std::expected<void, std::string> Server::open() {
  for (const auto& endpoint : impl_->app.options.listen) {
    if (auto opened = impl_->listen(endpoint); !opened) return opened;
  }
  for (std::size_t i = 0; i < impl_->acceptors.size(); ++i) {
    asio::co_spawn(impl_->io, impl_->accept_loop(i), asio::detached);
  }
  return {};
}

const std::vector<Endpoint>& Server::endpoints() const { return impl_->bound; }

void Server::stop(std::function<void()> done) {
  impl_->app.stopping = true;
  error_code ignored;
  for (auto& acceptor : impl_->acceptors) acceptor.close(ignored);
  impl_->app.holds.release_all();
  for (const auto& weak : impl_->connections) {
    if (const auto connection = weak.lock()) connection->finish();
  }
  asio::co_spawn(impl_->io, impl_->wind_down(std::move(done)), asio::detached);
}

}  // namespace api
