// Test code: a folder that goes away, a stand-in for the control thread, and effects to write.
#pragma once

#include <stdlib.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "registry/effect.h"
#include "registry/store/sqlite_log.h"

namespace registry::store {

class TempFolder {
 public:
  TempFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "dnsd-store-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TempFolder() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// What is posted is run by the test's own thread.
class Inbox {
 public:
  Post post() {
    return [this](std::move_only_function<void()> work) {
      const std::lock_guard lock(mutex_);
      work_.push_back(std::move(work));
      wake_.notify_one();
    };
  }
  // Runs what comes until `ready`, at most 30 s.
  bool run_until(const std::function<bool()>& ready) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!ready()) {
      std::move_only_function<void()> work;
      {
        std::unique_lock lock(mutex_);
        // Ready may depend on what nobody posts (statistics): look again now and then.
        wake_.wait_for(lock, std::chrono::milliseconds(5), [&] { return !work_.empty(); });
        if (std::chrono::steady_clock::now() > deadline) return false;
        if (work_.empty()) continue;
        work = std::move(work_.front());
        work_.pop_front();
      }
      work();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::move_only_function<void()>> work_;
};

// Commits and waits; nullopt = durable.
inline std::optional<Problem> commit_and_wait(CommitLog& log, Inbox& inbox, const Record& record) {
  bool answered = false;
  std::optional<Problem> problem;
  log.commit(record, [&](std::optional<Problem> p) {
    answered = true;
    problem = std::move(p);
  });
  if (!inbox.run_until([&] { return answered; })) return Problem{ProblemKind::overloaded, "no answer in time", {}, {}};
  return problem;
}

inline PutInstanceEffect instance(std::string id, std::string note = {}, std::string service = "worker.corp") {
  PutInstanceEffect effect;
  effect.service = std::move(service);
  effect.def.label = effect.def.id = std::move(id);
  effect.def.addresses.v4 = Ipv4{{10, 0, 0, 1}};
  effect.def.port = 80;
  if (!note.empty()) effect.def.meta["note"] = std::move(note);
  effect.created = 1;
  return effect;
}

inline CheckStateEffect state(std::string id, CheckState value, std::string service = "worker.corp") {
  CheckStateEffect effect;
  effect.service = std::move(service);
  effect.id = std::move(id);
  effect.check = "http";
  effect.status.state = value;
  effect.status.since = Wall(Millis(1));
  return effect;
}

inline Record record(Revision revision, std::vector<Effect> effects) {
  return {.revision = revision, .at = Wall(Millis(1)), .effects = std::move(effects)};
}

}  // namespace registry::store
