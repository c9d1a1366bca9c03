#include "dnsd/answers/valid_rdata.h"

#include <gtest/gtest.h>

#include "dnsd/wire/query.h"

namespace dnsd::answers {
namespace {

using namespace std::string_literals;
namespace type = wire::type;

TEST(ValidRdata, HasTheFormOfItsType) {
  EXPECT_TRUE(is_valid_rdata(type::a, "\12\0\0\1"s));
  EXPECT_FALSE(is_valid_rdata(type::a, "\12\0\0"s));
  EXPECT_FALSE(is_valid_rdata(type::a, "\12\0\0\1\1"s));
  EXPECT_TRUE(is_valid_rdata(type::mx, "\0\12\2mx\0"s));
  EXPECT_FALSE(is_valid_rdata(type::mx, "\0\12\2mx"s));
  EXPECT_TRUE(is_valid_rdata(type::txt, "\1a\0"s));
  EXPECT_FALSE(is_valid_rdata(type::txt, "\2a"s));
  EXPECT_TRUE(is_valid_rdata(65280, "anything at all"s));
  EXPECT_TRUE(is_valid_rdata(type::https, "\0\1\3svc\0"s));
}

// A pointer would lead anywhere once the rdata stands in another message.
TEST(ValidRdata, HoldsNoCompressionPointer) {
  for (const std::uint16_t t : {type::https, type::svcb, type::mx}) {
    EXPECT_FALSE(is_valid_rdata(t, "\0\1\xc0\5"s)) << t;
    EXPECT_FALSE(is_valid_rdata(t, "\0\1\1a\xc0\1"s)) << t;
    EXPECT_FALSE(is_valid_rdata(t, "\0\1\xc0\5\0\1\0\0"s)) << t;
  }
}

}  // namespace
}  // namespace dnsd::answers
