#include "dnsd/transfer/exchange.h"

#include <openssl/rand.h>

#include <algorithm>
#include <chrono>

#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

constexpr std::uint16_t kUdpSize = 1232;  // ours, as the responder's default
constexpr std::uint16_t kOptEde = 15;

std::string text16(std::uint16_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }

}  // namespace

std::uint16_t reply_flags(const wire::Message& request, wire::Rcode rcode, bool aa) {
  const unsigned flags = 0x8000U | (request.flags & 0x7900U) | (aa ? 0x0400U : 0U);
  return static_cast<std::uint16_t>(flags | (static_cast<unsigned>(rcode) & 15U));
}

bool has_edns(const wire::Message& request) {
  return std::ranges::any_of(request.additional(), [](const auto& r) { return r.type == wire::type::opt; });
}

void put_opt(wire::MessageWriter& writer, const wire::Message& request, const ReplyParts& parts) {
  if (!has_edns(request)) return;
  std::string options = parts.options;
  if (parts.ede) {
    const auto text = parts.ede_text.substr(0, wire::kMaxEdeText);
    options += text16(kOptEde) + text16(static_cast<std::uint16_t>(2 + text.size())) + text16(*parts.ede);
    options += text;
  }
  (void)writer.put_record(wire::Section::additional, {"\0", 1}, wire::type::opt, kUdpSize,
                          static_cast<std::uint32_t>(parts.rcode) >> 4 << 24, options);
}

Octets reply_to(const wire::Message& request, const ReplyParts& parts) {
  wire::MessageWriter writer(request.id, reply_flags(request, parts.rcode, parts.aa));
  if (!request.questions.empty()) {
    const auto& q = request.questions.front();
    (void)writer.put_question(q.name, q.type, q.klass);
  }
  put_opt(writer, request, parts);
  return writer.take();
}

Octets formerr(std::span<const std::uint8_t> octets) {
  Octets out(wire::kHeader);
  std::copy_n(octets.begin(), std::min<std::size_t>(octets.size(), 4), out.begin());
  out[2] = static_cast<std::uint8_t>(0x80U | (out[2] & 0x79U));
  out[3] = static_cast<std::uint8_t>(wire::Rcode::formerr);
  return out;
}

std::uint64_t seconds_now() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

std::uint16_t random_id() {
  std::uint8_t octets[2];
  RAND_bytes(octets, 2);
  return wire::get16(octets);
}

}  // namespace dnsd::transfer
