"""L1: the time of day jumps (false_clock.c moves it for the daemon alone; the monotonic clock runs on, as in life).

Before each jump an instance with a lease of a second is registered and never renewed: it must go in its own time, not
sooner, and its going must be noted at the new time of day, else nothing jumped. All others must stay, the override of
an hour as well: its end counts down on the monotonic clock (docs/health.md).
"""

import mmap
import pathlib
import struct
import subprocess
import tempfile
import threading
import time
from datetime import datetime, timezone

import server as dnsd
from api_tools import beat, pause, put, run_all
from fleet import Fleet
from row import Measure, Row
from watch import Watch, expecting

KEPT, LEASE, DOOMED_LEASE = 20, 5, 1.0
YEAR = 365 * 86_400
CONFIG = '[[namespace]]\nname = "corp"\nmax_answers = 0\n'


class TimeOfDay:
    """What the daemon believes, as an offset to ours."""

    def __init__(self, folder: str):
        self.library, self.file = pathlib.Path(folder) / "false_clock.so", pathlib.Path(folder) / "offset"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", self.library,
                        pathlib.Path(__file__).with_name("false_clock.c")], check=True)
        self.file.write_bytes(bytes(8))
        with open(self.file, "r+b") as file:
            self.page = mmap.mmap(file.fileno(), 8)

    def set(self, offset: int):
        self.page[:] = struct.pack("=q", offset)

    def command(self, monotonic_too: bool = False) -> list[str]:
        return ["env", f"LD_PRELOAD={self.library}", f"FALSE_CLOCK={self.file}",
                *(["FALSE_CLOCK_ALL=1"] if monotonic_too else [])]


def jumps(m: Measure) -> list[int]:
    """Offsets, one after the other; the first six are the ones everybody fears."""
    to_1970 = 60 - int(time.time())
    listed = [3600, -3600, 10 * YEAR, -10 * YEAR, to_1970, 0]
    more = [m.random.choice([3600, -3600, 10 * YEAR, -10 * YEAR, to_1970, 0, m.random.randrange(-YEAR, YEAR)])
            for _ in range(94)]
    return listed + (more if m.full else [])


class Heart(threading.Thread):
    """Renews the leases that are to stay."""

    def __init__(self, api: dnsd.Api):
        super().__init__(daemon=True)
        self.api, self.over, self.failed = api, threading.Event(), ""

    def run(self):
        try:
            while not self.over.wait(LEASE / 3):
                run_all(self.api, [beat("kept.corp", f"k{i}") for i in range(KEPT)])
        except Exception as error:
            self.failed = str(error)


def fill(api: dnsd.Api, fleet: Fleet) -> dict[str, list[str]]:
    """Leases that are renewed, a checked instance, and one that an override forces down for an hour."""
    told = {"kept.corp A": [f"10.0.0.{i + 1}" for i in range(KEPT)], "checked.corp A": ["127.61.0.1"],
            "forced.corp A": ["10.0.1.1"]}
    run_all(api, [put("kept.corp", f"k{i}", {"address": a, "port": 80, "lease": f"{LEASE}s"})
                  for i, a in enumerate(told["kept.corp A"])])
    port = fleet.open(told["checked.corp A"])
    check = {"http": "/", "interval": "1s"}
    run_all(api, [put("checked.corp", "c", {"address": "127.61.0.1", "port": port, "checks": [check]}),
                  put("forced.corp", "up", {"address": "10.0.1.1", "port": 80}),
                  put("forced.corp", "down", {"address": "10.0.1.2", "port": 80})])
    override = {"match": {"service": "forced.corp", "instance": "down"}, "state": "down", "expires": "1h"}
    answer = api.call("PUT", "/api/v1/overrides/hour", override)
    if answer.status not in (200, 201):
        raise AssertionError(f"override: {answer}")
    dnsd.wait_until(lambda: api.instance("GET", "checked.corp", "c").json()["available"], 20, "the check passes")
    return told


def jump(m: Measure, api: dnsd.Api, clock: TimeOfDay, number: int, offset: int) -> float:
    """Seconds that the lease without heartbeats lasted."""
    begin = time.monotonic()
    api.register("doomed.corp", f"d{number}", {"address": "10.0.2.1", "port": 80, "lease": f"{int(DOOMED_LEASE)}s"})
    registered = time.monotonic()
    clock.set(offset)

    def event() -> dict | None:
        events = api.call("GET", f"/api/v1/events?service=doomed.corp&id=d{number}").json()["events"]
        return next((e for e in events if e["reason"] == "lease.expired"), None)

    pause(0.8 * DOOMED_LEASE - (time.monotonic() - begin))
    if time.monotonic() - registered < 0.95 * DOOMED_LEASE:
        m.require(event() is None, f"jump {number} to {offset:+d} s ended a lease too early")
    seen = dnsd.wait_until(event, 10, f"the lease without heartbeats ends after jump {number} to {offset:+d} s")
    took = time.monotonic() - begin
    at = datetime.fromisoformat(seen["at"].replace("Z", "+00:00")).timestamp()
    believed = datetime.now(timezone.utc).timestamp() + offset
    m.require(abs(at - believed) < 30, f"jump {number}: the daemon did not notice it, its time is {seen['at']}")
    return took


def measure(m: Measure):
    offsets = jumps(m)
    with tempfile.TemporaryDirectory(prefix="dnsd-time-") as folder, Fleet() as fleet:
        clock = TimeOfDay(folder)
        with dnsd.Server(CONFIG, prefix=clock.command()) as server:
            api = server.api()
            told = fill(api, fleet)
            heart = Heart(server.api())
            heart.start()
            with Watch(server.dns, list(told), expecting(told)) as watch:
                lasted = [jump(m, api, clock, n, offset) for n, offset in enumerate(offsets)]
            heart.over.set()
            heart.join(10)
            m.require(not heart.failed, f"heartbeats: {heart.failed}")
            m.require("pause.detected" not in server.log(), "the monotonic clock moved too")
        m.require(watch.wrong == 0, watch.summary())
        m.require(max(lasted) < DOOMED_LEASE + 1, f"a lease without heartbeats lasted {max(lasted):.2f} s")
        m.result(f"{len(offsets)} jumps: {watch.wrong} of {watch.asked} answers changed; {len(lasted)} leases of "
                 f"{DOOMED_LEASE:.0f} s without heartbeats ended after {min(lasted):.2f} to {max(lasted):.2f} s")
        mutants(m, clock)


def mutants(m: Measure, clock: TimeOfDay):
    """A lease that ends, for the judge of the answers; and a server whose leases follow the clock that jumps."""
    clock.set(0)
    there = expecting({"doomed.corp A": ["10.0.2.1"]})
    for monotonic_too in (False, True):
        with dnsd.Server(CONFIG, prefix=clock.command(monotonic_too)) as server:
            server.api().register("doomed.corp", "d", {"address": "10.0.2.1", "port": 80, "lease": "1s"})
            clock.set(-3600 if monotonic_too else 0)
            with Watch(server.dns, ["doomed.corp A"], there) as watch:
                pause(DOOMED_LEASE + 1)
            clock.set(0)
        if monotonic_too:
            m.mutant(watch.wrong == 0, "the monotonic clock jumps back as well: a lease does not end in its time")
        else:
            m.mutant(watch.wrong > 0, "a lease that ends")


ROW = Row("L1", "When the clock jumps, no lease ends that was renewed",
          "+-1 h, +-10 years, 1970: 0 wrong expiries; what is not renewed goes in its time", measure, seconds=600)
