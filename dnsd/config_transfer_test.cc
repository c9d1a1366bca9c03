// [[key]] and who may transfer, update, is notified.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "dnsd/answers/wire_name.h"
#include "dnsd/config.h"

namespace dnsd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigTransfer : public ::testing::Test {
 protected:
  ConfigTransfer() {
    std::filesystem::create_directory(folder);
    std::ofstream(folder / "secret") << "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";
    std::ofstream(folder / "short") << "AAEC\n";
  }
  ~ConfigTransfer() override { std::filesystem::remove_all(folder); }
  std::expected<Config, std::vector<std::string>> parse(const std::string& text) {
    return parse_config_text(text, folder / "dnsd.toml", {}, [](const std::string&) { return std::nullopt; });
  }
  std::vector<std::string> wrong(const std::string& text) {
    const auto config = parse(text);
    EXPECT_FALSE(config) << "it was accepted";
    return config ? std::vector<std::string>{} : config.error();
  }
  static std::string wire(std::string_view text) { return answers::to_wire(text); }

  std::filesystem::path folder = std::filesystem::path(::testing::TempDir()) /
                                 ("dnsd-config-" + std::to_string(::testing::UnitTest::GetInstance()->random_seed()) +
                                  "-" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
  const std::string key = "[[key]]\nname = \"Xfr\"\nsecret_file = \"secret\"\n";
};

TEST_F(ConfigTransfer, AKeyAndItsRulesAreRead) {
  const auto config = parse(key + R"(
[[namespace]]
name = "corp"
aliases = ["alt"]
allow_transfer = ["10.0.0.0/8", "key:xfr", "::1 key:XFR"]
notify = ["10.0.0.2", "[fd00::2]:5353 key:xfr"]
allow_update = ["key:xfr"]
[[zone]]
name = "example.org"
primaries = ["10.0.0.1:53 key:xfr"]
)");
  ASSERT_TRUE(config) << ::testing::PrintToString(config.error());
  const auto& transfers = config->transfers;
  ASSERT_TRUE(transfers.keys.contains(wire("xfr")));
  EXPECT_EQ(transfers.keys.at(wire("xfr")).secret.size(), 32U);
  EXPECT_EQ(transfers.keys.at(wire("xfr")).algorithm, tsig::Algorithm::sha256);
  const auto& corp = *transfers.find(wire("corp"));
  ASSERT_EQ(corp.allow_transfer.size(), 3U);
  EXPECT_EQ(corp.allow_transfer[0].key, "");
  EXPECT_FALSE(corp.allow_transfer[1].from);
  EXPECT_TRUE(corp.allow_transfer[2].from);
  EXPECT_EQ(corp.allow_transfer[2].key, wire("xfr"));
  ASSERT_EQ(corp.notify.size(), 2U);
  EXPECT_EQ(corp.notify[0], (transfer::Peer{"10.0.0.2", 53, ""}));
  EXPECT_EQ(corp.notify[1], (transfer::Peer{"fd00::2", 5353, wire("xfr")}));
  const auto& alias = *transfers.find(wire("alt"));
  EXPECT_EQ(alias.allow_transfer, corp.allow_transfer);
  EXPECT_TRUE(alias.allow_update.empty()) << "an update names the namespace itself";
  EXPECT_EQ(transfers.find(wire("example.org"))->primaries.size(), 1U);
  EXPECT_TRUE(config->zones.empty()) << "there is no file to load";
}

TEST_F(ConfigTransfer, ByDefaultNobodyMayDoAnything) { EXPECT_TRUE(parse("")->transfers.empty()); }

TEST_F(ConfigTransfer, EveryMistakeIsToldWithItsPlace) {
  EXPECT_THAT(wrong(key + R"([[namespace]]
name = "corp"
allow_transfer = ["10.0.0.1/8", "key:other", "", "10.0.0.1 10.0.0.2"]
notify = ["ns.example.com"]
)"),
              ElementsAre(HasSubstr("dnsd.toml:6:19: error: allow_transfer: \"10.0.0.1/8\" is not an address block"),
                          HasSubstr("no [[key]] of that name"), HasSubstr("allows nobody"), HasSubstr("two places"),
                          HasSubstr("dnsd.toml:7:11: error: notify: \"ns.example.com\" is not an address")));
  EXPECT_THAT(wrong("[[key]]\nname = \"k\"\nsecret_file = \"short\"\n"),
              ElementsAre(HasSubstr("shorter than 128 bits")));
  EXPECT_THAT(wrong("[[key]]\nname = \"k\"\nsecret_file = \"nowhere\"\n"), ElementsAre(HasSubstr("cannot read")));
  EXPECT_THAT(wrong("[[key]]\nname = \"k\"\nalgorithm = \"hmac-md5\"\nsecret_file = \"secret\"\n"),
              ElementsAre(HasSubstr("\"hmac-md5\" is not known here")));
  EXPECT_THAT(wrong(key + key), ElementsAre(HasSubstr("declared twice")));
  EXPECT_THAT(wrong("[[zone]]\nname = \"a.example\"\nprimaries = []\n"), ElementsAre(HasSubstr("is empty")));
  EXPECT_THAT(wrong("[[zone]]\nname = \"a.example\"\nfile = \"x\"\nprimaries = [\"10.0.0.1\"]\n"),
              ElementsAre(HasSubstr("not both")));
  EXPECT_THAT(wrong("[[zone]]\nname = \"a.example\"\nfile = \"x\"\nallow_update = [\"10.0.0.1\"]\n"),
              ElementsAre(HasSubstr("allow_update")));
}

}  // namespace
}  // namespace dnsd
