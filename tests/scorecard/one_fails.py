"""H2: one of a hundred stops, by refusing or by falling silent: when it is gone from DNS, and what the others do."""

import time

import server as dnsd
import wire
from api_tools import available, instances, pause, put, run_all
from fleet import Fleet
from row import Measure, Row

INSTANCES, FALL, TIMEOUT = 100, 3, 0.7
SLOWER, SLOW_FALL = "slower.corp", 10  # the mutant: the same targets, believed too late
CONFIG = '[[namespace]]\nname = "corp"\nmax_answers = 0\n'
ADDRESS = [f"127.40.{i // 25}.{i % 25 + 1}" for i in range(INSTANCES)]


def body(port: int, interval: int, i: int, fall: int) -> dict:
    return {"address": ADDRESS[i], "port": port, "checks": [
        {"http": "/", "interval": f"{interval}s", "timeout": f"{int(TIMEOUT * 1000)}ms", "fall": fall}]}


def answered(server: dnsd.Server, service: str) -> set[str]:
    return set(wire.ask(server.dns, service, "A", tcp=True).addresses())


def facts(api: dnsd.Api) -> dict[str, tuple]:
    """What must not change of an instance that is none of the matter."""
    return {name: (i["revision"], i["available"], i["reason"], [(c["state"], c["since"]) for c in i["checks"]])
            for name, i in instances(api, "web.corp").items()}


def touched(before: dict, after: dict) -> set[str]:
    return {name for name in before if before[name] != after.get(name)}


def stop_one(server: dnsd.Server, fleet: Fleet, i: int, how: str, limit: float) -> float:
    """Seconds until DNS does not name it any more."""
    begin = time.monotonic()
    fleet.tell(**{how: [ADDRESS[i]]})
    dnsd.wait_until(lambda: ADDRESS[i] not in answered(server, "web.corp"), 3 * limit, "it is gone from DNS")
    return time.monotonic() - begin


def measure(m: Measure):
    interval, count = (5, 10) if m.full else (1, 2)
    limit = FALL * interval + 1
    with Fleet() as fleet, dnsd.Server(CONFIG) as server:
        api = server.api()
        port = fleet.open(ADDRESS)
        run_all(api, [put("web.corp", f"i{i}", body(port, interval, i, FALL)) for i in range(INSTANCES)])
        run_all(api, [put(SLOWER, f"i{i}", body(port, interval, i, SLOW_FALL)) for i in range(count)])
        dnsd.wait_until(lambda: available(api) == INSTANCES + count, 30, "all are up")
        times, stopped = [], set()
        for n in range(count):
            pause(m.random.uniform(0, interval))  # at any moment between two probes
            before = facts(api)
            times.append(stop_one(server, fleet, n, ("close", "mute")[n % 2], limit))
            stopped.add(f"i{n}")
            others = touched(before, facts(api)) - {f"i{n}"}
            m.require(not others, f"stopping i{n} touched {sorted(others)}")
            if n == 0:
                m.mutant(ADDRESS[0] in answered(server, SLOWER), f"fall = {SLOW_FALL} takes longer than the target")
        before = facts(api)
        stop_one(server, fleet, count, "close", limit)
        m.mutant(touched(before, facts(api)) == {f"i{count}"}, "another instance that changes")
        unknown = api.metric('dnsd_checks_total{result="unknown"}')
        left = answered(server, "web.corp")
        m.require(left == set(ADDRESS[count + 1:]), f"{len(left)} are left")
    m.result(f"{count} stopped one after the other (refusing, silent): out after {min(times):.1f} to "
             f"{max(times):.1f} s, limit {limit} s; the others: no revision and no state moved")
    # A verdict that the prober itself does not trust counts for nothing, and the next one is an interval later. Where
    # nobody promises a quiet machine such verdicts are allowed for.
    allowed = limit if m.full else limit + interval * unknown
    m.require(max(times) <= allowed, f"{max(times):.2f} s, over {limit} s; {unknown:.0f} verdicts of a prober that was "
                                   "held up (the machine is busy?)")


ROW = Row("H2", "One instance that stops is taken out in time, and no other is touched",
          "out of DNS in fall x interval + 1 s (timeout 0.7 s); the other 99 unchanged", measure, seconds=400, alone=True)
