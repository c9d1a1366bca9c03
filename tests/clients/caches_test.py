"""unbound and dnsmasq in front: what they keep ends with its TTL. What they make of our answers is tested in
tests/daemon/resolvers_test.py."""

import pathlib
import re
import tempfile
import time
import unittest

import caches
import programs
import server as dnsd
import wire

TTL = 1
CONFIG = f'[[namespace]]\nname = "corp"\nttl = "{TTL}s"\n'
ROUNDING = 2.5  # seconds: unbound counts whole ones and keeps a record to the end of its last; and a busy machine


class Behind:
    """Tests of a cache that `front` puts before a daemon."""

    @classmethod
    def version(cls) -> str:
        return programs.version(programs.find(cls.PROGRAM), cls.VERSION_OPTION)

    @classmethod
    def setUpClass(cls):
        work = tempfile.TemporaryDirectory(prefix="dnsd-caches-")
        cls.addClassCleanup(work.cleanup)
        cls.server = dnsd.Server(CONFIG).start()
        cls.addClassCleanup(cls.server.__exit__, None)
        cls.api = cls.server.api()
        cls.api.register("known.corp", "k1", {"address": "10.0.0.1"})
        cls.cache = cls.front(pathlib.Path(work.name), cls.server.dns)

    def register(self, service: str, number: int):
        self.api.register(f"{service}.corp", f"w{number}", {"address": f"10.0.0.{number}", "port": 8080})

    def ask(self, name: str, rtype: str) -> wire.Reply:
        return wire.ask(self.cache, name, rtype, rd=True, edns=1232)

    def told(self, name: str, rtype: str = "A") -> set[str]:
        return {r.data for r in self.ask(name, rtype).answer if r.type == rtype}

    def asked_of_us(self) -> int:
        return sum(int(n) for n in re.findall(rb'^dnsd_dns_queries_total\{.*\} (\d+)$',
                                              self.api.call("GET", "/metrics").body, re.M))

    def test_a_change_of_addresses_and_srv_is_seen_within_the_ttl(self):
        self.register("moved", 1)
        self.assertEqual(self.told("moved.corp"), {"10.0.0.1"})
        self.assertEqual(self.told("_moved._tcp.corp", "SRV"), {"1 10 8080 w1.moved.corp."})
        self.register("moved", 2)
        self.assertEqual(self.api.instance("DELETE", "moved.corp", "w1").status, 204)
        changed = time.monotonic()
        dnsd.wait_until(lambda: self.told("moved.corp") == {"10.0.0.2"} and
                        self.told("_moved._tcp.corp", "SRV") == {"1 10 8080 w2.moved.corp."}, 20, "both have changed")
        self.assertLess(time.monotonic() - changed, TTL + ROUNDING)

    def test_between_two_ttls_it_answers_itself(self):
        self.register("often", 1)
        before, begin = self.asked_of_us(), time.monotonic()
        for _ in range(200):
            self.assertEqual(self.told("often.corp"), {"10.0.0.1"})
        self.assertLessEqual(self.asked_of_us() - before, 3 * (1 + (time.monotonic() - begin) / TTL))

    def test_a_new_name_is_seen_within_the_negative_ttl(self):
        self.assertEqual(self.ask("late.corp", "A").rcode, "NXDOMAIN")
        self.register("late", 1)
        begin = time.monotonic()
        dnsd.wait_until(lambda: self.told("late.corp") == {"10.0.0.1"}, 20, "it is there")
        self.assertLess(time.monotonic() - begin, TTL + ROUNDING)

    def test_after_a_drain_no_cache_has_the_address(self):
        self.register("drained", 1)
        self.register("drained", 2)
        self.assertEqual(self.told("drained.corp"), {"10.0.0.1", "10.0.0.2"})
        drained = self.api.instance("POST", "drained.corp", "w1", suffix="/drain?wait=30s")
        self.assertTrue(drained.json()["done"], drained)
        self.assertEqual(self.told("drained.corp"), {"10.0.0.2"})


class Unbound(Behind, unittest.TestCase):
    CLIENT, PROGRAM, VERSION_OPTION = "unbound in front", "unbound", "-V"

    @classmethod
    def front(cls, folder: pathlib.Path, dns: tuple[str, int]) -> tuple[str, int]:
        return caches.unbound(cls.addClassCleanup, folder, dns, ["corp"], "known.corp")


class Dnsmasq(Behind, unittest.TestCase):
    CLIENT, PROGRAM, VERSION_OPTION = "dnsmasq in front", "dnsmasq", "--version"

    @classmethod
    def front(cls, folder: pathlib.Path, dns: tuple[str, int]) -> tuple[str, int]:
        return caches.dnsmasq(cls.addClassCleanup, folder, dns, ["corp"], "known.corp")


if __name__ == "__main__":
    unittest.main()
