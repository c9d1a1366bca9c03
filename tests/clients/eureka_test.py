"""Clients of Netflix Eureka: npm's eureka-js-client, one that speaks XML as py_eureka_client does, and Prometheus'
promtool. What they register is what DNS answers, and no longer once it is cancelled."""

import json
import pathlib
import platform
import shutil
import subprocess
import tempfile
import unittest

import programs
import server as dnsd
import wire
from eureka_xml import Client
from found import NODE_MODULES, node_environment, npm_version

HERE = pathlib.Path(__file__).resolve().parent
PROMTOOL = programs.find("promtool")


def rdata(server, name: str, rtype: str) -> list[str]:
    return sorted(r.data for r in wire.ask(server.dns, name, rtype).answer if r.type == rtype)


def base(server, user: str = "") -> str:
    return f"http://{user}{server.http[0]}:{server.http[1]}/eureka"


class Js:
    """The script, which answers line by line."""

    def __init__(self, server, delta: str = "full", user: str = ""):
        node = shutil.which("node")
        if not node or not (NODE_MODULES / "eureka-js-client").is_dir():
            raise unittest.SkipTest("node with the npm package eureka-js-client is not there")
        self.process = subprocess.Popen(
            [node, str(HERE / "eureka_client.js"), server.http[0], str(server.http[1]), delta, user],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1, env=node_environment())

    def __enter__(self):
        line = self.process.stdout.readline().strip()
        if line != "started":
            self.__exit__()
            raise AssertionError(f"eureka-js-client: {line}")
        return self

    def ask(self, line: str) -> str:
        self.process.stdin.write(line + "\n")
        return self.process.stdout.readline().strip()

    def __exit__(self, *_):
        programs.stop(self.process)
        self.process.stdin.close()
        self.process.stdout.close()


class EurekaJs(unittest.TestCase):
    CLIENT = "npm eureka-js-client"

    @staticmethod
    def version() -> str:
        return npm_version("eureka-js-client")

    def life(self, delta: str):
        with dnsd.Server() as server, Js(server, delta) as js:
            self.assertEqual(rdata(server, "js-worker.corp", "A"), ["10.0.0.7"])
            self.assertEqual(rdata(server, "_js-worker._tcp.corp", "SRV"), ["1 10 8080 js1.js-worker.corp."])
            self.assertEqual(js.ask("instances js-worker"), "js1=UP")
            self.assertEqual(js.ask("vip js-worker"), "10.0.0.7:8080")
            dnsd.wait_until(lambda: int(js.ask("heartbeats")) >= 3, 30, "heartbeats are accepted")
            other = Client(base(server), "other", "h2", "10.0.0.8", 81)
            self.assertEqual(other.register(), 204)
            dnsd.wait_until(lambda: js.ask("instances other") == f"{other.id}=UP", 30, "it hears of another one")
            self.assertEqual(other.set_status("OUT_OF_SERVICE"), 200)
            dnsd.wait_until(lambda: "OUT_OF_SERVICE" in js.ask("instances other") or not js.ask("instances other"), 30,
                            "and that it is out of service")
            self.assertEqual(other.cancel(), 200)
            dnsd.wait_until(lambda: js.ask("instances other") == "", 30, "and that it is gone")
            # Whoever deregisters it: the next heartbeat is 404, and the client registers again.
            self.assertEqual(other.call("DELETE", "apps/JS-WORKER/js1")[0], 200)
            dnsd.wait_until(lambda: rdata(server, "js-worker.corp", "A") == ["10.0.0.7"], 30, "it registers again")
            self.assertEqual(js.ask("stop"), "stopped")
            self.assertEqual(rdata(server, "js-worker.corp", "A"), [])

    def test_a_client_lives(self):
        self.life("full")

    def test_a_client_lives_by_deltas(self):
        self.life("delta")

    def test_the_token_is_its_password(self):
        with tempfile.TemporaryDirectory() as folder:
            token = pathlib.Path(folder) / "token"
            token.write_text("secret\n")
            with dnsd.Server(f'[http]\ntoken_file = "{token}"\n') as server:
                with Js(server, user="any:secret") as js:
                    self.assertEqual(rdata(server, "js-worker.corp", "A"), ["10.0.0.7"])
                    self.assertEqual(js.ask("stop"), "stopped")
                with self.assertRaises(AssertionError), Js(server, user="any:wrong"):
                    pass


class PythonXml(unittest.TestCase):
    CLIENT = "Python, as py_eureka_client (XML)"

    @staticmethod
    def version() -> str:
        return platform.python_version()

    def test_a_client_lives(self):
        with dnsd.Server() as server:
            one = Client(base(server), "ORDER_SERVICE", "h1.example", "10.0.0.1", 8080,
                         metadata={"a_b": "1 < 2", "zone": "z1"})
            self.assertEqual(one.call("PUT", f"apps/{one.app}/{one.id}")[0], 404)
            self.assertEqual(one.renew(), 204, "so it registers")
            self.assertEqual(rdata(server, "order-service.corp", "A"), ["10.0.0.1"])
            target = rdata(server, "_order-service._tcp.corp", "SRV")[0].split()
            self.assertEqual(target[2], "8080")
            self.assertEqual(rdata(server, target[3], "A"), ["10.0.0.1"])
            self.assertEqual(one.renew(), 200)
            one.pull()
            told = one.apps["ORDER_SERVICE"][one.id]
            self.assertEqual((told.host, told.ip, told.port, told.port_enabled), ("h1.example", "10.0.0.1", 8080, True))
            self.assertEqual((told.secure_port, told.secure_enabled), (9443, False))
            self.assertEqual(told.metadata, {"a__b": "1 < 2", "zone": "z1"})
            self.assertEqual((told.duration, told.dirty, told.country), (90, one.dirty, 1))
            self.assertEqual(told.data_center, ("com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "MyOwn"))
            self.assertEqual(one.cancel(), 200)
            self.assertEqual(rdata(server, "order-service.corp", "A"), [])
            self.assertEqual(one.cancel(), 404)

    def test_a_newer_client_is_asked_to_register_again(self):
        with dnsd.Server() as server:
            one = Client(base(server), "worker", "h1", "10.0.0.1", 8080)
            self.assertEqual(one.register(), 204)
            one.dirty += 1
            one.body["ipAddr"] = "10.0.0.2"
            self.assertEqual(one.renew(), 204)
            self.assertEqual(rdata(server, "worker.corp", "A"), ["10.0.0.2"])
            self.assertEqual(one.renew(), 200)

    def test_deltas_lead_to_what_is_there(self):
        with dnsd.Server() as server:
            watcher = Client(base(server), "watcher", "h0", "10.0.0.100", 80)
            others = [Client(base(server), f"app{n % 3}", f"h{n}", f"10.0.0.{n + 1}", 80) for n in range(6)]
            for each in others[:4]:
                self.assertEqual(each.register(), 204)
            watcher.pull()
            self.assertEqual(watcher.own_hash_code(), "UP_4_")
            self.assertEqual(watcher.update(), "same")
            others[4].register()
            others[0].set_status("OUT_OF_SERVICE")
            others[1].cancel()
            self.assertEqual(watcher.update(), "delta")
            self.assertEqual(watcher.hash_code, "OUT_OF_SERVICE_1_UP_3_")
            self.assertEqual(watcher.apps["APP0"][others[0].id].status, "OUT_OF_SERVICE")
            self.assertNotIn(others[1].id, watcher.apps["APP1"])
            for each in others:
                each.renew()
            self.assertEqual(watcher.update(), "delta", "two of them registered by that")
            self.assertEqual(watcher.update(), "same", "and heartbeats are no changes")
            others[2].cancel()
            watcher.apps["GHOST"]["g"] = watcher.apps["APP0"][others[0].id]  # it missed something, longer ago
            self.assertEqual(watcher.update(), "full", "the hash code says so")
            fresh = Client(base(server), "watcher", "h0", "10.0.0.100", 80)
            fresh.pull()
            self.assertEqual({a: sorted(m) for a, m in watcher.apps.items() if m},
                             {a: sorted(m) for a, m in fresh.apps.items() if m})

    def test_out_of_service_outlives_registrations_and_the_server(self):
        with tempfile.TemporaryDirectory() as folder:
            with dnsd.Server(folder=folder) as server:
                one = Client(base(server), "worker", "h1", "10.0.0.1", 8080)
                one.register()
                self.assertEqual(one.set_status("OUT_OF_SERVICE"), 200)
                self.assertEqual(rdata(server, "worker.corp", "A"), [], "before the answer, in DNS")
                one.dirty += 1
                self.assertEqual(one.register(), 204)
                self.assertEqual(rdata(server, "worker.corp", "A"), [])
            with dnsd.Server(folder=folder) as server:
                one.url = base(server)
                self.assertEqual(one.renew(), 200)
                one.pull()
                self.assertEqual(one.apps["WORKER"][one.id].status, "OUT_OF_SERVICE")
                self.assertEqual(rdata(server, "worker.corp", "A"), [])
                self.assertEqual(one.delete_status(), 200)
                self.assertEqual(rdata(server, "worker.corp", "A"), ["10.0.0.1"])

    def test_what_the_file_and_the_native_api_declare_is_there_too(self):
        config = '''[[namespace]]
name = "corp"
[[service]]
name = "db.corp"
instances = [{ id = "db1", address = "10.0.0.9", port = 5432 }]
'''
        with dnsd.Server(config) as server:
            server.api().register("web.corp", "n1", {"address": "10.0.0.3", "port": 80})
            one = Client(base(server), "worker", "h1", "10.0.0.1", 8080)
            one.pull()
            self.assertEqual(one.apps["DB"]["db1"].ip, "10.0.0.9")
            self.assertEqual(one.apps["WEB"]["n1"].host, "10.0.0.3")
            self.assertEqual(one.call("PUT", "apps/DB/db1/status?value=OUT_OF_SERVICE")[0], 200)
            self.assertEqual(rdata(server, "db.corp", "A"), [], "a drain, of what the file declares as well")
            self.assertEqual(one.call("DELETE", "apps/DB/db1")[0], 409)


@unittest.skipUnless(PROMTOOL, "promtool is not here")
class Prometheus(unittest.TestCase):
    CLIENT = "promtool, eureka_sd"

    @staticmethod
    def version() -> str:
        said = subprocess.run([PROMTOOL, "--version"], capture_output=True, text=True, timeout=20,
                              env=programs.environment(PROMTOOL))
        return said.stdout.split()[2]

    def targets(self, server) -> list[dict]:
        with tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "prometheus.yml"
            config.write_text("scrape_configs:\n- job_name: eureka\n  eureka_sd_configs:\n"
                              f"  - server: {base(server)}\n    refresh_interval: 1s\n")
            run = subprocess.run([PROMTOOL, "check", "service-discovery", "--timeout=2s", str(config), "eureka"],
                                 capture_output=True, text=True, timeout=60, env=programs.environment(PROMTOOL))
        self.assertEqual(run.returncode, 0, run.stderr)
        return [each["discoveredLabels"] for each in json.loads(run.stdout or "null") or []]

    def test_it_finds_what_is_registered(self):
        with dnsd.Server() as server:
            one = Client(base(server), "worker", "10.0.0.1", "10.0.0.1", 8080, metadata={"a_b": "x y"})
            self.assertEqual(one.register(), 204)
            server.api().register("web.corp", "n1", {"address": "10.0.0.3", "port": 81})
            found = {each["__meta_eureka_app_name"]: each for each in self.targets(server)}
            self.assertEqual(found["WORKER"]["__address__"], "10.0.0.1:8080")
            self.assertEqual(found["WORKER"]["__meta_eureka_app_instance_status"], "UP")
            self.assertEqual(found["WORKER"]["__meta_eureka_app_instance_id"], one.id)
            self.assertEqual(found["WORKER"]["__meta_eureka_app_instance_vip_address"], "worker")
            self.assertEqual(found["WORKER"]["__meta_eureka_app_instance_datacenterinfo_name"], "MyOwn")
            self.assertEqual(found["WORKER"]["__meta_eureka_app_instance_metadata_a__b"], "x y")
            self.assertEqual(found["WEB"]["__address__"], "10.0.0.3:81")
            self.assertEqual(one.cancel(), 200)
            self.assertEqual([each["__address__"] for each in self.targets(server)], ["10.0.0.3:81"])


if __name__ == "__main__":
    unittest.main()
