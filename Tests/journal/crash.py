"""Kills hosts at random instants while they submit, and gives the same keys to the next one.

The cloud's own counts decide: no key is paid twice, no id that a host has told is lost, and in doubt is only what was on the
wire. C and Python, both clouds, answers after 5 and after 300 ms; one journal for one host at a time, and one journal for a
host in C beside one in Python with the same keys.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Set

from hosts import Host, Report, SandboxProcess, created, settings

import aigc
from aigc import journal

CREATES = ("CreateAigcImageTask", "PersonalizedTextToImageAddInferenceJob")
PLACES = 8
UNDER_WAY = 25


class Kills:
    """How many there were, over all lanes."""

    def __init__(self, wanted: int) -> None:
        self._lock = threading.Lock()
        self._left = wanted

    def are_left(self) -> bool:
        """Whether more are to come."""
        with self._lock:
            return self._left > 0

    def note(self) -> None:
        """One more."""
        with self._lock:
            self._left -= 1


class Lane:
    """One journal, and the hosts that use it one after the other or side by side."""

    def __init__(self, name: str, box: SandboxProcess, folder: Path, languages: Sequence[str], seed: int) -> None:
        self.name = name
        self.box = box
        self.folder = folder
        self.languages = languages
        self.config = settings(box, **{"http.max_in_flight": str(PLACES), "rate.tencent.create_per_s": "20"})
        self.dice = random.Random(seed)
        self.lock = threading.Lock()
        self.number = 0
        self.open: List[str] = []
        self.finished: List[str] = []
        self.told: Dict[str, Set[str]] = {}
        self.kills = 0
        self.lives = 0
        self.on_the_wire: Set[str] = set()
        self.most_on_the_wire = 0
        self.complaints: List[str] = []
        self.refused: List[str] = []

    def batch(self) -> List[str]:
        """What a life is to do: what is open, filled up with new keys, and a few that have ended long ago."""
        with self.lock:
            while len(self.open) < UNDER_WAY:
                self.open.append("%s/%d" % (self.name, self.number))
                self.number += 1
            again = self.dice.sample(self.finished, min(3, len(self.finished)))
            return self.open + again

    def heard(self, host: Host) -> None:
        """What a life has told."""
        said = host.said
        with self.lock:
            for key, remote in [*said.accepted.items(), *said.ids.items()]:
                self.told.setdefault(key, set()).add(remote)
            for key, end in said.done.items():
                if end[1] not in ("AIGC_OK", "AIGC_E_OUTCOME_UNKNOWN"):
                    self.complaints.append("%s ended as %s" % (key, " ".join(end)))
                if key in self.open:
                    self.open.remove(key)
                    self.finished.append(key)
            self.refused += ["%s %s %s" % (key, *why) for key, why in said.refused.items()]
            self.complaints += said.broken + said.warnings
            if b"Fatal error" in host.errors or b"Traceback" in host.errors:
                self.complaints.append(host.errors[-500:].decode("utf-8", "replace"))

    def live(self, language: str, kills: Kills, number: int) -> None:
        """Lives until there are no kills left."""
        dice = random.Random("%s %s %d" % (self.name, language, number))
        while kills.are_left():
            flags = [flag for flag in ("resume", "hold") if dice.random() < 0.3]
            host = Host(language, self.folder, self.batch(), self.config, flags)
            if dice.random() < 0.9 and not host.begun(60):
                self.complaints.append("a host in %s did not begin" % language)
            time.sleep(dice.random() ** 2 * 1.5)
            was_killed = host.kill()
            code = host.wait(60)
            self.heard(host)
            with self.lock:
                self.lives += 1
                self.kills += was_killed
                if not was_killed and code != 0:
                    self.complaints.append("a host in %s ended with %d: %r" % (language, code, host.errors[-300:]))
            if was_killed:
                kills.note()
                if len(self.languages) == 1:
                    self.look()

    def look(self) -> None:
        """What the dead have left on the wire."""
        if not (self.folder / "jobs.db").exists():
            return
        try:
            rows = [row["key"] for row in journal.rows(self.folder, states=["sending"])]
        except Exception as error:  # killed before the journal was whole
            if "there is none yet" not in str(error):
                self.complaints.append("reading: %s" % error)
            return
        self.on_the_wire.update(rows)
        self.most_on_the_wire = max(self.most_on_the_wire, len(rows))

    def end(self) -> Optional[Host]:
        """One host that nobody kills does all that was ever begun."""
        keys = self.finished + self.open
        host = Host(self.languages[0], self.folder, keys, self.config, ["resume"])
        code = host.wait(240)
        self.heard(host)
        if code != 0:
            self.complaints.append("the last host ended with %d: %r" % (code, host.errors[-300:]))
        return host


def judge(report: Report, lane: Lane, last: Host, counts: Dict[str, List[str]]) -> int:
    """The verdict on one journal. How many keys are in doubt."""
    def ok(bad: Sequence[object], text: str) -> None:
        report.ok(not bad, "%s: %s" % (lane.name, text), list(bad)[:5])

    rows = {row["key"]: row for row in journal.rows(lane.folder)}
    keys = lane.finished + lane.open
    ok(lane.complaints, "%d kills of %d hosts, no complaint" % (lane.kills, lane.lives))
    ok(lane.refused, "no submission was refused")
    ok([key for key in keys if key not in last.said.done], "all %d keys have an end" % len(keys))
    ok([(key, counts[key]) for key in keys if len(counts.get(key, [])) > 1], "no key was paid twice")
    unknown = {key for key in keys if rows.get(key, {}).get("state") == "unknown"}
    ok([key for key in keys if key not in unknown and len(counts.get(key, [])) != 1], "every other key was paid once")
    ok([key for key in keys if key not in unknown and rows.get(key, {}).get("state") != "succeeded"], "and has succeeded")
    ids = {key: row["remote_id"] for key, row in rows.items()}
    wrong = [(key, ids.get(key), counts.get(key)) for key in keys if key not in unknown and [ids.get(key)] != counts.get(key)]
    ok(wrong, "every id is that of its key")
    lost = [(key, told, ids.get(key)) for key, told in lane.told.items() if told != {ids.get(key)}]
    ok(lost, "no id of %d that were told is lost" % len(lane.told))
    if len(lane.languages) == 1:
        ok(sorted(unknown - lane.on_the_wire), "in doubt is only what was on the wire (%d keys)" % len(unknown))
        # An answer frees its place a moment before its id is on the disk.
        ok([lane.most_on_the_wire] if lane.most_on_the_wire > 2 * PLACES else [],
           "and that was never more than there are places")
    unseen = sum(1 for key in unknown if not counts.get(key))
    report.note("%s: %d keys in doubt after %d kills, %d of them unknown to the cloud" % (
        lane.name, len(unknown), lane.kills, unseen))
    # A note that is made before there is a place would leave a dozen for each kill.
    ok([unseen] if unseen > 1 + lane.kills else [], "few of those had not reached the cloud (%d)" % unseen)
    return len(unknown)


def resolve(report: Report, lane: Lane, counts: Dict[str, List[str]]) -> None:
    """A person looks at the console, and the keys in doubt are done as well."""
    rows = [row["key"] for row in journal.rows(lane.folder, states=["unknown"])]
    for key in rows:
        if counts.get(key):
            journal.resolve(lane.folder, key, aigc.Outcome.ACCEPTED, remote_id=counts[key][0])
        else:
            journal.resolve(lane.folder, key, aigc.Outcome.NOT_SENT)
    host = Host(lane.languages[-1], lane.folder, rows, lane.config)
    code = host.wait(120)
    bad = [(key, end) for key, end in host.said.done.items() if end[1] != "AIGC_OK"]
    report.ok(code == 0 and not bad and len(host.said.done) == len(rows),
              "%s: what was in doubt is resolved by hand, and ends well" % lane.name, (code, bad[:5], host.errors[-300:]))


def main() -> int:
    """1 if a fact is not as it should be."""
    p = argparse.ArgumentParser()
    p.add_argument("--kills", type=int, default=200)
    p.add_argument("--seed", type=int, default=int(time.time()))
    options = p.parse_args()
    report = Report("crash")
    report.note("seed %d" % options.seed)
    start = time.monotonic()
    world = ("--duration", "0.8", "--rate", "0")
    with tempfile.TemporaryDirectory(prefix="aigc-crash-") as work, SandboxProcess(*world) as slow, \
            SandboxProcess(*world) as fast:
        for box, milliseconds in ((slow, 300), (fast, 5)):
            for operation in CREATES:
                box.fault("delay_after", operation, ms=milliseconds, times=-1)
        base = Path(os.path.realpath(work))
        lanes = [
            Lane("slow-c", slow, base / "1", ["c"], options.seed),
            Lane("slow-both", slow, base / "2", ["c", "python"], options.seed),
            Lane("fast-c", fast, base / "3", ["c"], options.seed),
            Lane("fast-python", fast, base / "4", ["python"], options.seed),
        ]
        kills = Kills(options.kills)
        threads = [
            threading.Thread(target=lane.live, args=(language, kills, options.seed))
            for lane in lanes for language in lane.languages
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report.note("%d kills took %.0f s" % (sum(lane.kills for lane in lanes), time.monotonic() - start))
        lasts = [lane.end() for lane in lanes]
        total = sum(judge(report, lane, last, created(lane.box)) for lane, last in zip(lanes, lasts) if last)
        report.ok(total > 0, "some kills have met a submission on the wire", total)
        report.ok(sum(lane.kills for lane in lanes) >= options.kills, "%d kills" % options.kills)
        for lane in lanes:
            resolve(report, lane, created(lane.box))
        for box in (slow, fast):
            duplicates = box.stats(jobs=False)["duplicates"]
            report.ok(duplicates == 0, "the cloud has seen no prompt twice", duplicates)
    report.note("%.0f s" % (time.monotonic() - start))
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
