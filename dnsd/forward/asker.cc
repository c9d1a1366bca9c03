#include "dnsd/forward/asker.h"

#include <openssl/rand.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace dnsd::forward {
namespace {

std::uint16_t random_id() {
  std::uint16_t id = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&id), sizeof id);
  return id;
}

}  // namespace

struct Asker::Query {
  Asker* owner;
  Line* line;
  Question question;
  std::uint16_t id;
  Done done;
};

struct Asker::Line {
  std::size_t upstream = 0;
  std::size_t begun = 0;
  std::list<std::unique_ptr<Query>> under_way;
  std::unique_ptr<registry::ares::Channel> channel;  // ends first: it calls back for what is under way
};

Asker::Asker(boost::asio::io_context& io, const Settings& settings)
    : io_(io), settings_(settings), current_(settings.upstreams.size()) {}

Asker::~Asker() {
  stopped_ = true;
  lines_.clear();
}

Asker::Line* Asker::line_to(std::size_t upstream) {
  Line*& current = current_[upstream];
  if (current != nullptr && current->begun < kPerChannel) return current;
  // One try, whatever the rcode: which upstream is next, and whether, is decided elsewhere.
  auto channel = registry::ares::Channel::open(io_, {.servers = settings_.upstreams[upstream],
                                                     .timeout = settings_.timeout,
                                                     .tries = 1,
                                                     .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_EDNS,
                                                     .edns_size = static_cast<int>(kUpstreamUdpSize)});
  if (channel == nullptr) return nullptr;
  auto line = std::make_unique<Line>();
  line->upstream = upstream;
  line->channel = std::move(channel);
  return current = lines_.emplace_back(std::move(line)).get();
}

void Asker::ask(std::size_t upstream, const Question& question, Done done) {
  Line* line = line_to(upstream);
  if (line == nullptr) return tell(std::move(done), {Outcome::Kind::unreachable});  // out of descriptors or memory
  std::uint16_t id = random_id();
  while (std::ranges::any_of(line->under_way, [&](const auto& other) { return other->id == id; })) id = random_id();
  ++line->begun;
  auto& query = *line->under_way.emplace_back(new Query{this, line, question, id, std::move(done)});
  const auto packet = query_for(question, id);
  ares_send(line->channel->get(), packet.data(), static_cast<int>(packet.size()), &Asker::answered, &query);
  line->channel->arm();
}

// Posted: c-ares calls back in the middle of its own work.
void Asker::tell(Done done, Outcome outcome) {
  boost::asio::post(io_,
                    [done = std::move(done), outcome = std::move(outcome)]() mutable { done(std::move(outcome)); });
}

void Asker::answered(void* arg, int status, int /*timeouts*/, unsigned char* reply, int size) {
  Query& query = *static_cast<Query*>(arg);
  Asker& self = *query.owner;
  if (self.stopped_) return;  // the channel is being closed: nobody waits any more
  Outcome outcome;
  if (status == ARES_SUCCESS && reply != nullptr && size > 0) {
    auto said = read_reply({reply, static_cast<std::size_t>(size)}, query.question,
                           std::chrono::floor<seconds>(self.settings_.max_ttl));
    outcome.kind = said ? Outcome::Kind::said : Outcome::Kind::malformed;
    if (said) outcome.said = std::make_shared<Said>(*std::move(said));
  } else {
    outcome.kind = status == ARES_ETIMEOUT ? Outcome::Kind::timeout : Outcome::Kind::unreachable;
  }
  self.tell(std::move(query.done), std::move(outcome));
  self.end(query);
}

void Asker::end(Query& query) {
  Line* line = query.line;
  line->under_way.remove_if([&](const auto& other) { return other.get() == &query; });
  if (!line->under_way.empty() || line->begun < kPerChannel) return;
  boost::asio::post(io_, [this, line] {
    if (current_[line->upstream] == line) current_[line->upstream] = nullptr;
    lines_.remove_if([&](const auto& other) { return other.get() == line; });
  });
}

}  // namespace dnsd::forward
