"""DNS messages as bytes: questions are built here, replies decoded into sections that can be compared.

Names are lower-case wire form, so that equal names are equal bytes; dnspython would take ten times as long, and three
servers are asked a million questions."""

import struct

HEADER = struct.Struct(">HHHHHH")
FIXED = struct.Struct(">HHIH")
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "HINFO": 13, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33,
         "DNAME": 39, "OPT": 41, "DS": 43, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3": 50, "NSEC3PARAM": 51,
         "TLSA": 52, "SVCB": 64, "HTTPS": 65, "CAA": 257, "TYPE65280": 65280, "ANY": 255}
TYPE_NAMES = {number: name for name, number in TYPES.items()}
RCODES = {0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED", 6: "YXDOMAIN",
          9: "NOTAUTH", 16: "BADVERS"}
# Where a name that may be compressed, or spelled as the question is, begins in the rdata; -1: two names at the start.
NAME_AT = {2: 0, 5: 0, 12: 0, 39: 0, 15: 2, 33: 6, 6: -1}


class Malformed(Exception):
    pass


def type_name(number: int) -> str:
    return TYPE_NAMES.get(number, f"TYPE{number}")


def to_wire(text: str) -> bytes:
    """"a.b." -> wire form, lower case; \\DDD and \\X as in zone files."""
    out, label, at = b"", bytearray(), 0
    text = text.rstrip(".") if not text.endswith("\\.") else text
    while at < len(text):
        c = text[at]
        if c == "\\" and text[at + 1:at + 4].isdigit():
            label.append(int(text[at + 1:at + 4]))
            at += 4
            continue
        if c == ".":
            out += bytes([len(label)]) + bytes(label)
            label = bytearray()
        else:
            at += c == "\\"
            label += text[at].encode()
        at += 1
    if label:
        out += bytes([len(label)]) + bytes(label)
    return (out + b"\0").lower()


def labels_of(wire: bytes) -> list[bytes]:
    out, at = [], 0
    while wire[at]:
        out.append(wire[at + 1:at + 1 + wire[at]])
        at += wire[at] + 1
    return out


def from_labels(labels: list[bytes]) -> bytes:
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def to_text(wire: bytes) -> str:
    def plain(label: bytes) -> str:
        return "".join(chr(c) if 33 <= c <= 126 and chr(c) not in ".\\" else f"\\{c:03d}" for c in label)
    return ".".join(plain(label) for label in labels_of(wire)) + "."


def question(ident: int, flags: int, name: bytes, qtype: int, qclass: int = 1, edns: int | None = None,
             do: bool = False, version: int = 0, z: int = 0) -> bytes:
    packet = HEADER.pack(ident, flags, 1, 0, 0, 1 if edns is not None else 0) + name + struct.pack(">HH", qtype, qclass)
    if edns is not None:
        packet += b"\0" + struct.pack(">HHBBHH", 41, edns, 0, version, (0x8000 if do else 0) | z, 0)
    return packet


class Decoder:
    def __init__(self, wire: bytes):
        self.wire, self.names = wire, {}

    def name(self, at: int) -> tuple[bytes, int]:
        """The name at `at` in lower case, and where the message goes on."""
        wire, out, end, start, jumps = self.wire, [], None, at, 0
        known = self.names.get(at)
        if known:
            return known
        while True:
            length = wire[at]
            if length == 0:
                at += 1
                break
            if length >= 0xC0:
                target = (length & 0x3F) << 8 | wire[at + 1]
                end = at + 2 if end is None else end
                jumps += 1
                if target >= at or jumps > 127:
                    raise Malformed("a compression pointer that does not point backward")
                at = target
                continue
            if length > 63:
                raise Malformed("a label longer than 63 octets")
            out.append(wire[at:at + length + 1])
            at += length + 1
        name = (b"".join(out) + b"\0").lower()
        if len(name) > 255:
            raise Malformed("a name longer than 255 octets")
        self.names[start] = (name, at if end is None else end)
        return self.names[start]

    def rdata(self, rtype: int, at: int, end: int) -> bytes:
        offset = NAME_AT.get(rtype)
        if offset is None:
            return self.wire[at:end]
        if offset >= 0:
            name, after = self.name(at + offset)
            if after != end:
                raise Malformed("octets after the name in the rdata")
            return self.wire[at:at + offset] + name
        mname, middle = self.name(at)
        rname, rest = self.name(middle)
        return mname + rname + self.wire[rest:end]

    def records(self, at: int, count: int) -> tuple[list, int]:
        out = []
        for _ in range(count):
            owner, at = self.name(at)
            rtype, rclass, ttl, size = FIXED.unpack_from(self.wire, at)
            at += FIXED.size
            if at + size > len(self.wire):
                raise Malformed("rdata past the end of the message")
            out.append((owner, rtype, rclass, ttl, self.rdata(rtype, at, at + size) if rtype != 41 else
                        self.wire[at:at + size]))
            at += size
        return out, at


class Reply:
    """flags: the header's without the rcode; rcode with the extended bits; sections: sorted records; opt: its TTL."""

    __slots__ = ("size", "flags", "rcode", "question", "sections", "opt", "options")

    def __init__(self, wire: bytes):
        try:
            _, flags, questions, *counts = HEADER.unpack_from(wire)
            decoder, at = Decoder(wire), HEADER.size
            for _ in range(questions):
                at = decoder.name(at)[1] + 4
            self.size, self.question = len(wire), wire[HEADER.size:at]
            self.flags, self.rcode, self.opt, self.options = flags & 0xFFF0, flags & 15, None, b""
            self.sections = []
            for count in counts:
                records, at = decoder.records(at, count)
                opt = [r for r in records if r[1] == 41]
                if opt:
                    records = [r for r in records if r[1] != 41]
                    if self.opt is not None or len(opt) > 1:
                        raise Malformed("two OPT records")
                    self.opt, self.options = (opt[0][2], opt[0][3] & 0x00FFFFFF), opt[0][4]
                    self.rcode |= opt[0][3] >> 24 << 4
                records.sort()
                self.sections.append(records)
            if at != len(wire):
                raise Malformed(f"{len(wire) - at} octets after the last record")
        except (IndexError, struct.error) as error:
            raise Malformed(f"the message ends in the middle: {error}") from None

    tc = property(lambda self: bool(self.flags & 0x0200))
    aa = property(lambda self: bool(self.flags & 0x0400))

    def repeats(self) -> list:
        return [a for section in self.sections for a, b in zip(section, section[1:]) if a == b]


def show_record(record) -> str:
    owner, rtype, _, ttl, rdata = record
    if rtype in NAME_AT and rtype != 6:
        at = NAME_AT[rtype]
        data = (rdata[:at].hex() + " " if at else "") + to_text(rdata[at:])
    elif rtype == 46:
        data = f"covers {type_name(int.from_bytes(rdata[:2]))} {rdata[-4:].hex()}"
    elif rtype == 47:
        data = to_text(rdata[:rdata.index(0) + 1] if 0 in rdata else rdata)
    else:
        data = rdata.hex()[:64]
    return f"{to_text(owner)} {ttl} {type_name(rtype)} {data}"


def show(reply: Reply) -> str:
    flags = " ".join(n for n, bit in (("aa", 0x400), ("tc", 0x200), ("rd", 0x100), ("ra", 0x80), ("ad", 0x20), ("cd", 0x10))
                     if reply.flags & bit)
    lines = [f"{RCODES.get(reply.rcode, reply.rcode)} {flags} {reply.size} octets, opt {reply.opt}"]
    for title, section in zip(("answer", "authority", "additional"), reply.sections):
        lines += [f"  {title}: {show_record(r)}" for r in section]
    return "\n".join(lines)
