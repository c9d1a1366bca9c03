"""unittest for our runners: each test with its time; what failed and what was skipped as lines that ./dev collects."""

import pathlib
import sys
import time
import unittest


class Result(unittest.TextTestResult):
    passed = 0

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        print(f"{test.id()}: {time.monotonic() - self.begin:.1f} s", flush=True)


def run(folder: pathlib.Path, names: list[str]) -> tuple[int, int, int]:
    """Every *_test.py of the folder, or those of the names: (passed, failed, skipped)."""
    files = [f for f in sorted(folder.glob("*_test.py")) if not names or f.stem.removesuffix("_test") in names]
    suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromName(f.stem) for f in files)
    if not suite.countTestCases():
        return 0, 0, 0
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0).run(suite)
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    bad = {test.id() for test, _ in result.failures + result.errors}
    for test in sorted(bad):
        print(f"FAILED: {test}")
    return result.passed, len(bad), len(result.skipped)
