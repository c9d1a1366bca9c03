"""Two replies, section by section; and the list of differences that are no bugs (differences.toml)."""

import collections
import pathlib
import tomllib

import message

BITS = {0x8000: "qr", 0x0400: "aa", 0x0200: "tc", 0x0100: "rd", 0x0080: "ra", 0x0040: "z", 0x0020: "ad", 0x0010: "cd",
        0x7800: "opcode"}
NO_ANSWER = (1, 4)  # FORMERR, NOTIMP
SECTIONS = ("answer", "authority", "additional")
RULE_KEYS = {"id", "server", "why", "source", "fields", "type", "rcode", "their_rcode", "only_ours", "only_theirs", "class",
             "dnssec_ok", "true_records", "chain_ends", "opcode", "flags", "aa", "trait", "agreed", "made_up", "repeats", "both"}


class Difference:
    def __init__(self, field: str, ours, theirs):
        self.field, self.ours, self.theirs = field, ours, theirs

    def show(self) -> str:
        def side(value):
            return [message.show_record(v) for v in value] if self.field in SECTIONS else value
        return f"{self.field}: only dnsd {side(self.ours)}, only the other {side(self.theirs)}"


def differences(ours: message.Reply, theirs: message.Reply, without_tc: bool = False) -> list[Difference]:
    out = []
    if ours.rcode != theirs.rcode:
        out.append(Difference("rcode", ours.rcode, theirs.rcode))
    changed = (ours.flags ^ theirs.flags) & ~(0x0200 if without_tc else 0)
    if changed:
        names = sorted(name for bit, name in BITS.items() if changed & bit)
        out.append(Difference("flags", [n for n in names], names))
    if ours.question != theirs.question:
        out.append(Difference("question", ours.question.hex(), theirs.question.hex()))
    for name, a, b in zip(SECTIONS, ours.sections, theirs.sections):
        if a != b:
            x, y = collections.Counter(a), collections.Counter(b)
            out.append(Difference(name, sorted((x - y).elements()), sorted((y - x).elements())))
    if (ours.opt is None) != (theirs.opt is None) or ours.opt and (ours.opt[1] ^ theirs.opt[1]) & 0xFFFFFF:
        out.append(Difference("opt", ours.opt, theirs.opt))
    return out


class Rules:
    def __init__(self, path: pathlib.Path):
        with open(path, "rb") as file:
            self.rules = tomllib.load(file)["difference"]
        self.used = collections.Counter()
        for rule in self.rules:
            unknown, missing = rule.keys() - RULE_KEYS, {"id", "server", "why", "source", "fields"} - rule.keys()
            if unknown or missing:
                raise SystemExit(f"{path.name}: {rule.get('id')}: unknown keys {sorted(unknown)}, missing {sorted(missing)}")

    def unexplained(self, server: str, question, ours, theirs, found: list[Difference], world, third=None) -> list[Difference]:
        """`world` knows the zones: is_true(record), exists(name), traits(question, ours, theirs); `third` is the reply of
        the server that is not compared."""
        left = []
        answered = third is not None and third.rcode not in NO_ANSWER  # else it has nothing to agree with
        apart = {d.field for d in differences(ours, third)} if answered else set()
        for difference in found:
            for rule in self.rules:
                agreed = not rule.get("agreed") or difference.field not in apart
                if server in rule["server"] and difference.field in rule["fields"] and agreed and \
                        self.applies(rule, question, ours, theirs, difference, world):
                    self.used[rule["id"], server] += 1
                    break
            else:
                left.append(difference)
        return left

    @staticmethod
    def applies(rule, question, ours, theirs, difference, world) -> bool:
        if "type" in rule and message.type_name(question.qtype) not in rule["type"]:
            return False
        if "class" in rule and question.qclass not in rule["class"]:
            return False
        if "opcode" in rule and question.opcode not in rule["opcode"]:
            return False
        if "dnssec_ok" in rule and question.do != rule["dnssec_ok"]:
            return False
        for key, reply in (("rcode", ours), ("their_rcode", theirs)):
            if key in rule and message.RCODES.get(reply.rcode) not in rule[key]:
                return False
        if "aa" in rule and ours.aa != rule["aa"]:
            return False
        if "flags" in rule and (difference.field == "flags" and not set(difference.ours) <= set(rule["flags"])):
            return False
        if difference.field in SECTIONS:
            for key, records in (("only_ours", difference.ours), ("only_theirs", difference.theirs)):
                if key in rule and not {message.type_name(r[1]) for r in records} <= set(rule[key]):
                    return False
            if rule.get("both") and not (difference.ours and difference.theirs):
                return False
            if rule.get("repeats") and not set(difference.theirs) <= set(ours.sections[SECTIONS.index(difference.field)]):
                return False
            if rule.get("made_up") and any(world.exists(r[0]) for r in difference.theirs):
                return False
            if rule.get("true_records") and not all(world.is_true(r) for r in difference.ours):
                return False
        if rule.get("chain_ends") and not chain_ends(rule["chain_ends"], ours, theirs):
            return False
        return "trait" not in rule or rule["trait"] in world.traits(question, ours, theirs)


def chain_ends(which: str, ours: message.Reply, theirs: message.Reply) -> bool:
    """One side's chain of CNAMEs and DNAMEs is the beginning of the other's, and shorter."""
    def links(reply):
        return {r for r in reply.sections[0] if message.type_name(r[1]) in ("CNAME", "DNAME")}
    shorter, longer = (ours, theirs) if which == "ours" else (theirs, ours)
    whole = set(shorter.sections[0]) <= set(longer.sections[0]) and bool(links(shorter))
    return whole and set(shorter.sections[0]) != set(longer.sections[0])
