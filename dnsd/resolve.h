// GET /api/v1/resolve and /api/v1/explain: ask the responder itself, so that they tell what DNS answers, and show the
// message as JSON; explain adds why each instance is in it or not (explain.h).
//
// Control thread. The responder is one of its own (its counters are not the servers'); the control thread is the one
// that frees blocks, so it needs no grace period.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <vector>

#include "api/server.h"
#include "dnsd/serve/explain.h"
#include "dnsd/serve/responder.h"
#include "registry/registry.h"

namespace dnsd {

class Resolver {
 public:
  Resolver(const answers::Table& table, const serve::ResponderOptions& options);
  [[nodiscard]] registry::Result<boost::json::value> resolve(const api::Question& question, registry::Revision revision,
                                                             const registry::Now& now);
  [[nodiscard]] registry::Result<boost::json::value> explain(const api::Question& question,
                                                             const registry::Registry& registry,
                                                             const registry::Now& now);
  void set_rules(const serve::ResponderOptions& options, answers::Reclaimer& reclaimer) {
    responder_.set_rules(options, reclaimer);
  }

 private:
  const answers::Table& table_;
  serve::Responder responder_;
  std::vector<std::uint8_t> buffer_;
};

}  // namespace dnsd
