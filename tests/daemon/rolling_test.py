"""A rolling replacement of 50 instances under load: clients that respect TTLs never meet a stopped one.

Each client keeps what DNS told it exactly as long as the TTL says. Half of them ask for addresses; the others for SRV
records, whose targets they ask for again and again until the record ends, the last time in its last moment.
"""

import asyncio
import random
import socket
import threading
import time
import unittest

import server as dnsd
import wire

INSTANCES, WAVE, CLIENTS, CALLS = 50, 10, 10, 10_000
PACE = 0.01  # seconds between two calls of a client, while the replacement lasts
CONFIG = """
[[namespace]]
name = "corp"
ttl = "1s"
"""


class Fleet:
    """TCP servers on loopback, one thread for all: each answers a call with an octet and closes."""

    def __init__(self):
        self.loop, self.servers = asyncio.new_event_loop(), {}
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def wait(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def start(self, address: str) -> int:
        async def answer(reader, writer):
            writer.write(b".")
            writer.close()

        async def open_one():
            return await asyncio.start_server(answer, address, 0, backlog=64)

        self.servers[address] = self.wait(open_one())
        return self.servers[address].sockets[0].getsockname()[1]

    def stop(self, address: str):
        async def close_one():
            self.servers.pop(address).close()

        self.wait(close_one())

    def end(self):
        for address in list(self.servers):
            self.stop(address)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


class Client:
    """One cache, as a stub resolver with a cache keeps it: by name and type, until the TTL has passed."""

    def __init__(self, dns, port_of: dict, by_srv: bool, seed: int):
        self.dns, self.port_of, self.by_srv, self.random = dns, port_of, by_srv, random.Random(seed)
        self.cache, self.failed, self.calls = {}, [], 0

    def ask(self, name: str, rtype: str) -> tuple[float, list]:
        known = self.cache.get((name, rtype))
        if known and time.monotonic() < known[0]:
            return known
        # The clock of the copy starts when it is asked for: a cache on the way may have counted from then on.
        asked = time.monotonic()
        reply = wire.ask(self.dns, name, rtype, tcp=rtype == "SRV")
        ttl = min((r.ttl for r in reply.answer), default=0)
        self.cache[name, rtype] = asked + ttl, reply.answer
        return self.cache[name, rtype]

    def target(self) -> tuple[float, str, int] | None:
        """Until when it may be called, the address, the port."""
        if not self.by_srv:
            known = self.ask("roll.corp", "A")
            if not known[1]:
                return None
            address = self.random.choice(known[1]).data
            return known[0], address, self.port_of[address]
        services = self.ask("roll.corp", "SRV")
        if not services[1]:
            return None
        chosen = self.random.choice(services[1]).rdata
        addresses = self.ask(chosen.target.to_text(), "A")
        return (addresses[0], addresses[1][0].data, chosen.port) if addresses[1] else None

    def call(self):
        self.calls += 1
        while True:
            target = self.target()
            if target is None:
                self.failed.append("no address")
                return
            until, address, port = target
            if time.monotonic() < until:  # else the copy ended while this thread waited for its turn
                break
        try:
            with socket.create_connection((address, port), 10) as s:
                if s.recv(1) != b".":
                    self.failed.append(f"{address}: no answer")
        except OSError as error:
            self.failed.append(f"{address}: {error}")

    def run(self, count: int, over: threading.Event):
        while self.calls < count or not over.is_set():
            self.call()
            over.wait(PACE)


class Rolling(unittest.TestCase):
    def register(self, api, generation: int, n: int) -> str:
        address = f"127.{generation}.50.{n + 1}"
        self.port_of[address] = port = self.fleet.start(address)
        api.register("roll.corp", f"g{generation}-{n}", {"address": address, "port": port})
        return address

    def replace(self, api, wave: range):
        for n in wave:
            self.register(api, 2, n)
        safe = []
        for n in wave:
            answer = api.instance("POST", "roll.corp", f"g1-{n}", suffix="/drain")
            self.assertIn(answer.status, (200, 202), answer)
        for n in wave:  # each waits for what is left only
            answer = api.instance("POST", "roll.corp", f"g1-{n}", suffix="/drain?wait=30s")
            self.assertEqual(answer.status, 200, answer)
            self.assertTrue(answer.json()["done"], answer)
            safe.append(f"127.1.50.{n + 1}")
        for address in safe:
            self.fleet.stop(address)
        for n in wave:
            self.assertEqual(api.instance("DELETE", "roll.corp", f"g1-{n}").status, 204)

    def test_no_call_fails_while_fifty_instances_are_replaced(self):
        self.fleet, self.port_of, over = Fleet(), {}, threading.Event()
        try:
            with dnsd.Server(CONFIG) as server:
                api = server.api()
                for n in range(INSTANCES):
                    self.register(api, 1, n)
                clients = [Client(server.dns, self.port_of, i % 2 == 1, i) for i in range(CLIENTS)]
                threads = [threading.Thread(target=c.run, args=(CALLS // CLIENTS, over)) for c in clients]
                for thread in threads:
                    thread.start()
                try:
                    for first in range(0, INSTANCES, WAVE):
                        self.replace(api, range(first, first + WAVE))
                finally:
                    over.set()
                    for thread in threads:
                        thread.join(120)
                failed = [line for c in clients for line in c.failed]
                made = sum(c.calls for c in clients)
                print(f"rolling replacement: {len(failed)} of {made} calls failed")
                self.assertGreaterEqual(made, CALLS)
                self.assertEqual(failed, [])
        finally:
            self.fleet.end()


if __name__ == "__main__":
    unittest.main()
