"""dnsd as the primary: AXFR, IXFR and NOTIFY of a live namespace, with BIND, NSD and Knot as secondaries."""

import socket
import threading
import time
import unittest

import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.rdatatype
import dns.xfr

from peers import ALGORITHM, KEY, Bind, Knot, Nsd
from server import Server, free_port, wait_until
from zone import KEYRING, ask, axfr, config, ede, serial, texts

CONVERGE = 3.0  # seconds from a registration to the last secondary
NOTIFY = 0.1    # seconds from a registration's reply to the first notification


def metric(api, name: str) -> int:
    lines = api.call("GET", "/metrics").body.decode().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name + " "))


class Secondaries(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ports = {kind: free_port() for kind in (Bind, Nsd, Knot)}
        notify = ", ".join(f'"127.0.0.1:{port} key:{KEY}"' for port in cls.ports.values())
        cls.server = Server()
        zone = cls.server.path / "corp.zone"
        zone.write_text("www 30 IN A 192.0.2.80\n@ 30 IN MX 10 mail\nmail 30 IN A 192.0.2.25\nt 30 IN TXT \"a b\" \"c\"\n")
        cls.server.config = config(cls.server.path / "secret", f"""
zone_file = "{zone}"
aliases = ["alt"]
allow_transfer = ["127.0.0.1 key:{KEY}"]
notify = [{notify}]
""")
        cls.addClassCleanup(lambda: cls.server.__exit__(None))
        cls.server.start()
        cls.api = cls.server.api()
        for i in range(1, 4):
            cls.api.register("worker.corp", f"w{i}", {"address": f"10.0.0.{i}", "port": 8080, "meta": {"v": str(i)},
                                                      "ports": {"metrics": 9090}, "tags": ["blue"]})
        cls.api.register("pair.corp", "both", {"addresses": ["10.0.1.1", "fd00::1"], "port": 53, "protocol": ["tcp", "udp"]})
        cls.peers = []
        for kind, port in cls.ports.items():
            peer = kind(port, "corp", cls.server.dns[1])
            cls.addClassCleanup(lambda p=peer: p.__exit__())
            cls.peers.append(peer.start())
        for peer in cls.peers:
            wait_until(lambda p=peer: serial(p.address, "corp") == cls.ours(), 20, f"{peer.name} has the zone: {peer.log()}")

    @classmethod
    def ours(cls) -> int:
        return serial(cls.server.dns, "corp")

    def converged(self, seconds: float = CONVERGE):
        for peer in self.peers:
            wait_until(lambda p=peer: serial(p.address, "corp") == self.ours(), seconds, f"{peer.name} converges")

    def assert_equal_everywhere(self):
        self.converged()
        ours = axfr(self.server.dns, "corp", True)
        for peer in self.peers:
            with self.subTest(peer.name):
                self.assertEqual(axfr(peer.address, "corp", False), ours)

    def test_secondaries_hold_what_we_send_and_converge_in_time(self):
        self.assert_equal_everywhere()
        slowest = 0.0
        for i in range(3):
            began = time.monotonic()
            self.api.register("worker.corp", f"n{i}", {"address": f"10.0.2.{i}", "port": 8080})
            self.converged()
            slowest = max(slowest, time.monotonic() - began)
        self.assert_equal_everywhere()
        for peer in self.peers:
            self.assertIn("10.0.2.1", texts(ask(peer.address, "worker.corp", "A")), peer.name)
        self.api.instance("DELETE", "worker.corp", "n0")
        self.assert_equal_everywhere()
        print(f"slowest convergence {slowest:.2f} s")

    def test_a_burst_of_changes_ends_in_the_same_zone_everywhere(self):
        for i in range(60):
            self.api.register("burst.corp", f"b{i}", {"address": f"10.0.3.{i}", "port": 80 + i})
        for i in range(0, 60, 2):
            self.api.instance("DELETE", "burst.corp", f"b{i}")
        self.assert_equal_everywhere()

    def test_changes_travel_as_ixfr(self):
        # NSD 4.6 loses count when it applies several queued IXFRs in one reload, and asks for the whole zone with the
        # next change ("soa serial ... update failed"): let it do so for what other tests left behind.
        self.api.register("worker.corp", "before", {"address": "10.0.4.2", "port": 8080})
        self.converged()
        before = metric(self.api, "dnsd_transfers_axfr_total"), metric(self.api, "dnsd_transfers_ixfr_total")
        self.api.register("worker.corp", "inc", {"address": "10.0.4.1", "port": 8080})
        self.converged()
        self.assertEqual(metric(self.api, "dnsd_transfers_axfr_total"), before[0])
        self.assertGreaterEqual(metric(self.api, "dnsd_transfers_ixfr_total"), before[1] + len(self.peers))

    def test_the_view_is_the_documented_one(self):
        _, records = axfr(self.server.dns, "corp", True)
        for line in ("worker.corp. 5 a 10.0.0.1", "w1.worker.corp. 5 a 10.0.0.1",
                     "worker.corp. 5 srv 1 10 8080 w1.worker.corp.",
                     "_worker._tcp.corp. 5 srv 1 10 8080 w1.worker.corp.",
                     "_worker._tcp.corp. 5 ptr w1._worker._tcp.corp.",
                     "_metrics._tcp.worker.corp. 5 srv 1 10 9090 w1.worker.corp.",
                     "w1._worker._tcp.corp. 5 txt \"v=1\"", "w1.worker.corp. 5 txt \"v=1\"",
                     "_services._dns-sd._udp.corp. 5 ptr _worker._tcp.corp.", "pair.corp. 5 aaaa fd00::1",
                     "_pair._udp.corp. 5 srv 1 10 53 both.pair.corp.", "www.corp. 30 a 192.0.2.80",
                     "corp. 30 mx 10 mail.corp."):
            self.assertIn(line, records)
        self.assertFalse([line for line in records if "_tag" in line or "_status" in line or "_zone" in line])

    def test_an_alias_is_the_same_zone_under_its_own_name(self):
        _, corp = axfr(self.server.dns, "corp", True)
        _, alt = axfr(self.server.dns, "alt", True)
        self.assertEqual({line.replace("corp.", "alt.") for line in corp if "corp." in line.split()[0]},
                         {line.replace("mail.corp.", "mail.alt.") for line in alt})

    def test_a_state_change_is_transferred(self):
        self.api.register("leased.corp", "l", {"address": "10.0.5.1", "port": 80, "lease": "1s"})
        self.converged()
        wait_until(lambda: "10.0.5.1" not in texts(ask(self.server.dns, "leased.corp", "A")), 5, "the lease ends")
        self.assert_equal_everywhere()
        _, records = axfr(self.server.dns, "corp", True)
        self.assertNotIn("leased.corp. 5 a 10.0.5.1", records)
        self.assertIn("l.leased.corp. 5 a 10.0.5.1", records)

    def test_who_may_not_transfer_is_refused(self):
        for rtype in ("AXFR", "IXFR"):
            query = dns.message.make_query("corp", rtype, use_edns=0)
            if rtype == "IXFR":
                query.authority.append(dns.rrset.from_text("corp.", 0, "IN", "SOA", "a. b. 1 1 1 1 1"))
            reply = dns.query.tcp(query, *self.server.dns[:1], port=self.server.dns[1], timeout=5)
            self.assertEqual(reply.rcode(), dns.rcode.REFUSED)
            self.assertEqual(ede(reply), [18])

    def test_ixfr_over_udp_is_the_soa_alone(self):
        query = dns.message.make_query("corp", "IXFR")
        query.authority.append(dns.rrset.from_text("corp.", 0, "IN", "SOA", "a. b. 1 1 1 1 1"))
        query.use_tsig(KEYRING, KEY, algorithm=ALGORITHM)
        reply = dns.query.udp(query, self.server.dns[0], port=self.server.dns[1], timeout=5)
        self.assertEqual([rrset.rdtype for rrset in reply.answer], [dns.rdatatype.SOA])
        self.assertEqual(reply.answer[0][0].serial, self.ours())

    def test_a_transfer_keeps_the_serial_it_began_with(self):
        self.api.batch([{"op": "put_instance", "service": f"big{s}.corp", "id": f"i{i}",
                         "body": {"address": f"10.{s}.{i // 250}.{i % 250 + 1}", "port": 80}}
                        for s in range(3) for i in range(300)])
        stop = threading.Event()

        def churn():
            api = self.server.api()
            n = 0
            while not stop.is_set():
                n += 1
                api.register("big2.corp", f"i{n % 300}", {"address": f"10.9.{n // 250 % 250}.{n % 250 + 1}", "port": 80})
            api.close()

        thread = threading.Thread(target=churn)
        thread.start()
        try:
            for _ in range(5):
                message = dns.message.make_query("corp", "AXFR")
                message.use_tsig(KEYRING, KEY, algorithm=ALGORITHM)
                _, records = axfr(self.server.dns, "corp", True)
                # Within one serial the addresses at the service and at its instances are the same set.
                for s in range(3):
                    at_service = {r.split()[3] for r in records if r.startswith(f"big{s}.corp. 5 a ")}
                    at_instances = {r.split()[3] for r in records
                                    if r.split()[0].endswith(f".big{s}.corp.") and " a " in r}
                    self.assertEqual(at_service, at_instances)
        finally:
            stop.set()
            thread.join()
        self.assert_equal_everywhere()


class Notifications(unittest.TestCase):
    def test_a_notification_leaves_at_once_is_signed_repeated_and_bounded(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as told:
            told.bind(("127.0.0.1", 0))
            told.settimeout(10)
            server = Server()
            server.config = config(server.path / "secret", f"""
allow_transfer = ["key:{KEY}"]
notify = ["127.0.0.1:{told.getsockname()[1]} key:{KEY}"]
""")
            with server:
                api = server.api()

                def receive(answer: bool) -> tuple[float, dns.message.Message]:
                    octets, sender = told.recvfrom(4096)
                    message = dns.message.from_wire(octets, keyring=KEYRING)
                    self.assertEqual(message.opcode(), dns.opcode.NOTIFY)
                    self.assertEqual(message.question[0].name.to_text(), "corp.")
                    self.assertTrue(message.had_tsig)
                    if answer:
                        told.sendto(dns.message.make_response(message).to_wire(), sender)
                    return time.monotonic(), message

                first = receive(answer=False)[1].id
                again = receive(answer=True)[1].id  # nobody answered: told again within a second or two
                self.assertNotEqual(first, again)
                best = 9.0
                for i in range(5):
                    answered = api.register("a.corp", f"i{i}", {"address": f"10.0.0.{i + 1}"})
                    self.assertIn(answered.status, (200, 201))
                    began = time.monotonic()
                    best = min(best, receive(answer=True)[0] - began)
                    wait_until(lambda b=began: time.monotonic() - b > 0.25, 2, "the pace of five a second")
                self.assertLess(best, NOTIFY)
                began = time.monotonic()
                for i in range(200):
                    api.register("b.corp", f"i{i}", {"address": f"10.0.1.{i + 1}"})
                took, count = time.monotonic() - began, 0
                told.settimeout(0.5)
                try:
                    while True:
                        receive(answer=True)
                        count += 1
                except TimeoutError:
                    pass
                self.assertGreaterEqual(count, 1)
                self.assertLessEqual(count, 5 * (took + 0.5) + 2)


if __name__ == "__main__":
    unittest.main()
