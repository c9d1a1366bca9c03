#include "registry/effect.h"

namespace registry {

void stamp_revisions(Record& record) {
  for (Effect& effect : record.effects) {
    std::visit(
        [&](auto& e) {
          if constexpr (requires { e.created; }) {
            if (e.created == 0) e.created = record.revision;
          }
          if constexpr (requires { e.revision; }) e.revision = record.revision;
        },
        effect);
  }
}

}  // namespace registry
