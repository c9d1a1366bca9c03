#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <memory>
#include <random>

#include "registry/checks/dns_message.h"
#include "registry/checks/outcome.h"
#include "registry/checks/probe.h"

namespace registry::checks {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

constexpr std::size_t kMaxDatagram = 4096;  // more than the query says we take: the rest is cut, and so not a reply

// Its own function: a random device is 5 KB, which the coroutine's frame need not hold.
std::uint16_t random_id() { return static_cast<std::uint16_t>(std::random_device{}()); }

// While it lives, the attempt's end closes the socket.
class ClosedAtEnd {
 public:
  ClosedAtEnd(Attempt& attempt, udp::socket& socket) : attempt_(attempt) {
    attempt.on_end([&socket] {
      error_code ignored;
      socket.close(ignored);
    });
  }
  ~ClosedAtEnd() { attempt_.on_end(nullptr); }
  ClosedAtEnd(const ClosedAtEnd&) = delete;
  ClosedAtEnd& operator=(const ClosedAtEnd&) = delete;

 private:
  Attempt& attempt_;
};

class DnsCheck final : public Probe {
 public:
  explicit DnsCheck(const Target& target) : checks_(target.checks), def_(target.check().dns) {}

  asio::awaitable<ProbeResult> run(Attempt& attempt) override {
    const auto query = dns_query(def_, random_id());
    if (!query) co_return not_probed(query.error());
    bool ask_again = def_.tcp;
    ProbeResult result;
    if (!def_.tcp) result = co_await ask_over_udp(attempt, *query, ask_again);
    if (ask_again) result = co_await ask_over_tcp(attempt, *query);
    co_return result;
  }

 private:
  // One datagram there, one back; `truncated` asks for TCP (RFC 7766 5). A lost one is a failure like any other: `fall`
  // is there for that.
  asio::awaitable<ProbeResult> ask_over_udp(Attempt& attempt, const std::string& query, bool& truncated) {
    const udp::endpoint target(attempt.target().address(), attempt.target().port());
    udp::socket socket(attempt.io());
    const ClosedAtEnd closed(attempt, socket);
    error_code error;
    if (attempt.ended()) co_return attempt.failure(asio::error::operation_aborted);
    socket.open(target.protocol(), error);
    if (!error) socket.connect(target, error);  // only the target is heard, and its ICMP errors are too
    if (error) co_return from_error(error, true);
    auto [not_sent, sent] = co_await socket.async_send(asio::buffer(query), kAwait);
    // send(2) itself refused (a local firewall, its full table): nothing of the target, whose ICMP errors stay its own.
    if (not_sent && !attempt.ended() && is_local(not_sent, true)) co_return from_error(not_sent, true);
    if (not_sent) co_return attempt.failure(not_sent);
    std::string reply(kMaxDatagram, '\0');
    for (;;) {
      auto [not_read, size] = co_await socket.async_receive(asio::buffer(reply), kAwait);
      if (not_read) co_return attempt.failure(not_read);
      const std::string_view got(reply.data(), size);
      if (!answers_query(query, got)) continue;  // an older one, or a forged one
      truncated = is_truncated(got);
      co_return judge_dns(def_, query, got);
    }
  }

  asio::awaitable<ProbeResult> ask_over_tcp(Attempt& attempt, const std::string& query) {
    const error_code refused = co_await attempt.connect();
    if (refused) co_return attempt.failure(refused);
    std::string message{static_cast<char>(query.size() >> 8U), static_cast<char>(query.size() & 0xffU)};
    message += query;
    auto [not_sent, sent] = co_await asio::async_write(attempt.socket(), asio::buffer(message), kAwait);
    if (not_sent) co_return attempt.failure(not_sent);
    std::array<std::uint8_t, 2> length{};
    auto [no_length, two] = co_await asio::async_read(attempt.socket(), asio::buffer(length), kAwait);
    if (no_length) co_return attempt.failure(no_length);
    std::string reply(static_cast<std::size_t>(length[0] << 8U | length[1]), '\0');
    auto [cut_off, size] = co_await asio::async_read(attempt.socket(), asio::buffer(reply), kAwait);
    if (cut_off) co_return attempt.failure(cut_off);
    if (!answers_query(query, reply)) co_return failed(Fault::status, "not a reply to the query");
    co_return judge_dns(def_, query, reply);
  }

  std::shared_ptr<const std::vector<CheckDef>> checks_;  // keeps `def_` alive
  const DnsProbe& def_;
};

}  // namespace

std::unique_ptr<Probe> make_dns_probe(const Target& target) { return std::make_unique<DnsCheck>(target); }

}  // namespace registry::checks
