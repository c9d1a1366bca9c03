"""gRPC's own DNS resolver with round_robin, over real gRPC servers: in Python, and in C++ with the same core."""

import concurrent.futures
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import found
import programs
import server as dnsd

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = '[[namespace]]\nname = "corp"\nttl = "1s"\n'
FIRST, SECOND, THIRD = "127.0.62.1", "127.0.62.2", "127.0.62.3"
CALLS = 40  # the last so many say whom the client calls now


def serve(grpc, address: str, port: int):
    """A server that answers every call with its address: (server, port).

    gRPC keeps its connections, whatever DNS says, and asks again when one ends: the server gives each a greatest age.
    """
    options = [("grpc.so_reuseport", 0), ("grpc.max_connection_age_ms", 500),
               ("grpc.max_connection_age_grace_ms", 5000)]
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(4), options=options)
    handler = grpc.unary_unary_rpc_method_handler(lambda request, context: address.encode())
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Who", {"Ask": handler}),))
    bound = server.add_insecure_port(f"{address}:{port}")  # raises when somebody has it
    server.start()
    return server, bound


class Calls:
    """with Calls(command) as calls: the client calls to the end of the block, and its lines are kept."""

    def __init__(self, command: list[str]):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.lines, self.reader = [], threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(20)
        finally:
            programs.stop(self.process)
            self.reader.join(10)
            self.process.stdout.close()

    def wait_for(self, who: set[str], seconds: float = 20):
        dnsd.wait_until(lambda: len(self.lines) >= CALLS and set(self.lines[-CALLS:]) == who, seconds,
                        f"the calls go to {who}", pace=0.05)


class Grpc:
    @classmethod
    def setUpClass(cls):
        cls.grpc = found.python_module("grpc")
        cls.server = dnsd.Server(CONFIG).start()
        cls.addClassCleanup(cls.server.__exit__, None)
        cls.api = cls.server.api()

    def serve(self, address: str, port: int) -> int:
        server, bound = serve(self.grpc, address, port)
        self.addCleanup(lambda: server.stop(0).wait(10))
        self.servers[address] = server
        return bound

    def register(self, instance: str, address: str):
        self.api.register("worker.corp", instance, {"address": address, "port": self.port})

    def test_a_server_leaves_and_another_joins_and_no_call_fails(self):
        self.servers = {}
        self.port = self.serve(FIRST, 0)
        self.serve(SECOND, self.port)
        self.serve(THIRD, self.port)
        self.register("w1", FIRST)
        self.register("w2", SECOND)
        with Calls(self.command(f"dns://{self.server.dns[0]}:{self.server.dns[1]}/worker.corp:{self.port}")) as calls:
            calls.wait_for({FIRST, SECOND})
            self.register("w3", THIRD)
            calls.wait_for({FIRST, SECOND, THIRD})
            self.assertEqual(self.api.instance("POST", "worker.corp", "w1", suffix="/drain").status, 202)
            calls.wait_for({SECOND, THIRD})
            self.servers[FIRST].stop(5).wait(10)
            begin = len(calls.lines)
            dnsd.wait_until(lambda: len(calls.lines) > begin + CALLS, 20, "it calls on")
            lines = list(calls.lines)
        self.assertEqual([line for line in lines if line.startswith("error")], [])

    def test_a_name_that_does_not_exist_is_unavailable(self):
        with Calls(self.command(f"dns://{self.server.dns[0]}:{self.server.dns[1]}/nobody.corp:1")) as calls:
            dnsd.wait_until(lambda: any("error" in line for line in calls.lines), 20, "a call fails")
            failed = next(line for line in calls.lines if line.startswith("error"))
        self.assertIn("DNS resolution failed for nobody.corp:1", failed)


class Python(Grpc, unittest.TestCase):
    CLIENT = "gRPC Python dns:///"

    @staticmethod
    def version() -> str:
        return found.python_module("grpc").__version__

    @staticmethod
    def command(target: str) -> list[str]:
        return ["/usr/bin/python3", str(HERE / "grpc_calls.py"), target]


class Cxx(Grpc, unittest.TestCase):
    CLIENT, HEAVY = "gRPC C++ dns:///", True
    PROGRAM = found.ROOT / "build/clients/grpc_calls"

    @classmethod
    def setUpClass(cls):
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "grpc++"], capture_output=True, text=True)
        if flags.returncode or not shutil.which("g++"):
            raise unittest.SkipTest("libgrpc++-dev is not installed")
        source = HERE / "grpc_calls.cc"
        if not cls.PROGRAM.exists() or cls.PROGRAM.stat().st_mtime < source.stat().st_mtime:
            cls.PROGRAM.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["g++", "-std=c++20", "-O0", str(source), "-o", str(cls.PROGRAM), *flags.stdout.split()],
                           check=True, timeout=110)
        super().setUpClass()

    @classmethod
    def version(cls) -> str:
        return programs.version(str(cls.PROGRAM), "--version")

    @classmethod
    def command(cls, target: str) -> list[str]:
        return [str(cls.PROGRAM), target]


if __name__ == "__main__":
    unittest.main()
