"""What is wrong with the rows, grouped: the first on the screen, all of them in a file."""

from __future__ import annotations

from typing import Dict, Iterator, List, NamedTuple, Tuple

SHOWN = 20
_PLACES = 3


class Problem(NamedTuple):
    """One thing that is wrong, and where. Equal texts about one column are one group."""

    text: str
    """What is wrong, and what would be right."""
    row: int = 0
    """The number of the row, from 1; 0 where it is about the whole file."""
    line: int = 0
    """The line of the file, from 1; 0 where there is none."""
    column: str = ""
    is_machine: bool = False
    """Whether the rows are right, and this machine is in the way."""

    def where(self, name: str) -> str:
        """The place, for people."""
        parts = [f"{name}:{self.line}" if self.line else name]
        if self.row:
            parts.append(f"row {self.row}")
        if self.column:
            parts.append(f"column {self.column}")
        return ", ".join(parts)


class Problems:
    """Counts problems and keeps the first places of each kind: memory does not grow with the rows."""

    def __init__(self, name: str = "") -> None:
        self.name = name
        """The file's, for messages."""
        self.count = 0
        self.machine = 0
        """How many of them this machine has, and not the rows."""
        self._groups: Dict[Tuple[str, str], Tuple[List[Problem], int]] = {}
        self._more = 0

    def add(self, problem: Problem) -> str:
        """Counts a problem and returns its line for the file of all."""
        self.count += 1
        self.machine += problem.is_machine
        group = (problem.column, problem.text)
        if group in self._groups:
            kept, number = self._groups[group]
            if len(kept) < _PLACES:
                kept.append(problem)
            self._groups[group] = (kept, number + 1)
        elif len(self._groups) < SHOWN:
            self._groups[group] = ([problem], 1)
        else:
            self._more += 1
        return f"{problem.where(self.name)}: {problem.text}"

    def lines(self) -> Iterator[str]:
        """At most SHOWN lines for the screen: a group each, with its first places."""
        for kept, number in self._groups.values():
            first = kept[0]
            line = f"{first.where(self.name)}: {first.text}"
            if number > 1:
                others = ", ".join(str(each.line or each.row) for each in kept[1:])
                line += f" ({number} rows; the next: {others}{', …' if number > len(kept) else ''})"
            yield line
        if self._more:
            yield f"and {self._more} more"
