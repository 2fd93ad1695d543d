"""Measures: programs of both sides, one after the other in turns, and what becomes of their figures."""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
Figures = Dict[str, Any]


class Row(NamedTuple):
    """One line of the table. ratio: ours divided by theirs where there is something to compare with."""

    name: str
    unit: str
    ours: float
    theirs: Optional[float]
    goal: str
    met: Optional[bool]
    ratio: Optional[float]
    median: Optional[float] = None
    note: str = ""


def compare(name: str, unit: str, ours: Sequence[float], theirs: Sequence[float], most: Optional[float] = None,
            least: Optional[float] = None, factor: str = "") -> Row:
    """A row of two sides that ran in turns. most: small figures are good, and ours may be so many times theirs at most,
    by the smallest of each; least: large figures are good, by the largest of each."""
    best: Callable[[Sequence[float]], float] = min if most is not None else max
    ratio = best(ours) / best(theirs)
    median = statistics.median(a / b for a, b in zip(ours, theirs))
    if most is not None:
        goal, met = "at most %s" % (factor or "%gx" % most), ratio <= most
    else:
        assert least is not None
        goal, met = "at least %gx" % least, ratio >= least
    return Row(name, unit, best(ours), best(theirs), goal, met, ratio, median)


def information(name: str, unit: str, ours: Sequence[float], theirs: Sequence[float], note: str = "") -> Row:
    """A row without a goal, of figures that are good when small."""
    ratio, median = min(ours) / min(theirs), statistics.median(a / b for a, b in zip(ours, theirs))
    return Row(name, unit, min(ours), min(theirs), "-", None, ratio, median, note)


def limit(name: str, unit: str, value: float, most: float, note: str = "") -> Row:
    """A row with a figure of ours alone."""
    return Row(name, unit, value, None, "at most %g" % most, value <= most, None, None, note)


class Lab:
    """Where things are, and how they are run."""

    def __init__(self, out: Path, library: Path, python: Path, quick: bool) -> None:
        self.out, self.library, self.python, self.quick = out, library, python, quick
        self.host = self.ca = ""
        self.server: Any = None
        self.environment = dict(
            os.environ, LD_LIBRARY_PATH=str(out / "lib"), AIGC_LIBRARY=str(library),
            PYTHONPATH=str(ROOT / "bindings/python/src"), PYTHONDONTWRITEBYTECODE="1")
        for name in list(self.environment):
            if name.lower().endswith("_proxy") or name.startswith(("ALIBABA_CLOUD_", "TENCENTCLOUD_")):
                del self.environment[name]

    def times(self, number: int) -> int:
        """So many turns, fewer in a hurry."""
        return 2 if self.quick else number

    def count(self, number: int) -> int:
        """So many calls, fewer in a hurry."""
        return max(1, number // 5) if self.quick else number

    def run(self, *command: object, **environment: str) -> Figures:
        """The figures that a program prints."""
        done = subprocess.run([str(c) for c in command], env={**self.environment, **environment}, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, encoding="utf-8", timeout=1800)
        if done.returncode != 0:
            raise RuntimeError("%s: %s" % (" ".join(map(str, command)), done.stderr.strip()[-2000:]))
        figures: Figures = json.loads(done.stdout.strip().splitlines()[-1])
        return figures

    def program(self, name: str, *arguments: object) -> Figures:
        """A C program of this folder."""
        return self.run(self.out / "bin" / name, *arguments)

    def script(self, name: str, *arguments: object) -> Figures:
        """A Python program of this folder."""
        return self.run(self.python, HERE / "python" / name, *arguments)

    def served(self, work: Callable[[], Figures]) -> Figures:
        """The same, with the calls as the server counted them."""
        before = self.server.requests()
        figures = work()
        figures["calls"] = self.server.requests() - before - 1
        return figures

    def instructions(self, name: str, *arguments: object) -> int:
        """Instructions of one run, by valgrind."""
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(self.out / "bin" / name),
             *map(str, arguments)], env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", timeout=1800)
        found = re.search(r"Collected : (\d+)", done.stderr)
        if done.returncode != 0 or not found:
            raise RuntimeError("valgrind %s: %s" % (name, done.stderr[-2000:]))
        return int(found.group(1))

    def per_call(self, name: str, *arguments: object, few: int = 500, many: int = 2500) -> float:
        """Instructions of one more call: what starting costs falls out. The number of calls is the last argument."""
        small, large = (self.instructions(name, *arguments, number) for number in (few, many))
        return (large - small) / (many - few)

    def in_turns(self, times: int, *sides: Callable[[], Figures]) -> List[List[Figures]]:
        """Runs the sides in turns, so that what else the machine does meets all of them alike."""
        results: List[List[Figures]] = [[] for _ in sides]
        for _ in range(self.times(times)):
            for side, result in zip(sides, results):
                result.append(side())
        return results


def cpu_per_call(figures: Sequence[Figures]) -> List[float]:
    """Microseconds of CPU for a call, of each run."""
    return [f["cpu"] / f["calls"] * 1e6 for f in figures]


def per_second(figures: Sequence[Figures]) -> List[float]:
    """Calls a second, of each run."""
    return [f["calls"] / f["seconds"] for f in figures]


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def shown(value: Optional[float]) -> str:
    """Three digits that matter."""
    if value is None:
        return "-"
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return "{:,.0f}".format(value)
    return "%.3g" % value


def table(rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    lines = ["| measure | unit | ours | theirs | ratio (median) | goal | met |", "|---|---|---:|---:|---:|---|---|"]
    for row in rows:
        ratio = "-"
        if row.ratio is not None:
            ratio = "%.3g" % row.ratio + (" (%.3g)" % row.median if row.median is not None else "")
        met = "-" if row.met is None else "yes" if row.met else "**no**"
        lines.append("| %s | %s | %s | %s | %s | %s | %s |" % (
            row.name + (": " + row.note if row.note else ""), row.unit, shown(row.ours), shown(row.theirs), ratio, row.goal,
            met))
    return "\n".join(lines)


Measure = Callable[[Lab], List[Row]]
Measures = List[Tuple[str, Measure]]
