// The operations that clients ask about (GetOperation), and the tokens by which they repeat a request without doing it
// twice. In memory: an operation is over when its request is answered, so what a restart forgets is history, and a
// token whose namespace or service was made is found there (NamespaceNotes::creator).
//
// Owner: the control thread.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "api/cloudmap/error.h"
#include "registry/basics.h"

namespace api::cloudmap {

struct Operation {
  enum class Status : std::uint8_t { pending, success, fail };
  std::string id;
  std::string type;  // "CREATE_NAMESPACE"
  Status status = Status::pending;
  registry::Wall created{}, updated{};
  std::map<std::string, std::string> targets;  // "NAMESPACE" -> "ns-..."
  std::string namespace_id, service_id;        // what filters ask for
  std::string error_type, error_message;
  std::string token;              // "" = the client gave none
  std::uint64_t fingerprint = 0;  // of the request but its token, with what it asks for
};
[[nodiscard]] std::string_view to_string(Operation::Status status);

class OperationLog {
 public:
  // 10,000 operations of about 600 octets; AWS keeps an hour's or more, no waiter asks for longer.
  static constexpr std::size_t kMaxOperations = 10'000;
  static constexpr registry::Millis kKept{3'600'000};

  explicit OperationLog(std::string secret) : secret_(std::move(secret)) {}

  // The id of the operation that this one's token made for the same request before. DuplicateRequest when it was
  // another one.
  [[nodiscard]] Out<std::optional<std::string>> repeated(const Operation& operation) const;
  std::string begin(Operation operation, registry::Wall now);  // its id
  void succeed(std::string_view id, registry::Wall now);
  void fail(std::string_view id, const Error& error, registry::Wall now);  // its token may be used again

  [[nodiscard]] const Operation* find(std::string_view id) const;
  // The newest one that is older than `before` (0 = the newest of all), with its number; null at the end.
  struct Numbered {
    std::uint64_t number = 0;
    const Operation* operation = nullptr;
  };
  [[nodiscard]] Numbered older(std::uint64_t before) const;

 private:
  // Tokens are unique per type of operation, and per service: AWS asks for another one "if you're registering
  // additional instances for the same namespace and service".
  [[nodiscard]] static std::string token_key(const Operation& operation);
  [[nodiscard]] Operation* at(std::string_view id);
  void forget_oldest();

  std::string secret_;  // of this process: ids cannot be guessed from others
  std::deque<Operation> operations_;
  std::uint64_t first_ = 1;  // the number of operations_.front()
  std::unordered_map<std::string, std::uint64_t> by_id_;
  std::unordered_map<std::string, std::uint64_t> by_token_;
};

}  // namespace api::cloudmap
