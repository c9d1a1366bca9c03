// What Consul has and we have not. A clear refusal is worth more to a client than an empty answer: it shows in its log
// what to do without.
#include "api/consul/handlers.h"

namespace api::consul {

Response absent(App&, const Request& request) {
  return text_response(501, "dnsd answers Consul's API of discovery and health only; " + request.target +
                                " is not part of it (docs/clients.md lists what is)");
}

}  // namespace api::consul
