// The only place that includes ldns. Include it last.
//
// ldns/common.h defines `bool`, `true` and `false` as macros unless <stdbool.h> came first; in C++ that header defines
// none of them. What another version of ldns may still define is removed below.
#pragma once

#include <stdbool.h>
//
#include <ldns/ldns.h>
#undef bool
#undef true
#undef false

#include <cstdlib>
#include <memory>

namespace dnsd::answers {

struct LdnsFree {
  void operator()(ldns_rdf* p) const { ldns_rdf_deep_free(p); }
  void operator()(ldns_rr* p) const { ldns_rr_free(p); }
  void operator()(ldns_pkt* p) const { ldns_pkt_free(p); }
  void operator()(ldns_buffer* p) const { ldns_buffer_free(p); }
  void operator()(char* p) const { std::free(p); }
};
using Rdf = std::unique_ptr<ldns_rdf, LdnsFree>;
using Rr = std::unique_ptr<ldns_rr, LdnsFree>;
using Pkt = std::unique_ptr<ldns_pkt, LdnsFree>;
using Buffer = std::unique_ptr<ldns_buffer, LdnsFree>;
using CText = std::unique_ptr<char, LdnsFree>;

}  // namespace dnsd::answers
