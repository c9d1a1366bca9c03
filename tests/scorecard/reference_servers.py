"""P2: the comparison with NSD and Knot (tests/differential), with a million questions."""

import pathlib
import re
import subprocess
import sys

import server as dnsd
from row import Measure, Row, Skipped

QUERIES, ROUNDS = 1_000_000, 50


def measure(m: Measure):
    command = [sys.executable, str(pathlib.Path(__file__).resolve().parents[1] / "differential/run.py"), "--binary",
               dnsd.binary(), "--queries", str(QUERIES), "--rounds", str(ROUNDS), "--seed", str(1000 * m.seed), "--show"]
    run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=ROW.seconds - 10)
    print(run.stdout)
    absent = re.search(r"^skipped: (.*)$", run.stdout, re.M)
    told = re.search(r"^(\d+ queries, .*); (\d+) of (\d+) falsified replies were found out", run.stdout, re.M)
    if absent and not told:
        raise Skipped(absent[1])
    failed = re.findall(r"^FAILED: (.*)$", run.stdout, re.M)
    m.require(run.returncode == 0 and not failed, "; ".join(failed[:3]) or f"it ended with {run.returncode}")
    if told:
        m.result(f"{told[1]}; {len(failed)} unexplained differences")
        m.mutants, m.caught = m.mutants + int(told[3]), m.caught + int(told[2])


ROW = Row("P2", "It answers as NSD and Knot do", "1,000,000 questions, 0 unexplained differences", measure, seconds=1800,
          alone=True, full_only=True)
