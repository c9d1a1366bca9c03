#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "dnsd/config.h"
#include "registry/version.h"

namespace dnsd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::expected<CommandLine, Exit> parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "dnsd");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, TakesEveryFlag) {
  const auto line =
      parse({"--config",     "a.toml",      "--check-config", "--dev",       "--dns-listen", "127.0.0.1:1",
             "--dns-listen", "127.0.0.1:2", "--http-listen",  "127.0.0.1:3", "--data-dir",   "d",
             "--namespace",  "corp",        "--workers",      "2",           "--token-file", "t",
             "--ready-file", "r",           "--log-level",    "debug",       "--log-format", "json"});
  ASSERT_TRUE(line) << line.error().text;
  EXPECT_EQ(line->config, "a.toml");
  EXPECT_TRUE(line->check_config);
  EXPECT_TRUE(line->dev);
  EXPECT_THAT(line->dns_listen, ElementsAre("127.0.0.1:1", "127.0.0.1:2"));
  EXPECT_THAT(line->http_listen, ElementsAre("127.0.0.1:3"));
  EXPECT_THAT(line->namespaces, ElementsAre("corp"));
  EXPECT_EQ(line->data_dir, "d");
  EXPECT_EQ(line->workers, "2");
  EXPECT_EQ(line->token_file, "t");
  EXPECT_EQ(line->ready_file, "r");
  EXPECT_EQ(line->log_level, "debug");
  EXPECT_EQ(line->log_format, "json");
}

TEST(CommandLine, HelpAndVersionLeaveWithZero) {
  for (const auto* flag : {"--help", "--version"}) {
    const auto line = parse({flag});
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, 0);
    EXPECT_THAT(line.error().text, HasSubstr("dnsd"));
  }
}

TEST(CommandLine, AWrongFlagLeavesWithTwoAndNamesIt) {
  for (const auto* flag : {"--dns-lissten", "stray", "--workers"}) {
    const auto line = parse({flag});
    ASSERT_FALSE(line) << flag;
    EXPECT_EQ(line.error().code, 2);
    EXPECT_THAT(line.error().text, HasSubstr(flag));
  }
}

TEST(Version, IsTheBuildsVersion) {
  std::stringstream text;
  text << std::ifstream("CMakeLists.txt").rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("project(dnsd VERSION " + std::string(registry::kVersion)));
}

}  // namespace
}  // namespace dnsd
