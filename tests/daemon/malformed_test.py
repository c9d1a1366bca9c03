"""Broken packets against the live server: after every batch it still answers a good query."""

import random
import socket
import struct
import unittest

import server as dnsd
import wire

SEED = 7
MUTATIONS = 4000


def good_queries() -> list[bytes]:
    cookie = wire.option(wire.COOKIE, b"12345678")
    ecs = wire.option(wire.ECS, bytes.fromhex("00011800010203"))
    return [wire.query("web.corp", "A", ident=1), wire.query("_web._tcp.corp", "SRV", edns=1232, ident=2),
            wire.query("a.b.c.d.nope.corp", "TXT", edns=4096, do=True, options=cookie + ecs, ident=3),
            wire.query("version.bind", "TXT", "CH", ident=4),
            wire.query("1.0.0.10.in-addr.arpa", "PTR", edns=512, options=wire.option(11, b""), ident=5),
            wire.query("x" * 63 + "." + "y" * 63 + ".corp", "ANY", edns=1232, ident=6)]


def pointers() -> list[bytes]:
    head = wire.HEADER.pack(9, 0, 1, 0, 0, 0)
    out = [head + struct.pack(">H", 0xC000 | to) + b"\0\1\0\1" for to in (0, 2, 11, 12, 13, 14, 20, 255, 0x3FFF)]
    out.append(head + b"\x01a\xc0\x0e\xc0\x0c\0\1\0\1")           # two that point at each other
    out.append(head + b"\xc0\x0e" * 200)                           # a long chain
    out.append(head + b"\x01a" * 130 + b"\0\0\1\0\1")              # over 255 octets
    out.append(head + b"\x40" + b"a" * 64 + b"\0\0\1\0\1")         # reserved label types
    out.append(head + b"\x80a\0\0\1\0\1")
    counts = wire.HEADER.pack(9, 0, 1, 65535, 65535, 65535)
    out.append(counts + wire.encode_name("web.corp") + b"\0\1\0\1")
    opt = wire.opt_record(1232)
    for broken in (opt[:-1] + b"\x05", opt[:-2] + b"\xff\xff", b"\x01a" + opt, opt[:5]):
        out.append(wire.HEADER.pack(9, 0, 1, 0, 0, 1) + wire.encode_name("web.corp") + b"\0\1\0\1" + broken)
    for option in (b"\0\x0a\0\x07" + b"1" * 7, b"\0\x0a\0\xff1", b"\0\x08\0\x04\0\x03\x20\x00", b"\0\x08\0\x01\0", b"\0"):
        out.append(wire.HEADER.pack(9, 0, 1, 0, 0, 1) + wire.encode_name("web.corp") + b"\0\1\0\1" +
                   wire.opt_record(1232, option))
    return out


class Malformed(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(dnsd.Server('[[namespace]]\nname = "corp"\n[[reverse]]\nprefix = "10.0.0.0/8"\n'))
        self.server.api().register("web.corp", "w1", {"address": "10.0.0.1", "port": 80})

    def batch(self, packets: list[bytes], what: str):
        """Sends all, reads whatever comes; every reply is one to a query (QR=1, no larger than UDP allows)."""
        with dnsd.udp_socket(self.server.dns, 5) as s:
            for packet in packets:
                s.send(packet)
                s.setblocking(False)
                try:
                    while True:
                        self.sane(s.recv(65535), what)
                except BlockingIOError:
                    pass
                s.settimeout(5)
        self.alive(what)

    def sane(self, reply: bytes, what: str):
        self.assertGreaterEqual(len(reply), 12, what)
        self.assertLessEqual(len(reply), 1232, what)
        self.assertTrue(reply[2] & 0x80, f"{what}: QR=0 in {reply.hex()}")

    def alive(self, what: str):
        self.assertIsNone(self.server.process.poll(), f"{what}: the server died\n{self.server.log()[-2000:]}")
        for tcp in (False, True):
            self.assertEqual(wire.ask(self.server.dns, "web.corp", "A", tcp=tcp).addresses(), ["10.0.0.1"], what)

    def test_packets_cut_at_every_octet(self):
        for number, packet in enumerate(good_queries()):
            self.batch([packet[:length] for length in range(len(packet))], f"query {number} cut")

    def test_every_octet_changed(self):
        for number, packet in enumerate(good_queries()):
            for value in (0x00, 0x01, 0x3F, 0x40, 0xC0, 0xFF):
                self.batch([packet[:i] + bytes([value]) + packet[i + 1:] for i in range(len(packet))],
                           f"query {number}, octets {value:02x}")

    def test_pointer_loops_and_false_lengths(self):
        self.batch(pointers(), "pointers")
        for packet in pointers():
            reply = wire.ask_udp(self.server.dns, packet, 0.2)
            if reply is not None:
                self.sane(reply, packet.hex())
        self.alive("pointers one by one")

    def test_random_mutations(self):
        pick, queries = random.Random(SEED), good_queries()
        for round_number in range(MUTATIONS // 200):
            packets = []
            for _ in range(200):
                packet = bytearray(pick.choice(queries))
                for _ in range(pick.randint(1, 8)):
                    at = pick.randrange(len(packet))
                    if pick.random() < 0.3:
                        del packet[at:at + pick.randint(1, 4)]
                    else:
                        packet[at:at + 1] = bytes(pick.randrange(256) for _ in range(pick.randint(1, 3)))
                    if not packet:
                        packet = bytearray(b"\0")
                packets.append(bytes(packet))
            self.batch(packets, f"round {round_number}, seed {SEED}")

    def test_every_type_opcode_and_flag_is_answered(self):
        with dnsd.udp_socket(self.server.dns, 5) as s:
            for rtype in [*range(0, 300), *range(32760, 32780), *range(65270, 65536)]:
                s.send(wire.query("web.corp", f"TYPE{rtype}", ident=rtype))
                reply = s.recv(4096)
                self.assertEqual(reply[:2], struct.pack(">H", rtype))
            for bits in range(0, 0x8000, 0x10):
                packet = bytearray(wire.query("web.corp", "A", ident=bits))
                packet[2:4] = struct.pack(">H", bits)
                s.send(packet)
                self.sane(s.recv(4096), f"flags {bits:04x}")
        self.alive("types and flags")

    def test_frames_over_tcp(self):
        query = wire.query("web.corp", "A")
        for number, data in enumerate([b"\0\0", b"\0", b"\xff\xff", b"\xff\xff" + query, b"\0\x01\0", b"\0\x0c" + query[:12],
                                       b"\0\x05" + query, wire.frame(query)[:-1], wire.frame(query[:11])] +
                                      [wire.frame(p) for p in pointers()]):
            with socket.create_connection(self.server.dns, 5) as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                try:
                    while s.recv(65535):
                        pass
                except ConnectionResetError:
                    pass
            self.alive(f"frame {number}")

    def test_junk_over_http(self):
        junk = [b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 20000 + b" HTTP/1.1\r\n\r\n",
                b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000 + b"\r\n", b"PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                b"PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
                b"PUT /api/v1/services/web.corp/instances/w2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 200000\r\n\r\n",
                b"PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n",
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
        for number, data in enumerate(junk):
            with socket.create_connection(self.server.http, 10) as s:
                got = b""
                try:
                    s.sendall(data)
                    s.shutdown(socket.SHUT_WR)
                    while more := s.recv(65535):
                        got += more
                except (ConnectionResetError, BrokenPipeError):
                    pass
            if got:
                status = int(got.split()[1])
                self.assertIn(status, (400, 404, 405, 408, 411, 413, 414, 431, 501, 505), f"junk {number}: {got[:200]!r}")
            self.alive(f"junk {number}")
            self.assertEqual(self.server.api().call("GET", "/-/healthy").status, 200)
