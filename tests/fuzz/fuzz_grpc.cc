// The octets of a health service: as the body of a reply, and as a whole HTTP/2 connection in pieces.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "registry/checks/grpc_session.h"

namespace {

using namespace registry;
using namespace registry::checks;

void require(bool holds) {
  if (!holds) std::abort();
}

void read_body(std::string_view body) {
  const auto status = health_status(body);
  const ProbeResult result = judge_grpc({"200", 0, std::string(body)});
  require((result.verdict == Verdict::ok) == (status == 1U));
  if (!status || *status != 1) return;
  // A cut message is never taken for a whole one.
  const std::size_t length = static_cast<std::uint8_t>(body[4]) + 5U;
  if (body[1] == 0 && body[2] == 0 && body[3] == 0) require(!health_status(body.substr(0, length - 1)));
}

void read_connection(std::string_view octets, std::size_t piece) {
  GrpcSession session;
  for (int question = 0; question < 2; ++question) {
    session.ask({"a.test:80", "http", "shop.Cart", std::chrono::seconds(2)});
    require(!session.answered());
    (void)session.take_output();
    while (!session.answered() && !octets.empty()) {
      const auto part = octets.substr(0, piece);
      octets.remove_prefix(part.size());
      if (!session.receive(part)) return;
      (void)session.take_output();
      if (session.over()) return;
    }
    if (!session.answered()) return;
    const ProbeResult result = session.result();
    require(!result.output.empty() && result.output.size() <= kMaxOutput);
    require(result.verdict == Verdict::ok || result.verdict == Verdict::failed);
    if (!session.may_follow()) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view octets(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 0) {
    read_body(octets);
  } else {
    read_connection(octets, data[0]);
  }
  return 0;
}
