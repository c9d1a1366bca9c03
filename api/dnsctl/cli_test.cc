#include "api/dnsctl/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/dnsctl/fake_server_test.h"

namespace ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Seen = FakeServer::Seen;
using Answer = FakeServer::Answer;

struct Ran {
  int code = 0;
  std::string out, err;
};

Ran run(std::vector<std::string> arguments, const Environment& environment) {
  std::vector<const char*> argv{"dnsctl"};
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, err;
  const int code = run_cli(static_cast<int>(argv.size()), argv.data(), environment, out, err);
  return {code, out.str(), err.str()};
}

Ran run_at(const FakeServer& server, std::vector<std::string> arguments) {
  return run(std::move(arguments), [&](const std::string& name) {
    return name == "DNSD_ADDR" ? std::optional(server.address()) : std::nullopt;
  });
}

FakeServer::Script always(Answer answer) {
  return [answer](const Seen&) { return answer; };
}

constexpr const char* kInstance =
    R"({"service":"worker.corp","id":"w1","name":"w1.worker.corp","addresses":["10.0.1.7"],
  "host":null,"port":9000,"state":"passing","available":true,"reason":"ok","tags":["v2","blue"]})";

TEST(Dnsctl, RegistersWithOnePut) {
  FakeServer server(always({201, kInstance}));
  const auto ran = run_at(server, {"register", "worker.corp", "10.0.1.7:9000", "--id", "w1", "--check", "http:/healthz",
                                   "--tag", "v2", "--lease", "30s"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out, "registered w1.worker.corp  10.0.1.7  available (ok)\n");
  ASSERT_EQ(server.seen().size(), 1U);
  EXPECT_EQ(server.seen()[0].method, "PUT");
  EXPECT_EQ(server.seen()[0].target, "/api/v1/services/worker.corp/instances/w1");
  EXPECT_EQ(boost::json::parse(server.seen()[0].body),
            boost::json::parse(
                R"({"address":"10.0.1.7","port":9000,"lease":"30s","tags":["v2"],"checks":[{"http":"/healthz"}]})"));
}

TEST(Dnsctl, AServiceWithoutADotIsOfTheServersFirstNamespace) {
  FakeServer server([](const Seen& seen) {
    if (seen.target == "/api/v1/namespaces") return Answer{200, R"({"namespaces":[{"name":"lab"}],"cursor":null})"};
    return Answer{204, ""};
  });
  EXPECT_EQ(run_at(server, {"heartbeat", "worker", "w1"}).code, 0);
  EXPECT_EQ(server.seen().back().target, "/api/v1/services/worker.lab/instances/w1/heartbeat");
}

TEST(Dnsctl, PrintsProblemsWithFieldsAndHint) {
  FakeServer server(always({422, R"({"title":"The registration is not valid","status":422,"detail":"1 field is wrong",
    "errors":[{"pointer":"#/weight","code":"out_of_range","message":"must be between 0 and 65535"}],"hint":"try 10"})",
                            "application/problem+json"}));
  const auto ran = run_at(server, {"register", "worker.corp", "10.0.1.7", "--weight", "70000"});
  EXPECT_EQ(ran.code, 4);
  EXPECT_THAT(ran.out, IsEmpty());
  EXPECT_EQ(ran.err,
            "dnsctl: 422 The registration is not valid: 1 field is wrong\n"
            "  #/weight: must be between 0 and 65535\n  hint: try 10\n");
}

TEST(Dnsctl, ExitCodesTellWhatHappened) {
  const std::pair<unsigned, int> cases[] = {{200, 0}, {204, 0}, {500, 1}, {507, 1}, {404, 3},
                                            {401, 4}, {403, 4}, {409, 4}, {412, 4}, {503, 5}};
  for (const auto& [status, code] : cases) {
    FakeServer server(always({status, ""}));
    EXPECT_EQ(run_at(server, {"deregister", "worker.corp", "w1"}).code, code) << status;
  }
  EXPECT_EQ(run({"nonsense"}, [](auto&) { return std::nullopt; }).code, 2);
  EXPECT_EQ(run({"register", "worker.corp", "10.0.1.7:x"}, [](auto&) { return std::nullopt; }).code, 2);
}

TEST(Dnsctl, AServerThatIsNotThereIsFive) {
  std::string address;
  {
    const FakeServer gone(always({}));
    address = gone.address();
  }
  const auto ran = run({"--address", address, "services"}, [](auto&) { return std::nullopt; });
  EXPECT_EQ(ran.code, 5);
  EXPECT_THAT(ran.err, HasSubstr("cannot be reached"));
}

TEST(Dnsctl, AServerThatHangsUpIsFive) {
  Answer answer;
  answer.hang_up = true;
  FakeServer server(always(answer));
  EXPECT_EQ(run_at(server, {"services"}).code, 5);
}

TEST(Dnsctl, ListsInAlignedColumnsOverAllPages) {
  FakeServer server([](const Seen& seen) {
    if (seen.target == "/api/v1/services/worker.corp/instances") {
      return Answer{200, std::string(R"({"instances":[)") + kInstance + R"(],"cursor":"a b"})"};
    }
    return Answer{200, R"({"instances":[{"id":"worker-two","host":"h.example","port":null,"state":"critical",
                          "available":false,"reason":"check.failing","tags":[]}],"cursor":null})"};
  });
  const auto ran = run_at(server, {"instances", "worker.corp"});
  EXPECT_EQ(ran.out,
            "ID          ADDRESS    PORT  STATE     AVAILABLE  REASON         TAGS\n"
            "w1          10.0.1.7   9000  passing   yes        ok             v2,blue\n"
            "worker-two  h.example  -     critical  no         check.failing  -\n");
  EXPECT_EQ(server.seen().back().target, "/api/v1/services/worker.corp/instances?cursor=a%20b");
}

TEST(Dnsctl, JsonOutputIsTheServersBody) {
  FakeServer server(always({200, R"({"services":[],"cursor":null})"}));
  EXPECT_EQ(run_at(server, {"services", "-o", "json"}).out, "{\"services\":[],\"cursor\":null}\n");
}

TEST(Dnsctl, NothingRegisteredCanSteerTheTerminal) {
  FakeServer server(always({200, R"({"services":[{"service":"evil\u001b[2J"}],"cursor":null})"}));
  EXPECT_THAT(run_at(server, {"services"}).out, HasSubstr("evil\\x1b[2J"));
}

TEST(Dnsctl, ResolvePrintsLinesLikeDig) {
  FakeServer server(always({200, R"({"rcode":"NOERROR","flags":["aa"],"ede":[],"revision":7,
    "answer":[{"name":"worker.corp.","type":"A","ttl":5,"data":"10.0.1.7"}],"authority":[],"additional":[]})"}));
  const auto ran = run_at(server, {"resolve", "worker.corp", "A", "--client", "10.0.0.9"});
  EXPECT_EQ(ran.out, ";; status: NOERROR, flags: aa, revision: 7\n;; answer\nworker.corp.\t5\tIN\tA\t10.0.1.7\n");
  EXPECT_EQ(server.seen()[0].target, "/api/v1/resolve?name=worker.corp&type=A&client=10.0.0.9");
}

TEST(Dnsctl, ExplainSaysWhyEachInstanceIsInOrOut) {
  FakeServer server(always({200, R"({"question":{"name":"worker.corp.","type":"A"},"rcode":"NOERROR","ede":[
    {"code":0,"text":"guard: failures of instances are held back"}],"revision":7,"form":"service","chain":["worker.corp."],
    "because":"1 of the 2 instances of worker.corp","mode":"guard","order":"weighted","nearest":[],"left_out":3,
    "tier":{"priority":1},"ttl":{"value":"2s","bound":"horizon"},"instances":[
    {"id":"w1","in_answer":true,"reason":"guard.held","because":"check tcp failed: timed out","address":"10.0.1.7"},
    {"id":"w2","in_answer":false,"reason":"draining","because":"it is drained","address":null}]})"}));
  const auto ran = run_at(server, {"explain", "w.corp", "--limit", "2", "--tcp"});
  EXPECT_EQ(ran.out,
            "worker.corp. A -> NOERROR: 1 of the 2 instances of worker.corp\n"
            "form service, ttl 2s (horizon), tier 1, order weighted, mode guard, revision 7\n"
            "by way of worker.corp.\n"
            "EDE 0: guard: failures of instances are held back\n"
            "ANSWER  ID  ADDRESS   REASON      BECAUSE\n"
            "in      w1  10.0.1.7  guard.held  check tcp failed: timed out\n"
            "out     w2  -         draining    it is drained\n"
            "... and 3 more; --limit shows up to 10000\n");
  EXPECT_EQ(server.seen()[0].target, "/api/v1/explain?name=w.corp&type=A&tcp=true&limit=2");
}

TEST(Dnsctl, ExplainOfANameThatIsNotThereHasNoTable) {
  FakeServer server(always({200, R"({"question":{"name":"wrker.corp.","type":"A"},"rcode":"NXDOMAIN","ede":[],
    "revision":7,"form":"none","chain":[],"because":"no such service","mode":"normal","order":null,
    "nearest":["worker.corp"],"left_out":0,"tier":null,"ttl":null,"instances":[]})"}));
  const auto ran = run_at(server, {"explain", "wrker.corp"});
  EXPECT_EQ(ran.out,
            "wrker.corp. A -> NXDOMAIN: no such service\n"
            "form none, mode normal, revision 7\n"
            "did you mean worker.corp?\n");
}

TEST(Dnsctl, WatchResumesAfterTheLastEvent) {
  FakeServer server([](const Seen& seen) {
    const auto* id = seen.last_event.empty() ? "7" : "8";
    return Answer{200,
                  std::string("id: ") + id + "\nevent: change\ndata: {\"revision\":" + id +
                      ",\"changes\":[{\"kind\":\"instance\",\"op\":\"state\",\"service\":\"worker.corp\",\"id\":\"w1\","
                      "\"available\":false,\"reason\":\"check.failing\"}]}\n\n",
                  "text/event-stream"};
  });
  const auto ran = run_at(server, {"watch", "worker.corp", "--count", "2"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "       7  state     out  worker.corp/w1  check.failing\n"
            "       8  state     out  worker.corp/w1  check.failing\n");
  ASSERT_EQ(server.seen().size(), 2U);
  EXPECT_EQ(server.seen()[0].target, "/api/v1/watch?service=worker.corp");
  EXPECT_EQ(server.seen()[1].last_event, "7");
}

TEST(Dnsctl, WatchNamesWhatChanged) {
  FakeServer server(always({200,
                            R"(id: 9
event: change
data: {"revision":9,"changes":[{"kind":"namespace","op":"put","name":"corp"},)"
                            R"({"kind":"override","op":"delete","name":"rack"},)"
                            R"({"kind":"service","op":"put","service":"worker.corp"}]}

)",
                            "text/event-stream"}));
  EXPECT_EQ(run_at(server, {"watch", "--count", "1"}).out,
            "       9  put       -    namespace corp  -\n"
            "       9  delete    -    override rack  -\n"
            "       9  put       -    worker.corp  -\n");
}

TEST(Dnsctl, OverridesSayWhatTheyMatch) {
  FakeServer server(always({200, "{}"}));
  EXPECT_EQ(run_at(server, {"override", "set", "rack", "down"}).code, 2);
  EXPECT_EQ(run_at(server, {"override", "set", "rack", "down", "--service", "web*.corp", "--for", "1h"}).code, 0);
  ASSERT_EQ(server.seen().size(), 1U);
  EXPECT_EQ(server.seen()[0].target, "/api/v1/overrides/rack");
  EXPECT_EQ(boost::json::parse(server.seen()[0].body),
            boost::json::parse(R"({"match":{"service":"web*.corp"},"state":"down","expires":"1h"})"));
}

TEST(Dnsctl, OverridesNameTheirAuthor) {
  FakeServer server(always({200, "{}"}));
  const auto as_ann = [&](std::vector<std::string> arguments) {
    return run(std::move(arguments), [&](const std::string& name) -> std::optional<std::string> {
      if (name == "DNSD_ADDR") return server.address();
      return name == "USER" ? std::optional<std::string>("ann") : std::nullopt;
    });
  };
  EXPECT_EQ(as_ann({"override", "set", "m", "down", "--match-address", "10.0.1.7", "--reason", "new disk"}).code, 0);
  EXPECT_EQ(
      boost::json::parse(server.seen()[0].body),
      boost::json::parse(R"({"match":{"address":"10.0.1.7"},"state":"down","reason":"new disk","author":"ann"})"));
  EXPECT_EQ(as_ann({"override", "set", "m", "up", "--service", "w.corp", "--author", "bob"}).code, 0);
  EXPECT_THAT(server.seen()[1].body, HasSubstr(R"("author":"bob")"));
}

TEST(Dnsctl, GuardShowsAndLiftsInOneCommand) {
  FakeServer server([](const Seen& seen) {
    if (seen.method == "DELETE") return Answer{204, ""};
    return Answer{200, R"({"guard":"holding","held":12,"probes":{"state":"holding","since":"2026-01-01T00:00:00Z",
      "until":"2026-01-01T00:10:00Z","left":"9m","cause":"12 of 20 checks"},"leases":{"state":"off","cause":null}})"};
  });
  EXPECT_EQ(run_at(server, {"guard"}).out,
            "guard: holding, instances held: 12\n"
            "probes since 2026-01-01T00:00:00Z, at most until 2026-01-01T00:10:00Z (9m left): 12 of 20 checks\n");
  EXPECT_EQ(run_at(server, {"guard", "lift"}).out, "nothing is held back any more\n");
  ASSERT_EQ(server.seen().size(), 2U);
  EXPECT_EQ(server.seen()[1].method, "DELETE");
  EXPECT_EQ(server.seen()[1].target, "/api/v1/guard");
}

TEST(Dnsctl, EventsReadLikeALog) {
  FakeServer server(always({200, R"({"events":[
    {"revision":9,"at":"T2","kind":"instance","op":"state","service":"w.corp","id":"w1","available":false,
     "reason":"check.failing","cause":"check tcp fails: connection refused"},
    {"revision":8,"at":"T1","kind":"guard","op":"state","name":"probes","reason":"off","cause":"x"}],"revision":9})"}));
  EXPECT_EQ(run_at(server, {"events", "w.corp", "--id", "w1", "--limit", "5"}).out,
            "AT  SERVICE  ID      AVAILABLE  REASON         CAUSE\n"
            "T1  guard    probes  -          off            x\n"
            "T2  w.corp   w1      no         check.failing  check tcp fails: connection refused\n");
  EXPECT_EQ(server.seen()[0].target, "/api/v1/events?service=w.corp&id=w1&limit=5");
}

TEST(Dnsctl, DrainSaysWhenTheInstanceCanStop) {
  FakeServer server(
      always({202, R"({"id":"w1","draining":true,"safe_after":"2026-01-01T00:00:06Z","left":"6s","done":false})"}));
  EXPECT_EQ(run_at(server, {"drain", "worker.corp", "w1", "--wait", "1s"}).out,
            "w1.worker.corp is draining; the last copies expire in 6s (2026-01-01T00:00:06Z)\n");
  EXPECT_EQ(server.seen()[0].target, "/api/v1/services/worker.corp/instances/w1/drain?wait=1s");
}

class DnsctlFiles : public testing::Test {
 protected:
  DnsctlFiles() : folder_(testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~DnsctlFiles() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::stringstream text;
    text << std::ifstream(folder_ / name).rdbuf();
    return text.str();
  }
  std::filesystem::path folder_;
};

TEST_F(DnsctlFiles, TheTokenIsSentAndNeverShown) {
  std::ofstream(folder_ / "token") << "s3cret\n";
  FakeServer server(always({200, "{}"}));
  const auto ran = run_at(server, {"--token-file", folder_ / "token", "status"});
  EXPECT_EQ(server.seen()[0].token, "Bearer s3cret");
  EXPECT_THAT(ran.out + ran.err, testing::Not(HasSubstr("s3cret")));
}

TEST_F(DnsctlFiles, BackupWritesTheFileOnlyWhenItIsWhole) {
  FakeServer good(always({200, std::string(100'000, 'x'), "application/octet-stream"}));
  EXPECT_EQ(run_at(good, {"backup", folder_ / "copy.db"}).code, 0);
  EXPECT_EQ(read("copy.db"), std::string(100'000, 'x'));
  FakeServer bad(always({503, R"({"title":"busy"})"}));
  EXPECT_EQ(run_at(bad, {"backup", folder_ / "other.db"}).code, 5);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "other.db"));
}

TEST_F(DnsctlFiles, ZoneCheckReadsAFileAsTheServerDoesAndNeedsNone) {
  const auto check = [&](std::string_view text, std::vector<std::string> more = {}) {
    std::ofstream(folder_ / "example.com.zone") << text;
    more.insert(more.begin(), {"zone", "check", folder_ / "example.com.zone"});
    return run(more, [](auto&) { return std::nullopt; });
  };
  const std::string soa = "@ 60 SOA ns host 7 1 1 1 1\n@ NS ns\n";
  const auto good = check(soa + "ns A 192.0.2.1\n");
  EXPECT_EQ(good.code, 0);
  EXPECT_EQ(good.out, "ok: example.com. serial 7, 3 records\n");
  EXPECT_THAT(good.err, IsEmpty());
  const auto odd = check(soa);
  EXPECT_EQ(odd.code, 0);
  EXPECT_EQ(odd.err, "warning: example.com. NS: ns.example.com. does not exist\n");
  const auto bad = check("@ NS ns\nns A 192.0.2.300\n");
  EXPECT_EQ(bad.code, 1);
  EXPECT_THAT(bad.err, HasSubstr("example.com.zone:2"));
  EXPECT_EQ(check("www A 192.0.2.1\n", {"--namespace", "--apex", "corp"}).code, 0);
  const auto json = boost::json::parse(check(soa, {"-o", "json"}).out);
  EXPECT_EQ(json.at("serial").as_int64(), 7);
  EXPECT_EQ(json.at("warnings").as_array().size(), 1U);
}

TEST(Dnsctl, CompletionKnowsEveryCommand) {
  const auto ran = run({"completion", "bash"}, [](auto&) { return std::nullopt; });
  EXPECT_EQ(ran.code, 0);
  for (const auto* word :
       {"register", "deregister", "heartbeat", "drain", "run", "services", "instances", "resolve", "explain", "watch",
        "status", "backup", "override", "guard", "events", "namespaces", "--token-file", "--lease"}) {
    EXPECT_THAT(ran.out, HasSubstr(word));
  }
}

TEST(Dnsctl, AddressesThatAreNoServerAreUsage) {
  for (const auto* address : {"https://127.0.0.1:8500", "http://", "http://user@h:1", "http://h:1/path"}) {
    EXPECT_EQ(run({"--address", address, "status"}, [](auto&) { return std::nullopt; }).code, 2) << address;
  }
}

}  // namespace
}  // namespace ctl
