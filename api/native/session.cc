// A registration bound to its connection, as an ephemeral node of ZooKeeper is to its session: as long as the
// connection is open the lease is renewed here; when it ends, for whatever reason, one lease more runs, in which the
// client may come back. A peer that died without a word is found by TCP keepalive (HttpSocket::detect_dead_peer).
//
// The newest session of an instance owns it. One that was replaced, deregistered or left alone ends its stream: for a
// client the end of the stream means "register again", as a heartbeat's 404 does.
#include <algorithm>

#include "api/long_poll.h"
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/registration.h"
#include "registry/codec/codec.h"
#include "registry/judge.h"

namespace api::native {

using registry::DomainName;
using registry::Millis;
using registry::Mono;

namespace {

constexpr Millis kGrace{10'000};  // where the body names no lease: two reconnects, and a pause of the client

// The heartbeat check of the registration, made where there is none: its lease is the grace.
Millis grace_of(registry::InstanceDef& def) {
  for (const auto& check : def.checks) {
    if (check.kind == registry::CheckKind::heartbeat) return check.lease;
  }
  registry::CheckDef lease;
  lease.name = "lease";
  lease.kind = registry::CheckKind::heartbeat;
  lease.lease = kGrace;
  def.checks.push_back(std::move(lease));
  return kGrace;
}

class Session {
 public:
  Session(App& app, App::SessionKey key, Millis grace, std::shared_ptr<Holds::Hold> hold)
      : app_(app),
        key_(std::move(key)),
        grace_(grace),
        hold_(std::move(hold)),
        subscription_(app.context.feed.subscribe(key_.first, [this](const auto& changes) { follow(changes); })) {}
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  awaitable<std::optional<std::string>> next();

 private:
  [[nodiscard]] bool owner() const;
  void follow(const registry::ChangeSet& changes);
  bool renew();

  App& app_;
  App::SessionKey key_;
  Millis grace_;  // its lease, as last seen
  std::shared_ptr<Holds::Hold> hold_;
  registry::Feed::Subscription subscription_;
  std::optional<Mono> comment_at_;  // unset: nothing was sent yet
};

bool Session::owner() const {
  const auto found = app_.sessions.find(key_);
  return found != app_.sessions.end() && found->second.lock() == hold_;
}

// The grace begins now, not when the lease was renewed last.
Session::~Session() {
  if (!owner()) return;
  app_.sessions.erase(key_);
  if (!app_.stopping) renew();
}

void Session::follow(const registry::ChangeSet& changes) {
  const auto ours = [&](const registry::Change& change) {
    const bool registered = change.op == registry::ChangeOp::remove || change.op == registry::ChangeOp::put;
    return registered && change.service == key_.first && change.id == key_.second;
  };
  if (std::ranges::any_of(changes.changes, ours)) app_.holds.wake(hold_);
}

// False when the instance is gone, or was registered anew without a lease: then it does not live by this connection.
bool Session::renew() {
  const auto now = app_.now();
  const auto* instance = app_.registry().find_instance(key_.first, key_.second);
  const int beat = instance ? registry::heartbeat_of(*instance->checks) : -1;
  if (beat < 0) return false;
  grace_ = (*instance->checks)[static_cast<std::size_t>(beat)].lease;
  if (!instance->forget_at) {
    app_.context.writes.observe(app_.registry().renew_lease(key_.first, key_.second, now), registry::reported(now));
    return true;
  }
  // Its lease ended although we are here: this thread did not run for that long.
  auto changes = app_.registry().heartbeat(key_.first, key_.second, {}, {}, {}, now);
  if (!changes) return false;
  app_.context.writes.observe(std::move(*changes), registry::reported(now));
  return true;
}

awaitable<std::optional<std::string>> Session::next() {
  using Clock = std::chrono::steady_clock;
  if (!comment_at_) {
    comment_at_ = Clock::now() + app_.options.keep_alive;
    co_return fmt::format(": {} of {} lives as long as this connection, and {} more\n\n", key_.second, key_.first,
                          registry::format_duration(grace_));
  }
  for (;;) {
    if (hold_->gone || app_.stopping || !owner() || !renew()) co_return std::nullopt;
    hold_->event.clear();
    // Three chances to be renewed before it ends, as a client that heartbeats gives itself.
    co_await hold_->event.wait_until(std::min(*comment_at_, Clock::now() + grace_ / 3));
    if (Clock::now() < *comment_at_) continue;
    comment_at_ = Clock::now() + app_.options.keep_alive;
    co_return std::string(": keep-alive\n\n");
  }
}

Response stream_of(App& app, Request& request, App::SessionKey key, Millis grace, std::shared_ptr<Holds::Hold> hold) {
  auto& place = app.sessions[key];
  if (const auto before = place.lock()) {
    before->gone = true;
    before->event.set();
  }
  place = hold;
  watch_peer(request, hold);
  if (request.detect_dead_peer) request.detect_dead_peer();
  auto session = std::make_shared<Session>(app, std::move(key), grace, std::move(hold));
  Response response;
  response.content_type = "text/event-stream";
  response.close = true;  // the connection is the session: it carries no further request
  response.pieces = [session] { return session->next(); };
  return response;
}

struct Wanted {
  DomainName service;
  registry::InstanceDef def;
  Millis grace{};
};

Result<Wanted> read_session(const App& app, const Request& request) {
  auto name = name_to_write(request.params[0]);
  if (!name) return std::unexpected(std::move(name.error()));
  std::optional<json::value> body;
  if (!request.body.empty()) {
    auto parsed = registry::codec::parse_document(request.body);
    if (!parsed) return std::unexpected(std::move(parsed.error()));
    body.emplace(std::move(*parsed));
  }
  auto def = read_registration(app, request, *name, body ? &*body : nullptr);
  if (!def) return std::unexpected(std::move(def.error()));
  Wanted wanted{std::move(*name), std::move(*def), {}};
  wanted.grace = grace_of(wanted.def);
  return wanted;
}

}  // namespace

awaitable<Response> post_session(App& app, Request& request) {
  auto wanted = read_session(app, request);
  if (!wanted) co_return problem_response(wanted.error());
  auto hold = app.holds.take(app.executor);
  if (!hold) co_return too_many_watchers(app);
  App::SessionKey key{wanted->service.key(), wanted->def.id};
  std::vector<registry::Command> commands;
  commands.emplace_back(registry::PutInstance{std::move(wanted->service), std::move(wanted->def), {}});
  const auto written = co_await app.submit(std::move(commands), false);
  const auto& result = written.results.at(0);
  if (!result) co_return problem_response(result.error());
  auto response = stream_of(app, request, std::move(key), wanted->grace, std::move(hold));
  response.set("X-Dnsd-Index", std::to_string(std::max<registry::Revision>(written.revision, 1)));
  co_return response;
}

}  // namespace api::native
