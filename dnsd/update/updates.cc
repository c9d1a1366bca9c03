#include "dnsd/update/updates.h"

#include <algorithm>

#include "dnsd/answers/wire_name.h"

namespace dnsd::update {
namespace {

using registry::ProblemKind;
using transfer::ReplyParts;
using wire::Rcode;

const ReplyParts kStopping{.rcode = Rcode::servfail, .ede = wire::ede::other, .ede_text = "the server is stopping"};

std::string octets32(std::uint32_t v) {
  return {static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8), static_cast<char>(v)};
}

ReplyParts refused(const Refusal& refusal) {
  ReplyParts parts{.rcode = refusal.rcode};
  if (refusal.why.empty()) return parts;
  parts.ede = refusal.rcode == Rcode::refused ? wire::ede::prohibited : wire::ede::other;
  parts.ede_text = refusal.why;
  return parts;
}

// What the registry says to a command, in an update's words.
ReplyParts refused(const registry::Problem& problem) {
  switch (problem.kind) {
    case ProblemKind::overloaded:
    case ProblemKind::store_unavailable:
    case ProblemKind::disk_full:
    case ProblemKind::precondition_failed:
      return {.rcode = Rcode::servfail, .ede = wire::ede::other, .ede_text = "the write did not go through; try again"};
    case ProblemKind::name_static:
      return {
          .rcode = Rcode::refused, .ede = wire::ede::prohibited, .ede_text = "a record of the zone file owns the name"};
    case ProblemKind::managed_by_config:
      return {.rcode = Rcode::refused, .ede = wire::ede::prohibited, .ede_text = "declared in the configuration file"};
    case ProblemKind::name_conflict:
      return {.rcode = Rcode::refused, .ede = wire::ede::prohibited, .ede_text = "the name is taken"};
    default:
      return {.rcode = Rcode::refused, .ede = wire::ede::prohibited, .ede_text = "not a valid registration"};
  }
}

}  // namespace

Updates::Updates(const registry::Registry& registry, registry::WritePath& writes, const transfer::Catalog& catalog)
    : registry_(registry), writes_(writes), catalog_(catalog) {}

void Updates::run(wire::Message message, Done done) {
  auto job = std::make_shared<Job>(Job{std::move(message), std::move(done)});
  if (stopped_) return reply(job, kStopping);
  const auto& sections = job->message.sections;
  if (sections[0].size() + sections[1].size() + sections[2].size() > kMaxUpdateRecords)
    return reply(job, refused(Refusal{Rcode::refused, "too many records for one update"}));
  if (job->message.answer().empty()) return attempt(job);
  if (line_.size() >= kMaxWaiting)
    return reply(job, {.rcode = Rcode::servfail, .ede = wire::ede::other, .ede_text = "too many updates wait"});
  line_.push_back(std::move(job));
  if (line_.size() == 1) next_in_line();
}

void Updates::next_in_line() {
  if (line_.empty()) return;
  writes_.between_batches([this, job = line_.front()] { attempt(job); });
}

void Updates::stop() {
  stopped_ = true;
  while (line_.size() > 1) {
    const JobPtr job = std::move(line_.back());
    line_.pop_back();
    reply(job, kStopping);
  }
}

void Updates::attempt(const JobPtr& job) {
  const auto space = find_space(registry_, job->message);
  if (!space) return reply(job, refused(space.error()));
  const auto content = catalog_.find(answers::fold_wire(answers::to_wire((*space)->def.name)));
  if (!content) return reply(job, {.rcode = Rcode::servfail, .ede = wire::ede::not_ready});
  ViewRecords view(*content, **space, job->message);
  if (const auto unmet = check_prerequisites(job->message, view)) return reply(job, refused(*unmet));
  auto made = plan(registry_, **space, view, job->message);
  if (!made) return reply(job, refused(made.error()));
  if (made->commands.empty()) return committed(job, *made, {});
  auto commands = made->commands;
  writes_.submit(std::move(commands), true,
                 [this, job, made = *std::move(made)](registry::WriteResult result) { committed(job, made, result); });
}

void Updates::committed(const JobPtr& job, const Plan& plan, const registry::WriteResult& result) {
  if (result.failed_index || std::ranges::any_of(result.results, [](const auto& r) { return !r; })) {
    const auto& failed = result.results[result.failed_index.value_or(0)];
    const auto problem = failed ? registry::Problem{ProblemKind::store_unavailable, {}, {}, {}} : failed.error();
    if (problem.kind == ProblemKind::precondition_failed && ++job->tries < kTries)
      return writes_.between_batches([this, job] { attempt(job); });  // where nothing comes in between
    return reply(job, refused(problem));
  }
  ReplyParts parts;
  if (plan.lease) parts.options = std::string{0, 2, 0, 4} + octets32(*plan.lease);  // RFC 9664 4
  reply(job, std::move(parts));
}

void Updates::reply(const JobPtr& job, ReplyParts parts) {
  ++(parts.rcode == Rcode::noerror ? counts_.applied : counts_.refused);
  job->done(std::move(parts));
  if (line_.empty() || line_.front() != job) return;
  line_.pop_front();
  next_in_line();
}

}  // namespace dnsd::update
