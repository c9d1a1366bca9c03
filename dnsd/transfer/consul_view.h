// What a service has in a zone of Consul's layout. Control thread.
#pragma once

#include <string_view>

#include "dnsd/answers/block.h"
#include "dnsd/answers/shared_names.h"
#include "dnsd/transfer/records.h"
#include "registry/registry.h"

namespace dnsd::transfer {

struct ConsulRecords {
  RecordList own;
  // Of addresses (the targets) and nodes: another service may have them, too, and then they stay when this one goes.
  answers::SharedRecords shared;
};

// `apex`: wire form, spelled. As in the other layout: the best tier's addresses, what is listed as SRV; tags, `_status`
// and HTTPS are the primary's alone, as are the names of addresses that are not registered.
[[nodiscard]] ConsulRecords consul_records(const answers::ServiceBlock& block, const registry::Service& service,
                                           const registry::NamespaceDef& space, std::string_view apex);

}  // namespace dnsd::transfer
