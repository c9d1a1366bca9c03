"""Envoy's side of its REST discovery, as its source has it (http_subscription_impl.cc, rest_api_fetcher.cc): what it
asks, how it waits, what it refuses. The checks of messages are those of the protobuf files and of Envoy's clusters."""

import http.client
import ipaddress
import json
import random
import re
import threading
import time

CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
PATHS = {CLUSTER: "/v3/discovery:clusters", ASSIGNMENT: "/v3/discovery:endpoints"}
# Every Envoy lists what it was built with, some hundreds of these.
NODE = {"id": "e1", "cluster": "edge", "user_agent_name": "envoy", "metadata": {"role": "edge"},
        "extensions": [{"name": f"envoy.filters.http.{i}", "category": "envoy.filters.http",
                        "type_urls": ["envoy.extensions.filters.http.router.v3.Router"]} for i in range(700)]}
HEALTH = {"UNKNOWN", "HEALTHY", "UNHEALTHY", "DRAINING", "TIMEOUT", "DEGRADED"}


class Refused(Exception):
    """What Envoy throws at a message that it does not take."""


def need(condition, why: str):
    if not condition:
        raise Refused(why)


def fields(message: dict, required: dict, optional: dict = {}) -> dict:
    """A message with these fields, of these types, and no others."""
    need(isinstance(message, dict), f"{message!r} is no message")
    known = {**required, **optional}
    for name, value in message.items():
        need(name in known, f"no such field: {name}")
        need(type(value) is known[name], f"{name}: {value!r}")
    need(required.keys() <= message.keys(), f"of {set(required)} only {set(message)}")
    return message


def seconds(text: str) -> float:
    """A google.protobuf.Duration as JSON."""
    need(re.fullmatch(r"\d+(\.\d{1,9})?s", text), f"no duration: {text}")
    return float(text[:-1])


def read_cluster(message: dict) -> dict:
    fields(message, {"@type": str, "name": str, "type": str, "connect_timeout": str, "eds_cluster_config": dict},
           {"common_lb_config": dict})
    need(message["@type"] == CLUSTER and message["type"] == "EDS" and message["name"], "not an EDS cluster")
    need(seconds(message["connect_timeout"]) > 0, "connect_timeout must be greater than 0")
    eds = fields(message["eds_cluster_config"], {"eds_config": dict}, {"service_name": str})
    config = fields(eds["eds_config"], {"resource_api_version": str, "api_config_source": dict})
    source = fields(config["api_config_source"], {"api_type": str, "transport_api_version": str, "cluster_names": list},
                    {"refresh_delay": str, "request_timeout": str})
    need(config["resource_api_version"] == source["transport_api_version"] == "V3", "only v3 is spoken")
    need(source["api_type"] == "REST" and len(source["cluster_names"]) == 1, "REST has one cluster")
    need("refresh_delay" in source, "refresh_delay is required for REST API configuration sources")
    panic = message.get("common_lb_config", {}).get("healthy_panic_threshold", {"value": 50})
    need(0 <= panic["value"] <= 100, "a percentage")
    return {"service": eds.get("service_name") or message["name"], "source": source, "panic": panic["value"]}


def read_endpoint(message: dict) -> tuple:
    fields(message, {"endpoint": dict}, {"health_status": str, "load_balancing_weight": int, "metadata": dict})
    address = fields(fields(message["endpoint"], {"address": dict})["address"], {"socket_address": dict})
    socket = fields(address["socket_address"], {"address": str, "port_value": int}, {"protocol": str})
    need(socket.get("protocol", "TCP") in ("TCP", "UDP"), "protocol")
    need(0 < socket["port_value"] <= 65535, "port_value")
    try:
        ipaddress.ip_address(socket["address"])  # malformed IP address: consider setting resolver_name
    except ValueError as error:
        raise Refused(str(error)) from None
    need(message.get("health_status", "UNKNOWN") in HEALTH, "health_status")
    need(message.get("load_balancing_weight", 1) >= 1, "load_balancing_weight must be at least 1")
    return socket["address"], socket["port_value"], message.get("health_status"), message["load_balancing_weight"]


def read_assignment(message: dict, service: str) -> list[tuple]:
    """(priority, zone, address, port, health, weight) of each endpoint."""
    fields(message, {"@type": str, "cluster_name": str}, {"endpoints": list, "policy": dict})
    need(message["@type"] == ASSIGNMENT, "unexpected type")
    need(message["cluster_name"] == service, f"unexpected EDS cluster (expecting {service}): {message['cluster_name']}")
    out, places = [], []
    for locality in message.get("endpoints", []):
        fields(locality, {"lb_endpoints": list}, {"locality": dict, "priority": int, "load_balancing_weight": int})
        zone = fields(locality.get("locality", {}), {}, {"region": str, "zone": str, "sub_zone": str}).get("zone", "")
        places.append((locality.get("priority", 0), zone))
        out += [(*places[-1], *read_endpoint(each)) for each in locality["lb_endpoints"]]
    need(len(set(places)) == len(places), "duplicate locality")
    priorities = {priority for priority, _ in places}
    need(priorities == set(range(len(priorities))), "priorities not sequential")
    return sorted(out)


class Subscription(threading.Thread):
    """Asks, takes or refuses, waits, and asks again; what it knows is in `resources`. Envoy sends no nonce over REST:
    what it refused it is given again. `strict` is a client that says so, as those of gRPC do."""

    def __init__(self, server: tuple[str, int], type_url: str, names=(), refresh_delay: float = 0.05,
                 request_timeout: float = 1.0, host: str = "dnsd", refuse=lambda answer: False, strict: bool = False):
        super().__init__(daemon=True)
        self.server, self.type_url, self.names, self.host = server, type_url, list(names), host
        self.refresh_delay, self.request_timeout = refresh_delay, request_timeout
        self.refuse, self.strict = refuse, strict
        self.resources, self.version, self.nack = None, "", {}
        self.statuses, self.errors, self.changed_at = [], [], 0.0
        self.over = threading.Event()

    def request(self) -> dict:
        return {"version_info": self.version, "node": NODE, "resource_names": self.names, "type_url": self.type_url,
                **self.nack}

    def take(self, body: bytes):
        answer = fields(json.loads(body), {"version_info": str, "resources": list, "type_url": str}, {"nonce": str})
        need(answer["type_url"] == self.type_url, "another type")
        try:
            need(not self.refuse(answer), "the test refuses it")
            if self.type_url == ASSIGNMENT:
                need(len(answer["resources"]) == 1, "unexpected EDS resource length")
                resources = read_assignment(answer["resources"][0], self.names[0])
            else:
                resources = {each["name"]: read_cluster(each) for each in answer["resources"]}
                need(len(resources) == len(answer["resources"]), "duplicate cluster")
        except Refused as error:
            if self.strict:
                self.nack = {"response_nonce": answer["nonce"], "error_detail": {"code": 3, "message": str(error)}}
            raise
        self.resources, self.version, self.nack = resources, answer["version_info"], {}
        self.changed_at = time.monotonic()

    def poll(self):
        # Envoy's timer ends the request; a socket's timeout is the same for an answer that comes in one piece.
        connection = http.client.HTTPConnection(*self.server, timeout=self.request_timeout)
        try:
            connection.request("POST", PATHS[self.type_url], json.dumps(self.request()), {
                "host": self.host, "content-type": "application/json", "x-envoy-internal": "true",
                "x-envoy-expected-rq-timeout-ms": str(int(self.request_timeout * 1000))})
            reply = connection.getresponse()
            body = reply.read()
            self.statuses.append(reply.status)
            if reply.status == 200:
                self.take(body)
            elif reply.status != 304:
                self.errors.append(f"{reply.status} {body[:300]!r}")
        except (OSError, http.client.HTTPException, Refused, json.JSONDecodeError) as error:
            self.errors.append(f"{type(error).__name__}: {error}")
        finally:
            connection.close()

    def run(self):
        while not self.over.is_set():
            self.poll()
            self.over.wait(self.refresh_delay * (1 + random.random()))

    def answers(self) -> int:
        return self.statuses.count(200)

    def end(self):
        self.over.set()
        self.join(self.request_timeout + 10)


class Envoy:
    """An Envoy whose bootstrap has dynamic_resources.cds_config: clusters by CDS, and for each one its EDS."""

    def __init__(self, server: tuple[str, int]):
        self.server, self.clusters = server, {}
        self.cds = Subscription(server, CLUSTER, request_timeout=2)
        self.cds.start()

    def endpoints(self) -> dict[str, list | None]:
        """What each cluster has; None = it has not been told yet. Follows the list of clusters."""
        wanted = dict(self.cds.resources or {})
        for name in set(self.clusters) - set(wanted):
            self.clusters.pop(name).end()
        for name, cluster in wanted.items():
            if name not in self.clusters:
                source = cluster["source"]
                self.clusters[name] = Subscription(
                    self.server, ASSIGNMENT, [cluster["service"]], seconds(source["refresh_delay"]),
                    seconds(source["request_timeout"]), source["cluster_names"][0])
                self.clusters[name].start()
        return {name: each.resources for name, each in self.clusters.items()}

    def errors(self) -> list[str]:
        return [error for each in (self.cds, *self.clusters.values()) for error in each.errors]

    def end(self):
        for each in (self.cds, *self.clusters.values()):
            each.over.set()
        for each in (self.cds, *self.clusters.values()):
            each.end()
