"""H7: a rolling replacement of 50 instances under load: clients that respect TTLs never meet a stopped one.

Each client keeps what DNS told it exactly as long as the TTL says. Half of them ask for addresses; the others for SRV
records, whose targets they ask for again and again until the record ends, the last time in its last moment.
"""

import asyncio
import random
import socket
import threading
import time

import server as dnsd
import wire
from row import Measure, Row

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
            if time.monotonic() >= until:  # it ended between the look at the clock and the call
                self.calls -= 1
                return self.call()
            self.failed.append(f"{address}: {error}")

    def run(self, count: int, over: threading.Event):
        while self.calls < count or not over.is_set():
            self.call()
            over.wait(PACE)


class Replacement:
    """One service whose instances are of a generation, each with an address of its own."""

    def __init__(self, server: dnsd.Server, fleet: Fleet):
        self.server, self.api, self.fleet, self.port_of = server, server.api(), fleet, {}

    def register(self, generation: int, n: int):
        address = f"127.{generation}.50.{n + 1}"
        self.port_of[address] = port = self.fleet.start(address)
        self.api.register("roll.corp", f"g{generation}-{n}", {"address": address, "port": port})

    def drain(self, generation: int, wave: range):
        """As an orchestrator does: all at once, then each waits for what is left only."""
        for suffix, answers in (("/drain", (200, 202)), ("/drain?wait=30s", (200,))):
            for n in wave:
                answer = self.api.instance("POST", "roll.corp", f"g{generation}-{n}", suffix=suffix)
                if answer.status not in answers or ("wait" in suffix and not answer.json()["done"]):
                    raise AssertionError(f"drain: {answer}")

    def replace(self, old: int, wave: range, drained: bool = True):
        for n in wave:
            self.register(old + 1, n)
        if drained:
            self.drain(old, wave)
        for n in wave:
            self.fleet.stop(f"127.{old}.50.{n + 1}")
        for n in wave:
            answer = self.api.instance("DELETE", "roll.corp", f"g{old}-{n}")
            if answer.status != 204:
                raise AssertionError(f"DELETE: {answer}")

    def under_load(self, clients: int, calls: int, seed: int, work) -> list[Client]:
        """What `work` does, while the clients call; each of them calls so often at least."""
        over = threading.Event()
        made = [Client(self.server.dns, self.port_of, i % 2 == 1, seed + i) for i in range(clients)]
        threads = [threading.Thread(target=c.run, args=(calls // clients, over)) for c in made]
        for thread in threads:
            thread.start()
        try:
            work()
        finally:
            over.set()
            for thread in threads:
                thread.join(120)
        return made


def failures(clients: list[Client]) -> list[str]:
    return [line for c in clients for line in c.failed]


def measure(m: Measure):
    fleet = Fleet()
    try:
        with dnsd.Server(CONFIG) as server:
            roll = Replacement(server, fleet)
            for n in range(INSTANCES):
                roll.register(1, n)
            clients = roll.under_load(CLIENTS, CALLS, m.seed, lambda: [
                roll.replace(1, range(first, first + WAVE)) for first in range(0, INSTANCES, WAVE)])
            failed, made = failures(clients), sum(c.calls for c in clients)
            m.result(f"{INSTANCES} instances replaced in {INSTANCES // WAVE} waves: {len(failed)} of {made} calls failed")
            m.require(made >= CALLS and not failed, f"{len(failed)} of {made} calls failed: {failed[:3]}")
            careless = roll.under_load(4, 400, m.seed, lambda: roll.replace(2, range(INSTANCES // 2), drained=False))
            m.mutant(len(failures(careless)) > 0, "instances that are stopped without a drain")
    finally:
        fleet.end()


ROW = Row("H7", "A rolling replacement costs no call", "50 instances replaced under load: 0 of 10,000 calls fail", measure,
          seconds=300, alone=True)
