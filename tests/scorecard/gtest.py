"""Tests on a virtual clock: what a GoogleTest program recorded, read by the rows that need it."""

import json
import os
import pathlib
import subprocess
import tempfile


def run(tests: str) -> dict[str, dict]:
    """Of registry_test those that the filter names: "Suite.Test" -> its properties. One that fails is an error."""
    program = os.environ["REGISTRY_TEST"]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.json"
        done = subprocess.run([program, f"--gtest_filter={tests}", f"--gtest_output=json:{out}"], capture_output=True,
                              text=True, timeout=240)
        if done.returncode != 0:
            raise AssertionError(f"{program}: {done.stdout[-2000:]}{done.stderr[-1000:]}")
        suites = json.loads(out.read_text())["testsuites"]
    found = {f"{suite['name']}.{test['name']}": test for suite in suites for test in suite["testsuite"]}
    if len(found) != len(tests.split(":")):
        raise AssertionError(f"{tests}: found only {sorted(found)}")
    return found
