#include "api/http_body.h"

#include <gtest/gtest.h>

namespace api {
namespace {

using State = BodyReader::State;

struct Read {
  State state = State::more;
  std::string body, rest;
};

// The octets in pieces of at most `piece`; what is left of one goes before the next, as on a connection.
Read read(const Request& request, std::string_view octets, std::size_t piece, std::size_t limit = 1000) {
  BodyReader reader;
  reader.begin(request, limit);
  Read out;
  for (std::size_t at = 0; at < octets.size() && out.state == State::more; at += piece) {
    out.rest += octets.substr(at, piece);
    std::string_view rest = out.rest;
    out.state = reader.take(rest, out.body);
    out.rest.erase(0, out.rest.size() - rest.size());
  }
  return out;
}

Request chunked() {
  Request request;
  request.chunked = true;
  return request;
}

TEST(Body, OfKnownLengthEndsThere) {
  Request request;
  request.content_length = 5;
  for (const std::size_t piece : {1, 2, 5, 100}) {
    const auto got = read(request, "12345GET /", piece);
    EXPECT_EQ(got.state, State::done);
    EXPECT_EQ(got.body, "12345");
    EXPECT_TRUE(std::string_view("GET /").starts_with(got.rest)) << got.rest;
  }
  EXPECT_EQ(read(request, "1234", 100).state, State::more);
}

TEST(Body, OfChunksIsPutTogetherHoweverTheyArrive) {
  const std::string_view octets = "3;x=\"y\"\r\nabc\r\n0a\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET /";
  for (std::size_t piece = 1; piece <= octets.size(); ++piece) {
    const auto got = read(chunked(), octets, piece);
    ASSERT_EQ(got.state, State::done) << piece;
    EXPECT_EQ(got.body, "abc0123456789");
    EXPECT_TRUE(std::string_view("GET /").starts_with(got.rest)) << piece << got.rest;
  }
}

TEST(Body, OfChunksIsBounded) {
  EXPECT_EQ(read(chunked(), "400\r\n", 100, 1000).state, State::too_large);
  EXPECT_EQ(read(chunked(), "3\r\nabc\r\n3\r\nabc\r\n", 100, 5).state, State::too_large);
  for (const std::string begin : {"1;x=", "0\r\nX: "}) {
    EXPECT_EQ(read(chunked(), begin + std::string(kMaxChunkHeader - 100, 'x'), 1000).state, State::more);
    EXPECT_EQ(read(chunked(), begin + std::string(kMaxChunkHeader + 1, 'x'), 1000).state, State::malformed);
  }
}

TEST(Body, OfMalformedChunksIsRefused) {
  for (const auto* octets : {"-2\r\n{}\r\n", "zz\r\n", "0x2\r\n{}\r\n0\r\n\r\n", "1\r\n{}\r\n0\r\n\r\n",
                             "2\n{}\n0\n\n\r\n\r\n", "ffffffffffffffffff\r\n", ";x\r\n"}) {
    EXPECT_NE(read(chunked(), octets, 100).state, State::done) << octets;
    EXPECT_NE(read(chunked(), octets, 100).state, State::more) << octets;
  }
}

TEST(Body, OfOneRequestLeavesNothingToTheNext) {
  BodyReader reader;
  std::string body;
  reader.begin(chunked(), 100);
  std::string_view octets = "1\r\na\r\n0\r\n\r\n";
  ASSERT_EQ(reader.take(octets, body), State::done);
  Request request;
  request.content_length = 2;
  body.clear();
  reader.begin(request, 100);
  octets = "xyz";
  EXPECT_EQ(reader.take(octets, body), State::done);
  EXPECT_EQ(body, "xy");
  EXPECT_EQ(octets, "z");
}

}  // namespace
}  // namespace api
