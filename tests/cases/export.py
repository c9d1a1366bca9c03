"""What the cases of a file register, as a static zone: the same questions can then be asked of any name server.

Only what a zone file can say: instances that are available at once (no checks, no leases), at the default TTL, with
priorities and weights as registered. SRV stands at the service's name, at _service._proto and at _port._proto.
"""

import json

import steps

TTL = 5


def ports_of(body: dict):
    """(port name or None for the default, protocol, number)"""
    def protocols(value):
        return value if isinstance(value, list) else [value]
    if "port" in body:
        yield from ((None, p, body["port"]) for p in protocols(body.get("protocol", "tcp")))
    for name, port in body.get("ports", {}).items():
        port = port if isinstance(port, dict) else {"port": port}
        yield from ((name, p, port["port"]) for p in protocols(port.get("protocol", "tcp")))


def quote(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def instance_records(service: str, label: str, body: dict):
    own = f"{label}.{service}"
    addresses = body.get("addresses", [body["address"]] if "address" in body else [])
    for address in addresses:
        rtype = "AAAA" if ":" in address else "A"
        yield from (f"{owner}. {TTL} {rtype} {address}" for owner in (service, own))
    target = f"{own}." if addresses else f"{body.get('host', own)}."
    first, _, apex = service.partition(".")
    rank = f"{body.get('priority', 1)} {body.get('weight', 10)}"
    for name, protocol, number in ports_of(body):
        if name:
            yield f"_{name}._{protocol}.{service}. {TTL} SRV {rank} {number} {target}"
        else:
            yield f"{service}. {TTL} SRV {rank} {number} {target}"
            yield f"_{first}._{protocol}.{apex}. {TTL} SRV {rank} {number} {target}"
    for key, value in body.get("meta", {}).items():
        text = f"{key}={value}"
        yield f"{own}. {TTL} TXT " + " ".join(quote(text[i:i + 255]) for i in range(0, len(text), 255))


def zone(file: dict) -> str:
    apex = file.get("zone", "corp.")
    records = {f"{apex} 1 SOA ns.{apex} hostmaster.{apex} 1 60 10 86400 60", f"{apex} {TTL} NS ns.{apex}",
               f"ns.{apex} {TTL} A 127.0.0.1"}
    for case in file["case"]:
        for line in steps.calls_of(case.get("given", "")):
            method, path, body, status = steps.parse_call(line)
            parts = path.partition("?")[0].split("/")
            if method != "PUT" or status or len(parts) != 7 or parts[5] != "instances" or "{" not in (body or ""):
                continue
            try:
                decoded = json.loads(body)
            except ValueError:
                continue  # holds a placeholder for a probe target
            if not decoded.keys() & {"checks", "lease"} and f"{parts[4]}.".endswith(f".{apex}"):
                records |= set(instance_records(parts[4], parts[6], decoded))
    soa = [r for r in records if " SOA " in r]
    return "\n".join(soa + sorted(records - set(soa))) + "\n"
