"""HAProxy's server-template over SRV: backends come and go while requests run through it all the time."""

import pathlib
import tempfile
import time
import unittest

import programs
import server as dnsd
from backends import Backends, Traffic

HAPROXY = programs.find("haproxy")
CONFIG = '[[namespace]]\nname = "corp"\nttl = "2s"\n'
SEEN = 5.0  # seconds until a change has reached the traffic: `timeout resolve` and what a busy machine takes
# Kept together with docs/clients.md, "HAProxy".
HAPROXY_CONFIG = """
defaults
  mode http
  timeout connect 1s
  timeout client 10s
  timeout server 10s
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response
  default-server init-addr none
resolvers dnsd
  nameserver dnsd {dns}
  accepted_payload_size 8192
  resolve_retries 3
  timeout resolve 1s
  timeout retry 500ms
  hold valid 1s
  hold obsolete 0s
  hold nx 5s
  hold timeout 30s
  hold refused 30s
  hold other 30s
frontend front
  bind 127.0.0.1:{port}
  default_backend workers
backend workers
  balance roundrobin
  server-template worker {servers} _{service}._tcp.corp resolvers dnsd resolve-prefer ipv4
"""


@unittest.skipUnless(HAPROXY, "haproxy is neither unpacked nor installed")
class Haproxy(unittest.TestCase):
    CLIENT = "HAProxy"

    @staticmethod
    def version() -> str:
        return programs.version(HAPROXY, "-v")

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory(prefix="dnsd-haproxy-")
        cls.addClassCleanup(cls.work.cleanup)
        cls.folder = pathlib.Path(cls.work.name)
        # A port of its own, for it is started twice: what HAProxy does meanwhile is one of the tests.
        cls.server = dnsd.Server(CONFIG, folder=str(cls.folder / "data"), dns_listen=f"127.0.0.1:{dnsd.free_port()}")
        cls.server.start()
        cls.addClassCleanup(cls.server.__exit__, None)

    def setUp(self):
        self.backends = Backends()
        self.addCleanup(self.backends.end)
        self.api = self.server.api()
        self.service = self._testMethodName.removeprefix("test_").replace("_", "-")[:40].rstrip("-")

    def instance(self, method: str, number: int, suffix: str = ""):
        return self.api.instance(method, f"{self.service}.corp", f"w{number}", suffix=suffix)

    def haproxy(self, transport: str = "", servers: int = 5) -> tuple[str, int]:
        """Its endpoint, once requests come through."""
        endpoint = "127.0.0.1", dnsd.free_port()
        config, log = self.folder / "haproxy.cfg", self.folder / "haproxy.log"
        config.write_text(HAPROXY_CONFIG.format(dns=f"{transport}{self.server.dns[0]}:{self.server.dns[1]}",
                                                port=endpoint[1], servers=servers, service=self.service))
        process = programs.start([HAPROXY, "-db", "-f", str(config)], log, self.addCleanup)

        def serves():
            self.assertIsNone(process.poll(), log.read_text(errors="replace")[-2000:])
            one = Traffic(endpoint)
            one.request()
            return one.served()

        dnsd.wait_until(serves, 20, "requests come through", pace=0.1)
        return endpoint

    def backend(self, number: int, **more) -> str:
        address = f"127.0.60.{number}"
        self.api.register(f"{self.service}.corp", f"w{number}",
                          {"address": address, "port": self.backends.start(address), **more})
        return address

    def wait_for(self, traffic: Traffic, who: set[str]):
        """Until the last requests went to these alone, and to each of these."""
        dnsd.wait_until(lambda: set(traffic.last(max(40, 4 * len(who)))) == who, SEEN, f"the traffic goes to {who}",
                        pace=0.05)

    def test_a_backend_leaves_and_another_joins_under_traffic(self):
        first, second = self.backend(1), self.backend(2)
        with Traffic(self.haproxy()) as traffic:
            self.wait_for(traffic, {first, second})
            third = self.backend(3)
            self.wait_for(traffic, {first, second, third})
            drained = self.instance("POST", 1, "/drain?wait=30s")
            self.assertTrue(drained.json()["done"], drained)
            stopped = time.monotonic()
            self.backends.stop(first)
            self.assertEqual(self.instance("DELETE", 1).status, 204)
            self.wait_for(traffic, {second, third})
            self.assertNotIn(first, traffic.served(stopped))
        self.assertEqual(traffic.failed(), {})

    def test_a_backend_that_dies_costs_no_request(self):
        check = {"checks": [{"tcp": True, "interval": "200ms", "fall": 1}]}
        first, second = self.backend(1, **check), self.backend(2, **check)
        with Traffic(self.haproxy()) as traffic:
            self.wait_for(traffic, {first, second})
            self.backends.stop(first)
            dnsd.wait_until(lambda: not self.instance("GET", 1).json()["available"], 10, "its check fails")
            self.wait_for(traffic, {second})
        self.assertEqual(traffic.failed(), {})

    def test_weights_are_kept_in_steps_of_256(self):
        light, heavy = self.backend(1, weight=256), self.backend(2, weight=1024)
        with Traffic(self.haproxy()) as traffic:
            self.wait_for(traffic, {light, heavy})
            begin = time.monotonic()
            dnsd.wait_until(lambda: sum(traffic.served(begin).values()) >= 200, 20, "200 requests")
            served = traffic.served(begin)
        self.assertAlmostEqual(served[heavy] / served[light], 4, delta=0.5, msg=served)

    def test_the_servers_stay_while_dnsd_restarts(self):
        both = {self.backend(1), self.backend(2)}
        with Traffic(self.haproxy()) as traffic:
            self.wait_for(traffic, both)
            self.assertEqual(self.server.stop(), 0)
            self.wait_for(traffic, both)
            self.server.start()
            self.api = self.server.api()
            third = self.backend(3)
            self.wait_for(traffic, both | {third})
        self.assertEqual(traffic.failed(), {})

    def test_fifty_backends_over_tcp(self):
        """One UDP answer holds 23 with their addresses, 34 without, and HAProxy takes a truncated one for the whole."""
        all_of_them = {self.backend(number) for number in range(1, 51)}
        with Traffic(self.haproxy("tcp@", servers=60)) as traffic:
            self.wait_for(traffic, all_of_them)
        self.assertEqual(traffic.failed(), {})


if __name__ == "__main__":
    unittest.main()
