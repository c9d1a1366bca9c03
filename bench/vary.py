"""What it costs that answers vary: the same A queries for services whose answers are fixed, rotated and sampled."""

import drive
import subject
import workload
from report import Report

SERVICES = 100
FLAGS = {"sockets": 1, "window": 64}
# name, what it is, instances, order, are the weights equal
KINDS = (("fixed", "fixed: 8 of 8", 8, "stable", True), ("rotated", "rotated: 8 of 8", 8, "weighted", True),
         ("unequal", "first by weight: 8 of 8", 8, "weighted", False),
         ("sampled", "sampled by weight: 8 of 40", 40, "weighted", False))
COLUMNS = [("server", "answer", ""), ("records", "records", ".1f"), ("octets", "octets", ".0f"), ("cpu_us", "CPU us/query", ".2f"),
           ("user_us", "user", ".2f"), ("more_ns", "user ns more than fixed", ".0f")]


def register(dnsd, name: str, instances: int, order: str, equal: bool):
    api = dnsd.server.api(timeout=60)
    for s in range(SERVICES):
        service = f"{name}{s}.{workload.ORIGIN}"
        answer = api.call("PUT", f"/api/v1/services/{service}", {"order": order})
        assert answer.status in (200, 201), answer
        answer = api.batch([{"method": "PUT", "path": f"/api/v1/services/{service}/instances/i{i}",
                             "body": {"address": workload.address(s * 8, i), "port": 80, "weight": 10 if equal else 1 + i * 7 % 50}}
                            for i in range(instances)], "?return=minimal")
        assert answer.status == 200, answer


def run(bench: drive.Bench, report: Report):
    dnsd, rows = subject.Dnsd(bench.folder, bench.program).start(), []
    try:
        for name, _, *how in KINDS:
            register(dnsd, name, *how)
            (bench.folder / name).write_text("".join(f"{name}{s}.{workload.ORIGIN} A\n" for s in range(SERVICES)))
            drive.run_once(bench, dnsd, bench.folder / name, FLAGS, min(bench.seconds, 0.3))
        for _ in range(bench.runs):
            rows += [{**drive.quiet_run(bench, dnsd, bench.folder / name, FLAGS, bench.seconds), "server": what}
                     for name, what, *_ in KINDS]
    finally:
        dnsd.stop()
    lines = drive.summary(rows)
    for line in lines:
        line["more_ns"] = (line["user_us"] - lines[0]["user_us"]) * 1e3
    report.keep(rows, test="vary")
    report.table("Answers that vary, UDP at saturation", lines, COLUMNS)
    report.goal("CPU in user space of an answer that varies, more than of a fixed one", max(line["more_ns"] for line in lines[1:]),
                100, " ns", form=".0f")
