#!/usr/bin/python3
"""The same zones served by dnsd, NSD and Knot; random questions; the replies compared section by section.

    run.py [--binary dnsd] [--queries 20000] [--seed 1] [--rounds 2] [--show]

A round is a set of random zones (every second one with a root zone around them) and its share of the queries; the seed
of each is printed and repeats it. A difference is a bug, unless differences.toml lists it. Ends with "N passed, N
failed, N skipped": one for each round and other server, and one for the test's own proof that it can fail.
"""

import argparse
import collections
import pathlib
import random
import select
import socket
import struct
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parent / "lib"))
import compare  # noqa: E402
import message  # noqa: E402
import mutants  # noqa: E402
import programs  # noqa: E402
import questions  # noqa: E402
import server as dnsd  # noqa: E402
import servers  # noqa: E402
import wire  # noqa: E402
import zones  # noqa: E402

BATCH = 64
MOST_SHOWN = 20
MOST_DEATHS = 3


class Line:
    """One server's UDP socket: a batch of questions out, the replies in by id; what got lost is asked again."""

    def __init__(self, server):
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 21)
        self.socket.connect(server.address)

    def exchange(self, packets: list[bytes]) -> list[bytes | None]:
        replies: dict[int, bytes] = {}
        for attempt in range(3):
            waiting = [p for p in packets if int.from_bytes(p[:2]) not in replies]
            for packet in waiting:
                self.socket.send(packet)
            end = time.monotonic() + (0.5 if attempt else 5)
            while len(replies) < len(packets):
                if not select.select([self.socket], [], [], max(0, end - time.monotonic()))[0]:
                    break
                reply = self.socket.recv(65535)
                replies[int.from_bytes(reply[:2])] = reply
            if len(replies) == len(packets):
                break
        return [replies.get(int.from_bytes(p[:2])) for p in packets]

    def over_tcp(self, packet: bytes) -> bytes | None:
        try:
            return wire.ask_tcp(self.server.address, packet, 10)
        except OSError:
            return None


class Round:
    def __init__(self, seed: int, count: int, root: bool, args, rules: compare.Rules):
        self.seed, self.count, self.root, self.args, self.rules = seed, count, root, args, rules
        self.zones, self.unproven = zones.make(seed, root)
        self.asker = questions.Asker(self.zones, random.Random(seed * 7919 + 1))
        self.failures = collections.defaultdict(list)
        self.truth: dict = {}
        self.sample = []
        self.truncated = 0
        self.deaths = collections.Counter()

    def run(self):
        peers = [servers.Nsd(self.zones), servers.Knot(self.zones)]
        with servers.Dnsd(self.zones, self.args.binary) as ours, peers[0], peers[1]:
            self.peers = {peer.name: peer for peer in peers}
            self.lines = {server.name: Line(server) for server in (ours, *peers)}
            done = 0
            while done < self.count and len(self.failures["nsd"]) + len(self.failures["knot"]) < 500:
                batch = [self.asker.next() for _ in range(min(BATCH, self.count - done))]
                self.batch(batch)
                done += len(batch)
            for line in self.lines.values():
                line.socket.close()
        return self

    def batch(self, batch):
        packets = [q.packet(i + 1) for i, q in enumerate(batch)]
        udp = [i for i, q in enumerate(batch) if not q.tcp]
        replies = {name: dict(zip(udp, line.exchange([packets[i] for i in udp]))) for name, line in self.lines.items()}
        for i, question in enumerate(batch):
            if question.tcp:
                for name, line in self.lines.items():
                    replies[name][i] = line.over_tcp(packets[i])
            self.judge(question, packets[i], {name: replies[name][i] for name in self.lines})

    def judge(self, question, packet, replies):
        decoded, unread = {}, set()
        for name, reply in replies.items():
            try:
                decoded[name] = message.Reply(reply) if reply is not None else None
            except message.Malformed as error:
                if name == "dnsd":
                    return self.fail(name, question, f"the reply cannot be read: {error}\n{reply.hex()}")
                print(f"{name}'s reply to {question.show()} cannot be read: {error}, seed {self.seed}", flush=True)
                decoded[name], unread = None, unread | {name}  # its fault, and nothing to compare with
        ours = decoded["dnsd"]
        if ours is not None:
            self.judge_alone(question, packet, ours)
        if any(r is not None and r.tc for r in decoded.values()) and not question.tcp:
            return self.judge_truncated(question, packet, decoded)
        for name, third in (("nsd", "knot"), ("knot", "nsd")):
            if name in self.lines and name not in unread:
                self.judge_pair(name, question, ours, decoded[name], decoded.get(third))

    def judge_alone(self, question, packet, ours):
        """What needs no other server to be wrong."""
        limit = 65535 if question.tcp else 512 if question.edns is None else max(512, min(question.edns, servers.UDP_SIZE))
        if ours.size > limit:
            self.fail("dnsd", question, f"{ours.size} octets, the client takes {limit}")
        if ours.repeats():
            self.fail("dnsd", question, f"a record stands twice: {[message.show_record(r) for r in ours.repeats()]}")
        end = message.HEADER.size + len(question.name) + 4
        if ours.question not in (packet[12:end], b"") or not ours.question and ours.rcode not in (1, 4):
            self.fail("dnsd", question, "the question is not echoed octet for octet")

    def judge_truncated(self, question, packet, decoded):
        """TC says ask again over TCP: there everything must agree. TC itself is right when not all would have fit."""
        self.truncated += 1
        full = {}
        for name, line in self.lines.items():
            reply = line.over_tcp(packet)
            full[name] = message.Reply(reply) if reply is not None else None
        ours, whole = decoded["dnsd"], full["dnsd"]
        if ours is not None and whole is not None:
            limit = 512 if question.edns is None else max(512, min(question.edns, servers.UDP_SIZE))
            if ours.tc and whole.size <= limit:
                self.fail("dnsd", question, f"TC, but all of it has {whole.size} octets and the client takes {limit}")
            if not ours.tc and ours.sections[:2] != whole.sections[:2]:
                self.fail("dnsd", question, "no TC, but answer or authority are not whole")
            if not set(ours.sections[0]) <= set(whole.sections[0]):
                self.fail("dnsd", question, "UDP answers what TCP does not")
        for name, third in (("nsd", "knot"), ("knot", "nsd")):
            if name in self.lines:
                self.judge_pair(name, question, whole, full[name], full.get(third))

    def judge_pair(self, name, question, ours, theirs, third):
        if theirs is None and ours is not None:
            theirs = self.once_more(name, question)
            if theirs is None:
                return
        if ours is None or theirs is None:
            if ours is not None or theirs is not None:
                found = [compare.Difference("silence", ours is None, theirs is None)]
                empty = theirs or ours
                if self.rules.unexplained(name, question, empty, empty, found, self):
                    self.fail(name, question, f"{'dnsd' if ours is None else name} does not answer")
            return
        found = compare.differences(ours, theirs)
        if not found and len(self.sample) < 3000 and ours.rcode in (0, 3, 6) and question.qclass == 1 and \
                question.qtype not in (46, 47, 50, 255):  # what rules excuse by type alone falsifies nothing
            self.sample.append((question, ours))
        left = self.rules.unexplained(name, question, ours, theirs, found, self, third) if found else []
        if left:
            self.fail(name, question, "\n".join(d.show() for d in left) +
                      f"\n-- dnsd: {message.show(ours)}\n-- {name}: {message.show(theirs)}")

    def once_more(self, name, question) -> message.Reply | None:
        """The other server was silent. It may have ended, or hang, of this question or of one shortly before: that is no
        fault of ours; it is started again, a few times, and the test goes on without the question. None: so it was, or
        the silence was a failure and is noted."""
        peer, line = self.peers[name], self.lines[name]
        if peer.process.poll() is None:
            reply = line.exchange([question.packet(1)])[0]
            if reply is not None:
                return message.Reply(reply)
            if peer.serves(next(iter(self.zones))):
                self.fail(name, question, f"{name} does not answer")
                return None
        self.deaths[name] += 1
        print(f"{name} ended or hangs after {question.show()}, seed {self.seed}", flush=True)
        line.socket.close()
        if self.deaths[name] > MOST_DEATHS:  # of these zones, not of us: the round goes on with the other one
            print(f"skipped: seed {self.seed} goes on without {name}, which ended or hung {self.deaths[name]} times", flush=True)
            del self.lines[name]
        else:
            self.lines[name] = Line(peer.start())
        return None

    def is_true(self, record) -> bool:
        """Does another server know this record? Asked of its owner and type."""
        key = record[:2]
        if key not in self.truth:
            packet = message.question(9, 0, record[0], record[1] if record[1] != 46 else 255, 1, 4096, True)
            known = set()
            for rtype in ([record[1]] if record[1] != 46 else [int.from_bytes(record[4][:2]), 46]):
                packet = message.question(9, 0, record[0], rtype, 1, 4096, True)
                reply = self.lines["nsd"].over_tcp(packet)
                known |= {r for section in message.Reply(reply).sections for r in section} if reply else set()
            self.truth.setdefault(key, set()).update(known)
        return record in self.truth[key]

    def apex_of(self, name: bytes) -> bytes | None:
        while name not in self.asker.apexes:
            if len(name) == 1:
                return None
            name = name[name[0] + 1:]
        return name

    def exists(self, name: bytes) -> bool:
        return any(name in names for names in self.asker.by_apex.values())

    def traits(self, question, ours, theirs) -> set[str]:
        """Where names of the question and of the chain lie that servers differ about."""
        cnames = [(r[0], r[4]) for reply in (ours, theirs) for r in reply.sections[0] if r[1] == 5]
        out = {"dname"} if any(r[1] == 39 for r in ours.sections[0]) else set()
        if any(self.apex_of(owner) != self.apex_of(target) for owner, target in cnames):
            out.add("crosses")
        for name in [question.name.lower(), *(target for _, target in cnames)]:
            suffixes = [name]
            while len(suffixes[-1]) > 1:
                suffixes.append(suffixes[-1][suffixes[-1][0] + 1:])
            if b"\1*" in name or any(b"\1*" + s in self.asker.empty_asterisks for s in suffixes):
                out.add("asterisk")
            if any(s in self.unproven for s in suffixes):
                out.add("unproven")
            if any(s in self.asker.hashed for s in suffixes):
                out.add("hashed")  # at or below an owner name of an NSEC3 chain
            apexes = [i for i, s in enumerate(suffixes) if s in self.asker.apexes]
            for outer in apexes[1:]:  # the deepest comes first
                names = self.asker.by_apex[suffixes[outer]]
                if any(s in names for s in suffixes[:apexes[0]]):
                    out.add("outer")  # exists in the file of a zone around the one that answers
        return out

    def fail(self, name, question, text):
        self.failures[name].append((question, text))


def report(result: Round) -> tuple[int, int, int]:
    failed, skipped = 0, 3 - len(result.lines)
    for name in ("dnsd", "nsd", "knot"):
        failures = result.failures[name]
        failed += bool(failures)
        for question, text in failures[:MOST_SHOWN]:
            print(f"FAILED: seed {result.seed}{' root' if result.root else ''}, beside {name}: {question.show()}\n" +
                  "".join(f"    {line}\n" for line in text.splitlines()))
        if len(failures) > MOST_SHOWN:
            print(f"... and {len(failures) - MOST_SHOWN} more beside {name}")
    return max(0, 3 - failed - skipped), failed, skipped


def main() -> int:
    parser = argparse.ArgumentParser(formatter_class=argparse.RawDescriptionHelpFormatter, description=__doc__)
    parser.add_argument("--binary", default=dnsd.binary())
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="how often each listed difference was met")
    args = parser.parse_args()
    args.binary = str(pathlib.Path(args.binary).resolve())
    absent = [p for p in ("nsd", "knotd") if programs.find(p) is None]
    if absent:
        print(f"skipped: {' and '.join(absent)}: neither unpacked nor installed\n0 passed, 0 failed, 1 skipped")
        return 0
    rules, begin = compare.Rules(HERE / "differences.toml"), time.monotonic()
    passed = failed = skipped = truncated = 0
    sample = []
    for number in range(args.rounds):
        result = Round(args.seed + number, args.queries // args.rounds, number % 2 == 1, args, rules).run()
        good, bad, without = report(result)
        passed, failed, skipped, truncated = passed + good, failed + bad, skipped + without, truncated + result.truncated
        sample += result.sample
    caught, made = mutants.caught(sample, rules)
    passed, failed = passed + (caught == made), failed + (caught != made)
    seeds = f"seeds {args.seed} to {args.seed + args.rounds - 1}"
    print(f"{args.queries} queries, {seeds}, {truncated} of them truncated; {caught} of {made} falsified replies were found "
          f"out; {time.monotonic() - begin:.1f} s")
    if args.show:
        for (rule, server), count in sorted(rules.used.items()):
            print(f"  {count:7} {server:5} {rule}")
        for rule in rules.rules:
            if not any(rule["id"] == used for used, _ in rules.used):
                print(f"        0       {rule['id']}")
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
