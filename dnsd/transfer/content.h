// One zone as secondaries get it: its content at one serial, the steps that led there, and walks through it that stay
// at the serial they began with (MECHANISMS 11).
//
// Owner: the control thread. The content moves only together with its serial, so that one serial means one content;
// what was touched without moving it is taken in with the next step.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/answers/block.h"
#include "dnsd/transfer/records.h"

namespace dnsd::transfer {

// What a service has in the zone: its block, of which the records are made when they are wanted, or, in a reverse zone,
// the records. Neither = the service is gone, or has nothing there.
struct Part {
  std::shared_ptr<const answers::ServiceBlock> block;
  std::shared_ptr<const RecordList> records;
  [[nodiscard]] explicit operator bool() const { return block || records; }
};
using Parts = std::map<std::string, Part>;  // by folded FQDN of the service

struct Soa {
  std::uint32_t serial = 0;
  std::uint32_t ttl = 1;
  std::string rdata;
};

// What one publish changed: a difference sequence of IXFR (RFC 1995 4).
struct Step {
  Soa from, to;
  Difference difference;
};
using Steps = std::vector<std::shared_ptr<const Step>>;

class Content;

// A transfer's way through a zone at one serial. Services that change before it came to them are kept as they were.
class Walk {
 public:
  static constexpr std::size_t kMaxKept = 100'000;  // services; over it the transfer is given up

  // The next records, of a bounded size; nothing at the end, or when it was aborted.
  [[nodiscard]] std::shared_ptr<const RecordList> next();
  [[nodiscard]] const Soa& soa() const { return soa_; }
  [[nodiscard]] bool aborted() const { return aborted_; }

 private:
  friend class Content;
  std::weak_ptr<const Content> content_;
  Soa soa_;
  std::shared_ptr<const RecordList> statics_;  // null once sent
  std::string last_;                           // the service that was sent last; "" = none
  Parts kept_;
  bool aborted_ = false;
};

class Content : public std::enable_shared_from_this<Content> {
 public:
  static constexpr std::size_t kMaxSteps = 1'000;
  static constexpr std::size_t kMaxStepOctets = 4u << 20;  // of all steps of a zone

  Content(std::string apex, std::uint32_t list_ttl) : apex_(std::move(apex)), list_ttl_(list_ttl) {}

  [[nodiscard]] const std::string& apex() const { return apex_; }  // wire form, spelled
  [[nodiscard]] const Soa& soa() const { return soa_; }
  [[nodiscard]] bool loaded() const { return statics_ != nullptr; }

  // The content at first, or as it is after something that no step tells: the journal begins anew.
  void reset(Soa soa, RecordList statics, Parts parts);
  // A new serial. `statics` null = they did not change.
  void advance(Soa soa, std::shared_ptr<const RecordList> statics, const Parts& touched);
  [[nodiscard]] const Parts& parts() const { return parts_; }
  [[nodiscard]] const std::shared_ptr<const RecordList>& statics() const { return statics_; }

  [[nodiscard]] RecordList records_of(const Part& part) const;

  [[nodiscard]] std::shared_ptr<Walk> walk() const;
  // The steps from `serial` to now; nothing when the journal does not reach back so far, or when they are more than the
  // whole zone.
  [[nodiscard]] std::optional<Steps> steps_since(std::uint32_t serial) const;

 private:
  friend class Walk;
  void keep_for_walks(const std::string& key);
  void trim();

  std::string apex_;
  std::uint32_t list_ttl_;
  Soa soa_;
  std::shared_ptr<const RecordList> statics_;
  Parts parts_;
  std::size_t octets_ = 0;  // of the whole zone's records, estimated from the changes
  std::deque<std::shared_ptr<const Step>> steps_;
  std::size_t step_octets_ = 0;
  mutable std::vector<std::weak_ptr<Walk>> walks_;
};

}  // namespace dnsd::transfer
