// wire::parse and put_opt against any octets: every promise of query.h, checked from outside.
#include <cstdlib>
#include <cstring>
#include <memory>

#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace {

using namespace dnsd::wire;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_question(std::span<const std::uint8_t> packet, const Query& q) {
  require(q.question == packet.data() + kHeader);
  require(q.question_size == q.name_size + 4);
  require(kHeader + q.question_size <= packet.size());
  require(q.name_size >= 1 && q.name_size <= kMaxWireName && q.labels <= kMaxLabels);
  std::size_t at = 0;
  for (std::size_t label = 0; label < q.labels; ++label) {
    require(q.label_at[label] == at);
    require(q.folded[at] >= 1 && q.folded[at] <= 63);
    at += 1u + q.folded[at];
  }
  require(q.label_at[q.labels] == at && q.folded[at] == 0 && at + 1 == q.name_size);
  for (std::size_t i = 0; i < q.name_size; ++i) {
    const auto c = q.question[i];
    require(q.folded[i] == (c >= 'A' && c <= 'Z' ? c + 32 : c));
  }
  require(q.type == get16(q.question + q.name_size) && q.klass == get16(q.question + q.name_size + 2));
}

bool inside(std::span<const std::uint8_t> packet, const std::uint8_t* at, std::size_t octets) {
  return at >= packet.data() && octets <= packet.size() &&
         static_cast<std::size_t>(at - packet.data()) <= packet.size() - octets;
}

void check_options(std::span<const std::uint8_t> packet, Parsed parsed, const Query& q) {
  const bool any = q.nsid || q.keepalive || q.client_cookie || q.server_cookie || q.has_ecs;
  require(!any || (parsed == Parsed::ok && q.edns));
  require(q.udp_size >= 512 && (q.edns || q.udp_size == 512));
  require((parsed == Parsed::badvers) <= (q.edns && q.edns_version != 0));
  if (q.client_cookie) require(inside(packet, q.client_cookie, 8u + q.server_cookie_size));
  if (q.server_cookie) require(q.server_cookie_size >= 8 && q.server_cookie_size <= 32);
  if (q.has_ecs) require(q.ecs_prefix <= (q.ecs_family == 1 ? 32 : q.ecs_family == 2 ? 128 : 0));
}

// The largest reply's OPT fits beside the question into 512 octets, whatever was asked for.
void check_reply(const Query& q) {
  static const std::uint8_t cookie[24] = {};
  static const std::string text(200, 'x');
  EdnsReply reply;
  reply.ede = ede::other;
  reply.ede_text = text;
  reply.cookie = cookie;
  reply.nsid = text;
  reply.keepalive = 100;
  reply.ecs = true;
  std::uint8_t buffer[512];
  Writer writer(buffer, sizeof buffer);
  const auto tail = opt_size(q, reply);
  writer.reserve_tail(tail);
  auto* header = writer.take(kHeader);
  require(header != nullptr);
  put_header(header, q, {.rcode = Rcode::badvers, .aa = true}, {});
  require((header[2] & 0x80) != 0 && get16(header) == q.id);
  require(writer.put(q.question, q.question_size));
  writer.release_tail(tail);
  const auto before = writer.size();
  require(put_opt(writer, q, reply) && writer.size() - before == tail);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 65'535) return 0;
  const std::span packet(data, size);
  Query q;
  std::memset(static_cast<void*>(&q), 0xa5, sizeof q);  // nothing may be left from an earlier query
  const auto parsed = parse(packet, q);
  require((parsed == Parsed::drop) == (size < kHeader || (data[2] & 0x80) != 0));
  if (parsed == Parsed::drop) return 0;
  require(q.id == get16(data) && q.opcode == (data[2] >> 3 & 15) && q.rd == ((data[2] & 1) != 0));
  require((parsed == Parsed::notimp) == (q.opcode != 0));
  if (q.question_size != 0) check_question(packet, q);
  if (parsed == Parsed::ok) require(q.question_size != 0 || q.client_cookie != nullptr);
  check_options(packet, parsed, q);
  check_reply(q);
  return 0;
}
