"""dnsd as a secondary of primaries that refuse, lag, hang or are forged."""

import time
import unittest

import dns.rcode

from fake_primary import FakePrimary
from server import Server, wait_until
from zone import ask, ede, serial, texts


def zone(name: str, *primaries: FakePrimary, more: str = "") -> str:
    listed = ", ".join(f'"{p.address[0]}:{p.address[1]}"' for p in primaries)
    return f'[[zone]]\nname = "{name}"\nprimaries = [{listed}]\n{more}\n'


class Refusing(unittest.TestCase):
    def test_a_primary_that_refuses_changes_is_asked_for_the_whole_zone(self):
        with FakePrimary() as primary, Server(zone("example.org", primary)) as server:
            wait_until(lambda: serial(server.dns, "example.org") == 1, 10, "the zone is fetched")
            primary.refuses_changes, primary.serial = True, 2
            primary.notify(server.dns, "example.org")
            wait_until(lambda: serial(server.dns, "example.org") == 2, 10, f"it is followed: {server.log()}")
            self.assertEqual(primary.types(), ["AXFR", "IXFR", "AXFR"])
            self.assertEqual(texts(ask(server.dns, "www.example.org", "A")), ["192.0.2.2"])


class Lagging(unittest.TestCase):
    def test_one_that_is_behind_is_passed_over_for_one_that_is_not(self):
        with FakePrimary() as first, FakePrimary() as second:
            first.serial = second.serial = 5
            with Server(zone("example.org", first, second)) as server:
                wait_until(lambda: serial(server.dns, "example.org") == 5, 10, "the zone is fetched")
                first.serial, second.serial = 4, 6
                first.notify(server.dns, "example.org")
                wait_until(lambda: serial(server.dns, "example.org") == 6, 10, "the second one is asked")
                self.assertIn("behind us", server.log())
                self.assertEqual((first.types(), second.types()), (["AXFR", "IXFR"], ["IXFR"]))

    def test_one_that_is_behind_does_not_keep_a_zone_alive_but_is_better_than_none(self):
        with FakePrimary(refresh=1, retry=1, expire=3) as primary:
            primary.serial = 5
            with Server(zone("example.org", primary)) as server:
                wait_until(lambda: serial(server.dns, "example.org") == 5, 10, "the zone is fetched")
                primary.serial = 4
                began = time.monotonic()
                wait_until(lambda: "behind us" in server.log(), 10, "it is seen")
                self.assertEqual(serial(server.dns, "example.org"), 5)
                wait_until(lambda: serial(server.dns, "example.org") == 4, 10, "the older zone, when ours is over")
                self.assertGreater(time.monotonic() - began, 1)  # the last time it was current: a refresh ago at most


class Forged(unittest.TestCase):
    def test_a_stream_of_notifications_brings_one_transfer_a_second(self):
        with FakePrimary() as primary, Server(zone("example.org", primary)) as server:
            wait_until(lambda: serial(server.dns, "example.org") == 1, 10, "the zone is fetched")
            before, began, told = len(primary.asked), time.monotonic(), 0
            while (took := time.monotonic() - began) < 2.5:
                self.assertEqual(primary.notify(server.dns, "example.org").rcode(), dns.rcode.NOERROR)
                told += 1
            asked = len(primary.asked) - before
            self.assertGreater(told, 10)
            self.assertGreaterEqual(asked, 2)
            self.assertLessEqual(asked, took + 1)
            # What was told last is followed too.
            primary.serial = 2
            primary.notify(server.dns, "example.org")
            wait_until(lambda: serial(server.dns, "example.org") == 2, 5, "the last one")


class Hanging(unittest.TestCase):
    def test_a_primary_that_hangs_holds_up_neither_others_nor_the_end_of_zones(self):
        with FakePrimary(address="127.0.0.2", expire=4, refresh=1) as hanging, FakePrimary() as live:
            lines = "".join(zone(f"a{i}.org", hanging) for i in range(12))
            with Server(lines + zone("z.org", live)) as server:
                wait_until(lambda: all(serial(server.dns, f"a{i}.org") for i in range(12)), 15, "all are fetched")
                wait_until(lambda: serial(server.dns, "z.org") == 1, 10, "the live one too")
                hanging.hangs = True
                wait_until(lambda: hanging.open == 2, 10, "two slots hang")
                live.serial = 2
                began = time.monotonic()
                live.notify(server.dns, "z.org")
                wait_until(lambda: serial(server.dns, "z.org") == 2, 5, "the live one has its turn")
                self.assertLess(time.monotonic() - began, 5)
                for i in range(12):  # those that are asked now, and those that wait
                    wait_until(lambda n=i: ede(ask(server.dns, f"www.a{n}.org", "A")) == [24], 10, f"a{i} expires")
                self.assertEqual(hanging.open, 2)


if __name__ == "__main__":
    unittest.main()
