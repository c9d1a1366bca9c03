#include "dnsd/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "dnsd/config_settings.h"

namespace dnsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

Environment environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

// The configuration of a good file; a bad one fails the test with its lines.
Config good(std::string_view text, const CommandLine& flags = {}, std::map<std::string, std::string> variables = {},
            const std::filesystem::path& shown_as = "x.toml") {
  auto config = parse_config_text(text, shown_as, flags, environment(std::move(variables)));
  if (config) return *std::move(config);
  ADD_FAILURE() << testing::PrintToString(config.error());
  return {};
}

std::vector<std::string> endpoints(const Config& config) {
  std::vector<std::string> texts;
  for (const auto& [address, port] : config.dns.listen) texts.push_back(to_string(AddressPort{address, port}));
  return texts;
}

std::vector<std::string> apexes(const Config& config) {
  std::vector<std::string> names;
  for (const auto& def : config.declared.namespaces) names.push_back(def.name.text());
  return names;
}

TEST(Config, WithoutAFileServesCorpOnLoopback) {
  const auto config = good("", {}, {}, "");
  EXPECT_THAT(endpoints(config), ElementsAre("127.0.0.1:8600"));
  ASSERT_EQ(config.http.listen.size(), 1U);
  EXPECT_EQ(config.http.listen[0].address, "127.0.0.1");
  EXPECT_EQ(config.http.listen[0].port, 8500);
  EXPECT_THAT(apexes(config), ElementsAre("corp"));
  EXPECT_THAT(config.namespace_files, IsEmpty());
  EXPECT_EQ(config.store.kind, StoreKind::sqlite);
  EXPECT_EQ(config.store.path, "dnsd-data");
  EXPECT_EQ(config.dns.responder.allow_query.size(), 6U);
}

TEST(Config, OfAFileWithZonesAloneHasNoNamespace) {
  const auto config = good("[[zone]]\nname = \"example.com\"\nfile = \"e.zone\"");
  EXPECT_THAT(apexes(config), IsEmpty());
  ASSERT_EQ(config.zones.size(), 1U);
  EXPECT_EQ(config.zones[0].apex, "example.com");
  EXPECT_EQ(config.zones[0].file, "e.zone");
}

TEST(Config, PrefersFlagOverVariableOverFileOverDefault) {
  const auto* file = "[dns]\nworkers = 3\ntcp_idle = \"20s\"\n[log]\nlevel = \"error\"";
  EXPECT_EQ(good(file).dns.workers, 3);
  EXPECT_EQ(good(file, {}, {{"DNSD_DNS_WORKERS", "5"}}).dns.workers, 5);
  CommandLine flags;
  flags.workers = "7";
  const auto config = good(file, flags, {{"DNSD_DNS_WORKERS", "5"}, {"DNSD_LOG_LEVEL", "debug"}});
  EXPECT_EQ(config.dns.workers, 7);
  EXPECT_EQ(config.dns.tcp_idle, 20s);
  EXPECT_EQ(config.dns.responder.tcp_idle_deciseconds, 200);
  EXPECT_EQ(config.log.level, log::Level::debug);
}

TEST(Config, TheGuardHasATableOfItsOwn) {
  const auto* file = "[health]\ninterval = \"9s\"\n[health.guard]\nshare = 0.75\ninstances = 9\nhold = \"1m\"";
  const auto config = good(file, {}, {{"DNSD_HEALTH_GUARD_ENABLED", "false"}, {"DNSD_HEALTH_GUARD_SERVICES", "3"}});
  EXPECT_EQ(config.http.check_defaults.interval, 9s);
  EXPECT_FALSE(config.guard.enabled);
  EXPECT_EQ(config.guard.share, 0.75);
  EXPECT_EQ(config.guard.instances, 9);
  EXPECT_EQ(config.guard.services, 3);
  EXPECT_EQ(config.guard.hold, 1min);
  EXPECT_EQ(good(file, {}, {{"DNSD_HEALTH_GUARD_SHARE", "0.25"}}).guard.share, 0.25);
  EXPECT_EQ(good("[health.guard]\nshare = 1").guard.share, 1.0);
}

TEST(Config, ListsOfALaterSourceReplaceTheWholeList) {
  const auto* file = "[dns]\nlisten = [\"127.0.0.1:53\", \"127.0.0.2:53\"]";
  EXPECT_THAT(endpoints(good(file, {}, {{"DNSD_DNS_LISTEN", "[::1]:0,127.0.0.9:5"}})),
              ElementsAre("[::1]:0", "127.0.0.9:5"));
  CommandLine flags;
  flags.dns_listen = {"127.0.0.3:53"};
  EXPECT_THAT(endpoints(good(file, flags, {{"DNSD_DNS_LISTEN", "127.0.0.9:5"}})), ElementsAre("127.0.0.3:53"));
}

TEST(Config, ChosenNamespacesReplaceTheFilesAndKeepTheirSettings) {
  CommandLine flags;
  flags.namespaces = {"corp,lab"};
  const auto config = good(
      "[[namespace]]\nname = \"corp\"\nttl = \"9s\"\nzone_file = \"c.zone\"\n[[namespace]]\nname = \"old\"\n"
      "zone_file = \"o.zone\"",
      flags);
  EXPECT_THAT(apexes(config), ElementsAre("corp", "lab"));
  EXPECT_EQ(config.declared.namespaces[0].ttl, 9s);
  ASSERT_EQ(config.namespace_files.size(), 1U);
  EXPECT_EQ(config.namespace_files[0].apex, "corp");
}

TEST(Config, DevKeepsEverythingInMemoryWhateverTheFileSays) {
  CommandLine flags;
  flags.dev = true;
  EXPECT_EQ(good("[store]\nkind = \"sqlite\"", flags).store.kind, StoreKind::memory);
}

TEST(Config, DataDirChangesThePathNeverTheKind) {
  CommandLine flags;
  flags.data_dir = "elsewhere";
  const auto config = good("[store]\nkind = \"memory\"\npath = \"here\"", flags);
  EXPECT_EQ(config.store.kind, StoreKind::memory);
  EXPECT_EQ(config.store.path, "elsewhere");
}

TEST(Config, PathsInTheFileStartFromItsFolder) {
  const auto config = good("[store]\npath = \"data\"\n[[namespace]]\nname = \"corp\"\nzone_file = \"zones/c.zone\"", {},
                           {}, "/etc/dnsd/dnsd.toml");
  EXPECT_EQ(config.store.path, "/etc/dnsd/data");
  EXPECT_EQ(config.namespace_files[0].file, "/etc/dnsd/zones/c.zone");
}

TEST(Config, TtlRulesHaveTwoSpellings) {
  for (const auto* spelling : {"[[namespace.ttl]]", "[[namespace.ttl_rules]]"}) {
    const auto config =
        good(std::string("[[namespace]]\nname = \"corp\"\n") + spelling + "\nmatch = \"db*\"\nttl = \"10s\"");
    ASSERT_EQ(config.declared.namespaces.size(), 1U);
    EXPECT_EQ(config.declared.namespaces[0].ttl, 5s);
    EXPECT_EQ(config.declared.namespaces[0].ttl_rules, (std::vector<registry::TtlRule>{{"db*", 10s}}));
  }
}

TEST(Config, DeclaresServicesWithTheDefaultsOfHealth) {
  const auto config = good(R"(
[[namespace]]
name = "corp"
[health]
interval = "10s"
fall = 7
[[service]]
name = "db.corp"
max_answers = 2
instances = [{ id = "db1", address = "10.0.0.9", port = 5432, checks = [{ tcp = true }, { http = "/", interval = "1s" }] }]
)");
  ASSERT_EQ(config.declared.services.size(), 1U);
  const auto& service = config.declared.services[0];
  EXPECT_EQ(service.name.text(), "db.corp");
  EXPECT_EQ(service.policy.max_answers, 2);
  ASSERT_EQ(service.instances.size(), 1U);
  EXPECT_EQ(service.instances[0].id, "db1");
  EXPECT_EQ(service.instances[0].port, 5432);
  ASSERT_EQ(service.instances[0].checks.size(), 2U);
  EXPECT_EQ(service.instances[0].checks[0].interval, 10s);
  EXPECT_EQ(service.instances[0].checks[0].timeout, 2s);
  EXPECT_EQ(service.instances[0].checks[0].fall, 7);
  EXPECT_EQ(service.instances[0].checks[1].interval, 1s);
  EXPECT_EQ(service.instances[0].checks[1].timeout, 1s);
}

TEST(Config, AShortHealthIntervalShortensTheDefaultTimeout) {
  EXPECT_EQ(good("[health]\ninterval = \"500ms\"").http.check_defaults.timeout, 500ms);
}

class ConfigFiles : public testing::Test {
 protected:
  ConfigFiles() : folder_(testing::TempDir() + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::create_directories(folder_);
  }
  ~ConfigFiles() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
    return folder_ / name;
  }
  std::filesystem::path folder_;
};

TEST_F(ConfigFiles, TheTokenIsTheLineOfItsFile) {
  write("token", "  s3cret-token\n");
  const auto file = write("dnsd.toml", "[http]\nlisten = [\"0.0.0.0:8500\"]\ntoken_file = \"token\"");
  CommandLine flags;
  flags.config = file;
  const auto config = parse_config(flags, environment({}));
  ASSERT_TRUE(config) << testing::PrintToString(config.error());
  EXPECT_EQ(config->http.token, "s3cret-token");
}

TEST_F(ConfigFiles, ATokenThatNoHeaderCanCarryIsRefused) {
  for (const auto& token : {std::string(), std::string("\n"), std::string("two words"), std::string(5000, 'x')}) {
    CommandLine flags;
    flags.token_file = write("token", token).string();
    const auto config = parse_config(flags, environment({}));
    ASSERT_FALSE(config) << token.substr(0, 20);
    EXPECT_THAT(config.error(), ElementsAre(HasSubstr("--token-file: error: http.token_file: the token file")));
  }
}

TEST_F(ConfigFiles, AMissingFileIsOneClearLine) {
  CommandLine flags;
  flags.config = folder_ / "absent.toml";
  const auto config = parse_config(flags, environment({}));
  ASSERT_FALSE(config);
  EXPECT_THAT(config.error(), ElementsAre(HasSubstr("absent.toml: error: cannot be read")));
}

TEST_F(ConfigFiles, TheVariableNamesTheFileToo) {
  const auto file = write("dnsd.toml", "[dns]\nworkers = 2");
  const auto config = parse_config({}, environment({{"DNSD_CONFIG", file.string()}}));
  ASSERT_TRUE(config);
  EXPECT_EQ(config->dns.workers, 2);
}

TEST_F(ConfigFiles, CheckConfigReadsTheZoneFiles) {
  CommandLine flags;
  flags.config = write("dnsd.toml", "[[namespace]]\nname = \"corp\"\nzone_file = \"corp.zone\"");
  write("corp.zone", "www 60 IN A 192.0.2.1\n");
  EXPECT_EQ(check_config(flags, environment({})), 0);
  write("corp.zone", "www 60 IN A 192.0.2.300\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(check_config(flags, environment({})), 1);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("corp.zone:1"));
}

TEST_F(ConfigFiles, TheExampleZonesAreAccepted) {
  const auto zones = (std::filesystem::current_path() / "zones").string();
  CommandLine flags;
  flags.config = write("dnsd.toml", "[[namespace]]\nname = \"corp\"\nzone_file = \"" + zones +
                                        "/corp.zone\"\n[[zone]]\nname = \"example.org\"\nfile = \"" + zones +
                                        "/example.org.zone\"");
  EXPECT_EQ(check_config(flags, environment({})), 0);
}

TEST(Config, EndpointsAreReadStrictly) {
  EXPECT_EQ(to_string(parse_address_port("[fd00:0::1]:53").value()), "[fd00::1]:53");
  EXPECT_EQ(to_string(parse_address_port("10.0.0.1:0").value()), "10.0.0.1:0");
  for (const auto* bad :
       {"", ":53", "10.0.0.1", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:-1", "[10.0.0.1]:53", "fd00::1:53"}) {
    EXPECT_FALSE(parse_address_port(bad)) << bad;
  }
  EXPECT_TRUE(is_loopback("127.8.9.1"));
  EXPECT_TRUE(is_loopback("::1"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
  EXPECT_FALSE(is_loopback("::"));
}

std::string read(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Tests run in the root of the source tree (cmake/component.cmake).
TEST(ConfigDocs, NameEveryKeyAndItsVariable) {
  const auto page = read("docs/configuration.md");
  for (const auto& setting : config::settings()) {
    EXPECT_THAT(page, HasSubstr("`" + std::string(setting.key) + "`")) << setting.name();
    EXPECT_THAT(page, HasSubstr("`" + setting.variable() + "`")) << setting.name();
    if (!setting.flag.empty()) {
      EXPECT_THAT(page, HasSubstr("`" + std::string(setting.flag))) << setting.name();
    }
  }
  for (const auto table : config::kTables) EXPECT_THAT(page, HasSubstr("[[" + std::string(table) + "]]"));
}

TEST(ConfigDocs, ThePackagedExampleIsAccepted) {
  const auto text = read("packaging/dnsd.toml");
  ASSERT_FALSE(text.empty());
  const auto config = parse_config_text(text, "/etc/dnsd/dnsd.toml", {}, environment({}));
  EXPECT_TRUE(config) << testing::PrintToString(config.error());
}

void expect_defaults(const Config& config) {
  const Config defaults;
  EXPECT_EQ(endpoints(config), endpoints(defaults));
  EXPECT_EQ(config.dns.workers, defaults.dns.workers);
  EXPECT_EQ(config.dns.tcp_workers, defaults.dns.tcp_workers);
  EXPECT_EQ(config.dns.tcp_connections, defaults.dns.tcp_connections);
  EXPECT_EQ(config.dns.tcp_per_client, defaults.dns.tcp_per_client);
  EXPECT_EQ(config.dns.tcp_idle, defaults.dns.tcp_idle);
  EXPECT_EQ(config.dns.tcp_idle_overload, defaults.dns.tcp_idle_overload);
  EXPECT_EQ(config.dns.tcp_io, defaults.dns.tcp_io);
  EXPECT_EQ(config.dns.responder.cookies, defaults.dns.responder.cookies);
  EXPECT_EQ(config.dns.responder.rate_limit.responses_per_second, 0U);
  EXPECT_EQ(config.dns.responder.rate_limit.slip, defaults.dns.responder.rate_limit.slip);
  EXPECT_TRUE(config.dns.proxy_listen.empty());
  EXPECT_EQ(config.dns.udp_receive_buffer, defaults.dns.udp_receive_buffer);
  EXPECT_EQ(config.dns.responder.udp_size, defaults.dns.responder.udp_size);
  EXPECT_EQ(config.dns.responder.allow_query, defaults.dns.responder.allow_query);
  EXPECT_EQ(config.http.max_header, defaults.http.max_header);
  EXPECT_EQ(config.http.max_body, defaults.http.max_body);
  EXPECT_EQ(config.http.max_batch_body, defaults.http.max_batch_body);
  EXPECT_EQ(config.http.max_batch_operations, defaults.http.max_batch_operations);
  EXPECT_EQ(config.http.max_connections, defaults.http.max_connections);
  EXPECT_EQ(config.http.max_watchers, defaults.http.max_watchers);
  EXPECT_EQ(config.http.header_timeout, defaults.http.header_timeout);
  EXPECT_EQ(config.http.body_timeout, defaults.http.body_timeout);
  EXPECT_EQ(config.http.idle_timeout, defaults.http.idle_timeout);
  EXPECT_EQ(config.http.write_timeout, defaults.http.write_timeout);
  EXPECT_EQ(config.http.keep_alive, defaults.http.keep_alive);
  EXPECT_EQ(config.http.check_defaults, defaults.http.check_defaults);
  EXPECT_EQ(config.http.eureka.lease_factor, defaults.http.eureka.lease_factor);
  EXPECT_EQ(config.http.cloudmap.max_srv, defaults.http.cloudmap.max_srv);
  EXPECT_EQ(config.http.envoy.cluster, defaults.http.envoy.cluster);
  EXPECT_EQ(config.guard.enabled, defaults.guard.enabled);
  EXPECT_EQ(config.guard.share, defaults.guard.share);
  EXPECT_EQ(config.guard.instances, defaults.guard.instances);
  EXPECT_EQ(config.guard.services, defaults.guard.services);
  EXPECT_EQ(config.guard.hold, defaults.guard.hold);
  EXPECT_EQ(config.limits.services, defaults.limits.services);
  EXPECT_EQ(config.limits.instances, defaults.limits.instances);
  EXPECT_EQ(config.limits.instances_per_service, defaults.limits.instances_per_service);
  EXPECT_EQ(config.limits.overrides, defaults.limits.overrides);
  EXPECT_EQ(config.checks.max_concurrent, defaults.checks.max_concurrent);
  EXPECT_EQ(config.forward.upstreams, defaults.forward.upstreams);
  EXPECT_EQ(config.forward.allow_recursion, defaults.forward.allow_recursion);
  EXPECT_EQ(config.forward.timeout, defaults.forward.timeout);
  EXPECT_EQ(config.forward.tries, defaults.forward.tries);
  EXPECT_EQ(config.forward.cache_size, defaults.forward.cache_size);
  EXPECT_EQ(config.forward.max_ttl, defaults.forward.max_ttl);
  EXPECT_EQ(config.log.level, defaults.log.level);
}

TEST(Config, UpstreamsAreAddressesOnPort53OrAnother) {
  const auto config = good("[forward]\nupstreams = [\"192.0.2.1\", \"192.0.2.1:5353\", \"2001:db8::1\", \"[::1]:54\"]");
  EXPECT_THAT(config.forward.upstreams,
              testing::ElementsAre("192.0.2.1:53", "192.0.2.1:5353", "[2001:db8::1]:53", "[::1]:54"));
}

TEST(Config, ForwardingForEverybodyIsAllowedToWhoeverSaysSo) {
  const auto config =
      good("[dns]\nallow_query = []\n[forward]\nupstreams = [\"192.0.2.1\"]\nallow_recursion = [\"10.0.0.0/8\"]");
  EXPECT_EQ(config.forward.allow_recursion.size(), 1U);
}

// Every commented line that shows a key works once its mark is taken away, and shows the default.
TEST(ConfigDocs, ThePackagedExampleShowsEveryKeyWithItsDefault) {
  const auto text = read("packaging/dnsd.toml");
  for (const auto& setting : config::settings()) {
    EXPECT_THAT(text, testing::ContainsRegex("(^|\n)(# )?" + std::string(setting.key) + " = ")) << setting.name();
  }
  const auto secret = std::filesystem::path(testing::TempDir()) / "dnsd-packaged-example.key";
  std::ofstream(secret) << "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
  std::istringstream lines(text);
  std::string all;
  for (std::string line; std::getline(lines, line);) {
    if (const auto at = line.find("/etc/dnsd/xfr.key"); at != std::string::npos) line.replace(at, 17, secret.string());
    const bool shown = line.starts_with("# ") && (line.find(" = ") != std::string::npos || line.starts_with("# [["));
    const bool names_a_file = line.starts_with("# token_file") || line.starts_with("# cookie_secret_file") ||
                              line.starts_with("# secret_key_file");
    if (!names_a_file) all += shown ? line.substr(2) : line;
    all += '\n';
  }
  expect_defaults(good(all));
  std::filesystem::remove(secret);
}

// The default that a row of the page shows: "| `key` | `default` | ...", below "## [table]". "" = not a TOML value.
std::string shown_default(const std::string& page, const config::Setting& setting) {
  const auto section = page.find("## [" + std::string(setting.table) + "]\n");
  const auto row = page.find("| `" + std::string(setting.key) + "` | `", section);
  if (section == std::string::npos || row == std::string::npos || row > page.find("\n## ", section + 1)) return {};
  const auto begin = page.find("| `", row + 2) + 3;
  return page.substr(begin, page.find('`', begin) - begin);
}

TEST(ConfigDocs, ThePageShowsTheDefaults) {
  const auto page = read("docs/configuration.md");
  std::string text;
  for (const auto& setting : config::settings()) {
    const auto value = shown_default(page, setting);
    if (setting.kind != config::Kind::text && setting.kind != config::Kind::list) {
      EXPECT_NE(value, "") << setting.name();
    }
    if (!value.empty()) text += std::string(setting.table) + "." + std::string(setting.key) + " = " + value + "\n";
  }
  expect_defaults(good(text));
}

}  // namespace
}  // namespace dnsd
