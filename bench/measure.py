"""What a process costs: CPU time from the scheduler, memory, and what else was going on meanwhile."""

import os
import pathlib
import platform
import subprocess

TICK = os.sysconf("SC_CLK_TCK")


def tree(pid: int) -> list[int]:
    out, todo = [], [pid]
    while todo:
        out.append(todo.pop())
        try:
            for task in os.listdir(f"/proc/{out[-1]}/task"):
                todo += [int(p) for p in pathlib.Path(f"/proc/{out[-1]}/task/{task}/children").read_text().split()]
        except OSError:
            pass  # it ended meanwhile
    return out


def cpu(pid: int) -> tuple[int, int, int]:
    """(nanoseconds on a core, user ticks, system ticks) of a process, its threads and its children."""
    nanoseconds = user = system = 0
    for process in tree(pid):
        try:
            fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
            user, system = user + int(fields[11]), system + int(fields[12])
            for task in os.listdir(f"/proc/{process}/task"):
                nanoseconds += int(pathlib.Path(f"/proc/{process}/task/{task}/schedstat").read_text().split()[0])
        except OSError:
            continue
    return nanoseconds, user, system


def memory(pid: int) -> float:
    """PSS in MB over the process tree: shared pages count once."""
    total = 0
    for process in tree(pid):
        try:
            for line in open(f"/proc/{process}/smaps_rollup"):
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
        except OSError:
            pass
    return total / 1024


def busy(core: int) -> float:
    """Seconds that a core was busy, whoever it was."""
    for line in open("/proc/stat"):
        fields = line.split()
        if fields[0] == f"cpu{core}":
            numbers = [int(f) for f in fields[1:]]
            return (sum(numbers) - numbers[3] - numbers[4]) / TICK
    return 0


def machine(root: pathlib.Path) -> dict:
    def text(*command: str) -> str:
        return subprocess.run(command, capture_output=True, text=True, cwd=root).stdout.strip()

    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "compiler": text("g++", "--version").split("\n")[0],
            "commit": text("git", "rev-parse", "--short=12", "HEAD"), "changed": bool(text("git", "status", "--porcelain", "-uno"))}
