"""What readers of files give."""

from __future__ import annotations

from typing import Any, Dict, NamedTuple, Union

from ._problems import Problem


class Cells(NamedTuple):
    """One row as it was read."""

    row: int
    """From 1, without the header and without what was skipped."""
    line: int
    cells: Dict[str, Any]
    is_table: bool = False
    """Of csv or tsv: how a line ends within a cell says nothing, and is a single LF."""


class Skipped(NamedTuple):
    """A blank line, or a comment in a text file."""

    line: int


Read = Union[Cells, Skipped, Problem]
