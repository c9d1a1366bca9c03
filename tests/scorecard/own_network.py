"""H4: the network between the server and everything it checks dies, in three ways, and comes back.

The row starts this file again in a user and network namespace of its own. There a veth pair leads to a second namespace
with the targets; their four networks lie behind one router's address, so that everything depends on one link. Two
servers look at the same targets: ours, and the mutant, whose guard is off.
"""

import json
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
import server as dnsd  # noqa: E402
from api_tools import available, falls, pause, put, revision, run_all  # noqa: E402
from fleet import Fleet  # noqa: E402
from row import Measure, Row, Skipped  # noqa: E402
from watch import Watch, expecting  # noqa: E402

SERVICES, INSTANCES, NETWORKS = 5, 20, 4
TOTAL = SERVICES * INSTANCES
NAMES = [f"s{n}.corp" for n in range(SERVICES)]
CONFIG = '[[namespace]]\nname = "corp"\nmax_answers = 0\n[health.guard]\nenabled = {}\n'
# Within three of these and a timeout an unguarded check has fallen.
INTERVAL, TIMEOUT = 0.5, 0.4
EXPECTED = {f"{NAMES[s]} A": [f"10.1.{i % NETWORKS}.{s * INSTANCES + i + 1}" for i in range(INSTANCES)]
            for s in range(SERVICES)}
# Which fault, and what mends it: commands here, and commands beside the targets.
OUR_ROUTE = "route replace 10.1.0.0/16 via 10.2.0.2"
FAULTS = [("our link is down", ["link set outer down"], [], ["link set outer up", OUR_ROUTE], []),
          ("the other end of the link is down", [], ["link set inner down"], [], ["link set inner up"]),
          ("the network swallows every packet", [], ["route add blackhole 10.2.0.1/32"], [],
           ["route del blackhole 10.2.0.1/32"])]


class Network:
    """Our end and theirs; theirs is the namespace that the targets' process was started in."""

    def __init__(self, fleet: Fleet):
        fleet.tell()  # it answers: it is in its namespace
        self.pid = str(fleet.process.pid)
        self.ours(["link set lo up", f"link add name outer type veth peer name inner netns {self.pid}",
                   "addr add 10.2.0.1/30 dev outer", "link set outer up"])
        # A local route makes a whole block of addresses one's own.
        self.theirs(["link set lo up", "addr add 10.2.0.2/30 dev inner", "link set inner up",
                     "route add local 10.1.0.0/16 dev lo"])
        self.ours([OUR_ROUTE])

    def ours(self, commands: list[str]):
        for command in commands:
            subprocess.run(["ip", *command.split()], check=True)

    def theirs(self, commands: list[str]):
        for command in commands:
            subprocess.run(["nsenter", "-t", self.pid, "-n", "ip", *command.split()], check=True)


def register(server: dnsd.Server, port: int):
    check = {"http": "/", "interval": f"{int(INTERVAL * 1000)}ms", "timeout": f"{int(TIMEOUT * 1000)}ms"}
    run_all(server.api(), [put(NAMES[s], f"i{i}", {"address": EXPECTED[f"{NAMES[s]} A"][i], "port": port,
                                                  "checks": [check]})
                           for s in range(SERVICES) for i in range(INSTANCES)])
    dnsd.wait_until(lambda: available(server.api()) == TOTAL, 30, "all are up")


def suffer(network: Network, guarded: dnsd.Server, bare: dnsd.Server, fault: tuple, seconds: float) -> dict:
    """One fault from its begin until everything is as it was; what each of the servers did about it."""
    name, ours, theirs, mend_ours, mend_theirs = fault
    before = {server: revision(server.api()) for server in (guarded, bare)}
    network.ours(ours)
    network.theirs(theirs)
    pause(seconds)
    held = int(guarded.api().metric("dnsd_guard_held_instances"))
    network.theirs(mend_theirs)
    network.ours(mend_ours)
    dnsd.wait_until(lambda: guarded.api().metric("dnsd_guard_held_instances") == 0, 60, f"none is held after: {name}")
    dnsd.wait_until(lambda: available(bare.api()) == TOTAL, 120, f"the unguarded ones are back after: {name}")
    transitions = [len(falls(server.api(), NAMES, before[server])) for server in (guarded, bare)]
    return {"fault": name, "held": held, "transitions": transitions[0], "unguarded": transitions[1]}


def inside(seconds: float) -> dict:
    with Fleet(("unshare", "-n", "--")) as fleet:
        network = Network(fleet)
        port = fleet.open(sorted(address for told in EXPECTED.values() for address in told))
        with dnsd.Server(CONFIG.format("true")) as guarded, dnsd.Server(CONFIG.format("false")) as bare:
            register(guarded, port)
            register(bare, port)
            with Watch(guarded.dns, list(EXPECTED), expecting(EXPECTED)) as watch:
                faults = [suffer(network, guarded, bare, fault, seconds) for fault in FAULTS]
        return {"faults": faults, "wrong": watch.wrong, "asked": watch.asked, "summary": watch.summary()}


def measure(m: Measure):
    enter = ["unshare", "-Urn", "--"]
    tried = subprocess.run([*enter, *"ip link add name outer type veth peer name inner".split()], capture_output=True,
                           text=True)
    if tried.returncode != 0:
        raise Skipped(f"no network namespaces here: {tried.stderr.strip()}")
    run = subprocess.run([*enter, sys.executable, __file__, "20" if m.full else "3"], stdout=subprocess.PIPE, text=True,
                         timeout=ROW.seconds - 10)
    if run.returncode != 0:
        raise AssertionError(f"in the namespace: ended with {run.returncode}")
    told = json.loads(run.stdout)
    for fault in told["faults"]:
        m.result(f"{fault['fault']}: {fault['transitions']} transitions ({fault['held']} of {TOTAL} held; guard off: "
                 f"{fault['unguarded']})")
        m.require(fault["transitions"] == 0, f"{fault['fault']}: {fault['transitions']} transitions")
    m.result(f"{told['wrong']} of {told['asked']} answers changed")
    m.require(told["wrong"] == 0, told["summary"])
    for fault in told["faults"][1:]:  # without a route of our own a probe says nothing, whatever the guard does
        m.mutant(fault["unguarded"] >= TOTAL, f"the guard off, {fault['fault']}")


ROW = Row("H4", "When our own network dies, nothing is taken out of DNS",
          "100 instances, three kinds of fault: 0 transitions, and none when it comes back", measure, seconds=300)

if __name__ == "__main__":
    print(json.dumps(inside(float(sys.argv[1]))))
