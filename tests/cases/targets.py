"""What the probes of a case talk to: small HTTP servers that answer from a script, and a DNS server with a table."""

import http.server
import pathlib
import socket
import socketserver
import struct
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import wire  # noqa: E402

HOLD_SECONDS = 30  # a held probe is let go at the latest then, so that a failed case ends


class Target:
    """Answers its n-th request with the n-th status of the script, then with the last one for ever. With hold, no
    request is answered before release()."""

    def __init__(self, address: str, script: list[int], hold: bool = False):
        self.script, self.served, self.lock, self.open = script, 0, threading.Condition(), threading.Event()
        if not hold:
            self.open.set()
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                target.open.wait(HOLD_SECONDS)
                with target.lock:
                    status = target.script[min(target.served, len(target.script) - 1)]
                    target.served += 1
                    target.lock.notify_all()
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    pass  # the prober gave up

            def log_message(self, *_):
                pass

        class Http(socketserver.ThreadingMixIn, http.server.HTTPServer):
            daemon_threads, request_queue_size = True, 128
            address_family = socket.AF_INET6 if ":" in address else socket.AF_INET

            def server_bind(self):  # HTTPServer's own asks the system's resolver for a name
                socketserver.TCPServer.server_bind(self)
                self.server_name, self.server_port = self.server_address[:2]

            def handle_error(self, *_):
                pass

        self.server = Http((address, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def serve(self, status: int):
        with self.lock:
            self.script, self.served = [status], 0

    def release(self):
        self.open.set()

    def stop(self):
        self.open.set()
        self.server.shutdown()
        self.server.server_close()


class NameServer:
    """A resolver for host names of instances: "name TYPE" -> (ttl, addresses); everything else is NXDOMAIN."""

    def __init__(self, table: dict):
        self.table = {}
        for key, entry in table.items():
            name, rtype = key.split()
            self.table[wire.encode_name(name.lower()), wire.type_number(rtype)] = entry
        names = {name for name, _ in self.table}
        table = self.table

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                packet, s = self.request
                try:
                    question = wire.question_bytes(packet)
                except IndexError:
                    return
                name, rtype = question[:-4].lower(), struct.unpack(">H", question[-4:-2])[0]
                ttl, addresses = table.get((name, rtype), (0, []))
                rcode = 0 if name in names else 3
                records = b""
                for address in addresses:
                    data = wire_address(address)
                    records += b"\xc0\x0c" + struct.pack(">HHIH", rtype, 1, ttl, len(data)) + data
                head = wire.HEADER.pack(int.from_bytes(packet[:2]), 0x8180 | rcode, 1, len(addresses), 0, 0)
                s.sendto(head + question + records, self.client_address)

        class Udp(socketserver.ThreadingMixIn, socketserver.UDPServer):
            daemon_threads = True

        self.server = Udp(("127.0.0.1", 0), Handler)
        self.address = "127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def wire_address(text: str) -> bytes:
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
