#!/usr/bin/env python3
"""Writes the seed corpora into folders of FOLDER, one for each kind. Deterministic: the same files each time."""
import pathlib
import struct
import sys


def name(text):
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def message(flags, questions, answers=(), authority=(), additional=()):
    parts = (questions, answers, authority, additional)
    return struct.pack("!HH4H", 0x1234, flags, *map(len, parts)) + b"".join(b"".join(p) for p in parts)


def question(text, qtype=1, qclass=1):
    return name(text) + struct.pack("!HH", qtype, qclass)


def option(code, data):
    return struct.pack("!HH", code, len(data)) + data


def opt(*options, size=1232, version=0, flags=0x8000):
    data = b"".join(options)
    return b"\0" + struct.pack("!HHBBHH", 41, size, 0, version, flags, len(data)) + data


def record(owner, rtype, data):
    return owner + struct.pack("!HHIH", rtype, 1, 5, len(data)) + data


QUERIES = {
    "a": message(0x100, [question("Worker.corp")]),
    "root": message(0, [question("", 2)]),
    "long": message(0, [question(".".join("a" * 127))]),
    "edns": message(0x100, [question("w1.worker.corp", 33)], additional=[opt()]),
    "options": message(0x100, [question("web.corp", 28)], additional=[opt(
        option(3, b""), option(11, b""), option(10, b"12345678" + b"s" * 16),
        option(8, struct.pack("!HBB", 1, 24, 0) + b"\x0a\1\2"), option(65001, b"x"))]),
    "ecs6": message(0, [question("web.corp")], additional=[opt(option(8, struct.pack("!HBB", 2, 56, 0) + b"\x20\1\x0d\xb8\0\1\2"))]),
    "badvers": message(0, [question("corp", 6)], additional=[opt(version=1)]),
    "cookie-only": message(0, [], additional=[opt(option(10, b"12345678"))]),
    "junk": message(0, [question("web.corp")], [record(b"\xc0\x0c", 1, b"\x0a\0\0\1")], [record(name("x.y"), 2, b"\xc0\x0c")],
                    [record(b"\1a\xc0\x0c", 16, b"\1a"), opt()]),
    "notify": message(0x2400, [question("corp", 6)]),
    "update": message(0x2800, [question("corp", 6)], [record(name("a.corp"), 255, b"")]),
    "two-questions": message(0, [question("a.corp"), question("b.corp")]),
    "pointer": message(0, [b"\xc0\x0c\0\1\0\1"]),
}

ZONES = {
    "zone": """0$TTL 1h ; comment
@ IN SOA ns.corp. host\\.master ( 2026010101 ; serial
  2h 30m 1w 60 )
  NS ns
ns 300 A 10.0.0.53
   IN 300 AAAA ::53
$ORIGIN db
@ TXT "a;b (c)" d\\;e "" \\097
one 0 SRV 1 2 3 host
*.x MX 10 @
y DNAME other.corp.
z CAA 0 issue "ca.example"
h HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=10.0.0.1
s SSHFP 1 1 123456789abcdef67890123456789abcdef67890
l LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m
n NAPTR 1 2 "s" "SIP+D2U" "" _sip._udp
d DS 1 8 2 abcd
t TLSA 3 1 1 abcd
""",
    "generate": """1$GENERATE 1-5/2 h$ 60 A 10.0.0.$
$GENERATE 9-10 ${1,3,d} CNAME x${-9,2,x}
$GENERATE 18-18 ${0,7,n} PTR h\\$
""",
    "unknown": """1a TYPE65280 \\# 3 0a00ff
b CLASS1 TYPE1 \\# 4 0a 00 00 02
c A 10.0.0.999
$INCLUDE other
""",
}


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def proxy(command, family, body=b""):
    return SIGNATURE + struct.pack("!BBH", command, family, len(body)) + body


FOUR = bytes([192, 0, 2, 1, 10, 0, 0, 1]) + struct.pack("!HH", 4000, 53)
SIX = b"\x20\1\x0d\xb8" + bytes(28) + struct.pack("!HH", 4000, 53)
PROXY = {
    "udp4": proxy(0x21, 0x12, FOUR) + QUERIES["a"],
    "tcp6": proxy(0x21, 0x21, SIX + b"\x04\0\x02\0\0"),
    "local": proxy(0x20, 0x00),
    "unspecified": proxy(0x21, 0x00, b"xyz"),
    "unix": proxy(0x21, 0x31, bytes(216)),
    "short": proxy(0x21, 0x12, FOUR[:8]),
    "longest": proxy(0x21, 0x11, FOUR + bytes(508)),
    "too-long": proxy(0x21, 0x11, FOUR + bytes(509)),
}


SOA = name("ns.corp") + name("hostmaster.corp") + struct.pack("!5I", 7, 60, 10, 86400, 60)
POINTER = b"\xc0\x0c"
MESSAGES = {
    "axfr": message(0x8400, [question("corp", 252)],
                    [POINTER + struct.pack("!HHIH", 6, 1, 1, len(SOA)) + SOA,
                     POINTER + struct.pack("!HHIH", 2, 1, 60, 5) + b"\2ns" + POINTER,
                     b"\2ns" + POINTER + struct.pack("!HHIH", 1, 1, 60, 4) + bytes([10, 0, 0, 1]),
                     b"\3web" + POINTER + struct.pack("!HHIH", 33, 1, 5, 7 + len(name("w.corp")) - 1) + bytes(6)
                     + name("w.corp"),
                     POINTER + struct.pack("!HHIH", 6, 1, 1, len(SOA)) + SOA]),
    "update": message(0x2800, [question("corp", 6)], [record(name("web.corp"), 255, b"")],
                      [record(name("w1.web.corp"), 1, bytes([10, 0, 0, 9]))], [opt(option(2, struct.pack("!I", 60)))]),
    "notify": message(0x2400, [question("corp", 6)], [record(name("corp"), 6, SOA)]),
    "tsig": message(0x0000, [question("corp", 6)], additional=[
        name("xfr") + struct.pack("!HHI", 250, 255, 0) + struct.pack("!H", 26 + len(name("hmac-sha256")) + 22)
        + name("hmac-sha256") + struct.pack("!HIHH", 0, 1_700_000_000, 300, 32) + bytes(32)
        + struct.pack("!HHH", 0x1234, 0, 0)]),
}


def frame(kind, flags, stream, body=b""):
    return struct.pack("!I", len(body))[1:] + struct.pack("!BBI", kind, flags, stream) + body


def literal(key, value):  # HPACK: without indexing, a new name
    return b"\0" + bytes([len(key)]) + key + bytes([len(value)]) + value


def health(stream, status=b"0", serving=1):
    return (frame(1, 4, stream, b"\x88" + literal(b"content-type", b"application/grpc"))
            + frame(0, 0, stream, b"\0\0\0\0\2\x08" + bytes([serving])) + frame(1, 5, stream, literal(b"grpc-status", status)))


SETTINGS = frame(4, 0, 0)
# The first octet: 0 = the body alone, else how many octets arrive at a time.
GRPC = {
    "body": b"\0\0\0\0\0\2\x08\1",
    "unknown-fields": b"\0\0\0\0\0\x0f\x12\2xx\x11" + b"12345678" + b"\x08\2",
    "two-answers": b"\xff" + SETTINGS + frame(4, 1, 0) + health(1) + health(3, serving=2),
    "octet-by-octet": b"\1" + SETTINGS + health(1),
    "trailers-only": b"\x20" + SETTINGS + frame(1, 5, 1, b"\x88" + literal(b"grpc-status", b"12")),
    "reset": b"\xff" + SETTINGS + frame(3, 0, 1, b"\0\0\0\7"),
    "goodbye": b"\xff" + SETTINGS + health(1) + frame(7, 0, 0, b"\0\0\0\1\0\0\0\0"),
    "http1": b"\xffHTTP/1.1 400 Bad Request\r\n\r\n",
}
JSON = {
    "status": b"\7/status" + b'{"status":true}',
    "escaped": b"\6/a~1~0" + b'{"a/~":[1,2.5,{"b":null}]}',
    "index": b"\x04/0/1" + b"[[0,true]]",
    "whole": b"\0 true",
}
CONSUL_FILTER = {
    "mixed": 'Service.Port == 80 and ("a" in Service.Tags or not Checks.Status != passing)',
    "keys": 'Service.Meta["k"] matches `^v` or Service.Meta.none is empty',
    "words": "a not in Service.Tags and Node.Node not contains x",
    "open": "((Service.ID == w1",
}
EUREKA_INSTANCE = (b'{"instance":{"app":"worker","instanceId":"w1","hostName":"h1","ipAddr":"10.0.0.1","port":{"$":8080,'
                   b'"@enabled":"true"},"securePort":"443","dataCenterInfo":{"name":"Amazon","metadata":{"instance-id":"i"}},'
                   b'"status":"DOWN","leaseInfo":{"durationInSecs":20},"metadata":{"a_b$":"<&>","@class":"x"}}}')
EUREKA_XML = (b'<?xml version="1.0"?><instance><instanceId>w1</instanceId><hostName>h1</hostName><app>worker</app>'
              b'<ipAddr>::1</ipAddr><port enabled="true">80</port><dataCenterInfo class="x"><name>MyOwn</name>'
              b'</dataCenterInfo><metadata><a__b_-_.0020>&lt;&#65;</a__b_-_.0020></metadata></instance>')
EUREKA_BODY = {
    "json": b"0" + EUREKA_INSTANCE,
    "xml": b"1" + EUREKA_XML,
    "doctype": b'1<!DOCTYPE a [<!ENTITY b "c">]><instance>&b;</instance>',
    "nested": b"1<instance><metadata><a><b><c/></b></a></metadata></instance>",
}
DNS_REPLY = {
    "a": b"\x81\x80\0\1\0\0\0\0" + record(b"\xc0\x0c", 1, b"\x0a\0\0\1"),
    "alias": b"\x81\x80\0\2\0\0\0\0" + record(b"\xc0\x0c", 5, b"\1h\xc0\x10") + record(b"\1h\xc0\x10", 1, b"\x0a\0\0\2"),
    "nxdomain": b"\x81\x83" + bytes(6),
    "whole": message(0x8180, [question("www.example.com")], [record(b"\xc0\x0c", 1, b"\x0a\0\0\1")]).replace(b"\x124", b"\0\7", 1),
    "loop": b"\x81\x80\0\1\0\0\0\0\xc0\x21",
}


def main():
    folder = pathlib.Path(sys.argv[1])
    for kind, seeds in (("query", QUERIES), ("zone", ZONES), ("proxy", PROXY), ("message", MESSAGES), ("grpc", GRPC),
                        ("json", JSON), ("dns_reply", DNS_REPLY), ("consul_filter", CONSUL_FILTER),
                        ("eureka_body", EUREKA_BODY)):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for seed, content in seeds.items():
            data = content if isinstance(content, bytes) else content.encode()
            (folder / kind / seed).write_bytes(data)


if __name__ == "__main__":
    main()
