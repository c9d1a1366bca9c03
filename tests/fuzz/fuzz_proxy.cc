// parse_proxy_header against any octets: what it promises, checked from outside, and that more octets never change what
// was decided of fewer.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "dnsd/serve/proxy_protocol.h"

namespace {

using dnsd::serve::ProxyHeader;
using Kind = ProxyHeader::Kind;

void require(bool holds) {
  if (!holds) std::abort();
}

bool same(const ProxyHeader& a, const ProxyHeader& b) {
  return a.kind == b.kind && a.size == b.size && a.client.address == b.client.address && a.client.v6 == b.client.v6 &&
         a.client.port == b.client.port;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const auto whole = dnsd::serve::parse_proxy_header({data, size});
  const bool complete = whole.kind == Kind::local || whole.kind == Kind::proxied;
  require(complete == (whole.size != 0));
  require(whole.size <= size && whole.size <= dnsd::serve::kMaxProxyHeader);
  for (std::size_t cut = 0; cut < size && cut <= dnsd::serve::kMaxProxyHeader; ++cut) {
    const std::vector<std::uint8_t> first(data, data + cut);  // of its own, so that reading beyond it is seen
    const auto got = dnsd::serve::parse_proxy_header(first);
    if (complete && cut >= whole.size) {
      require(same(got, whole));
    } else if (complete || whole.kind == Kind::partial) {
      require(got.kind == Kind::partial);
    } else {
      require(got.kind == Kind::partial || got.kind == Kind::malformed);
    }
  }
  return 0;
}
