// Publishing while workers answer: every reply is of one revision of its service. Run under TSan.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "dnsd/serve/in_hand.h"
#include "dnsd/serve/test_world.h"

namespace dnsd::serve::test {
namespace {

namespace type = wire::type;

class Worker {
 public:
  explicit Worker(World& world) : in_hand_(world.reclaimer, 8), responder_(world.publisher.table(), {}) {}

  void run(const std::atomic<bool>& stop) {
    while (!stop.load(std::memory_order_relaxed)) {
      const InHand::Scope in_hand(in_hand_);
      for (const char* qname : {"web.corp", "i1.web.corp", "s7.corp", "nope.corp", "mail.corp", "ns.corp"}) once(qname);
      in_hand_.sent({});
    }
  }
  int replies() const { return replies_; }
  int wrong() const { return wrong_; }

 private:
  void once(const char* qname) {
    const auto packet = query(qname, std::string_view(qname) == "web.corp" ? type::srv : type::a, {.edns = true});
    std::array<std::uint8_t, 1232> buffer;
    const Request request{packet, {{127, 0, 0, 1}, false, static_cast<std::uint16_t>(replies_)}, Transport::udp};
    Reply reply{buffer, 0};
    responder_.respond({&request, 1}, {&reply, 1}, {1000, 1});
    in_hand_.note(reply);
    ++replies_;
    const auto m = answers::show(std::span(buffer).first(reply.size));
    if (!m || (m->rcode != "NOERROR" && m->rcode != "NXDOMAIN")) ++wrong_;
    if (!m || std::string_view(qname) != "web.corp") return;
    // The two instances always change port together: a reply with both ports mixes two revisions.
    std::set<std::string> ports;
    for (const auto& r : m->answer) ports.insert(r.data.substr(5, r.data.find(' ', 5) - 5));
    if (ports.size() > 1) ++wrong_;
  }

  InHand in_hand_;
  Responder responder_;
  std::atomic<int> replies_{0};
  int wrong_ = 0;
};

TEST(Race, PublishingNeverDisturbsAnAnswer) {
  World world{{.listen_addresses = {"127.0.0.1"}, .reverse = {{*registry::parse_prefix("10.0.0.0/8")}}}};
  world.publisher.set_static_zones(
      {*answers::parse_zone_text("mail A 192.0.2.1\n", "t.zone", {.apex = "corp", .namespace_file = true})}, {});
  world.add_namespace("corp", {"alt"});
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < 2; ++i) workers.push_back(std::make_unique<Worker>(world));
  world.put("web.corp", Given{.id = "i1", .v4 = "10.0.0.1", .port = 1});
  world.start();
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&stop, w = worker.get()] { w->run(stop); });
  // At least so often, and until every worker has answered in between; a busy machine may start them late.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  const auto answered = [&] {
    return std::ranges::all_of(workers, [](const auto& worker) { return worker->replies() >= 100; });
  };
  for (int i = 1; i <= 300 || (!answered() && std::chrono::steady_clock::now() < deadline); ++i) {
    registry::Record record{world.registry.reserve_revision(), world.now.wall, {}};
    for (const char* id : {"i1", "i2"}) {
      record.effects.emplace_back(registry::PutInstanceEffect{
          "web.corp", instance({.id = id, .v4 = id[1] == '1' ? "10.0.0.1" : "10.0.0.2", .port = 1 + i % 60'000}), 0});
    }
    world.published(world.registry.apply(record, world.now));
    const std::string service = "s" + std::to_string(i % 40) + ".corp";  // come and go: nodes, slots, reverse names
    if (world.registry.find_service(service) == nullptr) {
      world.put(service, Given{.id = "x", .v4 = "10.0.1." + std::to_string(i % 40 + 1), .port = 80});
    } else {
      world.effect(registry::DeleteServiceEffect{service});
    }
    if (i % 50 == 0) world.publisher.publish_all(world.registry, world.now);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  for (auto& worker : workers) {
    EXPECT_GT(worker->replies(), 0);
    EXPECT_EQ(worker->wrong(), 0);
  }
}

}  // namespace
}  // namespace dnsd::serve::test
