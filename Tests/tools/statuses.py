"""What a status says beyond its line in include/aigc.h: statuses.tsv, one status a line."""

from __future__ import annotations

from pathlib import Path
from typing import Dict, List, NamedTuple

import header


class Advice(NamedTuple):
    """A row: the sentence of aigc_status_text(), and two columns of the guide."""

    sentence: str
    again: str
    action: str


def statuses() -> List[header.Constant]:
    """The statuses, in the order of the header."""
    return [c for e in header.enumerations() if e.prefix == "AIGC_E_" for c in e.constants]


def advice() -> Dict[str, Advice]:
    """The rows by the name of the status; a status without one, or a row without a status, is an error."""
    rows = {}
    for line in Path(__file__).with_name("statuses.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            name, *rest = line.split("\t")
            if len(rest) != 3:
                raise SystemExit("Tests/tools/statuses.tsv: %s has %d columns, 4 are right" % (name, len(rest) + 1))
            rows[name] = Advice(*rest)
    known = {s.name for s in statuses()}
    for name in sorted(known - set(rows)):
        raise SystemExit("Tests/tools/statuses.tsv has no row for %s: write it where the header has the constant" % name)
    for name in sorted(set(rows) - known):
        raise SystemExit("Tests/tools/statuses.tsv has a row for %s, which include/aigc.h does not have" % name)
    return rows


def camel(name: str) -> str:
    """AIGC_E_NOT_FOUND as Swift writes it: notFound."""
    first, *rest = name.split("AIGC_E_" if "AIGC_E_" in name else "AIGC_")[1].lower().split("_")
    return first + "".join(word.capitalize() for word in rest)
