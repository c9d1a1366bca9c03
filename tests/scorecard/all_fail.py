"""H1: every target of every service dies at the same moment.

They refuse, so the guard does not hold them: all the checks fall. What is left is the services' `on_empty`. A service
beside them that says `nodata` is the mutant: the same judge must find it empty.
"""

import time

import server as dnsd
import wire
from api_tools import available, pause, put, put_service, run_all
from fleet import Fleet
from row import Measure, Row
from watch import Watch

SERVICES, INSTANCES, MUTANT = 10, 100, "nodata.corp"
CONFIG = '[[namespace]]\nname = "corp"\n'
NAMES = [f"s{n}.corp" for n in range(SERVICES)]


def address(service: int, instance: int) -> str:
    """Four networks for each service: all forty fail, and still it is not our fault, for a refusal never is."""
    return f"127.{20 + service}.{instance // 25}.{instance % 25 + 1}"


ADDRESSES = {NAMES[s]: {address(s, i) for i in range(INSTANCES)} for s in range(SERVICES)}
ADDRESSES[MUTANT] = {address(0, i) for i in range(10)}


def judge(question: str, reply: wire.Reply) -> str:
    service = question.split()[0]
    if reply.rcode != "NOERROR" or not reply.answer:
        return f"{reply.rcode}, {len(reply.answer)} records"
    told = set(reply.addresses()) if question.endswith(" A") else set()
    return "" if told <= ADDRESSES[service] else f"unknown addresses {told - ADDRESSES[service]}"


def fill(api: dnsd.Api, port: int, interval: int):
    check = {"tcp": True, "interval": f"{interval}s", "timeout": "500ms", "fall": 3, "rise": 2}
    body = {"port": port, "checks": [check]}
    for name in NAMES:
        put_service(api, name, {"on_empty": "fail_open"})
    put_service(api, MUTANT, {"on_empty": "nodata"})
    run_all(api, [put(NAMES[s], f"i{i}", body | {"address": address(s, i)})
                  for s in range(SERVICES) for i in range(INSTANCES)])
    run_all(api, [put(MUTANT, f"i{i}", body | {"address": address(0, i)}) for i in range(10)])


def all_die(m: Measure, api: dnsd.Api, fleet: Fleet, interval: int) -> str:
    """Kills them; how long it took until the server believed it, and until it said so."""
    begin = time.monotonic()
    fleet.kill()
    limit = 3 * interval + 0.5 + 10  # generous: how fast is H2's claim
    dnsd.wait_until(lambda: available(api) == 0, limit, "all are down")
    down = time.monotonic()
    dnsd.wait_until(lambda: api.metric("dnsd_services_fail_open") == SERVICES, limit, "dnsd_services_fail_open is 10")
    shown = time.monotonic()
    m.require(shown - down <= interval, f"the metric came {shown - down:.1f} s after the last instance went")
    pause(2 * interval)
    return f"all down after {down - begin:.1f} s, dnsd_services_fail_open {SERVICES} within {shown - down:.2f} s of it"


def measure(m: Measure):
    interval, rounds = (5, 3) if m.full else (1, 1)
    total = SERVICES * INSTANCES + 10
    everywhere = [a for name in NAMES for a in sorted(ADDRESSES[name])]
    fleet = Fleet()
    with dnsd.Server(CONFIG) as server:
        try:
            api = server.api()
            port = fleet.open(everywhere)
            fill(api, port, interval)
            dnsd.wait_until(lambda: available(api) == total, 60, "all are up")
            told = ""
            with Watch(server.dns, [f"{n} {t}" for n in NAMES for t in ("A", "SRV")], judge) as watch, \
                    Watch(server.dns, [f"{MUTANT} A"], judge) as mutant:
                for _ in range(rounds):
                    told = all_die(m, api, fleet, interval)
                    fleet = Fleet()
                    fleet.open(everywhere, port)
                    dnsd.wait_until(lambda: available(api) == total, 12 * interval + 20, "all are back")
                dnsd.wait_until(lambda: api.metric("dnsd_services_fail_open") == 0, 10, "nothing is open any more")
            m.result(f"{watch.asked} questions while all died and came back: {watch.wrong} empty or wrong, "
                     f"{watch.rcodes['NXDOMAIN']} NXDOMAIN")
            m.result(told)
            m.require(watch.wrong == 0, watch.summary())
            m.require(api.metric("dnsd_guard_begun_total{guard=\"probes\"}") == 0, "refusals were held by the guard")
            m.mutant(mutant.wrong > 0, "a service with on_empty = nodata")
        finally:
            fleet.kill()


ROW = Row("H1", "When all health checks fail at once, DNS goes on answering",
          "10 x 100 instances, all killed: no empty answer, 0 NXDOMAIN; the metric tells within 1 interval",
          measure, seconds=300)
