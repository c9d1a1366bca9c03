"""Queries as bytes, replies as records. Building is done by hand, so that broken packets can be built as well;
replies are decoded by dnspython, record by record in the order of the message."""

import os
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype

HEADER = struct.Struct(">HHHHHH")
OPT, COOKIE, ECS, KEEPALIVE, EDE = 41, 10, 8, 11, 15


def encode_name(name: str) -> bytes:
    """`name` as asked, case kept. A label may hold \\DDD."""
    out = b""
    for label in name.rstrip(".").split(".") if name.rstrip(".") else []:
        octets, i = bytearray(), 0
        while i < len(label):
            if label[i] == "\\":
                octets.append(int(label[i + 1:i + 4]))
                i += 4
            else:
                octets += label[i].encode()
                i += 1
        out += bytes([len(octets)]) + bytes(octets)
    return out + b"\0"


def type_number(text: str) -> int:
    return int(text[4:]) if text.startswith("TYPE") else int(dns.rdatatype.from_text(text))


def class_number(text: str) -> int:
    return int(text[5:]) if text.startswith("CLASS") else int(dns.rdataclass.from_text(text))


def option(code: int, data: bytes) -> bytes:
    return struct.pack(">HH", code, len(data)) + data


def opt_record(size: int, options: bytes = b"", version: int = 0, do: bool = False) -> bytes:
    return b"\0" + struct.pack(">HHBBHH", OPT, size, 0, version, 0x8000 if do else 0, len(options)) + options


def query(name: str, rtype: str, rclass: str = "IN", *, edns: int | None = None, rd: bool = False, do: bool = False,
          options: bytes = b"", version: int = 0, opcode: int = 0, ident: int | None = None) -> bytes:
    ident = int.from_bytes(os.urandom(2)) if ident is None else ident
    extra = opt_record(edns, options, version, do) if edns is not None else b""
    head = HEADER.pack(ident, opcode << 11 | (0x0100 if rd else 0), 1, 0, 0, 1 if extra else 0)
    return head + encode_name(name) + struct.pack(">HH", type_number(rtype), class_number(rclass)) + extra


def question_bytes(packet: bytes) -> bytes:
    """The question section as it stands in the packet, without following pointers."""
    at = HEADER.size
    while packet[at]:
        at += packet[at] + 1
    return packet[HEADER.size:at + 5]


def ask_udp(server, packet: bytes, timeout: float = 5, source: tuple | None = None) -> bytes | None:
    """From a socket of its own; None when nothing came in time."""
    family = socket.AF_INET6 if ":" in server[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(timeout)
        if source:
            s.bind(source)
        s.connect(server)
        s.send(packet)
        try:
            return s.recv(65535)
        except (TimeoutError, ConnectionRefusedError):
            return None


def receive_exactly(s: socket.socket, count: int) -> bytes:
    out = b""
    while len(out) < count:
        more = s.recv(count - len(out))
        if not more:
            raise EOFError(f"connection closed after {len(out)} of {count} octets")
        out += more
    return out


def receive_message(s: socket.socket) -> bytes:
    return receive_exactly(s, struct.unpack(">H", receive_exactly(s, 2))[0])


def frame(packet: bytes) -> bytes:
    return struct.pack(">H", len(packet)) + packet


def ask_tcp(server, packet: bytes, timeout: float = 5) -> bytes | None:
    with socket.create_connection(server, timeout) as s:
        s.sendall(frame(packet))
        try:
            return receive_message(s)
        except (TimeoutError, EOFError, ConnectionResetError):
            return None


class Record:
    def __init__(self, rrset):
        self.owner, self.ttl = rrset.name.to_text(), rrset.ttl
        self.type, self.rdclass = dns.rdatatype.to_text(rrset.rdtype), rrset.rdclass
        self.rdata = rrset[0]
        self.data = self.rdata.to_text()
        self.name = rrset.name

    def text(self) -> str:
        return f"{self.owner} {self.type} {self.data}"

    def __repr__(self):
        return f"{self.owner}\t{self.ttl}\t{dns.rdataclass.to_text(self.rdclass)}\t{self.type}\t{self.data}"


class Reply:
    def __init__(self, wire: bytes):
        self.wire = wire
        self.id, self.bits, *self.counts = HEADER.unpack(wire[:12])
        self.message = dns.message.from_wire(wire, one_rr_per_rrset=True, raise_on_truncation=False)
        # from_wire reads "rcode" of BADVERS from header and OPT together
        self.rcode = dns.rcode.to_text(self.message.rcode())
        self.answer = [Record(r) for r in self.message.answer]
        self.authority = [Record(r) for r in self.message.authority]
        self.additional = [Record(r) for r in self.message.additional]
        self.qr, self.aa, self.tc = bool(self.bits & 0x8000), bool(self.bits & 0x0400), bool(self.bits & 0x0200)
        self.rd, self.ra, self.ad = bool(self.bits & 0x0100), bool(self.bits & 0x0080), bool(self.bits & 0x0020)
        self.opt = self.message.opt is not None
        self.opt_size = self.message.payload if self.opt else None
        self.options = {int(o.otype): o for o in self.message.options} if self.opt else {}

    def option_bytes(self, code: int) -> bytes | None:
        return self.options[code].to_wire() if code in self.options else None

    def ede(self) -> list[tuple[int, str]]:
        return [(int(o.code), o.text or "") for o in (self.message.options if self.opt else [])
                if int(o.otype) == EDE]

    def addresses(self) -> list[str]:
        return [r.data for r in self.answer if r.type in ("A", "AAAA")]

    def dump(self) -> str:
        flags = " ".join(n for n in ("qr", "aa", "tc", "rd", "ra", "ad") if getattr(self, n))
        lines = [f";; {self.rcode}, id {self.id}, flags: {flags}; {len(self.wire)} octets"]
        if self.opt:
            lines.append(f";; OPT size {self.opt_size}, EDE {self.ede()}, options {sorted(self.options)}")
        lines += [f";{q.to_text()}" for q in self.message.question]
        for title in ("answer", "authority", "additional"):
            records = getattr(self, title)
            if records:
                lines.append(f";; {title.upper()}")
                lines += [repr(r) for r in records[:40]] + ([f";; and {len(records) - 40} more"] if len(records) > 40 else [])
        return "\n".join(lines)


def ask(server, name: str, rtype: str, *, tcp: bool = False, timeout: float = 5, **how) -> Reply:
    packet = query(name, rtype, **how)
    wire = (ask_tcp if tcp else ask_udp)(server, packet, timeout)
    if wire is None:
        raise AssertionError(f"no answer to {name} {rtype} from {server}")
    return Reply(wire)
