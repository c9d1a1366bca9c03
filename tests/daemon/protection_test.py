"""The real daemon behind a proxy, with lists that a reload changes, and against what cannot be answered."""

import json
import os
import signal
import socket
import struct
import unittest

import server as dnsd
import wire

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy_header(client: tuple[str, int], transport: int = 2, command: int = 0x21) -> bytes:
    v6 = ":" in client[0]
    address = socket.inet_pton(socket.AF_INET6 if v6 else socket.AF_INET, client[0])
    body = address + bytes(len(address)) + struct.pack("!HH", client[1], 53)
    return SIGNATURE + struct.pack("!BBH", command, (0x20 if v6 else 0x10) | transport, len(body)) + body


def metric(server: dnsd.Server, name: str) -> float:
    text = server.api().call("GET", "/metrics").body.decode()
    return sum(float(line.split()[-1]) for line in text.splitlines() if name in (line.split("{")[0].split()[0], line.split()[0]))


class BehindAProxy(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(dnsd.Server('''
[dns]
allow_query = ["192.0.2.0/24", "2001:db8::/32", "127.0.0.1"]
[proxy_protocol]
listen = ["127.0.0.1:0"]
from = ["127.0.0.1"]
[[namespace]]
name = "corp"
'''))
        self.proxied = dnsd.endpoint(json.loads(self.server.ready_file.read_text())["proxied"][0])
        self.server.api().register("web.corp", "w1", {"address": "10.0.0.1", "port": 80})
        self.query = wire.query("web.corp", "A", edns=1232)

    def udp(self, header: bytes) -> wire.Reply | None:
        got = wire.ask_udp(self.proxied, header + self.query, 5 if header else 0.3)
        return wire.Reply(got) if got else None

    def tcp(self, header: bytes) -> wire.Reply | None:
        with socket.create_connection(self.proxied, 5) as s:
            s.sendall(header + wire.frame(self.query) * 2)
            try:
                first, second = wire.receive_message(s), wire.receive_message(s)
            except (EOFError, ConnectionResetError):
                return None
            self.assertEqual(first, second)
            return wire.Reply(first)

    def test_the_client_of_the_header_is_who_is_judged(self):
        for ask, transport in ((self.udp, 2), (self.tcp, 1)):
            for client in ("192.0.2.7", "2001:db8::7"):
                self.assertEqual(ask(proxy_header((client, 4000), transport)).addresses(), ["10.0.0.1"])
            for client in ("198.51.100.7", "2001:db9::7"):
                self.assertEqual(ask(proxy_header((client, 4000), transport)).rcode, "REFUSED")
            self.assertEqual(ask(proxy_header(("198.51.100.7", 1), transport, 0x20)).rcode, "NOERROR",
                             "the proxy's own health check")

    def test_no_header_no_answer(self):
        self.assertIsNone(self.udp(b""))
        self.assertIsNone(self.tcp(b""))
        self.assertEqual(metric(self.server, "dnsd_dns_proxy_refused_total"), 2)
        self.assertEqual(wire.ask(self.server.dns, "web.corp", "A").addresses(), ["10.0.0.1"], "the plain listener")

    def test_broken_headers_never_end_the_server(self):
        good = proxy_header(("192.0.2.7", 4000))
        broken = [good[:n] for n in range(len(good))] + [good[:i] + b"\xff" + good[i + 1:] for i in range(16)]
        with dnsd.udp_socket(self.proxied) as s:
            for header in broken:
                s.send(header + self.query)
        for header in broken:
            with socket.create_connection(self.proxied, 5) as s:
                s.sendall(header)
        self.assertEqual(self.udp(good).addresses(), ["10.0.0.1"])
        self.assertEqual(self.tcp(proxy_header(("192.0.2.7", 4000), 1)).addresses(), ["10.0.0.1"])


class Lists(unittest.TestCase):
    def test_a_reload_takes_over_lists_and_cookie_secrets(self):
        base = '[dns]\ncookies = "require"\ncookie_secret_file = "secrets"\n[[namespace]]\nname = "corp"\n'
        server = dnsd.Server(base)
        (server.path / "secrets").write_text("00" * 16 + "\n")
        with server:
            client = b"12345678"
            cookie = self.cookie(server, client, "BADCOOKIE")
            self.assertEqual(self.cookie(server, cookie, "NOERROR")[:8], client)
            (server.path / "secrets").write_text("11" * 16 + "\n" + "00" * 16 + "\n")
            self.reload(server, base + 'allow_query = ["127.0.0.0/8"]\n[[namespace]]\nname = "lab"\nallow_query = ["10.0.0.0/8"]\n')
            renewed = self.cookie(server, cookie, "NOERROR")
            self.assertNotEqual(renewed[16:], cookie[16:])
            self.assertEqual(wire.ask(server.dns, "lab", "SOA", tcp=True).rcode, "REFUSED")
            (server.path / "secrets").write_text("11" * 16 + "\n")
            self.reload(server, base)
            self.cookie(server, cookie, "BADCOOKIE")
            self.cookie(server, renewed, "NOERROR")

    def cookie(self, server: dnsd.Server, cookie: bytes, rcode: str) -> bytes:
        reply = wire.ask(server.dns, "corp", "SOA", edns=1232, options=wire.option(wire.COOKIE, cookie))
        self.assertEqual(reply.rcode, rcode)
        return reply.option_bytes(wire.COOKIE)

    def reload(self, server: dnsd.Server, config: str):
        server.config_file.write_text(config)
        done = server.log().count("reload.done")
        server.signal(signal.SIGHUP)
        dnsd.wait_until(lambda: server.log().count("reload.done") > done, 20, "the reload is done")


class PortZero(unittest.TestCase):
    @unittest.skipUnless(os.geteuid() == 0, "raw sockets need root")
    def test_a_query_from_port_0_is_dropped(self):
        with dnsd.Server('[[namespace]]\nname = "corp"\n') as server:
            try:
                raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
            except PermissionError as error:
                self.skipTest(f"raw sockets are not allowed here: {error}")
            query = wire.query("corp", "SOA")
            with raw:
                raw.sendto(struct.pack("!HHHH", 0, server.dns[1], 8 + len(query), 0) + query, (server.dns[0], 0))
            dnsd.wait_until(lambda: metric(server, "dnsd_dns_dropped_total") == 1, 10, "the query from port 0 is counted")
            self.assertEqual(wire.ask(server.dns, "corp", "SOA").rcode, "NOERROR")


class RateLimit(unittest.TestCase):
    SENT = 250  # what a socket's buffer holds without privileges

    def test_of_a_flood_the_limit_is_answered_and_half_of_the_rest_slips(self):
        config = '[dns]\nworkers = 1\n[rate_limit]\nresponses_per_second = 5\n[[namespace]]\nname = "corp"\n'
        with dnsd.Server(config) as server:
            server.api().register("web.corp", "w1", {"address": "10.0.0.1", "port": 80})
            with dnsd.udp_socket(server.dns) as s:
                for _ in range(self.SENT):
                    s.send(wire.query("web.corp", "A"))
                dnsd.wait_until(lambda: self.counts(server)[0] == self.SENT, 20, "each is sent, slipped or dropped")
            _, dropped, slipped = self.counts(server)
            self.assertGreater(dropped + slipped, 100)
            self.assertAlmostEqual(slipped, dropped, delta=1)
            self.assertEqual(wire.ask(server.dns, "web.corp", "A", tcp=True).addresses(), ["10.0.0.1"])

    def counts(self, server: dnsd.Server) -> tuple[float, float, float]:
        dropped, slipped = (metric(server, f'dnsd_dns_rate_limited_total{{action="{a}"}}') for a in ("drop", "slip"))
        return metric(server, "dnsd_dns_responses_total") + dropped, dropped, slipped
