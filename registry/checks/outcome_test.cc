#include "registry/checks/outcome.h"

#include <gtest/gtest.h>

#include <boost/asio/error.hpp>
#include <cerrno>

namespace registry::checks {
namespace {

boost::system::error_code system_error(int value) { return {value, boost::system::system_category()}; }

TEST(CleanText, KeepsUtf8AndReplacesTheRest) {
  const struct {
    std::string_view given, expected;
  } kCases[] = {
      {"200 OK", "200 OK"},
      {"gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f"},
      {"a\r\nb\tc\x7f", "a  b c "},
      {"\xff\xfe", "??"},
      {"\xc0\xaf", "??"},                        // overlong
      {"\xed\xa0\x80", "???"},                   // surrogate
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},  // U+1F600
      {"\xf4\x90\x80\x80", "????"},              // beyond U+10FFFF
      {"cut\xe2\x82", "cut??"},
  };
  for (const auto& c : kCases) EXPECT_EQ(clean_text(c.given), c.expected);
}

TEST(CleanText, NeverExceeds256OctetsNorCutsACharacter) {
  EXPECT_EQ(clean_text(std::string(1000, 'x')), std::string(256, 'x'));
  std::string euros;
  for (int i = 0; i < 200; ++i) euros += "\xe2\x82\xac";
  EXPECT_EQ(clean_text(euros).size(), 255U);
}

TEST(FromError, LocalFaultsSayNothingAboutTheTarget) {
  for (const int value : {EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL, EAFNOSUPPORT}) {
    for (const bool at_once : {true, false}) {
      const ProbeResult result = from_error(system_error(value), at_once);
      EXPECT_EQ(result.verdict, Verdict::unknown) << value;
      EXPECT_EQ(result.fault, Fault::local) << value;
    }
  }
}

TEST(FromError, AMissingRouteIsLocalOnlyWhenOurOwnKernelSaysSo) {
  EXPECT_EQ(from_error(system_error(ENETUNREACH), true).verdict, Verdict::unknown);
  const ProbeResult remote = from_error(system_error(ENETUNREACH), false);
  EXPECT_EQ(remote.verdict, Verdict::failed);
  EXPECT_EQ(remote.fault, Fault::unreachable);
  EXPECT_EQ(from_error(system_error(EPERM), true).verdict, Verdict::unknown);
}

TEST(FromError, FaultsOfTheTargetFail) {
  const struct {
    boost::system::error_code error;
    Fault fault;
    std::string_view output;
  } kCases[] = {
      {system_error(ECONNREFUSED), Fault::refused, "connection refused"},
      {system_error(ECONNRESET), Fault::reset, "connection reset"},
      {system_error(EPIPE), Fault::reset, "connection reset"},
      {system_error(ETIMEDOUT), Fault::timeout, "timed out"},
      {system_error(EHOSTUNREACH), Fault::unreachable, "host unreachable"},
      {boost::asio::error::eof, Fault::reset, "connection closed without a response"},
  };
  for (const auto& c : kCases) {
    const ProbeResult result = from_error(c.error, false);
    EXPECT_EQ(result.verdict, Verdict::failed) << c.output;
    EXPECT_EQ(result.fault, c.fault) << c.output;
    EXPECT_EQ(result.output, c.output);
  }
}

}  // namespace
}  // namespace registry::checks
