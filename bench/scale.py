"""A million instances on one node: load and restart, memory of an instance, and the CPU of a query in so large a table."""

import time

import drive
import measure
import peers
import subject
import udp
import workload
from report import Report

QUICK = {"services": 5_000}
SMALL = 10  # services of the table that the large one is compared with
GOAL_SECONDS, GOAL_TABLE, GOAL_INSTANCE, GOAL_RATIO = 10, 250, 1024, 1.5


def arguments(parser):
    parser.add_argument("--services", type=int, default=250_000)


def metric(dnsd, name: str) -> float:
    text = dnsd.server.api(timeout=60).call("GET", "/metrics").body.decode()
    return float(text.split(f"\n{name} ", 1)[1].split()[0])


def load(dnsd, services: int) -> dict:
    empty, before = measure.memory(dnsd.pid), measure.cpu(dnsd.pid)
    wall = dnsd.load(services)
    spent, size = measure.since(dnsd.pid, before).seconds, measure.memory(dnsd.pid)
    return {"what": "load through batch", "wall_s": wall, "cpu_s": spent, "pss_mb": size,
            "each": (size - empty) * 1024 ** 2 / (services * workload.INSTANCES), "by_thread": by_thread(dnsd)}


def by_thread(dnsd) -> str:
    used = sorted(((seconds, name) for name, seconds in measure.thread_cpu(dnsd.pid).items()), reverse=True)
    return ", ".join(f"{name} {seconds:.1f}" for seconds, name in used if seconds >= 0.1)


def restart(bench: drive.Bench, dnsd, services: int) -> tuple:
    """Ready means: all of it is answered again."""
    dnsd.stop()
    again = subject.Dnsd(bench.folder, bench.program, keep=True).start()
    cpu = measure.since(again.pid, (0, 0, 0)).seconds
    size = measure.memory(again.pid)
    return again, {"what": "restart", "wall_s": again.start_seconds, "cpu_s": cpu, "pss_mb": size,
                   "by_thread": by_thread(again), "each": size * 1024 ** 2 / (services * workload.INSTANCES)}


def beside(bench: drive.Bench, services: int, running: list) -> list[dict]:
    """gdnsd, NSD and Knot with the same records; gdnsd keeps running, for the queries."""
    zone, lines = bench.folder / "corp.zone", []
    workload.write_zone(zone, services)
    for kind in peers.installed(bench.peer_names):
        if kind not in (peers.Gdnsd, peers.Nsd, peers.Knot):
            continue
        begin = time.monotonic()
        server = kind(bench.folder, zone).start()
        lines.append({"what": f"{server.name}, from a zone file", "wall_s": time.monotonic() - begin,
                      "cpu_s": measure.since(server.pid, (0, 0, 0)).seconds, "pss_mb": measure.memory(server.pid)})
        lines[-1]["each"] = lines[-1]["pss_mb"] * 1024 ** 2 / (services * workload.INSTANCES)
        if kind is peers.Gdnsd:
            running.append(server)
        else:
            server.stop()
    return lines


def queries(bench: drive.Bench, report: Report, dnsd, others: list, services: int):
    """The same generator on the large table and on a small one, in turns."""
    (bench.folder / "small").mkdir(exist_ok=True)
    small = subject.Dnsd(bench.folder / "small", bench.program).start()
    small.name = f"dnsd, {SMALL} services"
    try:
        small.load(SMALL)
        asked = {}
        for server, count in ((dnsd, services), (small, SMALL), *((other, services) for other in others)):
            asked[server] = bench.folder / f"queries{count}"
            workload.write_queries(asked[server], count, udp.QUERIES, udp.SEED)
        rows = []
        for server, path in asked.items():  # warm, all of it
            drive.run_once(bench, server, path, udp.SETTINGS[0], bench.seconds)
        for _ in range(bench.runs):
            rows += [drive.quiet_run(bench, server, path, udp.SETTINGS[0], bench.seconds) for server, path in asked.items()]
    finally:
        small.stop()
    lines = drive.summary(rows)
    report.keep(rows, test="queries")
    report.table(f"UDP at saturation, {services:,} services", lines, udp.COLUMNS[:-3])
    report.goal(f"CPU per query, of that at {SMALL} services", lines[0]["cpu_us"] / lines[1]["cpu_us"], GOAL_RATIO, " x")


def run(bench: drive.Bench) -> Report:
    report, services, others = Report("scale"), bench.options["services"], []
    instances = services * workload.INSTANCES
    dnsd = subject.Dnsd(bench.folder, bench.program).start()
    try:
        lines = [load(dnsd, services)]
        dnsd, again = restart(bench, dnsd, services)
        lines.append(again)
        table = metric(dnsd, "dnsd_table_bytes") / instances
        lines += beside(bench, services, others)
        report.keep(lines, test="size")
        report.table(f"{instances:,} instances in {services:,} services", lines, [
            ("what", "what", ""), ("wall_s", "seconds", ".1f"), ("cpu_s", "CPU s", ".1f"), ("by_thread", "of which", ""),
            ("pss_mb", "PSS MB", ",.0f"), ("each", "octets an instance", ",.0f")])
        report.goal("server CPU of the load through batch", lines[0]["cpu_s"], GOAL_SECONDS, " s", form=".1f")
        report.goal("server CPU of a restart", lines[1]["cpu_s"], GOAL_SECONDS, " s", form=".1f")
        report.goal("answer table, octets an instance", table, GOAL_TABLE, form=".0f")
        report.goal("registry and all, octets an instance", max(lines[0]["each"], lines[1]["each"]), GOAL_INSTANCE, form=",.0f")
        queries(bench, report, dnsd, others, services)
    finally:
        for server in (dnsd, *others):
            server.stop()
    return report
