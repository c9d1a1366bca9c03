// Text that most of a million definitions leave empty, in one pointer instead of std::string's 32 bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace registry {

class RareText {
 public:
  RareText() = default;
  RareText(const char* text) { *this = std::string_view(text); }
  RareText(std::string_view text) { *this = text; }
  RareText(const RareText& other) { *this = other.view(); }
  RareText(RareText&&) noexcept = default;
  RareText& operator=(const RareText& other) { return *this = other.view(); }
  RareText& operator=(RareText&&) noexcept = default;
  RareText& operator=(const char* text) { return *this = std::string_view(text); }
  RareText& operator=(std::string_view text) {
    text_ = text.empty() ? nullptr : std::make_unique<const std::string>(text);
    return *this;
  }

  [[nodiscard]] std::string_view view() const { return text_ ? std::string_view(*text_) : std::string_view(); }
  [[nodiscard]] std::string str() const { return std::string(view()); }
  [[nodiscard]] bool empty() const { return text_ == nullptr; }
  [[nodiscard]] std::size_t size() const { return view().size(); }
  operator std::string_view() const { return view(); }
  friend bool operator==(const RareText& a, const RareText& b) { return a.view() == b.view(); }
  friend bool operator==(const RareText& a, std::string_view b) { return a.view() == b; }
  friend bool operator==(const RareText& a, const char* b) { return a.view() == b; }

 private:
  std::unique_ptr<const std::string> text_;
};

}  // namespace registry
