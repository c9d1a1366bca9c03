// Dynamic updates on their way: prerequisites, plan, commit, reply (RFC 2136 3).
//
// Owner: the control thread. The reply comes when the change is committed and answered by DNS, as with the API. An
// update is planned on what the registry holds and carries those revisions as preconditions; one that met another
// write in between is planned anew. Updates with prerequisites go one at a time, and between two batches of writes:
// between their check and their commit nothing changes.
#pragma once

#include <deque>
#include <functional>
#include <memory>

#include "dnsd/transfer/catalog.h"
#include "dnsd/transfer/exchange.h"
#include "dnsd/update/plan.h"
#include "registry/write/write_path.h"

namespace dnsd::update {

class Updates {
 public:
  static constexpr std::size_t kMaxWaiting = 1'024;  // with prerequisites; over it SERVFAIL
  // Of all sections of one message; over it REFUSED. Each may walk the instances of a service, and all of it happens in
  // one go on the control thread: 1,000 records at a service of 10,000 instances (the default limit) are ten million
  // short steps. Whoever registers more sends another message.
  static constexpr std::size_t kMaxUpdateRecords = 1'000;
  static constexpr int kTries = 3;

  using Done = std::move_only_function<void(transfer::ReplyParts)>;
  Updates(const registry::Registry& registry, registry::WritePath& writes, const transfer::Catalog& catalog);

  void run(wire::Message message, Done done);
  // From now on SERVFAIL, to those in the line too; what has begun is finished. Before the write path is drained.
  void stop();

  struct Counts {
    std::uint64_t applied = 0, refused = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  struct Job {
    wire::Message message;
    Done done;
    int tries = 0;
  };
  using JobPtr = std::shared_ptr<Job>;
  void attempt(const JobPtr& job);
  void next_in_line();
  void committed(const JobPtr& job, const Plan& plan, const registry::WriteResult& result);
  void reply(const JobPtr& job, transfer::ReplyParts parts);

  const registry::Registry& registry_;
  registry::WritePath& writes_;
  const transfer::Catalog& catalog_;
  std::deque<JobPtr> line_;  // with prerequisites; the first is at work
  Counts counts_;
  bool stopped_ = false;
};

}  // namespace dnsd::update
