"""What a process costs: CPU time from the scheduler, memory, and what else was going on meanwhile."""

import dataclasses
import os
import pathlib
import platform
import subprocess
import threading

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


@dataclasses.dataclass
class Spent:
    seconds: float  # on a core, from the scheduler
    user: float     # the same, in the proportion in which the clock's ticks found it in user space and in the kernel
    kernel: float


def since(pid: int, before: tuple[int, int, int]) -> Spent:
    nanoseconds, user, system = (b - a for a, b in zip(before, cpu(pid)))
    seconds, ticks = nanoseconds / 1e9, (user + system) / TICK
    if ticks > 1.05 * seconds + 2 / TICK:  # threads that have ended are left in the process's ticks alone
        seconds = ticks
    share = user / (user + system) if user + system else 0
    return Spent(seconds, seconds * share, seconds * (1 - share))


def thread_cpu(pid: int) -> dict[str, float]:
    """Seconds on a core for each name of a thread."""
    out: dict[str, float] = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text().strip()
        out[name] = out.get(name, 0) + int((task / "schedstat").read_text().split()[0]) / 1e9
    return out


def children() -> float:
    """Seconds that our own ended children had a core."""
    times = os.times()
    return times.children_user + times.children_system


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


class Peak:
    """The most memory that a process had between two moments, asked for a few times a second."""

    def __init__(self, pid: int):
        self.most, self.over = 0.0, threading.Event()
        self.thread = threading.Thread(target=self.watch, args=(pid,))

    def watch(self, pid: int):
        while not self.over.wait(0.2):
            self.most = max(self.most, memory(pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


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
            "load": " ".join(f"{n:.1f}" for n in os.getloadavg()), "commit": text("git", "rev-parse", "--short=12", "HEAD"), "changed": bool(text("git", "status", "--porcelain", "-uno"))}
