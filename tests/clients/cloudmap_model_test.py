"""AWS's own model of Cloud Map, as botocore has it, judges what we send.

Every operation of it is asked once, every error that it documents is provoked, and every member of every answer must be
one that the model knows, of its type and range.
"""

import json
import re
import unittest

import found
import server as dnsd

CONFIG = '[[namespace]]\nname = "own"\n[limits]\nservices = 4\ninstances_per_service = 2\n'
# What newer models have: an older botocore passes over it.
NOT_THERE = {"GetServiceAttributes", "UpdateServiceAttributes", "DeleteServiceAttributes"}
NEWER_OPERATIONS = {"DiscoverInstancesRevision"}
NEWER_MEMBERS = {"InstancesRevision", "ServiceArn"}
# Nothing is ever in progress when the next request arrives, namespaces have no limit, and nothing is throttled here.
NEVER = {
    ("DeleteNamespace", "DuplicateRequest"), ("DeregisterInstance", "DuplicateRequest"),
    ("DeregisterInstance", "ResourceInUse"), ("RegisterInstance", "ResourceInUse"),
    ("UpdateHttpNamespace", "ResourceInUse"), ("UpdatePrivateDnsNamespace", "ResourceInUse"),
    ("UpdatePublicDnsNamespace", "ResourceInUse"), ("UpdateService", "DuplicateRequest"),
    ("CreateHttpNamespace", "ResourceLimitExceeded"), ("CreatePrivateDnsNamespace", "ResourceLimitExceeded"),
    ("CreatePublicDnsNamespace", "ResourceLimitExceeded"), ("DiscoverInstances", "RequestLimitExceeded"),
    ("DiscoverInstancesRevision", "RequestLimitExceeded"),
}
NONE = {"ns": "ns-" + "a" * 16, "service": "srv-" + "a" * 16}
MANY_TAGS = [{"Key": f"k{i}", "Value": "v"} for i in range(51)]
ADDRESS = {"AWS_INSTANCE_IPV4": "10.0.0.1"}


def faults(shape, value, path: str = "") -> list[str]:
    """What the model would not expect of a value."""
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{path} is no object: {value!r}"]
        out = [f"{path}.{name} is required" for name in shape.required_members if name not in value]
        for name, member in value.items():
            if name in shape.members:
                out += faults(shape.members[name], member, f"{path}.{name}")
            elif name not in NEWER_MEMBERS:
                out.append(f"{path}.{name} is unknown to the model")
        return out
    if kind == "list":
        return [fault for i, item in enumerate(value) for fault in faults(shape.member, item, f"{path}[{i}]")]
    if kind == "map":
        return [fault for key, item in value.items()
                for fault in faults(shape.key, key, f"{path} key") + faults(shape.value, item, f"{path}[{key}]")]
    if kind == "string":
        good = (isinstance(value, str) and (not shape.enum or value in shape.enum) and
                limits.get("min", 0) <= len(value) <= limits.get("max", len(value)) and
                re.search(limits.get("pattern", ""), value))
    elif kind in ("integer", "long"):
        good = type(value) is int and limits.get("min", value) <= value <= limits.get("max", value)
    elif kind == "timestamp":
        good = type(value) in (int, float) and value > 1_700_000_000  # seconds, not milliseconds as text
    else:
        good = False
    return [] if good else [f"{path} is no {shape.name}: {value!r}"]


class Recorder:
    """A client of boto3 that judges each answer's own bytes."""

    def __init__(self, server):
        boto3 = found.python_module("boto3")
        from botocore.config import Config
        self.client = boto3.client("servicediscovery", endpoint_url=f"http://@127.0.0.1:{server.http[1]}",
                                   region_name="us-east-1", aws_access_key_id="AKID", aws_secret_access_key="SECRET",
                                   config=Config(retries={"max_attempts": 1}, parameter_validation=False))
        self.model = self.client.meta.service_model
        self.faults, self.asked, self.last = [], set(), None
        self.client.meta.events.register("after-call.servicediscovery", self.judge)

    def judge(self, http_response, model, **_):
        self.asked.add(model.name)
        body = json.loads(http_response.content or "{}")
        where = f"{model.name} {http_response.status_code}"
        headers = {name.lower(): value for name, value in http_response.headers.items()}
        if headers.get("content-type") != "application/x-amz-json-1.1":
            self.faults.append(f"{where}: Content-Type {headers.get('content-type')}")
        if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", headers.get("x-amzn-requestid", "")):
            self.faults.append(f"{where}: no x-amzn-RequestId")
        shape = model.output_shape
        if http_response.status_code != 200:
            shape = self.model.shape_for_error_code(body.pop("__type"))
            if not shape:
                self.faults.append(f"{where}: {http_response.content!r}")
                return
        if shape:
            self.faults += [f"{where}: {fault}" for fault in faults(shape, body)]
        elif body:
            self.faults.append(f"{where}: {body}")

    def call(self, operation: str, **members) -> dict:
        from botocore import xform_name
        return getattr(self.client, xform_name(operation))(**members)

    def done(self, operation: str, **members) -> dict:
        """The targets of what the operation did."""
        answer = self.call("GetOperation", OperationId=self.call(operation, **members)["OperationId"])["Operation"]
        assert answer["Status"] == "SUCCESS", answer
        return answer["Targets"]


class Model(unittest.TestCase):
    CLIENT = "boto3 servicediscovery"

    @staticmethod
    def version() -> str:
        return found.python_module("boto3").__version__

    def operations(self, aws) -> set[str]:
        return set(aws.model.operation_names) - NOT_THERE

    def test_every_operation_is_answered_as_the_model_says(self):
        with dnsd.Server(CONFIG) as server:
            aws = Recorder(server)
            call, done = aws.call, aws.done
            soa = {"DnsProperties": {"SOA": {"TTL": 15}}}
            tags = [{"Key": "team", "Value": ""}]
            http = done("CreateHttpNamespace", Name="jobs", Description="d", Tags=tags)["NAMESPACE"]
            public = done("CreatePublicDnsNamespace", Name="example.com", Properties=soa)["NAMESPACE"]
            private = done("CreatePrivateDnsNamespace", Name="corp", Vpc="vpc-1", Description="d", Properties=soa)
            ns = private["NAMESPACE"]
            done("UpdateHttpNamespace", Id=http, Namespace={"Description": "e"})
            done("UpdatePublicDnsNamespace", Id=public, Namespace={"Description": "e", "Properties": soa})
            done("UpdatePrivateDnsNamespace", Id=ns, Namespace={"Properties": soa})
            call("GetNamespace", Id=http)
            arn = call("GetNamespace", Id=ns)["Namespace"]["Arn"]
            self.assertEqual(len(call("ListNamespaces", MaxResults=2)["Namespaces"]), 2)
            for one in ("TYPE", "DNS_PUBLIC"), ("NAME", "example.com"), ("HTTP_NAME", "example.com"):
                answer = call("ListNamespaces", Filters=[{"Name": one[0], "Values": [one[1]], "Condition": "EQ"}])
                self.assertEqual([each["Id"] for each in answer["Namespaces"]], [public], one)
            records = [{"Type": "SRV", "TTL": 10}, {"Type": "A", "TTL": 0}]
            service = call("CreateService", Name="_worker._tcp", NamespaceId=ns, Description="d", Tags=tags,
                           DnsConfig={"RoutingPolicy": "MULTIVALUE", "DnsRecords": records},
                           HealthCheckCustomConfig={"FailureThreshold": 1})["Service"]["Id"]
            call("CreateService", Name="cname", DnsConfig={"NamespaceId": public, "RoutingPolicy": "WEIGHTED",
                                                           "DnsRecords": [{"Type": "CNAME", "TTL": 10}]})
            call("CreateService", Name="q", NamespaceId=http, Type="HTTP",
                 HealthCheckConfig={"Type": "HTTP", "ResourcePath": "/up", "FailureThreshold": 1})
            done("UpdateService", Id=service, Service={"Description": "e", "DnsConfig": {"DnsRecords": records}})
            self.assertEqual(call("GetService", Id=service)["Service"]["DnsConfig"]["DnsRecords"], records)
            by_namespace = [{"Name": "NAMESPACE_ID", "Values": [ns], "Condition": "EQ"}]
            self.assertEqual([each["Id"] for each in call("ListServices", Filters=by_namespace)["Services"]], [service])
            self.assertIn("NextToken", call("ListServices", MaxResults=1))
            attributes = ADDRESS | {"AWS_INSTANCE_PORT": "80", "AWS_INIT_HEALTH_STATUS": "UNHEALTHY", "k": "a b"}
            targets = done("RegisterInstance", ServiceId=service, InstanceId="h:1", Attributes=attributes)
            self.assertEqual(targets, {"SERVICE": service, "INSTANCE": "h:1"})
            shown = call("GetInstance", ServiceId=service, InstanceId="h:1")["Instance"]
            self.assertEqual(shown["Attributes"], attributes)
            self.assertEqual(len(call("ListInstances", ServiceId=service, MaxResults=1)["Instances"]), 1)
            health = call("GetInstancesHealthStatus", ServiceId=service, Instances=["h:1"])
            self.assertEqual(health["Status"], {"h:1": "UNHEALTHY"})
            call("UpdateInstanceCustomHealthStatus", ServiceId=service, InstanceId="h:1", Status="HEALTHY")
            answer = call("DiscoverInstances", NamespaceName="corp", ServiceName="_worker._tcp", MaxResults=1,
                          QueryParameters={"k": "a b"}, OptionalParameters={"x": "y"}, HealthStatus="HEALTHY")
            self.assertEqual([each["Attributes"] for each in answer["Instances"]], [attributes])
            if "DiscoverInstancesRevision" in aws.model.operation_names:
                call("DiscoverInstancesRevision", NamespaceName="corp", ServiceName="_worker._tcp")
            call("TagResource", ResourceARN=arn, Tags=tags)
            self.assertEqual(call("ListTagsForResource", ResourceARN=arn)["Tags"], tags)
            call("UntagResource", ResourceARN=arn, TagKeys=["team"])
            registered = call("ListOperations", MaxResults=1, Filters=[
                {"Name": "SERVICE_ID", "Values": [service]}, {"Name": "NAMESPACE_ID", "Values": [ns]},
                {"Name": "TYPE", "Values": ["REGISTER_INSTANCE"], "Condition": "IN"},
                {"Name": "STATUS", "Values": ["SUCCESS", "FAIL"], "Condition": "IN"},
                {"Name": "UPDATE_DATE", "Values": ["0", "9999999999"], "Condition": "BETWEEN"}])
            self.assertEqual(len(registered["Operations"]), 1)
            done("DeregisterInstance", ServiceId=service, InstanceId="h:1")
            call("DeleteService", Id=service)
            done("DeleteNamespace", Id=ns)
            self.assertEqual(aws.asked, self.operations(aws))
            self.assertEqual(aws.faults, [])

    def test_every_error_of_the_model_is_told(self):
        with dnsd.Server(CONFIG) as server:
            aws = Recorder(server)
            call, done = aws.call, aws.done
            http = done("CreateHttpNamespace", Name="jobs", CreatorRequestId="t")["NAMESPACE"]
            public = done("CreatePublicDnsNamespace", Name="example.com")["NAMESPACE"]
            ns = done("CreatePrivateDnsNamespace", Name="corp", Vpc="vpc-1")["NAMESPACE"]
            for kind, id in ("Http", http), ("PublicDns", public), ("PrivateDns", ns):
                done(f"Update{kind}Namespace", Id=id, UpdaterRequestId=kind, Namespace={"Description": "x"})
            service = call("CreateService", Name="worker", NamespaceId=ns)["Service"]["Id"]
            for number in 1, 2:
                done("RegisterInstance", ServiceId=service, InstanceId=f"i{number}", CreatorRequestId=f"t{number}",
                     Attributes=ADDRESS)
            for name in "a", "b", "c":
                call("CreateService", Name=name, NamespaceId=ns)
            arn = f"arn:aws:servicediscovery:us-east-1:000000000000:service/{service}"
            gone, worker = {"Id": NONE["ns"]}, {"ServiceId": service}
            none_of, no_service = {"ServiceId": NONE["service"]}, {"ServiceId": NONE["service"], "InstanceId": "i1"}
            no_instance = worker | {"InstanceId": "none"}
            i1 = worker | {"InstanceId": "i1", "Attributes": ADDRESS}
            report = {"Status": "HEALTHY"}
            change = {"Service": {"Description": "x"}}
            nowhere = {"ResourceARN": "arn:aws:servicediscovery:us-east-1:0:service/" + NONE["service"]}
            provoked = [(f"Create{kind}Namespace", error, members) for kind in ("Http", "PrivateDns", "PublicDns")
                        for error, members in {
                            "InvalidInput": {"Name": "a b"}, "NamespaceAlreadyExists": {"Name": "corp"},
                            "DuplicateRequest": {"Name": "other.example", "CreatorRequestId": "t"},
                            "TooManyTagsException": {"Name": "other.example", "Tags": MANY_TAGS}}.items()]
            for kind, id in ("Http", http), ("PublicDns", public), ("PrivateDns", ns):
                name, text = f"Update{kind}Namespace", {"Namespace": {"Description": "y"}}
                provoked += [(name, "InvalidInput", {"Id": id}), (name, "NamespaceNotFound", gone | text),
                             (name, "DuplicateRequest", {"Id": id, "UpdaterRequestId": kind} | text)]
            provoked += [
                ("CreateService", "InvalidInput", {"Name": "x"}),
                ("CreateService", "ResourceLimitExceeded", {"Name": "x", "NamespaceId": ns}),
                ("CreateService", "NamespaceNotFound", {"Name": "x", "NamespaceId": NONE["ns"]}),
                ("CreateService", "ServiceAlreadyExists", {"Name": "worker", "NamespaceId": ns}),
                ("CreateService", "TooManyTagsException", {"Name": "x", "NamespaceId": ns, "Tags": MANY_TAGS}),
                ("UpdateService", "InvalidInput", {"Id": service}),
                ("UpdateService", "ServiceNotFound", {"Id": NONE["service"]} | change),
                ("DeleteNamespace", "InvalidInput", {}), ("DeleteNamespace", "NamespaceNotFound", gone),
                ("DeleteNamespace", "ResourceInUse", {"Id": ns}),
                ("DeleteService", "InvalidInput", {}), ("DeleteService", "ServiceNotFound", {"Id": NONE["service"]}),
                ("DeleteService", "ResourceInUse", {"Id": service}),
                ("GetNamespace", "InvalidInput", {}), ("GetNamespace", "NamespaceNotFound", gone),
                ("GetService", "InvalidInput", {}), ("GetService", "ServiceNotFound", {"Id": NONE["service"]}),
                ("GetOperation", "InvalidInput", {}), ("GetOperation", "OperationNotFound", {"OperationId": "x"}),
                ("RegisterInstance", "DuplicateRequest", i1 | {"Attributes": {}, "CreatorRequestId": "t1"}),
                ("RegisterInstance", "InvalidInput", i1 | {"InstanceId": "a b"}),
                ("RegisterInstance", "ResourceLimitExceeded", i1 | {"InstanceId": "i3"}),
                ("RegisterInstance", "ServiceNotFound", i1 | no_service),
                ("DeregisterInstance", "InvalidInput", {}), ("DeregisterInstance", "InstanceNotFound", no_instance),
                ("DeregisterInstance", "ServiceNotFound", no_service),
                ("GetInstance", "InvalidInput", {}), ("GetInstance", "InstanceNotFound", no_instance),
                ("GetInstance", "ServiceNotFound", no_service),
                ("ListInstances", "InvalidInput", {}), ("ListInstances", "ServiceNotFound", none_of),
                ("GetInstancesHealthStatus", "InvalidInput", {}),
                ("GetInstancesHealthStatus", "InstanceNotFound", worker | {"Instances": ["none"]}),
                ("GetInstancesHealthStatus", "ServiceNotFound", none_of),
                ("UpdateInstanceCustomHealthStatus", "InvalidInput", no_instance | {"Status": "UNKNOWN"}),
                ("UpdateInstanceCustomHealthStatus", "InstanceNotFound", no_instance | report),
                ("UpdateInstanceCustomHealthStatus", "ServiceNotFound", no_service | report),
                ("UpdateInstanceCustomHealthStatus", "CustomHealthNotFound", worker | {"InstanceId": "i1"} | report),
                ("ListNamespaces", "InvalidInput", {"MaxResults": 101}),
                ("ListServices", "InvalidInput", {"NextToken": "x"}),
                ("ListOperations", "InvalidInput", {"Filters": [{"Name": "NAME", "Values": ["x"]}]}),
                ("ListTagsForResource", "InvalidInput", {}),
                ("ListTagsForResource", "ResourceNotFoundException", nowhere),
                ("TagResource", "InvalidInput", {"ResourceARN": arn}),
                ("TagResource", "ResourceNotFoundException", nowhere | {"Tags": []}),
                ("TagResource", "TooManyTagsException", {"ResourceARN": arn, "Tags": MANY_TAGS}),
                ("UntagResource", "InvalidInput", {"ResourceARN": arn}),
                ("UntagResource", "ResourceNotFoundException", nowhere | {"TagKeys": []}),
            ]
            for operation in {"DiscoverInstances"} | NEWER_OPERATIONS & self.operations(aws):
                question = {"NamespaceName": "corp", "ServiceName": "worker"}
                provoked += [(operation, "InvalidInput", {"NamespaceName": "corp"}),
                             (operation, "NamespaceNotFound", question | {"NamespaceName": "none"}),
                             (operation, "ServiceNotFound", question | {"ServiceName": "none"})]
            for operation, error, members in provoked:
                with self.subTest(operation=operation, error=error):
                    with self.assertRaises(aws.client.exceptions.ClientError) as caught:
                        call(operation, **members)
                    self.assertEqual(type(caught.exception).__name__, error, caught.exception)
                    self.assertEqual(caught.exception.response["ResponseMetadata"]["HTTPStatusCode"], 400)
            documented = {(name, shape.name) for name in self.operations(aws)
                          for shape in aws.model.operation_model(name).error_shapes}
            self.assertEqual(documented - NEVER - {(operation, error) for operation, error, _ in provoked}, set())
            self.assertEqual(aws.faults, [])

    def test_what_is_not_there_says_so(self):
        with dnsd.Server(CONFIG) as server:
            aws = Recorder(server)
            for operation in NOT_THERE & set(aws.model.operation_names):
                with self.assertRaises(aws.client.exceptions.ClientError) as caught:
                    aws.call(operation, ServiceId="x")
                self.assertEqual(caught.exception.response["Error"]["Code"], "UnknownOperationException")
