"""Targets of the checks: one process that listens on many loopback addresses and answers every HTTP request with 200.

It is told what to do by JSON lines on its standard input and answers each with one:

    {"open": [address ...], "port": 0}    listen; a port of 0 is chosen, the same for all: {"port": n}
    {"close": [address ...]}              from now on these refuse
    {"mute": [address ...]}               these take connections and requests, and answer nothing
    {"delay": seconds}                    how long each answer takes
    {"arrivals": true}                    since the last time: when requests came, on this machine's monotonic clock,
                                          and how many were unanswered at once at most

Killed, all of them refuse at once.
"""

import asyncio
import errno
import json
import pathlib
import resource
import socket
import subprocess
import sys
import time

BACKLOG = 256
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Targets:
    """In the process of its own."""

    def __init__(self):
        self.listening: dict[str, asyncio.Server] = {}
        self.mute: set[str] = set()
        self.delay, self.arrivals, self.unanswered, self.most = 0.0, [], 0, 0

    async def open(self, addresses: list[str], port: int) -> int:
        for _ in range(20):
            try:
                for address in addresses:
                    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    listener.bind((address, port))
                    port = listener.getsockname()[1]
                    loop = asyncio.get_running_loop()
                    self.listening[address] = await loop.create_server(lambda a=address: Connection(self, a),
                                                                       sock=listener, backlog=BACKLOG)
                return port
            except OSError as error:  # the port that fitted the first address is taken at another one
                listener.close()
                if error.errno != errno.EADDRINUSE or address == addresses[0]:
                    raise
                self.close(addresses)
                port = 0
        raise RuntimeError("no port is free at all addresses")

    def close(self, addresses: list[str]):
        for address in addresses:
            if server := self.listening.pop(address, None):
                server.close()

    async def obey(self, told: dict) -> dict:
        if "open" in told:
            return {"port": await self.open(told["open"], told["port"])}
        self.close(told.get("close", []))
        self.mute.update(told.get("mute", []))
        self.delay = told.get("delay", self.delay)
        if "arrivals" not in told:
            return {}
        out = {"arrivals": self.arrivals, "most": self.most}
        self.arrivals, self.most = [], self.unanswered
        return out


class Connection(asyncio.Protocol):
    def __init__(self, targets: Targets, address: str):
        self.targets, self.address, self.waiting = targets, address, False

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data: bytes):
        if self.waiting or not data.endswith(b"\r\n\r\n"):
            return
        targets, self.waiting = self.targets, True
        targets.arrivals.append(time.monotonic())
        targets.unanswered += 1
        targets.most = max(targets.most, targets.unanswered)
        if self.address in targets.mute:
            return
        if targets.delay:
            asyncio.get_running_loop().call_later(targets.delay, self.answer)
        else:
            self.answer()

    def answer(self):
        self.done()
        self.transport.write(RESPONSE)
        self.transport.close()

    def done(self):
        self.targets.unanswered -= self.waiting
        self.waiting = False

    def connection_lost(self, _):
        self.done()


async def serve():
    # A fleet of a thousand is a thousand listening sockets, and as many connections.
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    targets, lines = Targets(), asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        print(json.dumps(await targets.obey(json.loads(line))), flush=True)


class Fleet:
    """That process, seen from the test. `prefix`: how it is started, in another network namespace for instance."""

    def __init__(self, prefix: tuple[str, ...] = ()):
        self.process = subprocess.Popen([*prefix, sys.executable, str(pathlib.Path(__file__).resolve())],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, **told) -> dict:
        self.process.stdin.write(json.dumps(told) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("the process of the targets ended")
        return json.loads(answer)

    def open(self, addresses: list[str], port: int = 0) -> int:
        return self.tell(open=addresses, port=port)["port"]

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
        self.process.stdin.close()
        self.process.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve())
