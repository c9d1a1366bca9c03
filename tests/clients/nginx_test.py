"""nginx with `resolver` and a variable in proxy_pass: it asks again and again, and follows what changed."""

import os
import pathlib
import pwd
import tempfile
import time
import unittest

import programs
import server as dnsd
from backends import Backends, Traffic

NGINX = programs.find("nginx")
CONFIG = '[[namespace]]\nname = "corp"\nttl = "1s"\n'
SEEN = 5.0  # seconds until a change has reached the traffic: what nginx keeps, and what a busy machine takes
FIRST, SECOND, THIRD = "127.0.61.1", "127.0.61.2", "127.0.61.3"
# Kept together with docs/clients.md, "nginx".
NGINX_CONFIG = """
daemon off;
pid nginx.pid;
user {user};
error_log stderr;
worker_processes 1;
events {{}}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  resolver {dns} {valid} ipv6=off;
  resolver_timeout 5s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      set $worker {service};
      proxy_pass http://$worker:{backend};
      proxy_connect_timeout 1s;
    }}
  }}
}}
"""


@unittest.skipUnless(NGINX, "nginx is neither unpacked nor installed")
class Nginx(unittest.TestCase):
    CLIENT = "nginx"

    @staticmethod
    def version() -> str:
        return programs.version(NGINX, "-v")

    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory(prefix="dnsd-nginx-")
        cls.addClassCleanup(cls.work.cleanup)
        cls.server = dnsd.Server(CONFIG).start()
        cls.addClassCleanup(cls.server.__exit__, None)
        cls.api = cls.server.api()

    def setUp(self):
        self.backends = Backends()
        self.addCleanup(self.backends.end)
        self.port = self.backends.start_alike(FIRST, SECOND, THIRD)  # A records name no port
        self.service = self._testMethodName.removeprefix("test_").replace("_", "-")[:40].rstrip("-") + ".corp"

    def register(self, instance: str, address: str):
        self.api.register(self.service, instance, {"address": address, "port": self.port})

    def nginx(self, valid: str) -> tuple[str, int]:
        endpoint, folder = ("127.0.0.1", dnsd.free_port()), pathlib.Path(self.work.name)
        config, log = folder / "nginx.conf", folder / "nginx.log"
        config.write_text(NGINX_CONFIG.format(user=pwd.getpwuid(os.getuid()).pw_name, port=endpoint[1], valid=valid,
                                              dns=f"{self.server.dns[0]}:{self.server.dns[1]}", backend=self.port,
                                              service=self.service))
        process = programs.start([NGINX, "-p", str(folder), "-e", "stderr", "-c", str(config)], log, self.addCleanup)

        def listens():
            self.assertIsNone(process.poll(), log.read_text(errors="replace")[-2000:])
            one = Traffic(endpoint)
            one.request()
            return one.seen[0][1].isdigit() or one.served()

        dnsd.wait_until(listens, 20, "nginx answers", pace=0.1)
        return endpoint

    def wait_for(self, traffic: Traffic, who: set[str]):
        dnsd.wait_until(lambda: set(traffic.last(40)) == who, SEEN, f"the traffic goes to {who}", pace=0.05)

    def test_it_follows_a_change_under_traffic(self):
        self.register("w1", FIRST)
        with Traffic(self.nginx("valid=1s")) as traffic:
            self.wait_for(traffic, {FIRST})
            self.register("w2", SECOND)
            self.wait_for(traffic, {FIRST, SECOND})
            drained = self.api.instance("POST", self.service, "w1", suffix="/drain?wait=30s")
            self.assertTrue(drained.json()["done"], drained)
            stopped = time.monotonic()
            self.backends.stop(FIRST)
            self.register("w3", THIRD)
            self.wait_for(traffic, {SECOND, THIRD})
            self.assertNotIn(FIRST, traffic.served(stopped))
        self.assertEqual(traffic.failed(), {})

    def test_without_valid_it_follows_the_ttl(self):
        self.register("w1", FIRST)
        with Traffic(self.nginx("")) as traffic:
            self.wait_for(traffic, {FIRST})
            self.register("w1", SECOND)
            self.wait_for(traffic, {SECOND})
        self.assertEqual(traffic.failed(), {})

    def test_a_service_that_comes_late_is_served_then(self):
        with Traffic(self.nginx("valid=1s")) as traffic:
            self.wait_for(traffic, {"502"})
            self.register("w1", FIRST)
            self.wait_for(traffic, {FIRST})


if __name__ == "__main__":
    unittest.main()
