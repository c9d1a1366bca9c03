"""What every program that asks DNS itself has to get right. The program reads questions from its standard input, a line
each ("SRV _worker._tcp.corp"), and answers each with a line: the records' data, separated by spaces and in any order
(an SRV record as PRIORITY:WEIGHT:PORT:TARGET), or NXDOMAIN, NODATA, or "error" and why."""

import os
import pathlib
import re
import select
import subprocess
import tempfile

import programs
import server as dnsd

CONFIG = '[[namespace]]\nname = "corp"\nttl = "1s"\n'
MANY = 60  # SRV records of about 40 octets: beyond 512 octets, and beyond the 1,232 of EDNS


class Resolving:
    """Mixed into a TestCase whose `command(folder, dns)` starts the program, compiled if it has to be."""

    SECONDS = 30  # for one answer; a program that is compiled when it starts answers the first one late

    @classmethod
    def setUpClass(cls):
        work = tempfile.TemporaryDirectory(prefix="dnsd-resolving-")
        cls.addClassCleanup(work.cleanup)
        folder = pathlib.Path(work.name)
        cls.server = dnsd.Server(CONFIG).start()
        cls.addClassCleanup(cls.server.__exit__, None)
        cls.api = cls.server.api()
        cls.register("worker", 1, ports={"http": 80})
        cls.register("worker", 2, priority=2, weight=512)
        cls.api.register("six.corp", "s1", {"address": "fd00::1"})
        made = cls.api.batch([{"method": "PUT", "path": f"/api/v1/services/many.corp/instances/m{n}",
                               "body": {"address": f"10.0.1.{n}", "port": 9000 + n}} for n in range(1, MANY + 1)])
        assert made.status == 200, made
        cls.log = open(folder / "log", "w+b")
        cls.addClassCleanup(cls.log.close)
        command = cls.command(folder, cls.server.dns)
        cls.program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=cls.log,
                                       env=programs.environment(command[0]))
        cls.addClassCleanup(cls.end)

    @classmethod
    def register(cls, service: str, number: int, **more):
        cls.api.register(f"{service}.corp", f"w{number}", {"address": f"10.0.0.{number}", "port": 8080, **more})

    @classmethod
    def end(cls):
        cls.program.stdin.close()
        programs.stop(cls.program)
        cls.program.stdout.close()

    def ask(self, rtype: str, name: str) -> set[str] | str:
        """The records' data, or the one word that says why there are none."""
        os.write(self.program.stdin.fileno(), f"{rtype} {name}\n".encode())
        line = b""
        while not line.endswith(b"\n"):
            ready, _, _ = select.select([self.program.stdout], [], [], self.SECONDS)
            more = os.read(self.program.stdout.fileno(), 65536) if ready else b""
            if not more:
                self.log.seek(0)
                self.fail(f"no answer to {rtype} {name}: {line!r} {self.log.read()[-2000:].decode(errors='replace')}")
            line += more
        words = line.decode().split()
        return words[0] if words and words[0] in ("NXDOMAIN", "NODATA") else set(words)

    def tcp_questions(self) -> int:
        metrics = self.api.call("GET", "/metrics").body
        return int(re.search(rb'^dnsd_dns_requests_total\{proto="tcp"\} (\d+)$', metrics, re.M)[1])

    def test_addresses(self):
        self.register("pair", 1)
        self.register("pair", 2)
        self.assertEqual(self.ask("A", "pair.corp"), {"10.0.0.1", "10.0.0.2"})
        self.assertEqual(self.ask("AAAA", "six.corp"), {"fd00::1"})

    def test_the_second_priority_is_in_srv_answers_only(self):
        self.assertEqual(self.ask("A", "worker.corp"), {"10.0.0.1"})

    def test_srv_with_priority_weight_port_and_a_target_that_resolves(self):
        self.assertEqual(self.ask("SRV", "_worker._tcp.corp"),
                         {"1:10:8080:w1.worker.corp", "2:512:8080:w2.worker.corp"})
        self.assertEqual(self.ask("SRV", "_http._tcp.worker.corp"), {"1:10:80:w1.worker.corp"})
        self.assertEqual(self.ask("A", "w2.worker.corp"), {"10.0.0.2"})

    def test_an_answer_that_needs_tcp(self):
        before = self.tcp_questions()
        self.assertEqual(self.ask("SRV", "_many._tcp.corp"),
                         {f"1:10:{9000 + n}:m{n}.many.corp" for n in range(1, MANY + 1)})
        self.assertGreater(self.tcp_questions(), before)

    def test_absent_names_and_absent_types(self):
        self.assertEqual(self.ask("A", "nobody.corp"), "NXDOMAIN")
        self.assertEqual(self.ask("SRV", "_nobody._tcp.corp"), "NXDOMAIN")
        self.assertEqual(self.ask("A", "six.corp"), self.NODATA)

    def test_a_change_is_seen_at_once(self):
        """None of these programs has a cache of its own."""
        self.assertEqual(self.ask("A", "changed.corp"), "NXDOMAIN")
        self.register("changed", 1)
        self.assertEqual(self.ask("A", "changed.corp"), {"10.0.0.1"})
        self.register("changed", 2)
        self.assertEqual(self.api.instance("DELETE", "changed.corp", "w1").status, 204)
        self.assertEqual(self.ask("A", "changed.corp"), {"10.0.0.2"})
        self.assertEqual(self.ask("SRV", "_changed._tcp.corp"), {"1:10:8080:w2.changed.corp"})
