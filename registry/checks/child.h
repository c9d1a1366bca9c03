// A program under way: started without a shell, in a process group of its own, with nothing of ours but its standard
// output. Whatever is left of the group when this ends is killed. Probe thread only.
#pragma once

#include <sys/types.h>

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace registry::checks {

class Child {
 public:
  static constexpr std::size_t kMostOutput = 64 * 1024;  // octets that it may write; then it is killed

  // Of its output the first `keep` octets are kept.
  Child(boost::asio::io_context& io, std::size_t keep);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // `environment` is the whole of it, "NAME=value" each. Standard input is empty; standard error goes with the output.
  [[nodiscard]] boost::system::error_code start(const std::vector<std::string>& command,
                                                const std::vector<std::string>& environment);
  void kill();  // the whole group; `wait` then completes
  // Until the program itself has ended; what it left running is killed then. As waitpid(2) tells it; nothing = we
  // could not wait.
  boost::asio::awaitable<std::optional<int>> wait();
  [[nodiscard]] const std::string& output() const { return output_->kept; }
  [[nodiscard]] bool wrote_too_much() const { return output_->too_much; }

 private:
  struct Output {  // outlives the child while a read is under way
    explicit Output(boost::asio::io_context& io) : pipe(io) {}
    void take(std::size_t size);
    void drain();
    boost::asio::posix::stream_descriptor pipe;
    std::array<char, 4096> chunk{};
    std::string kept;
    std::size_t keep = 0, total = 0;
    pid_t group = 0;
    bool too_much = false;
  };
  static void pump(const std::shared_ptr<Output>& output);
  void reap();

  std::shared_ptr<Output> output_;
  boost::asio::posix::stream_descriptor ended_;  // a pidfd
  pid_t pid_ = 0;                                // also the group's; 0 = none, or reaped
  std::optional<int> status_;
};

}  // namespace registry::checks
