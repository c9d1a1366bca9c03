// Freeing what workers may still read: quiescent-state reclamation (MECHANISMS 4).
//
// Writer: the control thread retires immutable blocks after they were replaced. Readers: each DNS worker owns a
// `Reader`, goes online before it loads the table of a batch and offline before it blocks. A block is freed when every
// reader has been offline, or has gone online anew, since it was retired.
//
// Invariant: a reader loads table pointers only between online() and offline().
// Bounded: `kMaxRetired` blocks wait; the caller refuses writes (503) above it, never the workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace dnsd::answers {

class Reclaimer {
 public:
  static constexpr std::size_t kMaxRetired = 1'000'000;  // about 100 MB of small blocks; a stuck worker is a bug

  struct alignas(64) Reader {
    std::atomic<std::uint64_t> seen{0};  // 0 = offline, else the epoch it went online with
  };

  // Before the workers start, on the control thread. The reader lives as long as the reclaimer.
  Reader& add_reader();

  // Worker thread. An exchange, and on the writer's side a read-modify-write of the same word: of the two one comes
  // first, and the other sees it. Either the writer sees this epoch and waits, or it came first, and then this exchange
  // acquires what the writer replaced before, so that the worker's first table load finds the new pointers. Without
  // fences, hence visible to the thread sanitizer; on x86 it is the instruction of a seq_cst store.
  void online(Reader& reader) const noexcept {
    reader.seen.exchange(epoch_.load(std::memory_order_acquire), std::memory_order_acq_rel);
  }
  static void offline(Reader& reader) noexcept { reader.seen.store(0, std::memory_order_release); }
  // Worker thread: how often something was retired, ever. Unchanged since online(): nothing that the worker holds was
  // replaced. It lies beside the epoch, which online() reads anyway. What the writer did before retire() is visible
  // to who sees it counted.
  [[nodiscard]] std::uint64_t retirements() const noexcept { return retirements_.load(std::memory_order_acquire); }

  // Control thread. The block is out of the table already. Order of freeing = order of retiring.
  void retire(std::move_only_function<void()> free);
  std::size_t collect();  // frees what no reader can hold any more; returns how many
  [[nodiscard]] std::size_t waiting() const { return retired_.size(); }
  // True once every reader has passed a quiescent point since `epoch` = the value of advance(). Used by drain: after
  // it, no worker can still be answering from the block that was replaced before advance().
  std::uint64_t advance();
  [[nodiscard]] bool passed(std::uint64_t epoch) const;

 private:
  struct Retired {
    std::uint64_t epoch;
    std::move_only_function<void()> free;
  };
  [[nodiscard]] std::uint64_t oldest() const;

  std::atomic<std::uint64_t> epoch_{1};
  std::atomic<std::uint64_t> retirements_{0};
  std::vector<std::unique_ptr<Reader>> readers_;
  std::deque<Retired> retired_;
};

}  // namespace dnsd::answers
