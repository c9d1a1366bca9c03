"""The guard and the sessions of the real daemon: what DNS answers while things fail."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import unittest

import server as dnsd
import wire

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cases"))
import targets  # noqa: E402

CONFIG = '[[namespace]]\nname = "corp"\nmax_answers = 0\n'
SERVICES = ["a.corp", "b.corp"]


def addresses(server, service: str) -> list[str]:
    return sorted(r.text().split()[-1] for r in wire.ask(server.dns, service, "A").answer if r.type == "A")


class Probes(unittest.TestCase):
    """Six instances in two services and three networks, probed over HTTP."""

    def setUp(self):
        self.targets = [targets.Target(f"127.0.{network}.1", [200]) for network in (1, 2, 3)]
        for target in self.targets:
            self.addCleanup(target.stop)

    def fill(self, server):
        check = {"http": "/", "interval": "300ms", "timeout": "300ms", "fall": 3, "rise": 1}
        for service in SERVICES:
            for network, target in enumerate(self.targets, 1):
                body = {"address": f"127.0.{network}.1", "port": target.port, "checks": [check]}
                server.api().register(service, f"i{network}", body)
        for service in SERVICES:
            dnsd.wait_until(lambda s=service: len(addresses(server, s)) == 3, 20, f"{service} is answered")

    def test_time_outs_everywhere_are_held_and_a_refusal_is_not(self):
        with dnsd.Server(CONFIG) as server:
            self.fill(server)
            api = server.api()
            for target in self.targets:
                target.open.clear()  # connections are taken, and nothing is answered any more
            dnsd.wait_until(lambda: api.metric("dnsd_guard_held_instances") == 6, 20, "all six are held")
            self.assertEqual(api.call("GET", "/-/ready").json()["detail"]["guard"], "holding")
            for service in SERVICES:
                self.assertEqual(len(addresses(server, service)), 3)
                for event in api.call("GET", f"/api/v1/events?service={service}").json()["events"]:
                    self.assertTrue(event["available"] or event["reason"] == "check.first_result_pending", event)
            self.targets[0].stop()  # this one now refuses: it is dead, whatever the others are
            for service in SERVICES:
                dnsd.wait_until(lambda s=service: addresses(server, s) == ["127.0.2.1", "127.0.3.1"], 20, "i1 goes")
            self.assertEqual(api.call("DELETE", "/api/v1/guard").status, 204)
            for service in SERVICES:
                self.assertEqual(addresses(server, service), [], "one command, and what fails is believed")
            self.assertIn("guard.changed", server.log())

    def test_what_comes_back_was_never_away(self):
        with dnsd.Server(CONFIG) as server:
            self.fill(server)
            api = server.api()
            for target in self.targets:
                target.open.clear()
            dnsd.wait_until(lambda: api.metric("dnsd_guard_held_instances") == 6, 20, "all six are held")
            for target in self.targets:
                target.release()
            dnsd.wait_until(lambda: api.metric("dnsd_guard_held_instances") == 0, 20, "nothing is held")
            dnsd.wait_until(lambda: api.metric('dnsd_guard_holding{guard="probes"}') == 0, 30, "the hold ends")
            gone = [e for s in SERVICES for e in api.call("GET", f"/api/v1/events?service={s}").json()["events"]
                    if not e["available"] and e["reason"] != "check.first_result_pending"]
            self.assertEqual(gone, [])


class Leases(unittest.TestCase):
    def test_all_heartbeats_stop_and_dns_stays_as_it_is(self):
        with dnsd.Server(CONFIG) as server:
            api = server.api()
            put = [{"method": "PUT", "path": f"/api/v1/services/{SERVICES[i % 2]}/instances/i{i}",
                    "body": {"address": f"10.0.0.{i + 1}", "port": 80, "lease": "1s"}} for i in range(20)]
            self.assertEqual(api.batch(put).status, 200)
            dnsd.wait_until(lambda: api.metric("dnsd_guard_held_instances") == 20, 20, "all twenty are held")
            for service in SERVICES:
                self.assertEqual(len(addresses(server, service)), 10)
            self.assertEqual(api.metric('dnsd_guard_holding{guard="leases"}'), 1)
            self.assertEqual(api.call("GET", "/api/v1/guard").json()["guard"], "holding")
            for operation in put[:10]:
                self.assertEqual(api.call("PUT", operation["path"] + "/heartbeat").status, 204)
            self.assertEqual(api.metric("dnsd_guard_held_instances"), 10)


class Sessions(unittest.TestCase):
    PATH = "/api/v1/services/work.corp/instances/w1"

    def open(self, server) -> socket.socket:
        body = b'{"address":"10.0.1.7","port":80,"lease":"1s"}'
        connection = socket.create_connection(server.http, timeout=20)
        connection.sendall(b"POST " + self.PATH.encode() + b"/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                           + str(len(body)).encode() + b"\r\n\r\n" + body)
        text = b""
        while b"\n\n" not in text:
            chunk = connection.recv(4096)
            self.assertTrue(chunk, text)
            text += chunk
        self.assertTrue(text.startswith(b"HTTP/1.1 200"), text)
        return connection

    def test_an_instance_lives_as_long_as_its_connection(self):
        with dnsd.Server(CONFIG) as server:
            with self.open(server):
                self.assertEqual(addresses(server, "work.corp"), ["10.0.1.7"])
                index = server.api().call("GET", self.PATH).headers["X-Dnsd-Index"]
                held = server.api().call("GET", f"{self.PATH}?index={index}&wait=3s")  # three leases long
                self.assertTrue(held.json()["available"])
                self.assertEqual(held.headers["X-Dnsd-Index"], index, "nothing changed")
            dnsd.wait_until(lambda: addresses(server, "work.corp") == [], 10, "its lease ends")
            self.assertEqual(server.api().call("GET", self.PATH).json()["reason"], "lease.expired")

    def test_dnsctl_run_registers_for_its_own_life(self):
        tool = pathlib.Path(dnsd.binary()).with_name("dnsctl")
        with dnsd.Server(CONFIG) as server:
            command = [str(tool), "--address", "http://%s:%d" % server.http, "run", "--service", "work.corp", "--id",
                       "w1", "--host", "10.0.1.7", "--port", "80", "--lease", "1s", "--", "sleep", "60"]
            run = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                dnsd.wait_until(lambda: addresses(server, "work.corp") == ["10.0.1.7"], 20, "it is answered")
                self.assertEqual(server.api().metric("dnsd_http_sessions"), 1)
                self.assertEqual(server.api().call("DELETE", self.PATH).status, 204)
                dnsd.wait_until(lambda: addresses(server, "work.corp") == ["10.0.1.7"], 20, "it comes back by itself")
                run.kill()  # without a word
                dnsd.wait_until(lambda: addresses(server, "work.corp") == [], 10, "its lease ends")
            finally:
                os.killpg(run.pid, signal.SIGKILL)  # the program outlives a tool that was killed
                run.wait()


if __name__ == "__main__":
    unittest.main()
