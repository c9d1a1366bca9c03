#include "dnsd/transfer/outgoing.h"

namespace dnsd::transfer {
namespace {

constexpr std::size_t kOptOctets = 11;

}  // namespace

Outgoing::Outgoing(const wire::Message& request, const Content& content, std::size_t overhead)
    : request_(request), apex_(content.apex()), overhead_(overhead) {}

Outgoing::List Outgoing::soa(const Soa& soa) const {
  auto list = std::make_shared<RecordList>();
  list->add(apex_, wire::type::soa, soa.ttl, soa.rdata);
  return list;
}

Outgoing Outgoing::whole(const wire::Message& request, const Content& content, std::size_t overhead) {
  Outgoing out(request, content, overhead);
  out.walk_ = content.walk();
  out.lists_.push_back(out.soa(content.soa()));
  out.last_ = out.lists_.front();
  return out;
}

Outgoing Outgoing::soa_alone(const wire::Message& request, const Content& content, std::size_t overhead) {
  Outgoing out(request, content, overhead);
  out.lists_.push_back(out.soa(content.soa()));
  return out;
}

Outgoing Outgoing::changes(const wire::Message& request, const Content& content, std::uint32_t serial,
                           std::size_t overhead) {
  const std::uint32_t current = content.soa().serial;
  if (serial == current || wire::is_newer(serial, current)) return soa_alone(request, content, overhead);
  const auto steps = content.steps_since(serial);
  if (!steps) return whole(request, content, overhead);
  Outgoing out(request, content, overhead);
  out.lists_.push_back(out.soa(content.soa()));
  for (const auto& step : *steps) {
    out.lists_.push_back(out.soa(step->from));
    out.lists_.emplace_back(step, &step->difference.removed);  // shares the step's life
    out.lists_.push_back(out.soa(step->to));
    out.lists_.emplace_back(step, &step->difference.added);
  }
  out.lists_.push_back(out.soa(content.soa()));
  return out;
}

bool Outgoing::fill() {
  while (!list_ || at_ >= list_->octets()) {
    at_ = 0;
    if (!lists_.empty()) {
      list_ = std::move(lists_.front());
      lists_.pop_front();
      continue;
    }
    list_ = walk_ ? walk_->next() : nullptr;
    if (!list_ && !aborted()) list_ = std::exchange(last_, nullptr);
    if (!list_) return false;
  }
  return true;
}

std::optional<Octets> Outgoing::next() {
  if (!fill()) return std::nullopt;
  const bool edns = first_ && has_edns(request_);
  wire::MessageWriter writer(request_.id, reply_flags(request_, wire::Rcode::noerror, true),
                             wire::MessageWriter::kMaxOctets - overhead_ - (edns ? kOptOctets : 0));
  const auto& question = request_.questions.front();
  if (first_) (void)writer.put_question(question.name, question.type, question.klass);
  std::size_t records = 0;
  while (fill()) {
    std::size_t after = at_;
    const auto record = list_->next(after);
    // One record fits into an empty message: rdata is at most 65,000 octets (text) or comes from a message itself.
    if (!writer.put_record(wire::Section::answer, record->owner, record->type, wire::klass::in, record->ttl,
                           record->rdata)) {
      if (records == 0) return std::nullopt;  // larger than any message; the client sees an incomplete transfer
      break;
    }
    at_ = after;
    ++records;
  }
  if (aborted()) return std::nullopt;
  if (edns) {
    writer.allow_more(kOptOctets);
    put_opt(writer, request_, {});
  }
  first_ = false;
  return writer.take();
}

}  // namespace dnsd::transfer
