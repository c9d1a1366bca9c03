// Where zone maintenance comes in: what the DNS workers hand over is read, its signature checked, and answered:
// transfers and signed queries here, NOTIFY and UPDATE by those who know.
//
// Owner: the control thread. Everything that waits is bounded: datagrams by the handoff's queue, connections by
// kMaxSessions in all and kMaxSessionsOfClient.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dnsd/serve/handoff.h"
#include "dnsd/serve/responder.h"
#include "dnsd/transfer/catalog.h"
#include "dnsd/transfer/exchange.h"
#include "dnsd/transfer/outgoing.h"
#include "dnsd/transfer/settings.h"

namespace dnsd::transfer {

class Session;

// A message that was handed over, read and checked.
struct Incoming {
  Octets octets;
  serve::Client client;
  bool tcp = false;
  wire::Message message;
  tsig::Stream stream;  // signs the replies where the request was signed
  Who who;
};

class Front {
 public:
  static constexpr std::size_t kMaxSessions = 256;
  static constexpr std::size_t kMaxSessionsOfClient = 32;

  // A secondary zone's answer to a NOTIFY; `serial` where the primary sent one along.
  using Notified =
      std::function<wire::Rcode(const std::string& apex, const Who& who, std::optional<std::uint32_t> serial)>;
  using Replied = std::move_only_function<void(ReplyParts)>;
  using Update = std::function<void(wire::Message message, Replied done)>;

  struct Parts {
    serve::Handoff& handoff;
    const answers::Table& table;
    serve::ResponderOptions responder;
    const Catalog& catalog;
    Notified notified;
    Update update;
  };
  Front(boost::asio::io_context& io, Parts parts);
  ~Front();

  void configure(const Settings& settings);
  void set_rules(const serve::ResponderOptions& options, answers::Reclaimer& reclaimer);  // at a reload, see Responder
  void start();
  void stop();  // before the workers are gone: their sockets are used for replies

  struct Counts {
    std::uint64_t axfr = 0, ixfr = 0, refused = 0, notifies = 0, updates = 0, bad_signatures = 0, sessions_refused = 0;
  };
  [[nodiscard]] const Counts& counts() const { return counts_; }

 private:
  friend class Session;
  using Reply = std::move_only_function<void(Octets)>;

  void wait();
  void take_some();
  void take_datagram(const serve::Handoff::Received& received);
  void take_connection(std::unique_ptr<serve::HandedConnection> connection);
  void forget(const std::shared_ptr<Session>& session);

  // Reads and checks. The error is the reply that ends it; empty = none.
  std::expected<void, Octets> open(Incoming& incoming);
  // A transfer that may be had, or the reply that says why not; nothing = it is no transfer.
  std::optional<std::expected<Outgoing, Octets>> transfer(Incoming& incoming);
  // Everything else; the reply comes at once or after a commit, signed.
  void answer(Incoming& incoming, Reply reply);
  void answer_update(Incoming& incoming, Reply reply);
  wire::Rcode answer_notify(const Incoming& incoming);
  Octets answer_query(Incoming& incoming);
  Octets finished(Incoming& incoming, Octets reply) const;  // signed; of nothing: nothing

  boost::asio::io_context& io_;
  Parts parts_;
  Settings settings_;
  serve::Responder responder_;  // as the workers answer
  serve::Responder trusting_;   // to who signed with a key of ours: allow_query is about strangers
  boost::asio::posix::stream_descriptor waiting_;
  std::vector<std::uint8_t> buffer_;
  std::vector<std::uint8_t> reply_buffer_;
  std::set<std::shared_ptr<Session>> sessions_;
  std::map<std::array<std::uint8_t, 16>, std::size_t> sessions_of_;
  Counts counts_;
  bool stopped_ = false;
};

}  // namespace dnsd::transfer
