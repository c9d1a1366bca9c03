// One query to one upstream, through c-ares: UDP, TCP where the reply is truncated, a timeout.
//
// A channel carries kPerChannel queries, then the next one takes a new one: the source port changes with it
// (MECHANISMS of c-ares 1.18: one UDP socket per server). Replies must match server address, port, ID and question.
//
// Thread: the forwarder's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "dnsd/forward/lookups.h"
#include "dnsd/forward/settings.h"
#include "registry/ares/channel.h"

namespace dnsd::forward {

class Asker {
 public:
  // With so many queries of one port under way a forged reply is as many times likelier to fit one of them: 32 leave
  // 27 of the 32 bits of port and ID.
  static constexpr std::size_t kPerChannel = 32;

  using Done = std::move_only_function<void(Outcome)>;

  Asker(boost::asio::io_context& io, const Settings& settings);
  ~Asker();
  Asker(const Asker&) = delete;
  Asker& operator=(const Asker&) = delete;

  void ask(std::size_t upstream, const Question& question, Done done);  // calls back later

 private:
  struct Line;   // a channel to one upstream
  struct Query;  // under way on it

  [[nodiscard]] Line* line_to(std::size_t upstream);
  void tell(Done done, Outcome outcome);
  void end(Query& query);
  static void answered(void* query, int status, int timeouts, unsigned char* reply, int size);

  boost::asio::io_context& io_;
  const Settings settings_;
  std::vector<Line*> current_;  // by upstream; null = none yet
  std::list<std::unique_ptr<Line>> lines_;
  bool stopped_ = false;
};

}  // namespace dnsd::forward
