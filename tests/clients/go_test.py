"""Go's own resolver: net.Resolver with PreferGo and a Dial that names the server."""

import os
import pathlib
import shutil
import subprocess
import unittest

import found
import programs
from resolving import Resolving

GO = shutil.which("go")


@unittest.skipUnless(GO, "golang-go is not installed")
class Go(Resolving, unittest.TestCase):
    # A name without the type asked for is "not found" to Go, as one that does not exist.
    CLIENT, HEAVY, NODATA = "Go net.Resolver", True, "NXDOMAIN"

    @staticmethod
    def version() -> str:
        return programs.version(GO, "version")

    @staticmethod
    def command(folder: pathlib.Path, dns: tuple[str, int]) -> list[str]:
        program = folder / "resolve"
        cache = found.ROOT / "build/clients/go"  # compiling net anew would take half a minute each time
        source = pathlib.Path(__file__).with_name("resolve.go")
        subprocess.run([GO, "build", "-o", str(program), str(source)], check=True, timeout=100, cwd=folder,
                       env=dict(os.environ, GOCACHE=str(cache), GOFLAGS="", GO111MODULE="off"))
        return [str(program), f"{dns[0]}:{dns[1]}"]


if __name__ == "__main__":
    unittest.main()
