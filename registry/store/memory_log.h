// A commit log that forgets: for --dev and for tests. Control thread.
#pragma once

#include <functional>

#include "registry/store/commit_log.h"

namespace registry::store {

// Runs a function on the control thread, later; callable from any thread.
using Post = std::function<void(std::move_only_function<void()>)>;

class MemoryLog final : public CommitLog {
 public:
  explicit MemoryLog(Post post) : post_(std::move(post)) {}

  [[nodiscard]] std::expected<Loaded, std::string> load() override { return Loaded{}; }
  void commit(const Record& record, Committed done) override;
  void write_behind(std::vector<Effect>, Revision) override {}
  // There is nothing that could be copied; says so.
  void backup(std::filesystem::path target, Committed done) override;
  void close(Revision) override {}
  [[nodiscard]] Stats stats() const override;

 private:
  Post post_;
  std::uint64_t commits_ = 0;
};

}  // namespace registry::store
