"""The workload: services of four instances, 70 % A, 20 % SRV, 5 % NXDOMAIN, 5 % AAAA without data.

One generator for both servers: a zone for NSD, batch operations for dnsd, and the queries, the same from the same seed.
"""

import pathlib
import random

ORIGIN, TTL, INSTANCES = "corp", 5, 4
MIX = (("A", 70), ("SRV", 20), ("NXDOMAIN", 5), ("NODATA", 5))


def address(service: int, instance: int) -> str:
    n = service * 8 + instance + 1
    return f"10.{n >> 16 & 255}.{n >> 8 & 255}.{n & 255}"


def port(service: int, instance: int) -> int:
    return 1024 + (service * 7 + instance * 13) % 60000


def write_zone(path: pathlib.Path, services: int):
    lines = [f"{ORIGIN}. 1 SOA ns.{ORIGIN}. hostmaster.{ORIGIN}. 1 60 10 86400 60", f"{ORIGIN}. {TTL} NS ns.{ORIGIN}.",
             f"ns.{ORIGIN}. {TTL} A 127.0.0.1"]
    for s in range(services):
        name = f"svc{s}.{ORIGIN}."
        for i in range(INSTANCES):
            lines.append(f"{name} {TTL} A {address(s, i)}")
            lines.append(f"i{i}.{name} {TTL} A {address(s, i)}")
            lines.append(f"_http._tcp.{name} {TTL} SRV 1 10 {port(s, i)} i{i}.{name}")
    path.write_text("\n".join(lines) + "\n")


def operations(services: int):
    for s in range(services):
        for i in range(INSTANCES):
            yield {"method": "PUT", "path": f"/api/v1/services/svc{s}.{ORIGIN}/instances/i{i}",
                   "body": {"address": address(s, i), "port": port(s, i), "ports": {"http": port(s, i)}}}


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
