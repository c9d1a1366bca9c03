"""The workload: services of four instances, 70 % A, 20 % SRV, 5 % NXDOMAIN, 5 % AAAA without data.

One generator for all servers: a zone for those that read one, batch operations for dnsd, and the queries, the same from
the same seed.
"""

import pathlib
import random
import struct

ORIGIN, TTL, INSTANCES = "corp", 5, 4
MIX = (("A", 70), ("SRV", 20), ("NXDOMAIN", 5), ("NODATA", 5))


def address(service: int, instance: int) -> str:
    n = service * 8 + instance + 1
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def port(service: int, instance: int) -> int:
    return 1024 + (service * 7 + instance * 13) % 60000


def write_zone(path: pathlib.Path, services: int):
    with open(path, "w") as out:
        out.writelines(zone_lines(services))


def zone_lines(services: int):
    yield f"{ORIGIN}. 1 SOA ns.{ORIGIN}. hostmaster.{ORIGIN}. 1 60 10 86400 60\n"
    yield f"{ORIGIN}. {TTL} NS ns.{ORIGIN}.\nns.{ORIGIN}. {TTL} A 127.0.0.1\n"
    for s in range(services):
        name = f"svc{s}.{ORIGIN}."
        for i in range(INSTANCES):
            yield (f"{name} {TTL} A {address(s, i)}\ni{i}.{name} {TTL} A {address(s, i)}\n"
                   f"_http._tcp.{name} {TTL} SRV 1 10 {port(s, i)} i{i}.{name}\n")


def instance_body(service: int, instance: int, weight: int = 10) -> str:
    number = port(service, instance)
    return (f'{{"address":"{address(service, instance)}","port":{number},"ports":{{"http":{number}}},'
            f'"weight":{weight}}}')


def instance_path(service: int, instance: int) -> str:
    return f"/api/v1/services/svc{service}.{ORIGIN}/instances/i{instance}"


def operation(service: int, instance: int, weight: int = 10) -> str:
    return (f'{{"method":"PUT","path":"{instance_path(service, instance)}",'
            f'"body":{instance_body(service, instance, weight)}}}')


def batches(services: int, instances: int, size: int):
    """Bodies of batch calls, written by hand: the client shall not be what a million of them waits for."""
    pending = []
    for s in range(services):
        for i in range(instances):
            pending.append(operation(s, i))
            if len(pending) == size:
                yield ('{"operations":[' + ",".join(pending) + "]}").encode()
                pending = []
    if pending:
        yield ('{"operations":[' + ",".join(pending) + "]}").encode()


def write_queries(path: pathlib.Path, services: int, count: int, seed: int):
    pick = random.Random(seed)
    kinds = [kind for kind, share in MIX for _ in range(count * share // 100)]
    pick.shuffle(kinds)
    with open(path, "w") as out:
        for kind in kinds:
            service = pick.randrange(services)
            out.write({"A": f"svc{service}.{ORIGIN} A", "SRV": f"_http._tcp.svc{service}.{ORIGIN} SRV",
                       "NXDOMAIN": f"nx{pick.randrange(10**9)}.{ORIGIN} A",
                       "NODATA": f"svc{service}.{ORIGIN} AAAA"}[kind] + "\n")


def write_requests(path: pathlib.Path, requests):
    """Whole HTTP requests, each after its length, as http_load reads them."""
    with open(path, "wb") as out:
        for request in requests:
            out.write(struct.pack("<I", len(request)) + request)


def request(method: str, path: str, body: str | bytes = b"") -> bytes:
    body = body.encode() if isinstance(body, str) else body
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
