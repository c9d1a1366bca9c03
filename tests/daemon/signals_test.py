"""SIGTERM finishes what is in flight, SIGHUP takes over what is right and keeps the old where it is not."""

import http.client
import signal
import socket
import tempfile
import threading
import unittest

import server as dnsd
import wire

ZONE = "$ORIGIN corp.\n$TTL 60\nlegacy A 192.0.2.1\n"
CONFIG = '[[namespace]]\nname = "corp"\nzone_file = "corp.zone"\n'


class Terminate(unittest.TestCase):
    def test_a_request_half_received_is_answered(self):
        with dnsd.Server() as server:
            body = b'{"address":"10.0.0.1"}'
            with socket.create_connection(server.http, 10) as s:
                s.sendall(b"PUT /api/v1/services/t.corp/instances/i1 HTTP/1.1\r\nHost: localhost\r\n"
                          b"Content-Length: %d\r\n\r\n" % len(body) + body[:5])
                dnsd.wait_until(lambda: wire.ask(server.dns, "corp", "SOA"), 5, "the server is at work")
                server.signal(signal.SIGTERM)
                s.sendall(body[5:])
                reply = http.client.HTTPResponse(s)
                reply.begin()
                self.assertIn(reply.status, (201, 503))
                reply.read()
            server.process.wait(20)
            self.assertEqual(server.process.returncode, 0)

    def test_a_query_in_flight_over_tcp_is_answered(self):
        with dnsd.Server() as server:
            with socket.create_connection(server.dns, 10) as s:
                s.sendall(wire.frame(wire.query("corp", "SOA")))
                server.signal(signal.SIGTERM)
                self.assertEqual(wire.Reply(wire.receive_message(s)).rcode, "NOERROR")
            server.process.wait(20)
            self.assertEqual(server.process.returncode, 0)

    def test_waiting_readers_do_not_hold_the_end_up(self):
        with dnsd.Server() as server:
            api = server.api()
            api.register("t.corp", "i1", {"address": "10.0.0.1"})
            index = api.call("GET", "/api/v1/services/t.corp/instances").headers["X-Dnsd-Index"]
            poll, watch = socket.create_connection(server.http, 15), socket.create_connection(server.http, 15)
            idle, dns = socket.create_connection(server.http, 15), socket.create_connection(server.dns, 15)
            poll.sendall(f"GET /api/v1/services/t.corp/instances?index={index}&wait=5m HTTP/1.1\r\n"
                         "Host: localhost\r\n\r\n".encode())
            watch.sendall(b"GET /api/v1/watch HTTP/1.1\r\nHost: localhost\r\n\r\n")
            dnsd.wait_until(lambda: api.call("GET", "/api/v1/status").json()["http"]["watchers"] == 2, 10, "both are held")
            self.assertEqual(server.stop(12), 0)
            for s in (poll, watch, idle, dns):
                s.close()

    def test_what_was_acknowledged_under_load_is_there_after_the_restart(self):
        with tempfile.TemporaryDirectory() as folder, dnsd.Server(folder=folder) as server:
            acknowledged, stop = set(), threading.Event()

            def write(number: int):
                api = server.api()
                for n in range(100000):
                    key = f"w{number}-{n}"
                    try:
                        answer = api.instance("PUT", "t.corp", key, {"address": f"10.{number}.{n >> 8}.{n & 255}"})
                    except (OSError, http.client.HTTPException):
                        return
                    if answer.status == 201:
                        acknowledged.add(key)
                    elif answer.status == 503 or stop.is_set():
                        return

            writers = [threading.Thread(target=write, args=(n,), daemon=True) for n in range(4)]
            for writer in writers:
                writer.start()
            dnsd.wait_until(lambda: len(acknowledged) > 50, 20, "writes are acknowledged")
            self.assertEqual(server.stop(), 0)
            stop.set()
            for writer in writers:
                writer.join(30)
            server.start()
            found, cursor = set(), ""
            while True:
                page = server.api().call("GET", f"/api/v1/services/t.corp/instances?limit=1000{cursor}").json()
                found |= {i["id"] for i in page["instances"]}
                if not page.get("cursor"):
                    break
                cursor = f"&cursor={page['cursor']}"
            self.assertEqual(acknowledged - found, set())


class Reload(unittest.TestCase):
    def setUp(self):
        self.server = dnsd.Server(CONFIG)
        (self.server.path / "corp.zone").write_text(ZONE)
        self.enterContext(self.server)

    def ask(self, name: str, rtype: str = "A") -> list[str]:
        return wire.ask(self.server.dns, name, rtype).addresses()

    def test_good_zone_and_configuration_are_taken_over(self):
        self.assertEqual(self.ask("legacy.corp"), ["192.0.2.1"])
        (self.server.path / "corp.zone").write_text(ZONE.replace("192.0.2.1", "192.0.2.2") + "more A 192.0.2.3\n")
        self.server.config_file.write_text(CONFIG + '[[service]]\nname = "db.corp"\n'
                                           'instances = [{ id = "db1", address = "10.0.0.9", port = 5432 }]\n')
        self.server.signal(signal.SIGHUP)
        dnsd.wait_until(lambda: self.ask("legacy.corp") == ["192.0.2.2"], 10, "the new zone is answered")
        self.assertEqual(self.ask("more.corp"), ["192.0.2.3"])
        dnsd.wait_until(lambda: self.ask("db.corp") == ["10.0.0.9"], 10, "the declared service is answered")

    def test_a_broken_zone_keeps_the_old_and_says_where(self):
        (self.server.path / "corp.zone").write_text(ZONE + "broken A not-an-address\n")
        self.server.signal(signal.SIGHUP)
        dnsd.wait_until(lambda: "corp.zone:4" in self.server.log(), 10, "the log names file and line")
        self.assertEqual(self.ask("legacy.corp"), ["192.0.2.1"])
        self.assertGreaterEqual(self.server.api().call("POST", "/-/reload").status, 400)
        (self.server.path / "corp.zone").write_text(ZONE.replace("192.0.2.1", "192.0.2.9"))
        self.assertEqual(self.server.api().call("POST", "/-/reload").status // 100, 2)
        self.assertEqual(self.ask("legacy.corp"), ["192.0.2.9"])

    def test_a_broken_configuration_keeps_the_old(self):
        self.server.api().register("kept.corp", "i1", {"address": "10.0.0.1"})
        self.server.config_file.write_text(CONFIG + "[nonsense\n")
        self.server.signal(signal.SIGHUP)
        dnsd.wait_until(lambda: "dnsd.toml:" in self.server.log(), 10, "the log names the file and the line")
        self.assertEqual(self.ask("legacy.corp"), ["192.0.2.1"])
        self.assertEqual(self.ask("kept.corp"), ["10.0.0.1"])
        self.assertIsNone(self.server.process.poll())
