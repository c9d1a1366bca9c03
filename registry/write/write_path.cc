#include "registry/write/write_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace registry {
namespace {

// One commit is one fsync and one apply on the control thread: 1,024 registrations each in a submission of its own, or
// eight full batches, take some tens of milliseconds. More would make observations wait.
constexpr std::size_t kCommitSubmissions = 1024;
constexpr std::size_t kCommitCommands = 8192;
constexpr std::size_t kCommandsPerWaiting = 64;  // bounds the commands that wait to 64 x max_waiting

Problem not_done() {
  return {ProblemKind::failed_dependency, "not done, because another operation of the batch failed", {}, {}};
}

// Runs one submission's commands. On a failure of an atomic one nothing of it stays in `transaction`; it may be judged
// again (settle_failed), so that only others, and only where they can change, are consumed by what they stage.
template <class Commands>
WriteResult run(Transaction& transaction, Commands& commands, bool atomic) {
  WriteResult result;
  result.results.reserve(commands.size());
  const auto mark = transaction.mark();
  for (auto& command : commands) {
    result.results.push_back(atomic ? transaction.run(std::as_const(command)) : transaction.run(std::move(command)));
    if (result.results.back() || !atomic) continue;
    const std::size_t failed = result.results.size() - 1;
    Problem problem = std::move(result.results.back()).error();
    transaction.roll_back(mark);
    result.results.assign(commands.size(), std::unexpected(not_done()));
    result.results[failed] = std::unexpected(std::move(problem));
    result.failed_index = failed;
    break;
  }
  return result;
}

bool changes_something(const Result<Outcome>& result) {
  return result && *result != Outcome::unchanged && *result != Outcome::absent;
}

void refuse(WriteResult& result, const Problem& problem) {
  for (auto& one : result.results) {
    if (one) one = std::unexpected(problem);
  }
}

}  // namespace

WritePath::WritePath(Registry& registry, store::CommitLog& log, Clock clock, Publish publish, std::size_t max_waiting)
    : registry_(registry),
      log_(log),
      clock_(std::move(clock)),
      publish_(std::move(publish)),
      max_waiting_(max_waiting) {}

WritePath::~WritePath() { *alive_ = false; }

std::size_t WritePath::waiting() const { return waiting_.size(); }
bool WritePath::read_only() const { return read_only_; }

void WritePath::submit(std::vector<Command> commands, bool atomic, Done done, std::optional<Accepted> accepted) {
  const bool full = (overloaded_ && overloaded_()) || waiting_.size() >= max_waiting_ ||
                    (!waiting_.empty() && waiting_commands_ + commands.size() > max_waiting_ * kCommandsPerWaiting);
  if (full) {
    const Problem problem{
        ProblemKind::overloaded, fmt::format("{} writes wait already", waiting_.size()), {}, "try again in a second"};
    WriteResult result;
    result.revision = registry_.revision();
    result.results.assign(commands.size(), std::unexpected(problem));
    return done(std::move(result));
  }
  waiting_commands_ += commands.size();
  if (!accepted) accepted = Accepted{Event::write, clock_().mono};
  waiting_.push_back({std::move(commands), atomic, std::move(done), *accepted});
  pump();
}

WriteResult WritePath::dry_run(const std::vector<Command>& commands, bool atomic) const {
  Transaction transaction(registry_, clock_());
  WriteResult result = run(transaction, commands, atomic);
  result.revision = registry_.revision();
  return result;
}

// A callback may submit again: the loop that is running already takes it up.
void WritePath::pump() {
  if (pumping_) return;
  pumping_ = true;
  run_batches();
  pumping_ = false;
  if (committing_ || !waiting_.empty()) return;
  for (auto& next : std::exchange(drained_, {})) next();
}

void WritePath::run_batches() {
  while (!committing_ && !(waiting_.empty() && at_boundary_.empty())) {
    if (!at_boundary_.empty()) call_at_boundary();
    if (waiting_.empty()) continue;
    Batch batch = gather(clock_());
    for (const auto& [service, id] : std::exchange(batch.renewals, {})) {
      observe(registry_.renew_lease(service, id, clock_()));
    }
    if (batch.record.effects.empty()) {
      // Nothing to commit. All that these commands may have seen is durable: no commit is under way.
      answer(std::move(batch.answers));
    } else {
      commit(std::move(batch));
    }
  }
}

void WritePath::call_at_boundary() {
  auto next = std::move(at_boundary_.front());
  at_boundary_.pop_front();
  std::deque<Submission> others = std::exchange(waiting_, {});
  next();
  for (; !waiting_.empty(); waiting_.pop_back()) others.push_front(std::move(waiting_.back()));
  waiting_ = std::move(others);
}

WritePath::Batch WritePath::gather(const Now& now) {
  Batch batch;
  Transaction transaction(registry_, now);
  std::size_t commands = 0;
  while (!waiting_.empty() && batch.answers.size() < kCommitSubmissions) {
    const std::size_t size = waiting_.front().commands.size();
    if (commands != 0 && commands + size > kCommitCommands) break;
    commands += size;
    waiting_commands_ -= size;
    Submission submission = std::move(waiting_.front());
    waiting_.pop_front();
    const std::size_t before = transaction.mark().effects;
    WriteResult result = run(transaction, submission.commands, submission.atomic);
    for (std::size_t i = 0; i < size; ++i) {
      const auto* put = std::get_if<PutInstance>(&submission.commands[i]);
      if (put && result.results[i] && *result.results[i] == Outcome::unchanged) {
        batch.renewals.push_back({put->service.key(), put->def.id});
      }
    }
    const bool staged = transaction.mark().effects != before || std::ranges::any_of(result.results, changes_something);
    batch.answers.push_back({std::move(submission), std::move(result), staged});
  }
  batch.record.at = now.wall;
  batch.record.effects = transaction.take();
  return batch;
}

void WritePath::commit(Batch batch) {
  committing_ = true;
  batch.record.revision = registry_.reserve_revision();
  stamp_revisions(batch.record);
  end_of(batch.record);
  const auto shared = std::make_shared<Batch>(std::move(batch));
  log_.commit(shared->record, [this, shared, alive = alive_](std::optional<Problem> failure) {
    if (*alive) finish(std::move(*shared), std::move(failure));
  });
}

// Apply, publish, keep, and only then may the callers go on: when they hear success, DNS answers it already.
void WritePath::finish(Batch batch, std::optional<Problem> failure) {
  committing_ = false;
  read_only_ = failure.has_value();
  ending_.clear();
  std::vector<Effect> held = std::exchange(held_, {});
  Revision announced = 0;
  if (failure) {
    if (!held.empty()) log_.write_behind(std::move(held), registry_.revision());
    for (Answer& one : batch.answers) settle_failed(one, *failure);
  } else {
    const ChangeSet changes = registry_.apply(std::move(batch.record), clock_());
    announced = changes.revision;
    if (!changes.empty()) {
      const Mono published = publish(changes);
      for (const Answer& one : batch.answers) {
        if (one.staged && changes_answers(changes)) propagation_.note(one.submission.accepted, published);
      }
    }
    keep(registry_.observed(changes));
  }
  for (Answer& one : batch.answers) {
    if (one.staged) one.result.revision = announced;
  }
  pumping_ = true;  // who submits again while others still wait for their answer comes after them
  answer(std::move(batch.answers));
  pumping_ = false;
  pump();
}

// A submission that staged nothing may have seen what others of its batch staged, and that is gone. Judged again
// alone it stands, or it shares the failure.
void WritePath::settle_failed(Answer& answer, const Problem& failure) const {
  if (!answer.staged) {
    Transaction transaction(registry_, clock_());
    WriteResult again = run(transaction, std::as_const(answer.submission.commands), answer.submission.atomic);
    if (transaction.take().empty()) {
      answer.result = std::move(again);
      return;
    }
  }
  refuse(answer.result, failure);
}

void WritePath::answer(std::vector<Answer> answers) {
  for (Answer& one : answers) {
    if (one.result.revision == 0) one.result.revision = registry_.revision();
    one.submission.done(std::move(one.result));
  }
}

void WritePath::observe(ChangeSet changes, std::optional<Accepted> accepted) {
  if (changes.empty()) return;
  const Mono published = publish(changes);
  if (accepted && changes_answers(changes)) propagation_.note(*accepted, published);
  keep(registry_.observed(changes));
}

Mono WritePath::publish(const ChangeSet& changes) {
  published_at_.reset();
  publish_(changes);
  return published_at_ ? *published_at_ : clock_().mono;
}

void WritePath::keep(std::vector<Effect> effects) {
  if (!ending_.empty()) {
    const auto ends = [&](const Effect& effect) {
      const auto* state = std::get_if<CheckStateEffect>(&effect);
      return state && (ending_.contains({state->service, state->id}) || ending_.contains({state->service, ""}));
    };
    const auto held = std::stable_partition(effects.begin(), effects.end(), std::not_fn(ends));
    // Bounded by the instances of one commit's deletions; the newest of a key comes last and wins.
    held_.insert(held_.end(), std::make_move_iterator(held), std::make_move_iterator(effects.end()));
    effects.erase(held, effects.end());
  }
  log_.write_behind(std::move(effects), registry_.revision());
}

void WritePath::end_of(const Record& record) {
  for (const Effect& effect : record.effects) {
    if (const auto* instance = std::get_if<DeleteInstanceEffect>(&effect)) {
      ending_.emplace(instance->service, instance->id);
    } else if (const auto* service = std::get_if<DeleteServiceEffect>(&effect)) {
      ending_.emplace(service->service, "");
    }
  }
}

void WritePath::between_batches(std::move_only_function<void()> next) {
  at_boundary_.push_back(std::move(next));
  pump();
}

void WritePath::drain(std::move_only_function<void()> next) {
  drained_.push_back(std::move(next));
  pump();
}

}  // namespace registry
