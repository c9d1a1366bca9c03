"""The steps of a case: what may stand in `steps`, and how each is run. tests/cases/README.md describes the format."""

import json
import os
import pathlib
import re
import select
import socket
import struct
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import expect  # noqa: E402
import server as dnsd  # noqa: E402
import wire  # noqa: E402

ASK_KEYS = expect.KEYS | {"ask", "over", "edns", "rd", "do_bit", "cookie", "ecs", "version", "opcode", "class", "options",
                          "times", "distinct_orders", "distinct_answers", "shares", "until", "silence", "opt",
                          "sweep", "same", "remember", "except", "lost"}
UNTIL_PACE = 0.02
BATCH = 500
CLOCK_LAG = 0.05  # the server's coarse clock is behind by a tick of the kernel


class Failure(Exception):
    """What was asked, what differs, what came."""


def expand_path(path: str) -> str:
    """"NAME" is a service, "NAME/ID" an instance, "NAME/ID/more" below it; a path with a leading slash stands as is."""
    if path.startswith("/"):
        return path
    path, _, parameters = path.partition("?")
    service, _, rest = path.partition("/")
    return f"/api/v1/services/{service}" + (f"/instances/{rest}" if rest else "") + (f"?{parameters}" if parameters else "")


def parse_call(line: str) -> tuple[str, str, str | None, int | None]:
    """"PUT NAME/ID {json} -> 422": method, path, body, expected status (None: any 2xx)."""
    line, _, status = line.partition(" -> ")
    method, path, *body = line.strip().split(None, 2)
    return method, expand_path(path), body[0] if body else None, int(status) if status else None


def calls_of(text) -> list[str]:
    lines = text.splitlines() if isinstance(text, str) else text
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


class Context:
    """One case at work: the server under test, the API (None when only DNS is at hand), the probe targets."""

    def __init__(self, server, api, targets: dict, names: dict, zone: str, ignored: set, timeout: float = 5):
        self.server, self.api, self.targets, self.names = server, api, targets, names
        self.zone, self.ignored, self.timeout = zone, ignored, timeout
        self.remembered: dict[str, list[str]] = {}

    def fill(self, text: str) -> str:
        return re.sub(r"\{(\w+(?:\.\w+)?)\}", lambda m: str(self.names[m[1]]) if m[1] in self.names else m[0], text)

    def many(self, line: str):
        """"MANY 150 NAME/i# {json}": 150 registrations in batches; # is the number, #hi.#lo two octets of it."""
        _, count, target, body = line.split(None, 3)
        def numbered(text: str, n: int) -> str:
            return text.replace("#hi", str(n // 250)).replace("#lo", str(n % 250 + 1)).replace("#", str(n))
        operations = [{"method": "PUT", "path": expand_path(numbered(target, n)), "body": json.loads(numbered(body, n))}
                      for n in range(int(count))]
        for begin in range(0, len(operations), BATCH):
            reply = self.api.batch(operations[begin:begin + BATCH], "?return=minimal")
            failed = [r for r in (reply.json() or {}).get("results", []) if r["status"] != 201]
            if reply.status != 200 or failed:
                raise Failure(f"{line}\n  {reply.status} {failed[:1]} {reply}")

    def call(self, line: str):
        line = self.fill(line)
        if line.startswith("MANY "):
            return self.many(line)
        method, path, body, status = parse_call(line)
        reply = self.api.call(method, path, body)
        if status is None and reply.status // 100 != 2 or status is not None and reply.status != status:
            raise Failure(f"{line}\n  status {reply.status}, expected {status or '2xx'}\n  {reply}")
        return reply


def contains(got, want, where: str = "$") -> list[str]:
    """Is `want` a part of `got`? Objects by member, lists whole."""
    if isinstance(want, dict):
        if not isinstance(got, dict):
            return [f"{where}: {got!r} is no object"]
        return [line for key, value in want.items()
                for line in ([f"{where}.{key}: absent"] if key not in got else contains(got[key], value, f"{where}.{key}"))]
    return [] if got == want else [f"{where}: {got!r}, expected {want!r}"]


def options_of(step: dict, context: Context) -> bytes:
    out = bytes.fromhex(step.get("options", ""))
    if "cookie" in step:
        client = os.urandom(8)
        cookie = client
        if step["cookie"] == "valid":
            first = wire.Reply(wire.ask_udp(context.server, wire.query(context.zone, "SOA", edns=1232,
                                                                       options=wire.option(wire.COOKIE, client))))
            cookie = first.option_bytes(wire.COOKIE)
        elif step["cookie"] != "client":
            cookie = bytes.fromhex(step["cookie"])
        out += wire.option(wire.COOKIE, cookie)
    return out + (wire.option(wire.ECS, bytes.fromhex(step["ecs"])) if "ecs" in step else b"")


def build(step: dict, question: str, context: Context) -> bytes:
    name, rtype = question.split()
    edns = step.get("edns", 1232 if {"cookie", "ecs", "version", "options", "do_bit"} & step.keys() else None)
    return wire.query(name, rtype, step.get("class", "IN"), edns=edns, rd=step.get("rd", False),
                      do=step.get("do_bit", False), version=step.get("version", 0), opcode=step.get("opcode", 0),
                      options=options_of(step, context) if edns is not None else b"")


def udp_limit(packet: bytes, step: dict) -> int | None:
    if step.get("over", "udp") == "tcp" or "raw" in step:
        return None
    return max(512, step["edns"]) if step.get("edns") else (1232 if wire.HEADER.unpack(packet[:12])[5] else 512)


def exchange(step: dict, packet: bytes, context: Context) -> bytes | None:
    tcp = step.get("over", "udp") == "tcp"
    timeout = 0.5 if step.get("silence") else context.timeout
    return (wire.ask_tcp if tcp else wire.ask_udp)(context.server, packet, timeout)


def judge(step: dict, packet: bytes, got: bytes | None, context: Context) -> "wire.Reply":
    """The decoded reply, or a Failure that shows the differences and the reply."""
    asked = step.get("ask", step.get("raw"))
    if got is None:
        raise Failure(f"{asked}\n  no reply")
    try:
        reply = wire.Reply(got)
    except Exception as error:  # dnspython names many; each means that the reply cannot be read
        raise Failure(f"{asked}\n  the reply cannot be decoded: {error!r}\n  {got.hex()}") from None
    want = {"soa": context.zone, **{k: v for k, v in step.items() if k in expect.KEYS}}
    for key in ("answer", "authority", "additional", "additional_has", "answer_from"):
        if key in want:
            want[key] = [context.fill(record) for record in want[key]]
    differences = expect.compare(reply, want, context.ignored) + expect.invariants(reply, packet, udp_limit(packet, step))
    # OPT belongs into a reply when, and only when, the query had one (RFC 6891 7).
    if reply.opt != step.get("opt", wire.HEADER.unpack(packet[:12])[5] > 0 if len(packet) >= 12 else False) and "raw" not in step:
        differences.append(f"OPT in the reply is {reply.opt}")
    if differences:
        raise Failure(f"{asked}\n" + "".join(f"  {line}\n" for line in differences) + indent(reply.dump()))
    return reply


def indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())


def run_ask(step: dict, context: Context):
    unknown = step.keys() - ASK_KEYS
    if unknown:
        raise Failure(f"unknown keys {sorted(unknown)} in {step}")
    questions = step["ask"] if isinstance(step["ask"], list) else [step["ask"]]
    for question in questions:
        if "sweep" in step:
            low, high, by = step["sweep"]
            for size in range(low, high + 1, by):
                one = {**step, "edns": size, "ask": question}
                packet = build(one, question, context)
                judge(one, packet, exchange(one, packet, context), context)
        elif "until" in step:
            ask_until(step, question, context)
        else:
            ask_times(step, question, context)


def ask_once(step: dict, question: str, context: Context):
    packet = build(step, question, context)
    got = exchange(step, packet, context)
    if step.get("silence"):
        if got is not None:
            raise Failure(f"{question}\n  answered, silence expected\n  {got.hex()}")
        return None
    return judge({**step, "ask": question}, packet, got, context)


def ask_until(step: dict, question: str, context: Context):
    end = time.monotonic() + step["until"]
    while True:
        try:
            return ask_once(step, question, context)
        except Failure as failure:
            if time.monotonic() > end:
                raise Failure(f"{failure}  (for {step['until']} s)") from None
        time_passes()


def time_passes():
    select.select([], [], [], UNTIL_PACE)


def ask_times(step: dict, question: str, context: Context):
    replies = [ask_once(step, question, context) for _ in range(step.get("times", 1))]
    if step.get("silence"):
        return
    orders = {tuple(r.text() for r in reply.answer) for reply in replies}
    sets = {tuple(sorted(order)) for order in orders}
    if len(orders) < step.get("distinct_orders", 1):
        raise Failure(f"{question}: {len(orders)} orders in {len(replies)} replies, at least {step['distinct_orders']} expected")
    if len(sets) < step.get("distinct_answers", 1):
        raise Failure(f"{question}: {len(sets)} answers in {len(replies)} replies, at least {step['distinct_answers']} expected")
    if step.get("same") and len(orders) != 1:
        raise Failure(f"{question}: {len(orders)} different replies, one expected")
    for address, (low, high) in step.get("shares", {}).items():
        share = sum(reply.answer[0].data == address for reply in replies) / len(replies)
        if not low <= share <= high:
            raise Failure(f"{question}: {address} stands first in {share:.4f} of the replies, expected {low} to {high}")


    data = [record.data for record in replies[-1].answer]
    for name, count in step.get("lost", {}).items():
        before = context.remembered[name]
        kept = [d for d in before if d in data]
        if len(before) - len(kept) != count or [d for d in data if d in before] != kept:
            raise Failure(f"{question}: of {before} {data} keeps {kept}, expected all but {count}, in their order")
    if "remember" in step:
        remembered = [d for d in data if d not in context.remembered.get(step.get("except"), [])]
        context.remembered[step["remember"]] = remembered
        context.names |= {f"{step['remember']}.{i}": d for i, d in enumerate(remembered)}


def run_pair(step: dict, context: Context):
    """A and AAAA over one socket within one second of the server's clock: the same instances in the same order."""
    listed = context.api.call("GET", expand_path(step.get("of", step["pair"])) + "/instances").json()["instances"]
    label = {address: i["label"] for i in listed for address in i["addresses"]}
    seen = set()
    for _ in range(step["times"]):
        while True:
            with dnsd.udp_socket(context.server, context.timeout) as s:
                begin, got = time.time(), []
                for rtype in ("A", "AAAA"):
                    s.send(wire.query(step["pair"], rtype))
                    got.append([label[d] for d in wire.Reply(s.recv(65535)).addresses()])
            if int(begin - CLOCK_LAG) == int(time.time()):
                break
        if got[0] != got[1] or len(got[0]) != step["count"]:
            raise Failure(f"{step['pair']}: A names {got[0]}, AAAA {got[1]}")
        seen.add(tuple(got[0]))
    if len(seen) < 2:
        raise Failure(f"{step['pair']}: every socket got {seen}")


def run_raw(step: dict, context: Context):
    """"raw": words of hex digits; ID is a random id, n:NAME a name on the wire."""
    packet = b"".join(os.urandom(2) if word == "ID" else wire.encode_name(word[2:]) if word.startswith("n:")
                      else bytes.fromhex(word) for word in step["raw"].split())
    got = exchange(step, packet, context)
    if step.get("silence"):
        if got is not None:
            raise Failure(f"{step['raw']}\n  answered, silence expected\n  {got.hex()}")
    elif got is None and step.get("or_silence"):
        pass
    elif got is not None and len(got) < 12:
        raise Failure(f"{step['raw']}\n  a reply of {len(got)} octets")
    elif got is not None and "rcode" in step and "answer" not in step and "answer_count" not in step:
        # A reply to what cannot be parsed may carry no question; its header is what counts.
        rcode = wire.dns.rcode.to_text(wire.dns.rcode.Rcode(got[3] & 15))
        if rcode != step["rcode"] or got[:2] != packet[:2] or not got[2] & 0x80:
            raise Failure(f"{step['raw']}\n  {rcode}, expected {step['rcode']}\n  {got.hex()}")
    else:
        judge(step, packet, got, context)
    if wire.ask_udp(context.server, wire.query(context.zone, "SOA")) is None:
        raise Failure(f"{step['raw']}\n  the server answers no more")


def run_call(step: dict, context: Context):
    end = time.monotonic() + step.get("until", 0)
    while True:
        try:
            reply = context.call(step["call"])
            want = json.loads(context.fill(json.dumps(step["has"]))) if "has" in step else {}
            differences = contains(reply.json() or {}, want)
            if differences:
                raise Failure(f"{step['call']}\n" + "".join(f"  {line}\n" for line in differences) + f"  {reply}")
            return
        except Failure:
            if time.monotonic() > end:
                raise
        time_passes()


def run_watch_state(step: dict, context: Context):
    """Follows an instance's state while its target is probed. `not_before = n`: the state is seen, and never while
    fewer than n probes were answered. `through = n`: the state holds until n probes were answered."""
    want, target = step["state"], context.targets[step["target"]]
    needed, end = step.get("not_before", step.get("through")), time.monotonic() + step.get("until", 30)
    while True:
        reply = context.call(f"GET {step['watch_state']}")
        state = reply.json()["checks"][0]["state"]
        served = target.served  # read after the state: fewer now means fewer then
        if "not_before" in step and state == want:
            if served < needed:
                raise Failure(f"{step['watch_state']} is {want} after {served} probes, not before {needed} expected")
            return
        if "through" in step:
            if state not in (want, "unknown"):
                raise Failure(f"{step['watch_state']} is {state} after {served} probes, {want} expected\n  {reply}")
            if served >= needed and state == want:
                return
        if time.monotonic() > end:
            raise Failure(f"{step['watch_state']} is {state} after {served} probes, {want} expected in time\n  {reply}")
        time_passes()


def run_stream(step: dict, context: Context):
    """Several queries over one TCP connection: `segments = "one"` sends them in one write, "bytes" octet by octet."""
    packets = [wire.query(*q.split()) for q in step["stream"]]
    data = b"".join(wire.frame(p) for p in packets)
    with socket.create_connection(context.server, context.timeout) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in ([data] if step["segments"] == "one" else [data[i:i + 1] for i in range(len(data))]):
            s.sendall(piece)
        replies = {}
        for _ in packets:
            message = wire.receive_message(s)
            replies[message[:2]] = message
    for question, packet in zip(step["stream"], packets):
        judge({"ask": question, "over": "tcp", "answer_count": step.get("answer_count", 1)}, packet,
              replies.get(packet[:2]), context)


def run_idle(step: dict, context: Context):
    """An idle connection is closed by the server after a time within `idle` seconds, and not before."""
    low, high = step["idle"]
    with socket.create_connection(context.server, high + 5) as s:
        s.sendall(wire.frame(wire.query(context.zone, "SOA")))
        wire.receive_message(s)
        begin = time.monotonic()
        try:
            rest = s.recv(1)
        except ConnectionResetError:
            rest = b""
        took = time.monotonic() - begin
    if rest or not low <= took <= high:
        raise Failure(f"idle connection: closed after {took:.1f} s, expected {low} to {high}")


def run_walk(step: dict, context: Context):
    """QNAME minimisation: no ancestor of an existing name is NXDOMAIN (RFC 8020), whatever type is asked."""
    for name in step["walk"]:
        labels = name.rstrip(".").split(".")
        depth = len(context.zone.rstrip(".").split("."))
        for cut in range(len(labels) - depth + 1):
            ancestor = ".".join(labels[cut:])
            for rtype in ("NS", "A", "TXT"):
                reply = wire.ask(context.server, ancestor, rtype)
                if reply.rcode != "NOERROR":
                    raise Failure(f"{ancestor} {rtype}: {reply.rcode}, but {name} exists\n{indent(reply.dump())}")


STEPS = {"ask": run_ask, "pair": run_pair, "raw": run_raw, "call": run_call, "watch_state": run_watch_state, "stream": run_stream,
         "idle": run_idle, "walk": run_walk,
         "serve": lambda step, context: [context.targets[t].serve(s) for t, s in step["serve"].items()],
         "release": lambda step, context: context.targets[step["release"]].release()}
DNS_ONLY = {"ask", "raw", "stream", "idle", "walk"}


def kind_of(step: dict) -> str:
    kinds = step.keys() & STEPS.keys()
    if len(kinds) != 1:
        raise Failure(f"a step is one of {sorted(STEPS)}: {step}")
    return kinds.pop()


def run(step: dict, context: Context):
    STEPS[kind_of(step)](step, context)
