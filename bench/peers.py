"""The servers to measure beside dnsd, as Debian ships them: one small class each, with one worker, no rate limit, no
log of queries, everything in a folder of the run, on 127.0.0.1 alone."""

import os
import pathlib
import shutil
import subprocess

import programs  # tests/lib
import server as harness
import wire
import workload

PACKAGES = ("gdnsd", "nsd", "knot", "pdns-server", "pdns-backend-bind", "bind9")
CONNECTIONS = 12_000  # for the run that holds 10,000 open
SERVER_CORE, LOAD_CORE = 0, 1


def pinned(core: int, command: list) -> list[str]:
    """On one core, and as root before whatever else runs on this machine: all servers and the load alike."""
    first = ["nice", "-n", "-10"] if os.geteuid() == 0 else []
    return [*first, "taskset", "-c", str(core), *map(str, command)]


class Peer:
    """A server of its own process; `zone` is a master file of the apex `corp` that holds svc0."""

    name = program = ""

    def __init__(self, folder: pathlib.Path, zone: pathlib.Path):
        self.folder, self.zone, self.port = folder / self.name, zone, harness.free_port()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    @classmethod
    def installed(cls) -> str | None:
        return programs.find(cls.program)

    def write(self, name: str, text: str) -> pathlib.Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def command(self) -> list:
        raise NotImplementedError

    def start(self, patience: float = 300):
        self.log = open(self.folder / "output", "wb")
        command = self.command()
        self.process = subprocess.Popen(pinned(SERVER_CORE, command), stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL, cwd=self.folder,
                                        env=programs.environment(str(command[0])))
        self.pid = self.process.pid
        self.await_answer(patience)
        return self

    def await_answer(self, patience: float):
        def answers():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.name} ended: {(self.folder / 'output').read_text(errors='replace')[-1000:]}")
            reply = wire.ask_udp(("127.0.0.1", self.port), wire.query(f"svc0.{workload.ORIGIN}", "A"), 0.2)
            return reply and reply[3] & 15 == 0

        try:
            harness.wait_until(answers, patience, f"{self.name} answers")
        except BaseException:
            self.stop()
            raise

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


class Gdnsd(Peer):
    name = program = "gdnsd"

    def command(self):
        self.write("config", f"""options => {{
  listen => [ "127.0.0.1:{self.port}" ], udp_threads => 1, tcp_threads => 1,
  tcp_clients_per_thread => {CONNECTIONS}, tcp_timeout => 60,
  run_dir => "{self.folder}/run", state_dir => "{self.folder}/state"
}}
""")
        for part in ("zones", "run", "state"):
            (self.folder / part).mkdir(exist_ok=True)
        os.link(self.zone, self.folder / "zones" / workload.ORIGIN)
        return [self.installed(), "-c", self.folder, "start"]


class Nsd(Peer):
    name = program = "nsd"

    def command(self):
        return [self.installed(), "-d", "-c", self.write("nsd.conf", f"""server:
    server-count: 1
    ip-address: 127.0.0.1@{self.port}
    username: ""
    chroot: ""
    zonesdir: "{self.folder}"
    database: ""
    pidfile: "{self.folder}/nsd.pid"
    xfrdfile: "{self.folder}/xfrd.state"
    xfrdir: "{self.folder}"
    zonelistfile: "{self.folder}/zone.list"
    logfile: "{self.folder}/nsd.log"
    tcp-count: {CONNECTIONS}
    tcp-timeout: 60
    tcp-query-count: 0
    rrl-ratelimit: 0
    round-robin: no
    zonefiles-check: no
    zonefiles-write: 0
remote-control:
    control-enable: no
zone:
    name: {workload.ORIGIN}
    zonefile: {self.zone}
""")]


class Knot(Peer):
    name, program = "knot", "knotd"

    def command(self):
        return [self.installed(), "-c", self.write("knot.conf", f"""server:
    rundir: "{self.folder}"
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    tcp-max-clients: {CONNECTIONS}
    tcp-idle-timeout: 60
    pidfile: "{self.folder}/knot.pid"
control:
    listen: "{self.folder}/control"
log:
  - target: stderr
    any: warning
database:
    storage: "{self.folder}"
acl:
  - id: here
    address: 127.0.0.1
    action: update
zone:
  - domain: {workload.ORIGIN}
    file: "{self.zone}"
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    semantic-checks: off
    acl: here
""")]


class Pdns(Peer):
    """With both caches on and kept: its best case."""

    name, program = "pdns", "pdns_server"

    def command(self):
        zones = self.write("zones.conf", f'zone "{workload.ORIGIN}" {{ type master; file "{self.zone}"; }};\n')
        self.write("pdns.conf", f"""launch=bind
bind-config={zones}
local-address=127.0.0.1
local-port={self.port}
receiver-threads=1
distributor-threads=1
daemon=no
guardian=no
socket-dir={self.folder}
loglevel=3
disable-syslog=yes
security-poll-suffix=
cache-ttl=3600
query-cache-ttl=3600
negquery-cache-ttl=3600
max-cache-entries=8000000
max-packet-cache-entries=8000000
max-tcp-connections={CONNECTIONS}
max-tcp-connections-per-client={CONNECTIONS}
tcp-idle-timeout=60
""")
        return [self.installed(), f"--config-dir={self.folder}"]


class Bind(Peer):
    name, program = "bind", "named"

    def command(self):
        # A copy, because its dynamic updates write a journal beside the file.
        shutil.copy(self.zone, self.folder / "corp.zone")
        config = self.write("named.conf", f"""options {{
  directory "{self.folder}";
  listen-on port {self.port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }};
  pid-file "{self.folder}/named.pid";
  session-keyfile "{self.folder}/session.key";
  managed-keys-directory "{self.folder}";
  recursion no;
  notify no;
  dnssec-validation no;
  allow-query-cache {{ none; }};
  rrset-order {{ order none; }};
  tcp-clients {CONNECTIONS};
  tcp-idle-timeout 600;
}};
controls {{ }};
logging {{ category default {{ null; }}; }};
zone "{workload.ORIGIN}" {{ type master; file "corp.zone"; check-names ignore; allow-update {{ 127.0.0.1; }}; }};
""")
        return [self.installed(), "-f", "-n", "1", "-U", "1", "-c", config]


PEERS = (Gdnsd, Nsd, Knot, Pdns, Bind)


def installed(names: list[str] | None = None) -> list[type[Peer]]:
    return [peer for peer in PEERS if peer.installed() and (names is None or peer.name in names)]
