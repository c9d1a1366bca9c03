"""H6: a restart with very many checks must not ask all of them at once.

The listener notes when each request comes. Judged are two intervals from the first request after the restart. The
mutants are shown by registering, which asks at once: the same judge must call that a storm, and must see more requests
at once where the cap is higher.
"""

import collections
import tempfile

import server as dnsd
from api_tools import available, pause, put, run_all
from fleet import Fleet
from row import Measure, Row

INTERVAL, CAP, MUTANT_CAP = 5.0, 256, 1024
SLOT = {10_000: 0.1, 1_000: 0.5}  # with 20 checks in a slot one stall of this machine would be a storm
SLOW, QUICK = 0.3, 0.01  # seconds for an answer: the cap is reached; hardly any wait for each other
ADDRESSES = [f"127.60.{n}.1" for n in range(16)]
CONFIG = '[[namespace]]\nname = "corp"\n[health]\nmax_concurrent = {}\n'


def register(api: dnsd.Api, port: int, count: int):
    check = {"http": "/", "interval": f"{INTERVAL:.0f}s", "timeout": "5s"}
    body = {"port": port, "checks": [check]}
    run_all(api, [put(f"s{n // 100}.corp", f"i{n % 100}", body | {"address": ADDRESSES[n % len(ADDRESSES)]})
                  for n in range(count)])


def busiest(arrivals: list[float], seconds: float, slot: float) -> tuple[float, float]:
    """Of the slots since the first arrival: the requests of the fullest one, and the mean."""
    slots = collections.Counter(int((at - arrivals[0]) / slot) for at in arrivals if at - arrivals[0] < seconds)
    return max(slots.values()), sum(slots.values()) * slot / seconds


def burst(server: dnsd.Server, fleet: Fleet, port: int, count: int) -> dict:
    fleet.tell(arrivals=True, delay=SLOW)
    register(server.api(), port, count)
    dnsd.wait_until(lambda: available(server.api()) == count, 120, "all are up", pace=0.1)
    return fleet.tell(arrivals=True)


def mutants(m: Measure, fleet: Fleet, port: int):
    with dnsd.Server(CONFIG.format(MUTANT_CAP)) as server:
        seen = burst(server, fleet, port, 1000)
    m.mutant(seen["most"] > CAP, f"max_concurrent = {MUTANT_CAP}: {seen['most']} at once")
    fullest, mean = busiest(seen["arrivals"], INTERVAL, SLOT[1_000])
    m.mutant(fullest > 2 * mean, f"checks that are new are asked at once: {fullest} in a slot, {mean:.0f} on average")


def measure(m: Measure):
    count = 10_000 if m.full else 1_000
    with tempfile.TemporaryDirectory(prefix="dnsd-storm-") as folder, Fleet() as fleet:
        port = fleet.open(ADDRESSES)
        with dnsd.Server(CONFIG.format(CAP), folder=folder) as server:
            at_registration = burst(server, fleet, port, count)["most"]
            server.stop()
            fleet.tell(arrivals=True, delay=QUICK)
            server.start()
            dnsd.wait_until(lambda: server.api().metric("dnsd_check_targets") == count, 60, "all are read back")
            pause(2 * INTERVAL + 1)
            seen = fleet.tell(arrivals=True)
        fullest, mean = busiest(seen["arrivals"], 2 * INTERVAL, SLOT[count])
        m.require(abs(mean - count * SLOT[count] / INTERVAL) < 0.1 * mean, f"{mean:.1f} requests in a slot on average")
        m.require(fullest <= 2 * mean, f"{fullest} requests in the busiest slot, {mean:.1f} on average")
        m.require(0.9 * CAP <= at_registration <= CAP, f"{at_registration} at once at the registration, cap {CAP}")
        m.require(seen["most"] <= CAP, f"{seen['most']} at once after the restart, cap {CAP}")
        m.result(f"{count} checks at {INTERVAL:.0f} s after a restart: busiest {SLOT[count] * 1000:.0f} ms {fullest}, mean {mean:.0f} "
                 f"({fullest / mean:.2f}x); at most {max(at_registration, seen['most'])} at once, cap {CAP}")
        mutants(m, fleet, port)


ROW = Row("H6", "A restart is no storm of health checks",
          "busiest 100 ms (CI: 500 ms) at most 2x the mean; never more at once than the cap", measure, seconds=200, alone=True)
