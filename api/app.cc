#include "api/app.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace api {

Holds::Hold::Hold(Holds& owner, const boost::asio::any_io_executor& executor)
    : event(executor), owner_(owner), place_(owner.holds_.insert(owner.holds_.end(), this)) {}

Holds::Hold::~Hold() { owner_.holds_.erase(place_); }

std::shared_ptr<Holds::Hold> Holds::take(const boost::asio::any_io_executor& executor) {
  if (holds_.size() >= limit_) return nullptr;
  return std::make_shared<Hold>(*this, executor);
}

void Holds::wake(const std::shared_ptr<Hold>& hold) {
  woken_->push_back(hold);
  if (woken_->size() > 1) return;  // the handler is on its way
  boost::asio::post(hold->event.executor(), [woken = woken_] {
    for (const auto& weak : std::exchange(*woken, {})) {
      if (const auto held = weak.lock()) held->event.set();
    }
  });
}

void Holds::release_all() {
  for (auto* hold : holds_) {
    hold->gone = true;
    hold->event.set();
  }
}

Indexes::Indexes(registry::Feed& feed)
    : subscription_(feed.subscribe("", [this](const registry::ChangeSet& changes) { note(changes); })) {}

void Indexes::start_at(registry::Revision revision) {
  for (auto* index : {&namespaces_, &services_, &overrides_, &guard_}) *index = std::max(*index, revision);
}

void Indexes::note(const registry::ChangeSet& changes) {
  for (const auto& change : changes.changes) {
    switch (change.kind) {
      case registry::ChangeKind::ns:
        namespaces_ = std::max(namespaces_, changes.revision);
        break;
      case registry::ChangeKind::service:
      case registry::ChangeKind::instance:
        services_ = std::max(services_, changes.revision);
        break;
      case registry::ChangeKind::override_rule:
        overrides_ = std::max(overrides_, changes.revision);
        break;
      case registry::ChangeKind::guard:
        guard_ = std::max(guard_, changes.revision);
        break;
    }
  }
}

App::App(boost::asio::any_io_executor io, Options opts, Context lent)
    : executor(std::move(io)),
      options(std::move(opts)),
      context(std::move(lent)),
      holds(options.max_watchers),
      indexes(context.feed),
      history_feed(context.feed.subscribe("", [this](const registry::ChangeSet& set) { history.note(set); })),
      started(context.clock().mono) {}

bool App::open_for_business() {
  if (loaded_at) return true;
  if (context.ready && !context.ready().store) return false;
  loaded_at = context.registry.revision();
  indexes.start_at(*loaded_at);
  return true;
}

boost::asio::awaitable<registry::WriteResult> App::submit(std::vector<registry::Command> commands, bool atomic) {
  auto start = [this, atomic, list = std::move(commands)](auto done) mutable {
    context.writes.submit(std::move(list), atomic, std::move(done));
  };
  auto result = co_await until_done<registry::WriteResult>(executor, std::move(start));
  co_return result;
}

}  // namespace api
