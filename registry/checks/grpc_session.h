// One HTTP/2 connection that asks grpc.health.v1.Health/Check, without a socket: octets in, octets out. The framing is
// nghttp2's. Probe thread only; fuzzed.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "registry/basics.h"
#include "registry/checks/grpc_reply.h"

namespace registry::checks {

class GrpcSession {
 public:
  GrpcSession();
  GrpcSession(const GrpcSession&) = delete;
  GrpcSession& operator=(const GrpcSession&) = delete;

  struct Question {
    std::string authority;
    std::string scheme;  // http, https
    std::string service;
    Millis timeout{};  // told to the server, so that it too gives up
  };
  // One at a time, again after `answered`.
  void ask(const Question& question);
  [[nodiscard]] std::string take_output();              // what has to be sent now; empty = wait for the server
  [[nodiscard]] bool receive(std::string_view octets);  // false = too much of it, or not HTTP/2 at all
  // After take_output(): the server broke the protocol, and goodbye was said. There will be no answer.
  [[nodiscard]] bool over() const { return !answered_ && nghttp2_session_want_read(session_.get()) == 0; }
  [[nodiscard]] bool answered() const { return answered_; }
  [[nodiscard]] bool ended_well() const { return answered_ && reset_ == 0; }  // not reset, by neither side
  [[nodiscard]] ProbeResult result() const;
  // Whether the server takes another question on this connection.
  [[nodiscard]] bool may_follow() const;

 private:
  struct End {
    void operator()(nghttp2_session* session) const { nghttp2_session_del(session); }
  };
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name, std::size_t name_size,
                       const std::uint8_t* value, std::size_t value_size, std::uint8_t flags, void* self);
  static int on_data(nghttp2_session*, std::uint8_t flags, std::int32_t stream, const std::uint8_t* data,
                     std::size_t size, void* self);
  static int on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* self);
  static ssize_t read_body(nghttp2_session*, std::int32_t stream, std::uint8_t* buffer, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void* self);

  std::unique_ptr<nghttp2_session, End> session_;
  std::string request_;      // what of the question's body is not sent yet
  std::int32_t stream_ = 0;  // of the question
  GrpcReply reply_;
  std::uint32_t reset_ = 0;  // the server's reason for ending the stream (RFC 9113 7); 0 = it ended well
  std::size_t received_ = 0;
  std::size_t header_octets_ = 0;
  bool answered_ = false;
};

}  // namespace registry::checks
