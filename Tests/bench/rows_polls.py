"""A followed job: seconds between its end and the call that sees it, against calls."""

from __future__ import annotations

from typing import List

from lab import Lab, Measures, Row


def schedules(lab: Lab) -> List[Row]:
    """Job durations that are log-normal around 12 s: a fixed pause of 5 s as in sample loops, and DashScope's."""
    rows = []
    for spread in (0.25, 0.5):
        found = lab.program("polls", 12, spread, 20000)
        for name, text in (("fixed", "a call each 5 s"), ("dashscope", "DashScope's schedule")):
            theirs, ours = found[name], found["ours"]
            note = "jobs of 12 s, spread %g" % spread
            rows.append(Row("seconds until known, against " + text, "s", ours["lag"], theirs["lag"], "at most 0.5x",
                            ours["lag"] <= theirs["lag"] / 2, ours["lag"] / theirs["lag"], None, note))
            rows.append(Row("calls of a job, against " + text, "", ours["calls"], theirs["calls"], "at most 1x",
                            ours["calls"] <= theirs["calls"], ours["calls"] / theirs["calls"], None, note))
    return rows


MEASURES: Measures = [("polls", schedules)]
