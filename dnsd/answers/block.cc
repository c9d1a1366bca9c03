#include "dnsd/answers/block.h"

#include <algorithm>

#include "dnsd/answers/wire_name.h"

namespace dnsd::answers {
namespace {

std::uint8_t lower(std::uint8_t c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<std::uint8_t>(c + 32) : c; }

// Order of folded label texts, the same as the builder's. `folded` is lower case already.
int compare(const std::uint8_t* label, const std::uint8_t* folded) noexcept {
  const unsigned n = std::min(label[0], folded[0]);
  for (unsigned i = 1; i <= n; ++i) {
    if (const int d = lower(label[i]) - folded[i]; d != 0) return d;
  }
  return label[0] - folded[0];
}

}  // namespace

const Entry* ServiceBlock::find_label(const std::uint8_t* folded) const noexcept {
  const auto* order = at<std::uint16_t>(labels);
  unsigned low = 0;
  unsigned high = total;
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    const Entry& entry = entries()[order[middle]];
    const int d = compare(at<std::uint8_t>(entry.text), folded);
    if (d == 0) return &entry;
    if (d < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return nullptr;
}

const PortName* ServiceBlock::find_port(const std::uint8_t* folded, std::uint8_t protocol_flag) const noexcept {
  const auto all = named_ports();
  const auto found = std::partition_point(all.begin(), all.end(), [&](const PortName& port) {
    const int d = compare(at<std::uint8_t>(port.name), folded);
    return d != 0 ? d < 0 : port.flag < protocol_flag;
  });
  if (found == all.end() || found->flag != protocol_flag) return nullptr;
  return compare(at<std::uint8_t>(found->name), folded) == 0 ? &*found : nullptr;
}

const Mark* ServiceBlock::find_mark(const std::uint8_t* folded, bool zone) const noexcept {
  const std::span all{at<Mark>(marks), mark_count};
  const auto found = std::partition_point(all.begin(), all.end(), [&](const Mark& mark) {
    const int d = compare(at<std::uint8_t>(mark.name), folded);
    return d != 0 ? d < 0 : mark.zone < zone;
  });
  if (found == all.end() || found->zone != zone) return nullptr;
  return compare(at<std::uint8_t>(found->name), folded) == 0 ? &*found : nullptr;
}

InstanceText ServiceBlock::text_of(const Entry& entry) const noexcept {
  InstanceText out{at<std::uint8_t>(entry.text)};
  const std::uint8_t* p = out.label + out.label[0] + 1;
  if (entry.has(Entry::kEnds)) {
    std::memcpy(&out.ends, p, sizeof out.ends);
    p += sizeof out.ends;
  }
  if (entry.has(Entry::kHost)) {
    out.host = p;
    p += wire_size(p);
  }
  if (entry.has(Entry::kMeta)) out.meta = p;
  return out;
}

}  // namespace dnsd::answers
