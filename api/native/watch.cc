// Server-sent events. A reader has no queue of its own: it has a place in the event ring and at most one piece on its
// way to the socket, so that a stuck one costs nothing but its connection, until the write times out. One that falls
// out of the ring is told to start again (`reset`).
#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <random>

#include "api/long_poll.h"
#include "api/native/common.h"
#include "api/native/handlers.h"
#include "api/native/render.h"

namespace api::native {

using registry::Change;
using registry::ChangeKind;
using registry::ChangeOp;
using registry::ChangeSet;
using registry::Revision;

namespace {

constexpr std::size_t kPiece = 64 << 10;  // a piece is closed when it is this long
constexpr std::size_t kBatch = 256;       // change sets taken from the ring at once

std::string_view kind_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::ns:
      return "namespace";
    case ChangeKind::service:
      return "service";
    case ChangeKind::instance:
      return "instance";
    case ChangeKind::override_rule:
      return "override";
    case ChangeKind::guard:
      return "guard";
  }
  return "";
}

std::string_view op_of(ChangeOp op) {
  return op == ChangeOp::put ? "put" : op == ChangeOp::remove ? "delete" : "state";
}

json::object change_json(const Change& change) {
  json::object out{{"kind", kind_of(change.kind)}, {"op", op_of(change.op)}};
  if (change.kind == ChangeKind::service || change.kind == ChangeKind::instance) {
    out["service"] = change.service;
  } else {
    out["name"] = change.service;
  }
  if (change.kind == ChangeKind::guard) out["reason"] = change.reason;
  if (change.kind != ChangeKind::instance) return out;
  out["id"] = change.id;
  if (change.op == ChangeOp::remove) return out;
  out["available"] = change.available;
  out["reason"] = change.reason;
  return out;
}

// A change set as the text that every reader of it is sent.
struct Event {
  std::shared_ptr<const ChangeSet> changes;  // what it was made of; null = nothing yet
  std::string text;
  std::string_view service;  // all of it is about this one; "" = about several, or about something else
};

bool is_about(const Change& change, std::string_view service) {
  return (change.kind == ChangeKind::service || change.kind == ChangeKind::instance) && change.service == service;
}

// Empty when nothing of it is for a reader of that service ("" = of everything).
std::string encode(const ChangeSet& changes, std::string_view service) {
  json::array list;
  for (const auto& change : changes.changes) {
    if (service.empty() || is_about(change, service)) list.push_back(change_json(change));
  }
  if (list.empty()) return {};
  const json::object data{{"revision", changes.revision}, {"changes", std::move(list)}};
  return fmt::format("id: {}\nevent: change\ndata: {}\n\n", changes.revision, json::serialize(data));
}

// Encoded once for all readers: they read the same few revisions one after the other. Control thread.
const Event& encode_once(const std::shared_ptr<const ChangeSet>& changes) {
  static thread_local std::array<Event, 64> recent;
  auto& event = recent[changes->revision % recent.size()];
  if (event.changes == changes) return event;
  const auto& list = changes->changes;
  const bool one = !list.empty() && std::ranges::all_of(list, [&](const Change& change) {
    return is_about(change, list.front().service);
  });
  event = {changes, encode(*changes, ""), one ? std::string_view(list.front().service) : std::string_view()};
  return event;
}

class Watcher {
 public:
  Watcher(App& app, std::string service, std::shared_ptr<Holds::Hold> hold);
  void resume_after(Revision revision) { cursor_ = revision, snapshot_ = false; }
  awaitable<std::optional<std::string>> next();

 private:
  void woken(const ChangeSet& changes);
  std::string begin();
  std::string snapshot_piece();
  std::string changes_piece();
  void append_event(std::string& out, const std::shared_ptr<const ChangeSet>& changes) const;
  std::string reset();

  App& app_;
  std::string service_;  // folded; "" = everything
  std::shared_ptr<Holds::Hold> hold_;
  registry::Feed::Subscription subscription_;
  Revision cursor_ = 0;  // everything up to here was told
  bool begun_ = false;
  bool snapshot_ = true;            // a snapshot is due or under way
  bool first_item_ = true;          // of the snapshot
  std::string at_service_, at_id_;  // where the snapshot goes on
  bool idle_ = false;               // all told: nothing of interest happened after cursor_
};

Watcher::Watcher(App& app, std::string service, std::shared_ptr<Holds::Hold> hold)
    : app_(app), service_(std::move(service)), hold_(std::move(hold)) {
  subscription_ = app.context.feed.subscribe(service_, [this](const ChangeSet& changes) { woken(changes); });
}

void Watcher::woken(const ChangeSet& changes) {
  // Nothing for this reader lies between its cursor and this change, however old the cursor is.
  if (std::exchange(idle_, false)) cursor_ = std::max(cursor_, changes.revision - 1);
  app_.holds.wake(hold_);
}

std::string Watcher::reset() {
  cursor_ = app_.registry().revision();
  return fmt::format("id: {}\nevent: reset\ndata: {{\"revision\":{}}}\n\n", cursor_, cursor_);
}

std::string Watcher::begin() {
  begun_ = true;
  // Readers of one server that restarts shall not come back in one instant.
  static thread_local std::minstd_rand random{std::random_device{}()};
  auto out = fmt::format("retry: {}\n\n", std::uniform_int_distribution<int>(1000, 5000)(random));
  if (snapshot_) {
    // Changes from here on follow as events; those that the snapshot holds already are told once more.
    cursor_ = app_.registry().revision();
    out += fmt::format("id: {}\nevent: snapshot\ndata: {{\"revision\":{},\"instances\":[", cursor_, cursor_);
    at_service_ = service_;
  } else if (cursor_ < app_.context.feed.oldest() || cursor_ > app_.registry().revision()) {
    out += reset();
  }
  return out;
}

std::string Watcher::snapshot_piece() {
  std::string out;
  const auto& services = app_.registry().services();
  for (auto at = services.lower_bound(at_service_); at != services.end(); ++at) {
    if (!service_.empty() && at->first != service_) break;
    const auto& instances = at->second.instances;
    if (at->first != at_service_) at_id_.clear();
    at_service_ = at->first;
    for (auto one = at_id_.empty() ? instances.begin() : instances.upper_bound(at_id_); one != instances.end(); ++one) {
      if (!std::exchange(first_item_, false)) out += ',';
      out += json::serialize(instance_json(app_, at->second, one->second));
      at_id_ = one->first;
      if (out.size() >= kPiece) return out;
    }
  }
  snapshot_ = false;
  return out + "]}\n\n";
}

void Watcher::append_event(std::string& out, const std::shared_ptr<const ChangeSet>& changes) const {
  const auto& event = encode_once(changes);
  if (service_.empty() || service_ == event.service) {
    out += event.text;
  } else if (event.service.empty()) {
    out += encode(*changes, service_);
  }
}

std::string Watcher::changes_piece() {
  std::string out;
  for (;;) {
    const auto found = app_.context.feed.since(cursor_, kBatch);
    if (!found) return out + reset();
    if (found->empty()) break;
    for (const auto& changes : *found) {
      append_event(out, changes);
      cursor_ = changes->revision;
      if (out.size() >= kPiece) return out;
    }
  }
  idle_ = true;
  return out;
}

awaitable<std::optional<std::string>> Watcher::next() {
  if (!begun_) co_return begin();
  if (snapshot_) co_return snapshot_piece();
  for (;;) {
    if (hold_->gone || app_.stopping) co_return std::nullopt;
    hold_->event.clear();
    // Asked only when something of interest happened: the place of a reader that had nothing to read for long may have
    // left the ring without a loss to it.
    auto out = idle_ ? std::string() : changes_piece();
    if (!out.empty()) co_return out;
    const auto keep_alive = std::chrono::steady_clock::now() + app_.options.keep_alive;
    const bool woken = co_await hold_->event.wait_until(keep_alive);
    if (!woken) co_return std::string(": keep-alive\n\n");
  }
}

}  // namespace

Response get_watch(App& app, const Request& request) {
  std::string service;
  if (const auto text = request.parameter("service"); text && !text->empty()) {
    auto name = name_to_read(*text, registry::ProblemKind::unknown_service);
    if (!name) return problem_response(name.error());
    service = name->key();
  }
  Request asked = request;  // Last-Event-ID is where a reader that was cut off goes on (it knows better than its URL)
  if (const auto last = request.header("last-event-id"); !last.empty()) {
    std::erase_if(asked.query, [](const auto& pair) { return pair.first == "index"; });
    asked.query.emplace_back("index", std::string(last));
  }
  const auto index = number_parameter(asked, "index");
  if (!index) return problem_response(index.error());
  auto hold = app.holds.take(app.executor);
  if (!hold) return too_many_watchers(app);
  watch_peer(request, hold);
  auto watcher = std::make_shared<Watcher>(app, std::move(service), std::move(hold));
  if (*index) watcher->resume_after(**index);
  Response response;
  response.content_type = "text/event-stream";
  response.set("X-Dnsd-Index", std::to_string(std::max<Revision>(app.registry().revision(), 1)));
  response.pieces = [watcher] { return watcher->next(); };
  return response;
}

}  // namespace api::native
