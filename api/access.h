// Who may ask: the Host allow-list (DNS rebinding), foreign origins (CSRF), the bearer token. Pure over a Request.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "api/http_message.h"
#include "api/problem.h"
#include "api/server.h"

namespace api {

class AccessRules {
 public:
  explicit AccessRules(const Options& options);

  // 400 unless the Host (and the authority of an absolute target) names this server. A page that rebinds its own
  // name to 127.0.0.1 sends its own name here. `also` is one more name, of the interface that is asked ("" = none).
  [[nodiscard]] std::optional<Refusal> check_host(const Request& request, std::string_view authority,
                                                  std::string_view also = {}) const;
  // 401 unless the token matches, compared in constant time over hashes. `given` is what stood elsewhere than in
  // "Authorization: Bearer" ("" = nothing): a dialect may allow that.
  [[nodiscard]] std::optional<Refusal> check_token(const Request& request, std::string_view given = {}) const;
  // 403 for what a browser sends on behalf of another site.
  [[nodiscard]] static std::optional<Refusal> check_origin(const Request& request);

 private:
  using Digest = std::array<unsigned char, 32>;
  [[nodiscard]] static Digest digest(std::string_view text);
  [[nodiscard]] bool is_ours(std::string_view authority, std::string_view also) const;

  std::set<std::string, std::less<>> hosts_;
  bool any_literal_ = false;  // listening on a wildcard address: every IP literal may be ours
  std::optional<Digest> token_;
};

}  // namespace api
