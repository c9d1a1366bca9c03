#!/usr/bin/python3
"""Runs the cases: given this registry, this query is answered so.

    run.py [--binary dnsd] [file.toml ...] [--row N] [-v]      starts a dnsd for each file
    run.py --server ADDRESS[:PORT] [--ignore ttl,ede] file.toml  asks a server that runs already
    run.py --export-zone FILE file.toml                         writes what the file's cases register as a zone

Ends with "N passed, N failed, N skipped". A case is one row of the file; README.md describes the format.
"""

import argparse
import concurrent.futures
import pathlib
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import export  # noqa: E402
import server as dnsd  # noqa: E402
import starting  # noqa: E402
import steps  # noqa: E402
import targets  # noqa: E402

PARALLEL = 6  # cases of one file at work together: most of their time is waiting
CASE_KEYS = {"row", "title", "given", "steps", "targets", "skip", "zone"}
FILE_KEYS = {"config", "zone", "files", "resolver", "case", "about", "while_starting"}


def load(path: pathlib.Path) -> dict:
    with open(path, "rb") as f:
        file = tomllib.load(f)
    unknown = file.keys() - FILE_KEYS
    for case in file["case"]:
        unknown |= case.keys() - CASE_KEYS
        if "skip" not in case and not case.get("steps"):
            raise SystemExit(f"{path.name}: case {case['row']} expects nothing")
    if unknown:
        raise SystemExit(f"{path.name}: unknown keys {sorted(unknown)}")
    return file


class Outcome:
    def __init__(self, case: dict, verdict: str, detail: str = "", seconds: float = 0):
        self.case, self.verdict, self.detail, self.seconds = case, verdict, detail, seconds


def run_case(case: dict, file: dict, server: dnsd.Server, names: dict) -> Outcome:
    begin = time.monotonic()
    running = {name: targets.Target(t.get("address", "127.0.0.1"), t.get("script", [200]), t.get("hold", False))
               for name, t in case.get("targets", {}).items()}
    names = {**names, **{f"{name}.port": target.port for name, target in running.items()}}
    api = None if "while_starting" in file else server.api()
    context = steps.Context(server.dns, api, running, names, case.get("zone", file.get("zone", "corp.")), set())
    try:
        for line in steps.calls_of(case.get("given", "")):
            context.call(line)
        for step in case["steps"]:
            steps.run(step, context)
        return Outcome(case, "passed", seconds=time.monotonic() - begin)
    except (steps.Failure, AssertionError, OSError) as failure:
        return Outcome(case, "FAILED", str(failure) or repr(failure), time.monotonic() - begin)
    finally:
        if api:
            api.close()
        for target in running.values():
            target.stop()


def run_file(file: dict, binary: str, rows: set) -> list[Outcome]:
    cases = [case for case in file["case"] if not rows or case["row"] in rows]
    skipped = [Outcome(case, "skipped", case["skip"]) for case in cases if "skip" in case]
    cases = [case for case in cases if "skip" not in case]
    if not cases:
        return skipped
    if "while_starting" in file:
        return starting.run(file, cases, binary, lambda case, server: run_case(case, file, server, {})) + skipped
    resolver = targets.NameServer(file["resolver"]) if "resolver" in file else None
    names = {"resolver": resolver.address} if resolver else {}
    config = file.get("config", "").replace("{resolver}", names.get("resolver", ""))
    server = dnsd.Server(config, program=binary)
    for name, text in file.get("files", {}).items():
        (server.path / name).write_text(text)
    try:
        with server:
            with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
                outcomes = list(pool.map(lambda case: run_case(case, file, server, names), cases))
            if server.process.poll() is not None:
                outcomes.append(Outcome({"row": "-", "title": "the daemon lives"}, "FAILED", server.log()[-3000:]))
    except AssertionError as failure:
        failed = {"row": "-", "title": "the daemon starts and ends in order"}
        return skipped + [Outcome(failed, "FAILED", str(failure))]
    finally:
        if resolver:
            resolver.stop()
    return outcomes + skipped


def ask_other(file: dict, server: tuple[str, int], rows: set, ignored: set) -> list[Outcome]:
    """Only the questions: what a case was given must be there already (--export-zone helps)."""
    outcomes = []
    for case in file["case"]:
        if rows and case["row"] not in rows:
            continue
        if "while_starting" in file:
            outcomes.append(Outcome(case, "skipped", "needs a daemon of our own, caught while it starts"))
            continue
        kinds = [steps.kind_of(step) for step in case.get("steps", [])]
        if "skip" in case or "targets" in case or set(kinds) - steps.DNS_ONLY:
            outcomes.append(Outcome(case, "skipped", case.get("skip", "needs the API")))
            continue
        context = steps.Context(server, None, {}, {}, case.get("zone", file.get("zone", "corp.")), ignored)
        try:
            for step in case["steps"]:
                steps.run(step, context)
            outcomes.append(Outcome(case, "passed"))
        except (steps.Failure, AssertionError, OSError) as failure:
            outcomes.append(Outcome(case, "FAILED", str(failure)))
    return outcomes


def report(name: str, outcomes: list[Outcome], verbose: bool):
    for outcome in outcomes:
        if outcome.verdict == "passed" and not verbose:
            continue
        title = f"{name} row {outcome.case['row']}: {outcome.case['title']}"
        if outcome.verdict == "skipped":
            print(f"skipped: {title}: {outcome.detail}")
        else:
            print(f"{outcome.verdict}: {title} ({outcome.seconds:.2f} s)\n{outcome.detail}".rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--binary", default=dnsd.binary())
    parser.add_argument("--server", help="ADDRESS or ADDRESS:PORT")
    parser.add_argument("--ignore", default="", help="with --server: any of ttl, ede, soa, additional, size")
    parser.add_argument("--export-zone", type=pathlib.Path)
    parser.add_argument("--row", action="append", default=[])
    parser.add_argument("-v", "--verbose", action="store_true")
    args = parser.parse_args()
    totals = {"passed": 0, "FAILED": 0, "skipped": 0}
    binary, begin = str(pathlib.Path(args.binary).resolve()), time.monotonic()
    for path in args.files or sorted(HERE.glob("*.toml")):
        file = load(path)
        if args.export_zone:
            args.export_zone.write_text(export.zone(file))
            continue
        if args.server:
            address = args.server if ":" in args.server else args.server + ":53"
            outcomes = ask_other(file, dnsd.endpoint(address), set(args.row), set(args.ignore.split(",")))
        else:
            outcomes = run_file(file, binary, set(args.row))
        report(path.stem, outcomes, args.verbose)
        for outcome in outcomes:
            totals[outcome.verdict] += 1
        print(f"{path.stem}: {sum(o.verdict == 'passed' for o in outcomes)} of {len(outcomes)}", flush=True)
    print(f"cases took {time.monotonic() - begin:.1f} s")
    print(f"{totals['passed']} passed, {totals['FAILED']} failed, {totals['skipped']} skipped")
    return 1 if totals["FAILED"] or not sum(totals.values()) and not args.export_zone else 0


if __name__ == "__main__":
    sys.exit(main())
