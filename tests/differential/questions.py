"""Random questions about given zones: names that exist, names nearly so, every type, every flag."""

import random
from dataclasses import dataclass

import message

COMMON = [message.TYPES[t] for t in ("A", "AAAA", "NS", "SOA", "CNAME", "DNAME", "MX", "TXT", "SRV", "PTR", "DS", "HTTPS",
                                     "CAA", "TYPE65280")]
SIGNED = [message.TYPES[t] for t in ("DNSKEY", "NSEC", "NSEC3", "RRSIG", "NSEC3PARAM", "DS")]
RARE = [0, 41, 99, 100, 128, 200, 249, 250, 253, 254, 256, 1000, 65279, 65535, message.TYPES["ANY"],
        message.TYPES["HINFO"], message.TYPES["TLSA"], message.TYPES["SVCB"]]
RD, CD, AD, Z = 0x0100, 0x0010, 0x0020, 0x0040


@dataclass
class Question:
    name: bytes  # as asked, case kept
    qtype: int
    qclass: int
    flags: int
    edns: int | None
    do: bool
    version: int
    z: int
    tcp: bool

    def packet(self, ident: int) -> bytes:
        return message.question(ident, self.flags, self.name, self.qtype, self.qclass, self.edns, self.do, self.version,
                                self.z)

    opcode = property(lambda self: self.flags >> 11 & 15)

    def show(self) -> str:
        extra = [f"class {self.qclass}"] if self.qclass != 1 else []
        extra += [f"flags {self.flags:04x}"] if self.flags else []
        extra += [f"edns {self.edns}{' do' if self.do else ''}"] if self.edns is not None else []
        extra += [f"version {self.version}"] if self.version else []
        extra += [f"z {self.z:04x}"] if self.z else []
        return f"{message.to_text(self.name)} {message.type_name(self.qtype)} {' '.join(extra + ['tcp'] * self.tcp)}"


def read(apex: str, text: str) -> tuple[set[bytes], set[bytes], set[bytes]]:
    """Every name that stands in a file as an owner, the same with their ancestors, and the owners of its NSEC3 chain."""
    owners, names, hashed, top = set(), set(), set(), message.to_wire(apex)
    for line in text.splitlines():
        if not line or line[0] in "$ ":
            continue
        owner, *rest = line.split()
        wire = message.to_wire(apex if owner == "@" else owner if owner.endswith(".") and not owner.endswith("\\.") else
                               f"{owner}.{apex if apex != '.' else ''}")
        if "NSEC3" in rest[:3] or rest[2:4] == ["RRSIG", "NSEC3"]:
            hashed.add(wire)
            continue
        owners.add(wire)
        while wire != top and wire not in names:
            names.add(wire)
            wire = wire[wire[0] + 1:]
    return owners, names | {top}, hashed


class Asker:
    def __init__(self, zones: dict[str, str], rng: random.Random):
        self.rng, self.by_apex, self.hashed, self.empty_asterisks = rng, {}, set(), set()
        for apex, text in zones.items():
            owners, names, hashed = read(apex, text)
            self.by_apex[message.to_wire(apex)] = names
            self.hashed |= hashed
            self.empty_asterisks |= {name for name in names - owners if name.startswith(b"\1*")}
        self.apexes = set(self.by_apex)
        chains = sorted(self.hashed)[::20]  # some of those that are no names at all
        self.owners = [sorted(names) for names in self.by_apex.values()] + ([chains] if chains else [])
        self.weights = [4] * len(self.by_apex) + ([1] if chains else [])
        self.labels = sorted({label for names in self.owners for name in names for label in message.labels_of(name)})

    def label(self) -> bytes:
        rng = self.rng
        if rng.random() < 0.5:
            return rng.choice(self.labels)
        return bytes(rng.choice(b"abwxz*_0") for _ in range(rng.choice((1, 1, 2, 5, 63))))

    def near(self, name: bytes) -> bytes:
        """A step or two away from a name that exists."""
        rng, labels = self.rng, message.labels_of(name)
        for _ in range(rng.choice((1, 1, 1, 2))):
            step = rng.randrange(6)
            if step <= 2:
                labels = [self.label() for _ in range(rng.choice((1, 1, 1, 2, 3, 40)))] + labels
            elif step == 3 and labels:
                labels[0] = self.label()
            elif step == 4 and len(labels) > 1:
                labels = labels[1:]
            elif labels:
                at = rng.randrange(len(labels))
                labels[at] = bytes([labels[at][0] ^ rng.choice((1, 2, 128))]) + labels[at][1:] if labels[at] else b"q"
                labels[at] = labels[at].replace(b"A", b"a") or b"q"
        while len(message.from_labels(labels)) > 255:
            labels = labels[1:]
        return message.from_labels(labels)

    def name(self) -> bytes:
        rng = self.rng
        if rng.random() < 0.02:
            return rng.choice((b"\0", b"\4test\0", b"\7outside\7invalid\0", b"\7example\0"))
        name = rng.choice(rng.choices(self.owners, self.weights)[0])
        if rng.random() < 0.5:
            name = self.near(name)
        if rng.random() < 0.1:  # 0x20
            name = bytes(c ^ 32 if (65 <= c <= 90 or 97 <= c <= 122) and rng.random() < 0.5 else c for c in name)
        return name

    def next(self) -> Question:
        rng = self.rng
        kind = rng.random()
        qtype = rng.choice(COMMON if kind < 0.75 else SIGNED if kind < 0.93 else RARE)
        qclass = 1 if rng.random() < 0.99 else rng.choice((0, 2, 3, 4, 254, 255, 1000))
        flags = 0
        for bit, share in ((RD, 0.3), (CD, 0.1), (AD, 0.1), (Z, 0.02)):
            flags |= bit if rng.random() < share else 0
        if rng.random() < 0.005:
            flags |= rng.choice((1, 2, 3, 6, 7, 9, 15)) << 11
        edns = None if rng.random() < 0.25 else rng.choice((0, 512, 1232, 1232, 1232, 4096, 65535))
        do = edns is not None and rng.random() < 0.7
        return Question(self.name(), qtype, qclass, flags, edns, do, 1 if edns is not None and rng.random() < 0.005 else 0,
                        0x0100 if edns is not None and rng.random() < 0.01 else 0, rng.random() < 0.02)
