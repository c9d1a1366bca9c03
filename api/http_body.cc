#include "api/http_body.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

namespace api {

namespace http = boost::beast::http;

// Beast parses whole messages; the header that it wants first says only how the body is framed.
struct BodyReader::Chunks : http::request_parser<http::string_body> {
  explicit Chunks(std::size_t limit) {
    constexpr std::string_view kHeader = "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
    eager(true);
    body_limit(limit);
    boost::system::error_code ignored;
    put(boost::asio::buffer(kHeader), ignored);
  }
};

BodyReader::BodyReader() = default;
BodyReader::~BodyReader() = default;

void BodyReader::begin(const Request& request, std::size_t limit) {
  chunks_ = request.chunked ? std::make_unique<Chunks>(limit) : nullptr;
  left_ = static_cast<std::size_t>(request.content_length.value_or(0));  // within the limit: the gateway looked
}

BodyReader::State BodyReader::take(std::string_view& octets, std::string& body) {
  if (chunks_) return take_chunks(octets, body);
  const auto count = std::min(left_, octets.size());
  body.append(octets.substr(0, count));
  octets.remove_prefix(count);
  left_ -= count;
  return left_ == 0 ? State::done : State::more;
}

BodyReader::State BodyReader::take_chunks(std::string_view& octets, std::string& body) {
  boost::system::error_code error;
  if (!octets.empty()) octets.remove_prefix(chunks_->put(boost::asio::buffer(octets), error));
  if (error == http::error::body_limit) return State::too_large;
  if (error && error != http::error::need_more) return State::malformed;
  if (chunks_->is_done()) {
    body = std::move(chunks_->get().body());
    return State::done;
  }
  return octets.size() > kMaxChunkHeader ? State::malformed : State::more;
}

}  // namespace api
