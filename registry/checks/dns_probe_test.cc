#include <gmock/gmock.h>

#include <sys/socket.h>
#include <time.h>

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>

#include "registry/checks/dns_message.h"
#include "registry/checks/dns_test_server.h"
#include "registry/checks/loopback_test_server.h"
#include "registry/checks/probe_test_tools.h"
#include "registry/checks/refusing_test_tools.h"

namespace registry::checks::test {
namespace {

using testing::HasSubstr;

CheckDef dns_check(std::string name, std::uint16_t type = 1) {
  CheckDef check;
  check.name = "dns";
  check.kind = CheckKind::dns;
  check.dns.name = std::move(name);
  check.dns.type = type;
  check.timeout = kPatience;
  return check;
}

tcp::endpoint endpoint_of(const DnsTestServer& server) {
  const std::string text = server.address();
  const auto port = static_cast<std::uint16_t>(std::stoi(text.substr(text.find(':') + 1)));
  return {boost::asio::ip::address_v4::loopback(), port};
}

TEST(DnsProbe, WantsARecordOfTheType) {
  DnsTestServer server;
  server.set("a.test", {.a = {Ipv4{{10, 0, 0, 1}}, Ipv4{{10, 0, 0, 2}}}});
  server.set("six.test", {.aaaa = {Ipv6{{0xfd, 1}}}});
  server.set("broken.test", {.rcode = DnsTestServer::Rcode::servfail});
  const auto at = endpoint_of(server);
  const ProbeResult fine = ask(dns_check("a.test"), at);
  EXPECT_EQ(fine.verdict, Verdict::ok) << fine.output;
  EXPECT_EQ(fine.output, "NOERROR");
  EXPECT_EQ(ask(dns_check("six.test", 28), at).verdict, Verdict::ok);
  const ProbeResult empty = ask(dns_check("six.test"), at);
  EXPECT_EQ(empty.fault, Fault::body);
  EXPECT_EQ(empty.output, "NOERROR, without a record of the type");
  EXPECT_EQ(ask(dns_check("broken.test"), at).output, "SERVFAIL, not NOERROR");
  EXPECT_EQ(ask(dns_check("absent.test"), at).output, "NXDOMAIN, not NOERROR");
}

TEST(DnsProbe, WantsTheCodeAndTheAddressThatAreExpected) {
  DnsTestServer server;
  server.set("a.test", {.a = {Ipv4{{10, 0, 0, 1}}, Ipv4{{10, 0, 0, 2}}}});
  server.set("www.test", {.a = {Ipv4{{10, 0, 0, 3}}}, .alias = "host.test"});
  const auto at = endpoint_of(server);
  CheckDef gone = dns_check("gone.test");
  gone.dns.expect_rcode = 3;
  EXPECT_EQ(ask(gone, at).verdict, Verdict::ok);
  CheckDef second = dns_check("a.test");
  second.dns.expect_address.v4 = Ipv4{{10, 0, 0, 2}};
  EXPECT_EQ(ask(second, at).verdict, Verdict::ok);
  second.dns.expect_address.v4 = Ipv4{{10, 0, 0, 9}};
  EXPECT_EQ(ask(second, at).output, "NOERROR, without the expected address");
  CheckDef behind = dns_check("www.test");
  behind.dns.expect_address.v4 = Ipv4{{10, 0, 0, 3}};
  EXPECT_EQ(ask(behind, at).verdict, Verdict::ok) << "after a CNAME";
}

TEST(DnsProbe, NobodyThereIsRefusedAndSilenceIsATimeout) {
  boost::asio::io_context io;
  using boost::asio::ip::udp;
  udp::socket silent(io, udp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  CheckDef check = dns_check("a.test");
  check.timeout = Millis(100);
  const tcp::endpoint at{silent.local_endpoint().address(), silent.local_endpoint().port()};
  const ProbeResult late = ask(check, at);
  EXPECT_EQ(late.fault, Fault::timeout) << late.output;
  silent.close();
  EXPECT_EQ(ask(dns_check("a.test"), at).fault, Fault::refused);
}

// Answers one query over TCP with what `answer` makes of it.
LoopbackServer::Talk over_tcp(std::function<std::string(const std::string&)> answer) {
  return [answer = std::move(answer)](tcp::socket& socket) {
    boost::system::error_code error;
    std::array<std::uint8_t, 2> size{};
    boost::asio::read(socket, boost::asio::buffer(size), error);
    std::string query(static_cast<std::size_t>(size[0] << 8U | size[1]), '\0');
    boost::asio::read(socket, boost::asio::buffer(query), error);
    if (error) return;
    const std::string reply = answer(query);
    send(socket, std::string{static_cast<char>(reply.size() >> 8U), static_cast<char>(reply.size() & 0xffU)} + reply);
  };
}

// The query as a reply with these flags and one A record at its name.
std::string reply_to(const std::string& query, unsigned flags, std::string_view address = {"\x0a\0\0\1", 4}) {
  std::string question = query.substr(12);
  question.resize(question.find('\0') + 5);
  std::string out = query.substr(0, 2) + static_cast<char>(flags >> 8U) + static_cast<char>(flags & 0xffU);
  out += std::string("\0\1\0\1\0\0\0\0", 8) + question;
  return out + std::string("\xc0\x0c\0\1\0\1\0\0\0\5\0\4", 12) + std::string(address);
}

TEST(DnsProbe, AsksOverTcpWhereTheCheckSaysSo) {
  LoopbackServer server(over_tcp([](const std::string& query) { return reply_to(query, 0x8180); }));
  CheckDef check = dns_check("a.test");
  check.dns.tcp = true;
  EXPECT_EQ(ask(check, server.endpoint()).output, "NOERROR");
  LoopbackServer wrong(over_tcp([](const std::string& query) { return reply_to("zz" + query.substr(2), 0x8180); }));
  EXPECT_EQ(ask(check, wrong.endpoint()).output, "not a reply to the query");
  const ClosedPort closed;
  EXPECT_EQ(ask(check, closed.endpoint()).fault, Fault::refused);
}

TEST(DnsProbe, ATruncatedReplyAsksAgainOverTcpAndStrangersAreNotHeard) {
  LoopbackServer server(over_tcp([](const std::string& query) { return reply_to(query, 0x8180); }));
  boost::asio::io_context io;
  using boost::asio::ip::udp;
  udp::socket truncating(io, udp::endpoint(server.endpoint().address(), server.endpoint().port()));
  std::thread answering([&] {
    std::array<char, 1500> packet;
    udp::endpoint from;
    boost::system::error_code error;
    const std::size_t size = truncating.receive_from(boost::asio::buffer(packet), from, 0, error);
    const std::string query(packet.data(), size);
    for (const std::string& reply : {std::string("x"), reply_to("zz" + query.substr(2), 0x8180),
                                     reply_to(query, 0x0180), query.substr(0, 2) + "\x83\x80" + query.substr(4)}) {
      truncating.send_to(boost::asio::buffer(reply), from, 0, error);
    }
  });
  const ProbeResult result = ask(dns_check("a.test"), server.endpoint());
  answering.join();
  EXPECT_EQ(result.output, "NOERROR");
  EXPECT_EQ(server.accepted(), 1);
}

TEST(DnsMessage, AMalformedReplyIsNoAnswer) {
  DnsProbe def;
  def.name = "a.test";
  const std::string query = dns_query(def, 7).value();
  const std::string good = reply_to(query, 0x8180);
  ASSERT_TRUE(answers_query(query, good));
  EXPECT_EQ(judge_dns(def, query, good).output, "NOERROR");
  for (std::size_t size = good.size() - 1; answers_query(query, good.substr(0, size)); --size) {
    EXPECT_EQ(judge_dns(def, query, good.substr(0, size)).output, "not a valid DNS reply") << size;
  }
  std::string loop = good;
  loop[good.size() - 15] = static_cast<char>(good.size() - 16);  // the owner's name points at itself
  EXPECT_EQ(judge_dns(def, query, loop).output, "not a valid DNS reply");
}

std::string record(std::string owner, char type, const std::string& data) {
  owner += std::string("\0", 1) + type + std::string("\0\1\0\0\0\5", 6);
  return owner + static_cast<char>(data.size() >> 8U) + static_cast<char>(data.size() & 0xffU) + data;
}

// What judge_dns() says of a reply with these records, given the number that its header tells.
ProbeResult judge_records(const std::string& records, unsigned count) {
  DnsProbe def;
  def.name = "a.test";
  const std::string query = dns_query(def, 7).value();
  std::string reply = reply_to(query, 0x8180);
  reply.resize(reply.size() - 16);
  reply[6] = static_cast<char>(count >> 8U);
  reply[7] = static_cast<char>(count & 0xffU);
  reply += records;
  EXPECT_LE(reply.size(), 65'535U);
  return judge_dns(def, query, reply);
}

TEST(DnsMessage, ANameIsAtMost255OctetsLong) {
  std::string label(64, 'x');
  label[0] = 63;
  const std::string address("\x0a\0\0\1", 4);
  const auto named = [&](std::size_t last) {
    return label + label + label + static_cast<char>(last) + std::string(last, 'x') + '\0';
  };
  EXPECT_EQ(judge_records(record(named(61), 1, address), 1).output, "NOERROR");
  EXPECT_EQ(judge_records(record(named(62), 1, address), 1).output, "not a valid DNS reply");
  EXPECT_EQ(judge_records(record(std::string("\x40\0", 2), 1, address), 1).output, "not a valid DNS reply");
  EXPECT_EQ(judge_records(record("\xc0\x0b", 1, address), 1).output, "not a valid DNS reply") << "into the header";
}

TEST(DnsMessage, ManyPointersToOneLongNameCostNothing) {
  std::string name;  // of 32 KiB, where nobody looks for one: in the data of a record
  while (name.size() < 32'000) name += std::string("\x01x", 2);
  const std::string begins = record("\xc0\x0c", 16, name + '\0');
  std::string records = begins;
  const std::string pointer("\xc0\x24", 2);  // after the header, the question and what is before that data
  unsigned count = 1;
  for (; records.size() + 12 < 65'400; ++count) records += record(pointer, 16, "");
  const auto used = [] {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  const auto before = used();
  EXPECT_EQ(judge_records(records, count).output, "NOERROR, without a record of the type");
  EXPECT_LT(used() - before, std::chrono::milliseconds(50));
  EXPECT_GT(count, 2'700U);
}

TEST(DnsMessage, OnlyAnErrorMayLeaveTheQuestionOut) {
  DnsProbe def;
  def.name = "a.test";
  const std::string query = dns_query(def, 7).value();
  const auto bare = [&](unsigned rcode) {
    return query.substr(0, 2) + "\x81" + static_cast<char>(0x80U | rcode) + std::string(8, '\0');
  };
  EXPECT_TRUE(answers_query(query, bare(1)));
  EXPECT_EQ(judge_dns(def, query, bare(1)).output, "FORMERR, not NOERROR");
  EXPECT_TRUE(answers_query(query, bare(4)));
  EXPECT_FALSE(answers_query(query, bare(0)));
  EXPECT_FALSE(answers_query(query, bare(3)));
  EXPECT_FALSE(answers_query(query, "zz" + bare(4).substr(2))) << "another id";
  EXPECT_FALSE(answers_query(query, bare(4).substr(0, 11)));
}

TEST(DnsProbe, WhatOurOwnFirewallForbidsIsNotTheTargetsFault) {
  DnsTestServer server;
  server.set("a.test", {.a = {Ipv4{{10, 0, 0, 1}}}});
  const auto result =
      refusing({SYS_sendto, SYS_sendmsg}, EPERM, [&] { return ask(dns_check("a.test"), endpoint_of(server)); });
  if (!result) GTEST_SKIP() << "no seccomp here";
  EXPECT_EQ(result->verdict, Verdict::unknown) << result->output;
}

TEST(DnsMessage, ANameThatCannotBeAskedIsSaidSo) {
  DnsProbe def;
  def.name = std::string(64, 'a') + ".test";
  const auto query = dns_query(def, 7);
  ASSERT_FALSE(query);
  EXPECT_THAT(query.error(), HasSubstr("cannot be asked"));
}

}  // namespace
}  // namespace registry::checks::test
