"""Stops a host before and after each step that changes a file of the journal, and lets each step fail, for every step.

The same keys are submitted again afterwards, by a host that nothing stops: no key is paid twice, no id that was told is
lost, and no step of the database's files is made outside the journal's lock (stops.c stands in each host and counts).
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Set

from hosts import ROOT, Host, Report, SandboxProcess, created, settings

HOWS = ("before", "after", "full", "broken", "full1", "broken1")
SHIM = ROOT / ".build" / "journal-tests" / "stops.so"


@dataclass
class Case:
    """One stop of one host, and the states of its keys."""

    name: str
    keys: List[str]
    how: str
    steps: List[str]
    killed: bool
    complaints: List[str]
    unknown: Set[str]
    told: Dict[str, str]
    kept: Dict[str, str]
    warned: bool


class Rig:
    """Runs cases against one sandbox."""

    def __init__(self, box: SandboxProcess, work: Path) -> None:
        self.box = box
        self.work = work
        self.config = settings(box, **{"poll.initial_ms": "50"})

    def environment(self, folder: Path, stop: str, log: Path) -> Dict[str, str]:
        """What puts the shim into a host."""
        return {
            "LD_PRELOAD": str(SHIM), "AIGC_STOP_FOLDER": str(folder), "AIGC_STOP_AT": stop, "AIGC_STOP_LOG": str(log),
        }

    def run(self, kind: str, how: str, number: int) -> Case:
        """One host that is stopped, and the same keys again. kind "new": the journal is made by the host; "used": it has been
        used before, and was left by a host that was killed."""
        name = "%s.%s.%d" % (kind, how, number)
        place = Path(tempfile.mkdtemp(dir=self.work, prefix=name + "-"))
        folder = place / "journal"
        complaints: List[str] = []
        keys = ["%s/%d" % (name, index) for index in range(2)]
        if kind == "used":
            self.leave(folder, name, complaints)
        log = place / "steps"
        host = Host("c", folder, keys, self.config, environment=self.environment(folder, "%s:%d" % (how, number), log))
        code = host.wait(60)
        killed = code == -9
        if code not in (0, 3, -9):
            complaints.append("%s: the stopped host ended with %d: %r" % (name, code, host.errors[-300:]))
        for key, (status, outcome) in host.said.refused.items():
            if status not in ("AIGC_E_JOURNAL", "AIGC_E_NO_SPACE") or outcome != "1":
                complaints.append("%s: %s was refused as %s, outcome %s" % (name, key, status, outcome))
        for line in host.said.broken:
            if not re.match(r"! AIGC_E_(JOURNAL|NO_SPACE) ", line):
                complaints.append("%s: %s" % (name, line))
        again = Host("c", folder, keys, self.config, environment=self.environment(folder, "", log))
        if again.wait(60) != 0 or not again.said.ended:
            complaints.append("%s: the host after it did not end well: %s %r" % (name, again.said.broken, again.errors[-300:]))
        steps = log.read_text().splitlines() if log.exists() else []
        unknown = {key for key, end in again.said.done.items() if end[1] == "AIGC_E_OUTCOME_UNKNOWN"}
        for key, end in again.said.done.items():
            if end[1] not in ("AIGC_OK", "AIGC_E_OUTCOME_UNKNOWN"):
                complaints.append("%s: %s ended as %s" % (name, key, end[1]))
        for key in keys:
            if key not in again.said.done:
                complaints.append("%s: %s has no end" % (name, key))
        shutil.rmtree(place, ignore_errors=True)
        warned = any("keep the job's token" in text for text in host.said.warnings)
        return Case(name, keys, how, steps, killed, complaints, unknown, host.said.ids, again.said.ids, warned)

    def leave(self, folder: Path, name: str, complaints: List[str]) -> None:
        """A used journal."""
        host = Host("c", folder, ["%s/left/%d" % (name, index) for index in range(2)], self.config)
        if host.wait(60) != 0:
            complaints.append("%s: the host before it did not end well: %r" % (name, host.errors[-300:]))


def order(report: Report, rig: Rig, provider: int) -> None:
    """One key: its intent is on the disk before the first byte leaves, and its id before the host gets it."""
    place = Path(tempfile.mkdtemp(dir=rig.work, prefix="order-"))
    log = place / "steps"
    name = "order of writes (%s)" % ("alibaba" if provider else "tencent")
    host = Host(
        "c", place / "journal", ["order/%d" % provider], rig.config, environment=rig.environment(place / "journal", "", log)
    )
    report.ok(host.wait(60) == 0 and len(host.said.accepted) == 1, "%s: a whole life" % name, host.errors)
    events: List[str] = []
    for line in log.read_text().splitlines():
        words = line.split()
        if words[0] == "send":
            events.append("send" if line == "send POST" or line == "send GET " else "")
        elif words[0] == "told":
            events.append(words[1])
        elif len(words) == 3 and words[2] == "jobs.db-wal":
            events.append({"pwrite64": "write", "pwrite": "write", "fdatasync": "sync", "fsync": "sync"}.get(words[1], ""))
    events = [event for event in events if event]
    first, told = events.index("send"), events.index("A")
    report.ok(written(events[:first]) == "sync", "%s: what is written is on the disk when the first byte leaves" % name,
              events[:first][-8:])
    report.ok("write" in events[first:told] and written(events[first:told]) == "sync",
              "%s: and the id when the host is told" % name, events[first:told])


def written(events: List[str]) -> str:
    """What was done last to the log."""
    return next((event for event in reversed(events) if event in ("write", "sync")), "")


def judge(report: Report, kind: str, how: str, cases: List[Case], counts: Dict[str, List[str]]) -> None:
    """What holds for every step at which a host was stopped."""
    what = "%s journal, %s each step" % (kind, how) if how in ("before", "after") else "%s journal, %s" % (kind, how)
    complaints = [text for case in cases for text in case.complaints]
    report.ok(not complaints, "%s: %d hosts, and the same keys again" % (what, len(cases)), complaints[:5])
    twice = [key for case in cases for key in case.keys if len(counts.get(key, [])) > 1]
    report.ok(not twice, "%s: no key was paid twice" % what, twice[:5])
    lost = [
        "%s: told %s, now %s, %s" % (key, remote, case.kept.get(key), "warned" if case.warned else "not warned")
        for case in cases for key, remote in case.told.items()
        if case.kept.get(key) != remote and not (case.warned and key in case.unknown)
    ]
    report.ok(not lost, "%s: no id is lost that was told" % what, lost[:5])
    foreign = [
        "%s: %s is not of %s" % (key, remote, counts.get(key)) for case in cases
        for key, remote in case.kept.items() if remote not in counts.get(key, [])
    ]
    report.ok(not foreign, "%s: every id is that of its key" % what, foreign[:5])
    outside = [line for case in cases for line in case.steps if line.startswith("outside")]
    report.ok(not outside, "%s: every step is made under the journal's lock" % what, sorted(set(outside))[:5])
    if how in ("before", "after"):
        report.ok(any(case.killed for case in cases), "%s: hosts were killed" % what)
    unknown = sum(len(case.unknown) for case in cases)
    seen = sum(1 for case in cases for key in case.unknown if counts.get(key))
    report.note("%s: %d keys in doubt, %d of them were created" % (what, unknown, seen))


def main() -> int:
    """1 if a fact is not as it should be."""
    p = argparse.ArgumentParser()
    p.add_argument("--only", action="append", default=[], metavar="HOW", help="one of %s" % ", ".join(HOWS))
    p.add_argument("--jobs", type=int, default=4, help="hosts at a time")
    options = p.parse_args()
    report = Report("stops")
    with tempfile.TemporaryDirectory(prefix="aigc-stops-") as work, SandboxProcess("--duration", "0.05", "--rate", "0") as box:
        rig = Rig(box, Path(os.path.realpath(work)))
        for provider in range(2):
            order(report, rig, provider)
        with ThreadPoolExecutor(options.jobs) as pool:
            for kind in ("new", "used"):
                whole = rig.run(kind, "never", 0)
                own = [line for line in whole.steps if line[0].isdigit()]
                # The second host's steps begin at 1 again.
                ones = [index for index, line in enumerate(own) if line.startswith("1 ")]
                most = ones[1] if len(ones) > 1 else len(own)
                report.ok(most > 20 and not whole.complaints, "%s journal: a whole life has %d steps" % (kind, most), own[:5])
                for how in HOWS:
                    if options.only and how not in options.only:
                        continue
                    # How many steps there are depends on how they come together in groups.
                    numbers = range(1, most + 6)
                    cases = list(pool.map(lambda number, kind=kind, how=how: rig.run(kind, how, number), numbers))
                    judge(report, kind, how, cases, created(box))
        report.ok(box.stats(jobs=False)["duplicates"] == 0, "the cloud has seen no prompt twice")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
