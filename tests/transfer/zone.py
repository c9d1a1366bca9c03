"""Zones as sets of records, and how to get them: AXFR by dnspython, with and without a signature."""

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.tsig
import dns.tsigkeyring
import dns.xfr
import dns.zone

from peers import ALGORITHM, KEY, SECRET

KEYRING = dns.tsigkeyring.from_text({KEY: SECRET})


def config(secret_file, zone_lines: str, kind: str = "namespace", name: str = "corp", more: str = "") -> str:
    secret_file.write_text(SECRET + "\n")
    return f"""
{more}
[[key]]
name = "{KEY}"
algorithm = "{ALGORITHM}"
secret_file = "{secret_file}"

[[{kind}]]
name = "{name}"
{zone_lines}
"""


def axfr(server: tuple[str, int], zone: str, signed: bool) -> tuple[int, set[str]]:
    """The serial, and every record but the SOA as a line."""
    keys = {"keyring": KEYRING, "keyname": KEY, "keyalgorithm": ALGORITHM} if signed else {}
    records, serial = set(), 0
    for message in dns.query.xfr(server[0], zone, port=server[1], timeout=5, lifetime=10, relativize=False, **keys):
        for rrset in message.answer:
            for rdata in rrset:
                if rrset.rdtype == dns.rdatatype.SOA:
                    serial = rdata.serial
                else:
                    records.add(f"{rrset.name} {rrset.ttl} {dns.rdatatype.to_text(rrset.rdtype)} {rdata}".lower())
    return serial, records


def ask(server: tuple[str, int], name: str, rtype: str, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, rtype, use_edns=0)
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, server[0], port=server[1], timeout=3)


def serial(server: tuple[str, int], zone: str) -> int | None:
    try:
        reply = ask(server, zone, "SOA")
    except (OSError, dns.exception.DNSException):
        return None
    return reply.answer[0][0].serial if reply.answer else None


def texts(message: dns.message.Message) -> list[str]:
    return sorted(rdata.to_text() for rrset in message.answer for rdata in rrset)


def ede(message: dns.message.Message) -> list[int]:
    return [int(option.code) for option in message.options if isinstance(option, dns.edns.EDEOption)]
