#include "dnsd/answers/valid_rdata.h"

#include <memory>
#include <string>

#include "dnsd/answers/ldns.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/writer.h"

namespace dnsd::answers {

bool is_valid_rdata(std::uint16_t type, std::string_view rdata) {
  // As the record of a message: at the root, so that there is nothing that could be pointed at.
  std::string record(11, '\0');
  auto* const p = reinterpret_cast<std::uint8_t*>(record.data());
  wire::put16(p + 1, type);
  wire::put16(p + 3, wire::klass::in);
  wire::put16(p + 9, static_cast<std::uint16_t>(rdata.size()));
  record += rdata;
  ldns_rr* rr = nullptr;
  std::size_t at = 0;
  const auto status =
      ldns_wire2rr(&rr, reinterpret_cast<const std::uint8_t*>(record.data()), record.size(), &at, LDNS_SECTION_ANSWER);
  const Rr owned(rr);
  if (status != LDNS_STATUS_OK || at != record.size()) return false;
  // ldns takes fields that are missing at the end for optional ones.
  if (ldns_rr_rd_count(rr) < ldns_rr_descriptor_minimum(ldns_rr_descript(type))) return false;
  // Written again it is the same: no pointer was followed, which may stand in no name but those that came decompressed.
  std::unique_ptr<ldns_buffer, void (*)(ldns_buffer*)> again(ldns_buffer_new(rdata.size() + 1), ldns_buffer_free);
  return again && ldns_rr_rdata2buffer_wire(again.get(), rr) == LDNS_STATUS_OK &&
         std::string_view(reinterpret_cast<const char*>(ldns_buffer_begin(again.get())),
                          ldns_buffer_position(again.get())) == rdata;
}

}  // namespace dnsd::answers
