#include "api/dnsctl/events.h"

#include <utility>

namespace ctl {

std::vector<Event> EventParser::feed(std::string_view text) {
  std::vector<Event> done;
  partial_ += text;
  std::size_t start = 0;
  for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n', start)) {
    auto one = std::string_view(partial_).substr(start, end - start);
    if (one.ends_with('\r')) one.remove_suffix(1);
    line(one, done);
    start = end + 1;
  }
  partial_.erase(0, start);
  too_long_ = too_long_ || partial_.size() + event_.data.size() > kMaxEvent;
  return done;
}

void EventParser::line(std::string_view text, std::vector<Event>& done) {
  if (text.empty()) {  // an empty line dispatches what was gathered
    if (has_data_) done.push_back(std::move(event_));
    event_ = {};
    has_data_ = false;
    return;
  }
  if (text.starts_with(':')) return;
  const auto colon = text.find(':');
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "id") event_.id = value;
  if (field == "event") event_.type = value;
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
}

}  // namespace ctl
