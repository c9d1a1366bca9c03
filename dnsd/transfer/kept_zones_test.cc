#include "dnsd/transfer/kept_zones.h"

#include <gtest/gtest.h>

#include <fstream>

#include "dnsd/answers/presentation.h"
#include "dnsd/transfer/test_names.h"
#include "dnsd/wire/query.h"

namespace dnsd::transfer {
namespace {

using std::chrono::system_clock;

class KeptZonesTest : public testing::Test {
 protected:
  ~KeptZonesTest() override { std::filesystem::remove_all(folder); }
  static ZoneCopy zone(const std::string& apex, int records) {
    ZoneCopy copy;
    copy.set_soa({apex, wire::type::soa, wire::klass::in, 60, apex + apex + std::string(19, '\0') + '\7'});
    for (int i = 0; i < records; ++i)
      EXPECT_TRUE(copy.add({wire_of("h" + std::to_string(i)).substr(0, std::to_string(i).size() + 2) + apex,
                            wire::type::a, wire::klass::in, 60, std::string("\12\0\0", 3) + static_cast<char>(i)}));
    return copy;
  }
  static bool same(const ZoneCopy& a, const ZoneCopy& b) {
    std::vector<wire::Record> left, right;
    a.each([&](const wire::Record& r) { left.push_back(r); });
    b.each([&](const wire::Record& r) { right.push_back(r); });
    return a.soa() == b.soa() && left == right;
  }
  [[nodiscard]] std::filesystem::path only_file() const { return std::filesystem::directory_iterator(folder)->path(); }

  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) /
      (std::string("dnsd-kept-") + testing::UnitTest::GetInstance()->current_test_info()->name());
  const KeptZones kept{folder};
  const system_clock::time_point checked = std::chrono::floor<std::chrono::seconds>(system_clock::now());
};

TEST_F(KeptZonesTest, WhatIsKeptComesBackWithItsTime) {
  for (const std::string name : {"example.org", ".", "0/25.2.0.192.in-addr.arpa", "a\\000b.example"}) {
    const auto apex = wire_of(name);
    for (const int records : {0, 1, 10'000}) {  // none, one, several messages
      const auto copy = zone(apex, records);
      ASSERT_TRUE(kept.save(apex, copy, checked)) << name;
      const auto back = kept.load(apex);
      ASSERT_TRUE(back) << name;
      EXPECT_TRUE(same(back->copy, copy)) << name;
      EXPECT_EQ(back->checked, checked);
    }
  }
}

TEST_F(KeptZonesTest, ANameTooLongForAFileIsKeptToo) {
  const std::string label(60, 'x');
  const auto apex = wire_of(label + "." + label + "." + label + "." + label);
  ASSERT_TRUE(kept.save(apex, zone(apex, 1), checked));
  EXPECT_TRUE(kept.load(apex));
}

TEST_F(KeptZonesTest, EachBrokenOctetIsFound) {
  const auto apex = wire_of("example.org");
  ASSERT_TRUE(kept.save(apex, zone(apex, 2), checked));
  std::ifstream file(only_file(), std::ios::binary);
  const std::string good(std::istreambuf_iterator<char>(file), {});
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x20);
    std::ofstream(only_file(), std::ios::binary) << bad;
    EXPECT_FALSE(kept.load(apex)) << i;
    std::ofstream(only_file(), std::ios::binary) << good.substr(0, i);
    EXPECT_FALSE(kept.load(apex)) << i;
  }
}

TEST_F(KeptZonesTest, AFileOfAnotherZoneIsNotTaken) {
  const auto apex = wire_of("example.org"), other = wire_of("example.net");
  ASSERT_TRUE(kept.save(apex, zone(apex, 2), checked));
  std::filesystem::copy(only_file(), folder / "example.net.axfr");
  EXPECT_FALSE(kept.load(other));
}

TEST_F(KeptZonesTest, ATouchMovesItsTimeAlone) {
  const auto apex = wire_of("example.org");
  ASSERT_TRUE(kept.save(apex, zone(apex, 2), checked - std::chrono::hours(1)));
  kept.touch(apex, checked);
  EXPECT_EQ(kept.load(apex)->checked, checked);
}

TEST_F(KeptZonesTest, WithoutAFolderNothingIsKept) {
  const KeptZones nowhere{std::nullopt};
  const auto apex = wire_of("example.org");
  EXPECT_TRUE(nowhere.save(apex, zone(apex, 2), checked));
  EXPECT_FALSE(nowhere.load(apex));
}

}  // namespace
}  // namespace dnsd::transfer
