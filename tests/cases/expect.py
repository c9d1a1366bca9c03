"""Compares a reply with what a case expects. Every check returns the differences as lines; none = as expected.

Beside what a case names, invariants hold for every reply: see invariants().
"""

import collections

KEYS = {"rcode", "answer", "in_order", "answer_count", "answer_from", "authority", "additional", "additional_has",
        "additional_count", "authority_count", "nodata", "nxdomain", "soa", "ttl", "additional_ttl", "aa", "tc", "size_max", "size_min",
        "ede", "ede_text", "opt_size", "option", "option_size", "option_data", "glue", "compressed", "weights", "weights_all",
        "do", "ttls"}
# What a server that is not dnsd may be excused from with --ignore.
GROUPS = {"ttl": {"ttl", "ttls", "additional_ttl"}, "ede": {"ede", "ede_text"}, "soa": {"soa"},
          "additional": {"additional", "authority", "authority_count", "additional_has", "additional_count", "glue"}, "size": {"size_min", "opt_size"}}


def within(value: int, bounds) -> bool:
    low, high = bounds if isinstance(bounds, list) else (bounds, bounds)
    return low <= value <= high


def same(what: str, got: list[str], wanted: list[str], ordered: bool) -> list[str]:
    if (got == wanted) if ordered else (sorted(got) == sorted(wanted)):
        return []
    missing = list((collections.Counter(wanted) - collections.Counter(got)).elements())
    extra = list((collections.Counter(got) - collections.Counter(wanted)).elements())
    lines = [f"{what}: - {record}" for record in missing[:10]] + [f"{what}: + {record}" for record in extra[:10]]
    return lines or [f"{what}: the order is {got}, expected {wanted}"]


def texts(records) -> list[str]:
    return [record.text() for record in records]


def check_denial(reply, want: dict, ignored: set) -> list[str]:
    """NODATA and NXDOMAIN: an empty answer and the SOA of the zone, whose TTL tells how long it holds."""
    kind = "nxdomain" if "nxdomain" in want else "nodata"
    rcode, out = ("NXDOMAIN" if kind == "nxdomain" else "NOERROR"), []
    if reply.rcode != rcode:
        out.append(f"rcode: {reply.rcode}, expected {rcode}")
    if reply.answer:
        out += [f"answer: + {record}" for record in texts(reply.answer)[:10]]
    soas = [r for r in reply.authority if r.type == "SOA"]
    if len(soas) != 1 or len(reply.authority) != 1:
        return out + [f"authority: {texts(reply.authority)}, expected one SOA"]
    if "soa" not in ignored and soas[0].owner.lower() != want["soa"]:
        out.append(f"authority: SOA of {soas[0].owner}, expected {want['soa']}")
    if "ttl" not in ignored and not within(soas[0].ttl, want[kind]):
        out.append(f"authority: SOA TTL {soas[0].ttl}, expected {want[kind]}")
    return out


def check_sections(reply, want: dict) -> list[str]:
    out = []
    if "answer" in want:
        out += same("answer", texts(reply.answer), want["answer"], want.get("in_order", False))
    if "answer_count" in want and not within(len(reply.answer), want["answer_count"]):
        out.append(f"answer: {len(reply.answer)} records, expected {want['answer_count']}")
    if "authority_count" in want and not within(len(reply.authority), want["authority_count"]):
        out.append(f"authority: {texts(reply.authority)}, expected {want['authority_count']} records")
    if "answer_from" in want:
        out += [f"answer: + {r}" for r in texts(reply.answer) if r not in want["answer_from"]][:10]
    if "authority" in want:
        out += same("authority", texts(reply.authority), want["authority"], False)
    if "additional" in want:
        out += same("additional", texts(reply.additional), want["additional"], False)
    if "additional_has" in want:
        out += [f"additional: - {r}" for r in want["additional_has"] if r not in texts(reply.additional)]
    if "additional_count" in want and not within(len(reply.additional), want["additional_count"]):
        out.append(f"additional: {len(reply.additional)} records, expected {want['additional_count']}")
    if "weights" in want:
        got = sorted(r.rdata.weight for r in reply.answer if r.type == "SRV")
        if got != sorted(want["weights"]):
            out.append(f"SRV weights: {got}, expected {want['weights']}")
    if "weights_all" in want:
        out += [f"SRV weight: {r.text()}" for r in reply.answer if r.rdata.weight != want["weights_all"]][:5]
    return out


def check_numbers(reply, want: dict) -> list[str]:
    out = []
    if "ttl" in want:
        out += [f"answer TTL {r.ttl} of {r.text()}, expected {want['ttl']}" for r in reply.answer
                if not within(r.ttl, want["ttl"])][:5]
        if not reply.answer:
            out.append("ttl: there is no answer to have one")
    if "ttls" in want and [r.ttl for r in reply.answer] != want["ttls"]:
        out.append(f"answer TTLs {[r.ttl for r in reply.answer]}, expected {want['ttls']}")
    if "additional_ttl" in want or ("ttl" in want and reply.additional):
        bounds = want.get("additional_ttl", want.get("ttl"))
        out += [f"additional TTL {r.ttl} of {r.text()}, expected {bounds}" for r in reply.additional
                if not within(r.ttl, bounds)][:5]
    if len(reply.wire) > want.get("size_max", 65535):
        out.append(f"size: {len(reply.wire)} octets, at most {want['size_max']} expected")
    if len(reply.wire) < want.get("size_min", 0):
        out.append(f"size: {len(reply.wire)} octets, at least {want['size_min']} expected")
    if want.get("compressed") and len(reply.wire) >= uncompressed_size(reply):
        out.append(f"size: {len(reply.wire)} octets, no smaller than without compression")
    return out


def uncompressed_size(reply) -> int:
    size = 12 + sum(len(q.name.to_wire()) + 4 for q in reply.message.question)
    for record in reply.answer + reply.authority + reply.additional:
        size += len(record.name.to_wire()) + 10 + len(record.rdata.to_wire())
    return size


def check_edns(reply, want: dict) -> list[str]:
    out = []
    if "ede" in want:
        codes = [code for code, _ in reply.ede()]
        wanted = want["ede"] if isinstance(want["ede"], list) else [want["ede"]]
        if codes != wanted and not (want["ede"] == "any" and codes):
            out.append(f"EDE: {reply.ede()}, expected {want['ede']}")
    if "ede_text" in want and not any(want["ede_text"] in text for _, text in reply.ede()):
        out.append(f"EDE: {reply.ede()}, expected a text with '{want['ede_text']}'")
    if "opt_size" in want and reply.opt_size != want["opt_size"]:
        out.append(f"OPT: size {reply.opt_size}, expected {want['opt_size']}")
    if "option" in want and want["option"] not in reply.options:
        out.append(f"OPT: options {sorted(reply.options)}, expected {want['option']}")
    if "option_data" in want:
        data = (reply.option_bytes(want["option"]) or b"").hex()
        if data != want["option_data"]:
            out.append(f"OPT: option {want['option']} is {data}, expected {want['option_data']}")
    if "option_size" in want:
        data = reply.option_bytes(want["option"]) or b""
        if not within(len(data), want["option_size"]):
            out.append(f"OPT: option {want['option']} has {len(data)} octets, expected {want['option_size']}")
    if "do" in want and bool(reply.message.ednsflags & 0x8000) != want["do"]:
        out.append(f"OPT: DO is {not want['do']}, expected {want['do']}")
    return out


def check_flags(reply, want: dict) -> list[str]:
    out = []
    rcode = want.get("rcode", "NXDOMAIN" if "nxdomain" in want else "NOERROR")
    allowed = rcode if isinstance(rcode, list) else [rcode]
    if reply.rcode not in allowed:
        out.append(f"rcode: {reply.rcode}, expected {rcode}")
    if want.get("aa") != "any" and ("aa" in want or reply.rcode in ("NOERROR", "NXDOMAIN")):
        if reply.aa != want.get("aa", True):
            out.append(f"AA is {reply.aa}, expected {want.get('aa', True)}")
    if reply.tc != want.get("tc", False):
        out.append(f"TC is {reply.tc}, expected {want.get('tc', False)}")
    return out


def check_glue(reply) -> list[str]:
    """Every target of an answer has its addresses beside it."""
    have = {r.name for r in reply.additional if r.type in ("A", "AAAA")}
    return [f"additional: no address of {r.rdata.target}" for r in reply.answer
            if r.type == "SRV" and r.rdata.target not in have][:5]


def invariants(reply, query: bytes, udp_limit: int | None) -> list[str]:
    """True of every reply of a correct authoritative server."""
    out = []
    if reply.id != int.from_bytes(query[:2]):
        out.append(f"id {reply.id}, asked with {int.from_bytes(query[:2])}")
    if not reply.qr:
        out.append("QR is 0 in a reply")
    if reply.ra:
        out.append("RA is 1: there is no recursion")
    if (reply.bits >> 8 & 1) != (query[2] & 1):
        out.append("RD is not copied")
    question = len(query) > 12 and query[4:6] == b"\0\1" and reply.counts[0]
    if question and reply.rcode != "FORMERR":
        end = 12
        while query[end]:
            end += query[end] + 1
        if reply.wire[12:end + 5] != query[12:end + 5]:
            out.append("the question is not echoed octet for octet")
    if udp_limit and len(reply.wire) > udp_limit:
        out.append(f"{len(reply.wire)} octets over UDP, the client takes {udp_limit}")
    sets = collections.defaultdict(set)
    for section in ("answer", "authority", "additional"):
        records = getattr(reply, section)
        for record, count in collections.Counter((r.text().lower() if r.type != "TXT" else r.text()) for r in records).items():
            if count > 1:
                out.append(f"{section}: {count} times {record}")
        for record in records:
            covers = record.data.split()[0] if record.type == "RRSIG" else ""
            sets[record.owner.lower(), record.type, covers].add(record.ttl)
    for (owner, rtype, _), ttls in sets.items():
        if len(ttls) > 1:
            out.append(f"{owner} {rtype}: one set, TTLs {sorted(ttls)} (RFC 2181 5.2)")
    for record in reply.authority:
        if record.type == "SOA" and record.ttl > record.rdata.minimum:
            out.append(f"SOA in authority: TTL {record.ttl} over MINIMUM {record.rdata.minimum} (RFC 2308)")
    named = {getattr(r.rdata, field) for r in reply.answer + reply.authority + reply.additional
             for field in ("target", "exchange") if hasattr(r.rdata, field)}
    for record in reply.additional:
        if record.type in ("A", "AAAA") and record.name not in named:
            out.append(f"additional: {record.text()} belongs to no target of the answer")
    return out


def compare(reply, want: dict, ignored: set) -> list[str]:
    for group in ignored:
        want = {k: v for k, v in want.items() if k not in GROUPS.get(group, set()) or k == "soa"}
    out = check_flags(reply, want)
    if "nodata" in want or "nxdomain" in want:
        out = [line for line in out if not line.startswith("rcode")] + check_denial(reply, want, ignored)
    out += check_sections(reply, want) + check_numbers(reply, want) + check_edns(reply, want)
    return out + (check_glue(reply) if want.get("glue") else [])
