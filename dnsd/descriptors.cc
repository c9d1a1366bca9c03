#include "dnsd/descriptors.h"

#include <sys/resource.h>

namespace dnsd {

std::size_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const auto before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;  // a seccomp filter may forbid it
  return limit.rlim_cur;
}

}  // namespace dnsd
