"""TCP on kept connections: pipelined, with one query in flight on each of 64, with 10,000 connections open; and the
answer of a service of 5,000 instances, which fills a whole message, with what each of its changes costs."""

import time

import drive
import measure
import peers
import subject
import udp
import workload
from report import Report

PIPELINED = [{"tcp": 1, "sockets": s, "window": w} for s, w in ((4, 64), (16, 16))]
SINGLE = [{"tcp": 1, "sockets": 64, "window": 1}]
LARGE, HELD = 5_000, 10_000

COLUMNS = [("server", "server", ""), ("qps", "queries/s", ",.0f"), ("qps_min", "min", ",.0f"), ("qps_max", "max", ",.0f"),
           ("cpu_us", "CPU us/query", ".2f"), ("kernel_us", "kernel", ".2f"), ("user_us", "user", ".2f"),
           ("p50_us", "p50 us", ".0f"), ("p99_us", "p99 us", ".0f"), ("lost", "lost", ".0f"), ("window", "in flight", ""),
           ("speed", "queries/s / gdnsd", ".2f"), ("ratio", "CPU / gdnsd", ".2f")]
HOLDING = [("server", "server", ""), ("alive", "alive after", ",.0f"), ("qps", "queries/s", ",.0f"),
           ("cpu_us", "CPU us/query", ".2f"), ("p99_us", "p99 us", ".0f"), ("kib", "KiB a connection", ".1f")]


def arguments(parser):
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--held", type=int, default=HELD, help="connections held open; 0 leaves that out")
    parser.add_argument("--large", type=int, default=LARGE, help="instances of the large service; 0 leaves it out")


def beside_gdnsd(lines: list[dict]):
    gdnsd = next((line for line in lines if line["server"] == "gdnsd"), None)
    for line in lines:
        line["speed"] = line["qps"] / gdnsd["qps"] if gdnsd else None
        line["ratio"] = line["cpu_us"] / gdnsd["cpu_us"] if gdnsd else None
    return lines


def throughput(bench: drive.Bench, report: Report, servers: list, queries):
    runs = min(bench.runs, 3)
    rows = drive.interleaved(bench, servers, queries, PIPELINED, runs)
    lines = beside_gdnsd(drive.summary(rows))
    report.keep(rows, test="pipelined")
    report.table("TCP, pipelined (the better of 4 connections x 64 in flight and 16 x 16)", lines, COLUMNS)
    report.goal("queries/s on pipelined connections, of gdnsd's", lines[0]["speed"], 4, " x", least=True)
    rows = drive.interleaved(bench, servers, queries, SINGLE, runs)
    lines = beside_gdnsd(drive.summary(rows))
    report.keep(rows, test="single")
    report.table("TCP, 64 connections with one query in flight on each", lines, COLUMNS)
    report.goal("CPU per query with one in flight per connection, of gdnsd's", lines[0]["ratio"], 1, " x")


def holding(bench: drive.Bench, report: Report, servers: list, queries):
    held, lines = bench.options["held"], []
    for server in servers:
        before = measure.memory(server.pid)
        with measure.Peak(server.pid) as peak:
            run = drive.run_once(bench, server, queries, {**SINGLE[0], "held": held}, bench.seconds)
        lines.append({**run, "kib": max(peak.most - before, 0) * 1024 / held})
    report.keep(lines, test="held")
    report.table(f"{held:,} connections opened, asked and held, while 64 others are answered (CPU with the opening)",
                 lines, HOLDING)
    report.goal("connections alive of those held", lines[0]["alive"], held, least=True, form=",.0f")


def large_service(bench: drive.Bench, report: Report, dnsd):
    instances, name = bench.options["large"], f"large.{workload.ORIGIN}"
    api = dnsd.server.api(timeout=60)
    for first in range(0, instances, subject.BATCH):
        answer = api.batch([{"method": "PUT", "path": f"/api/v1/services/{name}/instances/n{i}",
                             "body": {"address": workload.address(i, 5), "port": 80 + i}}
                            for i in range(first, min(first + subject.BATCH, instances))], "?return=minimal")
        assert answer.status == 200, answer
    queries = bench.folder / "large"
    queries.write_text(f"{name} SRV\n")
    run = drive.run_once(bench, dnsd, queries, {"tcp": 1, "sockets": 4, "window": 2}, bench.seconds)
    before, count, begin = measure.cpu(dnsd.pid), 300, time.monotonic()
    for i in range(count):
        body = {"address": workload.address(i % instances, 5), "port": 80 + i, "weight": 1 + i % 60}
        api.register(name, f"n{i % instances}", body)
    spent, wall = measure.since(dnsd.pid, before).seconds, time.monotonic() - begin
    line = {"what": f"SRV of {instances:,} instances over TCP", **run, "change_us": spent * 1e6 / count,
            "wall_us": wall * 1e6 / count}
    report.table("A large service", [line], [
        ("what", "question", ""), ("octets", "octets", ",.0f"), ("truncated", "with TC", ",.0f"), ("cpu_us", "CPU us/answer", ".1f"),
        ("user_us", "user", ".1f"), ("change_us", "CPU us/change", ".0f"), ("wall_us", "us/change, one after the other", ".0f")])
    report.goal("CPU of one full answer over TCP", run["cpu_us"], 100, " us", form=".1f")
    report.goal("CPU of one change to it", line["change_us"], 1000, " us", form=".0f")


def run(bench: drive.Bench) -> Report:
    report, services = Report("tcp"), bench.options["services"]
    servers, queries = [], bench.folder / "queries"
    workload.write_queries(queries, services, udp.QUERIES, udp.SEED)
    try:
        dnsd = subject.Dnsd(bench.folder, bench.program).start()
        servers.append(dnsd)
        dnsd.load(services)
        workload.write_zone(bench.folder / "corp.zone", services)
        for peer in peers.installed(bench.peer_names):
            servers.append(peer(bench.folder, bench.folder / "corp.zone").start())
        servers.append(subject.Echo(bench.tool("echo"), "tcp", udp.OCTETS).start())
        throughput(bench, report, servers, queries)
        if bench.options["held"]:
            holding(bench, report, servers, queries)
        if bench.options["large"]:
            large_service(bench, report, dnsd)
    finally:
        for server in servers:
            server.stop()
    return report
