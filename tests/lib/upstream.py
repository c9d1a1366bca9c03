"""A name server of the test's own on loopback, UDP and TCP on one port: it says what a script tells it to say, and
keeps what it was asked."""

import socket
import socketserver
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

import wire


class Upstream:
    """script(query, tcp) -> dns.message.Message, bytes, or None for silence; called in a thread for each query."""

    def __init__(self, script, address: str = "127.0.0.1"):
        self.script, self.lock = script, threading.Condition()
        self.asked = []  # (question as text, tcp, dns.message.Message)
        self.ports = set()
        upstream = self

        class Udp(socketserver.BaseRequestHandler):
            def handle(self):
                packet, s = self.request
                reply = upstream.reply(packet, False, self.client_address)
                if reply:
                    s.sendto(reply, self.client_address)

        class Tcp(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    while True:
                        reply = upstream.reply(wire.receive_message(self.request), True, self.client_address)
                        if not reply:
                            return
                        self.request.sendall(struct.pack(">H", len(reply)) + reply)
                except (EOFError, OSError):
                    pass

        class UdpServer(socketserver.ThreadingMixIn, socketserver.UDPServer):
            daemon_threads, max_packet_size = True, 65535

        class TcpServer(socketserver.ThreadingMixIn, socketserver.TCPServer):
            daemon_threads, allow_reuse_address = True, True

        while True:
            udp = UdpServer((address, 0), Udp)
            try:
                tcp = TcpServer(udp.server_address, Tcp)
                break
            except OSError:  # somebody else's TCP port
                udp.server_close()
        self.servers = [udp, tcp]
        self.address = "%s:%d" % udp.server_address
        for server in self.servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def reply(self, packet: bytes, tcp: bool, client) -> bytes | None:
        query = dns.message.from_wire(packet)
        question = query.question[0]
        with self.lock:
            self.asked.append((f"{question.name.to_text()} {dns.rdatatype.to_text(question.rdtype)}", tcp, query))
            self.ports.add(client[1])
            self.lock.notify_all()
        said = self.script(query, tcp)
        return said.to_wire(max_size=65535) if isinstance(said, dns.message.Message) else said

    def questions(self) -> list[str]:
        with self.lock:
            return [text for text, _, _ in self.asked]

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def respond(query, *records: str, rcode: str = "NOERROR", authority: tuple = (), tc: bool = False, ad: bool = False):
    """The reply with records as text: "www.example. 60 IN A 192.0.2.1". RA set, as of a resolver."""
    reply = dns.message.make_response(query, recursion_available=True)
    reply.set_rcode(dns.rcode.from_text(rcode))
    for section, lines in ((reply.answer, records), (reply.authority, authority)):
        for line in lines:
            name, ttl, rdclass, rdtype, data = line.split(None, 4)
            section.append(dns.rrset.from_text(name, int(ttl), rdclass, rdtype, data))
    reply.flags |= (dns.flags.TC if tc else 0) | (dns.flags.AD if ad else 0)
    return reply


def silent_port() -> tuple[socket.socket, str]:
    """A UDP port that takes everything and says nothing, for as long as the socket lives."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    return s, "127.0.0.1:%d" % s.getsockname()[1]
