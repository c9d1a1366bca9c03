"""The control plane: registrations and heartbeats a second, how soon a change is answered, watchers, probes."""

import json
import os
import statistics
import subprocess
import time

import change
import drive
import measure
import peers
import probes
import subject
import workload
from report import Report

CLIENTS = 64
QUICK = {"registrations": 5_000, "heartbeats": 1_000, "watchers": 1_000, "probes": 1_000, "sizes": [1_000], "flips": 5}

THROUGHPUT = [("what", "what", ""), ("rate", "a second", ",.0f"), ("cpu_us", "CPU us each", ".1f"), ("p50_us", "p50 us", ",.0f"),
              ("p99_us", "p99 us", ",.0f"), ("by_thread", "of which", "")]
WATCHING = [("what", "what", ""), ("heard", "heard", ",.0f"), ("first_ms", "first ms", ".1f"), ("p50_ms", "p50 ms", ".1f"),
            ("p99_ms", "p99 ms", ".1f"), ("last_ms", "last ms", ".1f"), ("cpu_us", "CPU us each", ".1f")]


def arguments(parser):
    parser.add_argument("--registrations", type=int, default=60_000)
    parser.add_argument("--heartbeats", type=int, default=20_000, help="instances that send them")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="services, for changes one by one")
    parser.add_argument("--watchers", type=int, default=10_000)
    parser.add_argument("--probes", type=int, default=10_000, help="instances with a check")
    parser.add_argument("--flips", type=int, default=50, help="rounds of failing checks, ten in each")


def fsync_us(folder) -> float:
    """The median of what the disk under the store takes to make 4 KiB durable."""
    path, times = folder / "fsync", []
    with open(path, "wb", buffering=0) as out:
        for _ in range(200):
            out.write(b"x" * 4096)
            begin = time.perf_counter()
            os.fdatasync(out.fileno())
            times.append((time.perf_counter() - begin) * 1e6)
    path.unlink()
    return statistics.median(times)


def http_load(bench: drive.Bench, dnsd, requests, connections: int, **flags) -> dict:
    path = bench.folder / "requests"
    workload.write_requests(path, requests)
    command = [bench.tool("http_load"), "--port", dnsd.http[1], "--requests", path, "--connections", connections]
    command += [part for flag, value in flags.items() for part in (f"--{flag}", value)]
    before, threads = measure.cpu(dnsd.pid), measure.thread_cpu(dnsd.pid)
    run = subprocess.run(peers.pinned(peers.LOAD_CORE, command), capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(run.stderr)
    spent, told, after = measure.since(dnsd.pid, before), json.loads(run.stdout), measure.thread_cpu(dnsd.pid)
    parts = {name: 1e6 * (after[name] - threads.get(name, 0)) / told["answered"] for name in after}
    shares = sorted(((us, name) for name, us in parts.items() if us >= 0.1), reverse=True)
    return {**told, "cpu_us": spent.seconds * 1e6 / told["answered"],
            "by_thread": ", ".join(f"{name} {us:.1f}" for us, name in shares)}


def expect(told: dict, *statuses: str):
    if set(told["statuses"]) - set(statuses) or told["unanswered"]:
        raise RuntimeError(f"expected {statuses}: {told}")


def registrations(bench: drive.Bench, report: Report, dnsd):
    lines, count = [], bench.options["registrations"]
    put = [workload.request("PUT", workload.instance_path(n // 4, n % 4), workload.instance_body(n // 4, n % 4))
           for n in range(count)]
    told = http_load(bench, dnsd, put, CLIENTS, once=1)
    expect(told, "201")
    lines.append({"what": f"durable registrations, {CLIENTS} clients", **told})
    single = [workload.request("PUT", workload.instance_path(n // 4, n % 4), workload.instance_body(n // 4, n % 4, 11))
              for n in range(min(count, 5_000))]
    told = http_load(bench, dnsd, single, 1, once=1)
    expect(told, "200")
    lines.append({"what": "the same from one client", **told})
    leased = min(bench.options["heartbeats"], count)
    operations = [workload.operation(n // 4, n % 4).replace('"weight":10', '"lease":"10m"') for n in range(leased)]
    batches = [workload.request("POST", "/api/v1/batch?return=minimal", f'{{"operations":[{",".join(operations[at:at + 1000])}]}}')
               for at in range(0, leased, 1000)]
    expect(http_load(bench, dnsd, batches, 1, once=1), "200")
    beats = [workload.request("PUT", workload.instance_path(n // 4, n % 4) + "/heartbeat") for n in range(leased)]
    told = http_load(bench, dnsd, beats, CLIENTS, seconds=bench.seconds)
    expect(told, "204")
    lines.append({"what": f"heartbeats, {CLIENTS} clients, one core", **told})
    report.keep(lines, test="throughput")
    report.table(f"Writes, the server on one core; one fdatasync of 4 KiB takes {fsync_us(bench.folder):.0f} us here",
                 lines, THROUGHPUT)
    report.goal("durable registrations a second", lines[0]["rate"], 20_000, least=True, form=",.0f")
    report.goal("heartbeats a second on one core", lines[2]["rate"], 50_000, least=True, form=",.0f")


def woken(bench: drive.Bench, dnsd, what: str, request: bytes, service: int) -> dict:
    """Watchers of one service, all parked; then one change, and when each of them heard of it."""
    count, path = bench.options["watchers"], bench.folder / "watch"
    workload.write_requests(path, [request])
    command = [bench.tool("http_load"), "--port", dnsd.http[1], "--requests", path, "--connections", count, "--hold", 1,
               "--seconds", 10]
    api = dnsd.server.api()

    def parked():
        text = api.call("GET", "/metrics").body.decode()
        return float(text.split("\ndnsd_http_watchers ", 1)[1].split()[0]) >= count

    holder = subprocess.Popen(peers.pinned(peers.LOAD_CORE, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout.readline() == "sent\n", "the watchers could not connect"
        subject.harness.wait_until(parked, 30, f"{count} watchers are parked")
        holder.stdin.write("go\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "armed\n"
        before, begin = measure.cpu(dnsd.pid), time.monotonic_ns()
        api.call("PUT", workload.instance_path(service, 0), workload.instance_body(service, 0, weight=77))
        told = json.loads(holder.stdout.readline())
        cpu = measure.since(dnsd.pid, before).seconds
    finally:
        holder.kill()
        holder.communicate()
    after = {key.replace("_ns", "_ms"): (told[key] - begin) / 1e6 for key in told if key.endswith("_ns")}
    return {"what": what, "heard": told["heard"], **after, "cpu_us": cpu * 1e6 / max(told["heard"], 1)}


def watchers(bench: drive.Bench, report: Report, dnsd):
    count, name = bench.options["watchers"], f"svc0.{workload.ORIGIN}"
    index = int(dnsd.server.api().call("GET", f"/api/v1/services/{name}").headers["X-Dnsd-Index"])
    poll = workload.request("GET", f"/api/v1/services/{name}?index={index}&wait=5m")
    lines = [woken(bench, dnsd, f"{count:,} long polls", poll, 0),
             woken(bench, dnsd, f"{count:,} event streams", workload.request("GET", f"/api/v1/watch?service=svc1.{workload.ORIGIN}"), 1)]
    report.keep(lines, test="watchers")
    report.table("Watchers of one service, woken by one change (from sending it)", lines, WATCHING)
    for line in lines:
        report.goal(f"{line['what']} that heard of it", line["heard"], count, least=True, form=",.0f")


def run(bench: drive.Bench) -> Report:
    report = Report("control")
    for part in (registrations, watchers):
        dnsd = subject.Dnsd(bench.folder, bench.program).start()
        try:
            if part is watchers:
                dnsd.load(10)
            part(bench, report, dnsd)
        finally:
            dnsd.stop()
    change.run(bench, report)
    probes.run(bench, report)
    return report
