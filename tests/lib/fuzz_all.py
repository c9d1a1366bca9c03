"""Runs every libFuzzer program of a build: fuzz_all.py BUILD CORPORA SECONDS [--fixed].

Programs are the executables named fuzz_*; fuzz_NAME reads tests/fuzz/corpus/NAME (kept) and grows a copy under the
build, for a share of the time. A crash leaves its input under BUILD/crashes and fails the run.

--fixed: the same inputs at every run, from a fixed seed and an empty copy, a fixed number of them; the time is only
their bound. A test suite tells what a change broke; to search for what nobody knew is `./dev fuzz`.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

FIXED = ["-seed=1", "-runs=100000"]  # three to ten seconds each under the sanitizers


def main() -> int:
    build, corpora, seconds = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3])
    fixed = sys.argv[4:] == ["--fixed"]
    programs = sorted(p for p in build.rglob("fuzz_*") if p.is_file() and os.access(p, os.X_OK) and not p.suffix)
    if not programs:
        print("FAILED: no fuzz programs were built")
        print("0 passed, 1 failed, 0 skipped")
        return 1
    crashes = build / "crashes"
    crashes.mkdir(exist_ok=True)
    share, failed, total = max(1, seconds // len(programs)), 0, 0
    for program in programs:
        name = program.name.removeprefix("fuzz_")
        grown = build / ("corpus-fixed" if fixed else "corpus") / name
        if fixed:
            shutil.rmtree(grown, ignore_errors=True)
        grown.mkdir(parents=True, exist_ok=True)
        kept = [str(corpora / name)] if (corpora / name).is_dir() else []
        run = subprocess.run([str(program), str(grown), *kept, f"-max_total_time={share}", f"-artifact_prefix={crashes}/",
                              *(FIXED if fixed else []), "-rss_limit_mb=2048", "-timeout=10", "-print_final_stats=1", "-verbosity=0"],
                             capture_output=True, text=True, errors="replace")
        executed = re.search(r"number_of_executed_units:\s*(\d+)", run.stderr)
        count = int(executed[1]) if executed else 0
        total += count
        if run.returncode or not count:
            failed += 1
            print(f"FAILED: {program.name}: exit {run.returncode}\n{run.stderr[-3000:]}")
        else:
            print(f"{program.name}: {count} executions")
    print(f"{total} executions in all")
    print(f"{len(programs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
