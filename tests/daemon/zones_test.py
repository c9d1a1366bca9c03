"""Zone files by the thousand, and their reload: all or nothing."""

import signal
import time
import unittest

import server as dnsd
import wire

ZONES = 12_000
SECONDS = 30  # on a busy machine; on an idle one a start takes two
TEXT = """$TTL 300
@    SOA ns hostmaster {n} 3600 600 86400 120
@    NS  ns
@    MX  10 www
ns   A   192.0.2.1
www  A   10.{high}.{low}.1
*    TXT "zone {n}"
sub  NS  ns.sub
ns.sub A 192.0.2.2
"""


def config(names: list[str]) -> str:
    return "".join(f'[[zone]]\nname = "{name}"\nfile = "zones/{name}.zone"\n' for name in names)


class Zones(unittest.TestCase):
    def test_twelve_thousand_zone_files_start_in_seconds_and_each_answers(self):
        names = [f"z{n}.example" for n in range(ZONES)]
        server = dnsd.Server(config(names))
        (server.path / "zones").mkdir()
        for n, name in enumerate(names):
            (server.path / f"zones/{name}.zone").write_text(TEXT.format(n=n, high=n >> 8, low=n & 255))
        begin = time.monotonic()
        with server:
            took = time.monotonic() - begin
            self.assertLess(took, SECONDS)
            print(f"{ZONES} zones: ready after {took:.1f} s")
            with dnsd.udp_socket(server.dns) as socket:
                for n, name in enumerate(names):
                    socket.send(wire.query(f"www.{name}", "A", ident=n & 0xFFFF))
                    reply = socket.recv(4096)
                    self.assertEqual(reply[:2], (n & 0xFFFF).to_bytes(2))
                    self.assertEqual(reply[-4:], bytes([10, n >> 8, n & 255, 1]), name)
            some = names[4711]
            self.assertEqual(wire.ask(server.dns, f"x.{some}", "TXT").answer[0].data, '"zone 4711"')
            self.assertFalse(wire.ask(server.dns, f"x.sub.{some}", "A").aa)
            self.assertEqual(wire.ask(server.dns, "z12000.example", "A").rcode, "REFUSED")

    def test_a_reload_takes_all_files_or_none(self):
        names = ["one.example", "two.example"]
        server = dnsd.Server(config(names))
        (server.path / "zones").mkdir()

        def write(name: str, text: str):
            (server.path / f"zones/{name}.zone").write_text(text)

        def serial(name: str) -> int:
            return wire.ask(server.dns, name, "SOA").answer[0].rdata.serial

        for name in names:
            write(name, TEXT.format(n=1, high=0, low=1))
        with server:
            api = server.api()
            self.assertEqual([serial(name) for name in names], [1, 1])
            write("one.example", TEXT.format(n=2, high=0, low=2))
            write("two.example", TEXT.format(n=2, high=0, low=2) + "bad A 1.2.3.400\n")
            refused = api.call("POST", "/-/reload")
            self.assertEqual(refused.status // 100, 4, refused)
            self.assertIn("two.example.zone:10", refused.body.decode())
            server.signal(signal.SIGHUP)
            dnsd.wait_until(lambda: "reload.refused" in server.log(), 10, "the refusal is logged")
            self.assertEqual([serial(name) for name in names], [1, 1], "both old zones are kept")
            write("two.example", TEXT.format(n=2, high=0, low=2))
            self.assertEqual(api.call("POST", "/-/reload").status // 100, 2)
            self.assertEqual([serial(name) for name in names], [2, 2])
            write("one.example", TEXT.format(n=3, high=0, low=3))
            server.signal(signal.SIGHUP)
            dnsd.wait_until(lambda: serial("one.example") == 3, 10, "SIGHUP loads the new zone")
            api.close()
