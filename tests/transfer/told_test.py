"""When secondaries are told: after what they are told of is answered, and also when a reload comes in between."""

import signal
import socket
import unittest

import dns.message
import dns.opcode

from fake_primary import FakePrimary
from server import Server, wait_until
from zone import serial


class Told(unittest.TestCase):
    def setUp(self):
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(self.udp.close)
        self.udp.bind(("127.0.0.1", 0))
        self.udp.settimeout(10)
        self.notify = f'notify = ["127.0.0.1:{self.udp.getsockname()[1]}"]'

    def told(self, answer: bool = True) -> str:
        octets, sender = self.udp.recvfrom(4096)
        message = dns.message.from_wire(octets)
        self.assertEqual(message.opcode(), dns.opcode.NOTIFY)
        if answer:
            self.udp.sendto(dns.message.make_response(message).to_wire(), sender)
        return message.question[0].name.to_text()

    def reload(self, server: Server, count: int):
        server.signal(signal.SIGHUP)
        wait_until(lambda: server.log().count("reload.done") == count, 10, "the reload is done")

    def test_a_zone_that_was_transferred_to_us_is_answered_before_others_are_told(self):
        with FakePrimary() as primary:
            listed = f'primaries = ["127.0.0.1:{primary.address[1]}"]'
            with Server(f'[[zone]]\nname = "example.org"\n{listed}\n{self.notify}\n') as server:
                for number in (1, 2, 3):
                    if number > 1:
                        primary.serial = number
                        primary.notify(server.dns, "example.org")
                    self.assertEqual(self.told(), "example.org.")
                    self.assertEqual(serial(server.dns, "example.org"), number)

    def test_a_zone_file_is_answered_before_others_are_told_of_it(self):
        server = Server()
        file = server.path / "zone"

        def write(number: int):
            # Large enough that publishing it takes longer than the question after a notification.
            hosts = "".join(f"h{i} A 10.0.{i // 250}.{i % 250}\n" for i in range(20_000))
            file.write_text(f"@ 60 SOA ns h {number} 60 60 600 60\n@ NS ns\nns A 192.0.2.1\n{hosts}")

        write(1)
        server.config = f'[[zone]]\nname = "example.org"\nfile = "{file}"\n{self.notify}\n'
        with server:
            self.told()
            self.assertEqual(serial(server.dns, "example.org"), 1)
            write(2)
            server.signal(signal.SIGHUP)
            self.assertEqual(self.told(), "example.org.")
            self.assertEqual(serial(server.dns, "example.org"), 2)

    def test_a_reload_forgets_nobody_who_did_not_answer_and_tells_who_is_new(self):
        server = Server()
        file = server.path / "zone"
        file.write_text("@ 60 SOA ns h 1 60 60 600 60\n@ NS ns\nns A 192.0.2.1\n")
        base = f'[[zone]]\nname = "example.org"\nfile = "{file}"\n'
        server.config = base + self.notify
        with server:
            self.told(answer=False)
            self.reload(server, 1)
            self.told(answer=True)  # again, as if nothing had happened
            self.udp.settimeout(0.5)
            with self.assertRaises(TimeoutError):  # what was on its way
                while True:
                    self.told()
            self.reload(server, 2)
            with self.assertRaises(TimeoutError, msg="who has answered is not told anew"):
                self.told()
            self.udp.settimeout(10)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as fresh:
                fresh.bind(("127.0.0.1", 0))
                fresh.settimeout(10)
                server.config_file.write_text(base + f'notify = ["127.0.0.1:{fresh.getsockname()[1]}"]\n')
                server.signal(signal.SIGHUP)
                self.assertEqual(dns.message.from_wire(fresh.recv(4096)).opcode(), dns.opcode.NOTIFY)


if __name__ == "__main__":
    unittest.main()
