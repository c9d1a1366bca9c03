#!/usr/bin/python3
"""Zone maintenance judged by those who do it: BIND, NSD and Knot as secondaries, Knot as a primary, nsupdate, dnspython.

    run.py [--binary PROGRAM] [name ...]     Ends with "N passed, N failed, N skipped".
"""

import argparse
import os
import pathlib
import sys
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]


class Result(unittest.TextTestResult):
    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        print(f"{test.id()}: {time.monotonic() - self.begin:.1f} s", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", help="the daemon under test")
    parser.add_argument("names", nargs="*", help="files without _test.py")
    args = parser.parse_args()
    if args.binary:
        os.environ["DNSD_BINARY"] = str(pathlib.Path(args.binary).resolve())
    files = [f for f in sorted(HERE.glob("*_test.py")) if not args.names or f.stem.removesuffix("_test") in args.names]
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromName(f.stem) for f in files)
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0).run(suite)
    bad = {str(test) for test, _ in result.failures + result.errors}
    for test in sorted(bad):
        print(f"FAILED: {test}")
    for test, reason in result.skipped:
        print(f"skipped: {test}: {reason}")
    skipped = len(result.skipped)
    print(f"{result.testsRun - len(bad) - skipped} passed, {len(bad)} failed, {skipped} skipped")
    return 1 if bad or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
