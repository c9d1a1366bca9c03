"""dnsd as a secondary: of Knot, of itself; zones that expire."""

import os
import pathlib
import subprocess
import tempfile
import time
import unittest

import dns.rcode

from peers import ALGORITHM, KEY, SECRET, KnotPrimary
from server import Server, free_port, wait_until
from zone import ask, axfr, config, ede, serial, texts

ZONE = """$ORIGIN example.org.
$TTL 60
@ SOA ns hostmaster 1 {refresh} 1 {expire} 60
@ NS ns
ns A 192.0.2.53
www A 192.0.2.1
alias CNAME www
"""


def zone_text(refresh: int = 3600, expire: int = 86400) -> str:
    return ZONE.format(refresh=refresh, expire=expire)


class FromKnot(unittest.TestCase):
    def test_a_zone_is_fetched_followed_and_handed_on(self):
        port = free_port()
        server = Server()
        server.config = config(server.path / "secret", f"""
primaries = ["127.0.0.1:{port} key:{KEY}"]
allow_transfer = ["127.0.0.1"]
""", kind="zone", name="example.org")
        with server:
            reply = ask(server.dns, "www.example.org", "A")  # nothing is there yet: no NXDOMAIN out of ignorance
            self.assertEqual((reply.rcode(), ede(reply)), (dns.rcode.SERVFAIL, [14]))
            with KnotPrimary(port, "example.org", zone_text(), server.dns[1]) as knot:
                wait_until(lambda: serial(server.dns, "example.org") == 1, 20, "the zone is fetched")
                self.assertEqual(texts(ask(server.dns, "www.example.org", "A")), ["192.0.2.1"])
                lines = [f"server 127.0.0.1 {port}", "zone example.org", "update add new.example.org 60 A 192.0.2.9",
                         "update delete www.example.org A", "send", ""]
                subprocess.run(["nsupdate", "-y", f"{ALGORITHM}:{KEY}:{SECRET}"], input="\n".join(lines), text=True,
                               check=True, timeout=20)
                # Knot notifies; what changed comes as IXFR.
                wait_until(lambda: texts(ask(server.dns, "new.example.org", "A")) == ["192.0.2.9"], 5, "it is followed")
                self.assertEqual(ask(server.dns, "www.example.org", "A").rcode(), dns.rcode.NXDOMAIN)
                self.assertIn("zone.transferred", server.log())
                self.assertEqual(axfr(server.dns, "example.org", False), axfr(knot.address, "example.org", True))

    def test_a_zone_expires_when_its_primary_is_gone_and_comes_back_with_it(self):
        port = free_port()
        server = Server()
        server.config = config(server.path / "secret", f'primaries = ["127.0.0.1:{port} key:{KEY}"]', kind="zone",
                               name="example.org")
        with server:
            with KnotPrimary(port, "example.org", zone_text(refresh=1, expire=3), server.dns[1]):
                wait_until(lambda: serial(server.dns, "example.org") == 1, 20, "the zone is fetched")
            wait_until(lambda: ask(server.dns, "www.example.org", "A").rcode() == dns.rcode.SERVFAIL, 10, "it expires")
            self.assertEqual(ede(ask(server.dns, "www.example.org", "A")), [24])
            with KnotPrimary(port, "example.org", zone_text(refresh=1, expire=3), server.dns[1]):
                wait_until(lambda: serial(server.dns, "example.org") == 1, 20, "it is back")


    def test_a_restart_answers_from_what_was_kept_while_the_primary_is_away(self):
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="dnsd-kept-") as folder:
            server = Server(folder=folder)
            server.config = config(server.path / "secret", f'primaries = ["127.0.0.1:{port} key:{KEY}"]', kind="zone",
                                   name="example.org")
            with server:
                with KnotPrimary(port, "example.org", zone_text(), server.dns[1]):
                    wait_until(lambda: serial(server.dns, "example.org") == 1, 20, "the zone is fetched")
                kept = pathlib.Path(folder, "zones", "example.org.axfr")
                wait_until(kept.exists, 5, "it is kept")
                server.kill()
                server.start()
                self.assertEqual(texts(ask(server.dns, "www.example.org", "A")), ["192.0.2.1"])
                server.kill()
                os.utime(kept, (time.time() - 90_000, time.time() - 90_000))  # expire is a day
                server.start()
                reply = ask(server.dns, "www.example.org", "A")
                self.assertEqual((reply.rcode(), ede(reply)), (dns.rcode.SERVFAIL, [24]))
                server.kill()
                kept.write_bytes(kept.read_bytes()[:-1])
                server.start()
                self.assertEqual(ede(ask(server.dns, "www.example.org", "A")), [14], "what is broken is not there")


class FromDnsd(unittest.TestCase):
    def test_a_live_namespace_is_followed_by_another_dnsd(self):
        second = Server()
        primary = Server()
        port = free_port()
        primary.dns_listen = f"127.0.0.1:{port}"
        second.config = config(second.path / "secret", f'primaries = ["127.0.0.1:{port} key:{KEY}"]', kind="zone")
        with second:
            primary.config = config(primary.path / "secret", f"""
allow_transfer = ["key:{KEY}"]
notify = ["127.0.0.1:{second.dns[1]} key:{KEY}"]
""")
            with primary:
                api = primary.api()
                for i in range(1, 6):
                    api.register("worker.corp", f"w{i}", {"address": f"10.0.0.{i}", "port": 8080})
                    wait_until(lambda n=i: len(texts(ask(second.dns, "worker.corp", "A"))) == n, 10, f"{i} arrive")
                self.assertEqual(serial(second.dns, "corp"), serial(primary.dns, "corp"))
                self.assertEqual(texts(ask(second.dns, "worker.corp", "SRV")), texts(ask(primary.dns, "worker.corp", "SRV")))
                api.instance("DELETE", "worker.corp", "w1")
                wait_until(lambda: "10.0.0.1" not in texts(ask(second.dns, "worker.corp", "A")), 10, "one leaves")


if __name__ == "__main__":
    unittest.main()
