#include "tests/daemon/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace tests {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;

constexpr std::chrono::seconds kStart{60};  // generous: a sanitizer build on a busy machine
constexpr int kReplyMilliseconds = 5000;

std::uint16_t port_of(const boost::json::value& endpoints) {
  const std::string text(endpoints.as_array().at(0).as_string());
  return static_cast<std::uint16_t>(std::stoi(text.substr(text.rfind(':') + 1)));
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace

Daemon::Daemon(const std::string& config) {
  auto pattern = (std::filesystem::temp_directory_path() / "dnsd-judge-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  folder_ = pattern;
  std::ofstream(folder_ / "dnsd.toml") << config;
  const char* named = std::getenv("DNSD_BINARY");
  const std::string program = named != nullptr ? named : "build/release/dnsd";
  const std::string ready = folder_ / "ready.json", file = folder_ / "dnsd.toml", log = folder_ / "log";
  std::vector<const char*> args{program.c_str(), "--dev",       "--config",      file.c_str(),
                                "--dns-listen",  "127.0.0.1:0", "--http-listen", "127.0.0.1:0",
                                "--ready-file",  ready.c_str(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  const int error = posix_spawn(&pid_, program.c_str(), &actions, nullptr, const_cast<char**>(args.data()), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("cannot start " + program);
  wait_until_ready();
}

void Daemon::wait_until_ready() {
  const auto end = std::chrono::steady_clock::now() + kStart;
  const auto ready = folder_ / "ready.json";
  while (!std::filesystem::exists(ready)) {
    int status = 0;
    const bool ended = waitpid(pid_, &status, WNOHANG) == pid_;
    if (ended || std::chrono::steady_clock::now() > end) {
      if (ended) pid_ = -1;
      throw std::runtime_error("dnsd is not ready:\n" + read_file(folder_ / "log"));
    }
    poll(nullptr, 0, 5);
  }
  const auto told = boost::json::parse(read_file(ready)).as_object();
  dns_port_ = port_of(told.at("dns"));
  http_port_ = port_of(told.at("http"));
}

Daemon::~Daemon() {
  if (pid_ > 0) {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

struct Http::Impl {
  asio::io_context io;
  boost::beast::tcp_stream stream{io};
};

Http::Http(std::uint16_t port) : impl_(std::make_unique<Impl>()) {
  impl_->stream.connect(asio::ip::tcp::endpoint(asio::ip::make_address("127.0.0.1"), port));
}

Http::~Http() = default;

int Http::put(const std::string& path, const std::string& body) {
  http::request<http::string_body> request(http::verb::put, path, 11);
  request.set(http::field::host, "localhost");
  request.body() = body;
  request.prepare_payload();
  http::write(impl_->stream, request);
  boost::beast::flat_buffer buffer;
  http::response<http::string_body> response;
  http::read(impl_->stream, buffer, response);
  return static_cast<int>(response.result_int());
}

void Http::instance(const std::string& service, const std::string& id, const std::string& body) {
  const int status = put("/api/v1/services/" + service + "/instances/" + id, body);
  if (status / 100 != 2) throw std::runtime_error(service + "/" + id + ": status " + std::to_string(status));
}

UdpClient::UdpClient(std::uint16_t port) : socket_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) throw std::runtime_error("connect failed");
}

UdpClient::~UdpClient() { close(socket_); }

std::vector<std::uint8_t> UdpClient::ask(std::span<const std::uint8_t> query) const {
  if (send(socket_, query.data(), query.size(), 0) < 0) throw std::runtime_error("send failed");
  pollfd waiting{socket_, POLLIN, 0};
  if (poll(&waiting, 1, kReplyMilliseconds) != 1) throw std::runtime_error("no reply");
  std::vector<std::uint8_t> reply(65535);
  const auto size = recv(socket_, reply.data(), reply.size(), 0);
  if (size < 0) throw std::runtime_error("recv failed");
  reply.resize(static_cast<std::size_t>(size));
  return reply;
}

}  // namespace tests
