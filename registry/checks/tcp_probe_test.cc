#include <gmock/gmock.h>
#include <sys/resource.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <future>

#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"

namespace registry::checks::test {
namespace {

TEST(TcpProbe, ConnectsAndClosesWithReset) {
  std::promise<boost::system::error_code> ended;
  LoopbackServer server([&](tcp::socket& socket) { ended.set_value(drain(socket)); });
  const ProbeResult result = ask(tcp_check(), server.endpoint());
  EXPECT_EQ(result.verdict, Verdict::ok);
  EXPECT_EQ(result.output, "connected");
  auto future = ended.get_future();
  ASSERT_EQ(future.wait_for(kPatience), std::future_status::ready);
  EXPECT_EQ(future.get(), boost::asio::error::connection_reset);
}

TEST(TcpProbe, ARefusedPortFails) {
  const ClosedPort closed;
  const ProbeResult result = ask(tcp_check(), closed.endpoint());
  EXPECT_EQ(result.verdict, Verdict::failed);
  EXPECT_EQ(result.fault, Fault::refused);
}

// A listener whose queue is full: further SYNs get no answer.
class FullListener {
 public:
  FullListener() : acceptor_(io_) {
    acceptor_.open(tcp::v4());
    acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
    acceptor_.listen(0);
    for (int i = 0; i < 4; ++i) {
      auto& socket = fillers_.emplace_back(io_);
      socket.async_connect(acceptor_.local_endpoint(), [](const boost::system::error_code&) {});
    }
    io_.run_for(std::chrono::milliseconds(50));  // the first one or two get in
  }
  [[nodiscard]] tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_;
  std::list<tcp::socket> fillers_;
};

TEST(TcpProbe, AConnectThatHangsEndsAtTheTimeout) {
  const FullListener full;
  CheckDef check = tcp_check();
  check.timeout = Millis(200);
  const auto before = std::chrono::steady_clock::now();
  const ProbeResult result = ask(check, full.endpoint());
  const auto took = std::chrono::steady_clock::now() - before;
  EXPECT_EQ(result.verdict, Verdict::failed) << result.output;
  EXPECT_EQ(result.fault, Fault::timeout);
  EXPECT_EQ(result.output, "timed out after 200ms");
  EXPECT_GE(took, Millis(200));
}

TEST(TcpProbe, WithoutDescriptorsNothingIsKnown) {
  LoopbackServer server([](tcp::socket& socket) { drain(socket); });
  boost::asio::io_context io;
  TlsContexts tls("");
  KeptCount kept;
  Reaper programs;
  LoopLag lag(io);
  const auto probe = make_probe(target_of(tcp_check()), {tls, kept, programs});
  const auto attempt = std::make_shared<Attempt>(io, server.endpoint(), kPatience, lag);
  ProbeResult result;
  attempt->start();
  boost::asio::co_spawn(io, probe->run(*attempt), [&](const std::exception_ptr&, ProbeResult got) {
    result = std::move(got);
    attempt->abandon();
  });
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;  // what is open stays open; every new descriptor is EMFILE
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  io.run();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_EQ(result.verdict, Verdict::unknown) << result.output;
  EXPECT_EQ(result.fault, Fault::local);
  EXPECT_EQ(server.accepted(), 0);
}

TEST(TcpProbe, ALoopThatDidNotRunSaysNothingAboutTheTarget) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  boost::asio::io_context io;
  TlsContexts tls("");
  KeptCount kept;
  Reaper programs;
  LoopLag lag(io);
  CheckDef check = http_check();
  check.timeout = Millis(40);
  const auto probe = make_probe(target_of(check), {tls, kept, programs});
  const auto attempt = std::make_shared<Attempt>(io, silent.endpoint(), check.timeout, lag);
  ProbeResult result;
  attempt->start();
  boost::asio::co_spawn(io, probe->run(*attempt),
                        [&](const std::exception_ptr&, ProbeResult got) { result = std::move(got); });
  const Mono blocked_until = std::chrono::steady_clock::now() + Millis(90);
  boost::asio::post(io, [blocked_until] {
    while (std::chrono::steady_clock::now() < blocked_until) {
    }
  });
  io.run();
  EXPECT_EQ(result.verdict, Verdict::unknown) << result.output;
  EXPECT_EQ(result.fault, Fault::local);
  EXPECT_THAT(result.output, testing::StartsWith("the probes' own loop lagged by"));
}

TEST(TcpProbe, AnAbandonedAttemptEndsAtOnce) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  boost::asio::io_context io;
  TlsContexts tls("");
  KeptCount kept;
  Reaper programs;
  LoopLag lag(io);
  const auto probe = make_probe(target_of(http_check()), {tls, kept, programs});
  const auto attempt = std::make_shared<Attempt>(io, silent.endpoint(), std::chrono::hours(1), lag);
  bool ended = false;
  attempt->start();
  boost::asio::co_spawn(io, probe->run(*attempt), [&](const std::exception_ptr&, const ProbeResult&) { ended = true; });
  while (silent.accepted() == 0) io.run_one_for(Millis(10));
  EXPECT_FALSE(ended);
  attempt->abandon();
  io.run_for(kPatience);
  EXPECT_TRUE(ended);
  EXPECT_TRUE(io.stopped()) << "something of the attempt is left in the loop";
}

TEST(TcpProbe, AnAttemptThatEndedBeforeItsFirstStepOpensNoConnection) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  for (const bool expires : {true, false}) {
    boost::asio::io_context io;
    TlsContexts tls("");
    KeptCount kept;
    Reaper programs;
    LoopLag lag(io);
    const auto probe = make_probe(target_of(http_check()), {tls, kept, programs});
    const auto attempt =
        std::make_shared<Attempt>(io, silent.endpoint(), expires ? Millis(0) : Millis(std::chrono::hours(1)), lag);
    attempt->start();
    if (expires) {
      io.run();  // the deadline alone
      io.restart();
    } else {
      attempt->abandon();
    }
    bool ended = false;
    boost::asio::co_spawn(io, probe->run(*attempt), [&](const std::exception_ptr&, const ProbeResult& result) {
      ended = true;
      EXPECT_NE(result.verdict, Verdict::ok);
    });
    io.run_for(kPatience);
    EXPECT_TRUE(ended);
    EXPECT_TRUE(io.stopped());
  }
  EXPECT_EQ(silent.accepted(), 0);
}

}  // namespace
}  // namespace registry::checks::test
