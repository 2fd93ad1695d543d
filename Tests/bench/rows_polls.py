"""A followed job: seconds between its end and the call that sees it, against calls."""

from __future__ import annotations

from typing import List

from lab import Lab, Measures, Row


def schedules(lab: Lab) -> List[Row]:
    """Job durations that are log-normal around 12 s: a fixed pause of 5 s as in sample loops, and DashScope's. Ours learns
    from the jobs as they end."""
    rows = []
    for spread in (0.25, 0.5):
        found = lab.program("polls", 12, spread, 20000)
        ours = found["ours"]
        jobs = "jobs of 12 s, spread %g" % spread
        for name, text in (("fixed", "a call each 5 s"), ("dashscope", "DashScope's schedule")):
            theirs = found[name]
            rows.append(Row("seconds until known, against " + text, "s", ours["lag"], theirs["lag"], "at most 0.5x",
                            ours["lag"] <= theirs["lag"] / 2, ours["lag"] / theirs["lag"], None, jobs))
            rows.append(Row("calls of a job, against " + text, "", ours["calls"], theirs["calls"], "at most 1x",
                            ours["calls"] <= theirs["calls"], ours["calls"] / theirs["calls"], None, jobs))
        best = found["best"]
        rows.append(Row("seconds until known, against the best possible with %.1f calls" % best["calls"], "s", ours["lag"],
                        best["lag"], "-", None, ours["lag"] / best["lag"], None, jobs))
        rows.append(Row("calls of the first eight jobs, when nothing is known", "", found["cold"]["calls"],
                        found["fixed"]["calls"], "-", None, found["cold"]["calls"] / found["fixed"]["calls"], None, jobs))
    return rows


def sandbox(lab: Lab) -> List[Row]:
    """The same in a quarter of the time through the library: is the simulation what happens?"""
    real = lab.script("polls_sandbox.py", 1 if lab.quick else 4)
    simulated = lab.program("polls", 3, 0.25, 20000, 250, 1250)["ours"]
    rows = []
    for key, name, unit in (("lag", "seconds until known", "s"), ("calls", "calls of a job", "")):
        ratio = real[key] / simulated[key]
        rows.append(Row(name + " at the sandbox, against the simulation", unit, real[key], simulated[key], "at most 1.25x",
                        ratio <= 1.25, ratio, None, "%d jobs of 3 s" % real["jobs"]))
    return rows


MEASURES: Measures = [("polls", schedules), ("sandbox", sandbox)]
