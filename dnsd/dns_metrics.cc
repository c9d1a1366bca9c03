#include "dnsd/dns_metrics.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

namespace dnsd {
namespace {

void family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(out), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void single(std::string& out, std::string_view name, std::string_view type, std::string_view help,
            std::uint64_t value) {
  family(out, name, type, help);
  fmt::format_to(std::back_inserter(out), "{} {}\n", name, value);
}

void labelled(std::string& out, std::string_view name, std::string_view label, std::string_view text,
              std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), "{}{{{}=\"{}\"}} {}\n", name, label, text, value);
}

// Index = the place in serve::Counters::rcodes; 16 is BADVERS, 23 BADCOOKIE, 24 collects the rest.
constexpr std::array<std::pair<std::size_t, std::string_view>, 10> kRcodes{{{0, "NOERROR"},
                                                                            {1, "FORMERR"},
                                                                            {2, "SERVFAIL"},
                                                                            {3, "NXDOMAIN"},
                                                                            {4, "NOTIMP"},
                                                                            {5, "REFUSED"},
                                                                            {6, "YXDOMAIN"},
                                                                            {16, "BADVERS"},
                                                                            {23, "BADCOOKIE"},
                                                                            {24, "other"}}};
constexpr std::array<std::string_view, 8> kTypes{"A", "AAAA", "SRV", "PTR", "TXT", "SOA_NS", "ANY", "other"};

void server_metrics(std::string& out, const serve::Server::Stats& dns) {
  family(out, "dnsd_dns_requests_total", "counter", "Queries received, by transport.");
  labelled(out, "dnsd_dns_requests_total", "proto", "udp", dns.udp_requests);
  labelled(out, "dnsd_dns_requests_total", "proto", "tcp", dns.tcp_requests);
  family(out, "dnsd_dns_queries_total", "counter", "Queries answered, by type.");
  for (std::size_t i = 0; i < kTypes.size(); ++i)
    labelled(out, "dnsd_dns_queries_total", "type", kTypes[i], dns.types[i]);
  family(out, "dnsd_dns_responses_total", "counter", "Responses sent, by rcode.");
  for (const auto& [index, name] : kRcodes) labelled(out, "dnsd_dns_responses_total", "rcode", name, dns.rcodes[index]);
  single(out, "dnsd_dns_response_bytes_total", "counter", "Octets of responses.", dns.bytes_out);
  single(out, "dnsd_dns_truncated_total", "counter", "Responses with TC set.", dns.truncated);
  single(out, "dnsd_dns_dropped_total", "counter", "Packets that get no response (not a query).", dns.dropped);
  single(out, "dnsd_dns_fail_open_total", "counter",
         "Responses with instances that are not available, for want of others.", dns.fail_open);
  single(
      out, "dnsd_late_answers_total", "counter",
      "Answers sent more than 1 ms after their service's block was replaced; 0 unless a worker was kept from running.",
      dns.late);
  family(out, "dnsd_dns_rate_limited_total", "counter", "Responses over the rate limit, by what became of them.");
  labelled(out, "dnsd_dns_rate_limited_total", "action", "drop", dns.rate_dropped);
  labelled(out, "dnsd_dns_rate_limited_total", "action", "slip", dns.rate_slipped);
  single(out, "dnsd_dns_proxy_refused_total", "counter",
         "Datagrams and connections without a sound PROXY header of a listed proxy.", dns.proxy_refused);
  single(out, "dnsd_dns_socket_drops_total", "counter", "Datagrams the kernel dropped for want of buffer.",
         dns.socket_drops);
  single(out, "dnsd_dns_tcp_connections", "gauge", "Open TCP connections.", dns.tcp_open);
  single(out, "dnsd_dns_tcp_accepted_total", "counter", "TCP connections accepted.", dns.tcp_accepted);
  single(out, "dnsd_dns_tcp_closed_idle_total", "counter", "TCP connections closed for being idle.",
         dns.tcp_closed_idle);
  single(out, "dnsd_dns_tcp_refused_total", "counter", "TCP connections refused by a limit.", dns.tcp_refused);
}

}  // namespace

void append_dns_metrics(std::string& out, const serve::Server::Stats& dns, const answers::Publisher::Stats& table,
                        const registry::checks::Runner::Stats& probes) {
  server_metrics(out, dns);
  single(out, "dnsd_table_names", "gauge", "Names in the answer table.", table.names);
  single(out, "dnsd_table_blocks", "gauge", "Service blocks in the answer table.", table.blocks);
  single(out, "dnsd_table_bytes", "gauge", "Octets of the answer table.", table.bytes);
  single(out, "dnsd_table_retired", "gauge", "Replaced blocks that wait for a grace period.", table.retired);
  single(out, "dnsd_services_fail_open", "gauge",
         "Services that are answered with instances that are not available, for want of others.", table.fail_open);
  single(out, "dnsd_publishes_total", "counter", "Changes published to DNS.", table.published);
  family(out, "dnsd_checks_total", "counter", "Probe results, by verdict.");
  labelled(out, "dnsd_checks_total", "result", "ok", probes.ok);
  labelled(out, "dnsd_checks_total", "result", "warn", probes.warn);
  labelled(out, "dnsd_checks_total", "result", "failed", probes.failed);
  labelled(out, "dnsd_checks_total", "result", "unknown", probes.unknown);
  single(out, "dnsd_check_targets", "gauge", "Checks that are probed.", probes.targets);
  single(out, "dnsd_check_targets_idle", "gauge", "Of them, those probed less often: nobody asks for their services.",
         probes.idle);
  single(out, "dnsd_checks_running", "gauge", "Probes under way.", probes.running);
  single(out, "dnsd_checks_waiting", "gauge", "Probes that are due and wait for a place.", probes.waiting);
  single(out, "dnsd_checks_skipped_total", "counter", "Probes left out because the last one still ran.",
         probes.skipped);
}

void append_forward_metrics(std::string& out, const forward::Forwarder::Stats& stats,
                            const std::vector<std::string>& upstreams) {
  const auto& lookups = stats.lookups;
  single(out, "dnsd_forward_questions_total", "counter", "Questions outside our zones.", lookups.questions);
  family(out, "dnsd_forward_answers_total", "counter", "Questions outside our zones that upstreams were not asked.");
  labelled(out, "dnsd_forward_answers_total", "source", "cache", lookups.from_cache);
  labelled(out, "dnsd_forward_answers_total", "source", "joined", lookups.joined);
  labelled(out, "dnsd_forward_answers_total", "source", "overload", lookups.overload);
  labelled(out, "dnsd_forward_answers_total", "source", "loop", lookups.loops);
  single(out, "dnsd_forward_failed_total", "counter", "Questions that no upstream could answer.", lookups.failed);
  family(out, "dnsd_forward_upstream_queries_total", "counter", "Queries to upstreams, by what came of them.");
  for (std::size_t i = 0; i < upstreams.size() && i < stats.upstreams.size(); ++i) {
    const auto& counts = stats.upstreams[i];
    const auto one = [&](std::string_view result, std::uint64_t value) {
      fmt::format_to(std::back_inserter(out),
                     "dnsd_forward_upstream_queries_total{{upstream=\"{}\",result=\"{}\"}} {}\n", upstreams[i], result,
                     value);
    };
    one("answered", counts.said);
    one("error", counts.errors);
    one("timeout", counts.timeouts);
    one("unreachable", counts.unreachable);
    one("malformed", counts.malformed);
  }
  single(out, "dnsd_forward_under_way", "gauge", "Questions that upstreams are asked now.", stats.under_way);
  single(out, "dnsd_forward_waiting", "gauge", "Clients that wait for them.", stats.waiting);
  single(out, "dnsd_forward_tcp_connections", "gauge", "TCP connections that asked for foreign names.", stats.sessions);
  single(out, "dnsd_forward_tcp_refused_total", "counter", "Those closed for being too many.", stats.sessions_refused);
  single(out, "dnsd_forward_cache_entries", "gauge", "Answers of upstreams that are kept.", stats.cache_entries);
  single(out, "dnsd_forward_cache_bytes", "gauge", "Octets of them.", stats.cache_octets);
}

}  // namespace dnsd
