// A health service for the tests: HTTP/2 by nghttp2's server side, on a blocking stream, plain or TLS.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace registry::checks::test {

struct GrpcAnswer {
  std::string http_status = "200";
  std::string body{};             // "" = trailers alone
  std::string grpc_status = "0";  // "" = none
  bool reset = false;             // the stream, instead of an answer
  std::string padding{};          // a header that means nothing
};

// One length-prefixed HealthCheckResponse.
inline std::string health_response(char status) { return {0, 0, 0, 0, 2, 8, status}; }

class GrpcTestConnection {
 public:
  struct Asked {
    std::map<std::string, std::string> headers;
    std::string body;
  };
  using Answer = std::function<GrpcAnswer(const Asked&)>;

  explicit GrpcTestConnection(Answer answer) : answer_(std::move(answer)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame*, const std::uint8_t* name, std::size_t name_size,
                      const std::uint8_t* value, std::size_t value_size, std::uint8_t, void* self) {
          static_cast<GrpcTestConnection*>(self)->asked_.headers[text(name, name_size)] = text(value, value_size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(
        callbacks,
        [](nghttp2_session*, std::uint8_t, std::int32_t, const std::uint8_t* data, std::size_t size, void* self) {
          static_cast<GrpcTestConnection*>(self)->asked_.body += text(data, size);
          return 0;
        });
    nghttp2_session_callbacks_set_on_frame_recv_callback(
        callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* self) {
          // On stream 0 the same bit is the ACK of SETTINGS and PING.
          if (frame->hd.stream_id != 0 && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) {
            static_cast<GrpcTestConnection*>(self)->reply(frame->hd.stream_id);
          }
          return 0;
        });
    nghttp2_session* session = nullptr;
    nghttp2_session_server_new(&session, callbacks, this);
    nghttp2_session_callbacks_del(callbacks);
    session_.reset(session);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
  }

  // Until the client goes, or `most` questions were answered; then says goodbye.
  template <class Stream>
  void serve(Stream& stream, int most = 1'000'000) {
    std::array<char, 4096> chunk;
    boost::system::error_code error;
    while (!error) {
      boost::asio::write(stream, boost::asio::buffer(output()), error);
      if (!error && answered_ >= most) {
        nghttp2_session_terminate_session(session_.get(), NGHTTP2_NO_ERROR);
        boost::asio::write(stream, boost::asio::buffer(output()), error);
        return;
      }
      if (error) return;
      const std::size_t size = stream.read_some(boost::asio::buffer(chunk), error);
      if (error || !receive({chunk.data(), size})) return;
    }
  }

  bool receive(std::string_view octets) {
    return nghttp2_session_mem_recv(session_.get(), reinterpret_cast<const std::uint8_t*>(octets.data()),
                                    octets.size()) >= 0;
  }
  std::string output() {
    std::string out;
    const std::uint8_t* data = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_.get(), &data)) > 0;) {
      out += text(data, static_cast<std::size_t>(size));
    }
    return out;
  }

 private:
  struct End {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  static std::string text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
  }
  static nghttp2_nv header(const std::string& name, const std::string& value) {
    return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
            reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
            NGHTTP2_NV_FLAG_NONE};
  }

  void reply(std::int32_t stream) {
    ++answered_;
    current_ = answer_(asked_);
    asked_ = {};
    const std::string status = ":status", type = "content-type", grpc = "application/grpc", trailer = "grpc-status";
    if (current_.reset) {
      nghttp2_submit_rst_stream(session_.get(), NGHTTP2_FLAG_NONE, stream, NGHTTP2_REFUSED_STREAM);
      return;
    }
    const std::string padding = "x-padding";
    std::array<nghttp2_nv, 4> headers = {header(status, current_.http_status), header(type, grpc),
                                         header(padding, current_.padding), header(trailer, current_.grpc_status)};
    if (current_.body.empty()) {
      nghttp2_submit_response(session_.get(), stream, headers.data(), current_.grpc_status.empty() ? 3 : 4, nullptr);
      return;
    }
    nghttp2_data_provider body{};
    body.read_callback = [](nghttp2_session* session, std::int32_t id, std::uint8_t* buffer, std::size_t,
                            std::uint32_t* flags, nghttp2_data_source*, void* self) -> ssize_t {
      const GrpcAnswer& now = static_cast<GrpcTestConnection*>(self)->current_;
      std::memcpy(buffer, now.body.data(), now.body.size());
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!now.grpc_status.empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        const std::string name = "grpc-status";
        const nghttp2_nv trailers = header(name, now.grpc_status);
        nghttp2_submit_trailer(session, id, &trailers, 1);
      }
      return static_cast<ssize_t>(now.body.size());
    };
    nghttp2_submit_response(session_.get(), stream, headers.data(), 3, &body);
  }

  Answer answer_;
  std::unique_ptr<nghttp2_session, End> session_;
  Asked asked_;
  GrpcAnswer current_;
  int answered_ = 0;
};

}  // namespace registry::checks::test
