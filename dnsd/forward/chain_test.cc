#include "dnsd/forward/chain.h"

#include <gtest/gtest.h>

#include "dnsd/forward/test_replies.h"

namespace dnsd::forward {
namespace {

using test::question;
using test::Reply;

const Question kAlias = question("alias.corp");
const Question kEnd = question("www.example.com");

wire::Message ours(const std::string& target = test::wire_name("wWw.example.com")) {
  auto message = wire::read_message(Reply(kAlias).record(0, test::kPointer, wire::type::cname, 5, target).octets());
  EXPECT_TRUE(message);
  return *std::move(message);
}

std::optional<wire::Message> written(const Said& said, const test::Client& client, std::size_t limit,
                                     seconds age = seconds(0), seconds ours_age = seconds(0)) {
  const auto octets = write_chain(ours(), ours_age, kEnd, said, age, {.query = client.query, .limit = limit});
  EXPECT_LE(octets.size(), limit);
  return wire::read_message(octets);
}

TEST(Chain, ItsEndIsTheQuestion) {
  auto asked = kAlias;
  asked.dnssec_ok = true;
  const auto end = end_of_chain(ours(), asked);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->name, kEnd.name) << "lower case";
  EXPECT_TRUE(end->dnssec_ok);
  EXPECT_FALSE(end_of_chain(*wire::read_message(Reply(kAlias).octets()), asked));
}

TEST(Chain, OursComesFirstWithItsOwnTtlThenTheirsWithTheTimePassed) {
  const auto said = test::said(
      kEnd, Reply(kEnd).answer(60).record(1, test::wire_name("com"), wire::type::ns, 60, test::wire_name("ns.com")));
  const test::Client client(test::wire_name("aLias.corp"));
  const auto message = written(*said, client, 512, seconds(10));
  ASSERT_TRUE(message);
  ASSERT_EQ(message->answer().size(), 2U);
  EXPECT_EQ(message->answer()[0].type, wire::type::cname);
  EXPECT_EQ(message->answer()[0].ttl, 5U);
  EXPECT_EQ(message->answer()[1].owner, kEnd.name);
  EXPECT_EQ(message->answer()[1].ttl, 50U);
  EXPECT_EQ(message->authority().size(), 1U);
  EXPECT_EQ(message->questions.at(0).name, test::wire_name("aLias.corp"));
  EXPECT_TRUE(message->aa());
  EXPECT_FALSE(message->tc());
}

TEST(Chain, OursGrowsOlderWhileTheUpstreamIsAsked) {
  const auto said = test::said(kEnd, Reply(kEnd).answer(60));
  const test::Client client(kAlias.name);
  EXPECT_EQ(written(*said, client, 512, seconds(0), seconds(2))->answer().at(0).ttl, 3U);
  const auto late = written(*said, client, 512, seconds(0), seconds(9));
  EXPECT_EQ(late->answer().at(0).ttl, 0U);
  EXPECT_EQ(late->answer().at(1).ttl, 60U);
}

TEST(Chain, TheRcodeIsThatOfItsEnd) {
  const auto said = test::said(
      kEnd, Reply(kEnd, wire::Rcode::nxdomain).record(1, test::wire_name("com"), wire::type::soa, 60, test::soa(60)));
  const test::Client client(kAlias.name, wire::type::a, 1232);
  const auto message = written(*said, client, 1232);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->rcode(), 3);
  EXPECT_EQ(message->answer().size(), 1U);
  EXPECT_EQ(message->authority().size(), 1U);
  EXPECT_EQ(message->additional().size(), 1U) << "OPT";
  EXPECT_EQ(message->additional()[0].klass, 1232);
}

TEST(Chain, AFailureKeepsOurPart) {
  const test::Client client(kAlias.name, wire::type::a, 1232);
  const auto message = written(*failure(22, "no upstream"), client, 1232);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->rcode(), 2);
  EXPECT_EQ(message->answer().size(), 1U);
  EXPECT_NE(message->additional().at(0).rdata.find("no upstream"), std::string::npos);
}

TEST(Chain, WhatDoesNotFitIsCutByWholeRecordsWithTc) {
  Reply reply(kEnd);
  for (int i = 0; i < 100; ++i) reply.answer(60);
  const test::Client client(kAlias.name, wire::type::a, 512);
  const auto message = written(*test::said(kEnd, reply), client, 512);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->tc());
  EXPECT_GT(message->answer().size(), 20U);
  EXPECT_EQ(message->additional().size(), 1U) << "OPT has its room";
}

}  // namespace
}  // namespace dnsd::forward
