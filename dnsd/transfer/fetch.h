// One transfer from a primary, over TCP. A coroutine on the control thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <expected>
#include <memory>
#include <optional>
#include <string>

#include "dnsd/transfer/exchange.h"
#include "dnsd/transfer/incoming_zone.h"
#include "dnsd/transfer/settings.h"

namespace dnsd::transfer {

class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  // Without news from the primary for so long the transfer has failed.
  static constexpr std::chrono::seconds kPatience{15};
  // A primary that sends an octet now and then would hold its slot for ever. The largest zone, 10,000,000 records of
  // some 40 octets, needs nine minutes at 6 Mbit/s.
  static constexpr std::chrono::minutes kMaxTime{10};
  static constexpr std::size_t kMaxMessages = 1'000'000;

  // `have`: what we hold; then only changes are asked for, null = the whole zone. `key` unset = unsigned.
  Fetch(boost::asio::any_io_executor executor, std::string apex, Peer primary, std::optional<tsig::Key> key,
        std::shared_ptr<const ZoneCopy> have);

  struct Outcome {
    std::uint32_t serial = 0;  // of the primary
    bool changed = false;
    ZoneCopy zone;  // when it changed
  };
  using Result = std::expected<Outcome, std::string>;
  boost::asio::awaitable<Result> run();
  void cancel();
  [[nodiscard]] bool heard() const { return heard_; }  // it was the primary that replied, whatever it said

 private:
  boost::asio::awaitable<Result> exchange();
  boost::asio::awaitable<std::expected<Octets, std::string>> receive();
  [[nodiscard]] Octets request();
  [[nodiscard]] std::optional<std::string> check(std::span<const std::uint8_t> octets, const wire::Message& message);
  void arm();

  std::string apex_;
  Peer primary_;
  std::optional<tsig::Key> key_;
  std::shared_ptr<const ZoneCopy> have_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer deadline_;
  std::chrono::steady_clock::time_point end_{};  // of kMaxTime
  tsig::Stream stream_;
  std::uint16_t id_ = 0;
  bool heard_ = false;
};

}  // namespace dnsd::transfer
