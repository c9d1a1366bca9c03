// The messages of one transfer to a secondary: AXFR (RFC 5936), IXFR (RFC 1995). Owner: the control thread.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dnsd/transfer/content.h"
#include "dnsd/transfer/exchange.h"

namespace dnsd::transfer {

class Outgoing {
 public:
  // The whole zone, as it is now.
  static Outgoing whole(const wire::Message& request, const Content& content, std::size_t overhead);
  // What changed since the client's serial; the SOA alone when that is current, the whole zone when it is not known.
  static Outgoing changes(const wire::Message& request, const Content& content, std::uint32_t serial,
                          std::size_t overhead);
  static Outgoing soa_alone(const wire::Message& request, const Content& content, std::size_t overhead);

  // The next message, without a signature, `overhead` octets below 65,535; nothing at the end.
  [[nodiscard]] std::optional<Octets> next();
  [[nodiscard]] bool aborted() const { return walk_ && walk_->aborted(); }  // the connection must be closed
  [[nodiscard]] const char* form() const { return walk_ ? "AXFR" : "IXFR"; }

 private:
  using List = std::shared_ptr<const RecordList>;
  Outgoing(const wire::Message& request, const Content& content, std::size_t overhead);
  [[nodiscard]] List soa(const Soa& soa) const;
  bool fill();  // a record in `list_` at `at_`, or no more

  wire::Message request_;
  std::string apex_;
  std::size_t overhead_;
  std::shared_ptr<Walk> walk_;  // of a whole zone
  std::deque<List> lists_;      // before what the walk gives
  List last_;                   // after it
  List list_;
  std::size_t at_ = 0;
  bool first_ = true;
};

}  // namespace dnsd::transfer
