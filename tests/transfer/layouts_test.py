"""Zones in other systems' layouts: what is transferred is what is answered, and what dnspython's resolver gets."""

import unittest

import dns.resolver

from server import Server
from zone import ask, axfr, texts

CONFIG = """
[[namespace]]
name = "corp"
max_answers = 0
[[namespace]]
name = "consul"
layout = "consul"
of = "corp"
allow_transfer = ["127.0.0.1"]
[[namespace]]
name = "cluster.local"
layout = "kubernetes"
allow_transfer = ["127.0.0.1"]
"""
SERVICES = {
    "payment.corp": [{"address": "10.0.0.1", "port": 80, "node": "n1", "tags": ["v1"], "meta": {"k": "v"}},
                     {"addresses": ["10.0.0.2", "fd00::2"], "port": 81, "weight": 3},
                     {"address": "10.0.0.1", "port": 80}],
    "db.corp": [{"address": "10.0.0.1", "port": 5432, "node": "n1"}, {"address": "10.0.0.9", "priority": 2}],
    "web.prod.svc.cluster.local": [{"address": "10.0.0.7", "ports": {"http": 80}}],
}


class Layouts(unittest.TestCase):
    def test_what_is_transferred_is_what_is_answered(self):
        with Server(CONFIG) as server:
            api = server.api()
            for service, instances in SERVICES.items():
                for number, body in enumerate(instances):
                    api.register(service, f"i{number}", body)
            for apex, least in (("consul", 60), ("cluster.local", 4)):
                sets = {}
                for line in axfr(server.dns, apex, False)[1]:
                    owner, _, rtype, data = line.split(" ", 3)
                    sets.setdefault((owner, rtype), set()).add(data)
                self.assertGreater(len(sets), least)
                for (owner, rtype), data in sets.items():
                    if rtype == "ns" and owner.rstrip(".") != apex:
                        continue  # a delegation: the zone below answers
                    if owner.startswith("ns.") and rtype == "a" and owner != f"ns.{apex}.":
                        continue  # and its glue
                    answered = {text.lower() for text in texts(ask(server.dns, owner, rtype))}
                    self.assertEqual(answered, data, (owner, rtype))

    def test_a_program_with_dnspython_finds_the_service(self):
        with Server(CONFIG) as server:
            api = server.api()
            for number, body in enumerate(SERVICES["payment.corp"]):
                api.register("payment.corp", f"i{number}", body)
            resolver = dns.resolver.Resolver(configure=False)
            resolver.nameservers, resolver.port = [server.dns[0]], server.dns[1]
            answer = resolver.resolve("payment.service.consul", "SRV")
            found = {(r.port, resolver.resolve(r.target, "A")[0].address) for r in answer}
            self.assertEqual(found, {(80, "10.0.0.1"), (81, "10.0.0.2")})
            self.assertEqual([r.address for r in resolver.resolve("v1.payment.service.dc1.consul", "A")], ["10.0.0.1"])
            with self.assertRaises(dns.resolver.NXDOMAIN):
                resolver.resolve("v9.payment.service.consul", "A")
            with self.assertRaises(dns.resolver.NoAnswer):
                resolver.resolve("service.consul", "A")


if __name__ == "__main__":
    unittest.main()
