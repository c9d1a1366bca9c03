#!/usr/bin/python3
"""Runs the tests of the real daemon: every *_test.py beside this file, and the C++ judge.

    run.py [--judge PROGRAM] [name ...]     names: checks crash restart signals refuse disk malformed load names health zones forward protection resolvers judge

DNSD_BINARY names the daemon under test. Ends with "N passed, N failed, N skipped".
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
import timed  # noqa: E402


def run_judge(program: str) -> tuple[int, int, int]:
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run([program], env={**os.environ, "GTEST_OUTPUT": f"xml:{folder}/"})
        totals = subprocess.run([sys.executable, str(HERE.parent / "lib/gtest_totals.py"), folder, str(run.returncode)],
                                capture_output=True, text=True).stdout
    print("\n".join(totals.splitlines()[:-1]))
    words = totals.splitlines()[-1].split()
    return int(words[0]), int(words[2]), int(words[4])


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--judge", help="the GoogleTest program that links ldns and c-ares")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    totals = timed.run(HERE, args.names)
    if args.judge and (not args.names or "judge" in args.names):
        totals = tuple(a + b for a, b in zip(totals, run_judge(args.judge)))
    print(f"{totals[0]} passed, {totals[1]} failed, {totals[2]} skipped")
    return 1 if totals[1] or not sum(totals) else 0


if __name__ == "__main__":
    sys.exit(main())
