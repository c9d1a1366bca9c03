// Dynamic updates on their way: prerequisites, plan, commit, reply (RFC 2136 3).
//
// Owner: the control thread. The reply comes when the change is committed and answered by DNS, as with the API. An
// update is planned on what the registry holds and carries those revisions as preconditions; one that met another
// write in between is planned anew. Updates with prerequisites go one at a time, and only while no other write is under
// way: between their check and their commit nothing changes.
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
  static constexpr int kTries = 3;

  using Done = std::move_only_function<void(transfer::ReplyParts)>;
  Updates(const registry::Registry& registry, registry::WritePath& writes, const transfer::Catalog& catalog);

  void run(wire::Message message, Done done);

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
};

}  // namespace dnsd::update
