"""Clients of Consul: python3-consul 0.7.1 and npm's consul 2.0.1, as their users call them."""

import pathlib
import threading
import time
import unittest

import dns.message
import dns.query

from found import npm_version, python_module, run_node
from server import Server, wait_until

HERE = pathlib.Path(__file__).resolve().parent


def addresses(server: Server, name: str) -> list[str]:
    reply = dns.query.udp(dns.message.make_query(name, "A"), server.dns[0], port=server.dns[1], timeout=5)
    return sorted(record.address for rrset in reply.answer for record in rrset)


class PythonConsul(unittest.TestCase):
    CLIENT = "python3-consul"

    @staticmethod
    def version() -> str:
        return python_module("consul").__version__

    @classmethod
    def setUpClass(cls):
        cls.module = python_module("consul")
        cls.server = Server().start()
        cls.consul = cls.module.Consul(host=cls.server.http[0], port=cls.server.http[1])

    @classmethod
    def tearDownClass(cls):
        if hasattr(cls, "server"):
            cls.server.__exit__(None)

    def register(self, name: str, **more):
        self.assertTrue(self.consul.agent.service.register(name, **more))

    def ids(self, name: str, **more) -> list[str]:
        _, nodes = self.consul.health.service(name, **more)
        return [node["Service"]["ID"] for node in nodes]

    def test_register_heartbeat_deregister(self):
        self.register("worker", service_id="w1", address="10.0.0.1", port=8080, tags=["a"],
                      check=self.module.Check.ttl("15s"))
        self.assertEqual(self.ids("worker"), ["w1"])
        self.assertEqual(self.ids("worker", passing=True), [])
        self.assertEqual(addresses(self.server, "worker.corp"), [])
        self.assertTrue(self.consul.agent.check.ttl_pass("service:w1", notes="fine"))
        self.assertEqual(self.ids("worker", passing=True), ["w1"])
        self.assertEqual(addresses(self.server, "worker.corp"), ["10.0.0.1"])
        self.assertTrue(self.consul.agent.check.ttl_fail("service:w1"))
        self.assertEqual(addresses(self.server, "worker.corp"), [])
        self.assertTrue(self.consul.agent.service.deregister("w1"))
        self.assertEqual(self.ids("worker"), [])
        self.assertFalse(self.consul.agent.service.deregister("w1"))

    def test_a_blocking_query_is_woken(self):
        self.register("watched", service_id="v1", address="10.0.0.2", check=self.module.Check.ttl("15s"))
        index, _ = self.consul.health.service("watched", passing=True)
        told = []

        def watch():
            client = self.module.Consul(host=self.server.http[0], port=self.server.http[1])
            told.append(client.health.service("watched", passing=True, index=index, wait="20s"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        metrics = self.server.api()
        wait_until(lambda: b"\ndnsd_http_watchers 1\n" in metrics.call("GET", "/metrics").body, 10, "it is held")
        began = time.monotonic()
        self.consul.agent.check.ttl_pass("service:v1")
        watcher.join(20)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual([node["Service"]["ID"] for node in told[0][1]], ["v1"])
        self.assertGreater(int(told[0][0]), int(index))

    def test_catalog_of_third_parties(self):
        service = {"Service": "redis", "ID": "redis1", "Port": 6379, "Tags": ["x"]}
        check = {"Node": "ext1", "CheckID": "service:redis1", "Name": "r", "Status": "passing", "ServiceID": "redis1"}
        self.assertTrue(self.consul.catalog.register("ext1", "10.9.9.9", service=service, check=check))
        self.assertEqual(addresses(self.server, "redis.corp"), ["10.9.9.9"])
        self.assertIn("redis", self.consul.catalog.services()[1])
        self.assertEqual(self.consul.catalog.service("redis")[1][0]["Node"], "ext1")
        self.assertIn("ext1", [node["Node"] for node in self.consul.catalog.nodes()[1]])
        self.assertEqual(self.consul.catalog.node("ext1")[1]["Services"]["redis1"]["Port"], 6379)
        self.assertEqual(self.consul.catalog.datacenters(), ["dc1"])
        self.assertTrue(self.consul.catalog.deregister("ext1", service_id="redis1"))
        self.assertEqual(self.consul.catalog.node("ext1")[1], None)

    def test_a_node_by_itself(self):
        self.assertTrue(self.consul.catalog.register("bare", "10.9.9.8"))
        self.assertIn("bare", [node["Node"] for node in self.consul.catalog.nodes()[1]])
        self.assertEqual(self.consul.catalog.node("bare")[1]["Services"], {})
        self.assertTrue(self.consul.catalog.register("bare", "10.9.9.8", service={"Service": "cache", "Port": 11211}))
        self.assertEqual(addresses(self.server, "cache.corp"), ["10.9.9.8"])
        self.assertTrue(self.consul.catalog.deregister("bare"))
        self.assertEqual(self.consul.catalog.node("bare")[1], None)
        self.assertEqual(addresses(self.server, "cache.corp"), [])

    def test_registering_again_keeps_the_check(self):
        self.register("kept", service_id="k1", address="10.0.0.4", check=self.module.Check.ttl("30s"))
        self.register("kept", service_id="k1", address="10.0.0.4", tags=["new"])
        self.assertEqual(self.ids("kept", passing=True), [])
        self.assertTrue(self.consul.agent.check.ttl_pass("service:k1"))
        self.assertEqual(self.ids("kept", passing=True, tag="NEW"), ["k1"])

    def test_checks_and_maintenance(self):
        self.register("shop", service_id="s1", address="10.0.0.3")
        self.assertTrue(self.consul.agent.check.register("memory", self.module.Check.ttl("30s"), check_id="mem",
                                                         service_id="s1"))
        self.assertEqual(self.consul.agent.checks()["mem"]["Status"], "critical")
        self.assertTrue(self.consul.agent.check.ttl_warn("mem"))
        self.assertEqual([c["CheckID"] for c in self.consul.health.state("warning")[1]], ["mem"])
        self.assertTrue(self.consul.agent.check.ttl_pass("mem"))
        self.assertTrue(self.consul.agent.service.maintenance("s1", "true", "new disk"))
        self.assertEqual(addresses(self.server, "shop.corp"), [])
        self.assertIn("_service_maintenance:s1", [c["CheckID"] for c in self.consul.health.checks("shop")[1]])
        self.assertTrue(self.consul.agent.service.maintenance("s1", "false"))
        self.assertEqual(addresses(self.server, "shop.corp"), ["10.0.0.3"])
        self.assertTrue(self.consul.agent.check.deregister("mem"))
        self.assertEqual(self.consul.health.checks("shop")[1], [])

    def test_what_it_asks_of_the_server(self):
        self.assertEqual(self.consul.agent.self()["Config"]["Datacenter"], "dc1")
        self.assertEqual(self.consul.agent.members()[0]["Status"], 1)
        self.assertTrue(self.consul.status.leader())
        self.assertEqual(self.consul.health.state("unknown")[1], [])
        self.assertEqual(len(self.consul.status.peers()), 1)
        with self.assertRaises(self.module.ConsulException):
            self.consul.kv.get("a")
        with self.assertRaises(self.module.base.BadRequest):
            self.register("scripted", check=self.module.Check.script("exit 0", "10s"))


class NpmConsul(unittest.TestCase):
    CLIENT = "npm consul"

    @staticmethod
    def version() -> str:
        return npm_version("consul")

    def test_register_watch_heartbeat_deregister(self):
        with Server() as server:
            told = run_node("consul", HERE / "consul_watch.js", server.http[0], str(server.http[1]))
            self.assertEqual(told.split("\n")[-2], "done", told)


if __name__ == "__main__":
    unittest.main()
