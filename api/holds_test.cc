// Held requests: their number, and who hears of a change first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "api/app.h"

namespace api {
namespace {

namespace asio = boost::asio;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

class HoldsTest : public ::testing::Test {
 protected:
  std::shared_ptr<Holds::Hold> hold(const std::string& name) {
    auto hold = holds_.take(io_.get_executor());
    asio::co_spawn(
        io_,
        [](std::shared_ptr<Holds::Hold> held, std::string who,
           std::vector<std::string>& heard) -> asio::awaitable<void> {
          co_await held->event.wait_until(std::chrono::steady_clock::time_point::max());
          heard.push_back(who);
        }(hold, name, heard_),
        asio::detached);
    io_.poll();  // it waits
    return hold;
  }

  Holds holds_{2};
  std::vector<std::string> heard_;
  asio::io_context io_;  // ends first: what waits on it holds places
};

TEST_F(HoldsTest, WhoMadeTheChangeHearsBeforeThoseThatWaitForIt) {
  const auto one = hold("one");
  const auto two = hold("two");
  holds_.wake(one);
  holds_.wake(two);
  asio::post(io_, [&] { heard_.emplace_back("writer"); });
  io_.restart();
  io_.poll();
  ASSERT_EQ(heard_.size(), 3U);
  EXPECT_EQ(heard_.front(), "writer");
  EXPECT_THAT(heard_, UnorderedElementsAre("writer", "one", "two"));
}

TEST_F(HoldsTest, ASecondWakeIsNotLost) {
  const auto other = hold("other");
  const auto stays = hold("stays");
  EXPECT_EQ(holds_.take(io_.get_executor()), nullptr) << "two are the limit";
  holds_.wake(stays);
  io_.restart();
  io_.poll();
  EXPECT_THAT(heard_, ElementsAre("stays"));
  stays->event.clear();
  holds_.wake(stays);
  io_.restart();
  io_.poll();
  EXPECT_TRUE(stays->event.is_set());
  EXPECT_FALSE(other->event.is_set());
}

}  // namespace
}  // namespace api
