"""What it costs to have the library at all: size, time, memory."""

from __future__ import annotations

import statistics
from typing import List

from lab import Lab, Measures, Row, limit


def size(lab: Lab) -> List[Row]:
    """The stripped library."""
    return [limit(".so stripped", "MB", (lab.out / "dist" / "libaigc.so.1").stat().st_size / 1e6, 8)]


def load(lab: Lab) -> List[Row]:
    """A process opens the library and makes a client."""
    library = lab.out / "dist" / "libaigc.so.1"
    alone = [lab.program("load", library) for _ in range(lab.times(20))]
    beside = [lab.program("load", library, "with") for _ in range(lab.times(20))]

    def middle(runs: list, key: str) -> str:
        return "median %.3g" % statistics.median(f[key] for f in runs)

    rows = []
    for name, runs in (("alone", alone), ("where libcurl is loaded", beside)):
        rows.append(limit("dlopen and first client, " + name, "ms", min(f["all_ms"] for f in runs), 5, middle(runs, "all_ms")))
        rows.append(limit("resident memory added, " + name, "MB", min(f["rss_kb"] for f in runs) / 1000, 8,
                          "median %.3g" % (statistics.median(f["rss_kb"] for f in runs) / 1000)))
    only = [lab.program("load", "-") for _ in range(lab.times(20))]
    for key, unit, name, scale in (("all_ms", "ms", "time", 1), ("rss_kb", "MB", "memory", 1000)):
        ours, theirs = (min(f[key] for f in runs) / scale for runs in (alone, only))
        rows.append(Row("the same %s, against libcurl and jansson without us" % name, unit, ours, theirs, "-", None,
                        ours / theirs))
    return rows


def python(lab: Lab) -> List[Row]:
    """import aigc."""
    code = ("import json, time; t = time.perf_counter(); import aigc; "
            "print(json.dumps({'ms': (time.perf_counter() - t) * 1e3}))")
    runs = [lab.run(lab.python, "-c", code)["ms"] for _ in range(lab.times(10))]
    return [limit("Python: import aigc", "ms", min(runs), 30, "median %.3g" % statistics.median(runs))]


MEASURES: Measures = [("size", size), ("load", load), ("import", python)]
