"""How soon a change is answered: dnsd's PUT beside the dynamic updates (RFC 2136) of BIND and Knot, one at a time.

The next query goes out at once: on one connection the change, on another socket queries without pause until the new
address is there. For dnsd also: does the very first query after the 2xx have it?
"""

import socket
import statistics
import struct
import time

import drive
import measure
import peers
import subject
import wire
import workload
from report import Report

UPDATE, NONE, ANY = 5, 254, 255  # opcode; classes of RFC 2136
COLUMNS = [("server", "server", ""), ("services", "services", ",.0f"), ("reply_p50", "request -> reply p50 ms", ".2f"),
           ("reply_p99", "p99", ".2f"), ("seen_p50", "request -> answered p50 ms", ".2f"), ("seen_p99", "p99", ".2f"),
           ("cpu_us", "CPU us/change", ",.0f"), ("stale", "old answer after the 2xx", ".0f")]


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Puts:
    """dnsd, over one kept connection, written and read by hand: a library would be most of what is measured."""

    def __init__(self, server):
        self.socket = socket.create_connection(server.http)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, service: int, address: str):
        body = f'{{"address":"{address}","port":80,"ports":{{"http":80}}}}'
        self.socket.sendall(workload.request("PUT", workload.instance_path(service, 0), body))

    def reply(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        if head[9:10] != b"2":
            raise RuntimeError(data)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(65536)

    def close(self):
        self.socket.close()


class Updates:
    """BIND and Knot: the service's first address is replaced by another."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", server.port))
        self.have = {}

    def send(self, service: int, address: str):
        name, old = wire.encode_name(f"svc{service}.{workload.ORIGIN}"), self.have.get(service, workload.address(service, 0))
        self.have[service] = address
        head = wire.HEADER.pack(service & 0xFFFF, UPDATE << 11, 1, 0, 2, 0)
        zone = wire.encode_name(workload.ORIGIN) + struct.pack(">HH", 6, 1)
        remove = name + struct.pack(">HHIH", 1, NONE, 0, 4) + socket.inet_aton(old)
        add = name + struct.pack(">HHIH", 1, 1, workload.TTL, 4) + socket.inet_aton(address)
        self.socket.send(head + zone + remove + add)

    def reply(self):
        code = self.socket.recv(4096)[3] & 15
        if code != 0:
            raise RuntimeError(f"the update was refused: {code}")

    def close(self):
        self.socket.close()


def one_by_one(server, kind, services: int, count: int, seconds: float) -> dict:
    """First with queries meanwhile, then without them, for the time to the reply and the CPU of the change itself."""
    writer, asker = kind(server), wire_socket(server.port)
    seen, replies, stale, number = [], [], 0, 0

    def fresh():
        nonlocal number
        number += 1
        return number * 7919 % services, f"10.{200 + number % 50}.{number >> 8 & 255}.{number & 255}"

    end = time.monotonic() + seconds
    while len(seen) < count and time.monotonic() < end:
        service, address = fresh()
        begin = time.perf_counter()
        writer.send(service, address)
        while not answered(asker, service, address):
            pass
        seen.append(time.perf_counter() - begin)
        writer.reply()
    before, end = measure.cpu(server.pid), time.monotonic() + seconds
    while len(replies) < count and time.monotonic() < end:
        service, address = fresh()
        begin = time.perf_counter()
        writer.send(service, address)
        writer.reply()
        replies.append(time.perf_counter() - begin)
        if kind is Puts:
            stale += not answered(asker, service, address)
    cpu = measure.since(server.pid, before).seconds
    writer.close()
    asker.close()
    return {"server": server.name, "services": services, "changes": len(seen) + len(replies),
            "reply_p50": statistics.median(replies) * 1e3, "reply_p99": percentile(replies, .99) * 1e3,
            "seen_p50": statistics.median(seen) * 1e3, "seen_p99": percentile(seen, .99) * 1e3,
            "cpu_us": cpu * 1e6 / len(replies), "stale": stale if kind is Puts else None}


def wire_socket(port: int) -> socket.socket:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.settimeout(20)
    s.connect(("127.0.0.1", port))
    return s


def answered(asker: socket.socket, service: int, address: str) -> bool:
    asker.send(wire.HEADER.pack(7, 0, 1, 0, 0, 0) + wire.encode_name(f"svc{service}.{workload.ORIGIN}") + b"\0\1\0\1")
    return socket.inet_aton(address) in asker.recv(4096)


def run(bench: drive.Bench, report: Report):
    lines = []
    for services in bench.options["sizes"]:
        zone = bench.folder / "corp.zone"
        workload.write_zone(zone, services)
        dnsd = subject.Dnsd(bench.folder, bench.program).start()
        try:
            dnsd.load(services)
            lines.append(one_by_one(dnsd, Puts, services, 2000, bench.seconds * 3))
        finally:
            dnsd.stop()
        for peer in peers.installed(bench.peer_names):
            if peer in (peers.Bind, peers.Knot):
                server = peer(bench.folder, zone).start()
                try:
                    lines.append(one_by_one(server, Updates, services, 2000, bench.seconds * 3))
                finally:
                    server.stop()
    report.keep(lines, test="change")
    report.table("One change at a time: PUT beside dynamic update", lines, COLUMNS)
    mine = [line for line in lines if line["server"] == "dnsd"]
    report.goal("queries right after a 2xx that got the old answer", sum(line["stale"] for line in mine), 0)
    if len(mine) > 1:
        report.goal(f"CPU of a change at {mine[-1]['services']:,} services, of that at {mine[0]['services']:,}",
                    mine[-1]["cpu_us"] / mine[0]["cpu_us"], 1.5, " x")
    bind = {line["services"]: line for line in lines if line["server"] == "bind"}.get(mine[0]["services"])
    report.goal("request -> answered p50, of BIND's dynamic update", bind and mine[0]["seen_p50"] / bind["seen_p50"], 1, " x")
