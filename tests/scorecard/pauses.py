"""L2: the server is stopped for three terms of all leases (SIGSTOP: a suspended or starved machine), and goes on.

Nobody could renew meanwhile, so every lease gets one full term. The guard is off: it would hide a wrong expiry. Nobody
is heard in the first three quarters of that term; from then on one half is, the other half must end with it.
"""

import random
import signal
import threading
import time

import server as dnsd
import wire
from api_tools import beat, pause, put, run_all
from row import Measure, Row
from watch import Watch, expecting

SERVICES, PER_SERVICE, TERM = 3, 8, 1.0
UNHEARD = 0.75  # of a term after the pause; then the first are heard, and the watch has time to end
NAMES = [f"s{n}.corp" for n in range(SERVICES)]
EVERYBODY = [(s, i) for s in range(SERVICES) for i in range(PER_SERVICE)]
CONFIG = '[[namespace]]\nname = "corp"\nmax_answers = 0\n[health.guard]\nenabled = false\n'
EXPECTED = {f"{NAMES[s]} A": [f"10.0.{s}.{i + 1}" for i in range(PER_SERVICE)] for s in range(SERVICES)}
HALF = {question: told[::2] for question, told in EXPECTED.items()}  # those who are heard again


class Hearts(threading.Thread):
    """Heartbeats of everybody, each at moments of its own between three and seven tenths of its term."""

    def __init__(self, api: dnsd.Api, seed: int):
        super().__init__(daemon=True)
        self.api, self.over, self.random = api, threading.Event(), random.Random(seed)

    def run(self):
        due = {each: 0.0 for each in EVERYBODY}
        while not self.over.wait(0.02):
            now = time.monotonic()
            late = [each for each, at in due.items() if at <= now]
            run_all(self.api, [beat(NAMES[s], f"i{i}") for s, i in late])
            due |= {each: now + self.random.uniform(0.3, 0.7) * TERM for each in late}


def live_a_while(m: Measure, server: dnsd.Server):
    """All are heard, for so long that the ends of their leases are spread over the term."""
    hearts = Hearts(server.api(), m.random.getrandbits(32))
    hearts.start()
    pause(m.random.uniform(0.6, 1.2) * TERM)
    hearts.over.set()
    hearts.join(10)
    if hearts.is_alive():
        raise AssertionError("a heartbeat is not answered")


def stop_for(server: dnsd.Server, seconds: float) -> Watch:
    """Nobody is heard until three quarters of a term after it goes on: what DNS tells until then."""
    with Watch(server.dns, list(EXPECTED), expecting(EXPECTED)) as watch:
        server.signal(signal.SIGSTOP)
        try:
            pause(seconds)
        finally:
            server.signal(signal.SIGCONT)
        pause(UNHEARD * TERM)
    return watch


def one_pause(m: Measure, server: dnsd.Server) -> tuple[Watch, float]:
    live_a_while(m, server)
    watch = stop_for(server, 3 * TERM)
    went_on = time.monotonic() - UNHEARD * TERM
    api = server.api()
    run_all(api, [beat(NAMES[s], f"i{i}") for s, i in EVERYBODY if i % 2 == 0])
    judge = expecting(HALF)

    def half() -> bool:
        run_all(api, [beat(NAMES[s], f"i{i}") for s, i in EVERYBODY if i % 2 == 0])
        return all(not judge(q, wire.ask(server.dns, *q.split())) for q in HALF)

    dnsd.wait_until(half, 10, "those who were not heard end")
    ended = time.monotonic() - went_on
    run_all(api, [beat(NAMES[s], f"i{i}") for s, i in EVERYBODY])
    return watch, ended


def measure(m: Measure):
    count = 50 if m.full else 3
    asked = wrong = 0
    with dnsd.Server(CONFIG) as server:
        api = server.api()
        run_all(api, [put(NAMES[s], f"i{i}", {"address": f"10.0.{s}.{i + 1}", "port": 80, "lease": f"{int(TERM)}s"})
                      for s, i in EVERYBODY])
        ends = []
        for number in range(count):
            watch, ended = one_pause(m, server)
            asked, wrong = asked + watch.asked, wrong + watch.wrong
            m.require(watch.wrong == 0, f"pause {number + 1}: {watch.summary()}")
            ends.append(ended)
        m.result(f"{count} pauses of {3 * TERM:.0f} s, {len(EVERYBODY)} leases of {TERM:.0f} s: {wrong} of {asked} "
                 f"answers missed one; who stayed silent ended {min(ends):.2f} to {max(ends):.2f} s after the pause")
        m.require(max(ends) <= 1.6 * TERM, f"a silent one lasted {max(ends):.2f} s")
        live_a_while(m, server)
        mutant = stop_for(server, 1.5 * TERM)  # shorter than what the server can tell from silence
        m.mutant(mutant.wrong > 0, "leases that end")


ROW = Row("L2", "When the server itself is paused, no lease ends for it",
          "SIGSTOP for 3 terms: 0 wrong expiries, each lease gets one full term", measure, seconds=600)
