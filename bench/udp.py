"""UDP: CPU per query at saturation, and latency at 20,000 queries a second, quiet and while 10,000 changes a second run.

At 10, 10,000 and 100,000 services; `plain` and `mmsg` echoes show what the kernel alone costs.
"""

import json
import subprocess
import time

import drive
import measure
import peers
import subject
import vary
import workload
from report import Report

SETTINGS = [{"sockets": s, "window": w} for s, w in ((1, 32), (1, 100), (4, 25), (16, 6))]
OCTETS = 110  # of gdnsd's mean answer to this mix, which is the smallest of all
QUERIES, SEED, RATE, CHANGES = 200_000, 1, 20_000, 10_000
QUICK = {"services": [10, 10_000]}
GOALS = {10: 1.00, 10_000: 0.95, 100_000: 0.95}

COLUMNS = [("server", "server", ""), ("cpu_us", "CPU us/query", ".2f"), ("cpu_us_min", "min", ".2f"),
           ("cpu_us_max", "max", ".2f"), ("kernel_us", "kernel", ".2f"), ("user_us", "user", ".2f"),
           ("qps", "queries/s", ",.0f"), ("qps_min", "min", ",.0f"), ("qps_max", "max", ",.0f"), ("p50_us", "p50 us", ".0f"),
           ("p99_us", "p99 us", ".0f"), ("octets", "octets", ".0f"), ("lost", "lost", ".0f"), ("window", "in flight", ""),
           ("pss_mb", "PSS MB", ".1f"), ("ready_s", "ready s", ".1f"), ("ratio", "CPU / gdnsd", ".2f")]
LATENCY = [("server", "server", ""), ("p50_us", "p50 us", ".1f"), ("p99_us", "p99 us", ".1f"),
           ("p999_us", "p99.9 us", ".0f"), ("cpu_us", "CPU us/query", ".2f"), ("lost", "lost", ".0f"),
           ("late_p99_us", "sent late p99 us", ".1f"), ("changes", "changes/s", ",.0f")]


def arguments(parser):
    parser.add_argument("--services", type=int, nargs="+", default=[10, 10_000, 100_000])
    parser.add_argument("--rate", type=int, default=RATE, help="of the open loop; 0 leaves it out")
    parser.add_argument("--changes", type=int, default=CHANGES, help="a second, meanwhile; 0 leaves them out")


def start_all(bench: drive.Bench, servers: list, services: int):
    """dnsd, the peers and the echoes; each is added as soon as it runs, so that whoever calls can stop it."""
    zone = bench.folder / "corp.zone"
    workload.write_zone(zone, services)
    for peer in peers.installed(bench.peer_names):
        begin = time.monotonic()
        server = peer(bench.folder, zone)
        servers.append(server.start())
        server.ready_s = time.monotonic() - begin
    dnsd = subject.Dnsd(bench.folder, bench.program).start()
    servers.insert(0, dnsd)
    dnsd.ready_s = dnsd.load(services)
    for kind in ("mmsg", "plain"):
        servers.append(subject.Echo(bench.tool("echo"), kind, OCTETS).start())
    return dnsd


def saturation(bench: drive.Bench, report: Report, servers: list, services: int, queries):
    for server in servers:  # before the load: a cache of packets would be counted
        server.pss_mb = measure.memory(server.pid)
    rows = drive.interleaved(bench, servers, queries, SETTINGS)
    lines = drive.summary(rows)
    gdnsd = next((line["cpu_us"] for line in lines if line["server"] == "gdnsd"), None)
    for line, server in zip(lines, servers):
        line.update(pss_mb=server.pss_mb, ready_s=getattr(server, "ready_s", None),
                    ratio=line["cpu_us"] / gdnsd if gdnsd else None)
    report.keep(rows, services=services, test="saturation")
    report.table(f"UDP at saturation, {services:,} services of {workload.INSTANCES} instances", lines, COLUMNS)
    report.goal(f"CPU per query at {services:,} services, of gdnsd's", lines[0]["ratio"], GOALS.get(services, 0.95), " x")
    plain = next(line["cpu_us"] for line in lines if line["server"] == "echo-plain")
    print(f"  the kernel alone (recvfrom, sendto): {plain:.2f} us; dnsd is {lines[0]['cpu_us'] / plain:.2f} x that")


def open_loop(bench: drive.Bench, report: Report, servers: list, services: int, queries):
    flags = {"rate": bench.options["rate"], "sockets": 4}
    rows = drive.interleaved(bench, servers, queries, [flags], min(bench.runs, 3))
    report.keep(rows, services=services, test="rate")
    report.table(f"Latency at {flags['rate']:,} queries/s over UDP, {services:,} services", drive.summary(rows), LATENCY[:-2])


def change_requests(services: int, size: int = 50):
    """Batches in which each operation changes a weight; sent in a circle, each time another one."""
    total = max(min(services, 10_000) // size, 1)
    for weight in (20, 10):
        for first in range(total):
            body = ",".join(workload.operation((first * size + n) % services, 0, weight) for n in range(size))
            yield workload.request("POST", "/api/v1/batch?return=minimal", f'{{"operations":[{body}]}}')


def with_changes(bench: drive.Bench, report: Report, dnsd, services: int, queries):
    """The load generator is real-time and sleeps between queries, because the changes are sent from its core too; where
    the server's control threads run is the difference between the last two lines."""
    flags, size = {"rate": bench.options["rate"], "sockets": 4, "sleep": 1}, 50
    wanted, requests = bench.options["changes"], bench.folder / "changes"
    workload.write_requests(requests, change_requests(services, size))
    lines, rows = [], []
    for name, core, rate in (("quiet", peers.LOAD_CORE, 0), (f"{wanted:,} changes/s on the other core", peers.LOAD_CORE, wanted),
                             (f"{wanted:,} changes/s on the same core", peers.SERVER_CORE, wanted)):
        dnsd.pin_all_but_dns(core)
        mine = []
        for _ in range(min(bench.runs, 3)):
            before, begin, writer = dnsd.revision(), time.monotonic(), None
            if rate:
                command = [bench.tool("http_load"), "--port", dnsd.http[1], "--requests", requests, "--connections", 4,
                           "--rate", rate / size, "--seconds", bench.seconds + 0.5]
                writer = subprocess.Popen(peers.pinned(peers.LOAD_CORE, command), stdout=subprocess.PIPE, text=True)
            mine.append(drive.run_once(bench, dnsd, queries, flags, bench.seconds))
            if writer:
                told = json.loads(writer.communicate(timeout=60)[0])
                made = told["statuses"].get("200", 0) * size
                mine[-1]["changes"] = made / told["seconds"]
                if dnsd.revision() == before:
                    raise RuntimeError("nothing was changed")
        rows += mine
        lines += [{**line, "server": name} for line in drive.summary(mine)]
    dnsd.pin_all_but_dns(peers.SERVER_CORE)
    report.keep(rows, services=services, test="changes")
    report.table(f"dnsd at {flags['rate']:,} queries/s while the registry changes, {services:,} services", lines, LATENCY)
    quiet, other = lines[0], lines[1]
    report.goal("p99 latency while changes run on the other core, of the quiet one's", other["p99_us"] / quiet["p99_us"], 2, " x")
    report.goal("queries lost meanwhile", other["lost"], 0)
    report.goal("changes a second reached", other.get("changes", 0), 0.95 * wanted, least=True, form=",.0f")


def run(bench: drive.Bench) -> Report:
    report, options = Report("udp"), bench.options
    for services in options["services"]:
        servers, queries = [], bench.folder / "queries"
        workload.write_queries(queries, services, QUERIES, SEED)
        try:
            dnsd = start_all(bench, servers, services)
            drive.same_answers(servers[:-2], queries)
            saturation(bench, report, servers, services, queries)
            if services == options["services"][len(options["services"]) // 2]:
                if options["rate"]:
                    open_loop(bench, report, servers, services, queries)
                if options["rate"] and options["changes"]:
                    with_changes(bench, report, dnsd, services, queries)
        finally:
            for server in servers:
                server.stop()
    vary.run(bench, report)
    return report
