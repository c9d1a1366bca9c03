"""A restart brings everything back and changes no answer."""

import pathlib
import sys
import tempfile
import threading
import unittest

import server as dnsd
import wire

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cases"))
import targets  # noqa: E402

CONFIG = '[[namespace]]\nname = "corp"\nmax_answers = 0\n[[reverse]]\nprefix = "10.0.0.0/8"\n'
QUESTIONS = ["web.corp A", "web.corp AAAA", "web.corp SRV", "_web._tcp.corp SRV", "_web._tcp.corp PTR", "web.corp TXT",
             "_admin._tcp.web.corp SRV", "w1.web.corp A", "w1.web.corp TXT", "also.corp A", "hb.corp A", "hb.corp SRV",
             "empty.corp A", "nope.corp A", "1.0.0.10.in-addr.arpa PTR", "corp SOA", "corp NS", "w3.web.corp A"]


def answers(server) -> dict:
    """question -> rcode and record sets; TTLs are left out, for leases and horizons move them."""
    out = {}
    for question in QUESTIONS:
        reply = wire.ask(server.dns, *question.split(), tcp=True)
        out[question] = (reply.rcode, *(sorted(r.text() for r in section if r.type != "SOA")
                                        for section in (reply.answer, reply.authority, reply.additional)))
    return out


def serial(server) -> int:
    return wire.ask(server.dns, "corp", "SOA").answer[0].rdata.serial


class Restart(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dnsd-restart-")
        self.addCleanup(self.folder.cleanup)

    def fill(self, server, target):
        api = server.api()
        api.call("PUT", "/api/v1/services/web.corp", {"meta": {"team": "blue"}, "ttl": "7s"})
        api.call("PUT", "/api/v1/services/empty.corp", {})
        api.call("PUT", "/api/v1/services/also.corp", {"alias": "web.corp"})
        api.register("web.corp", "w1", {"address": "10.0.0.1", "port": 80, "ports": {"admin": 81}, "weight": 3,
                                        "meta": {"k": "v"}, "tags": ["v2"], "node": "n1", "zone": "az1"})
        api.register("web.corp", "w2", {"addresses": ["10.0.0.2", "fd00::2"], "port": 80, "priority": 2})
        api.register("web.corp", "w3", {"address": "10.0.0.3", "port": 80})
        api.instance("POST", "web.corp", "w3", suffix="/drain")
        for name, state in (("p", "passing"), ("w", "warning"), ("c", "critical")):
            api.register("hb.corp", name, {"address": f"10.0.1.{ord(name)}", "port": 80, "checks": [{"heartbeat": "1h"}]})
            api.instance("PUT", "hb.corp", name, {"state": state, "output": f"says {name}"}, "/heartbeat")
        api.register("hb.corp", "never", {"address": "10.0.1.9", "port": 80, "checks": [{"heartbeat": "1h"}]})
        api.register("hb.corp", "probed", {"address": "127.0.0.1", "port": target.port,
                                           "checks": [{"http": "/", "interval": "200ms", "fall": 100}]})
        dnsd.wait_until(lambda: api.instance("GET", "hb.corp", "probed").json()["available"], 10, "the probe passes")

    def states(self, server) -> dict:
        api, out = server.api(), {}
        for service in ("web.corp", "hb.corp"):
            for i in api.call("GET", f"/api/v1/services/{service}/instances").json()["instances"]:
                out[service, i["id"]] = (i["state"], i["available"], i["reason"], i["draining"],
                                         [(c["state"], c["since"]) for c in i["checks"]])
        return out

    def test_a_clean_restart_changes_no_answer_and_keeps_every_check_state(self):
        target = targets.Target("127.0.0.1", [200])
        with dnsd.Server(CONFIG, folder=self.folder.name) as server:
            self.fill(server, target)
            before, states, moved = answers(server), self.states(server), serial(server)
            target.stop()  # what was passing stays so until `fall` probes of the new process have failed
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(answers(server), before)
            self.assertEqual(self.states(server), states)
            self.assertGreaterEqual(serial(server), moved)

    def test_facts_survive_a_kill(self):
        target = targets.Target("127.0.0.1", [200])
        self.addCleanup(target.stop)
        with dnsd.Server(CONFIG, folder=self.folder.name) as server:
            self.fill(server, target)
            before = answers(server)
            # Observations are written behind within a second; after that even a kill keeps them.
            threading.Event().wait(2.0)
            server.kill()
            server.start()
            self.assertEqual(answers(server), before)

    def test_every_lease_gets_one_full_term(self):
        with dnsd.Server(folder=self.folder.name) as server:
            api = server.api()
            api.register("lease.corp", "l1", {"address": "10.0.0.1", "lease": "6s"})

            def left() -> float:
                text = server.api().instance("GET", "lease.corp", "l1").json()["lease_left"]
                return float(text[:-2]) / 1000 if text.endswith("ms") else float(text.rstrip("s"))

            dnsd.wait_until(lambda: left() <= 3, 10, "half of the lease has passed")
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertGreaterEqual(left(), 4, "the lease was not renewed by the restart")
            self.assertEqual(wire.ask(server.dns, "lease.corp", "A").addresses(), ["10.0.0.1"])

    def test_a_lease_that_had_ended_stays_ended(self):
        with dnsd.Server(folder=self.folder.name) as server:
            server.api().register("lease.corp", "l1", {"address": "10.0.0.1", "lease": "1s"})
            dnsd.wait_until(lambda: not wire.ask(server.dns, "lease.corp", "A").answer, 10, "the lease ends")
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(wire.ask(server.dns, "lease.corp", "A").addresses(), [])
            self.assertEqual(server.api().instance("GET", "lease.corp", "l1").json()["reason"], "lease.expired")

    def test_a_start_is_silent_or_says_not_ready_but_never_lies(self):
        """CASES row 124: while nothing is loaded an answer is SERVFAIL with EDE 14, never NXDOMAIN."""
        port = dnsd.free_port()
        with dnsd.Server(folder=self.folder.name, dns_listen=f"127.0.0.1:{port}") as server:
            operations = [{"method": "PUT", "path": f"/api/v1/services/s{n // 4}.corp/instances/i{n % 4}",
                           "body": {"address": f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"}} for n in range(20000)]
            for begin in range(0, len(operations), 1000):
                server.api().batch(operations[begin:begin + 1000], "?return=minimal")
            server.kill()
            server.spawn()
            seen = {"silence": 0, "SERVFAIL": 0, "NOERROR": 0}

            def asked() -> bool:
                wire_reply = wire.ask_udp(server.dns, wire.query("s4999.corp", "A", edns=1232), timeout=0.05)
                if wire_reply is None:
                    seen["silence"] += 1
                    return False
                reply = wire.Reply(wire_reply)
                self.assertIn(reply.rcode, seen, reply.dump())
                seen[reply.rcode] += 1
                if reply.rcode == "SERVFAIL":
                    self.assertEqual([code for code, _ in reply.ede()], [14], reply.dump())
                    return False
                self.assertEqual(len(reply.answer), 4, reply.dump())
                return True

            dnsd.wait_until(asked, 60, "the first right answer", pace=0.001)
            dnsd.wait_until(server.ready_file.exists, 30, "the ready file")
            print(f"start: {seen}")
