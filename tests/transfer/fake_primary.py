"""A primary that does what no real one can be told to: refuses, lags, hangs. It counts who asks."""

import socket
import socketserver
import struct
import threading
import time

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import dns.rrset


def soa(zone: str, serial: int, refresh: int = 3600, retry: int = 1, expire: int = 86400):
    return dns.rrset.from_text(zone, 60, "IN", "SOA", f"ns.{zone} h.{zone} {serial} {refresh} {retry} {expire} 60")


class FakePrimary:
    """with FakePrimary() as primary: one whose zones all have this serial, and www with an address that ends in it."""

    def __init__(self, port: int = 0, address: str = "127.0.0.1", **times):
        self.serial, self.times = 1, times
        self.refuses_changes = self.hangs = False
        self.asked: list[tuple[float, str, str]] = []  # when, zone, type
        self.open = 0
        self.lock = threading.Lock()
        self.ended = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                with outer.lock:
                    outer.open += 1
                try:
                    outer.serve(self.rfile, self.wfile)
                finally:
                    with outer.lock:
                        outer.open -= 1

        class TcpServer(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            request_queue_size = 64

        self.server = TcpServer((address, port), Handler)
        self.address = self.server.server_address
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def serve(self, reader, writer):
        while head := reader.read(2):
            query = dns.message.from_wire(reader.read(struct.unpack("!H", head)[0]))
            zone, rtype = query.question[0].name.to_text(), query.question[0].rdtype
            with self.lock:
                self.asked.append((time.monotonic(), zone, dns.rdatatype.to_text(rtype)))
            if self.hangs:
                self.ended.wait()
                return
            octets = self.reply(query, zone, rtype).to_wire()
            writer.write(struct.pack("!H", len(octets)) + octets)

    def reply(self, query, zone: str, rtype: int):
        reply = dns.message.make_response(query)
        first = soa(zone, self.serial, **self.times)
        if rtype == dns.rdatatype.IXFR and self.refuses_changes:
            reply.set_rcode(dns.rcode.REFUSED)
        elif rtype == dns.rdatatype.IXFR and query.authority[0][0].serial >= self.serial:
            reply.answer = [first]
        else:
            reply.answer = [first, dns.rrset.from_text(zone, 60, "IN", "NS", f"ns.{zone}"),
                            dns.rrset.from_text(f"www.{zone}", 60, "IN", "A", f"192.0.2.{self.serial}"), first]
        return reply

    def types(self) -> list[str]:
        with self.lock:
            return [rtype for _, _, rtype in self.asked]

    def notify(self, server: tuple[str, int], zone: str) -> dns.message.Message:
        """Tells the secondary, from the primary's address; its answer."""
        message = dns.message.make_query(zone, "SOA")
        message.set_opcode(dns.opcode.NOTIFY)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((self.address[0], 0))
            udp.settimeout(5)
            udp.sendto(message.to_wire(), server)
            return dns.message.from_wire(udp.recv(4096))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
