#include "dnsd/resolve.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "dnsd/answers/presentation.h"
#include "dnsd/answers/ticks.h"
#include "dnsd/config.h"
#include "dnsd/explain.h"
#include "dnsd/wire/writer.h"

namespace dnsd {
namespace {

namespace json = boost::json;
using registry::ProblemKind;

constexpr std::size_t kLargestMessage = 65'535;

// One question, RD as a stub sends it, EDNS with the client's size (over TCP the largest).
std::vector<std::uint8_t> query_message(std::string_view name, std::uint16_t type, std::uint16_t size) {
  std::vector<std::uint8_t> out;
  out.reserve(wire::kHeader + name.size() + 15);  // the type, the class and OPT
  out.resize(wire::kHeader);
  out[2] = 1;   // RD
  out[5] = 1;   // QDCOUNT
  out[11] = 1;  // ARCOUNT
  out.insert(out.end(), name.begin(), name.end());
  const auto put = [&out](std::uint16_t v) {
    out.push_back(static_cast<std::uint8_t>(v >> 8));
    out.push_back(static_cast<std::uint8_t>(v));
  };
  put(type);
  put(wire::klass::in);
  out.push_back(0);  // the root: owner of OPT
  put(wire::type::opt);
  put(size);
  out.insert(out.end(), {0, 0, 0, 0, 0, 0});  // extended rcode and version, flags, length
  return out;
}

// "10.0.0.9", "10.0.0.9:4242", "[fd00::9]:4242"; "" = nobody in particular.
std::expected<serve::Client, std::string> client_of(std::string_view text) {
  serve::Client out;
  if (text.empty()) return out;
  std::string address(text);
  if (const auto parsed = parse_address_port(text)) {
    address = parsed->address;
    out.port = parsed->port;
  }
  if (const auto v4 = registry::parse_ipv4(address)) {
    std::ranges::copy(v4->octets, out.address.begin());
  } else if (const auto v6 = registry::parse_ipv6(address)) {
    out.address = v6->octets;
    out.v6 = true;
  } else {
    return std::unexpected("client is not an address, with or without a port");
  }
  return out;
}

json::array as_json(const std::vector<answers::ShownRecord>& records) {
  json::array out;
  for (const auto& r : records) {
    out.push_back(json::object{{"name", r.name}, {"type", r.type}, {"ttl", r.ttl}, {"data", r.data}});
  }
  return out;
}

json::array errors_as_json(const std::vector<answers::ShownError>& errors) {
  json::array out;
  for (const auto& e : errors) out.push_back(json::object{{"code", e.code}, {"text", e.text}});
  return out;
}

// qr and rd say nothing here: the question was ours.
json::array flags_as_json(const answers::ShownMessage& message) {
  json::array out;
  for (const auto& flag : message.flags()) {
    if (flag != "qr" && flag != "rd") out.emplace_back(flag);
  }
  return out;
}

struct Parsed {
  std::string name;  // wire
  std::uint16_t type = 0;
  serve::Client client;
  std::vector<std::uint8_t> packet;

  [[nodiscard]] serve::Request request(bool tcp) const {
    return {packet, client, tcp ? serve::Transport::tcp : serve::Transport::udp};
  }
};

registry::Result<Parsed> parse(const api::Question& question) {
  const auto name = answers::name_to_wire(question.name);
  if (!name) return registry::fail(ProblemKind::bad_request, "name is not a domain name");
  const auto type = answers::type_from_text(question.type.empty() ? "A" : question.type);
  if (!type) return registry::fail(ProblemKind::bad_request, "type is not a record type");
  const auto client = client_of(question.client);
  if (!client) return registry::fail(ProblemKind::bad_request, client.error());
  return Parsed{*name, *type, *client, query_message(*name, *type, question.size)};
}

serve::BatchTime time_of(const registry::Now& now) {
  const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.wall.time_since_epoch()).count();
  return {answers::to_ticks(now.mono), static_cast<std::uint64_t>(second)};
}

registry::Result<answers::ShownMessage> show(std::span<const std::uint8_t> message) {
  auto shown = answers::show(message);
  if (shown) return *std::move(shown);
  return registry::fail(ProblemKind::store_unavailable, "the answer could not be decoded: " + shown.error());
}

json::object body_of(const Parsed& parsed, const answers::ShownMessage& shown, registry::Revision revision) {
  return {{"question", {{"name", *answers::name_to_text(parsed.name)}, {"type", answers::type_to_text(parsed.type)}}},
          {"rcode", shown.rcode},
          {"flags", flags_as_json(shown)},
          {"ede", errors_as_json(shown.errors)},
          {"answer", as_json(shown.answer)},
          {"authority", as_json(shown.authority)},
          {"additional", as_json(shown.additional)},
          {"revision", revision}};
}

}  // namespace

Resolver::Resolver(const answers::Table& table, const serve::ResponderOptions& options)
    : table_(table), responder_(table, serve::without_limits(options)), buffer_(kLargestMessage) {}

registry::Result<json::value> Resolver::resolve(const api::Question& question, registry::Revision revision,
                                                const registry::Now& now) {
  const auto parsed = parse(question);
  if (!parsed) return std::unexpected(parsed.error());
  const serve::Request request = parsed->request(question.tcp);
  serve::Reply reply{buffer_};
  responder_.respond({&request, 1}, {&reply, 1}, time_of(now));
  const auto shown = show({buffer_.data(), reply.size});
  if (!shown) return std::unexpected(shown.error());
  return body_of(*parsed, *shown, revision);
}

registry::Result<json::value> Resolver::explain(const api::Question& question, const registry::Registry& registry,
                                                const registry::Now& now) {
  const auto parsed = parse(question);
  if (!parsed) return std::unexpected(parsed.error());
  serve::Reply reply{buffer_};
  const serve::Explanation why = responder_.explain(parsed->request(question.tcp), reply, time_of(now));
  const auto shown = show({buffer_.data(), reply.size});
  if (!shown) return std::unexpected(shown.error());
  json::object body = body_of(*parsed, *shown, registry.revision());
  add_explanation(body, {.registry = registry,
                         .now = now,
                         .table = table_,
                         .why = why,
                         .shown = *shown,
                         .name = parsed->name,
                         .type = parsed->type,
                         .limit = question.limit});
  return body;
}

}  // namespace dnsd
