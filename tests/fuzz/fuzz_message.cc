// wire::read_message against any octets, and what zone maintenance does with what it read: the writer gives the same
// records back, a signature is found or refused, a zone is put together or told why not.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "dnsd/answers/presentation.h"
#include "dnsd/transfer/incoming_zone.h"
#include "dnsd/tsig/tsig.h"
#include "dnsd/wire/message.h"
#include "dnsd/wire/message_writer.h"

namespace {

using namespace dnsd;

void require(bool holds) {
  if (!holds) std::abort();
}

// Decompressed a message may be larger than any message is: then there is nothing to compare.
bool write_all(const wire::Message& message, wire::MessageWriter& writer) {
  for (const auto& q : message.questions) {
    if (!writer.put_question(q.name, q.type, q.klass)) return false;
  }
  for (std::size_t section = 0; section < 3; ++section) {
    for (const auto& r : message.sections[section]) {
      if (!writer.put_record(static_cast<wire::Section>(section + 1), r.owner, r.type, r.klass, r.ttl, r.rdata))
        return false;
    }
  }
  return true;
}

void check_round_trip(const wire::Message& message) {
  wire::MessageWriter writer(message.id, message.flags);
  if (!write_all(message, writer)) return;
  const auto octets = writer.take();
  const auto again = wire::read_message(octets);
  require(again && again->id == message.id && again->flags == message.flags);
  require(again->questions.size() == message.questions.size());
  for (std::size_t section = 0; section < 3; ++section) {
    const auto &left = message.sections[section], &right = again->sections[section];
    require(left.size() == right.size());
    for (std::size_t i = 0; i < left.size(); ++i) {
      // A pointer may lead to the same name in another spelling.
      require(wire::fold(left[i].owner) == wire::fold(right[i].owner));
      require(wire::fold(left[i].rdata) == wire::fold(right[i].rdata));
      require(left[i].type == right[i].type && left[i].klass == right[i].klass && left[i].ttl == right[i].ttl);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto exact = std::make_unique<std::uint8_t[]>(size);  // so that one octet too many is seen
  std::copy(data, data + size, exact.get());
  const auto message = wire::read_message({exact.get(), size});
  if (!message) return 0;
  for (const auto& section : message->sections) {
    for (const auto& r : section) require(answers::is_wire_name(r.owner) && r.rdata.size() <= 65'535);
  }
  check_round_trip(*message);
  (void)tsig::find(*message);
  transfer::Assembler assembler(std::string(1, '\0'), nullptr);
  const auto fed = assembler.feed(*message);
  if (fed && *fed == transfer::Assembler::Result::changed) {
    const auto zone = assembler.take();
    require(zone.soa().has_value());
    (void)zone.as_zone(std::string(1, '\0'));
    const auto times = transfer::times_of(*zone.soa());
    require(times.refresh != 0 && times.retry != 0 && times.expire != 0);
  }
  return 0;
}
