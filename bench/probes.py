"""Health checks: probes a second and what one costs; and from a check's last failing answer to DNS without the instance."""

import json
import random
import selectors
import socket
import subprocess
import time

import change
import drive
import measure
import peers
import subject
import wire
import workload
from report import Report

ADDRESSES, INTERVAL = 64, 0.5  # of the targets, in 127.1.0.0/16; seconds
FALL, GROUP = 3, 10


def many(bench: drive.Bench, report: Report):
    """More probes are wanted than one core does, so that what is done is what it can."""
    count = bench.options["probes"]
    target = subprocess.Popen(peers.pinned(peers.LOAD_CORE, [bench.tool("http_target"), ADDRESSES]), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    port = int(target.stdout.readline())

    def told() -> dict:
        target.stdin.write("\n")
        target.stdin.flush()
        return json.loads(target.stdout.readline())

    dnsd = subject.Dnsd(bench.folder, bench.program).start()
    try:
        api = dnsd.server.api(timeout=60)
        for first in range(0, count, subject.BATCH):
            answer = api.batch([{"method": "PUT", "path": workload.instance_path(n // 4, n % 4),
                                 "body": {"address": f"127.1.0.{n % ADDRESSES + 1}", "port": port,
                                          "checks": [{"http": "/health", "interval": f"{int(INTERVAL * 1000)}ms"}]}}
                                for n in range(first, min(first + subject.BATCH, count))], "?return=minimal")
            assert answer.status == 200, answer
        subject.harness.wait_until(lambda: told()["requests"] >= count, 60, "each instance was probed once")
        before, begin, start, threads = told(), time.monotonic(), measure.cpu(dnsd.pid), measure.thread_cpu(dnsd.pid)
        subject.harness.wait_until(lambda: time.monotonic() - begin > 3 * bench.seconds, 60, "the probes run", 0.1)
        after, wall, spent = told(), time.monotonic() - begin, measure.since(dnsd.pid, start)
        threads = {name: used - threads.get(name, 0) for name, used in measure.thread_cpu(dnsd.pid).items()}
    finally:
        dnsd.stop()
        target.kill()
        target.communicate()
    made = max(after["requests"] - before["requests"], 1)
    line = {"what": f"{count:,} HTTP checks, {1 / INTERVAL:.0f} a second each", "rate": made / wall,
            "cpu_us": spent.seconds * 1e6 / made, "kernel_us": spent.kernel * 1e6 / made, "busy": spent.seconds / wall,
            "probes_us": threads.get("probes", 0) * 1e6 / made, "per_core": made / spent.seconds,
            "connections": (after["connections"] - before["connections"]) / made}
    report.table("Probes, the server on one core, targets on another", [line], [
        ("what", "what", ""), ("rate", "probes/s", ",.0f"), ("cpu_us", "CPU us/probe", ".1f"), ("kernel_us", "kernel", ".1f"),
        ("probes_us", "in the probe thread", ".1f"), ("busy", "of a core", ".2f"), ("per_core", "so a core does", ",.0f"),
        ("connections", "connections/probe", ".2f")])
    report.keep([line], test="probes")
    report.goal("probes a second on one core", line["per_core"], 10_000, least=True, form=",.0f")


class Patients:
    """HTTP targets of our own on one port of 127.2.0.0/16, one address each, that can be told to fail."""

    def __init__(self, count: int):
        self.ready, self.failing, self.failed = selectors.DefaultSelector(), set(), {}
        self.listeners = [socket.socket() for _ in range(count)]
        port = 0
        for n, listener in enumerate(self.listeners):
            listener.bind((f"127.2.0.{n + 1}", port))
            port = listener.getsockname()[1]
            listener.listen(64)
            listener.setblocking(False)
            self.ready.register(listener, selectors.EVENT_READ, (n, True))
        self.port = port

    def step(self, patience: float = 0):
        for key, _ in self.ready.select(patience):
            n, listens = key.data
            if listens:
                accepted = key.fileobj.accept()[0]
                self.ready.register(accepted, selectors.EVENT_READ, (n, False))
            elif not self.answer(key.fileobj, n):
                self.ready.unregister(key.fileobj)
                key.fileobj.close()

    def answer(self, connection: socket.socket, n: int) -> bool:
        try:
            if not connection.recv(8192):
                return False
            bad = n in self.failing
            connection.send(b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % (b"500 Ill" if bad else b"200 OK"))
        except ConnectionError:
            return False
        if bad:
            self.failed.setdefault(n, []).append(time.perf_counter())
        return True

    def close(self):
        for key in list(self.ready.get_map().values()):
            key.fileobj.close()
        self.ready.close()


def unavailable(bench: drive.Bench, report: Report):
    """Each of a group fails from a random moment on; after its third failing answer DNS is asked without pause."""
    dnsd, patients, delays, rounds = subject.Dnsd(bench.folder, bench.program).start(), Patients(GROUP), [], bench.options["flips"]
    asker = change.wire_socket(dnsd.port)
    try:
        for n in range(GROUP):
            dnsd.server.api().register(f"svc{n}.{workload.ORIGIN}", "i0", {
                "address": f"127.2.0.{n + 1}", "port": patients.port,
                "checks": [{"http": "/", "interval": "100ms", "timeout": "100ms", "fall": FALL, "rise": 1, "ok": 1}]})
        for number in range(rounds):
            until(patients, lambda: all(answers(asker, n) for n in range(GROUP)))
            delays += fail_all(patients, asker, random.Random(number))
            patients.failing.clear()
            patients.failed.clear()
    finally:
        asker.close()
        patients.close()
        dnsd.stop()
    line = {"what": f"{len(delays)} failures, {FALL} probes each", "p50": change.percentile(delays, .5) * 1e3,
            "p99": change.percentile(delays, .99) * 1e3, "most": max(delays) * 1e3}
    report.keep([line], test="unavailable")
    report.table("From the last failing answer of a check to the first DNS answer without the instance", [line],
                 [("what", "what", ""), ("p50", "p50 ms", ".2f"), ("p99", "p99 ms", ".2f"), ("most", "most ms", ".2f")])
    report.goal("failed last probe -> first answer without it, p99", line["p99"], 5, " ms", form=".2f")


def answers(asker: socket.socket, n: int) -> bool:
    return change.answered(asker, n, f"127.2.0.{n + 1}")


def until(patients: Patients, condition):
    end = time.monotonic() + 30
    while not condition():
        patients.step(0.001)
        if time.monotonic() > end:
            raise RuntimeError("the instances did not become available")


def fail_all(patients: Patients, asker: socket.socket, pick: random.Random) -> list[float]:
    begin, delays = time.perf_counter(), {}
    starts = {n: begin + pick.random() * 0.3 for n in range(GROUP)}
    while len(delays) < GROUP:
        patients.step()
        at = time.perf_counter()
        patients.failing |= {n for n, start in starts.items() if start <= at}
        for n, failures in patients.failed.items():
            if len(failures) >= FALL and n not in delays and not answers(asker, n):
                delays[n] = time.perf_counter() - failures[FALL - 1]
        if at - begin > 30:
            raise RuntimeError("an instance that fails stays in DNS")
    return list(delays.values())


def run(bench: drive.Bench, report: Report):
    many(bench, report)
    unavailable(bench, report)
