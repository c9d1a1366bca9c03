// The one write path: commands wait -> one transaction -> commit (one fsync) -> apply -> publish -> callers resume.
// While one commit is on its way to the disk, the next batch gathers. Observations take the short way: apply and
// publish at once, written behind within a second; a slow or full disk never keeps a dead instance in DNS.
//
// Owner: the control thread; every callback runs there. Bounded: at most `max_waiting` submissions wait, with at most
// 64 commands each on average; more are refused with `overloaded`, before submit() returns.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "registry/registry.h"
#include "registry/store/commit_log.h"
#include "registry/transaction.h"
#include "registry/write/propagation.h"

namespace registry {

struct WriteResult {
  Revision revision = 0;                    // that the change was announced under; the current one when nothing changed
  std::vector<Result<Outcome>> results;     // one per command, in order
  std::optional<std::size_t> failed_index;  // atomic batches: the first that failed; the others are failed_dependency
};

class WritePath {
 public:
  using Done = std::move_only_function<void(WriteResult)>;
  // Called after each apply, before the callers resume: DNS publishes, watchers are told, probes follow.
  using Publish = std::function<void(const ChangeSet&)>;
  using Clock = std::function<Now()>;

  WritePath(Registry& registry, store::CommitLog& log, Clock clock, Publish publish, std::size_t max_waiting = 4096);
  WritePath(const WritePath&) = delete;
  WritePath& operator=(const WritePath&) = delete;
  ~WritePath();  // a commit under way may still finish in the log; its callers hear nothing more

  // `accepted`: where it is not a client's write of this moment.
  void submit(std::vector<Command> commands, bool atomic, Done done, std::optional<Accepted> accepted = {});
  // While `overloaded` says so, submissions are refused: the publisher's retired blocks are bounded through it.
  void refuse_while(std::function<bool()> overloaded) { overloaded_ = std::move(overloaded); }
  // Validation only: the outcomes that submit would have now. Nothing is changed.
  [[nodiscard]] WriteResult dry_run(const std::vector<Command>& commands, bool atomic) const;

  // Observations. Published before the call returns. Without `accepted` it is no event: a reload, a lease renewed.
  void observe(ChangeSet changes, std::optional<Accepted> accepted = {});
  // For the Publish callback, once the answers are changed and it goes on with what DNS does not wait for.
  void note_published() { published_at_ = clock_().mono; }
  [[nodiscard]] const Propagation& propagation() const { return propagation_; }
  // Calls `next` at the next boundary between two batches: no commit is under way, everything before is answered, and
  // what `next` submits goes ahead of all that waits, so that it meets the registry as `next` saw it. One call per
  // boundary. Unlike drain() it comes under steady writes too.
  void between_batches(std::move_only_function<void()> next);
  // Calls `next` once everything submitted so far has been answered (shutdown, tests).
  void drain(std::move_only_function<void()> next);

  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] bool read_only() const;  // the last commit failed; the next one tries again

 private:
  struct Submission {
    std::vector<Command> commands;
    bool atomic = false;
    Done done;
    Accepted accepted{};
  };
  struct Answer {  // of a submission, until the commit has told its fate
    Submission submission;
    WriteResult result;
    bool staged = false;  // the batch's record holds something of it
  };
  struct Batch {
    std::vector<Answer> answers;
    Record record;
    std::vector<Registry::InstanceRef> renewals;  // equal PUTs: their lease begins anew
  };
  void pump();
  void run_batches();
  void call_at_boundary();
  [[nodiscard]] Batch gather(const Now& now);
  void commit(Batch batch);
  void finish(Batch batch, std::optional<Problem> failure);
  void settle_failed(Answer& answer, const Problem& failure) const;
  void answer(std::vector<Answer> answers);
  void end_of(const Record& record);
  void keep(std::vector<Effect> effects);
  [[nodiscard]] Mono publish(const ChangeSet& changes);  // when DNS had it

  Registry& registry_;
  store::CommitLog& log_;
  Clock clock_;
  Publish publish_;
  std::size_t max_waiting_;
  std::function<bool()> overloaded_;
  std::deque<Submission> waiting_;
  std::size_t waiting_commands_ = 0;
  std::vector<std::move_only_function<void()>> drained_;
  std::deque<std::move_only_function<void()>> at_boundary_;
  bool committing_ = false;
  bool pumping_ = false;
  bool read_only_ = false;
  // What the commit under way ends (service, id; an empty id = the whole service). Their states are held back until
  // it is decided: written after the tombstone, they would greet the next instance of that name.
  std::set<std::pair<std::string, std::string>> ending_;
  std::vector<Effect> held_;
  Propagation propagation_;
  std::optional<Mono> published_at_;  // of the publication under way
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace registry
