"""Cases that ask a daemon which has not loaded its store yet."""

import concurrent.futures
import tempfile

import server as dnsd
import steps
import wire

ATTEMPTS = 5  # a test that the machine held back may ask too late; then the daemon is started again


def caught(server: dnsd.Server, cases: list, ask_all) -> list | None:
    """Starts the daemon and asks; None when it had loaded before all were asked."""
    server.spawn()
    dnsd.wait_until(lambda: wire.ask_udp(server.dns, wire.query(".", "SOA"), 0.05) or server.process.poll() is not None,
                    dnsd.START_SECONDS, "the first reply of a start", pace=0.001)
    with concurrent.futures.ThreadPoolExecutor(max(len(cases), 1)) as pool:
        outcomes = list(pool.map(ask_all, cases))
    loaded = server.ready_file.exists()
    dnsd.wait_until(lambda: server.ready_file.exists() or server.process.poll() is not None, dnsd.START_SECONDS,
                    "dnsd writes its ready file")
    return None if loaded else outcomes


def run(file: dict, cases: list, program: str, ask_all) -> list:
    """`ask_all(case, server)` for each case, asked of one daemon while it loads what `while_starting` registered."""
    with tempfile.TemporaryDirectory(prefix="dnsd-start-") as folder:
        server = dnsd.Server(file.get("config", ""), folder=folder, program=program)
        with server:
            context = steps.Context(server.dns, server.api(), {}, {}, "corp.", set())
            for line in steps.calls_of(file["while_starting"]):
                context.call(line)
            context.api.close()
            server.dns_listen = f"{server.dns[0]}:{server.dns[1]}"  # the address is known before it tells
            for _ in range(ATTEMPTS):
                server.kill()
                outcomes = caught(server, cases, lambda case: ask_all(case, server))
                if outcomes is not None:
                    return outcomes
    raise AssertionError(f"in {ATTEMPTS} starts the daemon had always loaded before the questions were asked")
