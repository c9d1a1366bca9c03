// A program under way: started without a shell, in a process group of its own, with nothing of ours but its standard
// output. Whatever is left of the group when this ends is killed; what does not end at once is left to the reaper, so
// nothing here ever waits for a program that cannot be ended. Probe thread only.
#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/checks/reaper.h"

namespace registry::checks {

class Child {
 public:
  static constexpr std::size_t kMostOutput = 64 * 1024;  // octets that it may write; then it is killed

  // Of its output the first `keep` octets are kept.
  Child(boost::asio::io_context& io, std::size_t keep, Reaper& reaper);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  struct Refusal {
    boost::system::error_code error;
    bool ours = false;  // a fault of this machine; else the program itself cannot be run
  };
  // `environment` is the whole of it, "NAME=value" each. Standard input is empty; standard error goes with the output.
  [[nodiscard]] std::optional<Refusal> start(const std::vector<std::string>& command,
                                             const std::vector<std::string>& environment);
  void give_up();  // kills it; `wait` returns at once, whether that ended it or not
  // Until the program itself has ended; what it left running is killed then. As waitpid(2) tells it; nothing = we
  // did not wait for it to the end, or could not.
  boost::asio::awaitable<std::optional<int>> wait();
  [[nodiscard]] const std::string& output() const { return output_->kept; }
  [[nodiscard]] bool wrote_too_much() const { return output_->too_much; }

 private:
  struct Output {  // outlives the child while a wait for more is under way
    explicit Output(boost::asio::io_context& io) : pipe(io) {}
    [[nodiscard]] bool read();  // what is there now; false = there will be no more
    void take(std::string_view octets);
    boost::asio::posix::stream_descriptor pipe;
    std::string kept;
    std::size_t keep = 0, total = 0;
    pid_t group = 0;  // 0 = none, or no longer ours to signal
    bool too_much = false;
  };
  static void pump(const std::shared_ptr<Output>& output);
  [[nodiscard]] std::optional<Refusal> watch();
  void kill();
  void collect();

  std::shared_ptr<Output> output_;
  boost::asio::posix::stream_descriptor ended_;  // a pidfd
  Reaper& reaper_;
  pid_t pid_ = 0;  // also the group's; 0 = none, or reaped
  std::optional<int> status_;
};

}  // namespace registry::checks
