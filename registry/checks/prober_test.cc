#include "registry/checks/prober.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"

namespace registry::checks::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ProberTest : public testing::Test {
 protected:
  void SetUp() override { make({}); }
  void TearDown() override {
    prober_->stop();
    io_.restart();
    io_.run();  // returns only when nothing is left in the loop
  }

  void make(const Options& options) {
    if (prober_) prober_->stop();
    prober_ = std::make_unique<Prober>(
        io_, options, [this](Report report) { reports_.push_back(std::move(report)); }, [](const HostReport&) {});
    prober_->start();
  }

  Target target(const tcp::endpoint& at, CheckDef check, std::string id = "w1") {
    InstanceDef def;
    def.port = at.port();
    if (at.address().is_v4()) def.addresses.v4 = Ipv4{at.address().to_v4().to_bytes()};
    if (at.address().is_v6()) def.addresses.v6 = Ipv6{at.address().to_v6().to_bytes()};
    return target(std::move(def), std::move(check), std::move(id));
  }
  Target target(InstanceDef def, CheckDef check, std::string id = "w1") {
    Target out = target_of(check);
    def.id = std::move(id);
    out.def = std::make_shared<const InstanceDef>(std::move(def));
    out.generation = ++last_;
    return out;
  }
  Generation add(Target target, bool spread = false) {
    const Generation generation = target.generation;
    prober_->execute(AddTarget{std::move(target), spread});
    prober_->pump();
    return generation;
  }
  void remove(Generation generation) {
    prober_->execute(RemoveTarget{generation});
    prober_->pump();
  }
  bool run_until(const std::function<bool()>& reached) {
    const Mono end = std::chrono::steady_clock::now() + kPatience;
    while (!reached() && std::chrono::steady_clock::now() < end) {
      io_.restart();
      io_.run_one_for(Millis(20));
    }
    return reached();
  }
  void run_for(Millis time) {
    io_.restart();
    io_.run_for(time);
  }
  [[nodiscard]] std::uint64_t counter(const std::atomic<std::uint64_t>& one) const { return one.load(); }

  boost::asio::io_context io_;
  std::vector<Report> reports_;
  std::unique_ptr<Prober> prober_;
  Generation last_ = 0;
};

TEST_F(ProberTest, ProbesAtOnceAndAgainAfterTheInterval) {
  LoopbackServer server(answers("HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"));
  CheckDef check = http_check();
  check.interval = Millis(100);
  const Mono before = std::chrono::steady_clock::now();
  const Generation generation = add(target(server.endpoint(), check));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 3; }));
  EXPECT_GE(std::chrono::steady_clock::now() - before, Millis(200));
  for (const Report& report : reports_) {
    EXPECT_EQ(report.service, "worker.corp");
    EXPECT_EQ(report.id, "w1");
    EXPECT_EQ(report.check, "http");
    EXPECT_EQ(report.generation, generation);
    EXPECT_EQ(report.result.verdict, Verdict::ok);
    EXPECT_GT(report.result.latency.count(), 0);
  }
  EXPECT_EQ(prober_->counters().verdicts[static_cast<int>(Verdict::ok)].load(), 3U);
}

TEST_F(ProberTest, AHangingProbeIsNeverStacked) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  CheckDef check = http_check();
  check.interval = Millis(20);  // the timeout is far over it, which validation would refuse
  add(target(silent.endpoint(), check));
  ASSERT_TRUE(run_until([&] { return counter(prober_->counters().skipped) >= 5; }));
  EXPECT_EQ(silent.accepted(), 1);
  EXPECT_EQ(counter(prober_->counters().running), 1U);
  EXPECT_TRUE(reports_.empty());
}

TEST_F(ProberTest, NoMoreThanTheCapRunAtOnceAndAllGetTheirTurn) {
  Options options;
  options.max_concurrent = 3;
  make(options);
  std::atomic<int> open{0}, most{0};
  LoopbackServer server([&](tcp::socket& socket) {
    const int now = ++open;
    int before = most;
    while (before < now && !most.compare_exchange_weak(before, now)) {
    }
    read_head(socket);
    --open;
    send(socket, "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n");
  });
  CheckDef check = http_check();
  check.interval = std::chrono::hours(1);
  for (int i = 0; i < 30; ++i) add(target(server.endpoint(), check, "w" + std::to_string(i)));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 30; }));
  EXPECT_LE(most, 3);
  std::set<std::string> ids;
  for (const Report& report : reports_) ids.insert(report.id);
  EXPECT_EQ(ids.size(), 30U);
}

// How evenly is in the phases (the next test); here, that they are waited for. A busy machine is late, never early.
TEST_F(ProberTest, TargetsKnownBeforeTheStartAreSpreadOverTheInterval) {
  const ClosedPort closed;
  CheckDef check = tcp_check();
  check.interval = Millis(1000);
  const Mono start = std::chrono::steady_clock::now();
  for (int i = 0; i < 1000; ++i) {
    prober_->execute(AddTarget{target(closed.endpoint(), check, "w" + std::to_string(i)), true});
  }
  prober_->pump();
  std::size_t seen = 0;
  std::set<std::string> ids;
  std::size_t half_time = 0;
  run_until([&] {
    for (; seen < reports_.size(); ++seen) ids.insert(reports_[seen].id);
    if (std::chrono::steady_clock::now() - start < Millis(500)) half_time = ids.size();
    return ids.size() == 1000;
  });
  EXPECT_EQ(ids.size(), 1000U);
  EXPECT_LE(half_time, 650U);
  EXPECT_GE(std::chrono::steady_clock::now() - start, Millis(900));
}

TEST_F(ProberTest, ThePhaseOfATargetIsTheSameAfterEveryRestart) {
  std::set<std::uint64_t> phases;
  for (int i = 0; i < 100; ++i) {
    const Target one = target(tcp::endpoint{}, tcp_check(), "w" + std::to_string(i));
    const Target again = target(tcp::endpoint{}, tcp_check(), "w" + std::to_string(i));
    EXPECT_EQ(phase_hash(one), phase_hash(again));
    phases.insert(phase_hash(one) % 1000);
  }
  EXPECT_GT(phases.size(), 80U);
}

// SCORECARD H6: the busiest tenth of an interval holds at most twice the mean.
TEST_F(ProberTest, PhasesAreSpreadEvenly) {
  std::array<int, 10> tenths{};
  for (int i = 0; i < 1000; ++i) {
    ++tenths[phase_hash(target(tcp::endpoint{}, tcp_check(), "w" + std::to_string(i))) % 1000 / 100];
  }
  EXPECT_LE(*std::ranges::max_element(tenths), 200);
  EXPECT_GE(*std::ranges::min_element(tenths), 50);
}

TEST_F(ProberTest, ARemovedTargetIsNotReportedAnyMore) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  const Generation generation = add(target(silent.endpoint(), http_check()));
  ASSERT_TRUE(run_until([&] { return silent.accepted() == 1; }));
  remove(generation);
  ASSERT_TRUE(run_until([&] { return counter(prober_->counters().running) == 0; }));
  EXPECT_EQ(counter(prober_->counters().targets), 0U);
  EXPECT_TRUE(reports_.empty());
}

TEST_F(ProberTest, ForbiddenTargetsFailWithoutAPacket) {
  LoopbackServer api([](tcp::socket& socket) { drain(socket); });
  const auto port = std::to_string(api.endpoint().port());
  Options options;
  options.forbidden_endpoints = {"127.0.0.1:" + port};
  make(options);
  CheckDef check = tcp_check();
  check.interval = std::chrono::hours(1);
  const auto mapped = boost::asio::ip::make_address("::ffff:127.0.0.1");
  add(target(api.endpoint(), check, "own"));
  add(target(tcp::endpoint(mapped, api.endpoint().port()), check, "mapped"));
  add(target(tcp::endpoint(boost::asio::ip::make_address("169.254.169.254"), 80), check, "metadata"));
  add(target(tcp::endpoint(boost::asio::ip::make_address("fe80::1"), 80), check, "link"));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 4; }));
  for (const Report& report : reports_) {
    EXPECT_EQ(report.result.verdict, Verdict::failed) << report.id;
    EXPECT_EQ(report.result.fault, Fault::none) << report.id;
    EXPECT_THAT(report.result.output, StartsWith("not probed: ")) << report.id;
  }
  EXPECT_EQ(api.accepted(), 0);
}

TEST_F(ProberTest, ACheckWithoutPortOrFamilySaysSo) {
  InstanceDef def;
  def.addresses.v4 = Ipv4{{127, 0, 0, 1}};
  add(target(def, tcp_check()));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 1; }));
  EXPECT_THAT(reports_[0].result.output, HasSubstr("has a port"));
  CheckDef v6 = tcp_check();
  v6.family = Family::ipv6;
  add(target(def, v6));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 2; }));
  EXPECT_EQ(reports_[1].result.output, "not probed: the instance has no IPv6 address");
}

TEST_F(ProberTest, TheFamilyOfTheCheckDecidesElseIpv4GoesFirst) {
  const Addresses both{Ipv4{{127, 0, 0, 1}}, Ipv6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}}};
  EXPECT_EQ(address_for(both, Family::any)->to_string(), "127.0.0.1");
  EXPECT_EQ(address_for(both, Family::ipv4)->to_string(), "127.0.0.1");
  EXPECT_EQ(address_for(both, Family::ipv6)->to_string(), "::1");
  const Addresses only6{std::nullopt, both.v6};
  EXPECT_EQ(address_for(only6, Family::any)->to_string(), "::1");
  EXPECT_EQ(address_for(only6, Family::ipv4), std::nullopt);
  EXPECT_EQ(address_for({}, Family::any), std::nullopt);
}

TEST_F(ProberTest, AnUnresolvedHostNameIsNotProbed) {
  InstanceDef def;
  def.host = "h.example.net";
  def.port = 80;
  add(target(def, tcp_check()));
  run_for(Millis(30));
  EXPECT_TRUE(reports_.empty());
  EXPECT_EQ(counter(prober_->counters().targets), 1U);
}

TEST_F(ProberTest, StoppingEndsEverythingAtOnceWithoutReports) {
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  for (int i = 0; i < 20; ++i) add(target(silent.endpoint(), http_check(), "w" + std::to_string(i)));
  ASSERT_TRUE(run_until([&] { return silent.accepted() == 20; }));
  prober_->stop();
  io_.restart();
  const Mono before = std::chrono::steady_clock::now();
  io_.run();
  EXPECT_LT(std::chrono::steady_clock::now() - before, kPatience);
  EXPECT_TRUE(reports_.empty());
}

TEST_F(ProberTest, AnIdleTargetIsProbedLessOftenAndAtOnceWhenItIsAskedForAgain) {
  LoopbackServer server(answers("HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"));
  Options options;
  options.idle_factor = 100;
  make(options);
  CheckDef check = http_check();
  check.interval = Millis(100);
  Target idle = target(server.endpoint(), check);
  const Generation generation = idle.generation;
  prober_->execute(AddTarget{std::move(idle), false, true});
  prober_->pump();
  ASSERT_TRUE(run_until([&] { return reports_.size() == 1; })) << "the first probe waits for nobody";
  run_for(Millis(300));
  EXPECT_EQ(reports_.size(), 1U);
  EXPECT_EQ(counter(prober_->counters().idle), 1U);
  prober_->execute(SetPace{generation, false});
  prober_->pump();
  ASSERT_TRUE(run_until([&] { return reports_.size() == 4; }));
  EXPECT_EQ(counter(prober_->counters().idle), 0U);
}

TEST_F(ProberTest, AProgramIsRunOnlyIfTheOptionsAllowIt) {
  CheckDef check;
  check.name = "exec";
  check.kind = CheckKind::exec;
  check.exec = {"/bin/echo", "{address}"};
  check.timeout = kPatience;
  check.interval = std::chrono::hours(1);
  InstanceDef def;
  def.addresses.v4 = Ipv4{{10, 0, 0, 1}};
  add(target(def, check));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 1; }));
  EXPECT_EQ(reports_[0].result.output, "not probed: the configuration does not allow its program");
  Options options;
  options.exec_programs = {"/bin/"};
  make(options);
  add(target(def, check));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 2; }));
  EXPECT_EQ(reports_[1].result.output, "10.0.0.1");
  def.addresses.v4 = Ipv4{{169, 254, 169, 254}};
  add(target(def, check));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 3; }));
  EXPECT_THAT(reports_[2].result.output, HasSubstr("link-local")) << "it would go there for whoever registered it";
}

TEST_F(ProberTest, ProgramsHaveFewPlacesOfTheirOwn) {
  Options options;
  options.exec_programs = {"/usr/bin/"};
  make(options);
  CheckDef check;
  check.name = "exec";
  check.kind = CheckKind::exec;
  check.exec = {"/usr/bin/tail", "-f", "/dev/null"};
  check.timeout = kPatience;
  InstanceDef def;
  def.addresses.v4 = Ipv4{{10, 0, 0, 1}};
  for (std::size_t i = 0; i < Prober::kMaxPrograms + 3; ++i) add(target(def, check, "w" + std::to_string(i)));
  ASSERT_TRUE(run_until([&] { return counter(prober_->counters().running) == Prober::kMaxPrograms; }));
  EXPECT_EQ(counter(prober_->counters().waiting), 3U);
  const ClosedPort closed;
  add(target(closed.endpoint(), tcp_check(), "other"));
  EXPECT_TRUE(run_until([&] { return !reports_.empty(); })) << "nobody else waits for them";
}

TEST_F(ProberTest, AServiceWhoseInstancesHangLeavesPlacesToOthers) {
  Options options;
  options.max_concurrent = 4;
  make(options);
  LoopbackServer silent([](tcp::socket& socket) { drain(socket); });
  LoopbackServer well(answers("HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n"));
  for (int i = 0; i < 10; ++i) add(target(silent.endpoint(), http_check(), "w" + std::to_string(i)));
  Target other = target(well.endpoint(), http_check(), "o1");
  other.service = std::make_shared<const std::string>("other.corp");
  add(std::move(other));
  ASSERT_TRUE(run_until([&] { return !reports_.empty(); }));
  EXPECT_EQ(reports_[0].service, "other.corp");
  EXPECT_EQ(counter(prober_->counters().running), 3U);
  EXPECT_EQ(counter(prober_->counters().waiting), 7U);
}

TEST_F(ProberTest, ATargetThatBecomesIdleHoldsNoConnection) {
  std::atomic<int> ended{0};
  LoopbackServer server([&](tcp::socket& socket) {
    while (!read_head(socket).empty()) send(socket, "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n");
    ++ended;
  });
  Options options;
  options.idle_factor = 100;
  make(options);
  CheckDef check = http_check();
  check.interval = Millis(900);
  const Generation generation = add(target(server.endpoint(), check));
  ASSERT_TRUE(run_until([&] { return reports_.size() == 1; }));
  EXPECT_EQ(ended, 0);
  prober_->execute(SetPace{generation, true});
  prober_->pump();
  EXPECT_TRUE(run_until([&] { return ended == 1; }));
  EXPECT_LE(reports_.size(), 2U);  // the turn that was set already may come first
}

}  // namespace
}  // namespace registry::checks::test
