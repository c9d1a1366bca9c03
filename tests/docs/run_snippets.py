#!/usr/bin/env python3
"""Runs what the documentation shows.

Every page gets a dnsd of its own on free ports, and one bash that runs the page's blocks in order:

    ```sh            is run; it must end with exit code 0
    ```output        right after it: every line is found in some line that the block printed. /.../ is a regular
                     expression, an empty block means that nothing is printed. What takes time (a health check) may
                     take up to 20 s: the block is run again until it shows what it should.
    ```sh dev        commands of ./dev, which runs this program itself: each must be one that `./dev help` lists
    ```toml config   the configuration that the page's dnsd runs with; at most one, before the first ```sh
    ```conf NAME     a resolver's configuration, tried with the real program where it is installed, else skipped

Ports 8600 and 8500 of the daemon and 9001 to 9009 of the reader's own programs become free ones, in blocks and in
outputs. Other fences (json, text) are only looked at: json must parse.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import limits

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/lib"))
import programs  # noqa: E402
from server import wait_until  # noqa: E402
PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
PORTS = [8600, 8500, *range(9001, 9010)]
PATIENCE = 20.0
BLOCK_SECONDS = 60.0


def free_ports(count):
    """Free for both UDP and TCP at this moment; held together so that they differ."""
    sockets, ports = [], []
    while len(ports) < count:
        tcp, udp = socket.socket(socket.AF_INET, socket.SOCK_STREAM), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sockets += [tcp, udp]
        tcp.bind(("127.0.0.1", 0))
        try:
            udp.bind(("127.0.0.1", tcp.getsockname()[1]))
        except OSError:
            continue
        ports.append(tcp.getsockname()[1])
    for one in sockets:
        one.close()
    return ports


class Block:
    def __init__(self, page, line, info, text):
        self.page, self.line, self.info, self.text = page, line, info.split(), text
        self.kind = self.info[0] if self.info else ""

    def __str__(self):
        return f"{self.page}:{self.line}"


def blocks_of(page):
    found, lines = [], (ROOT / page).read_text().split("\n")
    index = 0
    while index < len(lines):
        opened = re.match(r"^```([^`]*)$", lines[index])
        if not opened:
            index += 1
            continue
        end = index + 1
        while end < len(lines) and lines[end] != "```":
            end += 1
        if end == len(lines):
            raise SystemExit(f"{page}:{index + 1}: this fence is never closed")
        found.append(Block(page, index + 1, opened.group(1).strip(), "\n".join(lines[index + 1:end])))
        index = end + 1
    return found


class Shell:
    """One bash for a page: variables and background programs live from block to block."""

    def __init__(self, folder, environment):
        self.process = subprocess.Popen(["bash", "--noprofile", "--norc"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, cwd=folder, env=environment, text=True,
                                        start_new_session=True)
        self.output, self.changed = [], threading.Condition()
        threading.Thread(target=self.read, daemon=True).start()
        self.count = 0

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.output.append(line.rstrip("\n"))
                self.changed.notify_all()

    def run(self, text):
        """(exit code or None after a time-out, printed lines)"""
        self.count += 1
        mark = f"--end-of-block-{self.count}-"
        with self.changed:
            start = len(self.output)
        self.process.stdin.write(f"{text}\nprintf '\\n%s%s\\n' '{mark}' $?\n")
        self.process.stdin.flush()
        deadline = time.monotonic() + BLOCK_SECONDS
        with self.changed:
            while True:
                for at in range(start, len(self.output)):
                    if self.output[at].startswith(mark):
                        lines = self.output[start:at]
                        return int(self.output[at][len(mark):]), lines[:-1] if lines and not lines[-1] else lines
                if not self.changed.wait(max(0.0, deadline - time.monotonic())):
                    return None, self.output[start:]

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


class Page:
    def __init__(self, name, binaries):
        self.name, self.blocks, self.binaries = name, blocks_of(name), binaries
        self.passed, self.failures, self.skips = 0, [], []
        self.ports = dict(zip(PORTS, free_ports(len(PORTS))))

    def rewrite(self, text):
        return re.sub(r"\b(8600|8500|900[1-9])\b", lambda m: str(self.ports[int(m.group(1))]), text)

    def fail(self, block, why):
        self.failures.append(f"{block}: {why}")

    # -- the daemon ---------------------------------------------------------------------------------------------
    def start_daemon(self, folder):
        shutil.copytree(ROOT / "zones", folder / "zones")
        command = [str(self.binaries / "dnsd"), "--dns-listen", f"127.0.0.1:{self.ports[8600]}", "--http-listen",
                   f"127.0.0.1:{self.ports[8500]}", "--ready-file", str(folder / "ready.json"), "--data-dir",
                   str(folder / "dnsd-data")]
        configs = [b for b in self.blocks if b.info == ["toml", "config"]]
        if configs:
            (folder / "dnsd.toml").write_text(self.rewrite(configs[0].text))
            command += ["--config", str(folder / "dnsd.toml")]
        log = open(folder / "log", "wb")
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(lambda: (folder / "ready.json").exists() or process.poll() is not None, 30, "dnsd is ready")
        if process.poll() is not None:
            raise SystemExit(f"{self.name}: dnsd did not start:\n{(folder / 'log').read_text()}")
        return process

    def run(self):
        for block in self.blocks:
            self.look_at(block)
        wanted = [b for b in self.blocks if b.info == ["sh"] or b.kind == "conf"]
        if not wanted:
            return
        with tempfile.TemporaryDirectory(prefix="dnsd-docs-") as name:
            folder = pathlib.Path(name)
            daemon = self.start_daemon(folder)
            environment = dict(os.environ, PATH=f"{self.binaries}:{os.environ['PATH']}", LC_ALL="C.UTF-8",
                               DNSD_ADDR=f"http://127.0.0.1:{self.ports[8500]}", DNSD_PID=str(daemon.pid))
            shell = Shell(folder, environment)
            try:
                for index, block in enumerate(self.blocks):
                    if block.info == ["sh"]:
                        after = self.blocks[index + 1] if index + 1 < len(self.blocks) else None
                        self.run_block(shell, block, after if after and after.info == ["output"] else None)
                    elif block.kind == "conf":
                        self.try_resolver(block, folder)
            finally:
                shell.close()
                daemon.terminate()
                daemon.wait(timeout=30)
        if daemon.returncode != 0:
            self.failures.append(f"{self.name}: dnsd left with {daemon.returncode}")

    # -- blocks -------------------------------------------------------------------------------------------------
    def look_at(self, block):
        if block.kind == "json":
            try:
                json.loads(block.text)
                self.passed += 1
            except ValueError as error:
                self.fail(block, f"is not JSON: {error}")
        elif block.info == ["sh", "dev"]:
            known = subprocess.run([str(ROOT / "dev"), "help"], capture_output=True, text=True, check=True).stdout
            for command in re.findall(r"^\./dev (\w+)", block.text, re.M):
                if re.search(rf"^\./dev {command}\b", known, re.M):
                    self.passed += 1
                else:
                    self.fail(block, f"./dev has no command {command}")
        elif block.info == ["toml"]:
            self.check_config(block)
        elif block.info not in (["sh"], ["output"], ["toml", "config"], ["text"]) and block.kind != "conf":
            self.fail(block, f"unknown kind of fence: {' '.join(block.info) or '(none)'}")

    def check_config(self, block):
        with tempfile.TemporaryDirectory(prefix="dnsd-docs-") as name:
            folder = pathlib.Path(name)
            shutil.copytree(ROOT / "zones", folder / "zones")
            (folder / "token").write_text("a-token-of-the-documentation\n")
            (folder / "keys").mkdir()
            (folder / "keys/xfr").write_text("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
            (folder / "x.toml").write_text(block.text)
            ran = subprocess.run([str(self.binaries / "dnsd"), "--config", str(folder / "x.toml"), "--check-config"],
                                 capture_output=True, text=True)
        if ran.returncode == 0:
            self.passed += 1
        else:
            self.fail(block, f"dnsd --check-config says: {ran.stderr.strip()}")

    def run_block(self, shell, block, output):
        text = self.rewrite(block.text)
        wanted = [line for line in self.rewrite(output.text).split("\n") if line.strip()] if output else []
        last = []

        def shows():
            code, lines = shell.run(text)
            why = self.judge(code, lines, wanted, output)
            last[:] = [why + "\n      it printed:\n        " + "\n        ".join(lines[-20:])] if why else []
            # Only a block with an expected output is asked again; a time-out is never waited for twice.
            return not why or output is None or code is None

        try:
            wait_until(shows, PATIENCE, "the output", pace=0.2)
        except AssertionError:
            pass
        if last:
            self.fail(block, last[0])
        else:
            self.passed += 1

    @staticmethod
    def judge(code, lines, wanted, output):
        if code is None:
            return f"did not end within {BLOCK_SECONDS:.0f} s"
        if code != 0:
            return f"left with exit code {code}"
        for want in wanted:
            pattern = want[1:-1] if len(want) > 2 and want[0] == want[-1] == "/" else re.escape(want.strip())
            if not any(re.search(pattern, " ".join(line.split()) if want[0] != "/" else line) or want in line
                       for line in lines):
                return f"did not print: {want}"
        if output is not None and not wanted and any(lines):
            return "printed something"
        return ""

    # -- resolvers ----------------------------------------------------------------------------------------------
    def try_resolver(self, block, folder):
        name = block.info[1] if len(block.info) > 1 else "?"
        tries = {"dnsmasq": self.try_dnsmasq, "unbound": self.try_unbound, "resolv": self.try_resolv,
                 "resolved": self.try_resolved}
        if name not in tries:
            self.fail(block, f"no way to try {name}")
            return
        why = tries[name](block, folder)
        if why is None:
            self.passed += 1
        elif why.startswith("skip: "):
            self.skips.append(f"{block}: {name}: {why[6:]}")
        else:
            self.fail(block, f"{name}: {why}")

    def ask_through(self, command, port, folder):
        """Starts a resolver and asks it for a name of ours; None when it answers."""
        log = folder / "resolver.log"
        with open(log, "wb") as to:
            process = subprocess.Popen(command, stdout=to, stderr=to, stdin=subprocess.DEVNULL, cwd=folder,
                                       env=programs.environment(command[0]))
        try:
            def answers():
                ran = subprocess.run(["dig", "@127.0.0.1", "-p", str(port), "+short", "+time=1", "+tries=1", "ns.corp"],
                                     capture_output=True, text=True)
                return re.search(r"^127\.", ran.stdout, re.M) or process.poll() is not None

            wait_until(answers, PATIENCE, "an answer through the resolver", pace=0.1)
            return None if process.poll() is None else f"it left: {log.read_text(errors='replace')[-600:]}"
        except AssertionError:
            return f"did not resolve ns.corp: {log.read_text(errors='replace')[-600:]}"
        finally:
            process.terminate()
            process.wait()

    def try_dnsmasq(self, block, folder):
        program = programs.find("dnsmasq")
        if not program:
            return "skip: dnsmasq is not installed"
        port = free_ports(1)[0]
        (folder / "dnsmasq.conf").write_text(self.rewrite(block.text) + "\n")
        return self.ask_through([program, "--keep-in-foreground", f"--port={port}", "--listen-address=127.0.0.1",
                                 "--bind-interfaces", "--no-resolv", "--no-hosts", "--user=", "--pid-file=",
                                 f"--conf-file={folder / 'dnsmasq.conf'}"], port, folder)

    def try_unbound(self, block, folder):
        program = programs.find("unbound")
        if not program:
            return "skip: unbound is neither unpacked nor installed"
        port = free_ports(1)[0]
        own = (f"server:\n  port: {port}\n  interface: 127.0.0.1\n  chroot: \"\"\n  username: \"\"\n  pidfile: \"\"\n"
               f"  directory: \"{folder}\"\n"
               "  use-syslog: no\n  auto-trust-anchor-file: \"\"\n")
        (folder / "unbound.conf").write_text(own + self.rewrite(block.text) + "\n")
        return self.ask_through([program, "-d", "-c", str(folder / "unbound.conf")], port, folder)

    def try_resolved(self, block, folder):
        """systemd-resolved itself, with its stub on 127.0.0.53 of a network of its own."""
        program = programs.find("systemd-resolved")
        if not program:
            return "skip: systemd-resolved is neither unpacked nor installed"
        if subprocess.run(["unshare", "--mount", "--net", "true"], capture_output=True).returncode != 0:
            return "skip: namespaces are not allowed here"
        (folder / "resolved.conf").write_text(self.rewrite(block.text) + "\n")
        script = pathlib.Path(__file__).with_name("resolved.sh")
        ran = subprocess.run(["timeout", "60", "unshare", "--mount", "--net", "sh", str(script), str(folder), program,
                              str(self.binaries / "dnsd"), f"127.0.0.1:{self.ports[8600]}", "ns.corp"],
                             capture_output=True, text=True, env=programs.environment(program))
        return None if re.search(r"^127\.", ran.stdout, re.M) else f"no answer: {ran.stdout}{ran.stderr}"

    def try_resolv(self, block, folder):
        """resolv.conf cannot name a port: a second dnsd on port 53 of the address, in a mount namespace of its own."""
        address = re.search(r"^nameserver (127\.\S+)$", block.text, re.M).group(1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, 53))
            except OSError as error:
                return f"skip: {address}:53 cannot be bound here: {error.strerror}"
        if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
            return "skip: mount namespaces are not allowed here"
        (folder / "resolv.conf").write_text(block.text + "\n")
        ready = folder / "ready-53.json"
        daemon = subprocess.Popen([str(self.binaries / "dnsd"), "--dev", "--dns-listen", f"{address}:53",
                                   "--http-listen", "127.0.0.1:0", "--ready-file", str(ready)], cwd=folder,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: ready.exists() or daemon.poll() is not None, PATIENCE, "dnsd is ready on port 53")
            script = f"mount --bind {folder}/resolv.conf /etc/resolv.conf && getent ahostsv4 ns.corp"
            ran = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=60)
            return None if address in ran.stdout else f"getent found nothing: {ran.stdout}{ran.stderr}"
        finally:
            daemon.terminate()
            daemon.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binaries", default=str(ROOT / "build/release"), type=pathlib.Path)
    parser.add_argument("pages", nargs="*")
    options = parser.parse_args()
    passed, failures, skips = 0, [], []
    for name in options.pages or PAGES:
        page = Page(name, options.binaries.resolve())
        page.run()
        print(f"{name}: {page.passed} passed, {len(page.failures)} failed, {len(page.skips)} skipped")
        passed, failures, skips = passed + page.passed, failures + page.failures, skips + page.skips
    if not options.pages:
        compared, wrong = limits.check()
        print(f"{limits.PAGE} against the code: {compared} passed, {len(wrong)} failed")
        passed, failures = passed + compared, failures + wrong
    for line in skips:
        print(f"skipped: {line}")
    for line in failures:
        print(f"FAILED: {line}")
    print(f"{passed} passed, {len(failures)} failed, {len(skips)} skipped")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
