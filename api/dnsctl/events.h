// Server-sent events, taken apart as they come (the WHATWG grammar, as far as the API uses it). Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace ctl {

struct Event {
  std::string id, type, data;
};

class EventParser {
 public:
  static constexpr std::size_t kMaxEvent = 64 << 20;  // a snapshot of everything is the largest event

  // The events that `text` completes, in order. Comments are dropped.
  [[nodiscard]] std::vector<Event> feed(std::string_view text);
  [[nodiscard]] bool too_long() const { return too_long_; }

 private:
  void line(std::string_view text, std::vector<Event>& done);

  std::string partial_;
  Event event_;
  bool has_data_ = false;
  bool too_long_ = false;
};

}  // namespace ctl
