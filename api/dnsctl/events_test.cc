#include "api/dnsctl/events.h"

#include <gtest/gtest.h>

namespace ctl {
namespace {

constexpr std::string_view kStream =
    ": hello\n\nid: 7\nevent: change\ndata: {\"a\":1}\n\nid: 8\r\ndata: one\r\ndata: two\r\n\r\n: still here\n\n";

void expect_both(const std::vector<Event>& events) {
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].id, "7");
  EXPECT_EQ(events[0].type, "change");
  EXPECT_EQ(events[0].data, "{\"a\":1}");
  EXPECT_EQ(events[1].id, "8");
  EXPECT_EQ(events[1].data, "one\ntwo");
}

TEST(EventParser, ReadsEventsAndDropsComments) { expect_both(EventParser().feed(kStream)); }

TEST(EventParser, DoesNotCareWhereTheStreamIsCut) {
  for (std::size_t cut = 0; cut <= kStream.size(); ++cut) {
    EventParser parser;
    auto events = parser.feed(kStream.substr(0, cut));
    for (auto& event : parser.feed(kStream.substr(cut))) events.push_back(std::move(event));
    expect_both(events);
  }
}

TEST(EventParser, KeepsAnUnfinishedEventBack) { EXPECT_TRUE(EventParser().feed("id: 9\ndata: x\n").empty()); }

}  // namespace
}  // namespace ctl
