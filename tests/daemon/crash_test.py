"""kill -9 under writes: nothing acknowledged is lost, nothing is invented, no counter runs backwards."""

import http.client
import random
import tempfile
import threading
import unittest

import server as dnsd
import wire

KILLS, WRITERS, KEYS = 20, 8, 40
SEED = 20
ABSENT = None


class Writer(threading.Thread):
    """Writes its own keys one after the other and notes what was acknowledged and what was in flight."""

    def __init__(self, number: int, seed: int, endpoint, known: dict, counter):
        super().__init__(daemon=True)
        self.number, self.random, self.endpoint = number, random.Random(seed), endpoint
        self.known, self.counter = known, counter  # key -> set of values that may be found after the kill
        self.highest, self.acknowledged, self.refused = 0, 0, None

    def run(self):
        api = dnsd.Api(self.endpoint, timeout=20)
        try:
            while True:
                key = f"w{self.number}-{self.random.randrange(KEYS)}"
                value = ABSENT if self.random.random() < 0.3 else self.new_address()
                self.known[key] = self.known.get(key, {ABSENT}) | {value}
                body = None if value is ABSENT else {"address": value, "port": 80}
                # No second attempt under the hood: an unanswered write has an unknown end.
                api.close()
                answer = api.instance("DELETE" if value is ABSENT else "PUT", "crash.corp", key, body)
                if answer.status not in (200, 201, 204):
                    self.refused = repr(answer)
                    return
                self.known[key] = {value}
                self.acknowledged += 1
                self.highest = max(self.highest, int(answer.headers.get("X-Dnsd-Index", 0)))
        except (OSError, http.client.HTTPException):
            pass  # the server was killed: what was in flight stays unknown
        finally:
            api.close()

    def new_address(self) -> str:
        n = next(self.counter)
        return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def everything(api) -> tuple[dict, int]:
    """All instances by following the cursor, and the revision."""
    found, cursor = {}, ""
    while True:
        answer = api.call("GET", f"/api/v1/services/crash.corp/instances?limit=1000{cursor}")
        if answer.status == 404:
            return {}, int(answer.headers["X-Dnsd-Index"])
        page = answer.json()
        found |= {i["id"]: i["address"] for i in page["instances"]}
        if not page.get("cursor"):
            return found, page["revision"]
        cursor = f"&cursor={page['cursor']}"


def serial(server) -> int:
    reply = wire.ask(server.dns, "corp", "SOA")
    return reply.answer[0].rdata.serial


class Crash(unittest.TestCase):
    def test_kill_nine_loses_nothing_and_invents_nothing(self):
        known, acknowledged, highest_revision, highest_serial = {}, 0, 0, 0
        pick, counter = random.Random(SEED), iter(range(1, 1 << 24))
        lock = threading.Lock()

        class Counter:
            def __next__(self):
                with lock:
                    return next(counter)

        with tempfile.TemporaryDirectory(prefix="dnsd-crash-") as folder:
            server = dnsd.Server(folder=folder)
            with server:
                server.api().call("PUT", "/api/v1/services/crash.corp", {"max_answers": 0})
                for kill in range(KILLS):
                    writers = [Writer(n, SEED * 1000 + kill * WRITERS + n, server.http, known, Counter())
                               for n in range(WRITERS)]
                    for writer in writers:
                        writer.start()
                    threading.Event().wait(pick.uniform(0.05, 0.6))
                    highest_serial = max(highest_serial, serial(server))
                    server.kill()
                    for writer in writers:
                        writer.join(30)
                        self.assertIsNone(writer.refused)
                        acknowledged += writer.acknowledged
                        highest_revision = max(highest_revision, writer.highest)
                    server.start()
                    found, revision = everything(server.api())
                    self.compare(known, found, kill)
                    self.assertGreaterEqual(revision, highest_revision, f"kill {kill}: the revision ran backwards")
                    now = serial(server)
                    self.assertGreaterEqual(now, highest_serial, f"kill {kill}: the serial ran backwards")
                    answered = set(wire.ask(server.dns, "crash.corp", "A", tcp=True).addresses())
                    self.assertEqual(answered, set(found.values()), f"kill {kill}: DNS and API differ")
                    for key in known:  # what was found is what is so from here on
                        known[key] = {found.get(key, ABSENT)}
        self.assertGreater(acknowledged, KILLS, "hardly anything was written; the test proves nothing")
        print(f"crash: {KILLS} kills, {acknowledged} acknowledged writes, revision {highest_revision}, seed {SEED}")

    def compare(self, known: dict, found: dict, kill: int):
        lost = {k: v for k, v in known.items() if found.get(k, ABSENT) not in v}
        self.assertFalse(lost, f"kill {kill}: acknowledged {dict(list(lost.items())[:5])}, "
                               f"found {[found.get(k) for k in list(lost)[:5]]}")
        invented = found.keys() - known.keys()
        self.assertFalse(invented, f"kill {kill}: never written: {sorted(invented)[:5]}")
