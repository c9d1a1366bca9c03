"""What a suite found: tables, goals with how far they are met or missed; printed at once, and kept as JSON from which
docs/performance.md gets its tables."""

import datetime
import json
import pathlib
import re

import measure

ROOT = pathlib.Path(__file__).resolve().parents[1]
RESULTS = ROOT / "bench/results"


def cell(value, form: str) -> str:
    return "-" if value is None else value if isinstance(value, str) else format(value, form)


class Report:
    def __init__(self, suite: str):
        self.suite, self.tables, self.goals, self.rows = suite, [], [], []

    def table(self, title: str, lines: list[dict], columns: list[tuple[str, str, str]]):
        """`columns`: key, heading, format. A missing value is a dash."""
        text = [[heading for _, heading, _ in columns]]
        text += [[cell(line.get(key), form) for key, _, form in columns] for line in lines]
        self.tables.append({"title": title, "cells": text})
        widths = [max(len(row[i]) for row in text) for i in range(len(columns))]
        print(f"\n{title}")
        for row in text:
            print("  " + "  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))),
                  flush=True)

    def goal(self, text: str, value: float | None, limit: float, unit: str = "", least: bool = False, form: str = ".3g"):
        """`least`: at least the limit is wanted, else at most. Without a value (no gdnsd here) it is open."""
        met = None if value is None else value >= limit if least else value <= limit
        shown = "not measured" if value is None else f"{value:{form}}{unit}"
        word = {True: "met", False: "MISSED", None: "open"}[met]
        line = f"{text}: {shown} (goal: at {'least' if least else 'most'} {limit:{form}}{unit})"
        self.goals.append({"text": line, "value": value, "limit": limit, "met": met, "word": word})
        print(f"  {word:6} {line}", flush=True)

    def keep(self, rows: list[dict], **more):
        """Single runs, for whoever wants to look closer."""
        self.rows += [{**row, **more} for row in rows]

    def write(self, folder: pathlib.Path, arguments: dict) -> pathlib.Path:
        facts = measure.machine(ROOT)
        when = datetime.datetime.now(datetime.UTC)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.suite}-{when:%Y%m%dT%H%M%SZ}-{facts['commit']}.json"
        path.write_text(json.dumps({"suite": self.suite, "when": f"{when:%Y-%m-%d %H:%M} UTC", "machine": facts,
                                    "arguments": arguments, "tables": self.tables, "goals": self.goals,
                                    "rows": self.rows}, indent=1) + "\n")
        print(f"\nwritten: {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
        return path


def markdown(kept: dict) -> str:
    machine = kept["machine"]
    out = [f"`./dev bench {kept['suite']}`, {kept['when']}, commit `{machine['commit']}`"
           f"{' with changes' if machine['changed'] else ''}; {machine['cpu']}, {machine['cores']} cores, kernel "
           f"{machine['kernel']}; busy with others meanwhile: {machine['load']}.", ""]
    for table in kept["tables"]:
        head, *rows = table["cells"]
        out += [f"**{table['title']}**", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        out += ["| " + " | ".join(row) + " |" for row in rows] + [""]
    if kept["goals"]:
        out += ["| | goal |", "|---|---|"] + [f"| {g['word']} | {g['text']} |" for g in kept["goals"]] + [""]
    return "\n".join(out)


def update_page(page: pathlib.Path, results: pathlib.Path = RESULTS) -> list[str]:
    """Puts the newest result of each suite between its marks `<!-- results:SUITE -->` and `<!-- end -->`."""
    text, done = page.read_text(), []
    for suite in re.findall(r"<!-- results:(\w+) -->", text):
        newest = max(results.glob(f"{suite}-2*.json"), key=lambda p: p.name.split("-")[1], default=None)
        if newest is None:
            continue
        block = f"<!-- results:{suite} -->\n{markdown(json.loads(newest.read_text()))}<!-- end -->"
        text = re.sub(rf"<!-- results:{suite} -->.*?<!-- end -->", lambda _: block, text, flags=re.S)
        done.append(newest.name)
    page.write_text(text)
    return done
