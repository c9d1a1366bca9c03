// Signed zones as they are: the example zones of RFC 4035 (NSEC) and RFC 5155 (NSEC3, opt-out), their names and
// hashes; signatures are only shapes here. tests/differential judges the choice on zones that are really signed.
#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using answers::ShownRecord;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;
namespace type = wire::type;

const Ask kDo{.edns = true, .size = 1232, .dnssec_ok = true};

std::string signature(const std::string& owner, const std::string& covers, int labels, int ttl = 3600) {
  return owner + " " + std::to_string(ttl) + " RRSIG " + covers + " 5 " + std::to_string(labels) + " " +
         std::to_string(ttl) + " 20380101000000 20180101000000 38519 example. " + std::string(86, 'A') + "==\n";
}

struct Set {
  std::string owner, type, data;
  int labels;
};

// The records of both appendices, without the chain.
std::string records(bool with_b) {
  const std::string digest(40, 'A');
  std::vector<Set> sets{{"@", "SOA", "ns1 bugs.x.w 1081539377 3600 300 3600000 3600", 1},
                        {"@", "NS", "ns1", 1},
                        {"@", "MX", "1 xx", 1},
                        {"@", "DNSKEY", "257 3 5 AQPDzldNmMvZFX4NcNJ0uEnKDg==", 1},
                        {"a", "NS", "ns1.a", 0},
                        {"a", "DS", "58470 5 1 " + digest, 2},
                        {"ns1.a", "A", "192.0.2.5", 0},
                        {"ai", "A", "192.0.2.9", 2},
                        {"ns1", "A", "192.0.2.1", 2},
                        {"ns2", "A", "192.0.2.2", 2},
                        {"*.w", "MX", "1 ai", 2},
                        {"x.w", "MX", "1 xx", 3},
                        {"x.y.w", "MX", "1 xx", 4},
                        {"xx", "A", "192.0.2.10", 2},
                        {with_b ? "b" : "c", "NS", with_b ? "ns1.b" : "ns1.c", 0},
                        {with_b ? "ns1.b" : "ns1.c", "A", "192.0.2.7", 0}};
  std::string out = "$TTL 3600\n";
  for (const auto& set : sets) {
    out += set.owner + " " + set.type + " " + set.data + "\n";
    if (set.labels != 0) out += signature(set.owner, set.type, set.labels);
  }
  return out;
}

answers::StaticZone nsec_zone() {
  std::string text = records(true);
  const std::vector<std::string> chain{"example.",     "a.example.",   "ai.example.",  "b.example.",     "ns1.example.",
                                       "ns2.example.", "*.w.example.", "x.w.example.", "x.y.w.example.", "xx.example."};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    text +=
        chain[i] + " NSEC " + chain[(i + 1) % chain.size()] + " A MX NS RRSIG NSEC\n" + signature(chain[i], "NSEC", 2);
  }
  return zone_of("example", text);
}

answers::StaticZone nsec3_zone() {
  std::string text = records(false) + "@ NSEC3PARAM 1 0 12 aabbccdd\n" + signature("@", "NSEC3PARAM", 1);
  const std::vector<std::string> chain{
      "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom", "2t7b4g4vsa5smi47k61mv5bv1a22bojr", "2vptu5timamqttgl4luu9kg21e0aor3s",
      "35mthgpgcu1qg68fab165klnsnk3dpvl", "b4um86eghhds6nea196smvmlo4ors995", "gjeqe526plbf1g8mklp59enfd789njgi",
      "ji6neoaepv8b5o6k4ev33abha8ht9fgc", "k8udemvp1j2f7eg6jebps17vp3n8i58h", "kohar7mbb8dc2ce8a9qvl8hon4k53uhi",
      "q04jkcevqvmu85r014c7dkba38o0ji5r", "r53bq7cc2uvmubfu5ocmm6pers9tk9en", "t644ebqk9bibcna874givr6joj62mlhv"};
  for (std::size_t i = 0; i < chain.size(); ++i) {
    text += chain[i] + " NSEC3 1 1 12 aabbccdd " + chain[(i + 1) % chain.size()] + " A RRSIG\n" +
            signature(chain[i], "NSEC3", 2);
  }
  return zone_of("example", text);
}

// The first labels of the records of the chain in the authority section; each must have its signature beside it.
std::vector<std::string> proofs(const ShownMessage& m, const std::string& chain) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < m.authority.size(); ++i) {
    const auto& r = m.authority[i];
    if (r.type != chain) continue;
    out.push_back(chain == "NSEC3" ? r.name.substr(0, 4) : r.name);
    const bool is_signed = i + 1 < m.authority.size() && m.authority[i + 1].type == "RRSIG" &&
                           m.authority[i + 1].name == r.name && m.authority[i + 1].data.starts_with(chain + " ");
    EXPECT_TRUE(is_signed) << r.name;
  }
  return out;
}

std::vector<std::string> types(const std::vector<ShownRecord>& records) {
  std::vector<std::string> out;
  for (const auto& r : records) out.push_back(r.type);
  return out;
}

class Signed : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones({}, {GetParam() ? nsec3_zone() : nsec_zone()});
    world.start();
  }
  std::string chain = GetParam() ? "NSEC3" : "NSEC";
  World world;
};

TEST_P(Signed, GivesSignaturesOnlyWithDo) {
  const auto with = world.ask("x.w.example", type::mx, kDo);
  EXPECT_THAT(types(with.answer), ElementsAre("MX", "RRSIG"));
  EXPECT_THAT(types(with.additional), ElementsAre("A", "RRSIG"));
  const auto without = world.ask("x.w.example", type::mx);
  EXPECT_THAT(types(without.answer), ElementsAre("MX"));
  EXPECT_THAT(types(without.additional), ElementsAre("A"));
  EXPECT_THAT(types(world.ask("nope.example", type::a).authority), ElementsAre("SOA"));
  EXPECT_THAT(types(world.ask("example", type::soa, kDo).answer), ElementsAre("SOA", "RRSIG"));
  EXPECT_THAT(types(world.ask("example", type::dnskey, kDo).answer), ElementsAre("DNSKEY", "RRSIG"));
}

TEST_P(Signed, TheSoaOfADenialIsSignedAndItsSignatureLivesNoLonger) {
  const auto m = world.ask("ns1.example", type::mx, kDo);
  ASSERT_GE(m.authority.size(), 2U);
  EXPECT_EQ(m.authority[0].type, "SOA");
  EXPECT_EQ(m.authority[1].type, "RRSIG");
  EXPECT_EQ(m.authority[0].ttl, m.authority[1].ttl);
}

TEST_P(Signed, AnswersSignaturesAskedForByType) {
  const auto m = world.ask("ai.example", type::rrsig);
  EXPECT_THAT(types(m.answer), Each(std::string("RRSIG")));
  EXPECT_FALSE(m.answer.empty());
}

TEST_P(Signed, AnyHasOneSetWithItsSignatureInsteadOfAMadeUpOne) {
  EXPECT_THAT(types(world.ask("ai.example", type::any, kDo).answer), ElementsAre("A", "RRSIG"));
  EXPECT_THAT(types(world.ask("ai.example", type::any).answer), ElementsAre("HINFO"));
}

TEST_P(Signed, ASignedDelegationComesWithItsDs) {
  const auto m = world.ask("mc.a.example", type::mx, kDo);
  EXPECT_FALSE(m.aa);
  EXPECT_THAT(types(m.authority), ElementsAre("NS", "DS", "RRSIG"));
  EXPECT_THAT(types(m.additional), ElementsAre("A"));
}

TEST_P(Signed, WhatDoesNotFitIsToldByTc) {
  const std::string label = std::string(60, 'n') + ".";  // a long question leaves too little of the 512 octets
  const auto m = world.ask(label + label + label + "example", type::a, {.edns = true, .size = 512, .dnssec_ok = true});
  EXPECT_TRUE(m.tc);
  EXPECT_LE(world.last.size(), 512U);
}

INSTANTIATE_TEST_SUITE_P(Chains, Signed, testing::Bool(),
                         [](const auto& suite) { return suite.param ? "Nsec3" : "Nsec"; });

// A primary may send what no zone file may say.
TEST(TooManyIterations, AreNotComputed) {
  auto zone = nsec3_zone();
  for (auto& record : zone.records) {
    if (record.type == type::nsec3param) record.rdata.replace(2, 2, "\xff\xff");
    if (record.type == type::nsec3) record.rdata.replace(2, 2, "\xff\xff");
  }
  World world;
  world.publisher.set_static_zones({}, {zone});
  world.start();
  const auto m = world.ask("nope.example", type::a, {.edns = true, .dnssec_ok = true});
  EXPECT_EQ(m.rcode, "NXDOMAIN");
  for (const auto& record : m.authority) EXPECT_NE(record.type, "NSEC3");
}

class Nsec : public testing::Test {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones({}, {nsec_zone()});
    world.start();
  }
  World world;
};

TEST_F(Nsec, ProvesAsInAppendixBOfRfc4035) {
  const auto proof = [&](std::string_view name, std::uint16_t t) { return proofs(world.ask(name, t, kDo), "NSEC"); };
  EXPECT_THAT(proof("ml.example", type::a), ElementsAre("b.example.", "example.")) << "B.2 no name";
  EXPECT_THAT(proof("ns1.example", type::mx), ElementsAre("ns1.example.")) << "B.3 no type";
  EXPECT_THAT(proof("mc.b.example", type::mx), ElementsAre("b.example.")) << "B.5 unsigned referral";
  const auto wild = world.ask("a.z.w.example", type::mx, kDo);
  EXPECT_THAT(types(wild.answer), ElementsAre("MX", "RRSIG")) << "B.6";
  EXPECT_THAT(proofs(wild, "NSEC"), ElementsAre("x.y.w.example.")) << "B.6 wildcard";
  EXPECT_THAT(types(wild.additional), ElementsAre("A", "RRSIG")) << "after the proof";
  EXPECT_THAT(proof("a.z.w.example", type::aaaa), UnorderedElementsAre("x.y.w.example.", "*.w.example."))
      << "B.7 wildcard, no type";
  EXPECT_THAT(proof("example", type::ds), ElementsAre("example.")) << "B.8";
  EXPECT_THAT(proof("b.example", type::ds), ElementsAre("b.example.")) << "no DS at the cut";
  EXPECT_THAT(proof("y.w.example", type::a), ElementsAre("x.w.example.")) << "an empty non-terminal is covered";
  EXPECT_THAT(proof("zz.example", type::a), ElementsAre("xx.example.", "example.")) << "behind the last name";
}

class Nsec3 : public testing::Test {
 protected:
  void SetUp() override {
    world.publisher.set_static_zones({}, {nsec3_zone()});
    world.start();
  }
  World world;
};

TEST_F(Nsec3, ProvesAsInAppendixBOfRfc5155) {
  const auto proof = [&](std::string_view name, std::uint16_t t) { return proofs(world.ask(name, t, kDo), "NSEC3"); };
  EXPECT_THAT(proof("a.c.x.w.example", type::a), UnorderedElementsAre("0p9m", "b4um", "35mt")) << "B.1 no name";
  EXPECT_THAT(proof("ns1.example", type::mx), ElementsAre("2t7b")) << "B.2 no type";
  EXPECT_THAT(proof("y.w.example", type::a), ElementsAre("ji6n")) << "B.2.1 empty non-terminal";
  EXPECT_THAT(proof("mc.c.example", type::mx), UnorderedElementsAre("35mt", "0p9m")) << "B.3 opt-out referral";
  EXPECT_THAT(proof("a.z.w.example", type::mx), ElementsAre("q04j")) << "B.4 wildcard";
  EXPECT_THAT(proof("a.z.w.example", type::aaaa), UnorderedElementsAre("k8ud", "q04j", "r53b"))
      << "B.5 wildcard, no type";
  EXPECT_THAT(proof("example", type::ds), ElementsAre("0p9m")) << "B.6 DS of the apex";
  EXPECT_THAT(proof("c.example", type::ds), UnorderedElementsAre("35mt", "0p9m")) << "DS of an opted-out cut";
}

TEST_F(Nsec3, TheOwnersOfTheChainAreNoNames) {
  const auto m = world.ask("2t7b4g4vsa5smi47k61mv5bv1a22bojr.example", type::nsec3, kDo);
  EXPECT_EQ(m.rcode, "NXDOMAIN") << "RFC 5155 7.2.8";
  EXPECT_THAT(m.answer, IsEmpty());
  EXPECT_FALSE(proofs(m, "NSEC3").empty());
}

TEST(SignedChain, StopsBeforeAServiceWhenADenialIsDue) {
  World world;
  auto zone = nsec_zone();
  const auto wild = zone_of("example", "@ SOA ns h 1 1 1 1 60\n*.c CNAME web.corp.\n").records.back();
  zone.records.push_back(wild);
  world.publisher.set_static_zones({}, {zone});
  world.add_namespace("corp");
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  world.start();
  const auto m = world.ask("x.c.example", type::srv, kDo);
  EXPECT_THAT(types(m.answer), ElementsAre("CNAME"));
  EXPECT_THAT(proofs(m, "NSEC"), SizeIs(1));
  EXPECT_THAT(data(world.ask("x.c.example", type::srv).answer, "SRV"), SizeIs(1)) << "without DO it goes on";
}

}  // namespace
}  // namespace dnsd::serve::test
