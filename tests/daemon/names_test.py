"""Random registries against a simple map: what exists, what does not, and which set each name answers
(CASES rows 45, 68, 118 and 119, for registries nobody thought of)."""

import random
import unittest

import server as dnsd
import wire

SEED, ROUNDS, SERVICES = 118, 6, 12
APEXES = ["corp", "eu.corp", "sd"]
CONFIG = "".join(f'[[namespace]]\nname = "{apex}"\nmax_answers = 0\n' for apex in APEXES)


class Model:
    """service -> instance -> body: the whole truth, and the names that follow from it."""

    def __init__(self):
        self.services = {}

    def names(self) -> set[str]:
        out = set(APEXES)
        for service, instances in self.services.items():
            first, _, apex = service.partition(".")
            out.add(service)
            for label, body in instances.items():
                out.add(f"{label}.{service}")
                for protocol in protocols(body) if "port" in body else []:
                    out |= {f"_{first}._{protocol}.{apex}", f"{label}._{first}._{protocol}.{apex}"}
                for name, port in body.get("ports", {}).items():
                    out |= {f"_{name}._{protocol}.{service}" for protocol in protocols(port)}
        return out

    def addresses(self, service: str, v6: bool) -> set[str]:
        best = min((b["priority"] for b in self.services[service].values()), default=None)
        return {a for b in self.services[service].values() if b["priority"] == best for a in b["addresses"]
                if (":" in a) == v6}

    def ports(self, service: str) -> set[tuple]:
        return {(b["priority"], b["weight"], b["port"], f"{label}.{service}.")
                for label, b in self.services[service].items() if "port" in b}


def protocols(port: dict) -> list[str]:
    value = port.get("protocol", "tcp")
    return value if isinstance(value, list) else [value]


def random_body(pick: random.Random) -> dict:
    n = pick.randrange(1, 1 << 16)
    both = [f"10.0.{n >> 8}.{n & 255}", f"fd00::{n:x}"]
    body = {"addresses": pick.choice([both, both[:1], both[1:]]), "priority": pick.choice([1, 1, 2]),
            "weight": pick.choice([0, 1, 10])}
    protocol = pick.choice(["tcp", "udp", ["tcp", "udp"]])
    if pick.random() < 0.7:
        body |= {"port": pick.randrange(1, 65536), "protocol": protocol}
    if pick.random() < 0.5:
        body["ports"] = {name: {"port": pick.randrange(1, 65536), "protocol": pick.choice(["tcp", "udp"])}
                         for name in pick.sample(["http", "metrics", "grpc", "a-b"], pick.randint(1, 3))}
    return body


class Names(unittest.TestCase):
    def test_random_registries_answer_as_a_map_would(self):
        pick, model = random.Random(SEED), Model()
        with dnsd.Server(CONFIG) as server:
            api = server.api()
            for round_number in range(ROUNDS):
                self.change(api, model, pick)
                with self.subTest(round=round_number, seed=SEED):
                    self.ancestors_exist(server, model)
                    self.strangers_do_not(server, model, pick)
                    self.sets_agree(server, model)

    def change(self, api, model: Model, pick: random.Random):
        for _ in range(SERVICES):
            service = f"s{pick.randrange(20)}.{pick.choice(APEXES)}"
            instances = model.services.setdefault(service, {})
            for label in pick.sample([f"i{n}" for n in range(8)], pick.randint(1, 5)):
                if label in instances and pick.random() < 0.5:
                    self.assertEqual(api.instance("DELETE", service, label).status, 204)
                    del instances[label]
                else:
                    instances[label] = random_body(pick)
                    api.register(service, label, instances[label])

    def ancestors_exist(self, server, model: Model):
        names = model.names()
        ancestors = {".".join(name.split(".")[cut:]) for name in names for cut in range(name.count(".") + 1)}
        for name in sorted(a for a in ancestors if a in names or any(a.endswith(f".{apex}") for apex in APEXES)):
            for rtype in ("A", "NS"):
                reply = wire.ask(server.dns, name, rtype, edns=1232)
                self.assertEqual(reply.rcode, "NOERROR", reply.dump())

    def strangers_do_not(self, server, model: Model, pick: random.Random):
        names = sorted(model.names())
        for _ in range(100):
            parent = pick.choice(names)
            stranger = f"{pick.choice(['zz', 'i99', 'x', '-', '_http2'])}.{parent}"
            reply = wire.ask(server.dns, stranger, pick.choice(["A", "AAAA", "SRV", "TXT", "NS"]))
            if reply.rcode == "NXDOMAIN":  # then everything below is as well (RFC 8020)
                below = wire.ask(server.dns, f"{pick.choice(['a', '_tcp', 'i1'])}.{stranger}", "A")
                self.assertEqual(below.rcode, "NXDOMAIN", below.dump())
            self.assertEqual(reply.rcode, "NXDOMAIN", reply.dump())

    def sets_agree(self, server, model: Model):
        for service in model.services:
            for rtype in ("A", "AAAA"):
                reply = wire.ask(server.dns, service, rtype, tcp=True)
                self.assertEqual(set(reply.addresses()), model.addresses(service, rtype == "AAAA"), reply.dump())
            reply = wire.ask(server.dns, service, "SRV", tcp=True)
            got = {(r.rdata.priority, r.rdata.weight, r.rdata.port, r.rdata.target.to_text()) for r in reply.answer}
            self.assertEqual(got, model.ports(service), reply.dump())
            glue = {(r.owner, r.data) for r in reply.additional}
            wanted = {(f"{label}.{service}.", a) for label, b in model.services[service].items() if "port" in b
                      for a in b["addresses"]}
            self.assertEqual(glue, wanted, reply.dump())
