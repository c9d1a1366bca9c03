#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <chrono>
#include <ostream>
#include <thread>

#include "api/dnsctl/commands.h"
#include "api/dnsctl/events.h"

namespace ctl {
namespace {

using namespace std::chrono_literals;
constexpr auto kFirstPause = 250ms;
constexpr auto kLongestPause = std::chrono::milliseconds(10s);

void print_line(const Session& session, std::string_view revision, std::string_view op, const std::string& subject,
                const std::string& available, const std::string& reason) {
  const auto* dns = available == "yes" ? "in" : available == "no" ? "out" : "-";
  session.out << fmt::format("{:>8}  {:<8}  {:<3}  {}  {}\n", revision, op, dns, subject, reason);
}

// "worker.corp/w1", "worker.corp", "namespace corp", "override rack-move"
std::string subject_of(const boost::json::value& change) {
  const auto service = cell(change, "service"), id = cell(change, "id");
  if (service == "-") return cell(change, "kind") + " " + cell(change, "name");
  return id == "-" ? service : service + "/" + id;
}

void print_event(const Session& session, const Event& event) {
  if (session.json) {
    session.out << event.data << std::endl;
    return;
  }
  boost::system::error_code error;
  const auto body = boost::json::parse(event.data, error);
  const auto revision = error ? event.id : cell(body, "revision");
  if (event.type == "reset") print_line(session, revision, "reset", "what came before is not known any more", "", "");
  for (const auto& i : list_of(body, "instances")) {
    print_line(session, revision, "snapshot", cell(i, "service") + "/" + cell(i, "id"), cell(i, "available"),
               cell(i, "reason"));
  }
  for (const auto& change : list_of(body, "changes")) {
    print_line(session, revision, cell(change, "op"), subject_of(change), cell(change, "available"),
               cell(change, "reason"));
  }
  session.out.flush();
}

struct Watcher {
  const Session& session;
  std::size_t left;  // events; 0 = no end
  bool endless;
  std::optional<std::string> last;
  bool done = false;

  bool take(const std::vector<Event>& events) {
    for (const auto& event : events) {
      print_event(session, event);
      if (!event.id.empty()) last = event.id;
      if (!endless && --left == 0) done = true;
      if (done) return false;
    }
    return true;
  }
};

}  // namespace

ExitCode watch(const Session& session, const WatchFlags& flags) {
  auto target = Target({"watch"});
  if (!flags.service.empty()) {
    const auto service = full_service_name(session, flags.service);
    if (!service) return service.error();
    target.with("service", *service);
  }
  target.with("index", flags.index);
  Watcher watcher{session, flags.count, flags.count == 0, std::nullopt};
  auto pause = std::chrono::milliseconds(kFirstPause);
  for (bool first = true; !watcher.done; first = false) {
    EventParser parser;
    const auto reply = session.client.stream(target.text(), watcher.last, kSilence, [&](std::string_view text) {
      pause = kFirstPause;
      return watcher.take(parser.feed(text)) && !parser.too_long();
    });
    if (reply && !reply->ok() && reply->status != 503) return print_problem(session.err, *reply);
    if (watcher.done) break;
    if (first && !reply && !watcher.last) {  // never got through: say so instead of trying for ever
      session.err << "dnsctl: " << reply.error() << '\n';
      return ExitCode::away;
    }
    session.err << "dnsctl: the stream ended; following again\n";
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  return ExitCode::ok;
}

}  // namespace ctl
