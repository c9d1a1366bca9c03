// The real server on 127.0.0.1, port 0, over a real registry and write path, with a store in memory. Its control
// thread runs beside the test, which talks to it as a client does.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "api/server.h"
#include "api/testing/client.h"
#include "registry/store/memory_log.h"

namespace api::testing {

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() = default;
  ~ServerTest() override {
    if (!server_) return;
    std::promise<void> stopped;
    boost::asio::post(io_, [&] { server_->stop([&] { stopped.set_value(); }); });
    stopped.get_future().wait();
    work_.reset();
    thread_.join();
  }

  void serve(Options options = {}) {
    options.listen = {{"127.0.0.1", 0}};
    log_ = make_log();
    writes_ = std::make_unique<registry::WritePath>(
        registry_, *log_, [this] { return now(); }, [this](const registry::ChangeSet& changes) { publish(changes); });
    Context context{
        registry_,
        *writes_,
        feed_,
        *log_,
        [this] { return now(); },
        [this](const Question& question) { return resolve(question); },
        [this](const Question& question) { return explain(question); },
        [this](std::string_view service) { return last_answered(service); },
        [this](std::move_only_function<void()> next) {
          graces_.push_back(std::move(next));
          if (!hold_graces_) end_grace();
        },
        [this] { return readiness_; },
        [this] { return reload_; },
        [](std::string& out) { out += "# TYPE dnsd_dns_test gauge\ndnsd_dns_test 1\n"; },
        [] {
          return boost::json::object{{"version", "test"}};
        },
    };
    server_ = std::make_unique<Server>(io_, std::move(options), std::move(context));
    const auto opened = server_->open();
    ASSERT_TRUE(opened) << opened.error();
    port_ = server_->endpoints().at(0).port;
    thread_ = std::thread([this] { io_.run(); });
  }

  virtual std::unique_ptr<registry::store::CommitLog> make_log() {
    return std::make_unique<registry::store::MemoryLog>([this](std::move_only_function<void()> next) {
      boost::asio::post(io_, [next = std::move(next)]() mutable { next(); });
    });
  }

  // Runs on the control thread and waits for it.
  template <class F>
  auto on_control(F f) {
    std::packaged_task<decltype(f())()> task(std::move(f));
    auto result = task.get_future();
    boost::asio::post(io_, [&task] { task(); });
    return result.get();
  }
  void observe(registry::ChangeSet changes) { writes_->observe(std::move(changes)); }  // on the control thread

  Reply call(std::string_view method, std::string_view target, std::string_view body = {},
             std::string_view headers = {}) {
    return Client(port_).call(method, target, body, headers);
  }
  // On the control thread: the oldest grace period that is waited for is over.
  void end_grace() {
    boost::asio::post(io_, [next = std::move(graces_.front())]() mutable { next(); });
    graces_.pop_front();
  }
  void make_namespace() { ASSERT_EQ(call("PUT", "/api/v1/namespaces/corp", "{}").status, 201); }
  Reply put_instance(std::string_view service, std::string_view id, std::string_view body = "{}") {
    return call("PUT", "/api/v1/services/" + std::string(service) + "/instances/" + std::string(id), body);
  }
  std::size_t watchers() {
    const auto metrics = call("GET", "/metrics").body;
    const auto at = metrics.find("\ndnsd_http_watchers ");
    return std::strtoull(metrics.c_str() + at + 20, nullptr, 10);
  }
  // Held requests are counted; a test that wakes one waits until it is held.
  void wait_for_watchers(std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (watchers() != count) ASSERT_LT(std::chrono::steady_clock::now(), deadline);
  }

  registry::Now now() const {
    const auto skew = std::chrono::milliseconds(skew_.load());
    return {std::chrono::steady_clock::now() + skew,
            std::chrono::floor<registry::Millis>(std::chrono::system_clock::now()) + skew};
  }
  virtual registry::Result<boost::json::value> resolve(const Question& question) {
    return boost::json::value{{"name", question.name},
                              {"type", question.type},
                              {"client", question.client},
                              {"tcp", question.tcp},
                              {"size", question.size}};
  }
  virtual registry::Result<boost::json::value> explain(const Question& question) {
    return boost::json::value{{"explained", question.name}, {"type", question.type}, {"limit", question.limit}};
  }
  std::optional<registry::Mono> last_answered(std::string_view service) {
    const auto at = answered_.find(service);
    return at == answered_.end() ? std::nullopt : std::optional(at->second);
  }
  void publish(const registry::ChangeSet& changes) {
    if (changes.revision != 0) feed_.append(std::make_shared<const registry::ChangeSet>(changes));
  }

  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
  registry::Registry registry_;
  registry::Feed feed_;
  std::unique_ptr<registry::store::CommitLog> log_;
  std::unique_ptr<registry::WritePath> writes_;
  std::unique_ptr<Server> server_;
  std::thread thread_;
  std::uint16_t port_ = 0;
  std::atomic<std::int64_t> skew_{0};  // milliseconds that both clocks are ahead
  Readiness readiness_{.ready = true, .store = true, .zones = true, .dns = true};
  std::expected<void, std::vector<std::string>> reload_;
  std::map<std::string, registry::Mono, std::less<>> answered_;
  std::deque<std::move_only_function<void()>> graces_;  // of drains; the control thread's
  bool hold_graces_ = false;
};

}  // namespace api::testing
