#include "api/http_header.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace api {
namespace {

using Scan = HeaderScan::State;

std::optional<HeaderFault> fault_of(std::string_view block) {
  Request request;
  return parse_header(block, request);
}

TEST(HeaderScan, FindsTheEmptyLineHoweverTheOctetsArrive) {
  const std::string block = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t cut = 0; cut < block.size(); ++cut) {
    EXPECT_EQ(scan_header(std::string_view(block).substr(0, cut)).state, Scan::need_more) << cut;
  }
  const auto scan = scan_header(block + "GET /next");
  EXPECT_EQ(scan.state, Scan::complete);
  EXPECT_EQ(scan.begin, 0U);
  EXPECT_EQ(scan.end, block.size());
}

TEST(HeaderScan, SkipsEmptyLinesBeforeTheRequestLine) {
  const auto scan = scan_header("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(scan.state, Scan::complete);
  EXPECT_EQ(scan.begin, 4U);
}

TEST(HeaderScan, RefusesABareLineFeedBeforeTheBlockIsComplete) {
  EXPECT_EQ(scan_header("GET / HTTP/1.1\n").state, Scan::refused);
  EXPECT_EQ(scan_header("GET / HTTP/1.1\r\nHost: a\n").state, Scan::refused);
  EXPECT_EQ(scan_header("GET / HTTP/1.1\r\nHost: a\rX").state, Scan::refused);
}

TEST(ParseHeader, AcceptsWhatOrdinaryClientsSend) {
  const std::string_view good[] = {
      "GET / HTTP/1.1\r\nHost: localhost:8500\r\nUser-Agent: curl/7.88.1\r\nAccept: */*\r\n\r\n",
      "PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n",
      "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n",
      "GET / HTTP/1.0\r\n\r\n",
      "GET http://a/ HTTP/1.1\r\nHost:a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\nObs: \xc3\xa4\r\n\r\n",
  };
  for (const auto block : good) EXPECT_FALSE(fault_of(block)) << block;
}

TEST(ParseHeader, RefusesWhatTwoParsersMayReadInTwoWays) {
  const std::string_view bad[] = {
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n folded: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n\tfolded\r\n\r\n",
      "GET / HTTP/1.1\r\n Host: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n: no name\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX\x01Y: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: \x7f\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\n",
      "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / a HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
      "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / http/1.1\r\nHost: a\r\n\r\n",
      "GET /\r\nHost: a\r\n\r\n",
      " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (const auto block : bad) EXPECT_TRUE(fault_of(block)) << block;
}

TEST(ParseHeader, RefusesNulAndTooManyFields) {
  using namespace std::string_literals;
  EXPECT_TRUE(fault_of("GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s));
  std::string block = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (std::size_t i = 1; i < kMaxHeaderFields; ++i) block += "X: 1\r\n";
  EXPECT_FALSE(fault_of(block + "\r\n"));
  const auto more = fault_of(block + "X: 1\r\n\r\n");
  ASSERT_TRUE(more);
  EXPECT_TRUE(more->too_large);
}

TEST(ParseHeader, TellsWhatTheRequestIs) {
  Request request;
  ASSERT_FALSE(
      parse_header("PUT /x?y=1 HTTP/1.1\r\nHOST: a\r\nContent-Length: 12\r\nX-Empty:\r\nX: \t a b \r\n\r\n", request));
  EXPECT_EQ(request.method, Method::put);
  EXPECT_EQ(request.target, "/x?y=1");
  EXPECT_EQ(request.header("host"), "a");
  EXPECT_EQ(request.header("x"), "a b");
  EXPECT_EQ(request.content_length, 12U);
  EXPECT_TRUE(request.has_body());
  EXPECT_TRUE(request.keep_alive);
  request.reset();
  ASSERT_FALSE(parse_header("HEAD / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n", request));
  EXPECT_EQ(request.method, Method::get);
  EXPECT_TRUE(request.head && request.chunked && !request.content_length && request.header("x").empty());
}

TEST(ParseHeader, KeepsTheConnectionAsRfc9112Section9_3Says) {
  const std::tuple<std::string_view, std::string_view, bool> cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Upgrade , Close\r\n", false},
      {"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
      {"1.1", "Connection: closed\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: Keep-Alive\r\n", true},
      {"1.0", "Connection: keep-alive, close\r\n", false},
  };
  for (const auto& [version, field, kept] : cases) {
    Request request;
    const auto block = "GET / HTTP/" + std::string(version) + "\r\nHost: a\r\n" + std::string(field) + "\r\n";
    ASSERT_FALSE(parse_header(block, request));
    EXPECT_EQ(request.keep_alive, kept) << block;
  }
}

}  // namespace
}  // namespace api
