#!/usr/bin/python3
"""Unmodified clients of other systems, against dnsd. A client that is neither installed nor unpacked is a counted skip.

    run.py [--binary PROGRAM] [name ...]     Ends with "N passed, N failed, N skipped".
"""

import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
import timed  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", help="the daemon under test")
    parser.add_argument("names", nargs="*", help="files without _test.py")
    args = parser.parse_args()
    if args.binary:
        os.environ["DNSD_BINARY"] = str(pathlib.Path(args.binary).resolve())
    passed, failed, skipped = timed.run(HERE, args.names)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed or not passed + skipped else 0


if __name__ == "__main__":
    sys.exit(main())
