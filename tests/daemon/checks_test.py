"""Checks against real targets: a gRPC server of grpcio, an HTTPS server, dnsd's own DNS, programs; and the pace of
what nobody asks for."""

import concurrent.futures
import http.server
import pathlib
import ssl
import subprocess
import tempfile
import threading
import unittest

import server as dnsd
import wire

try:
    import grpc
except ImportError:
    grpc = None

SERVING, NOT_SERVING = 1, 2
FAST = {"interval": "200ms", "rise": 1, "fall": 1}
DECLARED_PROGRAM = """[[service]]
name = "a.corp"
instances = [{ id = "w", address = "10.0.0.1", checks = [{ exec = ["/bin/id"] }] }]
"""


class Health:
    """grpc.health.v1.Health on a port of its own. The messages have one field each, so bytes are enough."""

    def __init__(self, certificate=None):
        self.table = {"": SERVING}
        handler = grpc.unary_unary_rpc_method_handler(self.check)  # without a serializer: octets
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
        self.server.add_generic_rpc_handlers(
            [grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": handler})])
        if certificate:
            key, chain = certificate
            credentials = grpc.ssl_server_credentials([(key.read_bytes(), chain.read_bytes())])
            self.port = self.server.add_secure_port("127.0.0.1:0", credentials)
        else:
            self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def check(self, request: bytes, context):
        service = request[2:].decode()
        if service not in self.table:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such service")
        return bytes([8, self.table[service]])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop(None).wait()


class Web:
    """HTTP or HTTPS on 127.0.0.1, one JSON page; counts what it was asked."""

    def __init__(self, certificate=None):
        self.body, self.asked, web = b'{"status":"UP"}', 0, self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                web.asked += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(web.body)))
                self.end_headers()
                self.wfile.write(web.body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate[1], certificate[0])
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def make_certificate(folder: str, name: str) -> tuple[pathlib.Path, pathlib.Path]:
    key, chain = pathlib.Path(folder, "key.pem"), pathlib.Path(folder, "chain.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=test", "-addext", f"subjectAltName={name}", "-keyout", key, "-out", chain],
                   check=True, capture_output=True)
    return key, chain


class Checks(unittest.TestCase):
    def check_is(self, api, service: str, state: str, output: str, number: int = 0):
        def seen():
            check = api.instance("GET", service, "w1").json()["checks"][number]
            self.last = check
            return check["state"] == state and check["output"] == output
        try:
            dnsd.wait_until(seen, 20, f"{service} is {state}: {output}")
        except AssertionError as error:
            raise AssertionError(f"{error}\n  last seen: {self.last}") from None

    @unittest.skipUnless(grpc, "python3-grpcio is not installed")
    def test_a_grpc_server_tells_its_health(self):
        with dnsd.Server() as server, Health() as health:
            api, at = server.api(), {"address": "127.0.0.1", "port": health.port}
            health.table["shop.Cart"] = SERVING
            api.register("whole.corp", "w1", at | {"checks": [{"grpc": True, **FAST}]})
            api.register("cart.corp", "w1", at | {"checks": [{"grpc": "shop.Cart", **FAST}]})
            api.register("other.corp", "w1", at | {"checks": [{"grpc": {"service": "no.Such"}, **FAST}]})
            self.check_is(api, "whole.corp", "passing", "SERVING")
            self.check_is(api, "cart.corp", "passing", "SERVING")
            self.check_is(api, "other.corp", "critical", "NOT_FOUND: the server does not know this service")
            health.table["shop.Cart"] = NOT_SERVING
            self.check_is(api, "cart.corp", "critical", "NOT_SERVING")
            self.assertEqual(wire.ask(server.dns, "cart.corp", "A").answer, [])
            health.table["shop.Cart"] = SERVING
            self.check_is(api, "cart.corp", "passing", "SERVING")
            self.assertEqual(len(wire.ask(server.dns, "cart.corp", "A").answer), 1)

    @unittest.skipUnless(grpc, "python3-grpcio is not installed")
    def test_grpc_over_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate = make_certificate(folder, "DNS:health.test")
            with dnsd.Server() as server, Health(certificate) as health:
                api, at = server.api(), {"address": "127.0.0.1", "port": health.port}
                for service, probe in (("any", {"tls": True, "tls_skip_verify": True}), ("strict", {"tls": True})):
                    api.register(f"{service}.corp", "w1", at | {"checks": [{"grpc": probe, **FAST}]})
                self.check_is(api, "any.corp", "passing", "SERVING")
                self.check_is(api, "strict.corp", "critical", "TLS: self-signed certificate")

    def test_https_with_what_the_page_must_say(self):
        with tempfile.TemporaryDirectory() as folder:
            certificate = make_certificate(folder, "IP:127.0.0.1")
            with dnsd.Server() as server, Web(certificate) as web:
                api = server.api()
                expect = {"json": {"/status": "UP"}}
                api.register("web.corp", "w1", {"address": "127.0.0.1", "port": web.port, "checks": [
                    {"https": {"path": "/health", "expect": expect, "tls_skip_verify": True}, **FAST}]})
                self.check_is(api, "web.corp", "passing", "200 OK")
                web.body = b'{"status":"DOWN"}'
                self.check_is(api, "web.corp", "critical", "200 OK, another value at /status")

    def test_a_name_server_is_asked(self):
        with dnsd.Server() as server:  # which is one itself
            api, at = server.api(), {"address": "127.0.0.1", "port": server.dns[1]}
            api.register("web.corp", "w1", {"address": "10.0.0.7"})
            api.register("ns-udp.corp", "w1", at | {"checks": [{"dns": "web.corp", **FAST}]})
            for name, question in (("tcp", {"name": "web.corp", "tcp": True, "expect": {"address": "10.0.0.7"}}),
                                   ("gone", {"name": "gone.corp", "expect": {"rcode": "NXDOMAIN"}}),
                                   ("soa", {"name": "corp", "type": "SOA"}),
                                   ("none", {"name": "web.corp", "type": "AAAA"})):
                api.register(f"ns-{name}.corp", "w1", at | {"checks": [{"dns": question, **FAST}]})
            self.check_is(api, "ns-udp.corp", "passing", "NOERROR")
            self.check_is(api, "ns-tcp.corp", "passing", "NOERROR")
            self.check_is(api, "ns-gone.corp", "passing", "NXDOMAIN")
            self.check_is(api, "ns-soa.corp", "passing", "NOERROR")
            self.check_is(api, "ns-none.corp", "critical", "NOERROR, without a record of the type")

    def test_programs_only_where_the_configuration_allows_them(self):
        check = {"exec": ["/bin/echo", "about", "{address}:{port}"], **FAST}
        body = {"address": "10.0.0.7", "port": 80, "checks": [check]}
        with dnsd.Server() as server:
            refused = server.api().instance("PUT", "web.corp", "w1", body)
            self.assertEqual(refused.status, 422, refused)
            self.assertEqual(refused.json()["errors"][0]["pointer"], "#/checks/0/exec")
        with dnsd.Server('[health]\nexec = ["/bin/echo"]\n') as server:
            api = server.api()
            api.register("web.corp", "w1", body)
            self.check_is(api, "web.corp", "passing", "about 10.0.0.7:80")
            shell = {"address": "10.0.0.7", "checks": [{"exec": ["/bin/sh", "-c", "id"], **FAST}]}
            self.assertEqual(api.instance("PUT", "web.corp", "w2", shell).status, 422)
        code, text = dnsd.run_to_end(["--dev", "--check-config"], DECLARED_PROGRAM)
        self.assertEqual(code, 1, text)
        self.assertIn("[health] exec does not allow", text)

    def test_a_program_that_was_allowed_when_it_was_registered_fails_when_it_is_not_any_more(self):
        body = {"address": "10.0.0.7", "checks": [{"exec": ["/bin/true"], **FAST}]}
        with tempfile.TemporaryDirectory() as folder:
            with dnsd.Server('[health]\nexec = ["/bin/"]\n', folder) as server:
                server.api().register("web.corp", "w1", body)
                self.check_is(server.api(), "web.corp", "passing", "exit 0")
            with dnsd.Server(folder=folder) as server:
                self.check_is(server.api(), "web.corp", "critical",
                              "not probed: the configuration does not allow its program")

    def test_what_nobody_asks_for_is_probed_less_often_until_somebody_does(self):
        config = '[health]\nidle_after = "1s"\nidle_factor = 100\n'
        with dnsd.Server(config) as server, Web() as web:
            api = server.api()
            api.register("web.corp", "w1", {"address": "127.0.0.1", "port": web.port,
                                            "checks": [{"http": "/", "interval": "100ms"}]})

            def idle():
                return "dnsd_check_targets_idle 1" in api.call("GET", "/metrics").body.decode()

            dnsd.wait_until(lambda: web.asked >= 5, 20, "five probes at the full pace")
            dnsd.wait_until(idle, 20, "nobody asked for a second")
            before = web.asked
            dnsd.wait_until(lambda: wire.ask(server.dns, "web.corp", "A").answer, 5, "the first question")
            dnsd.wait_until(lambda: web.asked >= before + 10, 5, "the full pace: it would take 100 s else")
            self.assertFalse(idle())


if __name__ == "__main__":
    unittest.main()
