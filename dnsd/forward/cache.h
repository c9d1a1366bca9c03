// What upstreams said, as long as it is true: bounded by octets, the longest unused goes first.
//
// Thread: the forwarder's. Time is an argument.
#pragma once

#include <list>
#include <optional>
#include <unordered_map>

#include "dnsd/forward/said.h"
#include "registry/basics.h"

namespace dnsd::forward {

// Keyed: a client that could make all its names collide would turn the table into a list.
struct QuestionHash {
  std::uint64_t key = 0;
  [[nodiscard]] std::size_t operator()(const Question& question) const noexcept;
};

class Cache {
 public:
  Cache(std::size_t octets, std::uint64_t hash_key) : limit_(octets), index_(16, QuestionHash{hash_key}) {}

  struct Hit {
    SaidPtr said;
    seconds age;  // whole seconds, rounded down: what is found has at least a second left
  };
  [[nodiscard]] std::optional<Hit> find(const Question& question, registry::Mono now);
  void put(const Question& question, SaidPtr said,
           registry::Mono now);  // in place of what is there; none of lifetime 0

  [[nodiscard]] std::size_t octets() const { return octets_; }
  [[nodiscard]] std::size_t entries() const { return index_.size(); }

 private:
  struct Entry {
    Question question;
    SaidPtr said;
    registry::Mono since;
    [[nodiscard]] std::size_t octets() const;
  };
  using Entries = std::list<Entry>;  // the last used first
  using Index = std::unordered_map<Question, Entries::iterator, QuestionHash>;
  void drop(Index::iterator at);

  std::size_t limit_;
  std::size_t octets_ = 0;
  Entries entries_;
  Index index_;
};

}  // namespace dnsd::forward
