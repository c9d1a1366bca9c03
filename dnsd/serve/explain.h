// Why each instance of a service is in an answer or out of it, from the answer itself.
//
// A Responder answers for real and notes what it drew from (trace.h). Then the same selection, tier, sampler and offers
// are asked again, with the seed of that answer, for who was eligible, who came first and how many had room: nothing
// here decides anew who may be answered. Control thread; allocates.
#pragma once

#include <cstdint>
#include <vector>

#include "dnsd/serve/responder.h"
#include "dnsd/serve/trace.h"

namespace dnsd::serve {

enum class Place : std::uint8_t {
  in,
  shares,          // in: its address is there, drawn for another instance that has the same
  unavailable,     // Entry::reason
  by_selector,     // the name's selectors leave it out
  no_port,         // it has no port as asked for
  no_address,      // no address that may be answered, of any family
  other_family,    // none of the family asked
  passed_over,     // in a better tier than the one that answers, which has too few
  standby,         // in a worse one
  not_drawn,       // as many as the answer may hold were before it
  cut,             // no room for its record
  too_long,        // its own name is, below the apex that was asked
  no_data,         // the type asked has none of instances at this name
  no_name,         // nothing has this name
  other_instance,  // the name is another instance's own
};

struct Explanation {
  Trace trace;
  bool tc = false;
  std::vector<Place> places;  // by entry of trace.block; empty where the name led to no service
  std::uint16_t tier = 0;     // the priority that answers, for address answers out of one
  bool has_tier = false;
};

}  // namespace dnsd::serve
