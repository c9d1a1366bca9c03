"""Caching resolvers that nobody here wrote, in front of a daemon: unbound and a host's dnsmasq, for some of its zones."""

import pathlib
import unittest

import programs
import server as dnsd
import wire

UNBOUND = """
server:
  interface: 127.0.0.1@{port}
  chroot: ""
  username: ""
  directory: "{folder}"
  pidfile: ""
  use-syslog: no
  module-config: "iterator"
  do-not-query-localhost: no
  do-ip6: no
{options}
remote-control:
  control-enable: no
{stubs}"""
STUB = 'stub-zone:\n  name: "{zone}"\n  stub-addr: {host}@{port}\n  stub-prime: no\n'


def unbound(at_end, folder: pathlib.Path, dns: tuple[str, int], zones, known: str, options="") -> tuple[str, int]:
    """Its endpoint once it answers `known`. `options` go into its server clause; `at_end` is the test's addCleanup."""
    program = programs.find("unbound")
    if not program:
        raise unittest.SkipTest("unbound is neither unpacked nor installed")
    port, config = dnsd.free_port(), folder / "unbound.conf"
    stubs = "".join(STUB.format(zone=zone, host=dns[0], port=dns[1]) for zone in zones)
    config.write_text(UNBOUND.format(port=port, folder=folder, options=options, stubs=stubs))
    return answering(at_end, [program, "-d", "-c", str(config)], folder / "unbound.log", port, known)


def dnsmasq(at_end, folder: pathlib.Path, dns: tuple[str, int], zones, known: str) -> tuple[str, int]:
    program = programs.find("dnsmasq")
    if not program:
        raise unittest.SkipTest("dnsmasq is neither unpacked nor installed")
    port = dnsd.free_port()
    command = [program, "-k", "-C", "/dev/null", "-u", "", "--pid-file=", "-p", str(port), "--no-resolv", "--no-hosts",
               "--listen-address=127.0.0.1", "--bind-interfaces", "--log-facility=-"]
    return answering(at_end, command + [f"--server=/{zone}/{dns[0]}#{dns[1]}" for zone in zones],
                     folder / "dnsmasq.log", port, known)


def answering(at_end, command: list[str], log: pathlib.Path, port: int, known: str) -> tuple[str, int]:
    process = programs.start(command, log, at_end)

    def answers():
        assert process.poll() is None, log.read_text(errors="replace")[-2000:]
        try:
            return wire.ask(("127.0.0.1", port), known, "A", rd=True, timeout=2).rcode == "NOERROR"
        except (OSError, AssertionError):  # it does not listen yet, or not to the end
            return False

    dnsd.wait_until(answers, 20, f"{command[0]} answers")
    return "127.0.0.1", port
