#!/usr/bin/python3
"""The scorecard: claims about reliability, each measured with the real programs, each shown able to fail.

    run.py [--full] [--binary dnsd] [--tests DIR] [--seed N] [row ...]

Without --full the figures are small enough for every test run. A row is a process of its own; rows that only wait for
timers run side by side. Prints a Markdown table, writes scorecard.json and scorecard.md beside the tests' logs in
build/, and ends with "N passed, N failed, N skipped". docs/scorecard.md explains the rows.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
import all_fail  # noqa: E402
import check_storm  # noqa: E402
import clock_jumps  # noqa: E402
import flapping  # noqa: E402
import guard_ends  # noqa: E402
import mass_expiry  # noqa: E402
import one_fails  # noqa: E402
import own_network  # noqa: E402
import pauses  # noqa: E402
import reference_servers  # noqa: E402
import rolling  # noqa: E402
import server as dnsd  # noqa: E402
from row import Measure, Row, Skipped  # noqa: E402

ROWS: list[Row] = [reference_servers.ROW, all_fail.ROW, one_fails.ROW, flapping.ROW, own_network.ROW, guard_ends.ROW,
                   check_storm.ROW, rolling.ROW, clock_jumps.ROW, pauses.ROW, mass_expiry.ROW]
# Most of a row's time is waiting; more at once would make the times that are measured those of a busy machine.
SIDE_BY_SIDE = {"ci": 4, "full": 2}
CI_SECONDS = 250  # no row takes a tenth of it, but the machine may have other work


def measure(row: Row, args) -> dict:
    """In the row's own process."""
    found = Measure(args.full, args.seed)
    status, reason = "passed", ""
    try:
        row.measure(found)
    except Skipped as skipped:
        status, reason = "skipped", str(skipped)
    except Exception as error:  # whatever it is, the row has proved nothing
        traceback.print_exc()
        found.wrong.append(f"{type(error).__name__}: {error}")
    if found.wrong:
        status, reason = "failed", " ".join("; ".join(found.wrong).split())
    elif status == "passed" and not (found.results and found.mutants):
        status, reason = "failed", "it measured nothing, or was not shown able to fail"
    return {"result": "; ".join(found.results), "status": status, "reason": reason,
            "mutants_caught": found.caught, "mutants": found.mutants}


def run_row(row: Row, args, commit: str) -> dict:
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dnsd-scorecard-") as folder:
        out = pathlib.Path(folder) / "row.json"
        command = [sys.executable, __file__, "--row", row.id, "--out", str(out), "--seed", str(args.seed), "--tests",
                   args.tests, *(["--full"] if args.full else [])]
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            text = run.communicate(timeout=row.seconds if args.full else min(row.seconds, CI_SECONDS))[0]
            ended = f"its process ended with {run.returncode}"
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)  # with everything that the row started
            text = run.communicate()[0]
            ended = "it took too long and was ended"
        found = (json.loads(out.read_text()) if out.exists() else
                 {"result": "", "status": "failed", "reason": ended, "mutants_caught": 0, "mutants": 0})
    if text.strip():
        print(f"-- {row.id}\n{text.rstrip()}", flush=True)
    return {"id": row.id, "claim": row.claim, "target": row.target, **found, "seed": args.seed, "commit": commit,
            "seconds": round(time.monotonic() - begin, 1)}


def run_rows(rows: list[Row], args, commit: str) -> list[dict]:
    done: dict[str, dict] = {}
    together = [row for row in rows if not row.alone]
    with concurrent.futures.ThreadPoolExecutor(SIDE_BY_SIDE["full" if args.full else "ci"]) as pool:
        # The longest ones first, so that none of them is left over alone at the end.
        for row in sorted(together, key=lambda row: -row.seconds):
            pool.submit(lambda row=row: done.update({row.id: run_row(row, args, commit)}))
    for row in rows:
        if row.alone:
            done[row.id] = run_row(row, args, commit)
    return [done[row.id] for row in rows]


def table(rows: list[dict]) -> str:
    lines = ["| Id | Claim | Target | Result | Mutants caught | Seconds | |", "|---|---|---|---|---|---|---|"]
    for row in rows:
        verdict = row["status"] + (f": {row['reason']}" if row["reason"] else "")
        cells = [row["id"], row["claim"], row["target"], row["result"], f"{row['mutants_caught']} of {row['mutants']}",
                 f"{row['seconds']:.0f}", verdict]
        lines.append("| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |")
    return "\n".join(lines)


def commit_of_tree() -> str:
    told = subprocess.run(["git", "-C", str(dnsd.ROOT), "describe", "--always", "--dirty", "--exclude=*"],
                          capture_output=True, text=True)
    return told.stdout.strip() or "unknown"


def report(rows: list[dict], args, commit: str, seconds: float) -> int:
    count = {status: sum(row["status"] == status for row in rows) for status in ("passed", "failed", "skipped")}
    tier = "full" if args.full else "CI"
    caught, made = (sum(row[key] for row in rows) for key in ("mutants_caught", "mutants"))
    binary = os.path.relpath(dnsd.binary(), dnsd.ROOT)
    head = (f"Commit {commit}, {binary}, {tier} figures, seed {args.seed}, {os.cpu_count()} cores, {seconds:.0f} s; "
            f"{caught} of {made} mutants caught.")
    markdown = f"{head}\n\n{table(rows)}\n"
    folder = dnsd.ROOT / "build"
    folder.mkdir(exist_ok=True)
    (folder / "scorecard.md").write_text(markdown)
    card = {"commit": commit, "binary": binary, "tier": tier, "seed": args.seed, "seconds": round(seconds, 1)}
    (folder / "scorecard.json").write_text(json.dumps(card | {"rows": rows}, indent=1))
    print(f"\n{markdown}")
    for row in rows:
        if row["status"] != "passed":
            print(f"{'FAILED' if row['status'] == 'failed' else 'skipped'}: {row['id']}: {row['reason']}")
    print(f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 1 if count["failed"] or not rows else 0


def main() -> int:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--binary", help="the daemon under test")
    parser.add_argument("--tests", default=str(dnsd.ROOT / "build/asan/tests"), help="where registry_test is")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--out", help=argparse.SUPPRESS)
    parser.add_argument("rows", nargs="*")
    args = parser.parse_args()
    known = {row.id: row for row in ROWS}
    if args.row:
        os.environ["REGISTRY_TEST"] = str(pathlib.Path(args.tests) / "registry_test")
        pathlib.Path(args.out).write_text(json.dumps(measure(known[args.row], args)))
        return 0
    if args.binary:
        os.environ["DNSD_BINARY"] = str(pathlib.Path(args.binary).resolve())
    for name in args.rows:
        if name not in known:
            parser.error(f"no row {name}; there are: {' '.join(known)}")
    rows = [row for row in ROWS if (row.id in args.rows if args.rows else args.full or not row.full_only)]
    commit, begin = commit_of_tree(), time.monotonic()
    return report(run_rows(rows, args, commit), args, commit, time.monotonic() - begin)


if __name__ == "__main__":
    sys.exit(main())
