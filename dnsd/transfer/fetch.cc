#include "dnsd/transfer/fetch.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>

#include "dnsd/answers/presentation.h"
#include "dnsd/wire/writer.h"

namespace dnsd::transfer {
namespace {

namespace asio = boost::asio;
constexpr auto kFetchToken = asio::as_tuple(asio::use_awaitable);

}  // namespace

Fetch::Fetch(asio::any_io_executor executor, std::string apex, Peer primary, std::optional<tsig::Key> key,
             std::shared_ptr<const ZoneCopy> have)
    : apex_(std::move(apex)),
      primary_(std::move(primary)),
      key_(std::move(key)),
      have_(std::move(have)),
      socket_(executor),
      deadline_(executor) {}

void Fetch::cancel() {
  deadline_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Fetch::arm() {
  deadline_.expires_at(std::min(std::chrono::steady_clock::now() + kPatience, end_));
  deadline_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    boost::system::error_code ignored;
    self->socket_.close(ignored);
  });
}

Octets Fetch::request() {
  id_ = random_id();
  wire::MessageWriter writer(id_, 0);
  (void)writer.put_question(apex_, have_ ? wire::type::ixfr : wire::type::axfr, wire::klass::in);
  if (have_)
    (void)writer.put_record(wire::Section::authority, apex_, wire::type::soa, wire::klass::in, 0, have_->soa()->rdata);
  auto out = writer.take();
  if (key_) stream_.sign_request(out, *key_, seconds_now());
  return out;
}

asio::awaitable<Fetch::Result> Fetch::run() {
  const auto self = shared_from_this();
  end_ = std::chrono::steady_clock::now() + kMaxTime;
  auto result = co_await exchange();
  cancel();
  co_return result;
}

asio::awaitable<Fetch::Result> Fetch::exchange() {
  boost::system::error_code bad;
  const asio::ip::tcp::endpoint to(asio::ip::make_address(primary_.address, bad), primary_.port);
  if (bad) co_return std::unexpected("not an address");
  arm();
  const auto [refused] = co_await socket_.async_connect(to, kFetchToken);
  if (refused) co_return std::unexpected("cannot connect: " + refused.message());
  const Octets query = request();
  std::array<std::uint8_t, 2> head;
  wire::put16(head.data(), static_cast<std::uint16_t>(query.size()));
  const std::array<asio::const_buffer, 2> both{asio::buffer(head), asio::buffer(query)};
  const auto [unsent, sent] = co_await asio::async_write(socket_, both, kFetchToken);
  if (unsent) co_return std::unexpected("cannot send: " + unsent.message());
  Assembler assembler(apex_, have_);
  for (std::size_t messages = 0; messages < kMaxMessages; ++messages) {
    const auto octets = co_await receive();
    if (!octets) co_return std::unexpected(octets.error());
    const auto message = wire::read_message(*octets);
    if (!message) co_return std::unexpected("a malformed message");
    if (auto wrong = check(*octets, *message)) co_return std::unexpected(*std::move(wrong));
    const auto fed = assembler.feed(*message);
    if (!fed) co_return std::unexpected(fed.error());
    if (*fed == Assembler::Result::more) continue;
    if (key_ && !stream_.all_signed()) co_return std::unexpected("the last message is not signed");
    if (*fed == Assembler::Result::same) co_return Outcome{assembler.serial(), false, {}};
    co_return Outcome{assembler.serial(), true, assembler.take()};
  }
  co_return std::unexpected("too many messages");
}

std::optional<std::string> Fetch::check(std::span<const std::uint8_t> octets, const wire::Message& message) {
  if (!message.is_reply() || message.id != id_) return "not a reply to the request";
  if (key_) {
    if (auto wrong = stream_.verify_reply(octets, message, seconds_now())) return wrong;
  }
  heard_ = true;  // also by a refusal: of changes perhaps, not of the whole zone
  if (message.rcode() != 0) return "the primary says " + answers::rcode_to_text(message.rcode());
  return std::nullopt;
}

asio::awaitable<std::expected<Octets, std::string>> Fetch::receive() {
  arm();
  std::array<std::uint8_t, 2> head;
  const auto [no_head, got_head] = co_await asio::async_read(socket_, asio::buffer(head), kFetchToken);
  if (no_head) co_return std::unexpected("the connection ended: " + no_head.message());
  Octets out(wire::get16(head.data()));
  const auto [no_body, got_body] = co_await asio::async_read(socket_, asio::buffer(out), kFetchToken);
  if (no_body) co_return std::unexpected("the connection ended: " + no_body.message());
  co_return out;
}

}  // namespace dnsd::transfer
