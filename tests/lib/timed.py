"""unittest for our runners: each test with its time; what failed and what was skipped as lines that ./dev collects."""

import pathlib
import sys
import time
import unittest
from dataclasses import dataclass


@dataclass
class Outcome:
    """What became of a test, or of a whole class when its preparation was skipped or failed."""

    test: object
    word: str  # ok, FAILED, skipped
    reason: str = ""
    seconds: float = 0


class Result(unittest.TextTestResult):
    passed = 0

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.outcomes: dict[str, Outcome] = {}

    def note(self, test, word: str, reason: str = ""):
        """A failure stays one, whatever comes after it: of its other parts, or of its clean-up."""
        known = self.outcomes.get(test.id())
        if not known or known.word != "FAILED":
            self.outcomes[test.id()] = Outcome(test, word, reason)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self.note(test, "ok")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "FAILED")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "FAILED")

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped", reason)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "FAILED")

    def startTest(self, test):
        super().startTest(test)
        self.begin = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        seconds = time.monotonic() - self.begin
        if test.id() in self.outcomes:
            self.outcomes[test.id()].seconds = seconds
        print(f"{test.id()}: {seconds:.1f} s", flush=True)

    def totals(self) -> tuple[int, int, int]:
        """(passed, failed, skipped)"""
        return self.passed, len({test.id() for test, _ in self.failures + self.errors}), len(self.skipped)


def load(folder: pathlib.Path, names: list[str]) -> unittest.TestSuite:
    """Every *_test.py of the folder, or those of the names."""
    files = [f for f in sorted(folder.glob("*_test.py")) if not names or f.stem.removesuffix("_test") in names]
    return unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromName(f.stem) for f in files)


def judge(suite: unittest.TestSuite) -> Result:
    result = unittest.TextTestRunner(stream=sys.stdout, resultclass=Result, verbosity=0).run(suite)
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    for test in sorted({test.id() for test, _ in result.failures + result.errors}):
        print(f"FAILED: {test}")
    return result


def run(folder: pathlib.Path, names: list[str]) -> tuple[int, int, int]:
    """The tests that `load` finds: (passed, failed, skipped)."""
    suite = load(folder, names)
    return judge(suite).totals() if suite.countTestCases() else (0, 0, 0)
