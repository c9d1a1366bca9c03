"""A dnsd of the test's own: started on port 0, told apart by its ready file, stopped at the end."""

import http.client
import json
import os
import pathlib
import select
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
START_SECONDS = 60  # generous: a sanitizer build on a busy machine


def binary() -> str:
    return os.environ.get("DNSD_BINARY", str(ROOT / "build/release/dnsd"))


def wait_until(condition, seconds: float, what: str, pace: float = 0.01):
    """Asks until the condition is true; its value is returned, a deadline passed is an error that says what for."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        select.select([], [], [], pace)


class Answer:
    def __init__(self, status: int, headers, body: bytes):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body) if self.body else None

    def __repr__(self):
        return f"{self.status} {self.body[:400].decode(errors='replace')}"


class Api:
    """One kept connection; not shared between threads."""

    def __init__(self, endpoint: tuple[str, int], timeout: float = 30):
        self.endpoint, self.timeout, self.connection = endpoint, timeout, None

    def call(self, method: str, path: str, body=None, headers=None) -> Answer:
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
        for attempt in (1, 2):
            fresh = self.connection is None
            if fresh:
                self.connection = http.client.HTTPConnection(*self.endpoint, timeout=self.timeout)
            try:
                self.connection.request(method, path, body, headers or {})
                reply = self.connection.getresponse()
                answer = Answer(reply.status, reply.headers, reply.read())
                if reply.will_close:
                    self.close()
                return answer
            except (http.client.HTTPException, OSError):
                self.close()
                # A kept connection may have been closed under us between two calls; a new one has no excuse.
                if fresh or attempt == 2:
                    raise
        raise AssertionError("unreachable")

    def close(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def instance(self, method: str, service: str, instance: str, body=None, suffix: str = "") -> Answer:
        return self.call(method, f"/api/v1/services/{service}/instances/{instance}{suffix}", body)

    def register(self, service: str, instance: str, body: dict) -> Answer:
        answer = self.instance("PUT", service, instance, body)
        if answer.status not in (200, 201):
            raise AssertionError(f"PUT {service}/{instance}: {answer}")
        return answer

    def metric(self, name: str) -> float:
        """The value of one line of /metrics; the labels belong to the name."""
        for line in self.call("GET", "/metrics").body.decode().splitlines():
            if line.startswith(name + " "):
                return float(line.split()[-1])
        raise AssertionError(f"no metric {name}")

    def batch(self, operations: list, query: str = "") -> Answer:
        return self.call("POST", f"/api/v1/batch{query}", {"operations": operations})


def endpoint(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


class Server:
    """with Server(config) as server: ... A given folder is kept over restarts; without one the store is in memory."""

    def __init__(self, config: str = "", folder: str | None = None, args: list[str] = (), prefix: list[str] = (),
                 dns_listen: str = "127.0.0.1:0", program: str | None = None):
        self.work = tempfile.TemporaryDirectory(prefix="dnsd-test-")
        self.path = pathlib.Path(self.work.name)
        self.config, self.folder, self.args, self.prefix = config, folder, list(args), list(prefix)
        self.dns_listen, self.program, self.process = dns_listen, program or binary(), None
        self.config_file, self.ready_file = self.path / "dnsd.toml", self.path / "ready.json"
        self.log_file = self.path / "log"

    def command(self) -> list[str]:
        command = [*self.prefix, self.program, "--dns-listen", self.dns_listen, "--http-listen", "127.0.0.1:0",
                   "--ready-file", str(self.ready_file)]
        command += ["--data-dir", self.folder] if self.folder else ["--dev"]
        if self.config:
            self.config_file.write_text(self.config)
            command += ["--config", str(self.config_file)]
        return command + self.args

    def spawn(self):
        self.ready_file.unlink(missing_ok=True)
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            cwd=self.path)
        return self

    def start(self):
        self.spawn()

        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"dnsd ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            return self.ready_file.exists()

        wait_until(ready, START_SECONDS, "dnsd writes its ready file")
        told = json.loads(self.ready_file.read_text())
        self.pid = told["pid"]
        self.dns, self.http = endpoint(told["dns"][0]), endpoint(told["http"][0])
        self.all_dns = [endpoint(e) for e in told["dns"]]
        return self

    def api(self, timeout: float = 30) -> Api:
        return Api(self.http, timeout)

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def signal(self, number: int):
        os.kill(self.pid if self.prefix else self.process.pid, number)

    def kill(self):
        """The process dies at once, as under kill -9 or the kernel's out-of-memory killer."""
        self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, seconds: float = 20) -> int:
        """Orderly end; the exit code. One that does not end in time is an error."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"dnsd did not end within {seconds} s of SIGTERM:\n{self.log()[-2000:]}") from None
        return self.process.returncode

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        try:
            code = self.stop()
            if kind is None and code != 0:
                raise AssertionError(f"dnsd ended with {code}:\n{self.log()[-3000:]}")
        finally:
            if self.process and self.process.poll() is None:
                self.kill()
            self.work.cleanup()


def run_to_end(args: list[str], config: str | None = None, seconds: float = 20) -> tuple[int, str]:
    """Starts a dnsd that is expected to refuse: (exit code, what it printed)."""
    with tempfile.TemporaryDirectory(prefix="dnsd-test-") as work:
        command = [binary(), *args]
        if config is not None:
            path = pathlib.Path(work) / "dnsd.toml"
            path.write_text(config)
            command += ["--config", str(path)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=seconds, cwd=work)
        return run.returncode, run.stdout + run.stderr


def udp_socket(server: tuple[str, int], timeout: float = 5) -> socket.socket:
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM)
    s.settimeout(timeout)
    s.connect(server)
    return s


def free_port() -> int:
    """A port of 127.0.0.1 that was free for UDP and TCP a moment ago."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            try:
                udp.bind(tcp.getsockname())
                return tcp.getsockname()[1]
            except OSError:
                continue
