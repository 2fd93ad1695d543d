"""Several hosts with one journal and the same keys at the same time: C beside Python, and eight processes.

The cloud's counts say that each key was created once; all hosts end with the same ids. When one of two is killed, the other
one follows its jobs.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from hosts import Host, Report, SandboxProcess, created, settings

from aigc import journal


def at_once(report: Report, box: SandboxProcess, folder: Path, languages: Sequence[str], count: int) -> None:
    """Hosts that submit the same keys."""
    what = "%d hosts (%s), %d keys" % (len(languages), ", ".join(sorted(set(languages))), count)
    keys = ["%s-%d/%d" % (folder.name, len(languages), index) for index in range(count)]
    start = time.monotonic()
    hosts = [Host(language, folder, keys, settings(box)) for language in languages]
    codes = [host.wait(240) for host in hosts]
    errors = [host.errors[-200:] for host in hosts if host.errors]
    report.ok(set(codes) == {0}, "%s: all hosts end well" % what, (codes, errors[:3], [h.said.broken for h in hosts]))
    report.note("%s: %.1f s" % (what, time.monotonic() - start))
    counts = created(box)
    wrong = [key for key in keys if len(counts.get(key, [])) != 1]
    report.ok(not wrong, "%s: each key was created once" % what, [(key, counts.get(key)) for key in wrong[:5]])
    for number, host in enumerate(hosts):
        ends = {key: (end[1], end[3]) for key, end in host.said.done.items()}
        expected: Dict[str, Tuple[str, str]] = {key: ("AIGC_OK", counts[key][0]) for key in keys if counts.get(key)}
        bad = [(key, ends.get(key), expected.get(key)) for key in keys if ends.get(key) != expected.get(key)]
        report.ok(not bad, "%s: host %d has the job of every key" % (what, number + 1), bad[:5])


def killed(report: Report, box: SandboxProcess, folder: Path, first: str, second: str) -> None:
    """A host is stopped, and then killed, while another one has the same keys."""
    what = "a host in %s beside one in %s" % (first, second)
    keys = ["%s-killed/%d" % (folder.name, index) for index in range(20)]
    box.config(duration=20.0)
    owner = Host(first, folder, keys, settings(box))
    await_true(lambda: len(owner.said.accepted) == len(keys))
    watcher = Host(second, folder, keys, settings(box))
    await_true(lambda: len(watcher.said.accepted) == len(keys))
    report.ok(watcher.said.accepted == owner.said.accepted, "%s: both know the same ids" % what)
    owner.process.send_signal(signal.SIGSTOP)
    before = owners(folder, keys)
    time.sleep(1)
    report.ok(owners(folder, keys) == before and len(before) == 1, "%s: a stopped one keeps its jobs" % what, before)
    owner.kill()
    owner.wait(30)
    start = time.monotonic()
    taken = await_true(lambda: not owners(folder, keys) & before)
    report.ok(taken, "%s: the jobs of a killed one are taken over" % what, owners(folder, keys))
    report.note("%s: taken over after %.2f s" % (what, time.monotonic() - start))
    code = watcher.wait(120)
    good = [key for key, end in watcher.said.done.items() if end[1] == "AIGC_OK"]
    report.ok(code == 0 and len(good) == len(keys), "%s: and end well there" % what, (code, watcher.said.done))
    box.config(duration=0.3)


def owners(folder: Path, keys: List[str]) -> "set[int]":
    """Who has the jobs of some keys."""
    return {row["owner"] for row in journal.rows(folder, prefix=keys[0].split("/")[0])}


def await_true(fact: "object", seconds: float = 60) -> bool:
    """Waits until a fact holds."""
    assert callable(fact)
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def main() -> int:
    """1 if a fact is not as it should be."""
    report = Report("pairs")
    with tempfile.TemporaryDirectory(prefix="aigc-pairs-") as work, SandboxProcess("--duration", "0.3", "--rate", "0") as box:
        base = Path(os.path.realpath(work))
        at_once(report, box, base / "two", ["c", "python"], 200)
        at_once(report, box, base / "eight", ["c"] * 6 + ["python"] * 2, 1_000)
        killed(report, box, base / "one", "c", "python")
        killed(report, box, base / "other", "python", "c")
        report.ok(box.stats(jobs=False)["duplicates"] == 0, "the cloud has seen no prompt twice")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
