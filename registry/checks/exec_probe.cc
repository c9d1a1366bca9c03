#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <utility>

#include "registry/checks/child.h"
#include "registry/checks/outcome.h"
#include "registry/checks/probe.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;

// Exit codes as Nagios's plugins and Consul's scripts have them: 0 passes, 1 warns, everything else fails.
ProbeResult judge(int status, const std::string& output) {
  const auto said = [&output](std::string_view otherwise) { return output.empty() ? otherwise : output; };
  if (WIFSIGNALED(status)) return failed(Fault::status, fmt::format("ended by signal {}", WTERMSIG(status)));
  const int code = WEXITSTATUS(status);
  if (code == 0) return passed(said("exit 0"));
  if (code == 1) return warned(said("exit 1"));
  return failed(Fault::status, said(fmt::format("exit {}", code)));
}

class ExecCheck final : public Probe {
 public:
  explicit ExecCheck(const Target& target) : target_(target) {}

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    Child child(attempt.io(), kMaxOutput);
    const auto& endpoint = attempt.target();
    const std::string address = endpoint.address().is_unspecified() ? "" : endpoint.address().to_string();
    const std::string port = endpoint.port() == 0 ? "" : std::to_string(endpoint.port());
    if (const auto error = child.start(command(address, port), environment(address, port))) {
      const bool ours = is_local(error, false) || error.value() == EAGAIN;  // EAGAIN: too many processes
      if (ours) co_return not_known(fmt::format("local fault: {}", error.message()));
      co_return failed(Fault::none, fmt::format("cannot be run: {}", error.message()));
    }
    attempt.on_end([&child] { child.kill(); });
    const std::optional<int> status = co_await child.wait();
    attempt.on_end(nullptr);
    if (attempt.ended()) co_return attempt.failure(asio::error::timed_out);
    if (child.wrote_too_much()) {
      co_return failed(Fault::body, fmt::format("wrote more than {} octets, and was killed", Child::kMostOutput));
    }
    if (!status) co_return not_known("the program's end could not be awaited");
    const std::string& output = child.output();
    co_return judge(*status, output.substr(0, output.find_last_not_of(" \n") + 1));
  }

 private:
  // {address} and {port} stand for the instance's own, so that a service's template can name a program too.
  [[nodiscard]] std::vector<std::string> command(const std::string& address, const std::string& port) const {
    std::vector<std::string> words = target_.check().exec;
    for (auto word = words.begin() + 1; word != words.end(); ++word) {
      for (const auto& [name, value] : {std::pair("{address}", address), std::pair("{port}", port)}) {
        const std::string_view pattern = name;
        for (auto at = word->find(pattern); at != word->npos; at = word->find(pattern, at + value.size())) {
          word->replace(at, pattern.size(), value);
        }
      }
    }
    return words;
  }

  // Not the daemon's own, which may hold what is not theirs to read.
  [[nodiscard]] std::vector<std::string> environment(const std::string& address, const std::string& port) const {
    return {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LANG=C.UTF-8",
            fmt::format("DNSD_SERVICE={}", *target_.service),
            fmt::format("DNSD_INSTANCE={}", target_.def->id),
            fmt::format("DNSD_CHECK={}", target_.check().name),
            fmt::format("DNSD_ADDRESS={}", address),
            fmt::format("DNSD_PORT={}", port)};
  }

  Target target_;
};

}  // namespace

std::unique_ptr<Probe> make_exec_probe(const Target& target) { return std::make_unique<ExecCheck>(target); }

}  // namespace registry::checks
