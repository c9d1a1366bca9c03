#include "bench/load/queries.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

namespace load {

namespace {

Packet encode(const std::string& name, const std::string& type) {
  static const std::map<std::string, std::uint8_t> types{{"A", 1}, {"TXT", 16}, {"AAAA", 28}, {"SRV", 33}};
  Packet out{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};  // RD off, one question
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    out.push_back(static_cast<std::uint8_t>(label.size()));
    out.insert(out.end(), label.begin(), label.end());
  }
  const auto known = types.find(type);
  if (known == types.end()) fail("unknown type " + type);
  out.insert(out.end(), {0, 0, known->second, 0, 1});
  return out;
}

}  // namespace

std::vector<Packet> read_queries(const std::string& path) {
  std::vector<Packet> out;
  std::ifstream in(path);
  for (std::string name, type; in >> name >> type;) out.push_back(encode(name, type));
  if (out.empty()) fail("no queries in " + path);
  return out;
}

void Totals::count(const std::uint8_t* reply, std::size_t size) {
  ++answered;
  octets += size;
  records += static_cast<std::uint64_t>(reply[6] << 8 | reply[7]);
  truncated += (reply[2] & 2) != 0;
  ++rcodes[reply[3] & 15];
}

void print(const Totals& t, double seconds) {
  const double answered = static_cast<double>(std::max<std::uint64_t>(t.answered, 1));
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  std::printf(
      "{\"qps\": %.0f, \"answered\": %llu, \"sent\": %llu, \"lost\": %llu, \"strange\": %llu, \"seconds\": %.3f, ",
      static_cast<double>(t.answered) / seconds, number(t.answered), number(t.sent), number(t.lost), number(t.strange),
      seconds);
  std::printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"late_p99_us\": %.1f, ",
              t.latency.percentile(.5), t.latency.percentile(.99), t.latency.percentile(.999),
              t.lateness.percentile(.99));
  std::printf("\"octets\": %.1f, \"records\": %.2f, \"truncated\": %llu, ", static_cast<double>(t.octets) / answered,
              static_cast<double>(t.records) / answered, number(t.truncated));
  std::printf("\"closed\": %llu, \"held\": %llu, \"alive\": %llu, ", number(t.closed), number(t.held), number(t.alive));
  std::printf("\"noerror\": %llu, \"nxdomain\": %llu, \"others\": %llu}\n", number(t.rcodes[0]), number(t.rcodes[3]),
              number(t.answered - t.rcodes[0] - t.rcodes[3]));
}

}  // namespace load
