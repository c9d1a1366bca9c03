// ldns, which knows nothing of our encoder, decodes every answer of the real daemon.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "tests/daemon/daemon.h"
//
#include "dnsd/answers/ldns.h"

namespace tests {
namespace {

using dnsd::answers::CText;
using dnsd::answers::Pkt;
using dnsd::answers::Rdf;

struct Decoded {
  Pkt packet;
  std::multiset<std::string> answer;  // "owner TYPE rdata"
};

std::string text_of(const ldns_rr* rr) {
  const CText owner(ldns_rdf2str(ldns_rr_owner(rr)));
  const CText type(ldns_rr_type2str(ldns_rr_get_type(rr)));
  std::string out = std::string(owner.get()) + " " + type.get();
  for (std::size_t i = 0; i < ldns_rr_rd_count(rr); ++i) {
    const CText field(ldns_rdf2str(ldns_rr_rdf(rr, i)));
    out += std::string(" ") + field.get();
  }
  return out;
}

class LdnsJudge : public testing::Test {
 protected:
  LdnsJudge()
      : daemon_("[[namespace]]\nname = \"corp\"\n[[reverse]]\nprefix = \"10.0.0.0/8\"\n"),
        http_(daemon_.http_port()),
        client_(daemon_.dns_port()) {}

  Decoded ask(const std::string& name, ldns_rr_type type, bool edns = true) {
    Pkt query(ldns_pkt_query_new(ldns_dname_new_frm_str(name.c_str()), type, LDNS_RR_CLASS_IN, 0));
    ldns_pkt_set_random_id(query.get());
    if (edns) ldns_pkt_set_edns_udp_size(query.get(), 1232);
    std::uint8_t* wire = nullptr;
    std::size_t size = 0;
    EXPECT_EQ(ldns_pkt2wire(&wire, query.get(), &size), LDNS_STATUS_OK);
    const auto reply = client_.ask({wire, size});
    LDNS_FREE(wire);
    ldns_pkt* decoded = nullptr;
    EXPECT_EQ(ldns_wire2pkt(&decoded, reply.data(), reply.size()), LDNS_STATUS_OK) << name;
    Decoded out{Pkt(decoded), {}};
    if (decoded == nullptr) return out;
    EXPECT_EQ(ldns_pkt_id(decoded), ldns_pkt_id(query.get()));
    EXPECT_TRUE(ldns_pkt_qr(decoded));
    const ldns_rr_list* answer = ldns_pkt_answer(decoded);
    for (std::size_t i = 0; i < ldns_rr_list_rr_count(answer); ++i)
      out.answer.insert(text_of(ldns_rr_list_rr(answer, i)));
    return out;
  }

  Daemon daemon_;
  Http http_;
  UdpClient client_;
};

TEST_F(LdnsJudge, DecodesEveryRecordTypeThatWeAnswer) {
  http_.instance("web.corp", "w1",
                 R"({"addresses":["10.0.0.1","fd00::1"],"port":80,"ports":{"http":8080},"meta":{"k":"v w"}})");
  using Set = std::multiset<std::string>;
  EXPECT_EQ(ask("web.corp", LDNS_RR_TYPE_A).answer, Set{"web.corp. A 10.0.0.1"});
  EXPECT_EQ(ask("web.corp", LDNS_RR_TYPE_AAAA).answer, Set{"web.corp. AAAA fd00::1"});
  EXPECT_EQ(ask("web.corp", LDNS_RR_TYPE_SRV).answer, Set{"web.corp. SRV 1 10 80 w1.web.corp."});
  EXPECT_EQ(ask("_http._tcp.web.corp", LDNS_RR_TYPE_SRV).answer,
            Set{"_http._tcp.web.corp. SRV 1 10 8080 w1.web.corp."});
  EXPECT_EQ(ask("_web._tcp.corp", LDNS_RR_TYPE_PTR).answer, Set{"_web._tcp.corp. PTR w1._web._tcp.corp."});
  EXPECT_EQ(ask("w1.web.corp", LDNS_RR_TYPE_TXT).answer, Set{"w1.web.corp. TXT \"k=v w\""});
  EXPECT_EQ(ask("1.0.0.10.in-addr.arpa", LDNS_RR_TYPE_PTR).answer, Set{"1.0.0.10.in-addr.arpa. PTR w1.web.corp."});
  EXPECT_EQ(ask("corp", LDNS_RR_TYPE_NS).answer, Set{"corp. NS ns.corp."});
  EXPECT_EQ(ask("corp", LDNS_RR_TYPE_SOA).answer.size(), 1U);
  EXPECT_EQ(ask("web.corp", LDNS_RR_TYPE_ANY).answer, Set{"web.corp. HINFO \"RFC8482\" \"\""});
}

TEST_F(LdnsJudge, DenialsCarryTheSoaOfTheZone) {
  http_.instance("web.corp", "w1", R"({"address":"10.0.0.1"})");
  const std::map<std::string, ldns_pkt_rcode> denials{{"web.corp", LDNS_RCODE_NOERROR},
                                                      {"nope.corp", LDNS_RCODE_NXDOMAIN}};
  for (const auto& [name, rcode] : denials) {
    for (const bool edns : {true, false}) {
      const auto reply = ask(name, LDNS_RR_TYPE_MX, edns);
      ASSERT_TRUE(reply.packet);
      EXPECT_EQ(ldns_pkt_get_rcode(reply.packet.get()), rcode) << name;
      EXPECT_TRUE(ldns_pkt_aa(reply.packet.get()));
      EXPECT_TRUE(reply.answer.empty());
      ASSERT_EQ(ldns_pkt_nscount(reply.packet.get()), 1) << name;
      EXPECT_EQ(ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_authority(reply.packet.get()), 0)), LDNS_RR_TYPE_SOA);
      EXPECT_EQ(ldns_pkt_edns(reply.packet.get()), edns);
    }
  }
}

TEST_F(LdnsJudge, FiveHundredTimesTheVeryNextAnswerHoldsTheRegistration) {
  for (int n = 1; n <= 500; ++n) {
    const std::string address = "10.5." + std::to_string(n >> 8) + "." + std::to_string(n & 255);
    http_.instance("next.corp", "n1", R"({"address":")" + address + R"(","port":80})");
    const std::multiset<std::string> expected{"next.corp. A " + address};
    ASSERT_EQ(ask("next.corp", LDNS_RR_TYPE_A).answer, expected) << "after registration " << n;
    ASSERT_EQ(ask("n1.next.corp", LDNS_RR_TYPE_A).answer.count("n1.next.corp. A " + address), 1U) << n;
  }
}

TEST_F(LdnsJudge, FiveHundredTimesTheVeryNextAnswerHoldsANewService) {
  for (int n = 1; n <= 500; ++n) {
    const std::string name = "new" + std::to_string(n) + ".corp";
    ASSERT_EQ(ldns_pkt_get_rcode(ask(name, LDNS_RR_TYPE_A).packet.get()), LDNS_RCODE_NXDOMAIN) << name;
    http_.instance(name, "i1", R"({"address":"10.6.0.1"})");
    ASSERT_EQ(ask(name, LDNS_RR_TYPE_A).answer.count(name + ". A 10.6.0.1"), 1U) << name;
  }
}

}  // namespace
}  // namespace tests
