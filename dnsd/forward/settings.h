// [forward] of the configuration: names outside our zones go to other name servers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "registry/basics.h"

namespace dnsd::forward {

inline constexpr std::size_t kMaxUpstreams = 8;

struct Settings {
  std::vector<std::string> upstreams;             // "ip:port", "[ip]:port"; empty = off
  std::vector<registry::Prefix> allow_recursion;  // whose names are forwarded; empty = allow_query's
  // Three tries of 1.5 s end before glibc's stub gives up after 5 s: its next try finds the failure known.
  registry::Millis timeout{1500};                 // of one try
  std::size_t tries = 3;                          // in all, over the upstreams
  std::size_t cache_size = 16 << 20;              // octets; 0 = no cache
  registry::Millis max_ttl{24 * 60 * 60 * 1000};  // nothing is kept longer
};

}  // namespace dnsd::forward
