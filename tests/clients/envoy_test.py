"""Envoy's EDS and CDS over REST, by a client that does what Envoy does (envoy_client.py): Debian has no Envoy."""

import re
import time
import unittest

import server as dnsd
from envoy_client import ASSIGNMENT, Envoy, Subscription

CONFIG = '[[namespace]]\nname = "corp"\n'
SOON = 15  # a change is there within a round trip and a refresh_delay; the rest is for a busy machine


class EnvoyRest(unittest.TestCase):
    CLIENT = "Envoy (REST, imitated)"

    @classmethod
    def version(cls) -> str:
        return "v3"

    def setUp(self):
        self.server = dnsd.Server(CONFIG).start()
        self.addCleanup(self.server.__exit__, None)
        self.api = self.server.api()

    def register(self, service: str, number: int, **more):
        self.api.register(f"{service}.corp", f"w{number}", {"address": f"10.0.0.{number}", "port": 8080, **more})

    def report(self, service: str, number: int, state: str):
        answer = self.api.instance("PUT", f"{service}.corp", f"w{number}", {"state": state}, "/heartbeat")
        self.assertEqual(answer.status, 204, answer)

    def subscribe(self, service: str, **more) -> Subscription:
        one = Subscription(self.server.http, ASSIGNMENT, [f"{service}.corp"], **more)
        self.addCleanup(one.end)
        one.start()
        return one

    def held(self) -> int:
        return int(re.search(rb"^dnsd_http_watchers (\d+)$", self.api.call("GET", "/metrics").body, re.M)[1])

    def wait(self, condition, what: str):
        return dnsd.wait_until(condition, SOON, what)

    def health(self, one: Subscription) -> dict[str, str]:
        return {address: health for _, _, address, _, health, _ in one.resources or []}

    def test_endpoints_converge(self):
        self.register("worker", 1, zone="az1", checks=[{"heartbeat": "60s"}])
        one = self.subscribe("worker", request_timeout=10)
        self.wait(lambda: one.resources == [(0, "az1", "10.0.0.1", 8080, "HEALTHY", 10)], "the first answer")
        self.register("worker", 2, priority=7, weight=3)
        self.wait(lambda: one.resources == [(0, "az1", "10.0.0.1", 8080, "HEALTHY", 10),
                                            (1, "", "10.0.0.2", 8080, "HEALTHY", 3)], "another one, of the second tier")
        for state, told in (("warning", "DEGRADED"), ("critical", "UNHEALTHY"), ("passing", "HEALTHY")):
            self.report("worker", 1, state)
            self.wait(lambda: self.health(one) == {"10.0.0.1": told, "10.0.0.2": "HEALTHY"}, told)
        self.assertIn(self.api.instance("POST", "worker.corp", "w1", None, "/drain").status, (200, 202))
        self.wait(lambda: self.health(one)["10.0.0.1"] == "DRAINING", "drained")
        self.api.instance("DELETE", "worker.corp", "w1")
        self.wait(lambda: one.resources == [(0, "", "10.0.0.2", 8080, "HEALTHY", 3)], "deregistered")
        self.api.call("DELETE", "/api/v1/services/worker.corp?force=true")
        self.wait(lambda: one.resources == [], "an assignment without endpoints, so that Envoy forgets the old ones")
        self.register("worker", 3)
        self.wait(lambda: self.health(one) == {"10.0.0.3": "HEALTHY"}, "registered again")
        self.assertEqual(one.errors, [])

    def test_a_held_request_is_answered_by_a_change_and_not_before(self):
        self.register("worker", 1)
        one = self.subscribe("worker", request_timeout=60)
        self.wait(lambda: one.answers() == 1 and self.held() == 1, "it is held")
        self.register("other", 9)
        self.api.instance("PUT", "worker.corp", "w1", {"address": "10.0.0.1", "port": 8080, "meta": {"a": "b"}})
        self.assertEqual((one.statuses, self.held()), ([200], 1), "neither another service nor what Envoy does not see")
        began = time.monotonic()
        self.register("worker", 2)
        self.wait(lambda: one.answers() == 2, "the change")
        self.assertLess(one.changed_at - began, SOON)
        self.assertEqual(one.statuses, [200, 200])
        self.assertEqual(one.errors, [])

    def test_without_a_change_it_ends_before_envoy_gives_up(self):
        self.register("worker", 1)
        one = self.subscribe("worker", refresh_delay=0.01, request_timeout=2)
        self.wait(lambda: one.statuses.count(304) >= 2, "two requests end")
        self.assertEqual(one.statuses[0], 200)
        self.assertEqual(set(one.statuses[1:]), {304})
        self.assertEqual(one.errors, [])

    def test_what_was_refused_is_not_sent_again(self):
        self.register("worker", 1)
        one = self.subscribe("worker", request_timeout=60, strict=True, refuse=lambda answer: "10.0.0.2" in str(answer))
        self.wait(lambda: one.answers() == 1 and self.held() == 1, "it is held")
        self.register("worker", 2)
        self.wait(lambda: one.answers() == 2 and self.held() == 1, "refused, and held again")
        self.assertEqual(one.resources, [(0, "", "10.0.0.1", 8080, "HEALTHY", 10)])
        self.register("worker", 3)
        self.wait(lambda: one.answers() == 3 and self.held() == 1, "another version is sent, and refused too")
        self.api.instance("DELETE", "worker.corp", "w2")
        self.wait(lambda: self.health(one).keys() == {"10.0.0.1", "10.0.0.3"}, "what it can take is sent")
        self.assertEqual(len(one.errors), 2, one.errors)

    def test_clusters_come_and_go_with_their_endpoints(self):
        self.register("a", 1)
        envoy = Envoy(self.server.http)
        self.addCleanup(envoy.end)
        a = [(0, "", "10.0.0.1", 8080, "HEALTHY", 10)]
        self.wait(lambda: envoy.endpoints() == {"a.corp": a}, "one cluster")
        self.assertEqual(envoy.cds.resources["a.corp"]["panic"], 0, "nothing is answered that is not available")
        self.register("b", 2)
        b = [(0, "", "10.0.0.2", 8080, "HEALTHY", 10)]
        self.wait(lambda: envoy.endpoints() == {"a.corp": a, "b.corp": b}, "two")
        told = envoy.cds.answers()
        self.register("b", 3)
        self.wait(lambda: len(envoy.endpoints()["b.corp"]) == 2, "an instance more")
        self.assertEqual(envoy.cds.answers(), told, "no news for CDS")
        self.api.call("DELETE", "/api/v1/services/a.corp?force=true")
        self.wait(lambda: envoy.endpoints().keys() == {"b.corp"}, "a service is gone")
        self.assertEqual(envoy.errors(), [])
