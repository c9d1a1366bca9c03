// Judged by dnspython: the messages below were signed by dnspython 2.3, with the secret 00 01 .. 1f under the name
// xfr.example and the clock at kThen. The HMAC alone by the vectors of RFC 4231.
#include "dnsd/tsig/tsig.h"

#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::tsig {
namespace {

constexpr std::uint64_t kThen = 1'700'000'000;
constexpr std::string_view kRequest =
    "12340100000100000000000104636f7270000006000103786672076578616d706c650000fa00ff00000000003d0b686d61632d736861323536"
    "0000006553f100012c0020c453f50006711098aed76e49118e533f29911d9db9a6998793000f614aeb8ffa123400000000";
constexpr std::string_view kReply =
    "12348100000100010000000104636f72700000060001c00c00060001000000010026026e73c00c0a686f73746d6173746572c00c0000000700"
    "00003c0000000a000151800000003c03786672076578616d706c650000fa00ff00000000003d0b686d61632d7368613235360000006553f100"
    "012c002096255cef94fbd78e16f9d1776c90167384f372af756d1adb31b1869f34b2b8dd123400000000";
constexpr std::string_view kRequest384 =
    "12340100000100000000000104636f7270000006000103786672076578616d706c650000fa00ff00000000004d0b686d61632d736861333834"
    "0000006553f100012c00309888556a87877660b17918c2d5864fbc2b2c3bc110b63ab1795e2cbff04fa2285cb74297357bdc7393499b7f7971"
    "94db123400000000";
constexpr std::string_view kRequest512 =
    "12340100000100000000000104636f7270000006000103786672076578616d706c650000fa00ff00000000005d0b686d61632d736861353132"
    "0000006553f100012c00401d8a3227d6b4f4f859bc40659608c928b23deaecf842e3a6e49e96ecfc16451f34c462b88ca561ce762d61c865f6"
    "ff59456bb7b47603e3fb5b773831f99d5c01123400000000";
constexpr std::string_view kMulti[] = {
    "12348400000000010000000102613004636f727000000100010000000100040a00000003786672076578616d706c650000fa00ff0000000000"
    "3d0b686d61632d7368613235360000006553f100012c00200747e4a4320c7e3301401ef567b7aec9a4049099dc1cd0790143bc4ca6a7536512"
    "3400000000",
    "12348400000000010000000002613104636f727000000100010000000100040a000001",
    "12348400000000010000000102613204636f727000000100010000000100040a00000203786672076578616d706c650000fa00ff0000000000"
    "3d0b686d61632d7368613235360000006553f100012c0020c993dd4880aa7fdfdf5e835ce1d1eea437eff6946ae5322f901295e02f9ee8c112"
    "3400000000"};

Octets from_hex(std::string_view hex) {
  Octets out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

std::string to_hex(std::string_view octets) {
  std::string out;
  for (const char c : octets) {
    out += "0123456789abcdef"[static_cast<std::uint8_t>(c) >> 4];
    out += "0123456789abcdef"[static_cast<std::uint8_t>(c) & 15];
  }
  return out;
}

Key test_key(Algorithm algorithm = Algorithm::sha256) {
  Key key{std::string("\3xfr\7example\0", 13), algorithm, {}};
  for (char i = 0; i < 32; ++i) key.secret += i;
  return key;
}

Keys test_keys(Algorithm algorithm = Algorithm::sha256) { return {{test_key().name, test_key(algorithm)}}; }

// Verifies as a server at `now`; the stream can sign the reply.
Error verify(Stream& stream, const Octets& octets, const Keys& keys, std::uint64_t now) {
  const auto message = wire::read_message(octets);
  const auto signature = find(*message);
  return stream.verify(octets, *message, **signature, keys, now);
}

// The reply of `kReply` as it was before dnspython signed it.
Octets unsigned_reply() {
  Octets out = from_hex(kReply);
  out.resize(wire::read_message(out)->last_at);
  out[11] = 0;
  return out;
}

TEST(Hmac, AgreesWithRfc4231) {
  const Key key{"", Algorithm::sha256, "Jefe"};
  const std::vector<std::string_view> text{"what do ya want ", "for nothing?"};
  EXPECT_EQ(to_hex(hmac(key, text)), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac({"", Algorithm::sha384, "Jefe"}, text)),
            "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
  EXPECT_EQ(to_hex(hmac({"", Algorithm::sha512, "Jefe"}, text)),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
            "caeab1a34d4a6b4b636e070a38bce737");
}

TEST(Secret, IsBase64OfAtLeast128Bits) {
  EXPECT_EQ(to_hex(secret_from_text(" AAECAwQFBgcICQoLDA0ODw==\n").value()), "000102030405060708090a0b0c0d0e0f");
  EXPECT_FALSE(secret_from_text("AAEC"));
  EXPECT_FALSE(secret_from_text("not base64 at all!"));
  EXPECT_FALSE(secret_from_text("AAECAwQFBgcICQoLDA0ODw="));
  EXPECT_FALSE(secret_from_text(""));
}

TEST(Tsig, AcceptsWhatDnspythonSigned) {
  for (const auto& [algorithm, hex] :
       {std::pair{Algorithm::sha256, kRequest}, {Algorithm::sha384, kRequest384}, {Algorithm::sha512, kRequest512}}) {
    Stream stream;
    EXPECT_EQ(verify(stream, from_hex(hex), test_keys(algorithm), kThen + 299), Error::none);
    EXPECT_EQ(stream.key()->name, test_key().name);
  }
}

TEST(Tsig, SignsTheReplyAsDnspythonDoes) {
  Stream stream;
  ASSERT_EQ(verify(stream, from_hex(kRequest), test_keys(), kThen), Error::none);
  Octets reply = unsigned_reply();
  const std::size_t before = reply.size();
  stream.sign(reply, kThen);
  EXPECT_EQ(reply, from_hex(kReply));
  EXPECT_EQ(reply.size() - before, Stream(stream).overhead());
}

TEST(Tsig, SignsARequestAndAcceptsTheReplyToIt) {
  Octets request = from_hex(kRequest);
  request.resize(wire::read_message(request)->last_at);
  request[11] = 0;
  Stream stream;
  stream.sign_request(request, test_key(), kThen);
  EXPECT_EQ(request, from_hex(kRequest));
  const Octets reply = from_hex(kReply);
  EXPECT_EQ(stream.verify_reply(reply, *wire::read_message(reply), kThen), std::nullopt);
}

TEST(Tsig, FollowsSeveralMessagesOfWhichSomeAreNotSigned) {
  Octets request = from_hex(kRequest);
  request.resize(wire::read_message(request)->last_at);
  request[11] = 0;
  Stream stream;
  stream.sign_request(request, test_key(), kThen);
  for (const auto hex : kMulti) {
    const Octets octets = from_hex(hex);
    EXPECT_EQ(stream.verify_reply(octets, *wire::read_message(octets), kThen), std::nullopt);
    EXPECT_EQ(stream.all_signed(), hex != kMulti[1]);
  }
}

TEST(Tsig, SignsSeveralMessagesThatItsOtherEndAccepts) {
  Octets request = from_hex(kRequest);
  Stream server, client;
  ASSERT_EQ(verify(server, request, test_keys(), kThen), Error::none);
  request.resize(wire::read_message(request)->last_at);
  request[11] = 0;
  client.sign_request(request, test_key(), kThen);
  for (int i = 0; i < 3; ++i) {
    Octets message = unsigned_reply();
    server.sign(message, kThen + 1);
    EXPECT_EQ(client.verify_reply(message, *wire::read_message(message), kThen + 2), std::nullopt) << i;
  }
}

TEST(Tsig, RefusesEveryChangedOctetOfAMessage) {
  const Octets good = from_hex(kRequest);
  const std::size_t end = wire::read_message(good)->last_at;
  for (std::size_t at = 2; at < end; ++at) {  // the ID stands in the signature as well: it may change on the way
    Octets bad = good;
    bad[at] ^= 1;
    const auto message = wire::read_message(bad);
    if (!message) continue;  // a count or a length: no message at all
    const auto signature = find(*message);
    if (!signature || !*signature) continue;
    Stream stream;
    EXPECT_EQ(stream.verify(bad, *message, **signature, test_keys(), kThen), Error::badsig) << at;
  }
}

TEST(Tsig, AMessageForwardedUnderAnotherIdIsStillGood) {
  Octets request = from_hex(kRequest);
  wire::put16(request.data(), 0x4321);
  Stream stream;
  EXPECT_EQ(verify(stream, request, test_keys(), kThen), Error::none);
}

// RFC 8945 5.2.1 and 5.2.2: the reply to a bad key or MAC bears a TSIG without a MAC.
TEST(Tsig, AnUnknownKeyAndABadMacAreToldUnsigned) {
  Octets bad = from_hex(kRequest);
  bad[bad.size() - 10] ^= 1;  // in the MAC
  Keys others{{std::string("\1k\0", 3), test_key()}};
  const std::pair<Keys, Octets> cases[] = {{others, from_hex(kRequest)}, {test_keys(), bad}};
  const Error expected[] = {Error::badkey, Error::badsig};
  for (int i = 0; i < 2; ++i) {
    Stream stream;
    ASSERT_EQ(verify(stream, cases[i].second, cases[i].first, kThen), expected[i]);
    EXPECT_EQ(stream.key(), nullptr);
    Octets reply = unsigned_reply();
    stream.sign(reply, kThen);
    const auto told = find(*wire::read_message(reply));
    ASSERT_TRUE(told && *told);
    EXPECT_EQ((*told)->error, static_cast<std::uint16_t>(expected[i]));
    EXPECT_TRUE((*told)->mac.empty());
  }
}

TEST(Tsig, AnAlgorithmThatTheKeyIsNotForIsABadKey) {
  Stream stream;
  EXPECT_EQ(verify(stream, from_hex(kRequest), test_keys(Algorithm::sha512), kThen), Error::badkey);
}

// RFC 8945 5.2.3: signed, with their time and ours.
TEST(Tsig, AClockThatIsOffIsToldSignedWithBothTimes) {
  for (const std::uint64_t now : {kThen + 301, kThen - 301}) {
    Stream stream;
    ASSERT_EQ(verify(stream, from_hex(kRequest), test_keys(), now), Error::badtime);
    Octets reply = unsigned_reply();
    const std::size_t before = reply.size();
    stream.sign(reply, now);
    EXPECT_EQ(reply.size() - before, stream.overhead());
    const auto told = find(*wire::read_message(reply));
    EXPECT_EQ((*told)->error, static_cast<std::uint16_t>(Error::badtime));
    EXPECT_EQ((*told)->time, kThen);
    EXPECT_EQ((*told)->other.size(), 6U);
    EXPECT_EQ((*told)->mac.size(), 32U);
  }
}

TEST(Tsig, AnUnsignedReplyToASignedRequestDoesNotCount) {
  Octets request = from_hex(kRequest);
  request.resize(wire::read_message(request)->last_at);
  request[11] = 0;
  Stream stream;
  stream.sign_request(request, test_key(), kThen);
  const Octets reply = unsigned_reply();
  EXPECT_NE(stream.verify_reply(reply, *wire::read_message(reply), kThen), std::nullopt);
}

TEST(Tsig, StandsLastOrTheMessageIsMalformed) {
  auto message = *wire::read_message(from_hex(kRequest));
  message.sections[2].push_back({std::string(1, '\0'), wire::type::a, wire::klass::in, 0, "abcd"});
  EXPECT_FALSE(find(message));
  auto elsewhere = *wire::read_message(from_hex(kRequest));
  elsewhere.sections[0] = std::move(elsewhere.sections[2]);
  elsewhere.sections[2].clear();
  EXPECT_FALSE(find(elsewhere));
  auto cut = *wire::read_message(from_hex(kRequest));
  cut.sections[2].back().rdata.pop_back();
  EXPECT_FALSE(find(cut));
}

}  // namespace
}  // namespace dnsd::tsig
