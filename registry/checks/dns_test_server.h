// A name server for the tests: one UDP socket on loopback, answers from a table that the test changes.
#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "registry/basics.h"

namespace registry::checks::test {

class DnsTestServer {
 public:
  enum class Rcode : std::uint8_t { noerror = 0, servfail = 2, nxdomain = 3 };
  struct Data {
    Rcode rcode = Rcode::noerror;
    std::vector<Ipv4> a = {};
    std::vector<Ipv6> aaaa = {};
    std::uint32_t ttl = 1;
    Rcode rcode_v6 = Rcode::noerror;
    std::string alias = {};  // CNAME to this name, whose records the answer holds
    std::uint32_t alias_ttl = 1;
  };

  DnsTestServer() : socket_(io_, {boost::asio::ip::address_v4::loopback(), 0}), endpoint_(socket_.local_endpoint()) {
    thread_ = std::thread([this] { serve(); });
  }
  ~DnsTestServer() {
    stop_ = true;
    boost::asio::io_context io;
    boost::asio::ip::udp::socket waker(io, boost::asio::ip::udp::v4());
    waker.send_to(boost::asio::buffer("x", 1), endpoint_);
    thread_.join();
  }

  void set(const std::string& name, Data data) {
    const std::lock_guard lock(mutex_);
    table_[name] = std::move(data);
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(endpoint_.port()); }
  [[nodiscard]] int queries() const { return queries_; }
  [[nodiscard]] std::size_t source_ports() {
    const std::lock_guard lock(mutex_);
    return ports_.size();
  }

 private:
  void serve() {
    std::array<char, 1500> packet;
    for (;;) {
      boost::asio::ip::udp::endpoint from;
      boost::system::error_code error;
      const std::size_t size = socket_.receive_from(boost::asio::buffer(packet), from, 0, error);
      if (stop_) return;
      if (error || size < 17) continue;
      const std::string reply = answer(std::string(packet.data(), size), from);
      if (!reply.empty()) socket_.send_to(boost::asio::buffer(reply), from, 0, error);
    }
  }

  static void put16(std::string& out, unsigned value) {
    out += static_cast<char>(value >> 8U);
    out += static_cast<char>(value & 0xffU);
  }
  static void put_name(std::string& out, const std::string& name) {
    std::size_t at = 0;
    while (at < name.size()) {
      const std::size_t dot = std::min(name.find('.', at), name.size());
      out += static_cast<char>(dot - at);
      out += name.substr(at, dot - at);
      at = dot + 1;
    }
    out += '\0';
  }
  static void put_record(std::string& out, const std::string& owner, unsigned type, std::uint32_t ttl,
                         const std::string& rdata) {
    put_name(out, owner);
    put16(out, type);
    put16(out, 1);
    put16(out, ttl >> 16U);
    put16(out, ttl & 0xffffU);
    put16(out, static_cast<unsigned>(rdata.size()));
    out += rdata;
  }

  std::string answer(const std::string& query, const boost::asio::ip::udp::endpoint& from) {
    std::string name;
    std::size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      const auto length = static_cast<std::uint8_t>(query[at]);
      if (!name.empty()) name += '.';
      name += query.substr(at + 1, length);
      at += length + 1U;
    }
    if (at + 5 > query.size()) return {};
    const unsigned type = static_cast<std::uint8_t>(query[at + 2]);
    const std::lock_guard lock(mutex_);
    ports_[from.port()] = true;
    ++queries_;
    const auto found = table_.find(name);
    Data data;
    if (found == table_.end()) {
      data.rcode = Rcode::nxdomain;
    } else {
      data = found->second;
    }
    const Rcode rcode = type == 28 && data.rcode == Rcode::noerror ? data.rcode_v6 : data.rcode;
    std::string records;
    unsigned count = 0;
    std::string owner = name;
    if (rcode == Rcode::noerror && !data.alias.empty()) {
      std::string target;
      put_name(target, data.alias);
      put_record(records, name, 5, data.alias_ttl, target);
      owner = data.alias;
      ++count;
    }
    if (rcode == Rcode::noerror && type == 1) {
      for (const Ipv4& a : data.a) {
        put_record(records, owner, 1, data.ttl, std::string(a.octets.begin(), a.octets.end()));
        ++count;
      }
    }
    if (rcode == Rcode::noerror && type == 28) {
      for (const Ipv6& a : data.aaaa) {
        put_record(records, owner, 28, data.ttl, std::string(a.octets.begin(), a.octets.end()));
        ++count;
      }
    }
    std::string reply = query.substr(0, 2);
    put16(reply, 0x8180U | static_cast<unsigned>(rcode));  // QR, RD, RA
    put16(reply, 1);
    put16(reply, count);
    put16(reply, 0);
    put16(reply, 0);
    return reply + query.substr(12, at + 5 - 12) + records;
  }

  boost::asio::io_context io_;
  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::udp::endpoint endpoint_;
  std::atomic<bool> stop_{false};
  std::atomic<int> queries_{0};
  std::mutex mutex_;
  std::map<std::string, Data> table_;
  std::map<std::uint16_t, bool> ports_;
  std::thread thread_;
};

}  // namespace registry::checks::test
