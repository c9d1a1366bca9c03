#!/usr/bin/python3
"""Unmodified clients of other systems, against dnsd. A client that is neither installed nor unpacked is a counted skip.

    run.py [--binary PROGRAM] [--without-heavy REASON] [--page FILE] [--but NAME ...] [name ...]

Ends with the matrix of clients, also in FILE (build/clients.md), and "N passed, N failed, N skipped".
"""

import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
import matrix  # noqa: E402
import timed  # noqa: E402

PAGE = HERE.parents[1] / "build/clients.md"


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", help="the daemon under test")
    parser.add_argument("--without-heavy", metavar="REASON", help="skip what wants a compiler or a large runtime")
    parser.add_argument("--page", type=pathlib.Path, default=PAGE, help="where the matrix is written")
    parser.add_argument("--but", nargs="+", default=[], metavar="NAME", help="files without _test.py: all but these")
    parser.add_argument("names", nargs="*", help="files without _test.py")
    args = parser.parse_args()
    if args.binary:
        os.environ["DNSD_BINARY"] = str(pathlib.Path(args.binary).resolve())
    every = [file.stem.removesuffix("_test") for file in HERE.glob("*_test.py")]
    if unknown := {*args.names, *args.but} - {*every}:
        parser.error(f"no such file: {', '.join(sorted(unknown))}")
    suite = timed.load(HERE, [name for name in args.names or every if name not in args.but])
    if args.without_heavy:
        matrix.leave_out_heavy(suite, args.without_heavy)
    result = timed.judge(suite)
    matrix.write(result.outcomes.values(), args.page)
    passed, failed, skipped = result.totals()
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed + skipped else 0


if __name__ == "__main__":
    sys.exit(main())
