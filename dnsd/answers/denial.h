// How a signed zone proves what is not there: its NSEC chain (RFC 4034 4) or its NSEC3 chain (RFC 5155), as the zone
// file has them. Nothing is signed here.
//
// Built by the control thread, immutable, read by workers; look-ups neither allocate nor throw. A look-up costs log n
// comparisons; a hashed one costs at most kMaxNsec3Iterations + 1 rounds of SHA-1 more.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/answers/name_hash.h"
#include "dnsd/answers/records.h"
#include "dnsd/answers/static_zone.h"

namespace dnsd::answers {

// More is refused when the file is read: validators treat such zones as unsigned (RFC 9276 3.2; 150 is what BIND and
// Knot Resolver drew the line at), and each denial would cost the server thousands of rounds.
inline constexpr unsigned kMaxNsec3Iterations = 150;

// One NSEC or NSEC3 record set with its signatures.
struct Proof {
  std::span<const std::uint8_t> owner;  // wire, folded
  RecordBlockPtr records;
};

using Nsec3Hash = std::array<std::uint8_t, 20>;

class Denial {
 public:
  // Null: the zone is not signed (no signature over its SOA).
  [[nodiscard]] static std::unique_ptr<const Denial> of(const StaticZone& zone);

  [[nodiscard]] bool hashed() const noexcept { return hashed_; }
  [[nodiscard]] const RecordBlock* soa_signatures() const noexcept { return soa_signatures_.get(); }

  // NSEC: the record of the name itself, or of the last one before it in canonical order, which covers it.
  struct Place {
    const Proof* proof = nullptr;  // null: the zone has no chain
    bool exact = false;
  };
  [[nodiscard]] Place find(const NameRef& name) const noexcept;

  // NSEC3. `name` in wire form, folded, at most 255 octets.
  [[nodiscard]] Nsec3Hash hash(std::span<const std::uint8_t> name) const noexcept;
  [[nodiscard]] Place find(const Nsec3Hash& hash) const noexcept;  // of that hash, or the one before it, around the end

 private:
  Denial() = default;
  void take(const StaticZone& zone, std::uint16_t type);
  [[nodiscard]] bool read_parameters(const StaticZone& zone);
  [[nodiscard]] bool belongs(const StaticRecord& record) const;

  bool hashed_ = false;
  std::string parameters_;  // as NSEC3 and NSEC3PARAM have them: iterations, length of the salt, salt
  RecordBlockPtr soa_signatures_;
  std::string owners_;             // all owner names, one after another
  std::vector<Proof> proofs_;      // canonical order (RFC 4034 6.1), or by hash
  std::vector<Nsec3Hash> hashes_;  // beside proofs_, when hashed
};

// Canonical order (RFC 4034 6.1) of two folded names in wire form: by label from the root, each as octets.
[[nodiscard]] int compare_canonical(std::string_view a, std::string_view b) noexcept;

}  // namespace dnsd::answers
