"""Java's own DNS client, dns:// of JNDI."""

import pathlib
import shutil
import unittest

import programs
from resolving import Resolving

JAVA, COMPILER = shutil.which("java"), shutil.which("javac")


@unittest.skipUnless(JAVA and COMPILER, "a JDK is not installed")
class Java(Resolving, unittest.TestCase):
    CLIENT, HEAVY, NODATA = "Java JNDI dns://", True, "NODATA"

    @staticmethod
    def version() -> str:
        return programs.version(JAVA, "-version")

    @staticmethod
    def command(_, dns: tuple[str, int]) -> list[str]:
        return [JAVA, "-Xshare:auto", "-XX:TieredStopAtLevel=1", str(pathlib.Path(__file__).with_name("Resolve.java")),
                f"{dns[0]}:{dns[1]}"]


if __name__ == "__main__":
    unittest.main()
