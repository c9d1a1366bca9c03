// What a worker holds from its first look-up to the moment its answers are with the kernel: the blocks they were made
// of stay alive as long, and an answer that left too long after its block was replaced is counted. The count is part of
// the propagation SLO (docs/operations.md): it stays 0 unless a worker was kept from running, or from sending.
//
// Threads: a worker's own; late() may be called from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>

#include "dnsd/answers/reclaim.h"
#include "dnsd/serve/responder.h"
#include "registry/basics.h"

namespace dnsd::serve {

class InHand {
 public:
  // A batch takes 0.2 ms at most where nothing stops it: 64 times 0.3 us to answer and some 2 us to send. What is
  // published meanwhile is due to the next batch; five times as long is no longer the batch's own time.
  static constexpr registry::Millis kLate{1};

  // At most `answers` are noted, or given to sent(), between two calls of it.
  InHand(answers::Reclaimer& reclaimer, std::size_t answers)
      : reclaimer_(reclaimer), reader_(reclaimer.add_reader()), room_(answers), blocks_(new Block[answers]) {}

  // Online while it lives. After the receive: what was published before it is what is answered.
  class Scope {
   public:
    explicit Scope(InHand& hand) noexcept : hand_(hand) { hand_.take(); }
    ~Scope() { hand_.let_go(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    InHand& hand_;
  };

  // A reply that waits for others to be sent with it, as respond() left it.
  void note(const Reply& reply) noexcept {
    if (reply.size != 0 && reply.block != nullptr && count_ < room_) blocks_[count_++] = reply.block;
  }
  // Right after the system call that sent what was noted, and `replies` but those that are handed over. Nothing was
  // replaced meanwhile as a rule, which one load of a word tells that take() has read.
  void sent(std::span<const Reply> replies) noexcept {
    if (reclaimer_.retirements() != retirements_) [[unlikely]]
      judge(replies);
    count_ = 0;
  }

  [[nodiscard]] std::uint64_t late() const noexcept { return late_.load(std::memory_order_relaxed); }

 private:
  using Block = const answers::ServiceBlock*;

  void take() noexcept {
    reclaimer_.online(reader_);
    retirements_ = reclaimer_.retirements();
    count_ = 0;
  }
  void let_go() noexcept { answers::Reclaimer::offline(reader_); }
  void judge(std::span<const Reply> replies) noexcept;

  answers::Reclaimer& reclaimer_;
  answers::Reclaimer::Reader& reader_;
  std::uint64_t retirements_ = 0;  // at take()
  std::size_t count_ = 0;
  const std::size_t room_;
  const std::unique_ptr<Block[]> blocks_;
  std::atomic<std::uint64_t> late_{0};
};

}  // namespace dnsd::serve
