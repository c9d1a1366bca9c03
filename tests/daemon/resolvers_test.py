"""Resolvers that nobody here wrote, in front of the daemon: unbound at its strictest (every name step by step, RFC 9156,
and random letter case), dnsmasq as a host's own."""

import pathlib
import random
import tempfile
import unittest

import caches
import server as dnsd
import wire

ZONE = """$TTL 60
@ SOA ns.example.org. hostmaster.example.org. 1 2 3 4 60
@ NS ns
ns A 127.0.0.1
a.very.deep.name A 192.0.2.1
*.wild A 192.0.2.2
old DNAME new
host.new A 192.0.2.3
alias CNAME web.corp.
@ MX 10 a.very.deep.name
"""
CONFIG = """
[[namespace]]
name = "corp"
[[namespace]]
name = "eu.prod.internal"
[[zone]]
name = "example.org"
file = "{zone}"
[[reverse]]
prefix = "10.0.0.0/8"
"""
STRICT = """
  qname-minimisation: yes
  qname-minimisation-strict: yes
  use-caps-for-id: yes
  harden-below-nxdomain: yes
  harden-referral-path: yes
  harden-large-queries: yes
  target-fetch-policy: "0 0 0 0 0"
  local-zone: "10.in-addr.arpa." nodefault"""
ZONES = ("corp", "eu.prod.internal", "example.org", "10.in-addr.arpa")
# (name, type): what has to come; a rcode, or the data of the answer's last record set.
QUESTIONS = {
    ("web.corp", "A"): {"10.0.0.1", "10.0.0.2"},
    ("web.corp", "SRV"): {"1 10 8080 w1.web.corp.", "1 10 8080 w2.web.corp."},
    ("_http._tcp.web.corp", "SRV"): {"1 10 80 w1.web.corp."},
    ("w2.web.corp", "A"): {"10.0.0.2"},
    ("_web._tcp.corp", "PTR"): {"w1._web._tcp.corp.", "w2._web._tcp.corp."},
    ("w1._web._tcp.corp", "SRV"): {"1 10 8080 w1.web.corp."},
    ("_services._dns-sd._udp.corp", "PTR"): {"_web._tcp.corp."},
    ("web.corp", "AAAA"): "NOERROR",
    ("nope.corp", "A"): "NXDOMAIN",
    ("a.b.c.d.corp", "A"): "NXDOMAIN",
    ("api.eu.prod.internal", "A"): {"10.0.0.3"},
    ("1.0.0.10.in-addr.arpa", "PTR"): {"w1.web.corp."},
    ("9.9.9.10.in-addr.arpa", "PTR"): "NXDOMAIN",
    ("a.very.deep.name.example.org", "A"): {"192.0.2.1"},
    ("deep.name.example.org", "A"): "NOERROR",
    ("x.y.z.wild.example.org", "A"): {"192.0.2.2"},
    ("host.old.example.org", "A"): {"192.0.2.3"},
    ("alias.example.org", "A"): {"10.0.0.1", "10.0.0.2"},
    ("example.org", "MX"): {"10 a.very.deep.name.example.org."},
}


class Resolvers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory(prefix="dnsd-resolvers-")
        cls.addClassCleanup(cls.work.cleanup)
        cls.folder = pathlib.Path(cls.work.name)
        (cls.folder / "example.org.zone").write_text(ZONE)
        cls.server = dnsd.Server(CONFIG.format(zone=cls.folder / "example.org.zone")).start()
        cls.addClassCleanup(cls.server.work.cleanup)
        cls.addClassCleanup(cls.server.stop)
        api = cls.server.api()
        api.register("web.corp", "w1", {"address": "10.0.0.1", "port": 8080, "ports": {"http": 80}})
        api.register("web.corp", "w2", {"address": "10.0.0.2", "port": 8080})
        api.register("api.eu.prod.internal", "a1", {"address": "10.0.0.3"})

    def judge(self, resolver: tuple[str, int], name: str, rtype: str, wanted):
        spelled = "".join(random.choice((c.lower(), c.upper())) for c in name)
        reply = wire.ask(resolver, spelled, rtype, rd=True, edns=1232, timeout=10)
        self.assertEqual(reply.rcode, wanted if isinstance(wanted, str) else "NOERROR", reply.dump())
        got = {r.data.lower() for r in reply.answer if r.type == rtype}
        self.assertEqual(got, set() if isinstance(wanted, str) else wanted, reply.dump())

    def judge_all(self, resolver: tuple[str, int]):
        for (name, rtype), wanted in QUESTIONS.items():
            with self.subTest(name=name, type=rtype):
                self.judge(resolver, name, rtype, wanted)

    def test_unbound_with_strict_minimisation_and_random_case(self):
        self.judge_all(caches.unbound(self.addCleanup, self.folder, self.server.dns, ZONES, "web.corp", STRICT))

    def test_dnsmasq_in_front(self):
        self.judge_all(caches.dnsmasq(self.addCleanup, self.folder, self.server.dns, ZONES, "web.corp"))


if __name__ == "__main__":
    unittest.main()
