// From a question to what is said about it: the cache, one query for all who ask the same, tries over the upstreams.
//
// Thread: the forwarder's. It sends nothing itself: `Ask` does, and tests script it.
//
// Bounds: questions under way, and who waits for them in all. A loop of forwarders is bounded as well: the question
// that comes round is one under way, so that it waits with the others and is not sent again; from an upstream's own
// address it is recognised and fails at once.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "dnsd/forward/cache.h"

namespace dnsd::forward {

struct Outcome {  // of one try
  enum class Kind : std::uint8_t { said, timeout, unreachable, malformed };
  Kind kind = Kind::unreachable;
  SaidPtr said = {};
};
// Calls back once, later: never before it returns.
using Ask =
    std::function<void(std::size_t upstream, const Question& question, std::move_only_function<void(Outcome)> done)>;

enum class From : std::uint8_t { client, upstream };

struct LookupCounts {
  std::uint64_t questions = 0, from_cache = 0, joined = 0, asked = 0, failed = 0, overload = 0, loops = 0;
};
struct UpstreamCounts {
  std::uint64_t said = 0, timeouts = 0, unreachable = 0, malformed = 0, errors = 0;  // errors: SERVFAIL, REFUSED ...
};

class Lookups {
 public:
  // Each question under way holds a few hundred octets and one of c-ares's.
  static constexpr std::size_t kMaxQuestions = 1024;
  static constexpr std::size_t kMaxWaiting = 4096;

  using Clock = std::function<registry::Mono()>;
  using Done = std::move_only_function<void(const Said& said, seconds age)>;

  Lookups(std::size_t upstreams, std::size_t tries, Ask ask, Cache& cache, std::uint64_t hash_key, Clock clock);

  void resolve(const Question& question, From from, Done done);  // calls back once, perhaps at once

  [[nodiscard]] std::size_t under_way() const { return pending_.size(); }
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  [[nodiscard]] const LookupCounts& counts() const { return counts_; }
  [[nodiscard]] const UpstreamCounts& counts_of(std::size_t upstream) const { return upstreams_[upstream]; }

 private:
  struct Pending {
    std::vector<Done> waiting;
    std::vector<std::size_t> order;  // upstreams still worth a try, the next one first
    std::size_t tries = 0;
    bool timed_out = false;
    SaidPtr error = {};  // what an upstream said that another may know better
  };
  using Table = std::unordered_map<Question, std::unique_ptr<Pending>, QuestionHash>;

  [[nodiscard]] std::vector<std::size_t> order() const;
  void try_next(const Question& question, Pending& pending);
  void tried(const Question& question, std::size_t upstream, const Outcome& outcome);
  void count(std::size_t upstream, const Outcome& outcome);
  void finish(const Question& question, SaidPtr said);

  const std::size_t tries_;
  Ask ask_;
  Cache& cache_;
  Clock clock_;
  Table pending_;
  std::size_t waiting_ = 0;
  std::size_t last_good_ = 0;
  LookupCounts counts_;
  std::vector<UpstreamCounts> upstreams_;
};

}  // namespace dnsd::forward
