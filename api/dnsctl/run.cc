#include "api/dnsctl/run.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <cstring>
#include <functional>
#include <ostream>
#include <utility>

#include "api/dnsctl/child.h"
#include "registry/basics.h"

namespace ctl {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr milliseconds kRetry{1000};     // while the server is away
constexpr milliseconds kReconnect{100};  // after a session that was open: the grace runs
constexpr milliseconds kDefaultLease{10'000};
constexpr milliseconds kGoodbye{5'000};  // for the last DELETE

// A path that the server does not know, rather than a namespace that is not there (yet).
bool knows_no_sessions(const Response& reply) {
  if (reply.status == 405) return true;
  return reply.status == 404 && !cell(reply.json(), "type").starts_with("urn:dnsd:problem:unknown-");
}

// One thread, one io_context; every coroutine below lives until the io_context stops.
class Sidecar {
 public:
  Sidecar(asio::io_context& io, const Session& session, Registration registration, std::string service,
          milliseconds lease, milliseconds grace, Child child)
      : session_(session),
        registration_(std::move(registration)),
        service_(std::move(service)),
        lease_(lease),
        grace_(grace),
        child_(child),
        signals_(io),
        wake_(io),
        pause_(io) {
    for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD}) signals_.add(number);
  }

  int run(asio::io_context& io) {
    asio::co_spawn(io, keep_registered(), asio::detached);
    asio::co_spawn(io, follow_signals(io), asio::detached);
    io.run();
    return exit_code_.value_or(static_cast<int>(ExitCode::error));
  }

  [[nodiscard]] bool may_be_registered() const { return maybe_registered_; }

 private:
  std::string target(std::string_view tail = {}) const {
    auto parts = Target({"services", service_, "instances", registration_.id}).text();
    return tail.empty() ? parts : fmt::format("{}/{}", parts, tail);
  }

  void say(const std::string& sentence) const { session_.err << "dnsctl: " << sentence << std::endl; }

  // By a session: registered as long as the connection lives. A server that knows no sessions is given heartbeats.
  asio::awaitable<void> keep_registered() {
    while (!exit_code_ && !heartbeats_) {
      if (stopping_) co_return;  // what is about to end is not put back into DNS
      maybe_registered_ = true;  // from here on, also when the answer is lost or a signal comes before it
      registered_ = false;
      const auto began = std::chrono::steady_clock::now();
      auto body = boost::json::serialize(registration_.body);
      std::function<void()> opened = [this] {
        registered_ = true;
        tell(Response{.status = 200, .body = {}});
      };
      auto reply = co_await session_.client.async_hold(Verb::post, target("session"), std::move(body), kSilence,
                                                       std::move(opened));
      heartbeats_ = reply && knows_no_sessions(*reply);
      if (heartbeats_) break;
      if (!registered_) tell(reply);
      // One that ends as soon as it began may have been taken over: two programs of one id take turns, not races.
      const bool lasted = registered_ && std::chrono::steady_clock::now() - began > kRetry;
      wake_.expires_after(lasted ? kReconnect : std::min(kRetry, lease_ / 3));
      co_await wake_.async_wait(kTuple);
    }
    registered_ = false;
    co_await keep_alive();
  }

  // Registers, then heartbeats thrice a lease; a 404 begins anew at once, another fault is tried again soon.
  asio::awaitable<void> keep_alive() {
    while (!exit_code_) {
      if (stopping_ && !registered_) co_return;
      const auto path = registered_ ? target("heartbeat") : target();
      auto body = registered_ ? std::string() : boost::json::serialize(registration_.body);
      auto reply = co_await session_.client.async_call(Verb::put, path, std::move(body));
      const bool forgotten = registered_ && reply && reply->status == 404;
      tell(reply);
      if (reply && reply->ok()) registered_ = true;
      if (forgotten) registered_ = false;
      if (forgotten) continue;
      wake_.expires_after(reply && reply->ok() ? lease_ / 3 : std::min(kRetry, lease_ / 3));
      co_await wake_.async_wait(kTuple);
    }
  }

  // Says what changed, once.
  void tell(const Reply& reply) {
    std::string now = fmt::format("registered {}.{}", registration_.id, service_);
    if (!reply) {
      now = reply.error();
    } else if (registered_ && reply->status == 404) {
      now = "the server does not know the instance any more; registering again";
    } else if (!reply->ok()) {
      now = fmt::format("the server answered {}: {}", reply->status, cell(reply->json(), "detail"));
    }
    if (now != told_) say(now);
    told_ = now;
  }

  asio::awaitable<void> follow_signals(asio::io_context& io) {
    while (!exit_code_) {
      auto [error, number] = co_await signals_.async_wait(kTuple);
      if (error) co_return;
      const bool ends = number == SIGTERM || number == SIGINT;
      if (number == SIGCHLD) {
        exit_code_ = child_.reap();
      } else if (!ends) {
        child_.signal(number);
      } else if (!std::exchange(stopping_, true)) {
        asio::co_spawn(io, drain_then_stop(number), asio::detached);
      } else {  // asked twice: now
        stop_sent_ = true;
        child_.signal(number);
        pause_.cancel();
      }
    }
    io.stop();
  }

  asio::awaitable<void> drain_then_stop(int number) {
    if (maybe_registered_) {
      auto reply = co_await session_.client.async_call(Verb::post, target("drain"));
      if (reply && reply->ok()) {
        const auto left = registry::parse_duration(cell(reply->json(), "left")).value_or(milliseconds(0));
        const auto wait = std::min<milliseconds>(left, grace_);
        say(fmt::format("draining; the program is stopped in {}", registry::format_duration(wait)));
        pause_.expires_after(wait);
        if (!stop_sent_) co_await pause_.async_wait(kTuple);
      } else {
        say("could not drain; stopping the program now");
      }
    }
    if (!std::exchange(stop_sent_, true)) child_.signal(number);
  }

  const Session& session_;
  Registration registration_;
  std::string service_;
  milliseconds lease_, grace_;
  Child child_;
  asio::signal_set signals_;
  asio::steady_timer wake_, pause_;
  std::optional<int> exit_code_;
  std::string told_;
  bool registered_ = false;        // as far as the last answer said
  bool heartbeats_ = false;        // the server knows no sessions
  bool maybe_registered_ = false;  // there may be something to deregister
  bool stopping_ = false;          // SIGTERM or SIGINT came
  bool stop_sent_ = false;         // and was passed on
};

// Held back between the start of the child and the moment when the sidecar listens for them.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  sigset_t before_{};
};

int cannot_start(const Session& session, const std::string& program, int error) {
  session.err << fmt::format("dnsctl: cannot run {}: {}\n", program, std::strerror(error));
  return error == ENOENT ? kNotFound : kCannotRun;
}

}  // namespace

int run_program(const Session& session, const RunFlags& flags) {
  auto instance = flags.instance;
  if (!instance.lease) instance.lease = registry::format_duration(kDefaultLease);
  const auto lease = registry::parse_duration(*instance.lease);
  if (!lease || lease->count() == 0) {
    return static_cast<int>(
        usage(session, fmt::format("--lease wants a duration such as 10s, not \"{}\"", *instance.lease)));
  }
  const auto registration = make_registration(instance);
  if (!registration) return static_cast<int>(usage(session, registration.error()));
  const auto service = full_service_name(session, flags.service);
  if (!service) return static_cast<int>(service.error());

  asio::io_context io;
  std::optional<Sidecar> sidecar;
  {
    const BlockedSignals blocked;
    const auto child = Child::start(flags.command);
    if (!child) return cannot_start(session, flags.command.front(), child.error());
    sidecar.emplace(io, session, *registration, *service, *lease, flags.grace, *child);
  }
  const int code = sidecar->run(io);
  if (sidecar->may_be_registered()) {
    const auto reply = session.client.with_timeout(kGoodbye).call(
        Verb::delete_, Target({"services", *service, "instances", registration->id}).text());
    if (!reply || !reply->ok()) session.err << "dnsctl: could not deregister; the lease ends by itself\n";
  }
  return code;
}

}  // namespace ctl
