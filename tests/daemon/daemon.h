// A real dnsd on port 0 for the judges, and the few words of HTTP that they need.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace tests {

// Started by the constructor (DNSD_BINARY names the program), ended in order by the destructor.
class Daemon {
 public:
  explicit Daemon(const std::string& config);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  [[nodiscard]] std::uint16_t dns_port() const { return dns_port_; }
  [[nodiscard]] std::uint16_t http_port() const { return http_port_; }

 private:
  void wait_until_ready();
  std::filesystem::path folder_;
  pid_t pid_ = -1;
  std::uint16_t dns_port_ = 0, http_port_ = 0;
};

// One kept connection to the API.
class Http {
 public:
  explicit Http(std::uint16_t port);
  ~Http();
  int put(const std::string& path, const std::string& body);  // the status
  // Registers with `body`; throws unless 2xx.
  void instance(const std::string& service, const std::string& id, const std::string& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One question over one UDP socket, kept: the reply's octets. Throws when none comes within five seconds.
class UdpClient {
 public:
  explicit UdpClient(std::uint16_t port);
  ~UdpClient();
  UdpClient(const UdpClient&) = delete;
  UdpClient& operator=(const UdpClient&) = delete;
  [[nodiscard]] std::vector<std::uint8_t> ask(std::span<const std::uint8_t> query) const;

 private:
  int socket_ = -1;
};

}  // namespace tests
