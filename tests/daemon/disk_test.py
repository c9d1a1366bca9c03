"""A full disk fails writes with 507; DNS, health and reads go on; space brings writes back."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import server as dnsd
import wire

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cases"))
import targets  # noqa: E402

UNSHARE = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-rm"]
DISK = "4m"


def on_small_disk(folder: str) -> list[str]:
    """A command prefix: a mount namespace of its own, where the folder is a tmpfs of a few MiB."""
    return [*UNSHARE, "sh", "-c", f'mount -t tmpfs -o size={DISK} tmpfs "{folder}" && exec "$@"', "sh"]


def namespaces_work() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        return shutil.which("unshare") and subprocess.run([*on_small_disk(folder), "true"], capture_output=True).returncode == 0


@unittest.skipUnless(namespaces_work(), "mount namespaces are not allowed here")
class FullDisk(unittest.TestCase):
    def fill(self, folder: pathlib.Path):
        ballast = os.open(folder / "ballast", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            for size in (65536, 4096, 512, 1):
                while True:
                    try:
                        os.write(ballast, b"x" * size)
                    except OSError:
                        break
        finally:
            os.close(ballast)

    def test_writes_are_507_and_everything_else_goes_on(self):
        target = targets.Target("127.0.0.1", [200])
        self.addCleanup(target.stop)
        with tempfile.TemporaryDirectory(prefix="dnsd-disk-") as folder:
            with dnsd.Server(folder=folder, prefix=on_small_disk(folder)) as server:
                disk = pathlib.Path(f"/proc/{server.pid}/root{folder}")
                api = server.api()
                api.register("kept.corp", "k1", {"address": "10.0.0.1"})
                api.register("probed.corp", "p1", {"address": "127.0.0.1", "port": target.port,
                                                   "checks": [{"http": "/", "interval": "200ms"}]})
                dnsd.wait_until(lambda: wire.ask(server.dns, "probed.corp", "A").answer, 10, "the probe passes")
                api.register("many.corp", "first", {"address": "10.1.0.1"})
                self.fill(disk)
                written, refused = {"first"}, None
                for n in range(20000):  # what the store holds in reserve is used up first
                    answer = api.instance("PUT", "many.corp", f"i{n}", {"address": "10.1.0.1", "meta": {"x": "y" * 200}})
                    if answer.status != 201:
                        refused = (n, answer)
                        break
                    written.add(f"i{n}")
                self.assertIsNotNone(refused, "the disk never got full; the test proves nothing")
                self.assertEqual(refused[1].status, 507, refused[1])
                self.assertEqual(wire.ask(server.dns, f"i{refused[0]}.many.corp", "A").rcode, "NXDOMAIN")
                self.everything_else_goes_on(server, target)
                (disk / "ballast").unlink()
                dnsd.wait_until(lambda: api.instance("PUT", "after.corp", "a1", {"address": "10.2.0.1"}).status in (200, 201),
                                15, "writes work again")
                self.assertEqual(wire.ask(server.dns, "after.corp", "A").addresses(), ["10.2.0.1"])
                found, cursor = set(), ""
                while True:
                    page = api.call("GET", f"/api/v1/services/many.corp/instances?limit=1000{cursor}").json()
                    found |= {i["id"] for i in page["instances"]}
                    if not page.get("cursor"):
                        break
                    cursor = f"&cursor={page['cursor']}"
                self.assertEqual(found, written)

    def everything_else_goes_on(self, server, target):
        api = server.api()
        self.assertEqual(wire.ask(server.dns, "kept.corp", "A").addresses(), ["10.0.0.1"])
        self.assertEqual(api.call("GET", "/-/healthy").status, 200)
        self.assertEqual(api.instance("GET", "kept.corp", "k1").status, 200)
        target.serve(503)
        dnsd.wait_until(lambda: not wire.ask(server.dns, "probed.corp", "A").answer, 20,
                        "health takes a dead instance out of DNS although the disk is full")
        target.serve(200)
        dnsd.wait_until(lambda: wire.ask(server.dns, "probed.corp", "A").answer, 20, "and back in")
