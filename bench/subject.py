"""dnsd itself as a subject of measurement, and the echo that shows the kernel's own cost."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import peers
import server as harness  # tests/lib
import workload

BATCH = 1000
# Above the defaults: some suites hold 10,000 connections of one client.
ENVIRONMENT = {"DNSD_DNS_TCP_CONNECTIONS": str(peers.CONNECTIONS), "DNSD_DNS_TCP_PER_CLIENT": str(peers.CONNECTIONS),
               "DNSD_DNS_TCP_IDLE": "1m", "DNSD_HTTP_MAX_CONNECTIONS": str(peers.CONNECTIONS),
               "DNSD_HTTP_MAX_WATCHERS": str(peers.CONNECTIONS), "DNSD_LOG_LEVEL": "warning"}
CONFIG = """[limits]
services = 1000000
"""


class Dnsd:
    """With its durable store, one UDP worker and one TCP worker, the whole process on the server's core."""

    name = "dnsd"

    def __init__(self, folder: pathlib.Path, program: pathlib.Path, config: str = "", keep: bool = False):
        self.data = folder / "dnsd-data"
        if not keep:
            shutil.rmtree(self.data, ignore_errors=True)
        os.environ.update(ENVIRONMENT)
        self.server = harness.Server(config, folder=str(self.data), args=["--workers", "1"], program=str(program),
                                     prefix=peers.pinned(peers.SERVER_CORE, []))

    def start(self):
        begin = time.monotonic()
        self.server.start()
        self.start_seconds = time.monotonic() - begin
        self.port, self.pid, self.http = self.server.dns[1], self.server.pid, self.server.http
        return self

    def load(self, services: int, instances: int = workload.INSTANCES) -> float:
        """Registers the workload through batch; the seconds that took."""
        api, begin = self.server.api(timeout=300), time.monotonic()
        for body in workload.batches(services, instances, BATCH):
            answer = api.call("POST", "/api/v1/batch?return=minimal", body)
            if answer.status != 200 or answer.body.count(b'"status":201') != body.count(b'"method"'):
                sys.exit(f"batch: {answer}")
        return time.monotonic() - begin

    def revision(self) -> int:
        return json.loads(self.server.api().call("GET", "/api/v1/status").body)["revision"]

    def threads(self) -> dict[int, str]:
        tasks = pathlib.Path(f"/proc/{self.pid}/task")
        return {int(t.name): (t / "comm").read_text().strip() for t in tasks.iterdir()}

    def pin_all_but_dns(self, core: int):
        """The threads that answer DNS stay where they are; all others go to another core."""
        for tid, name in self.threads().items():
            if not name.startswith("dns-"):
                subprocess.run(["taskset", "-pc", str(core), str(tid)], check=True, capture_output=True)

    def stop(self):
        self.server.stop(60)
        self.server.work.cleanup()


class Echo:
    def __init__(self, tool: pathlib.Path, kind: str, octets: int):
        self.name, self.command = f"echo-{kind}", [tool, kind, octets]

    def start(self):
        self.process = subprocess.Popen(peers.pinned(peers.SERVER_CORE, self.command), stdout=subprocess.PIPE, text=True)
        self.port, self.pid = int(self.process.stdout.readline()), self.process.pid
        return self

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
