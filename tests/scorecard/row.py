"""A row of the scorecard, and what one run of it found."""

import dataclasses
import random
from collections.abc import Callable


class Skipped(Exception):
    """Nothing could be measured here; the text says why."""


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    claim: str  # as a user would put it
    target: str
    measure: Callable[["Measure"], None]
    seconds: int  # of the full tier, at most; then the row is ended and has failed
    alone: bool = False  # it measures times that another row beside it would spoil
    full_only: bool = False  # in the ordinary test run a group of its own does it


class Measure:
    """What is told to the row, and what the row tells."""

    def __init__(self, full: bool, seed: int):
        self.full, self.seed, self.random = full, seed, random.Random(seed)
        self.results: list[str] = []
        self.wrong: list[str] = []
        self.caught = self.mutants = 0

    def result(self, text: str):
        self.results.append(text)

    def require(self, holds: bool, otherwise: str):
        if not holds:
            self.wrong.append(otherwise)

    def mutant(self, noticed: bool, what: str):
        """The same judge was shown something wrong: `what`. It must have noticed."""
        self.mutants += 1
        self.caught += bool(noticed)
        self.require(noticed, f"not noticed: {what}")
