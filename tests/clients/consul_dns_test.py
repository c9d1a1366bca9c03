"""Consul's DNS names, as dnspython's users ask for them: a service registered through /v1 is payment.service.consul."""

import unittest

import dns.exception
import dns.resolver
import dns.version

import server as dnsd

CONFIG = """
[[namespace]]
name = "corp"
[[namespace]]
name = "consul"
layout = "consul"
of = "corp"
[consul]
namespace = "corp"
"""
SERVICES = (
    {"Name": "payment", "ID": "p1", "Address": "10.0.0.1", "Port": 8080, "Tags": ["primary"]},
    {"Name": "payment", "ID": "p2", "Address": "10.0.0.2", "Port": 8081, "Tags": ["replica"]},
    {"Name": "payment", "ID": "p3", "Address": "10.0.0.3", "Port": 8082, "Check": {"TTL": "30s"}},  # critical until told
)
NODE = {"Node": "ext1", "Address": "10.9.9.9", "Service": {"Service": "redis", "ID": "r1", "Port": 6379}}


class ConsulDns(unittest.TestCase):
    CLIENT = "dnspython, *.consul"

    @staticmethod
    def version() -> str:
        return dns.version.version

    @classmethod
    def setUpClass(cls):
        cls.server = dnsd.Server(CONFIG).start()
        cls.addClassCleanup(cls.server.__exit__, None)
        cls.resolver = dns.resolver.Resolver(configure=False)
        cls.resolver.nameservers, cls.resolver.port = [cls.server.dns[0]], cls.server.dns[1]
        for service in SERVICES:
            cls.put("/v1/agent/service/register", service)
        cls.put("/v1/catalog/register", NODE)

    @classmethod
    def put(cls, path: str, body=None):
        answer = cls.server.api().call("PUT", path, body)
        assert answer.status == 200, answer

    def addresses(self, name: str, rtype: str = "A") -> set[str]:
        return {record.address for record in self.resolver.resolve(name, rtype)}

    def ports(self, name: str) -> dict[int, set[str]]:
        """Each record's port, and the addresses of its target."""
        return {record.port: self.addresses(record.target) for record in self.resolver.resolve(name, "SRV")}

    def test_a_service_and_its_targets(self):
        both = {8080: {"10.0.0.1"}, 8081: {"10.0.0.2"}}
        self.assertEqual(self.ports("payment.service.consul"), both)
        self.assertEqual(self.ports("_payment._tcp.service.consul"), both)
        self.assertEqual(self.ports("payment.service.dc1.consul"), both)
        self.assertEqual(self.addresses("payment.service.consul"), {"10.0.0.1", "10.0.0.2"})

    def test_the_target_is_the_address_in_hexadecimal(self):
        targets = {record.target.to_text().split(".")[0] for record in
                   self.resolver.resolve("payment.service.consul", "SRV")}
        self.assertEqual(targets, {"0a000001", "0a000002"})
        self.assertEqual(self.addresses("0a000001.addr.consul"), {"10.0.0.1"})
        self.assertEqual(self.addresses("0a000001.addr.dc1.consul"), {"10.0.0.1"})
        with self.assertRaises(dns.resolver.NXDOMAIN):
            self.addresses("0a00001.addr.consul")

    def test_a_tag_selects(self):
        self.assertEqual(self.ports("primary.payment.service.consul"), {8080: {"10.0.0.1"}})
        self.assertEqual(self.ports("_payment._primary.service.consul"), {8080: {"10.0.0.1"}})
        self.assertEqual(self.addresses("replica.payment.service.dc1.consul"), {"10.0.0.2"})

    def test_a_node(self):
        self.assertEqual(self.addresses("ext1.node.consul"), {"10.9.9.9"})
        self.assertEqual(self.addresses("ext1.node.dc1.consul"), {"10.9.9.9"})
        self.assertEqual(self.ports("redis.service.consul"), {6379: {"10.9.9.9"}})

    def test_absences(self):
        for name in ("nobody.service.consul", "nobody.node.consul", "payment.service.dc9.consul", "payment.consul",
                     "payment.nothing.consul"):
            with self.subTest(name=name), self.assertRaises(dns.resolver.NXDOMAIN):
                self.addresses(name)
        with self.assertRaises(dns.resolver.NoAnswer):
            self.addresses("payment.service.consul", "AAAA")

    def test_a_check_takes_a_service_in_and_out(self):
        self.put("/v1/agent/service/register", dict(SERVICES[2], Name="late", ID="l1"))
        with self.assertRaises(dns.exception.DNSException):
            self.addresses("late.service.consul")
        self.put("/v1/agent/check/pass/service:l1")
        self.assertEqual(self.addresses("late.service.consul"), {"10.0.0.3"})
        self.put("/v1/agent/check/fail/service:l1")
        with self.assertRaises(dns.exception.DNSException):
            self.addresses("late.service.consul")

    def test_the_same_stands_in_the_namespace_of_its_own(self):
        self.assertEqual(self.addresses("payment.corp"), self.addresses("payment.service.consul"))


if __name__ == "__main__":
    unittest.main()
