"""Counts things by name, and remembers the first examples that show them."""

import collections
import json
from typing import Any

SHOWN = 3  # Examples of each kind that messages name; ours.


class Tally:
    """Counts over the examples of a split; tallies of parts of it can be merged, in any order.

    Attributes:
      sums: numbers by name.
      names: by name of what is marked, the first examples in alphabetical order.
      digests: by example, digests of its image and of its annotations.
    """

    def __init__(self) -> None:
        self.sums: collections.Counter[str] = collections.Counter()
        self.names: dict[str, list[str]] = {}
        self.digests: dict[str, tuple[str, str]] = {}

    def add(self, name: str, amount: float = 1) -> None:
        """Adds an amount to a sum."""
        self.sums[name] += amount  # type: ignore[assignment]

    def mark(self, name: str, example: str) -> None:
        """Counts one example, and remembers it if it is among the first."""
        self.sums[name] += 1
        self.names[name] = sorted({*self.names.get(name, ()), example})[:SHOWN]

    def merge(self, other: "Tally") -> None:
        """Adds the counts of other examples."""
        self.sums.update(other.sums)
        for name, examples in other.names.items():
            self.names[name] = sorted({*self.names.get(name, ()), *examples})[:SHOWN]
        self.digests |= other.digests

    def to_json(self) -> str:
        """Returns the tally as text, which `from_json` reads."""
        return json.dumps({"sums": self.sums, "names": self.names, "digests": self.digests})

    @classmethod
    def from_json(cls, text: str) -> "Tally":
        """Reads what `to_json` returned."""
        content: dict[str, Any] = json.loads(text)
        found = cls()
        found.sums.update(content["sums"])
        found.names = content["names"]
        found.digests = {name: (image, own) for name, (image, own) in content["digests"].items()}
        return found
