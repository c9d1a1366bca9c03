#include "api/cloudmap/operation_log.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace api::cloudmap {
namespace {

// As AWS's look: 32 characters, a hyphen, 8 more.
std::string make_id(std::string_view secret, std::uint64_t number) {
  constexpr std::string_view kAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
  const std::string text = fmt::format("{}/{}", secret, number);
  std::string out;
  for (std::uint64_t part = 0; out.size() < 41; ++part) {
    std::uint64_t bits = XXH3_64bits_withSeed(text.data(), text.size(), part);
    for (int i = 0; i < 12 && out.size() < 41; ++i, bits >>= 5) {
      out += out.size() == 32 ? '-' : kAlphabet[bits & 31];
    }
  }
  return out;
}

}  // namespace

std::string_view to_string(Operation::Status status) {
  switch (status) {
    case Operation::Status::pending:
      return "PENDING";
    case Operation::Status::success:
      return "SUCCESS";
    case Operation::Status::fail:
      break;
  }
  return "FAIL";
}

std::string OperationLog::token_key(const Operation& operation) {
  return fmt::format("{}/{}/{}", operation.type, operation.service_id, operation.token);
}

Out<std::optional<std::string>> OperationLog::repeated(const Operation& operation) const {
  if (operation.token.empty()) return std::nullopt;
  const auto known = by_token_.find(token_key(operation));
  if (known == by_token_.end()) return std::nullopt;
  const auto& before = operations_[known->second - first_];
  if (before.fingerprint == operation.fingerprint) return before.id;
  return refuse("DuplicateRequest", "this request id was used for another request",
                {{"DuplicateOperationId", before.id}});
}

std::string OperationLog::begin(Operation operation, registry::Wall now) {
  while (!operations_.empty() && (operations_.size() >= kMaxOperations || now - operations_.front().updated > kKept)) {
    forget_oldest();
  }
  const auto number = first_ + operations_.size();
  operation.id = make_id(secret_, number);
  operation.created = operation.updated = now;
  by_id_[operation.id] = number;
  if (!operation.token.empty()) by_token_[token_key(operation)] = number;
  operations_.push_back(std::move(operation));
  return operations_.back().id;
}

void OperationLog::forget_oldest() {
  const auto& oldest = operations_.front();
  by_id_.erase(oldest.id);
  if (!oldest.token.empty()) {
    const auto token = by_token_.find(token_key(oldest));
    if (token != by_token_.end() && token->second == first_) by_token_.erase(token);
  }
  operations_.pop_front();
  ++first_;
}

Operation* OperationLog::at(std::string_view id) {
  const auto known = by_id_.find(std::string(id));
  return known == by_id_.end() ? nullptr : &operations_[known->second - first_];
}

void OperationLog::succeed(std::string_view id, registry::Wall now) {
  auto* operation = at(id);
  if (!operation) return;  // ten thousand others began meanwhile
  operation->status = Operation::Status::success;
  operation->updated = now;
}

void OperationLog::fail(std::string_view id, const Error& error, registry::Wall now) {
  auto* operation = at(id);
  if (!operation) return;
  operation->status = Operation::Status::fail;
  operation->updated = now;
  operation->error_type = error.type;
  operation->error_message = error.message;
  if (!operation->token.empty()) by_token_.erase(token_key(*operation));
  operation->token.clear();
}

const Operation* OperationLog::find(std::string_view id) const {
  const auto known = by_id_.find(std::string(id));
  return known == by_id_.end() ? nullptr : &operations_[known->second - first_];
}

OperationLog::Numbered OperationLog::older(std::uint64_t before) const {
  const auto end = first_ + operations_.size();
  const auto number = (before == 0 || before > end ? end : before) - 1;
  if (number < first_ || operations_.empty()) return {};
  return {number, &operations_[number - first_]};
}

}  // namespace api::cloudmap
