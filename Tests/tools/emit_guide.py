"""The guide's table of statuses."""

from __future__ import annotations

import statuses


def statuses_table() -> str:
    """One row a status: the header's words, and the columns of statuses.tsv."""
    rows = statuses.advice()
    lines = ["\n| status | meaning | try again? | who must act, and what to do |\n", "|---|---|---|---|\n"]
    for status in statuses.statuses():
        row = rows[status.name]
        meaning = status.comment.rstrip(".")
        lines.append("| `%s` | %s | %s | %s |\n" % (status.name, meaning, row.again, row.action))
    return "".join(lines) + "\n"
