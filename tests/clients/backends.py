"""HTTP servers that tell who they are, and traffic through whatever stands before them."""

import asyncio
import collections
import http.client
import threading
import time


class Backends:
    """Servers on loopback, one thread for all. Each answers every request with its address."""

    def __init__(self):
        self.loop, self.servers, self.connections = asyncio.new_event_loop(), {}, {}
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def start(self, address: str, port: int = 0) -> int:
        connections = self.connections[address] = set()

        async def serve(reader, writer):
            connections.add(writer)
            try:
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(address)}\r\n\r\n{address}".encode())
                    await writer.drain()
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                connections.discard(writer)
                writer.close()

        server = self.servers[address] = self.run(asyncio.start_server(serve, address, port, backlog=128))
        return server.sockets[0].getsockname()[1]

    def start_alike(self, *addresses: str) -> int:
        """All on one port, which nobody else has at any of the addresses."""
        for _ in range(50):
            port = self.start(addresses[0])
            try:
                for address in addresses[1:]:
                    self.start(address, port)
                return port
            except OSError:
                for address in list(self.servers):
                    self.stop(address)
        raise AssertionError(f"no port is free at all of {addresses}")

    def stop(self, address: str):
        """At once: it listens no more, and its connections are closed."""
        async def close():
            self.servers.pop(address).close()
            for writer in list(self.connections.pop(address)):
                writer.close()

        self.run(close())

    def end(self):
        for address in list(self.servers):
            self.stop(address)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()


class Traffic:
    """with Traffic(endpoint) as traffic: requests all the time, a connection each, to the end of the block."""

    PACE = 0.005  # seconds between two requests of a thread
    THREADS = 2

    def __init__(self, endpoint: tuple[str, int]):
        self.endpoint, self.over = endpoint, threading.Event()
        self.seen = []  # (when it began, the body or what went wrong, whether it went well)

    def request(self):
        begin = time.monotonic()
        try:
            connection = http.client.HTTPConnection(*self.endpoint, timeout=10)
            connection.request("GET", "/", headers={"Host": "any", "Connection": "close"})
            reply = connection.getresponse()
            body = reply.read().decode()
            connection.close()
            self.seen.append((begin, body if reply.status == 200 else f"{reply.status}", reply.status == 200))
        except (OSError, http.client.HTTPException) as error:
            self.seen.append((begin, repr(error), False))

    def run(self):
        while not self.over.is_set():
            self.request()
            self.over.wait(self.PACE)

    def __enter__(self):
        self.threads = [threading.Thread(target=self.run) for _ in range(self.THREADS)]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def served(self, since: float = 0) -> collections.Counter:
        """Who answered the requests that began after that moment, and how often."""
        return collections.Counter(who for begin, who, well in list(self.seen) if well and begin >= since)

    def last(self, count: int) -> list[str]:
        """Who answered the last so many requests, or what went wrong; [] while there were not as many."""
        seen = list(self.seen)[-count:]
        return [who for _, who, _ in seen] if len(seen) == count else []

    def failed(self) -> collections.Counter:
        return collections.Counter(what for _, what, well in list(self.seen) if not well)
