#include "registry/validate.h"

#include <gmock/gmock.h>

#include <limits>

#include "registry/registry_fixture.h"

namespace registry {
namespace {

using testing::ElementsAre;

// "pointer code" of every error.
std::vector<std::string> errors(const std::optional<Problem>& problem) {
  std::vector<std::string> out;
  if (!problem) return out;
  EXPECT_EQ(problem->kind, ProblemKind::invalid_registration);
  for (const FieldError& error : problem->errors) out.push_back(error.pointer + ' ' + error.code);
  return out;
}

struct BadInstance {
  const char* name;
  void (*spoil)(InstanceDef&);
  const char* error;
};

class InstanceRules : public testing::TestWithParam<BadInstance> {
 public:
  static InstanceDef good() {
    InstanceDef def;
    def.id = def.label = "w1";
    def.addresses.v4 = parse_ipv4("10.0.0.1");
    def.port = 80;
    CheckDef http;
    http.name = "http";
    http.kind = CheckKind::http;
    def.checks = {http};
    return def;
  }
};

TEST_P(InstanceRules, NameTheFault) {
  InstanceDef def = good();
  ASSERT_FALSE(validate(def, name("worker.corp")));
  GetParam().spoil(def);
  EXPECT_THAT(errors(validate(def, name("worker.corp"))), ElementsAre(GetParam().error));
}

void heartbeat(InstanceDef& def, Millis duration, std::string check) {
  CheckDef beat;
  beat.name = std::move(check);
  beat.kind = CheckKind::heartbeat;
  beat.lease = duration;
  def.checks.push_back(beat);
}

INSTANTIATE_TEST_SUITE_P(
    Table, InstanceRules,
    testing::Values(
        BadInstance{"BadId", [](InstanceDef& d) { d.id = d.label = "a_b"; }, "#/id invalid_label"},
        BadInstance{"BadLabel", [](InstanceDef& d) { d.label = "-"; }, "#/label invalid_label"},
        BadInstance{"LongId", [](InstanceDef& d) { d.id = std::string(256, 'x'); }, "#/id too_long"},
        BadInstance{"ControlInId", [](InstanceDef& d) { d.id = "a\nb"; }, "#/id control_character"},
        BadInstance{"NoAddress", [](InstanceDef& d) { d.addresses = {}; }, "#/address required"},
        BadInstance{"NoneWithAddress",
                    [](InstanceDef& d) {
                      d.checks = {};
                      d.api_only = true;
                    },
                    "#/address exclusive"},
        BadInstance{"ProbeWithoutAddress",
                    [](InstanceDef& d) {
                      d.addresses = {};
                      d.api_only = true;
                    },
                    "#/checks/0/family no_address"},
        BadInstance{"Multicast", [](InstanceDef& d) { d.addresses.v4 = parse_ipv4("224.0.0.1"); },
                    "#/address invalid_address"},
        BadInstance{"Unspecified", [](InstanceDef& d) { d.addresses.v4 = Ipv4{}; }, "#/address invalid_address"},
        BadInstance{"Mapped", [](InstanceDef& d) { d.addresses.v6 = parse_ipv6("::ffff:10.0.0.1"); },
                    "#/address invalid_address"},
        BadInstance{"HostAndAddress", [](InstanceDef& d) { d.host = "h.example"; }, "#/host exclusive"},
        BadInstance{"HostIsAddress",
                    [](InstanceDef& d) {
                      d.addresses = {};
                      d.host = "10.0.0.1";
                    },
                    "#/host invalid_name"},
        BadInstance{"HostUnderscore",
                    [](InstanceDef& d) {
                      d.addresses = {};
                      d.host = "_a.example";
                    },
                    "#/host invalid_name"},
        BadInstance{"HostIsService",
                    [](InstanceDef& d) {
                      d.addresses = {};
                      d.host = "Worker.corp";
                    },
                    "#/host loop"},
        BadInstance{"PortZero", [](InstanceDef& d) { d.port = 0; }, "#/port out_of_range"},
        BadInstance{"NoProtocol",
                    [](InstanceDef& d) {
                      d.protocols = {false, false};
                    },
                    "#/protocol required"},
        BadInstance{"PortName", [](InstanceDef& d) { d.ports["a b"].port = 1; }, "#/ports/a%20b invalid_name"},
        BadInstance{"PortTwice", [](InstanceDef& d) { d.ports["http"].port = d.ports["HTTP"].port = 1; },
                    "#/ports/http duplicate"},
        BadInstance{"NamedPortZero", [](InstanceDef& d) { d.ports["metrics"]; }, "#/ports/metrics/port out_of_range"},
        BadInstance{"Zone", [](InstanceDef& d) { d.zone = "az 1"; }, "#/zone invalid_label"},
        BadInstance{"EmptyTag", [](InstanceDef& d) { d.tags = {""}; }, "#/tags/0 empty"},
        BadInstance{"TagNotUtf8", [](InstanceDef& d) { d.tags = {"\xFF"}; }, "#/tags/0 not_utf8"},
        BadInstance{"MetaKey", [](InstanceDef& d) { d.meta["a/b"] = std::string(1025, 'x'); }, "#/meta/a~1b too_long"},
        BadInstance{"KeptTooLong", [](InstanceDef& d) { d.deregister_after = 31 * 24h; },
                    "#/deregister_after out_of_range"},
        BadInstance{"ShortLease", [](InstanceDef& d) { heartbeat(d, 999ms, "lease"); }, "#/lease out_of_range"},
        BadInstance{"EndlessLease", [](InstanceDef& d) { heartbeat(d, 0s, "lease"); }, "#/lease out_of_range"},
        BadInstance{"ForeignTooLong", [](InstanceDef& d) { d.foreign = std::string(kMaxForeign + 1, 'x'); },
                    "#/foreign too_long"},
        BadInstance{"ForeignTooDeep",
                    [](InstanceDef& d) {
                      const std::string open(kMaxForeignDepth, '['), close(kMaxForeignDepth, ']');
                      d.foreign = R"({"a":)" + open + close + "}";
                    },
                    "#/foreign too_deep"},
        BadInstance{"CriticalTooLong", [](InstanceDef& d) { d.checks[0].deregister_after = 31 * 24h; },
                    "#/checks/0/deregister_after out_of_range"},
        BadInstance{"SameCheckName", [](InstanceDef& d) { d.checks.push_back(d.checks[0]); },
                    "#/checks/1/name duplicate"},
        BadInstance{"FastInterval", [](InstanceDef& d) { d.checks[0].interval = d.checks[0].timeout = 99ms; },
                    "#/checks/0/interval out_of_range"},
        BadInstance{"SlowTimeout", [](InstanceDef& d) { d.checks[0].timeout = 6s; }, "#/checks/0/timeout out_of_range"},
        BadInstance{"TimeoutOfMinutes",
                    [](InstanceDef& d) {
                      d.checks[0].interval = 1h;
                      d.checks[0].timeout = 60'001ms;
                    },
                    "#/checks/0/timeout out_of_range"},
        BadInstance{"BlankInHost", [](InstanceDef& d) { d.checks[0].http.host = "a b"; },
                    "#/checks/0/http/host invalid_name"},
        BadInstance{"ZeroRise", [](InstanceDef& d) { d.checks[0].rise = 0; }, "#/checks/0/rise out_of_range"},
        BadInstance{"RelativePath", [](InstanceDef& d) { d.checks[0].http.path = "x"; },
                    "#/checks/0/http/path invalid_path"},
        BadInstance{"BlankInPath", [](InstanceDef& d) { d.checks[0].http.path = "/a b"; },
                    "#/checks/0/http/path invalid_path"},
        BadInstance{"Method", [](InstanceDef& d) { d.checks[0].http.method = "GET /"; },
                    "#/checks/0/http/method invalid_method"},
        BadInstance{"HeaderInjection", [](InstanceDef& d) { d.checks[0].http.headers["X"] = "a\r\nb"; },
                    "#/checks/0/http/headers/X control_character"},
        BadInstance{"Status", [](InstanceDef& d) { d.checks[0].http.expect_status = {99}; },
                    "#/checks/0/http/expect/status out_of_range"},
        BadInstance{"CheckWithoutPort",
                    [](InstanceDef& d) {
                      d.port.reset();
                      d.checks[0].kind = CheckKind::tcp;
                    },
                    "#/checks/0/tcp/port required"},
        BadInstance{"JsonPointer", [](InstanceDef& d) { d.checks[0].http.expect_json["/a~2"] = "1"; },
                    "#/checks/0/http/expect/json/~1a~02 invalid_pointer"},
        BadInstance{"TlsNameUnused",
                    [](InstanceDef& d) {
                      d.checks[0].http.tls_name = "a.test";
                      d.checks[0].http.tls_skip_verify = true;
                    },
                    "#/checks/0/http/tls_name exclusive"},
        BadInstance{"TlsName", [](InstanceDef& d) { d.checks[0].http.tls_name = "a b"; },
                    "#/checks/0/http/tls_name invalid_name"},
        BadInstance{"GrpcWithoutPort",
                    [](InstanceDef& d) {
                      d.checks[0].kind = CheckKind::grpc;
                      d.port.reset();
                    },
                    "#/checks/0/grpc/port required"},
        BadInstance{"GrpcHost",
                    [](InstanceDef& d) {
                      d.checks[0].kind = CheckKind::grpc;
                      d.checks[0].grpc.host = "a b";
                    },
                    "#/checks/0/grpc/host invalid_name"},
        BadInstance{"DnsAddressOfAnotherFamily",
                    [](InstanceDef& d) {
                      d.checks[0].kind = CheckKind::dns;
                      d.checks[0].dns = {.name = "a.test", .type = 28, .expect_address = d.addresses};
                    },
                    "#/checks/0/dns/expect/address wrong_family"},
        BadInstance{"DnsAddressOfARefusal",
                    [](InstanceDef& d) {
                      d.checks[0].kind = CheckKind::dns;
                      d.checks[0].dns = {.name = "a.test", .expect_rcode = 5, .expect_address = d.addresses};
                    },
                    "#/checks/0/dns/expect/address exclusive"},
        BadInstance{"ExecWithoutPath",
                    [](InstanceDef& d) {
                      d.checks[0].kind = CheckKind::exec;
                      d.checks[0].exec = {"sh", "-c", "true"};
                    },
                    "#/checks/0/exec invalid_path"},
        BadInstance{"ExecOfTooManyWords",
                    [](InstanceDef& d) {
                      d.checks[0].kind = CheckKind::exec;
                      d.checks[0].exec.assign(65, "/bin/true");
                    },
                    "#/checks/0/exec too_many"},
        BadInstance{"AliasOfNothing", [](InstanceDef& d) { d.checks[0].kind = CheckKind::alias; },
                    "#/checks/0/alias invalid_name"},
        BadInstance{"CheckOfAbsentFamily", [](InstanceDef& d) { d.checks[0].family = Family::ipv6; },
                    "#/checks/0/family no_address"}),
    [](const auto& instance) { return instance.param.name; });

TEST(InstanceRules, AKindWithAPortOfItsOwnNeedsNoOther) {
  for (const CheckKind kind : {CheckKind::http, CheckKind::https, CheckKind::dns}) {
    InstanceDef def = InstanceRules::good();
    def.port.reset();
    def.checks[0].kind = kind;
    def.checks[0].dns.name = "a.test";
    EXPECT_THAT(errors(validate(def, name("worker.corp"))), ElementsAre()) << usual_port(kind);
  }
}

TEST(InstanceRules, AllFaultsAtOnce) {
  InstanceDef def = InstanceRules::good();
  def.port = 0;
  def.zone = "_";
  def.checks[0].fall = 101;
  const auto problem = validate(def, name("worker.corp"));
  EXPECT_THAT(errors(problem),
              ElementsAre("#/zone invalid_label", "#/port out_of_range", "#/checks/0/fall out_of_range"));
  EXPECT_NE(problem->detail.find("(and 2 more)"), std::string::npos) << problem->detail;
}

TEST(PolicyRules, NameTheFault) {
  ServicePolicy policy;
  EXPECT_FALSE(validate(policy, name("web.corp")));
  policy.ttl = 1500ms;
  policy.max_answers = -1;
  policy.fail_open_below = std::numeric_limits<double>::quiet_NaN();
  policy.warning_factor = 0;
  policy.alias = "web.corp";
  policy.publish = Publish::cname;
  EXPECT_THAT(errors(validate(policy, name("web.corp"))),
              ElementsAre("#/ttl not_whole_seconds", "#/max_answers out_of_range", "#/fail_open_below out_of_range",
                          "#/warning_factor out_of_range", "#/alias loop", "#/publish exclusive"));
}

TEST(NamespaceRules, LeaveRoomForEveryNameBelow) {
  NamespaceDef def;
  def.name = name("corp");
  EXPECT_FALSE(validate(def));
  std::string apex(kMaxApex, 'a');
  for (std::size_t i = 10; i < apex.size(); i += 11) apex[i] = '.';
  def.name = name(apex);
  EXPECT_FALSE(validate(def));
  // The longest name that a registration makes still is a name.
  const std::string longest = std::string(63, 'i') + "._" + std::string(62, 's') + "._tcp." + apex;
  EXPECT_TRUE(DomainName::parse(longest)) << longest.size();
  def.name = name("b" + apex);
  EXPECT_THAT(errors(validate(def)), ElementsAre("#/name too_long"));
}

TEST(NamespaceRules, NameTheFault) {
  NamespaceDef def;
  EXPECT_THAT(errors(validate(def)), ElementsAre("#/name invalid_name"));
  def.name = name("corp");
  def.aliases = {name("alt"), name("ALT"), name("x.corp"), name("_tcp.alt")};
  def.ns = {"ns1..corp"};
  def.soa_retry = 0s;
  def.ttl_rules = {{"a.b", 5s}};
  EXPECT_THAT(errors(validate(def)),
              ElementsAre("#/aliases/1 duplicate", "#/aliases/2 loop", "#/aliases/3 invalid_name",
                          "#/ns/0 invalid_name", "#/soa_retry out_of_range", "#/ttl_rules/0/match invalid_glob"));
}

TEST(OverrideRules, NameTheFault) {
  OverrideDef def;
  def.service = "";
  def.reason = std::string(257, 'x');
  EXPECT_THAT(errors(validate(def)), ElementsAre("#/name empty", "#/match/service empty", "#/reason too_long"));
}

}  // namespace
}  // namespace registry
