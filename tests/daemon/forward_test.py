"""Names outside our zones go to upstreams: a real daemon between clients and scripted name servers."""

import concurrent.futures
import socket
import threading
import time
import unittest

import dns.flags

import server as dnsd
import upstream as up
import wire

SOA = "example. 900 IN SOA ns.example. hostmaster.example. 1 2 3 4 60"
EDE_TIMEOUT, EDE_NETWORK, EDE_OUTSIDE = 22, 23, 20
ZONE = """$ORIGIN corp.
$TTL 60
outside CNAME www.example.
nowhere CNAME gone.example.
"""


def config(*upstreams: str, **keys) -> str:
    """[forward] with the upstreams, beside the namespace corp."""
    def toml(value):
        return repr(list(value)).replace("'", '"') if isinstance(value, (list, tuple)) else \
            f'"{value}"' if isinstance(value, str) else str(value)
    lines = "".join(f"{key} = {toml(value)}\n" for key, value in {"upstreams": upstreams, **keys}.items())
    return f'[[namespace]]\nname = "corp"\n[forward]\n{lines}'


def plain(query, _tcp):
    """Knows www.example and *.many.example; everything else in example does not exist."""
    name, rtype = query.question[0].name.to_text().lower(), query.question[0].rdtype
    if name == "www.example.":
        return up.respond(query, "www.example. 60 IN A 192.0.2.1") if rtype == 1 else up.respond(query, authority=[SOA])
    return up.respond(query, rcode="NXDOMAIN", authority=[SOA])


def ask(server, name: str, rtype: str = "A", **how) -> wire.Reply:
    return wire.ask(server.dns, name, rtype, **{"rd": True, "edns": 1232, "timeout": 15, **how})


class Forward(unittest.TestCase):
    def start(self, script, **keys):
        """(daemon, upstream)"""
        upstream = up.Upstream(script)
        self.addCleanup(upstream.stop)
        return self.daemon(config(upstream.address, **keys)), upstream

    def daemon(self, text: str):
        server = dnsd.Server(text).start()
        self.addCleanup(server.work.cleanup)
        self.addCleanup(lambda: self.assertEqual(server.stop(), 0, server.log()[-2000:]))
        return server

    def test_a_foreign_name_is_answered_as_the_upstream_does(self):
        server, upstream = self.start(plain)
        for tcp in (False, True):
            reply = ask(server, "wWw.eXample", tcp=tcp)
            self.assertEqual((reply.rcode, reply.addresses()), ("NOERROR", ["192.0.2.1"]), reply.dump())
            self.assertEqual((reply.aa, reply.ra, reply.rd, reply.ad), (False, True, True, False))
            self.assertEqual(wire.question_bytes(reply.wire)[:-4], wire.encode_name("wWw.eXample"))
        self.assertEqual(ask(server, "nope.example").rcode, "NXDOMAIN")
        nodata = ask(server, "www.example", "TXT", edns=None)
        self.assertEqual((nodata.rcode, nodata.answer, len(nodata.authority), nodata.opt), ("NOERROR", [], 1, False))
        self.assertEqual(upstream.questions().count("www.example. A"), 1, "the second one came from the cache")

    def test_our_own_names_are_never_asked_for_elsewhere(self):
        server, upstream = self.start(plain)
        server.api().register("web.corp", "w1", {"address": "10.0.0.1"})
        for name in ("corp", "web.corp", "w1.web.corp", "nope.corp", "_tcp.web.corp", "a.b.c.corp"):
            for rtype in ("A", "AAAA", "DS", "SRV", "HTTPS", "ANY", "TYPE65280"):
                reply = ask(server, name, rtype)
                self.assertTrue(reply.aa and reply.ra, reply.dump())
        self.assertEqual(upstream.questions(), [])

    def test_without_rd_or_for_types_that_are_no_question_nothing_is_forwarded(self):
        server, upstream = self.start(plain)
        for how in ({"rd": False}, {"rtype": "AXFR"}, {"rtype": "TYPE128"}, {"rtype": "TYPE41"}):
            reply = ask(server, "www.example", **how)
            self.assertEqual((reply.rcode, reply.ede()), ("REFUSED", [(EDE_OUTSIDE, "")]), reply.dump())
        self.assertEqual(upstream.questions(), [])

    def test_only_those_who_may_are_forwarded_for(self):
        server, upstream = self.start(plain, allow_recursion=["127.0.0.2"])
        refused = ask(server, "www.example")
        self.assertEqual((refused.rcode, refused.ra), ("REFUSED", False))
        self.assertFalse(ask(server, "corp", "SOA").ra)
        packet = wire.query("www.example", "A", rd=True)
        allowed = wire.Reply(wire.ask_udp(server.dns, packet, source=("127.0.0.2", 0)))
        self.assertEqual((allowed.rcode, allowed.ra), ("NOERROR", True))
        self.assertEqual(len(upstream.questions()), 1)

    def test_flags_go_through_but_what_nobody_here_has_validated(self):
        server, upstream = self.start(lambda query, _: up.respond(query, "www.example. 60 IN A 192.0.2.1", ad=True))
        packet = bytearray(wire.query("www.example", "A", rd=True, edns=1232, do=True))
        packet[3] |= 0x10  # CD
        reply = wire.Reply(wire.ask_udp(server.dns, bytes(packet)))
        self.assertEqual((reply.ad, bool(reply.bits & 0x10), bool(reply.message.flags & dns.flags.CD)), (False, True, True))
        self.assertTrue(reply.message.ednsflags & dns.flags.DO)
        query = upstream.asked[0][2]
        self.assertTrue(query.flags & dns.flags.CD and query.flags & dns.flags.RD and query.ednsflags & dns.flags.DO)
        ask(server, "www.example")
        self.assertEqual(len(upstream.asked), 2, "without DO and CD it is another question")
        self.assertFalse(upstream.asked[1][2].flags & dns.flags.CD)

    def test_what_does_not_fit_a_datagram_is_fetched_over_tcp(self):
        addresses = [f"198.51.100.{n}" for n in range(1, 101)]

        def script(query, tcp):
            if not tcp:
                return up.respond(query, tc=True)
            return up.respond(query, *[f"many.example. 60 IN A {a}" for a in addresses])

        server, upstream = self.start(script)
        whole = ask(server, "many.example", tcp=True)
        self.assertEqual(sorted(whole.addresses()), sorted(addresses))
        self.assertEqual([tcp for _, tcp, _ in upstream.asked], [False, True])
        small = ask(server, "many.example", edns=None)
        self.assertTrue(small.tc and len(small.wire) <= 512 and len(small.answer) > 20, small.dump())
        larger = ask(server, "many.example", edns=4096)
        self.assertTrue(larger.tc and 512 < len(larger.wire) <= 1232, larger.dump())

    def test_a_silent_upstream_is_passed_by_and_the_good_one_comes_first_then(self):
        hole, silent = up.silent_port()
        self.addCleanup(hole.close)
        with up.Upstream(plain) as good:
            server = self.daemon(config(silent, good.address, timeout="300ms"))
            self.assertEqual(ask(server, "www.example").addresses(), ["192.0.2.1"])
            begin = time.monotonic()
            self.assertEqual(ask(server, "nope.example").rcode, "NXDOMAIN")
            self.assertLess(time.monotonic() - begin, 0.29, "without waiting for the silent one")

    def test_a_lost_datagram_is_sent_again(self):
        lost = []

        def script(query, tcp):
            if not lost:
                return lost.append(query)
            return plain(query, tcp)

        server, upstream = self.start(script, timeout="300ms")
        self.assertEqual(ask(server, "www.example").addresses(), ["192.0.2.1"])
        self.assertEqual(len(upstream.asked), 2)

    def test_failures_say_why_and_are_remembered_for_a_moment(self):
        hole, silent = up.silent_port()
        self.addCleanup(hole.close)
        server = self.daemon(config(silent, timeout="100ms"))
        late = ask(server, "www.example")
        self.assertEqual((late.rcode, late.ede()[0][0], late.ra), ("SERVFAIL", EDE_TIMEOUT, True), late.dump())
        closed, nobody = up.silent_port()
        closed.close()
        server = self.daemon(config(nobody))
        away = ask(server, "www.example")
        self.assertEqual((away.rcode, away.ede()[0][0]), ("SERVFAIL", EDE_NETWORK), away.dump())

    def test_an_error_goes_to_the_next_and_is_passed_on_when_all_have_it(self):
        with up.Upstream(lambda query, _: up.respond(query, rcode="REFUSED")) as refusing, up.Upstream(plain) as good:
            server = self.daemon(config(refusing.address, good.address))
            self.assertEqual(ask(server, "www.example").rcode, "NOERROR")
            server = self.daemon(config(refusing.address))
            self.assertEqual(ask(server, "www.example").rcode, "REFUSED")

    def test_answers_and_denials_are_kept_as_long_as_they_say(self):
        soa = "example. 900 IN SOA ns.example. hostmaster.example. 1 2 3 4 2"

        def script(query, _):
            if query.question[0].name.to_text() == "short.example.":
                return up.respond(query, "short.example. 2 IN A 192.0.2.2")
            return up.respond(query, rcode="NXDOMAIN", authority=[soa])

        server, upstream = self.start(script)
        for name in ("short.example", "none.example"):
            first = ask(server, name)
            self.assertEqual((first.answer + first.authority)[0].ttl, 2, "a denial's SOA tells MINIMUM")
            dnsd.wait_until(lambda name=name: upstream.questions().count(f"{name}. A") == 2 or not ask(server, name), 10,
                            f"{name} is asked for again when its two seconds are over")
            self.assertEqual(ask(server, name).rcode, first.rcode)

    def test_equal_questions_at_once_are_one_query(self):
        go = threading.Event()

        def script(query, tcp):
            go.wait(10)
            return plain(query, tcp)

        server, upstream = self.start(script, timeout="10s")
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            replies = [pool.submit(ask, server, "www.example", tcp=n % 2 == 0) for n in range(20)]
            dnsd.wait_until(lambda: self.metric(server, "dnsd_forward_waiting") == 20, 10, "all of them wait")
            go.set()
            for reply in replies:
                self.assertEqual(reply.result().addresses(), ["192.0.2.1"])
        self.assertEqual(len(upstream.asked), 1)
        self.assertEqual(self.metric(server, 'dnsd_forward_answers_total{source="joined"}'), 19)

    def metric(self, server, name: str) -> int:
        text = server.api().call("GET", "/metrics").body.decode()
        return int(next(line.split()[-1] for line in text.splitlines() if line.startswith(name + " ")))

    def test_a_loop_of_forwarders_ends_by_itself(self):
        """The upstream is a forwarder that asks us again, over and over, as a second dnsd would."""
        holder = []

        def script(query, _):
            back = wire.ask_udp(holder[0].dns, query.to_wire(), timeout=10)
            return back

        server, upstream = self.start(script, timeout="300ms", tries=3)
        holder.append(server)
        begin = time.monotonic()
        self.assertEqual(ask(server, "www.example").rcode, "SERVFAIL")
        self.assertLess(time.monotonic() - begin, 5)
        self.assertLessEqual(len(upstream.asked), 3, "one query a try, however often it came round")
        self.assertEqual(ask(server, "corp", "SOA").rcode, "NOERROR")

    def test_a_chain_of_aliases_that_leaves_our_zones_is_followed(self):
        upstream = up.Upstream(plain)
        self.addCleanup(upstream.stop)
        text = config(upstream.address).replace('name = "corp"', 'name = "corp"\nzone_file = "corp.zone"')
        server = dnsd.Server(text)
        (server.path / "corp.zone").write_text(ZONE)
        server.start()
        self.addCleanup(server.work.cleanup)
        self.addCleanup(server.stop)
        for tcp in (False, True):
            reply = ask(server, "oUtside.corp", tcp=tcp)
            self.assertEqual([(r.owner.lower(), r.type) for r in reply.answer],
                             [("outside.corp.", "CNAME"), ("www.example.", "A")], reply.dump())
            self.assertEqual((reply.rcode, reply.aa, reply.ra, reply.opt), ("NOERROR", True, True, True))
        gone = ask(server, "nowhere.corp", edns=None)
        self.assertEqual((gone.rcode, len(gone.answer), len(gone.authority)), ("NXDOMAIN", 1, 1), gone.dump())
        alone = ask(server, "outside.corp", rd=False)
        self.assertEqual([r.type for r in alone.answer], ["CNAME"], "without RD our part is the answer")
        self.assertEqual([r.type for r in ask(server, "outside.corp", "CNAME").answer], ["CNAME"])
        self.assertEqual(upstream.questions(), ["www.example. A", "gone.example. A"])

    def test_source_ports_change(self):
        server, upstream = self.start(plain)
        for n in range(200):
            ask(server, f"n{n}.example")
        self.assertGreater(len(upstream.ports), 4)

    def test_a_slow_foreign_name_holds_nothing_up_on_its_connection(self):
        go = threading.Event()

        def script(query, tcp):
            go.wait(10)
            return plain(query, tcp)

        server, _ = self.start(script, timeout="10s")
        with socket.create_connection(server.dns, 10) as s:
            s.sendall(wire.frame(wire.query("corp", "SOA", ident=1)) + wire.frame(wire.query("www.example", "A", rd=True, ident=2)) +
                      wire.frame(wire.query("corp", "NS", ident=3)))
            self.assertEqual([wire.Reply(wire.receive_message(s)).id for _ in range(2)], [1, 3])
            s.sendall(wire.frame(wire.query("nope.corp", "A", rd=True, ident=4)))
            self.assertEqual(wire.Reply(wire.receive_message(s)).id, 4)
            s.shutdown(socket.SHUT_WR)  # its last word; the reply still comes
            go.set()
            last = wire.Reply(wire.receive_message(s))
            self.assertEqual((last.id, last.addresses()), (2, ["192.0.2.1"]))
            self.assertEqual(s.recv(1), b"", "then the connection ends")

    def test_many_questions_on_one_connection(self):
        server, _ = self.start(plain)
        with socket.create_connection(server.dns, 10) as s:
            packets = [wire.query(f"n{n}.example" if n % 2 else f"n{n}.corp", "A", rd=True, ident=n) for n in range(200)]
            sender = threading.Thread(target=lambda: s.sendall(b"".join(map(wire.frame, packets))))
            sender.start()
            seen = {}
            for _ in packets:
                reply = wire.Reply(wire.receive_message(s))
                seen[reply.id] = (reply.rcode, reply.aa)
            sender.join()
        self.assertEqual(seen, {n: ("NXDOMAIN", n % 2 == 0) for n in range(200)})

    def test_a_client_that_left_and_a_stop_leave_nothing_behind(self):
        hole, silent = up.silent_port()
        self.addCleanup(hole.close)
        server = self.daemon(config(silent, timeout="10s"))
        with socket.create_connection(server.dns, 10) as s:
            s.sendall(wire.frame(wire.query("gone.example", "A", rd=True)))
            dnsd.wait_until(lambda: self.metric(server, "dnsd_forward_waiting") == 1, 10, "the question waits")
        begin = time.monotonic()
        self.assertEqual(server.stop(), 0)
        self.assertLess(time.monotonic() - begin, 6, "a question under way holds no stop up")

    def test_more_than_the_bound_is_told_so(self):
        hole, silent = up.silent_port()
        self.addCleanup(hole.close)
        server = self.daemon(config(silent, timeout="10s"))
        with dnsd.udp_socket(server.dns, 0.05) as s:
            waiting, replies = 0, []
            for n in range(3000):
                s.send(wire.query(f"n{n}.example", "A", rd=True, edns=1232))
                if n % 20:
                    continue
                try:
                    replies.append(wire.Reply(s.recv(2000)))
                    break
                except TimeoutError:
                    pass
            self.assertEqual((replies[0].rcode, replies[0].ede()[0][0]), ("SERVFAIL", 0), replies[0].dump())
            waiting = self.metric(server, "dnsd_forward_waiting")
        self.assertEqual(waiting, 1024)
        self.assertEqual(ask(server, "corp", "SOA").rcode, "NOERROR", "our own names do not notice")


class Refused(unittest.TestCase):
    def test_what_cannot_be_meant_is_refused_at_start(self):
        cases = {
            '[dns]\nlisten = ["127.0.0.1:5399"]\n[forward]\nupstreams = ["127.0.0.1:5399"]\n': "is this server itself",
            '[dns]\nallow_query = []\n[forward]\nupstreams = ["192.0.2.1"]\n': "open resolver",
            '[dns]\nallow_query = ["0.0.0.0/0"]\n[forward]\nupstreams = ["192.0.2.1"]\n': "open resolver",
            '[forward]\nupstreams = ["192.0.2.1", "192.0.2.1:53"]\n': "listed twice",
            '[forward]\nupstreams = ["one.one.one.one"]\n': "not an address",
            '[forward]\nupstreams = ["192.0.2.1:0"]\n': "port 0",
        }
        for text, wanted in cases.items():
            code, said = dnsd.run_to_end(["--check-config"], text)
            self.assertEqual(code, 1, said)
            self.assertIn(wanted, said)
        code, said = dnsd.run_to_end(["--check-config"], '[dns]\nallow_query = []\n[forward]\nupstreams = ["192.0.2.1"]\n'
                                     'allow_recursion = ["10.0.0.0/8"]\n')
        self.assertEqual(code, 0, said)

    def test_an_own_address_behind_a_wildcard_is_refused(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        code, said = dnsd.run_to_end(["--dev", "--http-listen", "127.0.0.1:0"],
                                     f'[dns]\nlisten = ["0.0.0.0:{port}"]\n[forward]\nupstreams = ["127.0.0.1:{port}"]\n')
        self.assertEqual(code, 1, said)
        self.assertIn("is this server itself", said)
