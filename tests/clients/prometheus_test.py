"""Prometheus' own discovery, by `promtool check service-discovery`: http_sd, and dns_sd through a resolv.conf.

dns_sd asks the servers of /etc/resolv.conf at port 53 and nothing else, so it runs in a network and mount namespace of
its own (this file starts itself there). Without promtool, or where namespaces are not allowed, tests are skipped.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "lib")]
import programs  # noqa: E402
import server as dnsd  # noqa: E402

PROMTOOL = programs.find("promtool")
CONFIG = '[[namespace]]\nname = "corp"\n'
WORKERS = {
    "w1": {"address": "10.0.0.1", "port": 8080, "ports": {"metrics": 9100}, "tags": ["v2", "blue"], "zone": "az1",
           "meta": {"team": "red"}},
    "w2": {"address": "10.0.0.2", "port": 8080, "checks": [{"heartbeat": "60s"}]},
}


def register_workers(api: dnsd.Api):
    for name, body in WORKERS.items():
        api.register("worker.corp", name, body)
    api.register("six.corp", "s1", {"address": "fd00::1", "port": 80})
    critical = api.instance("PUT", "worker.corp", "w2", {"state": "critical"}, "/heartbeat")
    assert critical.status == 204, critical


def discover(discovery: dict, relabel: list = ()) -> list[dict]:
    """What promtool finds for a job with this discovery: the labels of each target, before and after relabelling."""
    job = {"job_name": "j", "relabel_configs": list(relabel), **discovery}
    with tempfile.TemporaryDirectory(prefix="dnsd-prometheus-") as folder:
        config = pathlib.Path(folder) / "prometheus.yml"
        config.write_text(json.dumps({"scrape_configs": [job]}))  # JSON is YAML too
        command = [PROMTOOL, "check", "service-discovery", "--timeout=3s", str(config), "j"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=programs.environment(PROMTOOL))
    if done.returncode != 0:
        raise AssertionError(f"promtool ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout) or []


def discover_all(*discoveries: dict) -> list[list[str]]:
    """The addresses of each, all at once: promtool listens until its time is over."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return [addresses(found) for found in pool.map(discover, discoveries)]


def addresses(found: list[dict]) -> list[str]:
    return sorted(each["discoveredLabels"]["__address__"] for each in found)


class Promtool(unittest.TestCase):
    CLIENT = "Prometheus"

    @classmethod
    def version(cls) -> str:
        told = subprocess.run([PROMTOOL, "--version"], capture_output=True, text=True, timeout=20)
        return told.stdout.split()[2]

    @classmethod
    def setUpClass(cls):
        if not PROMTOOL:
            raise unittest.SkipTest("promtool is not there")


class HttpSd(Promtool):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = dnsd.Server(CONFIG).start()
        cls.addClassCleanup(cls.server.__exit__, None)
        register_workers(cls.server.api())

    def http_sd(self, query: str = "", **more) -> dict:
        url = f"http://127.0.0.1:{self.server.http[1]}/api/v1/prometheus/sd{query}"
        return {"http_sd_configs": [{"url": url, **more}]}

    def test_http_sd_finds_every_instance(self):
        found = discover(self.http_sd())
        self.assertEqual(addresses(found), ["10.0.0.1:9100", "10.0.0.2:8080", "[fd00::1]:80"])
        labels = {each["discoveredLabels"]["__meta_dnsd_instance"]: each["discoveredLabels"] for each in found}
        for name, value in {"service": "worker.corp", "namespace": "corp", "name": "w1.worker.corp", "zone": "az1",
                            "state": "passing", "available": "true", "tags": ",blue,v2,", "port_name": "metrics",
                            "meta_team": "red"}.items():
            self.assertEqual(labels["w1"][f"__meta_dnsd_{name}"], value)
        self.assertEqual(labels["w2"]["__meta_dnsd_available"], "false", "it is scraped nevertheless")
        self.assertEqual(labels["w2"]["__meta_dnsd_state"], "critical")

    def test_http_sd_with_relabelling(self):
        found = discover(self.http_sd("?namespace=corp"), [
            {"source_labels": ["__meta_dnsd_tags"], "regex": ".*,v2,.*", "action": "keep"},
            {"source_labels": ["__meta_dnsd_service"], "target_label": "job"},
            {"regex": "__meta_dnsd_meta_(.+)", "action": "labelmap"},
        ])
        kept = [each["labels"] for each in found if each["labels"]]
        self.assertEqual(kept, [{"__address__": "10.0.0.1:9100", "__metrics_path__": "/metrics", "__scheme__": "http",
                                 "__scrape_interval__": "1m", "__scrape_timeout__": "10s",
                                 "instance": "10.0.0.1:9100", "job": "worker.corp", "team": "red"}])

    def test_http_sd_of_one_service_and_port(self):
        found = discover_all(*(self.http_sd(f"?service=worker.corp&port={port}") for port in ("", "metrics")))
        self.assertEqual(found, [["10.0.0.1:8080", "10.0.0.2:8080"], ["10.0.0.1:9100"]])

    def test_http_sd_of_a_service_that_is_gone_is_empty(self):
        api = self.server.api()
        api.register("short.corp", "s1", {"address": "10.0.0.9", "port": 1})
        self.assertEqual(addresses(discover(self.http_sd("?service=short.corp"))), ["10.0.0.9:1"])
        self.assertEqual(api.call("DELETE", "/api/v1/services/short.corp?force=true").status, 204)
        self.assertEqual(discover(self.http_sd("?service=short.corp")), [])


class HttpSdWithAToken(Promtool):
    def test_http_sd_with_a_token(self):
        with tempfile.TemporaryDirectory(prefix="dnsd-prometheus-") as folder:
            token = pathlib.Path(folder) / "token"
            token.write_text("secret\n")
            with dnsd.Server(CONFIG, args=["--token-file", str(token)]) as server:
                bearer = {"Authorization": "Bearer secret"}
                made = server.api().call("PUT", "/api/v1/services/worker.corp/instances/w1", WORKERS["w1"], bearer)
                self.assertEqual(made.status, 201, made)
                sd = {"url": f"http://127.0.0.1:{server.http[1]}/api/v1/prometheus/sd"}
                bearing = {**sd, "authorization": {"type": "Bearer", "credentials_file": str(token)}}
                found = discover_all({"http_sd_configs": [sd]}, {"http_sd_configs": [bearing]})
                self.assertEqual(found, [[], ["10.0.0.1:9100"]])


class DnsSd(Promtool):
    FLAGS = "-nm" if os.getuid() == 0 else "-Urnm"  # root needs no user namespace

    def test_dns_sd_of_srv_and_a(self):
        if subprocess.run(["unshare", self.FLAGS, "true"], capture_output=True).returncode != 0:
            self.skipTest("network namespaces are not allowed here")
        ran = subprocess.run(["unshare", self.FLAGS, sys.executable, __file__, "inside"], capture_output=True,
                             text=True, timeout=120)
        self.assertEqual(ran.returncode, 0, ran.stdout + ran.stderr)
        found = json.loads(ran.stdout)
        # Prometheus takes the final dot off SRV targets and looks them up itself.
        self.assertEqual(found["srv"], ["w1.worker.corp:8080"], "what is down is not in DNS")
        self.assertEqual(found["a"], ["10.0.0.1:9100"])
        self.assertEqual(found["aaaa"], ["[fd00::1]:80"])
        self.assertEqual(found["gone"], [])


def inside(folder: str) -> dict:
    """In namespaces of its own: dnsd at port 53 of a resolv.conf that names it."""
    resolv = pathlib.Path(folder) / "resolv.conf"
    resolv.write_text("nameserver 127.0.0.1\n")
    for command in (["mount", "--bind", str(resolv), os.path.realpath("/etc/resolv.conf")],
                    ["ip", "link", "set", "lo", "up"]):
        subprocess.run(command, check=True, stdout=sys.stderr)

    def dns_sd(name: str, **more) -> dict:
        return {"dns_sd_configs": [{"names": [name], **more}]}

    with dnsd.Server(CONFIG, dns_listen="127.0.0.1:53") as server:
        register_workers(server.api())
        asked = {"srv": dns_sd("_worker._tcp.corp"), "a": dns_sd("worker.corp", type="A", port=9100),
                 "aaaa": dns_sd("six.corp", type="AAAA", port=80), "gone": dns_sd("_gone._tcp.corp")}
        return dict(zip(asked, discover_all(*asked.values())))


if __name__ == "__main__" and sys.argv[1:] == ["inside"]:
    with tempfile.TemporaryDirectory(prefix="dnsd-prometheus-") as work:
        print(json.dumps(inside(work)))
