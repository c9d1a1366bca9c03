"""dnsd, NSD and Knot over the same zone files, each in a folder of its own, on loopback and a free port."""

import pathlib
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import message  # noqa: E402
import programs  # noqa: E402
import server as dnsd  # noqa: E402
import wire  # noqa: E402

UDP_SIZE = 1232
PATIENCE = 60


def free_port() -> int:
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return tcp.getsockname()[1]


def file_of(apex: str) -> str:
    return (apex.rstrip(".") or "root") + ".zone"


class Dnsd:
    name = "dnsd"

    def __init__(self, zones: dict[str, str], program: str):
        config = f"[dns]\nudp_size = {UDP_SIZE}\n"
        config += "".join(f'[[zone]]\nname = "{apex}"\nfile = "{file_of(apex)}"\n' for apex in zones)
        self.server = dnsd.Server(config, program=program)
        for apex, text in zones.items():
            (self.server.path / file_of(apex)).write_text(text)

    def __enter__(self):
        self.server.__enter__()
        self.address = self.server.dns
        return self

    def __exit__(self, *what):
        return self.server.__exit__(*what)


class Peer:
    """A name server of Debian's: `command(folder, port)` writes its configuration."""

    name = program = ""

    def __init__(self, zones: dict[str, str]):
        self.zones, self.work = zones, tempfile.TemporaryDirectory(prefix="dnsd-peer-")
        self.folder, self.process = pathlib.Path(self.work.name), None
        for apex, text in zones.items():
            (self.folder / file_of(apex)).write_text(text)

    def __enter__(self):
        return self.start()

    def start(self):
        self.end()
        self.address = ("127.0.0.1", free_port())
        self.log = self.folder / "output"
        command = self.command(self.address[1])
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=self.folder, env=programs.environment(command[0]))
        try:
            for apex in self.zones:
                dnsd.wait_until(lambda: self.serves(apex), PATIENCE, f"{self.name} serves {apex}\n{self.said()}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def serves(self, apex: str) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{self.said()}")
        reply = wire.ask_udp(self.address, message.question(1, 0, message.to_wire(apex), 6), 0.3)
        return reply is not None and reply[3] & 15 == 0

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-3000:]

    def end(self):
        programs.stop(self.process)

    def __exit__(self, *_):
        self.end()
        self.work.cleanup()


class Nsd(Peer):
    name, program = "nsd", "nsd"

    def command(self, port: int) -> list[str]:
        f = self.folder
        config = f"""server:
    server-count: 1
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    zonesdir: "{f}"
    database: ""
    pidfile: "{f}/pid"
    xfrdfile: "{f}/xfrd"
    xfrdir: "{f}"
    zonelistfile: "{f}/list"
    logfile: "{f}/log"
    ipv4-edns-size: {UDP_SIZE}
    minimal-responses: yes
    rrl-ratelimit: 0
    zonefiles-write: 0
remote-control:
    control-enable: no
"""
        config += "".join(f'zone:\n    name: "{apex}"\n    zonefile: "{file_of(apex)}"\n' for apex in self.zones)
        (f / "nsd.conf").write_text(config)
        return [programs.find(self.program), "-d", "-c", str(f / "nsd.conf")]


class Knot(Peer):
    name, program = "knot", "knotd"

    def command(self, port: int) -> list[str]:
        f = self.folder
        config = f"""server:
    rundir: "{f}"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 2
    background-workers: 1
    udp-max-payload: {UDP_SIZE}
database:
    storage: "{f}/db"
log:
  - target: stderr
    any: warning
template:
  - id: default
    storage: "{f}"
    semantic-checks: off
    journal-content: none
    zonefile-load: whole
zone:
"""
        config += "".join(f'  - domain: "{apex}"\n    file: "{file_of(apex)}"\n' for apex in self.zones)
        (f / "knot.conf").write_text(config)
        return [programs.find(self.program), "-c", str(f / "knot.conf")]
