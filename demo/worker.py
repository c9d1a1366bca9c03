#!/usr/bin/env python3
"""A worker for the demo: worker.py ADDRESS FILE. Listens on a free port, which it writes to FILE."""

import http.server
import os
import sys


class Worker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"ok\n" if self.path == "/healthz" else b"I am the worker at " + self.server.server_address[0].encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer((sys.argv[1], 0), Worker)
with open(sys.argv[2] + ".part", "w") as file:
    file.write(f"{server.server_port}\n")
os.rename(sys.argv[2] + ".part", sys.argv[2])
server.serve_forever()
