"""A live reverse zone, handed to BIND, NSD and Knot."""

import unittest

from peers import KEY, Bind, Knot, Nsd
from server import Server, free_port, wait_until
from zone import ask, axfr, config, serial, texts

ZONE = "10.in-addr.arpa"


class Reverse(unittest.TestCase):
    def test_pointers_reach_the_secondaries_and_health_does_not_move_the_zone(self):
        ports = {kind: free_port() for kind in (Bind, Nsd, Knot)}
        notify = ", ".join(f'"127.0.0.1:{port} key:{KEY}"' for port in ports.values())
        server = Server()
        server.config = config(server.path / "secret", "", more=f"""
[[reverse]]
prefix = "10.0.0.0/8"
allow_transfer = ["key:{KEY}"]
notify = [{notify}]
[[reverse]]
prefix = "10.9.0.0/16"
""")
        self.addCleanup(lambda: server.__exit__(None))
        server.start()
        api = server.api()
        for i in range(1, 4):
            api.register("web.corp", f"w{i}", {"address": f"10.0.0.{i}", "port": 80,
                                               "checks": [{"name": "beat", "heartbeat": "1h"}]})
        api.register("web.corp", "inner", {"address": "10.9.0.1", "port": 80})
        peers = []
        for kind, port in ports.items():
            peers.append(kind(port, ZONE, server.dns[1]))
            self.addCleanup(peers[-1].__exit__)
            peers[-1].start()

        def converge():
            for peer in peers:
                wait_until(lambda p=peer: serial(p.address, ZONE) == serial(server.dns, ZONE), 20, f"{peer.name} converges")

        converge()
        before, records = axfr(server.dns, ZONE, True)
        self.assertEqual(before, serial(server.dns, ZONE), "what polls tell is what transfers give")
        self.assertIn("1.0.0.10.in-addr.arpa. 5 ptr w1.web.corp.", records)
        self.assertIn("9.10.in-addr.arpa. 60 ns ns.corp.", records)
        self.assertFalse([line for line in records if "0.9.10" in line], "the zone inside is another one")
        for peer in peers:
            self.assertEqual(axfr(peer.address, ZONE, False)[1], records, peer.name)

        api.call("PUT", "/api/v1/services/web.corp/instances/w1/checks/beat", {"status": "critical"})
        self.assertEqual(serial(server.dns, ZONE), before)
        api.register("web.corp", "w4", {"address": "10.0.0.4", "port": 80})
        api.instance("DELETE", "web.corp", "w2")
        wait_until(lambda: serial(server.dns, ZONE) != before, 5, "the zone moves")
        converge()
        for peer in peers:
            self.assertEqual(texts(ask(peer.address, f"4.0.0.{ZONE}", "PTR")), ["w4.web.corp."], peer.name)
            self.assertEqual(ask(peer.address, f"2.0.0.{ZONE}", "PTR").rcode(), 3, peer.name)


if __name__ == "__main__":
    unittest.main()
