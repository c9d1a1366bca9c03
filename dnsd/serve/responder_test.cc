// What a reply owes the protocol, whatever the name (CASES 3.9).
#include "dnsd/serve/responder.h"

#include <gmock/gmock.h>

#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
namespace type = wire::type;

ResponderOptions options() {
  ResponderOptions out;
  out.allow_query = {*registry::parse_prefix("127.0.0.0/8"), *registry::parse_prefix("::1")};
  out.nsid = "node-1";
  out.version = "dnsd 0.1";
  return out;
}

class Protocol : public testing::Test {
 protected:
  void SetUp() override {
    world.add_namespace("corp");
    world.start();
    world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 80});
  }
  std::vector<std::uint8_t> good() { return query("web.corp", type::a); }
  World world{{}, options()};
};

TEST_F(Protocol, DropsWhatIsNoQuery) {
  auto packet = good();
  packet[2] |= 0x80;
  EXPECT_THAT(world.raw(packet), IsEmpty());
  packet[2] &= 0x7f;
  for (std::size_t size = 0; size < 12; ++size) EXPECT_THAT(world.raw(std::span(packet).first(size)), IsEmpty());
  EXPECT_EQ(world.responder().counters().dropped.load(), 13U);
}

TEST_F(Protocol, AnswersFormerrToEveryCutQuery) {
  const auto packet = good();
  for (std::size_t size = 12; size < packet.size(); ++size) {
    const auto reply = world.raw(std::span(packet).first(size));
    ASSERT_GE(reply.size(), 12U);
    EXPECT_EQ(reply[3] & 15, 1);
    EXPECT_EQ(reply[0], packet[0]);
  }
}

TEST_F(Protocol, AnswersOtherOpcodesNotimp) {
  for (const int opcode : {1, 2, 4, 5, 6, 15}) {
    auto packet = good();
    packet[2] = static_cast<std::uint8_t>(opcode << 3);
    const auto reply = world.raw(packet);
    ASSERT_GE(reply.size(), 12U);
    EXPECT_EQ(reply[3] & 15, 4);
    EXPECT_EQ(reply[2] >> 3 & 15, opcode);
    auto with_edns = query("web.corp", type::a, {.edns = true});
    with_edns[2] = static_cast<std::uint8_t>(opcode << 3);
    const auto shown = answers::show(world.raw(with_edns));
    ASSERT_TRUE(shown) << shown.error();
    EXPECT_EQ(shown->errors.at(0).code, wire::ede::not_supported);
  }
}

TEST_F(Protocol, EchoesTheQuestionByteForByte) {
  const auto packet = query("wEb.CoRp", type::a);
  const auto reply = world.raw(packet);
  EXPECT_TRUE(std::equal(packet.begin() + 12, packet.end(), reply.begin() + 12));
}

TEST_F(Protocol, SendsOptOnlyWhenAskedAndWithItsOwnSize) {
  EXPECT_FALSE(world.ask("web.corp", type::a).edns.has_value());
  for (const char* qname : {"web.corp", "nope.corp", "example.org"}) {
    const auto m = world.ask(qname, type::a, {.edns = true, .size = 4096, .dnssec_ok = true});
    ASSERT_TRUE(m.edns.has_value());
    EXPECT_EQ(m.edns->udp_size, 1232);
    EXPECT_TRUE(m.edns->dnssec_ok);
    EXPECT_EQ(m.edns->version, 0);
  }
}

TEST_F(Protocol, RefusesAnotherEdnsVersionWithBadvers) {
  const auto m = world.ask("web.corp", type::a, {.edns = true, .version = 1});
  EXPECT_EQ(m.rcode, "BADVERS");
  EXPECT_THAT(m.answer, IsEmpty());
  EXPECT_EQ(m.edns->version, 0);
}

TEST_F(Protocol, RefusesClientsOutsideAllowQuery) {
  Ask ask{.edns = true};
  ask.client.address = {192, 0, 2, 1};
  auto m = world.ask("web.corp", type::a, ask);
  EXPECT_EQ(m.rcode, "REFUSED");
  ASSERT_THAT(m.errors, SizeIs(1));
  EXPECT_EQ(m.errors[0].code, 18);
  ask.client = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, true, 9};
  EXPECT_EQ(world.ask("web.corp", type::a, ask).rcode, "NOERROR");
  ask.client.address[15] = 2;
  EXPECT_EQ(world.ask("web.corp", type::a, ask).rcode, "REFUSED");
}

TEST_F(Protocol, AnswersClassChWhereConfiguredAndRefusesOtherClasses) {
  const auto m = world.ask("version.bind", type::txt, {.klass = wire::klass::ch});
  EXPECT_FALSE(m.aa);
  EXPECT_THAT(data(m.answer, "TXT"), ElementsAre("\"dnsd 0.1\""));
  EXPECT_EQ(world.ask("id.server", type::txt, {.klass = wire::klass::ch}).rcode, "REFUSED");
  EXPECT_EQ(world.ask("web.corp", type::a, {.klass = 4}).rcode, "REFUSED");
  EXPECT_EQ(world.ask("web.corp", type::a, {.klass = wire::klass::any}).rcode, "REFUSED");
}

TEST_F(Protocol, RefusesTransfers) {
  EXPECT_EQ(world.ask("corp", type::axfr, {.tcp = true}).rcode, "REFUSED");
  EXPECT_EQ(world.ask("corp", type::ixfr).rcode, "REFUSED");
}

TEST_F(Protocol, AnswersTheOptionsThatWereAsked) {
  const std::string nsid("\0\3\0\0", 4);
  const std::string keepalive("\0\13\0\0", 4);
  const std::string cookie("\0\12\0\10abcdefgh", 12);
  const std::string ecs("\0\10\0\7\0\1\30\0\300\0\2", 11);
  const auto codes = [](const ShownMessage& m) {
    std::vector<int> out;
    for (const auto& option : m.edns->options) out.push_back(option.code);
    std::sort(out.begin(), out.end());
    return out;
  };
  EXPECT_THAT(codes(world.ask("web.corp", type::a, {.edns = true})), IsEmpty());
  EXPECT_THAT(codes(world.ask("web.corp", type::a, {.edns = true, .options = nsid + keepalive + cookie + ecs})),
              ElementsAre(3, 8, 10));
  EXPECT_THAT(codes(world.ask("web.corp", type::a, {.edns = true, .tcp = true, .options = keepalive})),
              ElementsAre(11));
  const auto m = world.ask("web.corp", type::a, {.edns = true, .options = cookie});
  EXPECT_EQ(m.edns->options.at(0).data.size(), 24U);
}

// As TCP workers have it: one piece of memory, each reply behind the one before it.
TEST_F(Protocol, RepliesWithoutABufferOfTheirOwnFollowEachOther) {
  const auto good_one = good(), other = query("nope.corp", type::a);
  std::vector<std::uint8_t> memory(3 * 65'537);
  const Client client{{127, 0, 0, 1}, false, 1};
  const std::array<Request, 3> requests{
      Request{good_one, client, Transport::tcp}, {other, client, Transport::tcp}, {good_one, client, Transport::tcp}};
  std::array<Reply, 3> replies{Reply{{memory.data() + 2, kMaxMessage}, 0}};
  world.responder().respond(requests, replies, {1, 1});
  for (std::size_t i = 0; i < 3; ++i) {
    ASSERT_GT(replies[i].size, 12U);
    const auto m = answers::show(replies[i].buffer.first(replies[i].size));
    EXPECT_EQ(m->rcode, i == 1 ? "NXDOMAIN" : "NOERROR");
    if (i != 0) {
      EXPECT_EQ(replies[i].buffer.data(), replies[i - 1].buffer.data() + replies[i - 1].size + 2);
    }
  }
}

TEST_F(Protocol, AnswersABatchInOrder) {
  std::vector<std::vector<std::uint8_t>> packets, buffers(kMaxBatch, std::vector<std::uint8_t>(1232));
  std::vector<Request> requests;
  std::vector<Reply> replies;
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    packets.push_back(query(i % 3 == 0 ? "nope.corp" : "web.corp", type::a));
    packets.back()[1] = static_cast<std::uint8_t>(i);
  }
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    requests.push_back({packets[i], {{127, 0, 0, 1}, false, 1}, Transport::udp});
    replies.push_back({buffers[i], 0});
  }
  world.responder().respond(requests, replies, {1, 1});
  for (std::size_t i = 0; i < kMaxBatch; ++i) {
    const auto m = answers::show(std::span(buffers[i]).first(replies[i].size));
    ASSERT_TRUE(m.has_value());
    EXPECT_EQ(m->id & 255, static_cast<int>(i));
    EXPECT_EQ(m->rcode, i % 3 == 0 ? "NXDOMAIN" : "NOERROR");
  }
}

}  // namespace
}  // namespace dnsd::serve::test
