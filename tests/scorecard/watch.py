"""Somebody who asks all the time: questions in turn from a thread of its own, every reply judged."""

import collections
import random
import socket
import threading
import time
from collections.abc import Callable

import server as dnsd
import wire

PACE = 0.002  # seconds from one question to the next: a few hundred a second, and the core is left to others
PATIENCE = 5  # seconds for an answer; then it counts as none
MOST_KEPT = 5


class Watch:
    """`judge(question, reply)` says what is wrong with a reply, or nothing."""

    def __init__(self, at: tuple[str, int], questions: list[str], judge: Callable[[str, wire.Reply], str]):
        self.at, self.questions, self.judge = at, questions, judge
        self.asked, self.rcodes = 0, collections.Counter()
        self.wrong, self.kept = 0, []
        self.over, self.broken = threading.Event(), None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            self.ask_on()
        except Exception as error:  # for the row's own thread: nothing was judged from here on
            self.broken = error

    def ask_on(self):
        begin = time.monotonic()
        turn = 0
        with dnsd.udp_socket(self.at, PATIENCE) as s:
            while not self.over.wait(PACE):
                question = self.questions[turn % len(self.questions)]
                turn += 1
                what = self.ask(s, question)
                self.asked += 1
                if what:
                    self.wrong += 1
                    if len(self.kept) < MOST_KEPT:
                        self.kept.append(f"{time.monotonic() - begin:.1f} s: {question}: {what}")

    def ask(self, s: socket.socket, question: str) -> str:
        ident = random.getrandbits(16)
        name, rtype = question.split()
        try:
            s.send(wire.query(name, rtype, edns=4096, ident=ident))
            while (data := s.recv(65535))[:2] != ident.to_bytes(2):
                pass  # the late answer to a question that was given up
        except OSError as error:
            self.rcodes["silence"] += 1
            return f"no answer: {error}"
        reply = wire.Reply(data)
        self.rcodes[reply.rcode] += 1
        return self.judge(question, reply)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join(2 * PATIENCE)
        if self.broken or self.thread.is_alive():
            raise AssertionError(f"nobody asks any more: {self.broken!r}")

    def summary(self) -> str:
        return f"{self.wrong} of {self.asked} answers wrong" + (f" ({'; '.join(self.kept)})" if self.kept else "")


def expecting(answers: dict[str, list[str]]) -> Callable[[str, wire.Reply], str]:
    """A judge: question -> exactly these addresses, in any order."""

    def judge(question: str, reply: wire.Reply) -> str:
        want, got = sorted(answers[question]), sorted(reply.addresses())
        if reply.rcode != "NOERROR":
            return reply.rcode
        return "" if got == want else f"{len(got)} of {len(want)} addresses"

    return judge
