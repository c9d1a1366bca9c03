"""Dynamic updates by nsupdate, signed; what they may not do; signatures that are wrong."""

import socket
import subprocess
import unittest
from unittest import mock

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.update

from peers import ALGORITHM, KEY, SECRET
from server import Server, wait_until
from zone import KEYRING, ask, config, ede, texts


class Update(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        zone = cls.server.path / "corp.zone"
        zone.write_text("www 30 IN A 192.0.2.80\n")
        cls.server.config = config(cls.server.path / "secret", f"""
zone_file = "{zone}"
allow_update = ["key:{KEY}"]
""")
        cls.addClassCleanup(lambda: cls.server.__exit__(None))
        cls.server.start()
        cls.api = cls.server.api()

    def nsupdate(self, *lines: str, key: str | None = f"{ALGORITHM}:{KEY}:{SECRET}") -> tuple[int, str]:
        text = "\n".join([f"server 127.0.0.1 {self.server.dns[1]}", "zone corp", *lines, "send", ""])
        run = subprocess.run(["nsupdate", *(["-y", key] if key else [])], input=text, capture_output=True, text=True,
                             timeout=20)
        return run.returncode, run.stdout + run.stderr

    def accepted(self, *lines: str):
        code, output = self.nsupdate(*lines)
        self.assertEqual((code, output), (0, ""))

    def denied(self, rcode: str, *lines: str):
        code, output = self.nsupdate(*lines)
        self.assertEqual(code, 2, output)
        self.assertIn(rcode, output)

    def addresses(self, name: str) -> list[str]:
        return texts(ask(self.server.dns, name, "A"))

    def instance(self, service: str, label: str):
        return self.api.instance("GET", service, label).json()

    def test_an_instance_is_registered_changed_and_removed(self):
        self.accepted("update add w1.app.corp 60 A 10.1.0.1", "update add w1.app.corp 60 AAAA fd00::11",
                      "update add w1.app.corp 60 SRV 2 20 8080 w1.app.corp.", 'update add w1.app.corp 60 TXT "k=v"')
        self.assertEqual(self.addresses("app.corp"), ["10.1.0.1"])  # with the reply DNS answers it
        got = self.instance("app.corp", "w1")
        self.assertEqual((got["port"], got["priority"], got["weight"], got["meta"]), (8080, 2, 20, {"k": "v"}))
        self.accepted("update delete w1.app.corp A", "update add w1.app.corp 60 A 10.1.0.2")
        self.assertEqual(self.addresses("app.corp"), ["10.1.0.2"])
        self.accepted("update delete w1.app.corp")
        self.assertEqual(ask(self.server.dns, "w1.app.corp", "A").rcode(), dns.rcode.NXDOMAIN)
        self.accepted("update delete w1.app.corp")  # what is not there is deleted in silence

    def test_an_address_at_a_service_is_an_instance(self):
        self.accepted("update add pool.corp 5 A 10.2.0.1", "update add pool.corp 5 A 10.2.0.2")
        self.assertEqual(self.addresses("pool.corp"), ["10.2.0.1", "10.2.0.2"])
        self.assertEqual(self.addresses("ip-10-2-0-1.pool.corp"), ["10.2.0.1"])
        self.accepted("update delete pool.corp 5 A 10.2.0.1")
        self.assertEqual(self.addresses("pool.corp"), ["10.2.0.2"])
        self.accepted("update delete pool.corp A")
        self.assertEqual(self.addresses("pool.corp"), [])

    def test_prerequisites_are_honoured(self):
        self.accepted("prereq nxdomain p1.pre.corp", "update add p1.pre.corp 5 A 10.3.0.1")
        self.denied("YXDOMAIN", "prereq nxdomain p1.pre.corp", "update add p1.pre.corp 5 A 10.3.0.9")
        self.denied("NXDOMAIN", "prereq yxdomain p2.pre.corp", "update add p1.pre.corp 5 A 10.3.0.9")
        self.denied("YXRRSET", "prereq nxrrset p1.pre.corp A", "update delete p1.pre.corp")
        self.denied("NXRRSET", "prereq yxrrset p1.pre.corp AAAA", "update delete p1.pre.corp")
        self.denied("NXRRSET", "prereq yxrrset p1.pre.corp A 10.3.0.7", "update delete p1.pre.corp")
        self.assertEqual(self.addresses("pre.corp"), ["10.3.0.1"])
        self.accepted("prereq yxrrset p1.pre.corp A 10.3.0.1", "update delete p1.pre.corp")
        self.assertEqual(self.addresses("pre.corp"), [])

    def test_of_two_that_want_a_free_name_one_gets_it(self):
        def attempt(address):
            update = dns.update.Update("corp", keyring=KEYRING, keyname=KEY, keyalgorithm=ALGORITHM)
            update.absent("one.race")
            update.add("one.race", 5, "A", address)
            return update.to_wire(), update
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(self.server.dns)
            s.settimeout(10)
            wires = [attempt(f"10.4.0.{i}") for i in range(1, 9)]
            for wire, _ in wires:
                s.send(wire)
            codes = sorted(s.recv(4096)[3] & 15 for _ in wires)
        self.assertEqual(codes, [dns.rcode.NOERROR] + [dns.rcode.YXDOMAIN] * 7)

    def test_what_is_no_instance_is_refused(self):
        for line in ("update add corp 5 MX 10 mail.corp", "update add alias.corp 5 CNAME app.corp",
                     "update add _x._tcp.corp 5 SRV 1 1 1 w.app.corp", "update add www.corp 5 A 10.9.9.9",
                     "update add a.b.c.corp 5 A 10.9.9.9", "update delete corp SOA", "update delete www.corp A",
                     "update add w1.app.corp 5 SRV 1 1 1 other.app.corp"):
            with self.subTest(line):
                self.denied("REFUSED", line)
        self.assertEqual(self.addresses("www.corp"), ["192.0.2.80"])

    def test_all_of_an_update_or_nothing(self):
        self.denied("REFUSED", "update add n1.none.corp 5 A 10.5.0.1", "update add corp 5 TXT x")
        self.assertEqual(ask(self.server.dns, "n1.none.corp", "A").rcode(), dns.rcode.NXDOMAIN)

    def send(self, update, expected):
        reply = dns.query.tcp(update, self.server.dns[0], port=self.server.dns[1], timeout=10)
        self.assertEqual(reply.rcode(), expected)
        return reply

    def test_zones_and_names_that_are_not_ours(self):
        signed = {"keyring": KEYRING, "keyname": KEY, "keyalgorithm": ALGORITHM}
        other = dns.update.Update("example.net", **signed)
        other.add("a", 5, "A", "10.0.0.1")
        self.send(other, dns.rcode.REFUSED)
        outside = dns.update.Update("corp", **signed)
        outside.add("a.example.net.", 5, "A", "10.0.0.1")
        self.send(outside, dns.rcode.NOTZONE)

    def test_a_lease_is_granted_and_ends(self):
        def with_lease(seconds):
            update = dns.update.Update("corp", keyring=KEYRING, keyname=KEY, keyalgorithm=ALGORITHM)
            update.add("l1.lease", 5, "A", "10.6.0.1")
            update.use_edns(0, options=[dns.edns.GenericOption(2, seconds.to_bytes(4))])
            return update

        reply = self.send(with_lease(1), dns.rcode.NOERROR)
        self.assertEqual([bytes(o.data) for o in reply.options if o.otype == 2], [(1).to_bytes(4)])
        self.assertEqual(self.addresses("lease.corp"), ["10.6.0.1"])
        wait_until(lambda: not self.addresses("lease.corp"), 5, "the lease ends")
        self.send(with_lease(3600), dns.rcode.NOERROR)
        self.assertEqual(self.addresses("lease.corp"), ["10.6.0.1"])
        self.assertEqual(self.instance("lease.corp", "l1")["lease"], "1h")

    def test_strangers_are_refused(self):
        code, output = self.nsupdate("update add x.app.corp 5 A 10.7.0.1", key=None)
        self.assertEqual(code, 2)
        self.assertIn("REFUSED", output)
        update = dns.update.Update("corp")
        update.use_edns(0)
        update.add("x.app", 5, "A", "10.7.0.1")
        self.assertEqual(ede(self.send(update, dns.rcode.REFUSED)), [18])


class Signatures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.config = config(cls.server.path / "secret", f'allow_transfer = ["key:{KEY}"]')
        cls.addClassCleanup(lambda: cls.server.__exit__(None))
        cls.server.start()

    def ask_signed(self, key: dns.tsig.Key, off: float = 0.0) -> dns.message.Message:
        query = dns.message.make_query("corp", "SOA")
        import time
        now = time.time()
        with mock.patch("time.time", return_value=now + off):
            query.use_tsig(key)
            wire = query.to_wire()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(self.server.dns)
            s.settimeout(5)
            s.send(wire)
            return s.recv(4096)

    def told(self, octets: bytes) -> tuple[int, int, int]:
        """rcode, TSIG error, octets of the MAC; read by hand, for dnspython raises what the TSIG says."""
        at = octets.index(b"hmac-sha256", 12) + len("hmac-sha256") + 1
        mac = int.from_bytes(octets[at + 8:at + 10])
        return octets[3] & 15, int.from_bytes(octets[at + 12 + mac:at + 14 + mac]), mac

    def test_bad_keys_macs_and_clocks_are_told_apart(self):
        good = dns.tsig.Key(KEY, SECRET, "hmac-sha256")
        other_name = dns.tsig.Key("nobody", SECRET, "hmac-sha256")
        other_secret = dns.tsig.Key(KEY, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "hmac-sha256")
        self.assertEqual(self.told(self.ask_signed(other_name)), (9, 17, 0))
        self.assertEqual(self.told(self.ask_signed(other_secret)), (9, 16, 0))
        self.assertEqual(self.told(self.ask_signed(good, -1000)), (9, 18, 32))
        self.assertEqual(self.told(self.ask_signed(good)), (0, 0, 32))

    def test_a_signed_query_gets_a_signed_answer(self):
        query = dns.message.make_query("corp", "SOA")
        query.use_tsig(KEYRING, KEY, algorithm=ALGORITHM)
        for send in (dns.query.udp, dns.query.tcp):
            reply = send(query, self.server.dns[0], port=self.server.dns[1], timeout=5)
            self.assertTrue(reply.had_tsig)  # and dnspython has verified it
            self.assertEqual(reply.rcode(), dns.rcode.NOERROR)
            self.assertEqual(len(reply.answer), 1)

    def test_a_signed_message_that_is_no_request_ends_its_connection(self):
        query = dns.message.make_query("corp", "SOA")
        query.use_tsig(KEYRING, KEY, algorithm=ALGORITHM)
        for opcode in (dns.opcode.QUERY, dns.opcode.NOTIFY, dns.opcode.UPDATE):
            with self.subTest(opcode), socket.create_connection(self.server.dns, timeout=5) as s:
                dns.query.send_tcp(s, query)  # from here on the connection is with those who know signatures
                self.assertTrue(dns.query.receive_tcp(s, keyring=KEYRING, request_mac=query.mac)[0].had_tsig)
                reply = dns.message.make_query("corp", "SOA")
                reply.flags |= dns.flags.QR
                reply.set_opcode(opcode)
                reply.use_tsig(KEYRING, KEY, algorithm=ALGORITHM)
                dns.query.send_tcp(s, reply)
                self.assertEqual(s.recv(1), b"")
        self.assertEqual(len(ask(self.server.dns, "corp", "SOA").answer), 1)


if __name__ == "__main__":
    unittest.main()
