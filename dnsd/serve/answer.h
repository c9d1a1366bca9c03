// One reply under construction. Worker thread; lives for the time of one query.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "dnsd/answers/table.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/serve/responder.h"
#include "dnsd/serve/selection.h"
#include "dnsd/serve/skips.h"
#include "dnsd/serve/trace.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::serve {

// Marks of one answer over the entries of a block: mark[i] == stamp means seen. Never cleared but on wrap-around.
class Marks {
 public:
  void begin() noexcept {
    if (++stamp_ == 0) {
      mark_.fill(0);
      stamp_ = 1;
    }
  }
  bool set(std::uint16_t i) noexcept {  // false when it was set already
    if (mark_[i] == stamp_) return false;
    mark_[i] = stamp_;
    return true;
  }

 private:
  std::uint32_t stamp_ = 0;
  std::array<std::uint32_t, 65536> mark_{};
};

// A name to be answered and where it stands in the message: in the question, or in the rdata of a CNAME. It stands
// there uncompressed, so that its suffixes can be pointed at.
struct Asked {
  answers::NameRef name;
  std::uint16_t at = 0;

  [[nodiscard]] std::uint16_t pointer() const noexcept { return static_cast<std::uint16_t>(0xc000 | at); }
  [[nodiscard]] std::uint16_t pointer_to(unsigned label) const noexcept {
    return static_cast<std::uint16_t>(0xc000 | (at + name.label_at[label]));
  }
};

// Names made while answering: CNAME targets, targets of NS, MX and SRV.
struct NameBuffer {
  std::array<std::uint8_t, wire::kMaxWireName + 1> wire;
  std::array<std::uint8_t, wire::kMaxLabels + 1> label_at;
  std::array<std::uint64_t, wire::kMaxLabels + 1> hash;

  // Folds and hashes the uncompressed name at `from`.
  answers::NameRef read(const std::uint8_t* from, std::uint64_t key) noexcept;
};

// A denial that stands in the authority section once the answer section is complete.
struct PendingProof {
  const answers::Proof* proof;
  std::uint16_t apex;      // compression pointer to the zone's apex
  std::uint8_t apex_size;  // octets of it, at the end of the proof's owner
};
// Records whose targets' addresses end the message.
struct PendingTargets {
  const answers::RecordBlock* block;
  const answers::RecordSet* set;
  std::size_t first;            // where the set begins in the message
  Asked asked;                  // its owner
  const answers::Zone* within;  // a referral of this zone; null = an answer
};

struct Scratch {
  Trace trace;
  Marks marks;
  NameBuffer chased[2];
  NameBuffer target;
  std::array<PendingProof, 16> proofs;  // a chain of 8 has at most 8 + 3
  PendingTargets targets;
  Selection selection;
  Skips skips;
  Skips named;  // addresses in the additional section that names are made of
};

// What stands once in a message: whose addresses the additional section holds already (more are not added), which DNAME
// was shown. Its constructor leaves the items as they are: to clear them took a tenth of an answer's time.
class Added {
 public:
  Added() noexcept {}                       // NOLINT(modernize-use-equals-default): that would clear them
  bool is_new(const void* what) noexcept {  // and may be added
    for (unsigned i = 0; i < count_; ++i) {
      if (items_[i] == what) return false;
    }
    if (count_ == items_.size()) return false;
    items_[count_++] = what;
    return true;
  }

 private:
  std::array<const void*, 64> items_;
  unsigned count_ = 0;
};

// Whether the name asked, or the end of its chain of aliases, lies outside our zones.
enum class Left : std::uint8_t { no, at_once, along_the_chain };

struct Answer {
  // A constructor of its own: to initialise it as an aggregate clears all of it first, `added` included.
  Answer(const wire::Query& q, const Client& c, const answers::Table& t, const ResponderOptions& o,
         const BatchTime& now, Scratch& s, wire::Writer w) noexcept
      : query(q), client(c), table(t), options(o), time(now), scratch(s), writer(w) {}

  const wire::Query& query;
  const Client& client;
  const answers::Table& table;
  const ResponderOptions& options;
  const BatchTime& time;
  Scratch& scratch;
  wire::Writer writer;

  wire::Counts counts{};
  wire::Rcode rcode = wire::Rcode::noerror;
  bool aa = false;
  bool tc = false;
  bool ra = false;  // names outside our zones are forwarded for this client
  bool fail_open = false;
  bool has_targets = false;      // scratch.targets
  std::uint8_t proof_count = 0;  // of scratch.proofs
  Left left = Left::no;
  wire::EdnsReply edns{};
  std::size_t reserved = 0;  // octets kept for OPT
  Added added;

  const Access* access = nullptr;                // null = no zone has a list of its own
  const answers::ServiceBlock* block = nullptr;  // of the last service of the chain that has a part in it

  // Only header and question stay, with TC.
  void strip() noexcept;
  // Says why, with EDNS only. Its room is taken at once; without room the reply goes without.
  void explain(std::uint16_t code, std::string_view text = {}) noexcept;
  struct Reason {
    bool fail_open;
    std::uint16_t code;
    std::string_view text;
  };
  [[nodiscard]] Reason reason() const noexcept { return {fail_open, edns.ede, edns.ede_text}; }
  // There was no answer that the later reasons speak of. Their room stays taken.
  void take_back_to(const Reason& before) noexcept {
    fail_open = before.fail_open;
    edns.ede = before.code;
    edns.ede_text = before.text;
  }
};

inline void fill_head(std::uint8_t* p, std::uint16_t owner, std::uint16_t type, std::uint32_t ttl,
                      std::size_t rdata_size) noexcept {
  wire::put16(p, owner);
  wire::put16(p + 2, type);
  wire::put16(p + 4, wire::klass::in);
  wire::put32(p + 6, ttl);
  wire::put16(p + 10, static_cast<std::uint16_t>(rdata_size));
}

// The client may not ask for the names of this zone: a chain ends before them, their addresses are left out.
[[nodiscard]] inline bool is_closed(const Answer& a, const answers::NameRef& name, const answers::Zone& zone) noexcept {
  return a.access != nullptr && !a.access->allows(a.client, name, zone.labels);
}

// A record whose owner is a compression pointer. False: no room; nothing was written.
[[nodiscard]] inline std::uint8_t* put_record(wire::Writer& w, std::uint16_t owner, std::uint16_t type,
                                              std::uint32_t ttl, std::size_t rdata_size) noexcept {
  std::uint8_t* p = w.take(12 + rdata_size);
  if (p == nullptr) return nullptr;
  fill_head(p, owner, type, ttl, rdata_size);
  return p + 12;
}

// For drain: when did an answer of this service last leave. One write per tick; never backwards, also where a worker
// that was held up comes late with an older tick.
inline void note_sent(const answers::Node& node, std::uint32_t tick) noexcept { answers::raise(node.last_sent, tick); }

// Compression pointers reach the first 16,384 octets (RFC 1035 4.1.4).
[[nodiscard]] inline bool can_point_at(std::size_t offset) noexcept { return offset < 0x4000; }

// TTL of what changes with health: T, cut at the horizon, at least min_ttl (DESIGN section 4).
[[nodiscard]] inline std::uint32_t bounded_ttl(std::uint32_t ttl, std::uint32_t min_ttl, std::uint32_t horizon,
                                               std::uint32_t tick) noexcept {
  if (horizon == UINT32_MAX || std::uint64_t{tick} + std::uint64_t{ttl} * answers::kTicksPerSecond <= horizon)
    return ttl;
  const std::uint32_t left = horizon > tick ? (horizon - tick) / answers::kTicksPerSecond : 0;
  const std::uint32_t floor = left > min_ttl ? left : min_ttl;
  return floor < ttl ? floor : ttl;
}

// -- the parts of an answer; each in the file of its name ----------------------------------------------------------

void answer_query(Answer& a, const answers::NameRef& name, const answers::Found& found) noexcept;  // respond_name.cc
// A secondary's zone without content: SERVFAIL.
[[nodiscard]] bool is_unavailable(Answer& a, const answers::Zone& zone) noexcept;

enum class Step : std::uint8_t { done, chase };  // chase: a CNAME was written; its rdata starts at *target_at

struct Where {  // a name resolved to its place in the table
  const Asked& asked;
  const answers::Node& node;
  const answers::Zone& zone;
  const answers::ZoneView& view;
  unsigned first_below;   // labels of the name below `node`
  std::uint32_t horizon;  // of the node, as it was before its block was loaded

  // The n-th label below the node, counted from the node outward: 0 is the one next to it.
  [[nodiscard]] const std::uint8_t* below(unsigned n) const noexcept { return asked.name.label(first_below - 1 - n); }
};

// respond_service.cc
Step respond_service(Answer& a, const Where& where, const answers::ServiceBlock& block,
                     std::uint16_t& target_at) noexcept;
[[nodiscard]] std::uint32_t service_ttl(const Answer& a, const Where& where,
                                        const answers::ServiceBlock& block) noexcept;
// Nothing to answer with although the name has this type: on_empty. `chosen`: what selectors left; null = no selectors.
void respond_empty(Answer& a, const Where& where, const answers::ServiceBlock& block,
                   const Selection* chosen = nullptr) noexcept;
// Why there is nothing, for who asks with EDNS.
void explain_empty(Answer& a, const answers::ServiceBlock& block, const Selection* chosen = nullptr) noexcept;
// That what will be answered is not available, or only because the guard holds it; before the records, for its room. To
// be taken back where there are none.
void note_unusual(Answer& a, const answers::ServiceBlock& block, const Selection* chosen = nullptr) noexcept;
// That addresses come from a worse tier than the best one with any.
void note_spilled(Answer& a) noexcept;
void put_service_text(Answer& a, const Where& where, const answers::ServiceBlock& block) noexcept;
// publish = cname: the host name of its one instance (the registry allows no more).
Step put_host(Answer& a, const Where& where, const answers::ServiceBlock& block, std::uint16_t& target_at) noexcept;
// respond_selected.cc: v2._tag.worker.corp and the ports below; where.below(0) begins a selector.
Step respond_selected(Answer& a, const Where& where, const answers::ServiceBlock& block,
                      std::uint16_t& target_at) noexcept;
[[nodiscard]] bool is_selector_label(const std::uint8_t* label) noexcept;
// What the service's name answers, of the instances that bear the tag: a folded label. NXDOMAIN if none does.
Step respond_tagged(Answer& a, const Where& where, const answers::ServiceBlock& block, const std::uint8_t* tag,
                    std::uint16_t& target_at) noexcept;
// respond_instance.cc: w1.worker.corp.
void respond_instance(Answer& a, const Where& where, const answers::ServiceBlock& block,
                      const answers::Entry& entry) noexcept;
[[nodiscard]] std::uint32_t direct_ttl(const Answer& a, const answers::ServiceBlock& block,
                                       std::uint32_t ends) noexcept;
// `count` TXT rdatas from `list` (u16 length, octets). False: no room.
bool put_texts(Answer& a, std::uint16_t owner, std::uint32_t ttl, const std::uint8_t* list, unsigned count) noexcept;
// The DNS-SD TXT rdata of an instance: after its others; one empty string without meta (RFC 6763 6.1).
[[nodiscard]] std::span<const std::uint8_t> sd_text(const answers::InstanceText& text) noexcept;
// respond_sd.cc
// _worker._tcp.corp and w1._worker._tcp.corp. False: no service of that name and protocol.
bool respond_sd(Answer& a, const Where& where) noexcept;
// The node of the service that `label` of the name has behind its underscore, below the name's labels from `end` on.
[[nodiscard]] const answers::Node* find_service(const Answer& a, const answers::NameRef& name, unsigned label,
                                                unsigned end) noexcept;
// respond_consul.cc
// _payment._v2.service.consul and 0a000001.addr.consul. False: no such name.
bool respond_consul(Answer& a, const Where& where, std::uint16_t& target_at, Step& step) noexcept;
[[nodiscard]] bool could_be_consul(const Where& where) noexcept;  // by a registration

// -- zone files -----------------------------------------------------------------------------------------------------

struct Source {  // records that answer for the asked name
  const answers::RecordBlock* records = nullptr;
  std::uint32_t longest = UINT32_MAX;  // bounds their TTL
  bool wildcard = false;               // they stand at the asterisk
};
// respond_static.cc
Step respond_records(Answer& a, const Where& where, const Source& source, std::uint16_t& target_at) noexcept;
// The set with its signatures where those are due. False: not all of it had room; TC is set.
bool put_set(Answer& a, const Where& where, std::uint16_t owner, const answers::RecordBlock& block,
             const answers::RecordSet& set, std::uint32_t longest, std::uint16_t& count) noexcept;
// Where the target name stands in the rdata of a type that has one; -1 = none.
[[nodiscard]] int target_offset(std::uint16_t type) noexcept;
// respond_wildcard.cc. False: there is no asterisk below `where.node` that covers the name.
bool respond_wildcard(Answer& a, const Where& where, std::uint16_t& target_at, Step& step) noexcept;
// respond_cut.cc. At or below a delegation, or below the DNAME that is above `where.node`.
Step respond_cut(Answer& a, const Where& where, bool exact, std::uint16_t& target_at) noexcept;
// DS at an apex belongs to the zone around it. False: that one is not ours.
bool respond_parent_ds(Answer& a, const Asked& asked, std::uint16_t& target_at) noexcept;
// respond_dname.cc. Below the DNAME at `where.node`.
Step respond_dname(Answer& a, const Where& where, std::uint16_t& target_at) noexcept;
// respond_proof.cc. Each remembers what proves it; nothing without DO or for a zone that is not signed.
[[nodiscard]] inline bool wants_proofs(const Answer& a, const answers::Zone& zone) noexcept {
  return a.query.dnssec_ok && zone.denial != nullptr;
}
void prove_no_type(Answer& a, const Where& where, unsigned first_label) noexcept;  // of the name without those before
void prove_no_name(Answer& a, const Where& where) noexcept;
void prove_wildcard(Answer& a, const Where& where) noexcept;  // no closer match than the asterisk
void prove_wildcard_no_type(Answer& a, const Where& where) noexcept;
void put_soa_signatures(Answer& a, const Where& where, std::uint32_t ttl, std::uint16_t& count) noexcept;
void put_proofs(Answer& a) noexcept;

// respond_negative.cc
void deny(Answer& a, const Where& where, wire::Rcode rcode, std::uint32_t ttl) noexcept;
void deny_name(Answer& a,
               const Where& where) noexcept;  // NXDOMAIN; the TTL says whether a registration could change it
inline constexpr std::uint32_t kSoonTtl = 1;  // a registration could make it so any moment
void put_hinfo(Answer& a, const Asked& asked, std::uint32_t ttl) noexcept;  // RFC 8482
// A registration could make the name, or take its place: denials and synthesised answers are short-lived.
[[nodiscard]] bool could_be_registered(const Where& where) noexcept;
[[nodiscard]] bool put_soa(Answer& a, const Where& where, std::uint32_t ttl) noexcept;

// Labels, at their length octet, folded.
[[nodiscard]] inline bool label_is(const std::uint8_t* label, std::string_view text) noexcept {
  return label[0] == text.size() && std::memcmp(label + 1, text.data(), text.size()) == 0;
}
[[nodiscard]] bool is_ldh(const std::uint8_t* label) noexcept;
[[nodiscard]] inline std::uint16_t protocol_flag(const std::uint8_t* label) noexcept {  // 0 = neither
  if (label_is(label, "_tcp")) return answers::Entry::kTcp;
  return label_is(label, "_udp") ? answers::Entry::kUdp : std::uint16_t{0};
}

// chaos.cc: class CH.
void respond_chaos(Answer& a) noexcept;
// additional.cc. Each set goes in whole or not at all (without TC: additional data is optional); false: no more room.
// `longest` bounds their TTL: no longer than that of what points to them.
bool add_addresses(Answer& a, const answers::ServiceBlock& block, const answers::Entry& entry, std::size_t owner_at,
                   std::uint32_t longest = UINT32_MAX) noexcept;
// Of a name that an answer points to, where we own it; `target` is uncompressed.
bool add_addresses_of(Answer& a, const std::uint8_t* target, std::size_t target_at) noexcept;
// The one address that the target at `owner_at` is named after, once (srv.h, TargetTail::by_address).
bool add_named_address(Answer& a, const answers::ServiceBlock& block, const answers::Entry& entry, std::size_t owner_at,
                       std::uint32_t longest) noexcept;
void put_targets(Answer& a) noexcept;  // of scratch.targets

}  // namespace dnsd::serve
