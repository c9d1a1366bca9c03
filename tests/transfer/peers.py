"""BIND, NSD and Knot as the other side: started by the test with a folder, a configuration and a port of their own."""

import pathlib
import socket
import subprocess
import tempfile
import unittest

import programs
from server import wait_until

KEY, ALGORITHM = "xfr", "hmac-sha256"
SECRET = "cXdlcnR5dWlvcGFzZGZnaGprbHp4Y3Zibm0xMjM0NTY="


def program(name: str) -> str:
    found = programs.find(name)
    if not found:
        raise unittest.SkipTest(f"{name} is neither installed nor unpacked")
    return found


class Peer:
    """with Bind(port, config) as peer: ..."""

    def __init__(self, port: int):
        self.port, self.address = port, ("127.0.0.1", port)
        self.work = tempfile.TemporaryDirectory(prefix="dnsd-peer-")
        self.path = pathlib.Path(self.work.name)
        self.log_file, self.process = self.path / "log", None

    def config(self) -> str:
        raise NotImplementedError

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self):
        (self.path / "conf").write_text(self.config())
        with open(self.log_file, "ab") as log:
            command = self.command()
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.path,
                                            env=programs.environment(command[0]))

        def listens():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.command()[0]} ended:\n{self.log()[-3000:]}")
            with socket.socket() as s:
                s.settimeout(1)
                return s.connect_ex(self.address) == 0

        wait_until(listens, 20, f"{self.command()[0]} listens on {self.address}")
        return self

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def stop(self):
        programs.stop(self.process)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
        self.work.cleanup()


class Secondary(Peer):
    def __init__(self, port: int, zone: str, primary: int):
        super().__init__(port)
        self.zone, self.primary = zone, primary


class Bind(Secondary):
    name = "bind"

    def config(self) -> str:
        return f"""
options {{ directory "{self.path}"; listen-on port {self.port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }};
  pid-file "{self.path}/pid"; session-keyfile "{self.path}/session.key"; recursion no; notify no;
  allow-transfer {{ 127.0.0.1; }}; dnssec-validation no; allow-new-zones no; }};
controls {{ }};
key "{KEY}" {{ algorithm {ALGORITHM}; secret "{SECRET}"; }};
zone "{self.zone}" {{ type secondary; file "zone.db"; primaries {{ 127.0.0.1 port {self.primary} key "{KEY}"; }}; }};
"""

    def command(self) -> list[str]:
        return [program("named"), "-g", "-n", "1", "-U", "1", "-c", str(self.path / "conf")]


class Nsd(Secondary):
    name = "nsd"

    def config(self) -> str:
        return f"""
server:
  ip-address: 127.0.0.1
  port: {self.port}
  server-count: 1
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{self.path}"
  xfrdir: "{self.path}"
  xfrdfile: "{self.path}/xfrd"
  zonelistfile: "{self.path}/zones"
  pidfile: "{self.path}/pid"
  verbosity: 2
remote-control:
  control-enable: no
key:
  name: "{KEY}"
  algorithm: {ALGORITHM}
  secret: "{SECRET}"
zone:
  name: "{self.zone}"
  zonefile: "zone.db"
  request-xfr: 127.0.0.1@{self.primary} {KEY}
  allow-notify: 127.0.0.1 {KEY}
  provide-xfr: 127.0.0.1 NOKEY
"""

    def command(self) -> list[str]:
        return [program("nsd"), "-d", "-c", str(self.path / "conf")]


KNOT_HEAD = """
server:
  rundir: "{path}"
  listen: 127.0.0.1@{port}
  udp-workers: 1
  tcp-workers: 2
  background-workers: 1
log:
  - target: stderr
    any: info
database:
  storage: "{path}"
key:
  - id: {key}
    algorithm: {algorithm}
    secret: {secret}
"""


class Knot(Secondary):
    name = "knot"

    def config(self) -> str:
        return KNOT_HEAD.format(path=self.path, port=self.port, key=KEY, algorithm=ALGORITHM, secret=SECRET) + f"""
remote:
  - id: dnsd
    address: 127.0.0.1@{self.primary}
    key: {KEY}
acl:
  - id: told
    address: 127.0.0.1
    key: {KEY}
    action: notify
  - id: out
    address: 127.0.0.1
    action: transfer
zone:
  - domain: {self.zone}
    storage: "{self.path}"
    master: dnsd
    acl: [told, out]
"""

    def command(self) -> list[str]:
        return [program("knotd"), "-c", str(self.path / "conf")]


class KnotPrimary(Peer):
    """The other way round: dnsd is the secondary; changed by nsupdate."""

    def __init__(self, port: int, zone: str, text: str, secondary: int):
        super().__init__(port)
        self.zone, self.secondary = zone, secondary
        (self.path / "zone.db").write_text(text)

    def config(self) -> str:
        return KNOT_HEAD.format(path=self.path, port=self.port, key=KEY, algorithm=ALGORITHM, secret=SECRET) + f"""
remote:
  - id: dnsd
    address: 127.0.0.1@{self.secondary}
    key: {KEY}
acl:
  - id: all
    address: 127.0.0.1
    key: {KEY}
    action: [transfer, update]
zone:
  - domain: {self.zone}
    storage: "{self.path}"
    file: zone.db
    notify: dnsd
    acl: all
    zonefile-load: difference
"""

    def command(self) -> list[str]:
        return [program("knotd"), "-c", str(self.path / "conf")]
