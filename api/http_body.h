// A request's body out of the octets that follow its header. Beast takes the chunks apart; a body of known length
// needs no parser. Pure: no socket, no clock.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "api/http_message.h"

namespace api {

// What may wait for the rest of a chunk's header, or of a trailer: no reasonable client's is longer.
inline constexpr std::size_t kMaxChunkHeader = 16 << 10;

class BodyReader {
 public:
  enum class State { more, done, too_large, malformed };

  BodyReader();
  ~BodyReader();
  void begin(const Request& request, std::size_t limit);
  // Takes what it can from the front of `octets` and appends the body in it to `body`.
  [[nodiscard]] State take(std::string_view& octets, std::string& body);

 private:
  struct Chunks;
  State take_chunks(std::string_view& octets, std::string& body);

  std::unique_ptr<Chunks> chunks_;  // null: of known length
  std::size_t left_ = 0;            // of known length
};

}  // namespace api
