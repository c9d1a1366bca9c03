#include "registry/checks/grpc_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <initializer_list>
#include <new>
#include <utility>
#include <vector>

#include "registry/checks/outcome.h"

namespace registry::checks {
namespace {

// Octets of one reply, frames and headers included. A real one has about a hundred; one that never ends would keep
// the probe busy until its deadline.
constexpr std::size_t kMaxReply = 64 * 1024;
constexpr std::size_t kMaxMessage = 1024;  // of its messages; what follows is not kept
// Of its headers and trailers; told to the server (SETTINGS_MAX_HEADER_LIST_SIZE), counted as RFC 9113 6.5.2 does, for
// nghttp2 leaves that to us.
constexpr std::uint32_t kMaxHeaderList = 8192;

struct Drop {
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};

nghttp2_nv header(std::string_view name, std::string_view value) {
  nghttp2_nv out{};
  out.name = reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data()));  // copied by submit: no NO_COPY flag
  out.namelen = name.size();
  out.value = reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data()));
  out.valuelen = value.size();
  return out;
}

void require(bool good) {
  if (!good) throw std::bad_alloc();  // the only way these calls fail with our arguments
}

}  // namespace

GrpcSession::GrpcSession() {
  nghttp2_session_callbacks* made = nullptr;
  require(nghttp2_session_callbacks_new(&made) == 0);
  const std::unique_ptr<nghttp2_session_callbacks, Drop> callbacks(made);
  nghttp2_session_callbacks_set_on_header_callback(made, &GrpcSession::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, &GrpcSession::on_data);
  nghttp2_session_callbacks_set_on_stream_close_callback(made, &GrpcSession::on_close);
  nghttp2_session* session = nullptr;
  require(nghttp2_session_client_new(&session, made, this) == 0);
  session_.reset(session);
  const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                             {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, kMaxHeaderList}};
  require(nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, std::size(settings)) == 0);
}

void GrpcSession::ask(const Question& question) {
  reply_ = {};
  reset_ = 0;
  received_ = 0;
  header_octets_ = 0;
  answered_ = false;
  request_ = health_request(question.service);
  const std::string timeout = fmt::format("{}m", question.timeout.count());
  const nghttp2_nv headers[] = {header(":method", "POST"),
                                header(":scheme", question.scheme),
                                header(":path", "/grpc.health.v1.Health/Check"),
                                header(":authority", question.authority),
                                header("content-type", "application/grpc"),
                                header("te", "trailers"),
                                header("grpc-timeout", timeout),
                                header("user-agent", "dnsd-check")};
  nghttp2_data_provider body{};
  body.read_callback = &GrpcSession::read_body;
  stream_ = nghttp2_submit_request(session_.get(), nullptr, headers, std::size(headers), &body, nullptr);
  require(stream_ > 0);
}

std::string GrpcSession::take_output() {
  std::string out;
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_.get(), &data);
    if (size <= 0) return out;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  }
}

bool GrpcSession::receive(std::string_view octets) {
  received_ += octets.size();
  if (received_ > kMaxReply) return false;
  const auto* data = reinterpret_cast<const std::uint8_t*>(octets.data());
  return nghttp2_session_mem_recv(session_.get(), data, octets.size()) >= 0;
}

ProbeResult GrpcSession::result() const {
  if (header_octets_ > kMaxHeaderList) {
    return failed(Fault::status, fmt::format("sent more than {} octets of headers", kMaxHeaderList));
  }
  if (reset_ != 0 && !reply_.grpc_status) {
    return failed(Fault::reset, fmt::format("HTTP/2: {}", nghttp2_http2_strerror(reset_)));
  }
  return judge_grpc(reply_);
}

bool GrpcSession::may_follow() const {
  return ended_well() && nghttp2_session_check_request_allowed(session_.get()) != 0;
}

int GrpcSession::on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                           std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                           void* self) {
  auto& me = *static_cast<GrpcSession*>(self);
  if (frame->hd.stream_id != me.stream_) return 0;
  me.header_octets_ += name_size + value_size + 32;
  if (me.header_octets_ > kMaxHeaderList) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;  // ends the stream
  const std::string_view key(reinterpret_cast<const char*>(name), name_size);
  const std::string_view text(reinterpret_cast<const char*>(value), value_size);
  if (key == ":status") {
    me.reply_.http_status = text.substr(0, 3);
  } else if (key == "grpc-status") {
    int status = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), status);
    if (error == std::errc{} && end == text.data() + text.size() && status >= 0) me.reply_.grpc_status = status;
  }
  return 0;
}

int GrpcSession::on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                         std::size_t size, void* self) {
  auto& me = *static_cast<GrpcSession*>(self);
  if (stream != me.stream_) return 0;
  const std::size_t kept = std::min(size, kMaxMessage - me.reply_.body.size());
  me.reply_.body.append(reinterpret_cast<const char*>(data), kept);
  return 0;
}

int GrpcSession::on_close(nghttp2_session*, std::int32_t stream, std::uint32_t error, void* self) {
  auto& me = *static_cast<GrpcSession*>(self);
  if (stream != me.stream_) return 0;
  me.reset_ = error;
  me.answered_ = true;
  return 0;
}

ssize_t GrpcSession::read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t size,
                               std::uint32_t* flags, nghttp2_data_source*, void* self) {
  auto& me = *static_cast<GrpcSession*>(self);
  const std::size_t part = std::min(size, me.request_.size());
  std::memcpy(buffer, me.request_.data(), part);
  me.request_.erase(0, part);
  if (me.request_.empty()) *flags |= NGHTTP2_DATA_FLAG_EOF;
  return static_cast<ssize_t>(part);
}

}  // namespace registry::checks
