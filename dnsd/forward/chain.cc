#include "dnsd/forward/chain.h"

#include <algorithm>
#include <array>

#include "dnsd/wire/message_writer.h"
#include "dnsd/wire/options.h"

namespace dnsd::forward {
namespace {

using wire::Section;

std::string_view text(const std::uint8_t* from, std::size_t size) {
  return {reinterpret_cast<const char*>(from), size};
}

// As the upstream sent it, with the question that its compression pointers speak of.
std::optional<wire::Message> unfold(const Said& said, const Question& question) {
  std::vector<std::uint8_t> octets(wire::kHeader);
  octets[2] = 0x80;
  wire::put16(octets.data() + 4, 1);
  for (std::size_t i = 0; i < 3; ++i) wire::put16(octets.data() + 6 + 2 * i, said.counts[i]);
  octets.insert(octets.end(), question.name.begin(), question.name.end());
  std::array<std::uint8_t, 4> type_and_class;
  wire::put16(type_and_class.data(), question.type);
  wire::put16(type_and_class.data() + 2, wire::klass::in);
  octets.insert(octets.end(), type_and_class.begin(), type_and_class.end());
  octets.insert(octets.end(), said.records.begin(), said.records.end());
  return wire::read_message(octets);
}

bool put_all(wire::MessageWriter& writer, Section section, const std::vector<wire::Record>& records,
             std::uint32_t older) {
  return std::ranges::all_of(records, [&](const wire::Record& r) {
    return writer.put_record(section, r.owner, r.type, r.klass, r.ttl > older ? r.ttl - older : 0, r.rdata);
  });
}

void put_opt(wire::MessageWriter& writer, const Recipient& to, const wire::EdnsReply& edns, std::size_t size) {
  if (size == 0) return;
  std::array<std::uint8_t, 512> octets;  // the largest OPT fits: writer.h
  wire::Writer opt(octets, octets.size());
  (void)wire::put_opt(opt, to.query, edns);
  writer.allow_more(size);
  const std::uint8_t* at = octets.data();
  (void)writer.put_record(Section::additional, text(at, 1), wire::get16(at + 1), wire::get16(at + 3),
                          wire::get32(at + 5), text(at + wire::kOptFixed, size - wire::kOptFixed));
}

}  // namespace

std::optional<Question> end_of_chain(const wire::Message& ours, const Question& asked) {
  const auto& answer = ours.answer();
  const auto last =
      std::find_if(answer.rbegin(), answer.rend(), [](const wire::Record& r) { return r.type == wire::type::cname; });
  if (last == answer.rend()) return std::nullopt;
  Question out = asked;
  out.name = wire::fold(last->rdata);
  return out;
}

std::vector<std::uint8_t> write_chain(const wire::Message& ours, seconds ours_age, const Question& end,
                                      const Said& said, seconds age, const Recipient& to) {
  wire::EdnsReply edns = to.edns;
  edns.rcode = said.rcode;
  edns.ede = said.ede;
  edns.ede_text = said.ede_text;
  const std::size_t opt = wire::opt_size(to.query, edns);
  wire::MessageWriter writer(to.query.id, 0, std::max<std::size_t>(to.limit, 512) - opt);
  const std::size_t name = to.query.question_size - 4U;
  (void)writer.put_question(text(to.query.question, name), to.query.type, to.query.klass);
  const auto theirs = unfold(said, end);
  const auto in_ttl = [](seconds s) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(s.count(), 0, INT32_MAX));
  };
  const std::uint32_t older = in_ttl(age), ours_older = in_ttl(ours_age);
  const bool whole = put_all(writer, Section::answer, ours.answer(), ours_older) &&
                     (!theirs || (put_all(writer, Section::answer, theirs->answer(), older) &&
                                  put_all(writer, Section::authority, ours.authority(), ours_older) &&
                                  put_all(writer, Section::authority, theirs->authority(), older)));
  put_opt(writer, to, edns, opt);
  auto out = writer.take();
  std::array<std::uint8_t, wire::kHeader> head;
  // AA speaks of the name that was asked (RFC 1035 4.1.1), and that one is ours.
  wire::put_header(
      head.data(), to.query,
      {.rcode = said.rcode, .aa = true, .tc = !whole || said.truncated, .ra = true, .cd = to.checking_disabled}, {});
  std::copy_n(head.begin(), 4, out.begin());  // the counts stay
  return out;
}

}  // namespace dnsd::forward
