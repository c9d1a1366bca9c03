"""H5: the guard does not hold for ever. Its time on a virtual clock; both ends on the real daemon."""

import concurrent.futures
import pathlib
import subprocess
import time

import gtest
import server as dnsd
from api_tools import available, pause, put, run_all
from row import Measure, Row

TOTAL = 20
VIRTUAL = ("GuardHold.EndsAfterTenMinutesAndDoesNotBeginAgainWhileTheFaultLasts",
           "Fleet.TheHoldEndsByItselfAndWhatFailsIsBelieved",
           "Leases.TheHoldEndsByItselfAndThenTheyAreOver")


def held(hold: str) -> dnsd.Server:
    """A server whose twenty leases of a second have all ended, none of them believed."""
    server = dnsd.Server(f'[[namespace]]\nname = "corp"\n[health.guard]\nhold = "{hold}"\n').start()
    try:
        api = server.api()
        run_all(api, [put(f"s{i % 2}.corp", f"i{i}", {"address": f"10.0.0.{i + 1}", "port": 80, "lease": "1s"})
                      for i in range(TOTAL)])
        dnsd.wait_until(lambda: api.metric("dnsd_guard_held_instances") == TOTAL, 20, "all are held")
        return server
    except BaseException:
        server.__exit__(None)
        raise


def ends_by_itself(m: Measure, hold: float):
    begin = time.monotonic()
    with_hold = held(f"{int(hold * 1000)}ms")
    try:
        api = with_hold.api()
        since = time.monotonic()  # at most a moment after it began
        m.require(available(api) == TOTAL, "some are not available though they are held")
        dnsd.wait_until(lambda: available(api) == 0, hold + 20, "what failed is believed")
        took, most = time.monotonic() - since, time.monotonic() - begin
        m.require(took <= hold + 1 and most >= hold, f"held for {took:.2f} s, told to hold for {hold} s")
        m.result(f"real daemon, hold {hold:.0f} s: ended after {took:.2f} s")
    finally:
        with_hold.__exit__(None)


def lifted_by_command(m: Measure):
    server = held("10m")
    try:
        api = server.api()
        pause(1.5)
        m.mutant(available(api) == TOTAL, "nobody lifts it, and it goes on")
        tool = pathlib.Path(dnsd.binary()).with_name("dnsctl")
        begin = time.monotonic()
        subprocess.run([str(tool), "--address", "http://%s:%d" % server.http, "guard", "lift"], check=True, timeout=20,
                       capture_output=True)
        dnsd.wait_until(lambda: available(api) == 0, 20, "what failed is believed")
        took = time.monotonic() - begin
        m.require(took <= 1, f"lifted after {took:.2f} s")
        m.result(f"dnsctl guard lift: after {took:.2f} s")
    finally:
        server.__exit__(None)


def measure(m: Measure):
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        both = [pool.submit(ends_by_itself, m, 10 if m.full else 4), pool.submit(lifted_by_command, m)]
        gtest.run(":".join(VIRTUAL))
        m.result("virtual clock: at 10 min, not 1 ms before, and not again while the fault lasts")
        for each in both:
            each.result()


ROW = Row("H5", "The guard ends: by itself, or by one command", "lifts at `hold`; by hand in 1 s at most", measure,
          seconds=250)
