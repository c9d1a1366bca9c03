"""Which client did what: a table at the end of the run, and a page.

A test class tells its client's name as CLIENT and its version by `version()`; a test's name says what the client does.
"""

import itertools
import pathlib
import re
import sys
import unittest

# Clients that need /etc/resolv.conf or a network of their own are tested where that is made.
ELSEWHERE = (("glibc getaddrinfo", "getent, Python and curl through resolv.conf", "system"),
             ("musl getaddrinfo", "a static program through resolv.conf", "system"),
             ("dig, drill", "through resolv.conf", "system"),
             ("systemd-resolved", "as README.md configures it", "docs"))


def classes_of(suite):
    """The test classes of a suite, each once, in their order."""
    seen = {}
    for part in suite:
        found = classes_of(part) if isinstance(part, unittest.TestSuite) else [type(part)]
        seen.update(dict.fromkeys(found))
    return list(seen)


def leave_out_heavy(suite, reason: str):
    """Classes that say HEAVY become counted skips; nothing of them is run."""
    for one in classes_of(suite):
        if getattr(one, "HEAVY", False):
            one.__unittest_skip__, one.__unittest_skip_why__ = True, reason


def class_of(test):
    """Also of what unittest reports for a whole class: "setUpClass (module.Class)"."""
    whole = re.fullmatch(r"(?:setUp|tearDown)Class \((\w+)\.(\w+)\)", test.id())
    return getattr(sys.modules.get(whole[1]), whole[2], None) if whole else type(test)


def version_of(one) -> str:
    try:
        return one.version()
    except Exception:  # the client is not there, or not as its version() thinks: its tests say more
        return "-"


def claim(test) -> str:
    name = test.id().rsplit(".", 1)[-1]
    return name.removeprefix("test_").replace("_", " ") if name.startswith("test_") else "all of it"


def rows(outcomes):
    """(client, version, what it did, what became of it); a client that was skipped whole, for one reason, is one row."""
    client = lambda outcome: getattr(class_of(outcome.test), "CLIENT", getattr(class_of(outcome.test), "__name__", "?"))
    for name, of_one in itertools.groupby(sorted(outcomes, key=lambda o: client(o).lower()), key=client):
        of_one = list(of_one)
        version = version_of(class_of(of_one[0].test))
        reasons = {outcome.reason for outcome in of_one}
        if len(reasons) == 1 and all(outcome.word == "skipped" for outcome in of_one):
            yield name, version, "", f"skipped: {of_one[0].reason}"
            continue
        for outcome in of_one:
            more = {"ok": f" ({outcome.seconds:.1f} s)", "skipped": f": {outcome.reason}"}.get(outcome.word, "")
            yield name, version, claim(outcome.test), outcome.word + more


def write(outcomes, page: pathlib.Path):
    """Prints the table and writes it as Markdown; a client's name and version stand in its first row only."""
    table = [("client", "version", "what it does with dnsd", "result")]
    last = None
    for name, *rest in rows(outcomes):
        table.append((name, *rest) if name != last else ("", "", *rest[1:]))
        last = name
    table += [(name, "", did, f"in ./dev test {group}") for name, did, group in ELSEWHERE]
    widths = [max(len(row[i]) for row in table) for i in range(3)]
    print("\nclients")
    for row in table:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0))).rstrip())
    page.parent.mkdir(parents=True, exist_ok=True)
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in table]
    page.write_text("\n".join([lines[0], "|---|---|---|---|", *lines[1:]]) + "\n")
