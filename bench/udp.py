#!/usr/bin/python3
"""dnsd beside NSD: the same workload over UDP, interleaved, the server on one core and the load on another.

    udp.py --build build/bench --program build/release/dnsd [--services 10000] [--runs 5] [--seconds 3]

CPU per query is the figure to trust: user and system time of the server's whole process tree at saturation, divided
by the answers. Queries per second depend on the other core as well. Runs go round robin, so that a noisy moment hits
both; a run in which others took over 5 % of either core is repeated. Only 127.0.0.1 is asked.
"""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/lib")]
import measure  # noqa: E402
import server as dnsd  # noqa: E402
import wire  # noqa: E402
import workload  # noqa: E402

SERVER_CORE, LOAD_CORE = "0", "1"
SETTINGS = ((1, 32), (1, 100), (4, 25), (16, 6))  # sockets, queries in flight on each
BATCH, QUERIES, SEED, QUIET, REPEATS = 1000, 200_000, 1, 0.05, 4

NSD = """server:
    server-count: 1
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    logfile: "{folder}/nsd.log"
    rrl-ratelimit: 0
    round-robin: no
    zonefiles-check: no
    zonefiles-write: 0
remote-control:
    control-enable: no
zone:
    name: {origin}
    zonefile: corp.zone
"""


class Nsd:
    name = "nsd"

    def __init__(self, folder: pathlib.Path):
        with dnsd.socket.socket(dnsd.socket.AF_INET, dnsd.socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        config = folder / "nsd.conf"
        config.write_text(NSD.format(port=self.port, folder=folder, origin=workload.ORIGIN))
        program = shutil.which("nsd") or "/usr/sbin/nsd"
        self.process = subprocess.Popen(["taskset", "-c", SERVER_CORE, program, "-d", "-c", str(config)],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.pid = self.process.pid
        dnsd.wait_until(lambda: wire.ask_udp(("127.0.0.1", self.port), wire.query("svc0.corp", "A"), 0.2), 60, "NSD answers")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Dnsd:
    name = "dnsd"

    def __init__(self, folder: pathlib.Path, program: pathlib.Path, services: int):
        data = folder / "dnsd-data"
        shutil.rmtree(data, ignore_errors=True)
        self.server = dnsd.Server(folder=str(data), args=["--workers", "1"], program=str(program)).start()
        self.port, self.pid = self.server.dns[1], self.server.pid
        self.load_seconds = self.load(services)
        subprocess.run(["taskset", "-apc", SERVER_CORE, str(self.pid)], check=True, capture_output=True)

    def load(self, services: int) -> float:
        api, pending = self.server.api(timeout=120), []
        begin = time.monotonic()

        def send():
            answer = api.batch(pending, "?return=minimal")
            if answer.status != 200 or {r["status"] for r in answer.json()["results"]} != {201}:
                sys.exit(f"batch: {answer}")

        for operation in workload.operations(services):
            pending.append(operation)
            if len(pending) == BATCH:
                send()
                pending = []
        if pending:
            send()
        return time.monotonic() - begin

    def stop(self):
        self.server.stop()
        self.server.work.cleanup()


def same_answers(servers: list, queries: pathlib.Path, count: int = 2000):
    """A faster wrong answer is worth nothing: rcode and answer sections agree on the first queries."""
    for line in queries.read_text().splitlines()[:count]:
        seen = set()
        for server in servers:
            reply = wire.ask(("127.0.0.1", server.port), *line.split())
            seen.add((reply.rcode, reply.aa, reply.tc, tuple(sorted(r.text() for r in reply.answer))))
        if len(seen) != 1:
            sys.exit(f"{line}: the servers disagree: {seen}")


def run_once(server, load: pathlib.Path, queries: pathlib.Path, setting: tuple, seconds: float) -> dict:
    before, server_busy, load_busy = measure.cpu(server.pid), measure.busy(int(SERVER_CORE)), measure.busy(int(LOAD_CORE))
    begin, own = time.monotonic(), os.times()
    run = subprocess.run(["taskset", "-c", LOAD_CORE, str(load), "--port", str(server.port), "--queries", str(queries),
                          "--sockets", str(setting[0]), "--window", str(setting[1]), "--seconds", str(seconds)],
                         capture_output=True, text=True, check=True)
    wall, ended = time.monotonic() - begin, os.times()
    after, result = measure.cpu(server.pid), json.loads(run.stdout)
    nanoseconds, user, system = (b - a for a, b in zip(before, after))
    answered = max(result["answered"], 1)
    load_cpu = ended.children_user + ended.children_system - own.children_user - own.children_system
    others = max(measure.busy(int(SERVER_CORE)) - server_busy - nanoseconds / 1e9,
                 measure.busy(int(LOAD_CORE)) - load_busy - load_cpu, 0) / wall
    share = system / (user + system) if user + system else 0
    return {**result, "server": server.name, "setting": setting, "cpu_us": nanoseconds / 1e3 / answered,
            "user_us": nanoseconds / 1e3 / answered * (1 - share), "kernel_us": nanoseconds / 1e3 / answered * share,
            "others": others}


def quiet_run(*args) -> dict:
    seen = []
    for _ in range(REPEATS):
        seen.append(run_once(*args))
        if seen[-1]["others"] <= QUIET:
            break
    return min(seen, key=lambda r: r["others"])


def table(servers: list, rows: list):
    print(f"{'server':8} {'cpu us/q':>9} {'min':>6} {'max':>6} {'kernel':>7} {'user':>6} {'qps':>9} {'min':>9} {'max':>9} "
          f"{'p50 us':>7} {'p99 us':>7} {'octets':>7} {'lost':>5} {'others %':>8} {'PSS MB':>7}")
    for server in servers:
        mine = [r for r in rows if r["server"] == server.name]

        def column(key: str, kind=statistics.median, mine=mine):
            return kind([r[key] for r in mine])

        print(f"{server.name:8} {column('cpu_us'):9.2f} {column('cpu_us', min):6.2f} {column('cpu_us', max):6.2f} "
              f"{column('kernel_us'):7.2f} {column('user_us'):6.2f} {column('qps'):9.0f} {column('qps', min):9.0f} "
              f"{column('qps', max):9.0f} {column('p50_us'):7.1f} {column('p99_us'):7.1f} {column('octets'):7.1f} "
              f"{column('lost', sum):5d} {100 * column('others', max):8.1f} {measure.memory(server.pid):7.1f}")


def main() -> int:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--program", type=pathlib.Path, required=True, help="the dnsd that is measured")
    parser.add_argument("--services", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    args = parser.parse_args()
    if (os.cpu_count() or 1) < 2:
        sys.exit("two cores are needed: one for the server, one for the load")
    folder = (args.build / "udp").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    queries, load = folder / "queries", (args.build / "load").resolve()
    workload.write_zone(folder / "corp.zone", args.services)
    workload.write_queries(queries, args.services, QUERIES, SEED)
    servers, rows = [], []
    try:
        servers.append(Nsd(folder))
        servers.append(Dnsd(folder, args.program.resolve(), args.services))
        print(f"load: {args.services} services x {workload.INSTANCES} through batch in {servers[1].load_seconds:.2f} s")
        same_answers(servers, queries)
        best = {}
        for server in servers:  # also the warm-up
            tried = [(run_once(server, load, queries, setting, 1)["qps"], setting) for setting in SETTINGS]
            best[server.name] = max(tried)[1]
        for number in range(args.runs):
            for server in servers if number % 2 == 0 else servers[::-1]:
                rows.append(quiet_run(server, load, queries, best[server.name], args.seconds))
        table(servers, rows)
    finally:
        for server in servers:
            server.stop()
    ratio = (statistics.median(r["cpu_us"] for r in rows if r["server"] == "dnsd") /
             statistics.median(r["cpu_us"] for r in rows if r["server"] == "nsd"))
    print(f"CPU per query: dnsd takes {ratio:.2f} of NSD's")
    facts = measure.machine(ROOT)
    name = f"udp-{datetime.datetime.now(datetime.UTC):%Y%m%dT%H%M%SZ}-{facts['commit']}.json"
    (ROOT / "bench/results").mkdir(exist_ok=True)
    (ROOT / "bench/results" / name).write_text(json.dumps(
        {"machine": facts, "services": args.services, "seed": SEED, "load_seconds": servers[1].load_seconds,
         "settings": best, "rows": rows}, indent=1) + "\n")
    print(f"written: bench/results/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
