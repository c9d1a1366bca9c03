#!/usr/bin/python3
"""The system path: programs that know nothing of dnsd resolve through /etc/resolv.conf.

    run.py --binary build/release/dnsd

Makes a network and mount namespace of its own, in which resolv.conf names dnsd at 127.0.0.55 port 53, and asks
through glibc (getent, Python, curl), musl (a static program), dig and drill. Ends with "N passed, N failed, N skipped".
"""

import argparse
import http.server
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import programs  # noqa: E402
import server as dnsd  # noqa: E402

INSIDE = "DNSD_SYSTEM_TEST_INSIDE"
RESOLVER = "127.0.0.55"
# worker.corp, of whichever family, answers on loopback: the workers are real.
WORKERS = {"w1": "127.0.1.1", "w2": "127.0.1.2"}
UPSTREAM = "127.0.0.77"  # port 53, a dnsmasq with a few names of its own
CONFIG = f"""[[namespace]]
name = "corp"
[[reverse]]
prefix = "127.0.0.0/8"
[forward]
upstreams = ["{UPSTREAM}"]
"""


def sh(*command: str, seconds: float = 20) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds)


class Worker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"worker at {self.server.server_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Plain(http.server.ThreadingHTTPServer):
    def server_bind(self):  # without a look-up of its own name
        http.server.socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address


def worker_port() -> int:
    """One port that is free at both workers' addresses."""
    while True:
        first = socket.create_server((WORKERS["w1"], 0))
        port = first.getsockname()[1]
        try:
            socket.create_server((WORKERS["w2"], port)).close()
            first.close()
            return port
        except OSError:
            first.close()


class SystemPath(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = dnsd.Server(CONFIG, dns_listen=f"{RESOLVER}:53").start()
        cls.addClassCleanup(lambda: (cls.server.stop(), cls.server.work.cleanup()))
        cls.port = worker_port()
        for address in WORKERS.values():
            worker = Plain((address, cls.port), Worker)
            threading.Thread(target=worker.serve_forever, daemon=True).start()
            cls.addClassCleanup(worker.shutdown)
        api = cls.server.api()
        for name, address in WORKERS.items():
            api.register("worker.corp", name, {"address": address, "port": cls.port, "ports": {"http": cls.port},
                                               "checks": [{"http": "/", "interval": "500ms"}]})
            dnsd.wait_until(lambda name=name: api.instance("GET", "worker.corp", name).json()["available"], 15,
                            f"{name} passes its check")
        api.register("six.corp", "s1", {"address": "fd00::6"})
        api.register("dual.corp", "d1", {"addresses": ["10.0.0.4", "fd00::4"]})
        api.call("PUT", "/api/v1/services/www.corp", {"alias": "worker.corp"})
        cls.expected = sorted(WORKERS.values())

    def start_upstream(self):
        program = programs.find("dnsmasq")
        if not program:
            self.skipTest("dnsmasq is neither unpacked nor installed")
        big = [f"--host-record=big.example.net,198.51.100.{n}" for n in range(1, 101)]
        process = subprocess.Popen([program, "--keep-in-foreground", f"--listen-address={UPSTREAM}", "--bind-interfaces",
                                    "--no-resolv", "--no-hosts", "--user=", "--pid-file=", "--local=/net/", "--local-ttl=30",
                                    "--address=/www.example.net/192.0.2.80", "--address=/www.example.net/2001:db8::80",
                                    "--ptr-record=80.2.0.192.in-addr.arpa,www.example.net", *big],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
                                   env=programs.environment(program))
        self.addCleanup(lambda: (process.terminate(), process.wait()))
        # dig says on stdout, too, that nobody listens yet: what counts is the address.
        ask = "dig", "+short", "+time=1", "+tries=1", f"@{UPSTREAM}", "www.example.net"
        dnsd.wait_until(lambda: "192.0.2.80" in sh(*ask).stdout.split(), 15, "the upstream answers")

    def test_the_only_name_server_resolves_everything(self):
        """The host knows no other name server than dnsd, which asks an upstream for what is not its own."""
        self.start_upstream()
        addresses = {line.split()[0] for line in self.lines("getent", "ahosts", "www.example.net")}
        self.assertEqual(addresses, {"192.0.2.80", "2001:db8::80"})
        self.assertIn("www.example.net", self.lines("getent", "hosts", "192.0.2.80")[0])
        self.assertEqual(sh("getent", "hosts", "nope.example.net", seconds=10).returncode, 2)
        self.assertEqual(len(self.lines("dig", "+short", "big.example.net")), 100)  # truncated, then over TCP
        code = "import socket, sys; print(*sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80)}), sep='\\n')"
        self.assertEqual(self.lines(sys.executable, "-c", code, "www.example.net"), ["192.0.2.80", "2001:db8::80"])
        self.assertEqual({line.split()[0] for line in self.lines("getent", "ahosts", "worker.corp")}, set(self.expected))
        flags = sh("dig", "www.example.net").stdout
        self.assertRegex(flags, "flags: qr rd ra;")
        self.assertNotIn("recursion requested but not available", sh("dig", "worker.corp").stdout)

    def lines(self, *command: str) -> list[str]:
        run = sh(*command)
        self.assertEqual(run.returncode, 0, f"{command}: {run.stdout}{run.stderr}")
        return sorted(line for line in run.stdout.splitlines() if line.strip())

    def test_getent_hosts(self):
        for _ in range(5):
            self.assertIn(self.lines("getent", "hosts", "worker.corp")[0].split()[0], self.expected)
        self.assertEqual(self.lines("getent", "hosts", "six.corp")[0].split()[0], "fd00::6")

    def test_getent_ahosts(self):
        addresses = {line.split()[0] for line in self.lines("getent", "ahosts", "worker.corp")}
        self.assertEqual(sorted(addresses), self.expected)
        addresses = {line.split()[0] for line in self.lines("getent", "ahosts", "dual.corp")}
        self.assertEqual(addresses, {"10.0.0.4", "fd00::4"})
        addresses = {line.split()[0] for line in self.lines("getent", "ahostsv4", "www.corp")}
        self.assertEqual(sorted(addresses), self.expected)

    def test_getent_of_a_stranger_fails_at_once(self):
        self.assertEqual(sh("getent", "hosts", "nope.corp", seconds=5).returncode, 2)

    def test_reverse_by_getent(self):
        self.assertIn("w1.worker.corp", self.lines("getent", "hosts", WORKERS["w1"])[0])

    def test_search_list(self):
        """`search corp` stands in resolv.conf: the bare name is enough."""
        addresses = {line.split()[0] for line in self.lines("getent", "ahosts", "worker")}
        self.assertEqual(sorted(addresses), self.expected)

    def test_dig(self):
        self.assertEqual(self.lines("dig", "+short", "worker.corp"), self.expected)
        self.assertEqual(self.lines("dig", "+short", "+tcp", "worker.corp"), self.expected)
        srv = sorted(f"1 10 {self.port} {name}.worker.corp." for name in WORKERS)
        self.assertEqual(self.lines("dig", "+short", "SRV", "worker.corp"), srv)
        self.assertEqual(self.lines("dig", "+short", "SRV", "_worker._tcp.corp"), srv)
        self.assertEqual(self.lines("dig", "+short", "-x", WORKERS["w2"]), ["w2.worker.corp."])
        full = sh("dig", "worker.corp").stdout
        self.assertIn("status: NOERROR", full)
        self.assertNotIn("WARNING: Message parser", full)

    def test_drill(self):
        full = sh("drill", "worker.corp").stdout
        self.assertIn("rcode: NOERROR", full)
        for address in self.expected:
            self.assertIn(address, full)
        self.assertIn("rcode: NXDOMAIN", sh("drill", "nope.corp").stdout)

    def test_python(self):
        """A new process each: this one's own resolver state must not matter."""
        code = ("import socket, sys; print(*sorted({a[4][0] for a in socket.getaddrinfo(sys.argv[1], 80)}), sep='\\n')")
        self.assertEqual(self.lines(sys.executable, "-c", code, "worker.corp"), self.expected)
        self.assertEqual(self.lines(sys.executable, "-c", code, "six.corp"), ["fd00::6"])

    def test_curl_reaches_a_real_worker(self):
        seen = set()
        for _ in range(60):  # addresses are in a new order for each, so both workers come up
            body = self.lines("curl", "-sS", "--max-time", "10", f"http://worker.corp:{self.port}/")[0]
            seen.add(body.split()[-1])
            if len(seen) == 2:
                break
        self.assertEqual(sorted(seen), self.expected)

    @unittest.skipUnless(shutil.which("musl-gcc"), "musl-gcc is not installed")
    def test_a_static_musl_program(self):
        with tempfile.TemporaryDirectory() as folder:
            program = str(pathlib.Path(folder) / "resolve_name")
            built = sh("musl-gcc", "-static", "-O1", "-o", program, str(HERE / "resolve_name.c"), seconds=60)
            self.assertEqual(built.returncode, 0, built.stderr)
            self.assertEqual(self.lines(program, "worker.corp", "80"), self.expected)
            self.assertEqual(set(self.lines(program, "dual.corp")), {"10.0.0.4", "fd00::4"})
            self.assertEqual(self.lines(program, "worker"), self.expected)
            self.assertEqual(sh(program, "nope.corp").returncode, 1)

    def test_a_dead_worker_leaves_dns_within_seconds(self):
        api, doomed = self.server.api(), Plain(("127.0.1.9", 0), Worker)
        threading.Thread(target=doomed.serve_forever, daemon=True).start()
        port = doomed.server_address[1]
        api.register("doomed.corp", "d1", {"address": "127.0.1.9", "port": port,
                                           "checks": [{"http": "/", "interval": "300ms", "fall": 2}]})
        api.register("doomed.corp", "d2", {"address": "10.0.0.77", "port": self.port})
        found = lambda: {line.split()[0] for line in sh("getent", "ahostsv4", "doomed.corp").stdout.splitlines()}  # noqa: E731
        dnsd.wait_until(lambda: found() == {"127.0.1.9", "10.0.0.77"}, 15, "both workers resolve")
        doomed.shutdown()
        doomed.server_close()
        dnsd.wait_until(lambda: found() == {"10.0.0.77"}, 15, "the dead worker no longer resolves")


def enter_namespaces():
    """Starts this script again inside: as root without a user namespace, else with one."""
    flags = "-nm" if os.getuid() == 0 else "-Urnm"
    if sh("unshare", flags, "true").returncode:
        flags = "-Urnm"
    if sh("unshare", flags, "true").returncode:
        print("skipped: network namespaces are not allowed here")
        print("0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    os.execvpe("unshare", ["unshare", flags, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})


def furnish(folder: str):
    """Loopback, resolv.conf and nsswitch.conf of this namespace alone."""
    for name, text in (("resolv.conf", f"nameserver {RESOLVER}\nsearch corp\noptions timeout:2 attempts:2\n"),
                       ("nsswitch.conf", "passwd: files\nhosts: files dns\n")):
        path = pathlib.Path(folder) / name
        path.write_text(text)
        if not os.path.exists(f"/etc/{name}") or sh("mount", "--bind", str(path), os.path.realpath(f"/etc/{name}")).returncode:
            sys.exit(f"cannot bind /etc/{name}")
    if sh("ip", "link", "set", "lo", "up").returncode:
        sys.exit("cannot bring loopback up")
    # AI_ADDRCONFIG asks whether the machine has an address beyond 127.0.0.1 and ::1, and getent sets it.
    for address in ("192.0.2.200/32", "2001:db8::200/128"):
        if sh("ip", "address", "add", address, "dev", "lo").returncode:
            sys.exit(f"cannot add {address} to loopback")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    args = parser.parse_args()
    if INSIDE not in os.environ:
        enter_namespaces()
    os.environ["DNSD_BINARY"] = str(pathlib.Path(args.binary).resolve())
    with tempfile.TemporaryDirectory() as folder:
        furnish(folder)
        suite = unittest.TestLoader().loadTestsFromTestCase(SystemPath)
        result = unittest.TextTestRunner(stream=sys.stdout, verbosity=2).run(suite)
    for test, _ in result.failures + result.errors:
        print(f"FAILED: {test.id()}")
    for test, reason in result.skipped:
        print(f"skipped: {test.id()}: {reason}")
    failed = len(result.failures + result.errors)
    print(f"{max(result.testsRun - failed - len(result.skipped), 0)} passed, {failed} failed, {len(result.skipped)} skipped")
    return 1 if failed or not result.testsRun else 0


if __name__ == "__main__":
    sys.exit(main())
