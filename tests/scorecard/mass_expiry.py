"""L4: heartbeats of everybody stop for two terms, as they do when something in front of the server fails.

Two ways of ending: all at the same moment, and spread over the term as heartbeats are in life. Spread, the guard has to
see a fifth of them end before it knows (docs/health.md); these come back as if they had not been. The mutant is the
same server with the guard off.
"""

import concurrent.futures

import server as dnsd
from api_tools import available, beat, falls, pause, put, revision, run_all
from row import Measure, Row
from watch import Watch, expecting

SERVICES, PER_SERVICE = 10, 10
TOTAL = SERVICES * PER_SERVICE
NAMES = [f"s{n}.corp" for n in range(SERVICES)]
CONFIG = '[[namespace]]\nname = "corp"\nmax_answers = 0\n[health.guard]\nenabled = {}\n'
EXPECTED = {f"{NAMES[s]} A": [f"10.0.{i % 4}.{s * PER_SERVICE + i + 1}" for i in range(PER_SERVICE)]
            for s in range(SERVICES)}
# A fifth, in most of the four networks: the evidence is complete at the latest when 6 of 25 have ended in each of them.
MOST_REVERTED = 24


def everybody() -> list[tuple[int, int]]:
    return [(s, i) for i in range(PER_SERVICE) for s in range(SERVICES)]


def register(api: dnsd.Api, term: int):
    run_all(api, [put(NAMES[s], f"i{i}", {"address": EXPECTED[f"{NAMES[s]} A"][i], "port": 80, "lease": f"{term}s"})
                  for s, i in everybody()])


def beat_all(api: dnsd.Api, over: float = 0):
    """In ten parts over so many seconds."""
    beats = [beat(NAMES[s], f"i{i}") for s, i in everybody()]
    for begin in range(0, TOTAL, TOTAL // 10):
        run_all(api, beats[begin:begin + TOTAL // 10])
        pause(over / 10)


def silence(m: Measure, term: int, guard: bool, spread: bool) -> tuple[int, Watch]:
    """How many instances went down while nobody was heard for two terms, and what DNS told meanwhile."""
    with dnsd.Server(CONFIG.format(str(guard).lower())) as server:
        api = server.api()
        register(api, term)
        with Watch(server.dns, list(EXPECTED), expecting(EXPECTED)) as watch:
            if spread:  # else the registration, one commit, was the last that was heard of anybody
                beat_all(api, over=0.6 * term)
            mark = revision(api)
            pause(2.2 * term)  # two terms of everybody, the last one heard included
            if guard:
                m.require(api.metric("dnsd_guard_held_instances") == TOTAL, "not all are held after two terms")
                m.require(available(api) == TOTAL, "not all are available after two terms")
            down = len(falls(api, NAMES, mark))
            if guard:
                beat_all(api)
                m.require(api.metric("dnsd_guard_held_instances") == 0, "some are held after they were heard again")
                beat_all(api)
                m.require(len(falls(api, NAMES, mark)) == down, "some went down when they were heard again")
        return down, watch


def measure(m: Measure):
    term = 10 if m.full else 2
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        at_once, spread, mutant = (pool.submit(silence, m, term, guard, spread) for guard, spread in
                                   ((True, False), (True, True), (False, False)))
    down, watch = at_once.result()
    m.require(down == 0, f"{down} instances went down though the guard holds")
    m.require(watch.wrong == 0, watch.summary())
    m.result(f"{TOTAL} leases ended at the same moment: {down} transitions, "
             f"{watch.wrong} of {watch.asked} answers changed")
    down, watch = spread.result()
    m.require(down <= MOST_REVERTED, f"{down} went down before the guard held, over {MOST_REVERTED}")
    m.result(f"spread over a term: {down} went before the evidence was there, and all were put back "
             f"(documented: a fifth and a few)")
    m.require(watch.rcodes["NXDOMAIN"] == 0 and watch.rcodes["silence"] == 0, f"{dict(watch.rcodes)}")
    down, watch = mutant.result()
    m.mutant(down == TOTAL and watch.wrong > 0, f"the guard off, {down} of {TOTAL} went down")


ROW = Row("L4", "When heartbeats of all instances stop at once, DNS stays as it is",
          "no heartbeat for 2 terms: 0 transitions, answers unchanged; spread over a term: a fifth goes and comes back",
          measure, seconds=120)
