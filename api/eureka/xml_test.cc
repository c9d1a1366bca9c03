// XML as JSON and back, element names for any key, and what is refused.
#include "api/eureka/xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace api::eureka {
namespace {

using ::testing::HasSubstr;

std::string json_of(std::string_view text) {
  const auto parsed = parse_xml(text);
  return parsed ? json::serialize(*parsed) : "refused: " + parsed.error();
}

std::string xml_of(std::string_view name, std::string_view text) {
  std::string out;
  append_element(out, name, json::parse(text));
  return out;
}

TEST(EurekaXml, ElementsAreMembersAndAttributesBeginWithAt) {
  EXPECT_EQ(json_of(R"(<?xml version="1.0"?> <a> <b>x</b> <c enabled="true"> 80 </c> <d/> <!-- no --> </a>)"),
            R"({"a":{"b":"x","c":{"@enabled":"true","$":"80"},"d":""}})");
  EXPECT_EQ(json_of("<a><![CDATA[<&]]></a>"), R"({"a":"<&"})");
  EXPECT_EQ(json_of("<a>&lt;&amp;&#65;</a>"), R"({"a":"<&A"})");
}

TEST(EurekaXml, WhatIsWrittenIsReadBack) {
  const auto* text = R"({"app":"W","port":{"@enabled":"true","$":"80"},"metadata":{"a_b$c":"<&>\"'","zone 1":"é"}})";
  std::string out;
  append_element(out, "instance", json::parse(text));
  EXPECT_EQ(json_of(out), std::string(R"({"instance":)") + text + "}");
}

TEST(EurekaXml, AnArrayIsAsManyElementsAndNullNone) {
  EXPECT_EQ(xml_of("a", R"({"b":[1,true,"x"],"c":null})"), "<a><b>1</b><b>true</b><b>x</b></a>");
}

TEST(EurekaXml, TextIsEscapedAndWhatXmlCannotSayIsLeftOut) {
  std::string out;
  append_escaped(out, "<a b=\"c\">&\n\t\x01\x1f\xEF\xBF\xBF\xEF\xBF\xBD");
  EXPECT_EQ(out, "&lt;a b=&quot;c&quot;&gt;&amp;&#10;&#9;\xEF\xBF\xBD");
}

TEST(EurekaXml, AttributesAreNeverMadeOfMetadata) {
  EXPECT_EQ(xml_of("metadata", R"({"@class":"evil","$":"x"})"),
            "<metadata><_.0040class>evil</_.0040class><_->x</_-></metadata>");
}

TEST(EurekaXml, AnyKeyIsAnElementName) {
  for (const auto* key : {"plain", "a_b", "__", "_-", "_.0041", "$", "a$b", "1st", "a b", "-x", "é", "\xF0\x9F\x99\x82",
                          "management.port", "<x>", "_", "a__b_c"}) {
    EXPECT_EQ(from_element_name(to_element_name(key)), key) << to_element_name(key);
  }
  EXPECT_EQ(to_element_name("my_key"), "my__key");
  EXPECT_EQ(to_element_name("a$b"), "a_-b");
  EXPECT_EQ(to_element_name("1 x"), "_.0031_.0020x");
  EXPECT_EQ(to_element_name("\xF0\x9F\x99\x82"), "_.d83d_.de42");
  EXPECT_EQ(from_element_name("my_key"), "my_key") << "as a person writes it";
  EXPECT_EQ(from_element_name("a_.d83db"), "ab") << "half a pair is no character";
}

TEST(EurekaXml, WhatIsNotAnInstanceIsRefusedWithASentence) {
  for (const auto* text : {"", "x", "<a>", "<a></b>", "<a/><b/>", "<a b=1/>", "\xFF<a/>"}) {
    EXPECT_THAT(json_of(text), HasSubstr("refused: ")) << text;
  }
  EXPECT_THAT(json_of("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>"), HasSubstr("document type"));
  EXPECT_THAT(json_of("<a><b/><b/></a>"), HasSubstr("twice"));
  EXPECT_THAT(json_of("<a>&#xD800;</a>"), HasSubstr("no character"));
  EXPECT_THAT(json_of("<a b=\"&#xDFFF;\"/>"), HasSubstr("no character"));
  std::string deep;
  for (int i = 0; i <= kMaxXmlDepth; ++i) deep += "<a>";
  for (int i = 0; i <= kMaxXmlDepth; ++i) deep += "</a>";
  EXPECT_THAT(json_of(deep), HasSubstr("levels"));
}

}  // namespace
}  // namespace api::eureka
