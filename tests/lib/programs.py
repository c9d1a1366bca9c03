"""Other people's servers for our tests: those that `./dev` unpacked under build/unpacked, else those of the machine."""

import os
import pathlib
import re
import shutil
import subprocess

UNPACKED = pathlib.Path(__file__).resolve().parents[2] / "build/unpacked"
FOLDERS = ("usr/sbin", "usr/bin", "sbin", "bin", "usr/lib/systemd", "lib/systemd")


def find(name: str) -> str | None:
    """The program's path; None when it is neither unpacked nor installed."""
    places = [UNPACKED / folder for folder in FOLDERS] + [pathlib.Path("/") / folder for folder in FOLDERS]
    return shutil.which(name, path=os.pathsep.join(str(place) for place in places))


def environment(program: str) -> dict[str, str]:
    """The environment to start it in: an unpacked program finds the libraries that were unpacked with it."""
    if not program.startswith(str(UNPACKED)):
        return dict(os.environ)
    libraries = sorted({str(p.parent) for p in UNPACKED.rglob("lib*.so*")})
    return dict(os.environ, LD_LIBRARY_PATH=os.pathsep.join(libraries))


def stop(process: subprocess.Popen | None):
    """Asked to end, and killed after five seconds."""
    if not process or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def start(command: list[str], log: pathlib.Path, at_end) -> subprocess.Popen:
    """Runs beside the test, with what it prints in the file; `at_end` is the test's addCleanup or addClassCleanup."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=log.parent,
                                   env=environment(command[0]))
    at_end(stop, process)
    return process


def version(program: str, *args: str) -> str:
    """The first number with dots that the program prints."""
    run = subprocess.run([program, *args], capture_output=True, text=True, timeout=20, env=environment(program))
    return re.search(r"\d+(?:\.\d+)+", run.stdout + run.stderr)[0]
