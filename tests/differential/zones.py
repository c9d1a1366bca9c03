"""Random zones that three servers load alike: everything RFC 1034 has, in small alphabets, so that names meet.

Signatures and keys are random octets: a server that serves a signed zone as it is does not look into them. The NSEC and
NSEC3 chains are right, with real hashes."""

import base64
import hashlib
import random

import message

TTLS = (0, 1, 60, 300, 3600, 86400)
LABELS = ("a", "b", "c", "d", "w", "www", "mail", "x", "_tcp", "_sip", "deep", "n0")
DATA = ("A", "AAAA", "TXT", "MX", "SRV", "HTTPS", "CAA", "PTR", "TYPE65280")
BASE32 = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789abcdefghijklmnopqrstuv")


class Zone:
    """records: owner (wire) -> type -> (ttl, [rdata as text])"""

    def __init__(self, apex: str, rng: random.Random):
        self.apex, self.apex_wire, self.rng, self.records = apex, message.to_wire(apex), rng, {}
        self.chain_records: list[str] = []
        self.unproven: set[bytes] = set()  # names that an opt-out chain has no record of
        self.add(apex, "SOA", 600, f"{self.name('ns')} {self.name('host')} {rng.randrange(1, 2**31)} 7200 900 1209600 300")

    def name(self, *labels: str) -> str:
        tail = "" if self.apex == "." else self.apex
        return ".".join(labels) + "." + tail if labels else self.apex

    def add(self, owner: str, rtype: str, ttl: int, *rdata: str):
        types = self.records.setdefault(message.to_wire(owner), {})
        kept = types.setdefault(rtype, (ttl, []))[1]
        kept += [r for r in rdata if r not in kept]

    def types(self, owner: bytes) -> dict:
        return self.records.get(owner, {})

    def ancestors(self, owner: bytes) -> list[bytes]:
        """Strictly between the owner and the apex, the nearest first."""
        out, labels = [], message.labels_of(owner)
        while len(labels) > len(message.labels_of(self.apex_wire)) + 1:
            labels = labels[1:]
            out.append(message.from_labels(labels))
        return out

    def is_cut(self, owner: bytes) -> bool:
        return owner != self.apex_wire and "NS" in self.types(owner)

    def below_redirect(self, owner: bytes, kinds=("NS", "DNAME")) -> bool:
        above = self.ancestors(owner)
        return any(k in self.types(a) for a in above for k in kinds) or \
            (owner != self.apex_wire and "DNAME" in self.types(self.apex_wire) and "DNAME" in kinds)

    def text(self) -> str:
        lines = [f"$ORIGIN {self.apex}"]
        owners = sorted(self.records, key=lambda o: o != self.apex_wire)
        for owner in owners:
            for rtype, (ttl, rdata) in sorted(self.records[owner].items(), key=lambda t: t[0] != "SOA"):
                lines += [f"{message.to_text(owner)} {ttl} IN {rtype} {r}" for r in rdata]
        return "\n".join(lines + self.chain_records) + "\n"

    # -- a tree -----------------------------------------------------------------------------------------------------

    def random_name(self, depth: int = 3) -> str:
        labels = [self.rng.choice(LABELS) for _ in range(self.rng.randint(1, depth))]
        if self.rng.random() < 0.2:
            labels[0] = "*"
        if self.rng.random() < 0.03 and len(labels) > 1:
            labels[1] = "*"
        return self.name(*labels)

    def target(self, elsewhere: list[str]) -> str:
        choice = self.rng.random()
        if choice < 0.7:
            return self.random_name().replace("*", "a")
        return self.rng.choice(elsewhere) if elsewhere and choice < 0.9 else "www.outside.invalid."

    def rdata(self, rtype: str, elsewhere: list[str]) -> str:
        rng = self.rng
        if rtype == "A":
            return f"192.0.2.{rng.randrange(256)}"
        if rtype == "AAAA":
            return f"2001:db8::{rng.randrange(65536):x}"
        if rtype == "TXT":
            return " ".join(f'"{"t" * rng.choice((0, 1, 20, 200))}{i}"' for i in range(rng.randint(1, 2)))
        if rtype == "MX":
            return f"{rng.randrange(100)} {self.target(elsewhere)}"
        if rtype == "SRV":
            return f"{rng.randrange(3)} {rng.randrange(9)} {rng.randrange(65536)} {self.target(elsewhere)}"
        if rtype == "HTTPS":
            return f"1 {self.target(elsewhere)} alpn=h2" if rng.random() < 0.7 else "1 . port=8443"
        if rtype == "CAA":
            return '0 issue "ca.example"'
        if rtype == "PTR":
            return self.target(elsewhere)
        return f"\\# 4 {rng.randrange(2**32):08x}"

    def add_cut(self, owner: str):
        rng = self.rng
        servers = []
        for i in range(rng.randint(1, 3)):
            kind = rng.random()
            if kind < 0.6:
                servers.append((f"n{i}.{owner}", True))
            elif kind < 0.7:
                servers.append((owner, True))
            elif kind < 0.9:
                servers.append((self.target([]), False))
            else:
                servers.append(("ns.outside.invalid.", False))
        self.add(owner, "NS", 300, *(s for s, _ in servers))
        for server, below in servers:
            if below and rng.random() < 0.9:
                for rtype in rng.choice((("A",), ("AAAA",), ("A", "AAAA"))):
                    self.add(server, rtype, 600, self.rdata(rtype, []))
        if rng.random() < 0.5:
            self.add(owner, "DS", 900, f"{rng.randrange(65536)} 13 2 {rng.randbytes(32).hex()}")
        if rng.random() < 0.2:
            self.add("occluded." + owner, "TXT", 60, '"below a cut"')

    def fill(self, owners: int, elsewhere: list[str], reserved: list[str] = ()):
        """Random owners; what the rules of RFC 1034 and 6672 forbid is taken out afterwards."""
        rng = self.rng
        self.add(self.apex, "NS", 3600, self.name("ns"), self.name("deep", "n0"))
        self.add(self.name("ns"), "A", 3600, "192.0.2.53")
        for name in reserved:
            self.add_cut(name)
        keep = {message.to_wire(n) for n in reserved}
        for _ in range(owners):
            owner = self.random_name(4)
            wire = message.to_wire(owner)
            taken = self.types(wire)
            if wire in keep or {"CNAME", "NS", "DNAME"} & taken.keys() or wire == message.to_wire(self.name("ns")):
                continue
            kind = rng.random()
            if kind < 0.12 and not taken:
                self.add(owner, "CNAME", rng.choice(TTLS), self.target(elsewhere))
            elif kind < 0.20 and not taken and not owner.startswith("*"):
                self.add_cut(owner)
            elif kind < 0.26 and "*" not in owner:
                self.add(owner, "DNAME", rng.choice(TTLS), self.target(elsewhere))
            else:
                for rtype in rng.sample(DATA, rng.randint(1, 3)):
                    ttl = rng.choice(TTLS)
                    self.add(owner, rtype, ttl, *(self.rdata(rtype, elsewhere) for _ in range(rng.choice((1, 1, 1, 2, 12)))))
        self.prune()

    def prune(self):
        for owner in list(self.records):
            types = self.records[owner]
            if self.below_redirect(owner, ("DNAME",)):
                del self.records[owner]  # RFC 6672 2.4
            elif "CNAME" in types and len(types) > 1:
                del types["CNAME"]
            elif "DNAME" in types and "NS" in types and owner != self.apex_wire:
                del types["DNAME"]
        cuts = [o for o in self.records if self.is_cut(o)]
        for owner in cuts:  # a wildcard beside a cut's own data would be below the cut
            for rtype in list(self.records[owner]):
                if rtype not in ("NS", "DS", "A", "AAAA"):
                    del self.records[owner][rtype]
        for owner in list(self.records):
            above = self.ancestors(owner)
            if "NS" in self.types(owner) and owner != self.apex_wire and any(self.is_cut(a) for a in above):
                del self.records[owner]["NS"]  # a cut below a cut is nobody's
                self.records[owner].pop("DS", None)
            if not self.records[owner]:
                del self.records[owner]

    # -- signing ----------------------------------------------------------------------------------------------------

    def signature(self, owner: str, rtype: str, ttl: int) -> str:
        labels = [label for label in message.labels_of(message.to_wire(owner)) if label != b"*"]
        data = base64.b64encode(self.rng.randbytes(64)).decode()
        return f"{owner} {ttl} IN RRSIG {rtype} 13 {len(labels)} {ttl} 20380101000000 20200101000000 4242 {self.apex} {data}"

    def authoritative(self) -> dict[bytes, list[str]]:
        """Owners that the chain names, with the types that stand there for the parent's side of a cut or the zone."""
        out = {}
        for owner, types in self.records.items():
            if self.below_redirect(owner):
                continue
            out[owner] = [t for t in types if t in ("NS", "DS")] if self.is_cut(owner) else list(types)
        return out

    def sign(self, nsec3: tuple[int, str] | None = None, opt_out: bool = False):
        self.add(self.apex, "DNSKEY", 3600, "257 3 13 " + base64.b64encode(self.rng.randbytes(64)).decode())
        if nsec3:
            self.add(self.apex, "NSEC3PARAM", 0, f"1 0 {nsec3[0]} {nsec3[1] or '-'}")
        owners = self.authoritative()
        for owner, types in owners.items():
            for rtype in types:
                if not (rtype == "NS" and self.is_cut(owner)):
                    self.chain_records.append(self.signature(message.to_text(owner), rtype, self.records[owner][rtype][0]))
        if nsec3:
            self.chain_nsec3(owners, nsec3, opt_out)
        else:
            self.chain_nsec(owners)

    def bitmap(self, owner: bytes, types: list[str], more: list[str]) -> str:
        signed = [t for t in types if not (t == "NS" and self.is_cut(owner))]
        return " ".join(types + (["RRSIG"] if signed or more else []) + more)

    def chain_nsec(self, owners: dict):
        order = sorted(owners, key=lambda o: message.labels_of(o)[::-1])
        for owner, after in zip(order, order[1:] + order[:1]):
            name = message.to_text(owner)
            self.chain_records.append(f"{name} 300 IN NSEC {message.to_text(after)} {self.bitmap(owner, owners[owner], ['NSEC'])}")
            self.chain_records.append(self.signature(name, "NSEC", 300))

    def chain_nsec3(self, owners: dict, parameters: tuple[int, str], opt_out: bool):
        iterations, salt = parameters
        hashed = {}
        proven = {o for o, types in owners.items() if not (opt_out and self.is_cut(o) and "DS" not in types)}
        proven |= {a for o in proven for a in self.ancestors(o)}  # empty non-terminals have a record as well
        self.unproven = {n for o in owners for n in (o, *self.ancestors(o))} - proven
        for name in sorted(proven):
            hashed[nsec3_hash(name, iterations, salt)] = self.bitmap(name, owners.get(name, []), [])
        order = sorted(hashed)
        for digest, after in zip(order, order[1:] + order[:1]):
            owner = f"{digest}.{self.apex if self.apex != '.' else ''}"
            self.chain_records.append(f"{owner} 300 IN NSEC3 1 {int(opt_out)} {iterations} {salt or '-'} {after} {hashed[digest]}")
            self.chain_records.append(self.signature(owner, "NSEC3", 300))


def nsec3_hash(name: bytes, iterations: int, salt: str) -> str:
    digest, octets = name, bytes.fromhex(salt)
    for _ in range(iterations + 1):
        digest = hashlib.sha1(digest + octets).digest()
    return base64.b32encode(digest).translate(BASE32).decode()


CORNERS = """
@ 3600 NS ns
ns 3600 A 192.0.2.53
loop1 CNAME loop2
loop2 CNAME loop1
self CNAME self
c0 CNAME c1
c1 CNAME c2
c2 CNAME c3
c3 CNAME c4
c4 CNAME c5
c5 CNAME c6
c6 CNAME c7
c7 A 192.0.2.7
d1 DNAME d2
d2 DNAME d3
www.d3 A 192.0.2.3
dloop DNAME dloop
long DNAME lllllllllllllllllllllllllllllllllllllllllllllllllllllllllll.mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm.nnnnnnnnnnnnnnnn
*.wild CNAME www.d1
*.deny TXT "wildcard"
ent.*.deny A 192.0.2.4
a\\.b A 192.0.2.5
\\000\\255 TXT "eight bits"
sp\\032ace A 192.0.2.6
zero 0 A 192.0.2.8
big TXT "{big}"
"""


def corner_zone(rng: random.Random) -> str:
    big = '" "'.join("b" * 250 for _ in range(7))
    head = f"$ORIGIN corner.test.\n$TTL 300\n@ SOA ns host {rng.randrange(1, 2**31)} 7200 900 1209600 300\n"
    many = "".join(f"many A 10.{i // 256}.{i % 256}.1\n" for i in range(200))
    glue = "".join(f"fat NS name-server-{i}.fat\nname-server-{i}.fat A 192.0.2.{i}\nname-server-{i}.fat AAAA 2001:db8::{i}\n"
                   for i in range(13))
    return head + CORNERS.replace("{big}", big) + many + glue


def make(seed: int, root: bool = False) -> tuple[dict[str, str], set[bytes]]:
    """Apex -> master file; and the names that their chains leave out."""
    rng, unproven = random.Random(seed), set()
    elsewhere = ["www.plain.test.", "a.nsec.test.", "x.b.nsec3.test.", "c.other.example.", "a.sub.plain.test."]
    out = {}

    def zone(apex: str, owners: int, reserved: list[str] = ()) -> Zone:
        made = Zone(apex, rng)
        made.fill(owners, elsewhere, reserved)
        return made

    if root:
        out["."] = zone(".", 60, ["test.", "other.example."]).text()
    out["plain.test."] = zone("plain.test.", 150, ["sub.plain.test."]).text()
    out["sub.plain.test."] = zone("sub.plain.test.", 30).text()
    out["other.example."] = zone("other.example.", 40).text()
    for apex, owners, children, parameters in (("nsec.test.", 90, ["sub.nsec.test."], {}), ("sub.nsec.test.", 20, [], {}),
                                               ("nsec3.test.", 90, ["sub.nsec3.test."], {"nsec3": (0, "")}),
                                               ("sub.nsec3.test.", 20, [], {"nsec3": (2, "abcd")}),
                                               ("optout.test.", 90, [], {"nsec3": (1, "ff"), "opt_out": True})):
        made = zone(apex, owners, children)
        made.sign(**parameters)
        unproven |= made.unproven
        out[apex] = made.text()
    out["corner.test."] = corner_zone(rng)
    return out, unproven
