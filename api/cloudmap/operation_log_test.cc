#include "api/cloudmap/operation_log.h"

#include <gtest/gtest.h>

namespace api::cloudmap {
namespace {

using namespace std::chrono_literals;

class OperationLogTest : public ::testing::Test {
 protected:
  static Operation with(std::string token, std::uint64_t fingerprint) {
    Operation operation;
    operation.type = "REGISTER_INSTANCE";
    operation.service_id = "srv-1";
    operation.token = std::move(token);
    operation.fingerprint = fingerprint;
    return operation;
  }
  std::string begin(std::string token = {}, std::uint64_t fingerprint = 1) {
    return log.begin(with(std::move(token), fingerprint), now);
  }
  Out<std::optional<std::string>> again(std::string token, std::uint64_t fingerprint = 1) {
    return log.repeated(with(std::move(token), fingerprint));
  }
  OperationLog log{"secret"};
  registry::Wall now{1'700'000'000s};
};

TEST_F(OperationLogTest, IdsLookAsAwsHasThem) {
  const auto id = begin();
  ASSERT_EQ(id.size(), 41U);
  EXPECT_EQ(id[32], '-');
  EXPECT_EQ(id.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567-"), std::string::npos);
  EXPECT_NE(begin(), id);
  ASSERT_TRUE(log.find(id));
  EXPECT_EQ(log.find(id)->status, Operation::Status::pending);
  EXPECT_FALSE(log.find("x"));
}

TEST_F(OperationLogTest, ATokenMeansTheSameRequestOnce) {
  const auto id = begin("t1", 7);
  EXPECT_EQ(again("t1", 7).value(), id);
  EXPECT_FALSE(again("t2", 7).value());
  auto elsewhere = with("t1", 7);
  elsewhere.type = "CREATE_NAMESPACE";
  EXPECT_FALSE(log.repeated(elsewhere).value()) << "tokens of another kind are others";
  elsewhere = with("t1", 8);
  elsewhere.service_id = "srv-2";
  EXPECT_FALSE(log.repeated(elsewhere).value()) << "and those of another service";
  const auto other = again("t1", 8);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().type, "DuplicateRequest");
  EXPECT_EQ(other.error().more.at("DuplicateOperationId"), json::value(id));
  begin({});
  EXPECT_FALSE(again("").value()) << "no token is none";
}

TEST_F(OperationLogTest, WhatFailedMayBeTriedAgain) {
  const auto id = begin("t1");
  log.fail(id, Error{"ResourceInUse", "still used", 400, {}}, now + 1s);
  EXPECT_EQ(log.find(id)->status, Operation::Status::fail);
  EXPECT_EQ(log.find(id)->error_type, "ResourceInUse");
  EXPECT_FALSE(again("t1").value());
  const auto next = begin("t1");
  log.succeed(next, now + 2s);
  EXPECT_EQ(log.find(next)->updated, now + 2s);
  EXPECT_EQ(again("t1").value(), next);
}

TEST_F(OperationLogTest, KeepsTenThousandAndAnHour) {
  const auto first = begin("first");
  for (std::size_t i = 0; i < OperationLog::kMaxOperations; ++i) begin();
  EXPECT_FALSE(log.find(first));
  EXPECT_FALSE(again("first").value());
  const auto old = begin("old");
  log.succeed(first, now);  // forgotten meanwhile: nothing
  now += OperationLog::kKept + 1s;
  const auto fresh = begin();
  EXPECT_FALSE(log.find(old));
  EXPECT_TRUE(log.find(fresh));
  EXPECT_EQ(log.older(0).operation, log.find(fresh));
  EXPECT_FALSE(log.older(log.older(0).number).operation);
}

TEST_F(OperationLogTest, ATokenUsedAgainOutlivesTheOldest) {
  const auto first = begin("t");
  log.fail(first, Error{"X", "", 400, {}}, now);
  const auto second = begin("t");
  for (std::size_t i = 0; i + 1 < OperationLog::kMaxOperations; ++i) begin();
  EXPECT_FALSE(log.find(first));
  EXPECT_EQ(again("t").value(), second);
}

}  // namespace
}  // namespace api::cloudmap
