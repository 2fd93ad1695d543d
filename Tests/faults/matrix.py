"""The matrix: every fault at every operation of both clouds, over HTTP and TLS, on fresh and on reused connections.

usage: matrix.py [--journal] [--repeats N] [--first N] [--workers N] [--case WORDS] [--list]
  --journal  submissions only, all with one journal: its rows say what the jobs said, and the same keys give the same jobs
  --case   only cases whose name has all of these words, such as "submit tencent https reused reset_0"
  --first  the number of the first repetition: 50 of them can be run as five parts of ten
Prints one TAP line for each case (all its repetitions together) and the totals; failures once more, worst first.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Dict, List, Optional, Tuple

from rig import Rig  # first: it says where the aigc package lies

from cases import Case, every  # noqa: E402
from judge import ORDER, Created, Flaw, judge  # noqa: E402
from onecase import Run, Seen  # noqa: E402
from tap import Report  # noqa: E402

BATCH = 400


class Matrix:
    """Runs cases in batches; after each the cloud is asked what it has seen."""

    def __init__(self, rig: Rig, workers: int, journal: Optional[Path] = None) -> None:
        self._rig = rig
        self._journal = journal
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="case")
        self.flaws: Dict[str, List[Tuple[Case, Flaw]]] = {}
        self.runs: "Counter[str]" = Counter()
        self.totals: "Counter[str]" = Counter()
        self.unknown = 0
        self.jobs = 0
        self.duplicates = 0

    def batch(self, cases: List[Case]) -> None:
        """Run some, then judge them."""
        rig = self._rig
        rig.box.reset()
        folders = []
        for number in range(len(cases)):
            folder = rig.folder / ("case-%d" % number)
            folder.mkdir(exist_ok=True)
            folders.append(folder)
        done = list(self._pool.map(lambda pair: Run(rig, *pair, self._journal)(), zip(cases, folders)))
        stats = rig.box.stats()
        self.jobs += len(stats["jobs"])
        self.duplicates += stats["duplicates"]
        created = Created.of(stats["jobs"])
        for case, seen in zip(cases, done):
            self._note(case, seen, judge(case, seen, created, rig.box.image))
        for folder in folders:
            for file in folder.iterdir():
                file.unlink()

    @property
    def done(self) -> int:
        """Runs so far."""
        return sum(self.runs.values())

    def _note(self, case: Case, seen: Seen, flaws: List[Flaw]) -> None:
        self.runs[case.name] += 1
        self.unknown += seen.outcome.name == "UNKNOWN"
        for flaw in flaws:
            self.flaws.setdefault(case.name, []).append((case, flaw))
            self.totals[flaw.kind] += 1

    def report(self, report: Report) -> None:
        """One line a case, then the totals."""
        for name, runs in self.runs.items():
            wrong = self.flaws.get(name, [])
            why = "; ".join("%s (repetition %d): %s" % (flaw.kind, case.repeat, flaw.text) for case, flaw in wrong[:3])
            report.ok(not wrong, "%s, %d times" % (name, runs), why)
        report.ok(self.duplicates == 0, "the cloud counted %d jobs and %d duplicates" % (self.jobs, self.duplicates))
        for kind in ORDER:
            report.ok(self.totals[kind] == 0, "%s: %d" % (kind, self.totals[kind]))
        worst = sorted(
            (
                (ORDER.index(flaw.kind), name, case.repeat, flaw.text)
                for name, found in self.flaws.items()
                for case, flaw in found
            )
        )
        for rank, name, repeat, text in worst[:200]:
            report.note("%s: %s, repetition %d: %s" % (ORDER[rank], name, repeat, text[:300]))


def main() -> int:
    """Run what was asked for."""
    p = argparse.ArgumentParser()
    p.add_argument("--journal", action="store_true")
    p.add_argument("--repeats", type=int, default=2)
    p.add_argument("--first", type=int, default=0)
    p.add_argument("--workers", type=int, default=24)
    p.add_argument("--case", default="")
    p.add_argument("--list", action="store_true")
    options = p.parse_args()
    words = {*options.case.split(), *(["submit"] if options.journal else [])}
    chosen = [case for case in every(options.repeats, options.first) if words <= set(case.name.split())]
    if options.list:
        print("\n".join(dict.fromkeys(case.name for case in chosen)))
        return 0
    report = Report("matrix with a journal" if options.journal else "matrix")
    began = time.monotonic()
    # What only a time-out ends is run apart: its limits are short, and the others would make it late.
    slow = [case for case in chosen if case.fault.slow]
    rest = [case for case in chosen if not case.fault.slow]
    with Rig("--duration", "0.05", "--rate", "0") as rig:
        matrix = Matrix(rig, options.workers, rig.folder / "journal" if options.journal else None)
        for group in (rest, slow):
            for start in range(0, len(group), BATCH):
                matrix.batch(group[start : start + BATCH])
                report.note("%d runs, %d flaws, %.0f s" % (matrix.done, len(matrix.flaws), time.monotonic() - began))
        matrix.report(report)
    took = time.monotonic() - began
    report.note(
        "%d cases, %d runs, %d unknown outcomes, %.0f s" % (len(matrix.runs), len(chosen), matrix.unknown, took)
    )
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
