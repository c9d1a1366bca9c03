"""Runs the load against one server after the other, round robin, so that a noisy moment hits all of them.

CPU per query is the figure to trust: the time that the server's whole process tree had a core, divided by the answers.
A run in which others took over 5 % of either core is repeated, within a budget; the quietest is kept.
"""

import dataclasses
import json
import pathlib
import statistics
import subprocess
import sys
import time

import measure
import peers
import wire

QUIET, REPEATS = 0.05, 3


@dataclasses.dataclass
class Bench:
    """What every suite is given."""

    tools: pathlib.Path
    program: pathlib.Path
    folder: pathlib.Path
    peer_names: list[str] | None = None
    runs: int = 5
    seconds: float = 2
    patience: float = 60  # seconds of repeated runs that a suite may spend
    options: dict = dataclasses.field(default_factory=dict)

    def tool(self, name: str) -> pathlib.Path:
        return self.tools / name


def run_once(bench: Bench, server, queries: pathlib.Path, flags: dict, seconds: float) -> dict:
    cores = peers.SERVER_CORE, peers.LOAD_CORE
    command = [bench.tool("load"), "--port", server.port, "--queries", queries, "--seconds", seconds]
    command += [part for flag, value in flags.items() for part in (f"--{flag}", value)]
    before, busy, own = measure.cpu(server.pid), [measure.busy(c) for c in cores], measure.children()
    begin = time.monotonic()
    run = subprocess.run(peers.pinned(peers.LOAD_CORE, command), capture_output=True, text=True)
    wall = time.monotonic() - begin
    if run.returncode != 0:
        sys.exit(f"{server.name}: {run.stderr}")
    spent, result = measure.since(server.pid, before), json.loads(run.stdout)
    others = max(measure.busy(cores[0]) - busy[0] - spent.seconds,
                 measure.busy(cores[1]) - busy[1] - (measure.children() - own), 0) / wall
    answered = max(result["answered"], 1)
    return {**result, "server": server.name, "setting": flags, "cpu_us": spent.seconds * 1e6 / answered,
            "user_us": spent.user * 1e6 / answered, "kernel_us": spent.kernel * 1e6 / answered, "others": others}


def quiet_run(bench: Bench, *how) -> dict:
    seen = []
    for _ in range(REPEATS):
        begin = time.monotonic()
        seen.append(run_once(bench, *how))
        if seen[-1]["others"] <= QUIET or bench.patience <= 0:
            break
        bench.patience -= time.monotonic() - begin
    return min(seen, key=lambda r: r["others"])


def best_setting(bench: Bench, server, queries: pathlib.Path, settings: list[dict]) -> dict:
    """The one with the most answers a second, from a short try of each; the warm-up as well."""
    seconds = min(0.5, bench.seconds)
    return max(settings, key=lambda flags: run_once(bench, server, queries, flags, seconds)["qps"])


def interleaved(bench: Bench, servers: list, queries: pathlib.Path, settings: list[dict], runs: int | None = None) -> list:
    best = {s.name: best_setting(bench, s, queries, settings) if len(settings) > 1 else settings[0] for s in servers}
    rows = []
    for number in range(runs or bench.runs):
        for server in servers if number % 2 == 0 else servers[::-1]:
            rows.append(quiet_run(bench, server, queries, best[server.name], bench.seconds))
    return rows


def summary(rows: list) -> list[dict]:
    """One line for each server: medians, and the extremes of the two figures that are compared."""
    out = []
    for name in dict.fromkeys(r["server"] for r in rows):
        mine = [r for r in rows if r["server"] == name]
        line = {key: statistics.median(r[key] for r in mine) for key, value in mine[0].items()
                if isinstance(value, (int, float)) and not isinstance(value, bool)}
        for key in ("cpu_us", "qps"):
            line[f"{key}_min"], line[f"{key}_max"] = min(r[key] for r in mine), max(r[key] for r in mine)
        for key in ("lost", "strange", "closed"):
            line[key] = sum(r[key] for r in mine)
        flags = mine[0]["setting"]
        out.append({"server": name, "window": f"{flags['sockets']} x {flags.get('window', '-')}", **line})
    return out


def same_answers(servers: list, queries: pathlib.Path, count: int = 1000):
    """A faster wrong answer is worth nothing: rcode and answer sections agree on the first queries."""
    for line in queries.read_text().splitlines()[:count]:
        seen = {}
        for server in servers:
            reply = wire.ask(("127.0.0.1", server.port), *line.split())
            answer = reply.rcode, reply.aa, reply.tc, tuple(sorted(r.text() for r in reply.answer))
            seen.setdefault(answer, []).append(server.name)
        if len(seen) != 1:
            sys.exit(f"{line}: the servers disagree: {seen}")
