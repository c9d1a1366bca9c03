"""Node's dns module: setServers, resolve4, resolve6, resolveSrv."""

import pathlib
import shutil
import unittest

import programs
from resolving import Resolving

NODE = shutil.which("node")


@unittest.skipUnless(NODE, "node is not installed")
class NodeDns(Resolving, unittest.TestCase):
    CLIENT, NODATA = "Node dns", "NODATA"

    @staticmethod
    def version() -> str:
        return programs.version(NODE, "--version")

    @staticmethod
    def command(_, dns: tuple[str, int]) -> list[str]:
        return [NODE, str(pathlib.Path(__file__).with_name("resolve.js")), f"{dns[0]}:{dns[1]}"]


if __name__ == "__main__":
    unittest.main()
