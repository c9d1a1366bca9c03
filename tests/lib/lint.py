"""clang-format and clang-tidy: lint.py --build BUILD [--all].

Formatting is checked over every tracked C++ file. Tidy is slow (a file that includes Beast takes half a minute), so
by default it looks at what differs from the last commit or was changed by it; --all looks at every file.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys


def git(*args: str) -> list[str]:
    return subprocess.run(["git", *args], capture_output=True, text=True, check=True).stdout.split("\n")[:-1]


def tidy_one(build: str, file: str) -> tuple[str, int, str]:
    run = subprocess.run(["clang-tidy-19", "-p", build, "--quiet", file], capture_output=True, text=True)
    return file, run.returncode, run.stdout


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--all", action="store_true")
    args = parser.parse_args()
    sources = [f for f in git("ls-files", "*.cc", "*.h") if pathlib.Path(f).exists()]
    failed = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources]).returncode != 0
    known = {os.path.relpath(entry["file"]) for entry in json.load(open(f"{args.build}/compile_commands.json"))}
    wanted = set(sources)
    if not args.all:
        wanted = set(git("diff", "--name-only", "HEAD")) | set(git("diff", "--name-only", "HEAD~1", "HEAD"))
    files = sorted(f for f in wanted if f in known)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for file, status, output in pool.map(lambda f: tidy_one(args.build, f), files):
            if status:
                failed = True
                print(f"{file}:\n{output}")
    print(f"clang-format: {len(sources)} files; clang-tidy: {len(files)} files; {'failed' if failed else 'clean'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
