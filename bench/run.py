#!/usr/bin/python3
"""dnsd beside whichever of gdnsd, NSD, Knot, PowerDNS and BIND are installed, in one interleaved run: the server on one
core, the load on another, only 127.0.0.1 asked. `./dev bench` builds what it needs and calls this."""

import argparse
import atexit
import os
import pathlib
import resource
import shutil
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tests/lib")]
import drive  # noqa: E402
import peers  # noqa: E402
import report  # noqa: E402
import control  # noqa: E402
import scale  # noqa: E402
import tcp  # noqa: E402
import udp  # noqa: E402

SUITES = {"udp": udp, "tcp": tcp, "control": control, "scale": scale}
FULL = {"runs": 5, "seconds": 2.0, "patience": 40.0}
QUICK = {"runs": 2, "seconds": 0.5, "patience": 0.0}  # a look, not a result


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    commands = parser.add_subparsers(dest="suite", required=True)
    for name, module in (*SUITES.items(), ("all", None)):
        command = commands.add_parser(name, help=module and module.__doc__.split("\n")[0])
        command.add_argument("--tools", type=pathlib.Path, required=True, help="folder of load, echo and http_load")
        command.add_argument("--program", type=pathlib.Path, required=True, help="the dnsd that is measured")
        command.add_argument("--folder", type=pathlib.Path, help="for zones and stores; default: beside the tools")
        command.add_argument("--peers", help="names with commas, or none; default: all that are installed")
        command.add_argument("--runs", type=int, help="of each server; 5")
        command.add_argument("--seconds", type=float, help="of one run; 2")
        command.add_argument("--patience", type=float, help="seconds for repeating runs that others disturbed; 40")
        command.add_argument("--quick", action="store_true", help="a look: two runs of half a second, smaller sizes")
        command.add_argument("--results", type=pathlib.Path, default=report.RESULTS, help="folder of the JSON")
        if module:
            module.arguments(command)
    options = parser.parse_args(arguments)
    for key, value in (QUICK if options.quick else FULL).items():
        if getattr(options, key) is None:
            setattr(options, key, value)
    return options


def own_options(module, options: argparse.Namespace) -> dict:
    """The suite's own, as given; with --quick its smaller sizes where nothing was given."""
    parser = argparse.ArgumentParser()
    module.arguments(parser)
    usual = vars(parser.parse_args([]))
    given = {key: getattr(options, key, value) for key, value in usual.items()}
    quick = getattr(module, "QUICK", {}) if options.quick else {}
    return {key: quick.get(key, value) if value == usual[key] else value for key, value in given.items()}


def measure_suite(name: str, options: argparse.Namespace) -> report.Report:
    own = own_options(SUITES[name], options)
    folder = (options.folder or options.tools / "bench").resolve() / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    bench = drive.Bench(options.tools.resolve(), options.program.resolve(), folder, options.peers and options.peers.split(","),
                        options.runs, options.seconds, options.patience, own)
    try:
        found = SUITES[name].run(bench)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    found.write(options.results, {"quick": options.quick, "runs": options.runs, "seconds": options.seconds, **own})
    return found


def go_first():
    """Before whatever else runs here; the kernel weighs sessions against each other, so nice alone is not enough."""
    group = pathlib.Path("/proc/self/autogroup")
    try:
        before = group.read_text().split()  # "/autogroup-25 nice 0"; empty where sessions are not weighed
        if before:
            group.write_text("-20")
            atexit.register(group.write_text, before[-1])
    except OSError:
        pass  # not root, or a kernel without: the column of repeated runs has more to do


def main() -> int:
    options = parse(sys.argv[1:])
    if (os.cpu_count() or 1) < 2:
        sys.exit("two cores are needed: one for the server, one for the load")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    go_first()
    here = [peer.name for peer in peers.installed()]
    print(f"installed beside dnsd: {', '.join(here) or 'none; ./dev bench peers installs them'}", flush=True)
    found = [measure_suite(name, options) for name in (SUITES if options.suite == "all" else [options.suite])]
    goals = [goal for one in found for goal in one.goals]
    print(f"\n{sum(g['met'] is True for g in goals)} goals met, {sum(g['met'] is False for g in goals)} missed, "
          f"{sum(g['met'] is None for g in goals)} open")
    for goal in goals:
        if goal["met"] is not True:
            print(f"  {goal['word']:6} {goal['text']}")
    if options.suite == "all" and options.results == report.RESULTS and not options.quick:
        print("docs/performance.md shows:", ", ".join(report.update_page(ROOT / "docs/performance.md")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
