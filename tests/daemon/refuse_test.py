"""What dnsd refuses to start with: one line that says where and what to do, and a non-zero end."""

import pathlib
import sqlite3
import tempfile
import unittest

import server as dnsd
import wire

PORTS = ["--dns-listen", "127.0.0.1:0", "--http-listen", "127.0.0.1:0"]


class Refuse(unittest.TestCase):
    def refused(self, args: list[str], config: str | None = None, lines: int = 1) -> str:
        code, text = dnsd.run_to_end(args, config)
        self.assertNotEqual(code, 0, text)
        self.assertLess(code, 128, f"died of a signal: {text}")
        self.assertGreater(code, 0, f"died of a signal: {text}")
        said = [line for line in text.splitlines() if line.strip()]
        self.assertEqual(len(said), lines, text)
        return text

    def test_a_second_daemon_on_the_same_dns_port(self):
        with dnsd.Server() as server:
            port = str(server.dns[1])
            text = self.refused(["--dev", "--dns-listen", f"127.0.0.1:{port}", "--http-listen", "127.0.0.1:0"])
            self.assertIn(port, text)
            self.assertEqual(wire.ask(server.dns, "corp", "SOA").rcode, "NOERROR")

    def test_a_second_daemon_on_the_same_http_port(self):
        with dnsd.Server() as server:
            port = str(server.http[1])
            text = self.refused(["--dev", "--dns-listen", "127.0.0.1:0", "--http-listen", f"127.0.0.1:{port}"])
            self.assertIn(port, text)

    def test_a_second_daemon_on_the_same_data_folder(self):
        with tempfile.TemporaryDirectory() as folder, dnsd.Server(folder=folder) as server:
            text = self.refused([*PORTS, "--data-dir", folder])
            self.assertIn(folder, text)
            server.api().register("web.corp", "w1", {"address": "10.0.0.1"})

    def test_an_http_address_beyond_loopback_without_a_token(self):
        text = self.refused(["--dev", "--dns-listen", "127.0.0.1:0", "--http-listen", "0.0.0.0:0"])
        self.assertIn("token", text)

    def test_every_mistake_of_a_configuration_at_once_with_file_line_and_suggestion(self):
        text = self.refused(["--dev", *PORTS], '[dns]\nlisten = ["127.0.0.1:0"]\nworker = 2\n[htp]\n', lines=2)
        self.assertRegex(text, r"dnsd\.toml:3:\d+: .*workers")
        self.assertRegex(text, r"dnsd\.toml:4:\d+: .*http")

    def test_a_configuration_that_is_not_toml(self):
        self.assertRegex(self.refused(["--dev", *PORTS], '[dns]\nlisten = ["127.0.0.1:0"\n'), r"dnsd\.toml:\d+")

    def test_a_configuration_that_is_not_there(self):
        self.assertIn("absent.toml", self.refused(["--dev", *PORTS, "--config", "absent.toml"]))

    def test_an_unknown_flag(self):
        code, text = dnsd.run_to_end(["--no-such-flag"])
        self.assertNotEqual(code, 0)
        self.assertIn("no-such-flag", text)

    def test_a_broken_zone_file(self):
        with tempfile.TemporaryDirectory() as folder:
            zone = pathlib.Path(folder) / "corp.zone"
            zone.write_text("$ORIGIN corp.\nok 60 A 192.0.2.1\nbad 60 A 192.0.2.999\n")
            config = f'[[namespace]]\nname = "corp"\nzone_file = "{zone}"\n'
            self.assertIn("corp.zone:3", self.refused(["--dev", *PORTS], config))

    def test_a_zone_file_that_is_not_there(self):
        self.assertIn("no-such.zone", self.refused(["--dev", *PORTS],
                                                   '[[namespace]]\nname = "corp"\nzone_file = "no-such.zone"\n'))

    def test_check_config_says_what_is_wrong_and_starts_nothing(self):
        code, text = dnsd.run_to_end(["--check-config"], '[dns]\nworker = 2\n')
        self.assertNotEqual(code, 0)
        self.assertIn("dnsd.toml:2", text)
        code, text = dnsd.run_to_end(["--check-config"], '[[namespace]]\nname = "corp"\n')
        self.assertEqual(code, 0, text)


class BrokenStore(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="dnsd-broken-")
        self.addCleanup(self.folder.cleanup)
        with dnsd.Server(folder=self.folder.name) as server:
            server.api().register("web.corp", "w1", {"address": "10.0.0.1"})
        self.database = next(f for f in pathlib.Path(self.folder.name).iterdir()
                             if f.is_file() and f.read_bytes()[:15] == b"SQLite format 3")

    def start(self) -> str:
        return Refuse.refused(self, [*PORTS, "--data-dir", self.folder.name])

    def test_what_is_not_a_database(self):
        self.database.write_bytes(b"this is not a database" * 1000)
        self.assertIn(self.database.name, self.start())

    def test_a_database_cut_short(self):
        whole = self.database.read_bytes()
        self.database.write_bytes(whole[:len(whole) // 2 // 512 * 512 + 100])
        self.assertIn(self.database.name, self.start())

    def test_a_newer_schema(self):
        with sqlite3.connect(self.database) as db:
            db.execute("PRAGMA user_version = 9999")
        db.close()
        self.assertIn("9999", self.start())

    def test_a_data_folder_that_is_a_file(self):
        path = pathlib.Path(self.folder.name) / "file"
        path.write_text("")
        self.assertIn("file", Refuse.refused(self, [*PORTS, "--data-dir", str(path)]))
