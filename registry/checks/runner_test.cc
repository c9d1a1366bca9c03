#include "registry/checks/runner.h"

#include <gmock/gmock.h>

#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

#include "registry/checks/dns_test_server.h"
#include "registry/checks/loopback_test_server.h"

namespace registry::checks::test {
namespace {

constexpr std::chrono::seconds kRunnerPatience{30};
constexpr std::string_view kService = "worker.corp";

// The control thread is the test's; reports arrive on the probe thread.
class RunnerTest : public testing::Test {
 protected:
  RunnerTest() {
    NamespaceDef corp;
    corp.name = *DomainName::parse("corp");
    apply({PutNamespaceEffect{corp}});
    apply({PutServiceEffect{*DomainName::parse(kService), {}, true, 0}});
  }
  void make(Options options = {}) {
    runner_ = std::make_unique<Runner>(
        std::move(options), [this](Report report) { keep(reports_, std::move(report)); },
        [this](HostReport report) { keep(hosts_, std::move(report)); });
  }
  void start(Options options = {}) {
    make(std::move(options));
    runner_->start();
  }
  // Puts w1 at the server that everybody may connect to, and waits until it was probed.
  Report probe_w1() {
    put(instance("w1", server_.endpoint()));
    EXPECT_TRUE(wait_for_report([](const Report& report) { return report.id == "w1"; }));
    return last_report();
  }
  // Puts w1 with a host name instead of an address.
  void put_host(const std::string& host) {
    InstanceDef def = instance("w1", server_.endpoint());
    def.addresses = {};
    def.host = host;
    put(std::move(def));
  }
  static Options resolving_with(const DnsTestServer& dns) {
    Options options;
    options.resolver_servers = {dns.address()};
    return options;
  }
  ChangeSet apply(std::vector<Effect> effects) {
    const Now now{std::chrono::steady_clock::now(), Wall{}};
    return registry_.apply({registry_.reserve_revision(), now.wall, std::move(effects)}, now);
  }
  void put(InstanceDef def) { follow({PutInstanceEffect{std::string(kService), std::move(def), 0}}); }
  void remove(std::string id) { follow({DeleteInstanceEffect{std::string(kService), std::move(id)}}); }
  void follow(std::vector<Effect> effects) {
    const ChangeSet changes = apply(std::move(effects));
    runner_->follow(registry_, changes);
  }

  template <class T>
  void keep(std::vector<T>& list, T report) {
    const std::lock_guard lock(mutex_);
    list.push_back(std::move(report));
    arrived_.notify_all();
  }
  template <class T>
  bool wait_for(const std::vector<T>& list, const std::function<bool(const T&)>& wanted) {
    std::unique_lock lock(mutex_);
    return arrived_.wait_for(lock, kRunnerPatience, [&] { return std::ranges::any_of(list, wanted); });
  }
  bool wait_for_report(const std::function<bool(const Report&)>& wanted) { return wait_for<Report>(reports_, wanted); }
  bool wait_for_host(const std::function<bool(const HostReport&)>& wanted) {
    return wait_for<HostReport>(hosts_, wanted);
  }
  Report last_report() {
    const std::lock_guard lock(mutex_);
    return reports_.back();
  }
  std::size_t report_count() {
    const std::lock_guard lock(mutex_);
    return reports_.size();
  }

  static CheckDef tcp_check(Millis interval = std::chrono::hours(1)) {
    CheckDef check;
    check.name = "tcp";
    check.interval = interval;
    return check;
  }
  static InstanceDef instance(const std::string& id, const tcp::endpoint& at,
                              std::vector<CheckDef> checks = {tcp_check()}) {
    InstanceDef def;
    def.id = def.label = id;
    def.addresses.v4 = Ipv4{at.address().to_v4().to_bytes()};
    def.port = at.port();
    def.checks = std::move(checks);
    return def;
  }

  LoopbackServer server_{[](tcp::socket& socket) { drain(socket); }};
  Registry registry_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<Report> reports_;
  std::vector<HostReport> hosts_;
  std::unique_ptr<Runner> runner_;
};

auto about(std::string id) {
  return [id = std::move(id)](const auto& report) { return report.id == id; };
}

TEST_F(RunnerTest, ARegisteredInstanceIsProbedAtOnce) {
  start();
  const Report report = probe_w1();
  EXPECT_EQ(report.service, kService);
  EXPECT_EQ(report.check, "tcp");
  EXPECT_EQ(report.result.verdict, Verdict::ok);
  EXPECT_TRUE(runner_->is_current(report));
  EXPECT_EQ(runner_->stats().targets, 1U);
  EXPECT_EQ(runner_->stats().ok, 1U);
}

TEST_F(RunnerTest, WhatIsKnownBeforeTheStartIsSpreadAndWhatComesLaterIsNot) {
  for (int i = 0; i < 20; ++i) {
    apply({PutInstanceEffect{std::string(kService), instance("w" + std::to_string(i), server_.endpoint()), 0}});
  }
  make();
  runner_->follow_all(registry_);
  runner_->start();
  put(instance("later", server_.endpoint()));
  ASSERT_TRUE(wait_for_report(about("later")));
  EXPECT_EQ(report_count(), 1U) << "twenty others are spread over an hour";
  EXPECT_EQ(runner_->stats().targets, 21U);
}

TEST_F(RunnerTest, AReportOfWhatWasReplacedOrRemovedIsNotCurrent) {
  start();
  const Report first = probe_w1();
  InstanceDef tagged = instance("w1", server_.endpoint());
  tagged.tags = {"v2"};
  put(tagged);
  EXPECT_TRUE(runner_->is_current(first)) << "same check, same target";
  put(instance("w1", server_.endpoint(), {tcp_check(std::chrono::minutes(1))}));
  EXPECT_FALSE(runner_->is_current(first));
  ASSERT_TRUE(wait_for_report([&](const Report& report) { return report.generation != first.generation; }));
  const Report second = last_report();
  EXPECT_TRUE(runner_->is_current(second));
  remove("w1");
  put(instance("w1", server_.endpoint(), {tcp_check(std::chrono::minutes(1))}));
  EXPECT_FALSE(runner_->is_current(second)) << "another instance of the same name";
}

TEST_F(RunnerTest, AChangedTemplateReachesEveryInstanceOfTheService) {
  start();
  put(instance("w1", server_.endpoint(), {}));
  put(instance("w2", server_.endpoint(), {}));
  ServicePolicy policy;
  policy.checks = {tcp_check()};
  follow({PutServiceEffect{*DomainName::parse(kService), policy, true, 0}});
  EXPECT_TRUE(wait_for_report(about("w1")));
  EXPECT_TRUE(wait_for_report(about("w2")));
  EXPECT_EQ(runner_->stats().targets, 2U);
  follow({PutServiceEffect{*DomainName::parse(kService), {}, true, 0}});
  put(instance("w3", server_.endpoint()));
  ASSERT_TRUE(wait_for_report(about("w3")));
  EXPECT_EQ(runner_->stats().targets, 1U);
}

TEST_F(RunnerTest, ADeletedServiceIsNotProbedAnyMore) {
  start();
  const Report report = probe_w1();
  follow({DeleteServiceEffect{std::string(kService)}});
  EXPECT_FALSE(runner_->is_current(report));
}

TEST_F(RunnerTest, FollowAllFindsWhatNoChangeSetTold) {
  start();
  const Report report = probe_w1();
  apply({DeleteServiceEffect{std::string(kService)}});
  EXPECT_TRUE(runner_->is_current(report));
  runner_->follow_all(registry_);
  EXPECT_FALSE(runner_->is_current(report));
}

TEST_F(RunnerTest, NoReportComesAfterStop) {
  start();
  for (int i = 0; i < 50; ++i) put(instance("w" + std::to_string(i), server_.endpoint(), {tcp_check(Millis(100))}));
  ASSERT_TRUE(wait_for_report(about("w0")));
  runner_->stop();
  const std::size_t before = report_count();
  put(instance("late", server_.endpoint()));
  runner_->stop();
  runner_.reset();
  EXPECT_EQ(report_count(), before);
}

TEST_F(RunnerTest, ARunnerThatNeverStartedEnds) {
  make();
  put(instance("w1", {boost::asio::ip::address_v4::loopback(), 9}));
  runner_.reset();
  EXPECT_EQ(report_count(), 0U);
}

TEST_F(RunnerTest, RegistrationsComeAndGoWhileProbesRun) {
  Options options;
  options.max_concurrent = 4;
  start(options);
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 10; ++i) {
      put(instance("w" + std::to_string(i), server_.endpoint(), {tcp_check(Millis(100 + round))}));
    }
    for (int i = 0; i < 10; i += 2) remove("w" + std::to_string(i));
    (void)runner_->stats();
  }
  put(instance("last", server_.endpoint()));
  ASSERT_TRUE(wait_for_report(about("last")));
  EXPECT_EQ(runner_->stats().targets, 6U);
  EXPECT_EQ(runner_->stats().failed, 0U);
}

TEST_F(RunnerTest, AHostNameIsResolvedAndItsAddressProbed) {
  DnsTestServer dns;
  dns.set("h.example.net", {.a = {{{127, 0, 0, 1}}}, .ttl = 1});
  start(resolving_with(dns));
  put_host("h.example.net");
  ASSERT_TRUE(wait_for_host(about("w1")));
  ASSERT_TRUE(wait_for_report(about("w1")));
  EXPECT_EQ(last_report().result.verdict, Verdict::ok);
  {
    const std::lock_guard lock(mutex_);
    EXPECT_TRUE(runner_->is_current(hosts_.front()));
    EXPECT_EQ(hosts_.front().addresses.v4, (Ipv4{{127, 0, 0, 1}}));
  }
  // The name moves to an address where nobody listens: asked at once, not at the next turn in an hour.
  dns.set("h.example.net", {.a = {{{127, 0, 0, 77}}}, .ttl = 1});
  EXPECT_TRUE(wait_for_report([](const Report& report) { return report.result.fault == Fault::refused; }));
}

TEST_F(RunnerTest, ANameThatLeadsToForbiddenAddressesIsNeitherReportedNorProbed) {
  DnsTestServer dns;
  dns.set("evil.example.net", {.a = {{{169, 254, 169, 254}}}, .ttl = 1});
  start(resolving_with(dns));
  put_host("evil.example.net");
  ASSERT_TRUE(wait_for_host(about("w1")));
  const std::lock_guard lock(mutex_);
  EXPECT_FALSE(hosts_.front().found);
  EXPECT_TRUE(hosts_.front().addresses.empty());
  EXPECT_TRUE(reports_.empty());
}

TEST_F(RunnerTest, WhatNobodyAsksForIsIdleUntilSomebodyDoes) {
  Options options;
  options.idle_after = Millis(1000);
  start(options);
  probe_w1();
  const Mono now = std::chrono::steady_clock::now();
  std::optional<Mono> asked;
  const auto last_asked = [&](std::string_view service) {
    EXPECT_EQ(service, kService);
    return asked;
  };
  const auto idle_is = [&](std::uint64_t count) {
    const Mono end = std::chrono::steady_clock::now() + kRunnerPatience;
    while (runner_->stats().idle != count && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    return runner_->stats().idle == count;
  };
  runner_->review(now, last_asked);
  runner_->review(now + Millis(1000), last_asked);
  EXPECT_TRUE(idle_is(1));
  asked = now + Millis(1500);
  runner_->review(now + Millis(1600), last_asked);
  EXPECT_TRUE(idle_is(0));
}

TEST_F(RunnerTest, HearsOfItsProgramsEndAlsoWhereWeWereStartedWithChildrenIgnored) {
  const auto before = std::signal(SIGCHLD, SIG_IGN);
  Options options;
  options.exec_programs = {"/bin/echo"};
  start(std::move(options));
  CheckDef check = tcp_check();
  check.kind = CheckKind::exec;
  check.exec = {"/bin/echo", "fine"};
  put(instance("w1", server_.endpoint(), {check}));
  ASSERT_TRUE(wait_for_report(about("w1")));
  EXPECT_EQ(last_report().result.verdict, Verdict::ok) << last_report().result.output;
  runner_->stop();
  (void)std::signal(SIGCHLD, before);
}

TEST_F(RunnerTest, StopsAlsoWhileAProgramRuns) {
  Options options;
  options.exec_programs = {"/usr/bin/tail"};
  start(std::move(options));
  CheckDef check = tcp_check();
  check.kind = CheckKind::exec;
  check.exec = {"/usr/bin/tail", "-f", "/dev/null"};
  put(instance("w1", server_.endpoint(), {check}));
  while (runner_->stats().running == 0) std::this_thread::yield();
  runner_->stop();
  EXPECT_EQ(report_count(), 0U);
}

}  // namespace
}  // namespace registry::checks::test
