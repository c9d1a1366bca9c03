"""Replies falsified on purpose, each in one way that a client would suffer from: the comparison must notice every one.

Each reply here is one on which the servers agreed; the false copy takes the place of ours."""

import copy
import random

import compare
import message


def drop(section: int):
    def change(reply, rng):
        records = reply.sections[section]
        return records and (records.pop(rng.randrange(len(records))) or True)
    return change


def change_ttl(reply, rng):
    for records in reply.sections[:2]:
        if records:
            at = rng.randrange(len(records))
            records[at] = (*records[at][:3], records[at][3] + 1, records[at][4])
            return True
    return False


def change_rdata(reply, rng):
    for records in reply.sections:
        if records and records[0][4]:
            records[0] = (*records[0][:4], records[0][4][:-1] + bytes([records[0][4][-1] ^ 1]))
            return True
    return False


def flip(bit: int):
    def change(reply, _):
        reply.flags ^= bit
        return True
    return change


def change_rcode(reply, _):
    reply.rcode = 3 - reply.rcode if reply.rcode in (0, 3) else 0
    return True


def drop_glue(reply, rng):
    """Of a referral; elsewhere additional data is optional."""
    return not reply.aa and reply.rcode == 0 and drop(2)(reply, rng)


CHANGES = {"an answer is missing": drop(0), "a record of the authority section is missing": drop(1), "glue is missing": drop_glue,
           "AA": flip(0x400), "TC": flip(0x200), "AD": flip(0x20), "a TTL": change_ttl, "rdata": change_rdata,
           "the rcode": change_rcode}


class Nowhere:
    """A world in which no record is known and no name is special."""

    @staticmethod
    def is_true(_):
        return False

    @staticmethod
    def exists(_):
        return True

    @staticmethod
    def traits(*_):
        return set()


def caught(sample: list, rules: compare.Rules) -> tuple[int, int]:
    rng, found, made = random.Random(4), 0, 0
    for title, change in CHANGES.items():
        tried = 0
        for question, theirs in sample:
            ours = copy.copy(theirs)
            ours.sections = [list(s) for s in theirs.sections]
            if not change(ours, rng):
                continue
            tried += 1
            differing = compare.differences(ours, theirs)
            left = rules.unexplained("nsd", question, ours, theirs, differing, Nowhere, theirs) and \
                rules.unexplained("knot", question, ours, theirs, differing, Nowhere, theirs)
            found, made = found + bool(left), made + 1
            if not left:
                print(f"FAILED: not found out: {title}: {question.show()}\n{message.show(theirs)}")
            if tried == 50:
                break
        if tried == 0:
            print(f"FAILED: no reply to falsify: {title}")
            made += 1
    return found, made
