#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "registry/checks/child.h"
#include "registry/checks/outcome.h"
#include "registry/checks/probe.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kLongestCharacter = 4;  // octets of UTF-8: what is kept is never cut within the last shown one

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
  ExecCheck(const Target& target, Reaper& reaper) : target_(target), reaper_(reaper) {}

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    if (attempt.ended()) co_return attempt.failure(asio::error::operation_aborted);
    reaper_.sweep();
    if (reaper_.full()) co_return not_known("local fault: too many programs of earlier checks cannot be ended");
    Child child(attempt.io(), kMaxOutput + kLongestCharacter - 1, reaper_);
    const auto& endpoint = attempt.target();
    const std::string address = endpoint.address().is_unspecified() ? "" : endpoint.address().to_string();
    const std::string port = endpoint.port() == 0 ? "" : std::to_string(endpoint.port());
    if (const auto refused = child.start(command(address, port), environment(address, port))) {
      const std::string why = refused->error.message();
      co_return refused->ours ? not_known(fmt::format("local fault: {}", why))
                              : failed(Fault::none, fmt::format("cannot be run: {}", why));
    }
    attempt.on_end([&child] { child.give_up(); });
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
  Reaper& reaper_;
};

}  // namespace

std::unique_ptr<Probe> make_exec_probe(const Target& target, Reaper& reaper) {
  return std::make_unique<ExecCheck>(target, reaper);
}

}  // namespace registry::checks
