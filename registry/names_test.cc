#include "registry/names.h"

#include <gtest/gtest.h>

#include "registry/text.h"

namespace registry {
namespace {

TEST(DomainName, KeepsItsSpellingAndComparesFolded) {
  const DomainName name = *DomainName::parse("Worker.Corp.");
  EXPECT_EQ(name.text(), "Worker.Corp");
  EXPECT_EQ(name.key(), "worker.corp");
  EXPECT_EQ(name, *DomainName::parse("wORKER.cORP"));
  EXPECT_EQ(name.first_label(), "Worker");
  EXPECT_EQ(name.parent_key(), "corp");
  EXPECT_EQ(name.label_count(), 2U);
  EXPECT_EQ(DomainName::parse("corp")->parent_key(), "");
}

TEST(DomainName, IsBelowOnlyAtALabelBoundary) {
  const DomainName corp = *DomainName::parse("corp");
  EXPECT_TRUE(DomainName::parse("a.b.CORP")->is_below(corp));
  EXPECT_FALSE(DomainName::parse("acorp")->is_below(corp));
  EXPECT_FALSE(corp.is_below(corp));
  EXPECT_FALSE(corp.is_below(DomainName{}));
}

TEST(DomainName, RefusesWhatDnsCannotEncode) {
  const std::string long_label(64, 'a');
  std::string long_name;
  while (long_name.size() < 253) long_name += "aaaaaaa.";
  for (const std::string& bad :
       {std::string(), std::string("."), std::string("a..b"), std::string(".a"), long_label, long_name,
        std::string("-a.b"), std::string("a-.b"), std::string("a b"), std::string("a\0b", 3),
        std::string("caf\xC3\xA9"), std::string("a.*"), std::string("_")}) {
    EXPECT_FALSE(DomainName::parse(bad)) << bad;
  }
  EXPECT_EQ(DomainName::parse("ok." + long_label).error(), "label 2 is longer than 63 octets");
  EXPECT_TRUE(DomainName::parse("_worker._tcp.corp"));
  EXPECT_TRUE(DomainName::parse(std::string(63, 'a') + ".1"));
}

TEST(Label, OfAForeignIdIsStableCleanAndDistinct) {
  EXPECT_EQ(label_for_id("w1"), "w1");
  const std::string label = label_for_id("host:app:8080");
  EXPECT_TRUE(label.starts_with("host-app-8080-")) << label;
  EXPECT_EQ(label.size(), std::string("host-app-8080-").size() + 8);
  EXPECT_TRUE(is_ldh_label(label));
  EXPECT_EQ(label, label_for_id("host:app:8080"));
  EXPECT_NE(label, label_for_id("host_app_8080"));
  for (const std::string& id :
       {std::string(255, 'x'), std::string("::::"), std::string("\xC3\xA9"), std::string("-a-")}) {
    EXPECT_TRUE(is_ldh_label(label_for_id(id))) << label_for_id(id);
  }
}

TEST(Label, ReservedOnesAreNsAndUnderscored) {
  EXPECT_TRUE(is_reserved_service_label("NS"));
  EXPECT_TRUE(is_reserved_service_label("ns1"));
  EXPECT_TRUE(is_reserved_service_label("_tcp"));
  EXPECT_FALSE(is_reserved_service_label("ns2"));
}

TEST(LabelForName, CleansForeignServiceNames) {
  EXPECT_EQ(label_for_name("worker"), "worker");
  EXPECT_EQ(label_for_name("Worker"), "Worker");
  EXPECT_EQ(label_for_name("ORDER_SERVICE"), "order-service");
  EXPECT_EQ(label_for_name("com.acme..Orders "), "com-acme-orders");
  for (const std::string& odd : {std::string(), std::string("_"), std::string(200, 'x'), std::string("\xC3\xA9")}) {
    const std::string label = label_for_name(odd);
    EXPECT_TRUE(is_ldh_label(label)) << odd;
    EXPECT_LE(label.size(), kMaxLabel - 1) << odd;
  }
  EXPECT_NE(label_for_name(std::string(200, 'x')), label_for_name(std::string(201, 'x')));
}

TEST(Glob, StarStandsForAnything) {
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("web*.corp", "web12.corp"));
  EXPECT_TRUE(glob_match("*a*b", "xaxbxab"));
  EXPECT_FALSE(glob_match("web*.corp", "db.corp"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("a*b", "acbc"));
  EXPECT_EQ(literal_prefix("db*"), 2U);
  EXPECT_TRUE(is_exact("db"));
}

TEST(Utf8, IsCheckedToTheLetter) {
  EXPECT_TRUE(is_utf8("caf\xC3\xA9 \xF0\x9F\x98\x80"));
  for (const char* bad : {"\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82", "\x80", "\xE0\x80\x80"}) {
    EXPECT_FALSE(is_utf8(bad));
  }
}

TEST(PercentEncode, KeepsUnreservedAndCoversTheRest) {
  EXPECT_EQ(percent_encode("worker-1.corp_~"), "worker-1.corp_~");
  EXPECT_EQ(percent_encode("a/b c\r\n\xc3\xa4"), "a%2Fb%20c%0D%0A%C3%A4");
}

TEST(Token, IsWhatAMethodOrAHeadersNameIsMadeOf) {
  for (const auto* good : {"GET", "x-request-id", "!#$%&'*+-.^_`|~09"}) EXPECT_TRUE(is_token(good)) << good;
  for (const auto* bad : {"", "a b", "a:", "(", "\xC3\xA9", "a\r"}) EXPECT_FALSE(is_token(bad)) << bad;
}

}  // namespace
}  // namespace registry
