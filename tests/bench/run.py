#!/usr/bin/env python3
"""The benchmarks themselves: each suite runs, tiny and with dnsd alone, and finds what it is there to find."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/lib")]
import report  # noqa: E402
import run  # noqa: E402

TINY = {"udp": ["--services", "20", "--rate", "2000", "--changes", "200"],
        "tcp": ["--services", "20", "--held", "100", "--large", "200"],
        "control": ["--registrations", "200", "--heartbeats", "50", "--sizes", "20", "--watchers", "20", "--probes", "20",
                    "--flips", "1"],
        "scale": ["--services", "50"]}
TABLES = {"udp": 4, "tcp": 4, "control": 5, "scale": 2}


def suite(name: str, options: argparse.Namespace, folder: pathlib.Path) -> str | None:
    """What is wrong with a tiny run of it."""
    command = [sys.executable, str(ROOT / "bench/run.py"), name, "--tools", options.tools, "--program", options.program,
               "--peers", "none", "--runs", "1", "--seconds", "0.1", "--patience", "0", "--folder", str(folder / "work"),
               "--results", str(folder), *TINY[name]]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if ran.returncode != 0:
        return (ran.stdout + ran.stderr)[-1500:]
    kept = json.loads(next(folder.glob(f"{name}-2*.json")).read_text())
    if len(kept["tables"]) != TABLES[name] or not kept["goals"]:
        return f"{len(kept['tables'])} tables, {len(kept['goals'])} goals"
    loads = [row for row in kept["rows"] if "answered" in row]
    silent = [row for row in loads if row["answered"] == 0 or row.get("strange")]
    if not loads and name != "control" or silent:
        return f"runs without answers, or with strange ones: {silent}"
    if (folder / "work" / name).exists():
        return "its folder stays"
    return None


def page(folder: pathlib.Path) -> str | None:
    """The tables of all suites get into a page, and once more instead of themselves."""
    file = folder / "page.md"
    file.write_text("".join(f"{name}:\n<!-- results:{name} -->old<!-- end -->\n" for name in TINY))
    report.update_page(file, folder)
    once = file.read_text()
    report.update_page(file, folder)
    if once != file.read_text():
        return "a second update changes the page"
    missing = [name for name in TINY if f"./dev bench {name}" not in once]
    return f"missing in the page: {missing}, or the old text stayed" if missing or "old" in once.split("\n") else None


def arguments() -> str | None:
    plain = run.parse(["udp", "--tools", "t", "--program", "p"])
    quick = run.parse(["scale", "--tools", "t", "--program", "p", "--quick", "--runs", "7"])
    wanted = (plain.runs, plain.services, quick.runs, quick.seconds, run.own_options(run.SUITES["scale"], quick)["services"])
    expected = (5, [10, 10_000, 100_000], 7, 0.5, run.SUITES["scale"].QUICK["services"])
    return None if wanted == expected else f"{wanted} is not {expected}"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tools", required=True)
    parser.add_argument("--program", required=True)
    options = parser.parse_args()
    results = {"arguments": arguments()}
    with tempfile.TemporaryDirectory(prefix="dnsd-test-") as work:
        for name in run.SUITES:
            results[name] = suite(name, options, pathlib.Path(work))
        results["page"] = page(pathlib.Path(work))
    for name, why in results.items():
        if why:
            print(f"FAILED: bench {name}: {why}")
    failed = sum(1 for why in results.values() if why)
    print(f"{len(results) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
