"""H3: a thousand checks that waver for five minutes, on a virtual clock (registry/flapping_test.cc).

The two demands on alternating results exclude each other: three failures take a check down although successes lie
between (gdnsd's memory), so "no change at all" can hold only where one success forgets (`ok = 1`). At the defaults
such a check goes down once and stays down: what works every other time is out, and does not flap.
"""

import gtest
from row import Measure, Row


def measure(m: Measure):
    suite = "Flapping."
    names = {"forgets": "AlternatingResultsChangeNothingWhereOneSuccessForgets",
             "defaults": "AlternatingResultsAtTheDefaultsFallOnceAndStayDown",
             "bare": "AlternatingResultsWithoutThresholdsChangeFiveTimes",
             "random": "OneRandomFailureInTenTakesDownNoMoreThanItMust",
             "bare_random": "OneRandomFailureInTenWithoutThresholdsTakesDownFarMore"}
    found = gtest.run(":".join(suite + name for name in names.values()))
    told = {key: found[suite + name] for key, name in names.items()}
    changes, fell = int(told["forgets"]["changes"]), int(told["defaults"]["fell"])
    after = int(told["defaults"]["changes_after"])
    falls, most = int(told["random"]["falls"]), int(told["random"]["most"])
    m.result(f"alternating, ok = 1: {changes} changes of 1,000 checks in 5 min; defaults: {fell} went down at their "
             f"third failure, then {after} changes")
    m.result(f"random 10 %, 2,000 checks: {falls} falls, {told['random']['expected']} expected")
    m.require(changes == 0 and after == 0 and fell == 1000, "a wavering check flaps")
    m.require(falls <= most, f"{falls} falls, over {most}")
    m.mutant(int(told["bare"]["changes"]) > 1000, "rise = fall = ok = 1, alternating")
    m.mutant(int(told["bare_random"]["falls"]) > most, "rise = fall = ok = 1, random 10 %")


ROW = Row("H3", "A check that wavers does not flap",
          "alternating results for 5 min of virtual time: 0 changes with ok = 1; at the defaults one fall, then 0; "
          "random 10 %: no more falls than the binomial expects (and 4 deviations)", measure, seconds=250)
