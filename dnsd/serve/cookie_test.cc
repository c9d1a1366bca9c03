#include "dnsd/serve/cookie.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace dnsd::serve {
namespace {

std::vector<std::uint8_t> octets(std::string_view hex) {
  std::vector<std::uint8_t> out;
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

TEST(Cookie, SipHashGivesItsReferenceVectors) {  // appendix A of the SipHash paper, and of one octet less
  std::array<std::uint8_t, 16> key;
  std::vector<std::uint8_t> text;
  for (std::uint8_t i = 0; i < 16; ++i) key[i] = i;
  EXPECT_EQ(siphash24(key, text), 0x726fdb47dd0e0e31U);
  for (std::uint8_t i = 0; i < 15; ++i) text.push_back(i);
  EXPECT_EQ(siphash24(key, text), 0xa129ca6149be45e5U);
}

// RFC 9018 appendix A: client cookie, secret, address and time give this server cookie.
void expect_cookie(std::string_view client, std::string_view secret, std::string_view address,
                   std::string_view server) {
  std::array<std::uint8_t, 16> key{};
  const auto secret_octets = octets(secret);
  std::copy(secret_octets.begin(), secret_octets.end(), key.begin());
  const auto expected = octets(std::string(client) + std::string(server));
  const auto time = octets(server.substr(8, 8));
  const std::uint32_t seconds = static_cast<std::uint32_t>(time[0]) << 24 | static_cast<std::uint32_t>(time[1]) << 16 |
                                static_cast<std::uint32_t>(time[2]) << 8 | time[3];
  const auto cookie = make_cookie(octets(client).data(), seconds, octets(address), key);
  EXPECT_EQ(std::vector<std::uint8_t>(cookie.begin(), cookie.end()), expected);
}

TEST(Cookie, LearningANewServerCookieAsInRfc9018A1) {
  expect_cookie("2464c4abcf10c957", "e5e973e5a6b2a43f48e7dc849e37bfcf", "c6336464", "010000005cf79f111f8130c3eee29480");
}

TEST(Cookie, RenewedAsInRfc9018A2) {
  expect_cookie("2464c4abcf10c957", "e5e973e5a6b2a43f48e7dc849e37bfcf", "c6336464", "010000005cf7a871d4a564a1442aca77");
}

TEST(Cookie, RenewedAsInRfc9018A3) {
  expect_cookie("fc93fc62807ddb86", "e5e973e5a6b2a43f48e7dc849e37bfcf", "cb0071cb", "010000005cf7a9acf73a7810aca2381e");
}

TEST(Cookie, OfAnIpv6ClientAsInRfc9018A4) {
  expect_cookie("22681ab97d52c298", "445536bcd2513298075a5d379663c962", "20010db80220000159ded0f4876982b8",
                "010000005cf7c609a6bb79d16625507a");
}

CookieSecrets secrets(std::initializer_list<std::string_view> texts) {
  CookieSecrets out;
  out.count = texts.size();
  std::size_t i = 0;
  for (const auto text : texts) {
    const auto secret = octets(text);
    std::copy(secret.begin(), secret.end(), out.secret[i++].begin());
  }
  return out;
}

bool valid(std::string_view cookie, std::string_view address, std::uint32_t now, const CookieSecrets& secrets) {
  const auto whole = octets(cookie);
  return is_valid_cookie(whole.data(), std::span(whole).subspan(8), now, octets(address), secrets);
}

constexpr std::string_view kSecret = "e5e973e5a6b2a43f48e7dc849e37bfcf";
constexpr std::string_view kFirst = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";  // A.1
constexpr std::uint32_t kMade = 0x5cf79f11;

TEST(CookieCheck, AcceptsWhatTheClientsOfRfc9018BringBack) {
  EXPECT_TRUE(valid(kFirst, "c6336464", 1559734385, secrets({kSecret}))) << "A.2";
  EXPECT_TRUE(
      valid("fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5", "cb0071cb", 1559727985 + 60, secrets({kSecret})))
      << "A.3: reserved octets that are not zero";
  EXPECT_TRUE(valid("22681ab97d52c298010000005cf7c57926556bd0934c72f8", "20010db80220000159ded0f4876982b8", 1559741961,
                    secrets({"445536bcd2513298075a5d379663c962", "dd3bdf9344b678b185a6f5cb60fca715"})))
      << "A.4: made with the secret before";
}

TEST(CookieCheck, RefusesAnotherClientSecretVersionOrSize) {
  EXPECT_FALSE(valid(kFirst, "c6336465", kMade, secrets({kSecret})));
  EXPECT_FALSE(valid(kFirst, "c6336464", kMade, secrets({"dd3bdf9344b678b185a6f5cb60fca715"})));
  auto whole = octets(kFirst);
  EXPECT_FALSE(is_valid_cookie(whole.data(), {}, kMade, octets("c6336464"), secrets({kSecret})));
  EXPECT_FALSE(
      is_valid_cookie(whole.data(), std::span(whole).subspan(8, 15), kMade, octets("c6336464"), secrets({kSecret})));
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto changed = whole;
    changed[i] ^= 1;
    EXPECT_FALSE(
        is_valid_cookie(changed.data(), std::span(changed).subspan(8), kMade, octets("c6336464"), secrets({kSecret})))
        << "octet " << i;
  }
}

TEST(CookieCheck, AcceptsForAnHourAndFiveMinutesAhead) {
  const auto one = secrets({kSecret});
  EXPECT_TRUE(valid(kFirst, "c6336464", kMade + 3600, one));
  EXPECT_FALSE(valid(kFirst, "c6336464", kMade + 3601, one));
  EXPECT_TRUE(valid(kFirst, "c6336464", kMade - 300, one));
  EXPECT_FALSE(valid(kFirst, "c6336464", kMade - 301, one));
  const auto client = octets("2464c4abcf10c957");  // made just before the 32 bits of the clock are used up
  const auto late = make_cookie(client.data(), 0xfffffff0, octets("c6336464"), one.secret[0]);
  EXPECT_TRUE(is_valid_cookie(late.data(), std::span(late).subspan(8), 0x10, octets("c6336464"), one));
}

}  // namespace
}  // namespace dnsd::serve
