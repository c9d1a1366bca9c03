"""AWS Cloud Map's own clients, unmodified: boto3 and awscli register, report and discover; DNS answers the same.

Both are Debian's, unpacked by ./dev or installed; without them their tests are skipped. Only the endpoint is ours: an
empty user before the host ("http://@127.0.0.1:8500") keeps their "data-" prefix out of the address.
"""

import json
import os
import pathlib
import socket
import subprocess
import tempfile
import unittest
import unittest.mock

import found
import programs
import server as dnsd
import wire

AWS = programs.find("aws")
KEY, SECRET = "AKID", "SECRET"
CONFIG = '[[namespace]]\nname = "own"\n'


def signing(folder: str) -> str:
    """The configuration of a server that verifies signatures."""
    secret = pathlib.Path(folder) / "secret"
    secret.write_text(SECRET + "\n")
    return CONFIG + f'[cloudmap]\naccess_key_id = "{KEY}"\nsecret_key_file = "{secret}"\n'


def url(server) -> str:
    return f"http://@127.0.0.1:{server.http[1]}"


def rdata(server, name: str, rtype: str) -> list[str]:
    return sorted(r.data for r in wire.ask(server.dns, name, rtype).answer if r.type == rtype)


def flow(test, server, call):
    """The life of a service. `call(operation, **members)` asks as the client under test does, and gives the answer."""

    def done(answer: dict) -> dict:
        operation = call("get_operation", OperationId=answer["OperationId"])["Operation"]
        test.assertEqual(operation["Status"], "SUCCESS")
        return operation["Targets"]

    ns = done(call("create_private_dns_namespace", Name="corp", Vpc="vpc-1"))["NAMESPACE"]
    test.assertEqual(call("get_namespace", Id=ns)["Namespace"]["Name"], "corp")
    dns = {"RoutingPolicy": "MULTIVALUE", "DnsRecords": [{"Type": "SRV", "TTL": 10}, {"Type": "A", "TTL": 10}]}
    service = call("create_service", Name="worker", NamespaceId=ns, DnsConfig=dns,
                   HealthCheckCustomConfig={"FailureThreshold": 1})["Service"]
    test.assertEqual(service["DnsConfig"]["DnsRecords"], dns["DnsRecords"])
    for number in (1, 2):
        attributes = {"AWS_INSTANCE_IPV4": f"10.0.0.{number}", "AWS_INSTANCE_PORT": "8080", "version": str(number)}
        done(call("register_instance", ServiceId=service["Id"], InstanceId=f"i{number}", Attributes=attributes))
    test.assertEqual(rdata(server, "worker.corp", "A"), ["10.0.0.1", "10.0.0.2"])
    test.assertEqual(rdata(server, "_worker._tcp.corp", "SRV"),
                     ["1 1 8080 i1.worker.corp.", "1 1 8080 i2.worker.corp."])
    test.assertEqual(rdata(server, "i2.worker.corp", "A"), ["10.0.0.2"])

    def discovered(**more) -> list[str]:
        answer = call("discover_instances", NamespaceName="corp", ServiceName="worker", **more)
        return sorted(instance["InstanceId"] for instance in answer["Instances"])

    test.assertEqual(discovered(), ["i1", "i2"])
    test.assertEqual(discovered(QueryParameters={"version": "2"}), ["i2"])
    call("update_instance_custom_health_status", ServiceId=service["Id"], InstanceId="i1", Status="UNHEALTHY")
    test.assertEqual(discovered(HealthStatus="HEALTHY"), ["i2"])
    test.assertEqual(discovered(HealthStatus="ALL"), ["i1", "i2"])
    test.assertEqual(rdata(server, "worker.corp", "A"), ["10.0.0.2"], "before the answer, in DNS")
    test.assertEqual(call("get_instances_health_status", ServiceId=service["Id"])["Status"],
                     {"i1": "UNHEALTHY", "i2": "HEALTHY"})
    test.assertEqual(call("get_instance", ServiceId=service["Id"], InstanceId="i2")["Instance"]["Attributes"],
                     {"AWS_INSTANCE_IPV4": "10.0.0.2", "AWS_INSTANCE_PORT": "8080", "version": "2"})
    call("update_instance_custom_health_status", ServiceId=service["Id"], InstanceId="i2", Status="UNHEALTHY")
    test.assertEqual(discovered(), [])
    test.assertEqual(rdata(server, "worker.corp", "A"), ["10.0.0.1", "10.0.0.2"], "nobody is healthy: all are answered")
    names = [each["Name"] for each in call("list_services")["Services"]]
    test.assertIn("worker", names)
    for number in (1, 2):
        done(call("deregister_instance", ServiceId=service["Id"], InstanceId=f"i{number}"))
    call("delete_service", Id=service["Id"])
    done(call("delete_namespace", Id=ns))
    test.assertEqual([each["Name"] for each in call("list_namespaces")["Namespaces"]], ["own"])


class Boto3(unittest.TestCase):
    CLIENT = "boto3 servicediscovery"

    @staticmethod
    def version() -> str:
        return found.python_module("boto3").__version__

    @classmethod
    def setUpClass(cls):
        found.python_module("boto3")

    @staticmethod
    def client(server, **config):
        import boto3
        from botocore.config import Config
        return boto3.client("servicediscovery", endpoint_url=config.pop("endpoint", url(server)),
                            region_name="us-east-1", aws_access_key_id=KEY,
                            aws_secret_access_key=config.pop("secret", SECRET),
                            config=Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=20, **config))

    @staticmethod
    def caller(client):
        return lambda operation, **members: getattr(client, operation)(**members)

    def test_a_service_lives(self):
        with dnsd.Server(CONFIG) as server:
            flow(self, server, self.caller(self.client(server)))

    def test_a_service_lives_with_verified_signatures(self):
        with tempfile.TemporaryDirectory() as folder, dnsd.Server(signing(folder)) as server:
            flow(self, server, self.caller(self.client(server)))

    def test_another_secret_is_refused(self):
        from botocore.exceptions import ClientError
        with tempfile.TemporaryDirectory() as folder, dnsd.Server(signing(folder)) as server:
            with self.assertRaises(ClientError) as caught:
                self.client(server, secret="OTHER").list_namespaces()
            self.assertEqual(caught.exception.response["Error"]["Code"], "InvalidSignatureException")

    def test_without_the_host_prefix_any_endpoint_serves(self):
        with dnsd.Server(CONFIG) as server:
            client = self.client(server, endpoint=f"http://127.0.0.1:{server.http[1]}", inject_host_prefix=False)
            server.api().register("db.own", "d1", {"address": "10.0.0.9", "port": 5432})
            instances = client.discover_instances(NamespaceName="own", ServiceName="db")["Instances"]
            self.assertEqual(instances[0]["Attributes"]["AWS_INSTANCE_IPV4"], "10.0.0.9")

    def test_the_endpoint_and_its_twin_are_in_dns(self):
        with dnsd.Server(CONFIG + '[cloudmap]\nendpoint = "aws.own"\n') as server:
            self.assertEqual(rdata(server, "aws.own", "A"), ["127.0.0.1"])
            self.assertEqual(rdata(server, "data-aws.own", "A"), ["127.0.0.1"])

    def test_one_endpoint_serves_all_through_our_dns(self):
        with dnsd.Server(CONFIG + '[cloudmap]\nendpoint = "aws.own"\n') as server:
            asked, getaddrinfo = set(), socket.getaddrinfo

            def resolve(host, *more, **named):
                asked.add(host)
                return getaddrinfo(rdata(server, host, "A")[0], *more, **named)

            with unittest.mock.patch("socket.getaddrinfo", resolve):
                client = self.client(server, endpoint=f"http://aws.own:{server.http[1]}")
                self.assertEqual(client.list_services()["Services"][0]["Name"], "aws")
                instances = client.discover_instances(NamespaceName="own", ServiceName="aws")["Instances"]
            self.assertEqual(instances[0]["Attributes"]["AWS_INSTANCE_IPV4"], "127.0.0.1")
            self.assertEqual(asked, {"aws.own", "data-aws.own"})

    def test_exceptions_are_those_of_the_model(self):
        with dnsd.Server(CONFIG) as server:
            client = self.client(server)
            with self.assertRaises(client.exceptions.ServiceNotFound):
                client.get_service(Id="srv-aaaaaaaaaaaaaaaa")
            ns = client.list_namespaces()["Namespaces"][0]["Id"]
            service = client.create_service(Name="worker", NamespaceId=ns)["Service"]["Id"]
            with self.assertRaises(client.exceptions.ServiceAlreadyExists) as caught:
                client.create_service(Name="worker", NamespaceId=ns)
            self.assertEqual(caught.exception.response["ServiceId"], service)
            client.register_instance(ServiceId=service, InstanceId="i1",
                                     Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1"})
            with self.assertRaises(client.exceptions.ResourceInUse):
                client.delete_service(Id=service)
            with self.assertRaises(client.exceptions.CustomHealthNotFound):
                client.update_instance_custom_health_status(ServiceId=service, InstanceId="i1", Status="HEALTHY")
            with self.assertRaises(client.exceptions.InvalidInput):
                client.register_instance(ServiceId=service, InstanceId="a b", Attributes={})
            client.tag_resource(ResourceARN=client.get_service(Id=service)["Service"]["Arn"],
                                Tags=[{"Key": "team", "Value": "a"}])

    def test_lists_are_paged(self):
        with dnsd.Server(CONFIG) as server:
            client = self.client(server)
            ns = client.list_namespaces()["Namespaces"][0]["Id"]
            for number in range(5):
                client.create_service(Name=f"s{number}", NamespaceId=ns)
            pages = list(client.get_paginator("list_services").paginate(PaginationConfig={"PageSize": 2}))
            self.assertEqual([len(page["Services"]) for page in pages], [2, 2, 1])

    def test_what_was_made_outlives_a_restart(self):
        with tempfile.TemporaryDirectory() as folder:
            with dnsd.Server(CONFIG, folder=folder) as server:
                client = self.client(server)
                ns = client.list_namespaces()["Namespaces"][0]["Id"]
                made = client.create_service(Name="worker", NamespaceId=ns, Description="d", CreatorRequestId="t",
                                             HealthCheckCustomConfig={"FailureThreshold": 1})["Service"]
                client.register_instance(ServiceId=made["Id"], InstanceId="i1",
                                         Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1", "k": "v"})
                client.update_instance_custom_health_status(ServiceId=made["Id"], InstanceId="i1", Status="UNHEALTHY")
            with dnsd.Server(CONFIG, folder=folder) as server:
                client = self.client(server)
                made["InstanceCount"] = 1
                self.assertEqual(client.get_service(Id=made["Id"])["Service"], made)
                self.assertEqual(client.get_instances_health_status(ServiceId=made["Id"])["Status"],
                                 {"i1": "UNHEALTHY"})


@unittest.skipUnless(AWS, "awscli is not here")
class Cli(unittest.TestCase):
    CLIENT = "aws servicediscovery"

    @staticmethod
    def environment() -> dict[str, str]:
        return programs.environment(AWS) | {"AWS_CONFIG_FILE": os.devnull, "PYTHONPATH": str(found.UNPACKED)}

    @classmethod
    def version(cls) -> str:
        run = subprocess.run(["/usr/bin/python3", AWS, "--version"], env=cls.environment(), capture_output=True,
                             text=True, timeout=60)
        return run.stdout.split()[0].removeprefix("aws-cli/")

    def caller(self, server):
        environment = self.environment() | {
            "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true"}

        def call(operation: str, **members) -> dict:
            command = ["/usr/bin/python3", AWS, "servicediscovery", operation.replace("_", "-"), "--endpoint-url",
                       url(server), "--output", "json", "--no-cli-pager", "--cli-input-json", json.dumps(members)]
            run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
            self.assertEqual(run.returncode, 0, f"{operation}: {run.stderr}")
            return json.loads(run.stdout) if run.stdout.strip() else {}

        return call

    def test_from_the_namespace_to_discovered_instances_with_verified_signatures(self):
        """Not all that boto3 does: the program needs a second and a half of processor time to start."""
        with tempfile.TemporaryDirectory() as folder, dnsd.Server(signing(folder)) as server:
            call = self.caller(server)
            made = call("get_operation", **call("create_private_dns_namespace", Name="corp", Vpc="vpc-1"))["Operation"]
            self.assertEqual(made["Status"], "SUCCESS")
            ns = made["Targets"]["NAMESPACE"]
            service = call("create_service", Name="worker", NamespaceId=ns,
                           DnsConfig={"DnsRecords": [{"Type": "SRV", "TTL": 10}, {"Type": "A", "TTL": 10}]},
                           HealthCheckCustomConfig={"FailureThreshold": 1})["Service"]["Id"]
            call("register_instance", ServiceId=service, InstanceId="i1",
                 Attributes={"AWS_INSTANCE_IPV4": "10.0.0.1", "AWS_INSTANCE_PORT": "8080"})
            self.assertEqual(rdata(server, "_worker._tcp.corp", "SRV"), ["1 1 8080 i1.worker.corp."])
            found_now = call("discover_instances", NamespaceName="corp", ServiceName="worker")["Instances"]
            self.assertEqual([instance["InstanceId"] for instance in found_now], ["i1"])
            self.assertEqual(found_now[0]["Attributes"]["AWS_INSTANCE_IPV4"], "10.0.0.1")
            call("deregister_instance", ServiceId=service, InstanceId="i1")
            self.assertEqual(rdata(server, "worker.corp", "A"), [])


if __name__ == "__main__":
    unittest.main()
