"""A client of Eureka that speaks as py_eureka_client does: JSON bodies, XML answers (it sends no Accept), deltas by its
rules. That package is in neither Debian nor npm."""

import collections
import json
import urllib.error
import urllib.request
import xml.etree.ElementTree


class Instance:
    def __init__(self, element):
        text = {child.tag: child.text or "" for child in element}
        self.id, self.app, self.host, self.ip = text["instanceId"], text["app"], text["hostName"], text["ipAddr"]
        self.status, self.action, self.vip = text["status"], text["actionType"], text.get("vipAddress", "")
        port, secure = element.find("port"), element.find("securePort")
        self.port, self.port_enabled = int(port.text), port.attrib["enabled"] == "true"
        self.secure_port, self.secure_enabled = int(secure.text), secure.attrib["enabled"] == "true"
        self.data_center = (element.find("dataCenterInfo").attrib["class"], element.find("dataCenterInfo/name").text)
        self.country = int(text["countryId"])
        lease = {child.tag: int(child.text) for child in element.find("leaseInfo")}
        self.duration, self.renewed = lease["durationInSecs"], lease["lastRenewalTimestamp"]
        self.dirty, self.updated = int(text["lastDirtyTimestamp"]), int(text["lastUpdatedTimestamp"])
        self.metadata = {child.tag: child.text or "" for child in element.find("metadata")}


class Client:
    def __init__(self, url: str, app: str, host: str, ip: str, port: int, **more):
        self.url, self.app = url.rstrip("/"), app.upper()
        self.id = f"{host}:{app.lower()}:{port}"
        self.dirty = 1_700_000_000_000
        self.body = {
            "instanceId": self.id, "hostName": host, "app": self.app, "ipAddr": ip, "status": "UP",
            "overriddenstatus": "UNKNOWN", "port": {"$": port, "@enabled": "true"},
            "securePort": {"$": 9443, "@enabled": "false"}, "countryId": 1,
            "dataCenterInfo": {"@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
            "leaseInfo": {"renewalIntervalInSecs": 30, "durationInSecs": 90, "registrationTimestamp": 0,
                          "lastRenewalTimestamp": 0, "evictionTimestamp": 0, "serviceUpTimestamp": 0},
            "metadata": {}, "homePageUrl": f"http://{host}:{port}/", "statusPageUrl": f"http://{host}:{port}/info",
            "healthCheckUrl": "", "secureHealthCheckUrl": "", "vipAddress": app.lower(),
            "secureVipAddress": app.lower(), "lastUpdatedTimestamp": "1700000000000",
            "isCoordinatingDiscoveryServer": "false"} | more
        self.apps: dict[str, dict[str, Instance]] = {}
        self.version = self.hash_code = None

    def call(self, method: str, path: str, body=None) -> tuple[int, str]:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/{path}", data, method=method)
        if data:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def register(self) -> int:
        body = {"instance": self.body | {"lastDirtyTimestamp": str(self.dirty)}}
        return self.call("POST", f"apps/{self.app}", body)[0]

    def renew(self) -> int:
        """Any trouble with a heartbeat is a reason to register again."""
        query = f"status={self.body['status']}&lastDirtyTimestamp={self.dirty}"
        status = self.call("PUT", f"apps/{self.app}/{self.id}?{query}")[0]
        return status if status == 200 else self.register()

    def set_status(self, value: str) -> int:
        return self.call("PUT", f"apps/{self.app}/{self.id}/status?value={value}&lastDirtyTimestamp={self.dirty}")[0]

    def delete_status(self) -> int:
        return self.call("DELETE", f"apps/{self.app}/{self.id}/status?lastDirtyTimestamp={self.dirty}")[0]

    def cancel(self) -> int:
        return self.call("DELETE", f"apps/{self.app}/{self.id}")[0]

    def read(self, path: str):
        """(version, hash code, [(application, instance)])"""
        status, text = self.call("GET", path)
        if status != 200:
            raise AssertionError(f"{path}: {status} {text}")
        root = xml.etree.ElementTree.fromstring(text)
        found = [(app.find("name").text, Instance(each)) for app in root.findall("application")
                 for each in app.findall("instance")]
        return int(root.find("versions__delta").text), root.find("apps__hashcode").text or "", found

    def pull(self):
        self.version, self.hash_code, found = self.read("apps/")
        self.apps = collections.defaultdict(dict)
        for name, instance in found:
            self.apps[name][instance.id] = instance

    def own_hash_code(self) -> str:
        counts = collections.Counter(each.status for app in self.apps.values() for each in app.values())
        return "".join(f"{status}_{counts[status]}_" for status in sorted(counts))

    def update(self) -> str:
        """What the delta was good for: "same", "delta" or, when the hash codes differ after it, "full"."""
        version, hash_code, found = self.read("apps/delta")
        if (version, hash_code) == (self.version, self.hash_code):
            return "same"
        for name, instance in found:
            if instance.action == "DELETED":
                self.apps[name].pop(instance.id, None)
            else:
                self.apps[name][instance.id] = instance
        if self.own_hash_code() == hash_code:
            self.version, self.hash_code = version, hash_code
            return "delta"
        self.pull()
        return "full"
