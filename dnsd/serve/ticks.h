// The DNS path's clock, under the name that the sockets use. The publisher reads the same one (answers/ticks.h).
#pragma once

#include "dnsd/answers/ticks.h"

namespace dnsd::serve {

using answers::from_ticks;
using answers::kTick;
using answers::ticks_now;
using answers::to_ticks;

}  // namespace dnsd::serve
