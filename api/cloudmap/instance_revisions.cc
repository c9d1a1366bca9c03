#include "api/cloudmap/instance_revisions.h"

namespace api::cloudmap {

using registry::ChangeKind;
using registry::ChangeOp;

InstanceRevisions::InstanceRevisions(App& app)
    : subscription_(app.context.feed.subscribe("", [this](const registry::ChangeSet& changes) { note(changes); })) {}

// The index at the first question is later than any registration before it.
registry::Revision InstanceRevisions::of(const registry::Service& service) {
  return asked_.try_emplace(service.name.key(), service.index).first->second;
}

void InstanceRevisions::note(const registry::ChangeSet& changes) {
  for (const auto& change : changes.changes) {
    if (change.kind == ChangeKind::service && change.op == ChangeOp::remove) asked_.erase(change.service);
    if (change.kind != ChangeKind::instance || (change.op != ChangeOp::put && change.op != ChangeOp::remove)) continue;
    if (const auto at = asked_.find(change.service); at != asked_.end()) at->second = changes.revision;
  }
}

}  // namespace api::cloudmap
