// Forty seeded mistakes: each must be reported where it is, with a sentence that helps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dnsd/config.h"

namespace dnsd {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Mistake {
  const char* name;
  const char* text;
  const char* place;     // "line:column"
  const char* sentence;  // a part of it
};

std::ostream& operator<<(std::ostream& out, const Mistake& mistake) { return out << mistake.name; }

// The file "x.toml" with one mistake; [[namespace]] corp stands on line 1 and 2 where a service needs it.
constexpr Mistake kMistakes[] = {
    {"NotToml", "[dns\nworkers = 1", "1:5", "]"},
    {"KeyTwice", "[dns]\nworkers = 1\nworkers = 2", "3:11", "workers"},
    {"NoQuotes", "[store]\nkind = sqlite", "2:8", ""},
    {"UnknownTable", "[dnss]\nworkers = 1", "1:2", "unknown key \"dnss\"; did you mean \"dns\"?"},
    {"ForeignTable", "[nomad]\nnamespace = \"corp\"", "1:2", "unknown key \"nomad\""},
    {"Datacenter", "[consul]\ndatacenter = \"dc\"", "2:14", "\"dc\" is not one label"},
    {"LayoutUnknown", "[[namespace]]\nname = \"a\"\nlayout = \"consull\"", "3:10", "did you mean \"consul\"?"},
    {"ViewOfNothing", "[[namespace]]\nname = \"corp\"\n[[namespace]]\nname = \"c\"\nlayout = \"consul\"\nof = \"crop\"",
     "6:6", "\"crop\" is no [[namespace]]; did you mean \"corp\"?"},
    {"ViewWithoutLayout", "[[namespace]]\nname = \"corp\"\n[[namespace]]\nname = \"c\"\nof = \"corp\"", "5:6",
     "\"of\" goes with layout = \"consul\""},
    {"ViewWithTtl",
     "[[namespace]]\nname = \"corp\"\n[[namespace]]\nname = \"c\"\nlayout = \"consul\"\nof = \"corp\"\nttl = \"1s\"",
     "7:1", "\"ttl\" in a [[namespace]] that is a view"},
    {"ConsulZoneFile", "[[namespace]]\nname = \"c\"\nlayout = \"consul\"\nzone_file = \"c.zone\"", "4:13",
     "no \"zone_file\""},
    {"ConsulAround", "[[namespace]]\nname = \"x.c\"\n[[namespace]]\nname = \"c\"\nlayout = \"consul\"", "4:8",
     "where names are Consul's"},
    {"ServiceOfTheCluster",
     "[[namespace]]\nname = \"cluster.local\"\nlayout = \"kubernetes\"\n[[service]]\nname = "
     "\"web.prod.svc.cluster.local\"",
     "5:8", "declare the namespace as well"},
    {"UnknownKey", "[dns]\ntcp_iddle = \"10s\"", "2:1", "\"tcp_iddle\" in [dns]; did you mean \"tcp_idle\"?"},
    {"TableAsValue", "dns = 3", "1:1", "\"dns\" is a table; write [dns]"},
    {"ListAsText", "[dns]\nlisten = \"127.0.0.1:53\"", "2:10", "dns.listen is a list of strings"},
    {"NumberInList", "[dns]\nlisten = [8600]", "2:11", "dns.listen is a list of strings"},
    {"PortAlone", "[dns]\nlisten = [\"8600\"]", "2:11", "no port"},
    {"PortTooLarge", "[dns]\nlisten = [\"127.0.0.1:8600\", \"127.0.0.1:86000\"]", "2:29", "port 0 to 65535"},
    {"NameToListen", "[dns]\nlisten = [\"localhost:8600\"]", "2:11", "names are not resolved here"},
    {"BareIpv6", "[dns]\nlisten = [\"::1:8600\"]", "2:11", "an IPv6 address stands in brackets"},
    {"SameTwice", "[dns]\nlisten = [\"127.0.0.1:53\", \"127.0.0.1:53\"]", "2:27", "listed twice"},
    {"NobodyListens", "[http]\nlisten = []", "2:10", "http.listen is empty"},
    {"WorkersText", "[dns]\nworkers = \"four\"", "2:11", "dns.workers is a whole number, not a string"},
    {"WorkersNegative", "[dns]\nworkers = -1", "2:11", "dns.workers is -1, outside 0 to 256"},
    {"HostBits", "[dns]\nallow_query = [\"10.0.0.1/8\"]", "2:16", "\"10.0.0.1/8\" is not an address block"},
    {"UdpSizeSmall", "[dns]\nudp_size = 100", "2:12", "outside 512 to 4096"},
    {"DurationNumber", "[dns]\ntcp_idle = 10", "2:12", "a duration such as \"5s\", not a whole number"},
    {"DurationUnit", "[dns]\ntcp_idle = \"10 seconds\"", "2:12", "is not a duration; write \"500ms\""},
    {"DurationRange", "[health]\ninterval = \"10ms\"", "2:12", "health.interval is 10ms, outside 100ms to 1h"},
    {"TimeoutOverInterval", "[health]\ninterval = \"1s\"\ntimeout = \"2s\"", "3:11", "longer than health.interval"},
    {"GuardAsValue", "[health]\nguard = false", "2:1", "\"health.guard\" is a table; write [health.guard]"},
    {"GuardKey", "[health.guard]\nenable = false", "2:1", "\"enable\" in [health.guard]; did you mean \"enabled\"?"},
    {"GuardShare", "[health.guard]\nshare = 50", "2:9", "health.guard.share is 50, outside 0 to 1"},
    {"GuardShareText", "[health.guard]\nshare = \"half\"", "2:9", "a number such as 0.5, not a string"},
    {"GuardOn", "[health.guard]\nenabled = \"yes\"", "2:11", "true or false, not a string"},
    {"OpenApi", "[http]\nlisten = [\"127.0.0.1:1\", \"0.0.0.0:8500\"]", "2:26", "reachable from other machines"},
    {"KeyWithoutSecret", "[cloudmap]\naccess_key_id = \"AKID\"", "2:17", "belong together"},
    {"EndpointOutside", "[cloudmap]\nendpoint = \"a.b.corp\"", "2:12", "is not one label below a [[namespace]]"},
    {"EndpointTwice", "[cloudmap]\nendpoint = \"a.corp\"\n[[service]]\nname = \"data-a.corp\"", "2:12",
     "is declared twice"},
    {"NoTokenFile", "[http]\ntoken_file = \"/nonexistent/token\"", "2:14", "cannot read the token file"},
    {"StoreEtcd", "[store]\nkind = \"etcd\"", "2:8", "not built into this version"},
    {"StoreUnknown", "[store]\nkind = \"mysql\"", "2:8", "one of \"sqlite\", \"memory\""},
    {"UpstreamName", "[forward]\nupstreams = [\"dns.example\"]", "2:14", "not an address and port"},
    {"UpstreamPort", "[forward]\nupstreams = [\"192.0.2.1:0\"]", "2:14", "port 0 is no server"},
    {"UpstreamTwice", "[forward]\nupstreams = [\"::1\", \"[::1]:53\"]", "2:21", "listed twice"},
    {"UpstreamSelf", "[dns]\nlisten = [\"[::1]:53\"]\n[forward]\nupstreams = [\"::1\"]", "4:14",
     "is this server itself"},
    {"OpenResolver", "[dns]\nallow_query = []\n[forward]\nupstreams = [\"::1\"]", "4:14", "is an open resolver"},
    {"OpenResolver6", "[dns]\nallow_query = [\"10.0.0.0/8\", \"::/0\"]\n[forward]\nupstreams = [\"::1\"]", "4:14",
     "is an open resolver"},
    {"ResolverName", "[resolver]\nservers = [\"dns.example\"]", "2:12", "not an address and port"},
    {"LogLevel", "[log]\nlevel = \"loud\"", "2:9", "one of \"debug\", \"info\""},
    {"NamespaceSingle", "[namespace]\nname = \"corp\"", "1:1", "write [[namespace]]"},
    {"NamespaceNameless", "[[namespace]]\nttl = \"5s\"", "1:1", "[[namespace]] needs \"name\""},
    {"NamespaceBadName", "[[namespace]]\nname = \"co rp\"", "2:8", "is not a domain name"},
    {"NamespaceKey", "[[namespace]]\nname = \"corp\"\nzonefile = \"x\"", "3:1", "did you mean \"zone_file\"?"},
    {"NamespaceReadOnly", "[[namespace]]\nname = \"corp\"\nserial = 4", "3:1",
     "unknown key \"serial\" in [[namespace]]"},
    {"NamespaceTwice", "[[namespace]]\nname = \"corp\"\n[[namespace]]\nname = \"Corp\"", "4:8", "declared twice"},
    {"TtlRule", "[[namespace]]\nname = \"corp\"\n[[namespace.ttl]]\nmatch = \"db*\"\nttl = \"1x\"", "5:7", ""},
    {"ZoneWithoutFile", "[[zone]]\nname = \"example.com\"", "1:1", "[[zone]] needs \"file\""},
    {"ZoneIsNamespace", "[[namespace]]\nname = \"a\"\n[[zone]]\nname = \"a\"\nfile = \"z\"", "4:8", "as its zone_file"},
    {"ReverseOddLength", "[[reverse]]\nprefix = \"10.0.0.0/12\"", "2:10", "a multiple of 8"},
    {"ReverseOfOneAddress", "[[reverse]]\nprefix = \"10.0.0.1/32\"", "2:10", "from 8 to 24"},
    {"ServiceHomeless", "[[service]]\nname = \"db.crop\"\n[[namespace]]\nname = \"corp\"", "2:8",
     "below no [[namespace]]"},
    {"ServiceTooDeep", "[[namespace]]\nname = \"corp\"\n[[service]]\nname = \"a.b.corp\"", "4:8", ""},
    {"ServiceKey", "[[namespace]]\nname = \"corp\"\n[[service]]\nname = \"db.corp\"\nmax_answer = 1", "5:1",
     "did you mean \"max_answers\"?"},
    {"InstanceNowhere", "[[namespace]]\nname = \"corp\"\n[[service]]\nname = \"db.corp\"\ninstances = [{ id = \"a\" }]",
     "5:14", "needs \"address\", \"addresses\" or \"host\""},
    {"InstanceAddress",
     "[[namespace]]\nname = \"corp\"\n[[service]]\nname = \"db.corp\"\n"
     "instances = [{ id = \"a\", address = \"10.0.0.256\" }]",
     "5:36", ""},
    {"CheckKey",
     "[[namespace]]\nname = \"corp\"\n[[service]]\nname = \"db.corp\"\n[[service.instances]]\nid = \"a\"\n"
     "address = \"10.0.0.1\"\nport = 80\n[[service.instances.checks]]\nhtpp = \"/\"",
     "10:1", "did you mean \"http\"?"},
    {"CheckInterval",
     "[[namespace]]\nname = \"corp\"\n[[service]]\nname = \"db.corp\"\n[[service.instances]]\nid = \"a\"\n"
     "address = \"10.0.0.1\"\nport = 80\nchecks = [{ tcp = true, interval = \"2h\" }]",
     "9:36", ""},
};

class ConfigMistake : public testing::TestWithParam<Mistake> {};

TEST_P(ConfigMistake, IsReportedWhereItIs) {
  const auto& mistake = GetParam();
  const auto config = parse_config_text(mistake.text, "x.toml", {}, [](const std::string&) { return std::nullopt; });
  ASSERT_FALSE(config) << "accepted";
  ASSERT_EQ(config.error().size(), 1U) << testing::PrintToString(config.error());
  EXPECT_THAT(config.error().front(), StartsWith(std::string("x.toml:") + mistake.place + ": error: "));
  EXPECT_THAT(config.error().front(), HasSubstr(mistake.sentence));
}

INSTANTIATE_TEST_SUITE_P(Seeded, ConfigMistake, testing::ValuesIn(kMistakes),
                         [](const auto& param) { return std::string(param.param.name); });

TEST(ConfigMistakes, AreAtLeastForty) { EXPECT_GE(std::size(kMistakes), 40U); }

TEST(ConfigMistakes, AreAllReportedAtOnceSortedByLine) {
  const auto config = parse_config_text("[[service]]\nname = \"x.y\"\n[log]\nlevel = 3\n[dns]\nworkers = -1\nfoo = 1\n",
                                        "x.toml", {}, [](const std::string& name) -> std::optional<std::string> {
                                          if (name == "DNSD_DNS_TCP_IDLE") return "soon";
                                          return std::nullopt;
                                        });
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error(),
              testing::ElementsAre(StartsWith("x.toml:2:8: "), StartsWith("x.toml:4:9: "), StartsWith("x.toml:6:11: "),
                                   StartsWith("x.toml:7:1: "), StartsWith("DNSD_DNS_TCP_IDLE: error: ")));
}

}  // namespace
}  // namespace dnsd
