// c-ares, the resolver that many programs use, resolves what the real daemon answers.
#include <ares.h>
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/select.h>

#include <set>
#include <string>

#include "tests/daemon/daemon.h"

namespace tests {
namespace {

struct Result {
  int status = -1;
  std::set<std::string> addresses;
};

void on_addresses(void* into, int status, int, ares_addrinfo* found) {
  auto& result = *static_cast<Result*>(into);
  result.status = status;
  for (auto* node = found != nullptr ? found->nodes : nullptr; node != nullptr; node = node->ai_next) {
    char text[INET6_ADDRSTRLEN];
    const void* address = node->ai_family == AF_INET
                              ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr)
                              : &reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr;
    result.addresses.insert(inet_ntop(node->ai_family, address, text, sizeof text));
  }
  if (found != nullptr) ares_freeaddrinfo(found);
}

struct SrvResult {
  int status = -1;
  std::set<std::string> records;  // "priority weight port target"
};

void on_srv(void* into, int status, int, unsigned char* reply, int size) {
  auto& result = *static_cast<SrvResult*>(into);
  result.status = status;
  ares_srv_reply* list = nullptr;
  if (status != ARES_SUCCESS || ares_parse_srv_reply(reply, size, &list) != ARES_SUCCESS) return;
  for (auto* srv = list; srv != nullptr; srv = srv->next) {
    result.records.insert(std::to_string(srv->priority) + " " + std::to_string(srv->weight) + " " +
                          std::to_string(srv->port) + " " + srv->host);
  }
  ares_free_data(list);
}

class CaresJudge : public testing::Test {
 protected:
  CaresJudge() : daemon_("[[namespace]]\nname = \"corp\"\nmax_answers = 0\n"), http_(daemon_.http_port()) {
    ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = 2000;
    options.tries = 2;
    options.ndots = 1;
    options.lookups = const_cast<char*>("b");  // DNS alone, no hosts file
    ares_init_options(&channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_LOOKUPS);
    ares_set_servers_ports_csv(channel_, ("127.0.0.1:" + std::to_string(daemon_.dns_port())).c_str());
  }
  ~CaresJudge() override {
    ares_destroy(channel_);
    ares_library_cleanup();
  }

  void run() {  // until every question is answered; c-ares itself gives up after its timeouts
    while (true) {
      fd_set readers, writers;
      FD_ZERO(&readers);
      FD_ZERO(&writers);
      const int count = ares_fds(channel_, &readers, &writers);
      if (count == 0) return;
      timeval storage{}, most{1, 0};
      timeval* wait = ares_timeout(channel_, &most, &storage);
      select(count, &readers, &writers, nullptr, wait);
      ares_process(channel_, &readers, &writers);
    }
  }

  Result resolve(const std::string& name, int family) {
    Result result;
    ares_addrinfo_hints hints{};
    hints.ai_family = family;
    hints.ai_flags = ARES_AI_NOSORT;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_addresses, &result);
    run();
    return result;
  }

  SrvResult services(const std::string& name) {
    SrvResult result;
    ares_query(channel_, name.c_str(), 1, 33, on_srv, &result);
    run();
    return result;
  }

  Daemon daemon_;
  Http http_;
  ares_channel channel_ = nullptr;
};

TEST_F(CaresJudge, ResolvesBothFamiliesAndSrv) {
  http_.instance("web.corp", "w1", R"({"addresses":["10.0.0.1","fd00::1"],"port":80})");
  http_.instance("web.corp", "w2", R"({"address":"10.0.0.2","port":81,"priority":1,"weight":3})");
  const auto both = resolve("web.corp", AF_UNSPEC);
  EXPECT_EQ(both.status, ARES_SUCCESS) << ares_strerror(both.status);
  EXPECT_EQ(both.addresses, (std::set<std::string>{"10.0.0.1", "10.0.0.2", "fd00::1"}));
  const auto srv = services("_web._tcp.corp");
  EXPECT_EQ(srv.status, ARES_SUCCESS);
  EXPECT_EQ(srv.records, (std::set<std::string>{"1 10 80 w1.web.corp", "1 3 81 w2.web.corp"}));
}

TEST_F(CaresJudge, TellsNoDataFromNoName) {
  http_.instance("web.corp", "w1", R"({"address":"10.0.0.1"})");
  EXPECT_EQ(resolve("web.corp", AF_INET6).status, ARES_ENODATA);
  EXPECT_EQ(services("web.corp").status, ARES_ENODATA);
  EXPECT_EQ(services("nope.corp").status, ARES_ENOTFOUND);
  EXPECT_EQ(resolve("nope.corp", AF_INET).status, ARES_ENOTFOUND);
}

TEST_F(CaresJudge, GoesToTcpForAnAnswerThatDoesNotFit) {
  std::set<std::string> expected;
  for (int n = 0; n < 120; ++n) {
    const std::string address = "10.7.0." + std::to_string(n + 1);
    http_.instance("big.corp", "i" + std::to_string(n), R"({"address":")" + address + R"(","port":80})");
    expected.insert(address);
  }
  EXPECT_EQ(resolve("big.corp", AF_INET).addresses, expected);
  EXPECT_EQ(services("big.corp").records.size(), 120U);
}

TEST_F(CaresJudge, FollowsAnAlias) {
  http_.instance("web.corp", "w1", R"({"address":"10.0.0.1"})");
  ASSERT_EQ(http_.put("/api/v1/services/www.corp", R"({"alias":"web.corp"})"), 201);
  EXPECT_EQ(resolve("www.corp", AF_INET).addresses, std::set<std::string>{"10.0.0.1"});
}

}  // namespace
}  // namespace tests
