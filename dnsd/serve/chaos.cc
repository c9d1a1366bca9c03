// Class CH: who the server is, where the configuration tells (RFC 4892). Not authoritative for anything.
#include "dnsd/serve/answer.h"

namespace dnsd::serve {
namespace {

std::string_view text_of(const Answer& a) noexcept {
  const auto is = [&](std::string_view wire) {
    return a.query.name_size == wire.size() + 1 && std::memcmp(a.query.folded, wire.data(), wire.size() + 1) == 0;
  };
  if (is("\7version\4bind") || is("\7version\6server")) return a.options.version;
  if (is("\2id\6server") || is("\10hostname\4bind")) return a.options.id;
  return {};
}

}  // namespace

void respond_chaos(Answer& a) noexcept {
  const std::string_view text = text_of(a).substr(0, 255);
  if (text.empty() || (a.query.type != wire::type::txt && a.query.type != wire::type::any)) {
    a.rcode = wire::Rcode::refused;
    a.explain(wire::ede::not_authoritative);
    return;
  }
  std::uint8_t* p = put_record(a.writer, 0xc000 | wire::kHeader, wire::type::txt, 0, text.size() + 1);
  if (p == nullptr) {
    a.tc = true;
    return;
  }
  wire::put16(p - 8, wire::klass::ch);
  *p = static_cast<std::uint8_t>(text.size());
  std::memcpy(p + 1, text.data(), text.size());
  ++a.counts.answer;
}

}  // namespace dnsd::serve
