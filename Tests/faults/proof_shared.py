"""Processes that share a rate through a file: together they keep the limit, each gets its part, and none needs another."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Dict, List, Sequence

from proof import CREATE, DESCRIBE, LONG, granted, main, refusals, until
from rig import Keys, Rig
from tap import Report

import aigc
from aigc.enums import EventType, Status
from aigc.errors import AigcError

PER_SECOND = 20.0
SECONDS = 60.0 if LONG else 10.0
CHILD = Path(__file__).with_name("share_child.py")


class Child:
    """One process of `share_child.py`."""

    def __init__(self, keys: Keys, name: str, count: int, follow: bool) -> None:
        self.name = name
        command = [sys.executable, str(CHILD), json.dumps(keys), name, str(count), str(int(follow))]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def line(self) -> str:
        """The next line that it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def go(self) -> None:
        """Let it begin, or end."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait(30)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            try:
                stream.close()
            except BrokenPipeError:
                pass


def _keys(rig: Rig, path: str) -> Keys:
    rates = {"rate.tencent.create_per_s": PER_SECOND, "rate.tencent.describe_per_s": PER_SECOND, "rate.path": path}
    return dict(rig.keys(rig.box.info["http"]), **dict(rig.own_identity("tencent"), **rates))


def _start(keys: Keys, count: int, jobs: int, follow: bool) -> List[Child]:
    children = [Child(keys, "p%d" % number, jobs, follow) for number in range(count)]
    for child in children:
        if child.line() != "ready":
            raise RuntimeError("%s did not start" % child.name)
    return children


def _arrivals(rig: Rig, operation: str) -> List[float]:
    """When the cloud saw requests of an operation, by its own clock."""
    return sorted(seen["time"] for seen in rig.box.requests(operation))


def _most(times: Sequence[float], window: float = 1.0) -> int:
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def _strictly_refused(times: Sequence[float], limit: int) -> int:
    """How many a cloud would have refused that takes so many in any second."""
    taken: List[float] = []
    refused = 0
    for at in times:
        if len(taken) >= limit and at - taken[-limit] < 1.0:
            refused += 1
        else:
            taken.append(at)
    return refused


def _jain(counts: Sequence[int]) -> float:
    return sum(counts) ** 2 / (len(counts) * sum(count * count for count in counts)) if sum(counts) else 0.0


def _parts(rig: Rig, since: float, until_: float) -> Dict[str, int]:
    return Counter(
        job["prompt"].split()[0] for job in rig.box.stats()["jobs"] if since <= job["time"] < until_
    )


def eight(rig: Rig, report: Report) -> None:
    """Eight processes with more to do than there is time for: the rate holds, and each has its part."""
    rig.box.config(rate=0.0)
    keys = _keys(rig, str(rig.folder / "rates-eight"))
    children = _start(keys, 8, int(SECONDS * PER_SECOND), False)
    try:
        for child in children:
            child.go()
        until(lambda: len({job["prompt"].split()[0] for job in rig.box.stats()["jobs"]}) == 8, 30)
        began = rig.box.stats()["jobs"][-1]["time"]
        time.sleep(SECONDS)
        ended = rig.box.stats()["jobs"][-1]["time"]
    finally:
        for child in children:
            child.end()
    times = [at for at in _arrivals(rig, CREATE["tencent"]) if began <= at < ended]
    parts = _parts(rig, began, ended)
    rate = len(times) / (ended - began)
    jain = _jain([parts.get(child.name, 0) for child in children])
    least = 0.97 if LONG else 0.93
    report.ok(least * PER_SECOND <= rate <= PER_SECOND, "eight processes: the rate is used and kept", "%.2f/s" % rate)
    report.ok(granted(rig, CREATE["tencent"]) <= 21, "eight processes: at most 21 granted in a second")
    report.ok(jain >= 0.99, "eight processes: each has its part (Jain %.4f)" % jain, dict(parts))
    report.note(
        "eight processes, %.0f s: %.2f/s, at most %d seen in a second, %d refused by a strict cloud, Jain %.4f"
        % (ended - began, rate, _most(times), _strictly_refused(times, 20), jain)
    )
    if LONG:
        report.ok(_most(times) <= 21, "eight processes: at most 21 in any second, by the cloud's clock", _most(times))


def killed_and_stopped(rig: Rig, report: Report) -> None:
    """One is killed and one is stopped: the others share what the two leave, at once."""
    rig.box.config(rate=0.0)
    keys = _keys(rig, str(rig.folder / "rates-killed"))
    children = _start(keys, 5, int(SECONDS * PER_SECOND), False)
    try:
        for child in children:
            child.go()
        until(lambda: len({job["prompt"].split()[0] for job in rig.box.stats()["jobs"]}) == 5, 30)
        children[0].process.kill()
        children[1].process.send_signal(signal.SIGSTOP)
        began = rig.box.stats()["jobs"][-1]["time"]
        time.sleep(SECONDS / 2)
        ended = rig.box.stats()["jobs"][-1]["time"]
        before = len(_arrivals(rig, CREATE["tencent"]))
        children[1].process.send_signal(signal.SIGCONT)
        until(lambda: _parts(rig, ended, ended + 60).get("p1", 0) >= 3, 30)
        report.ok(_parts(rig, ended, ended + 60).get("p1", 0) >= 3, "one that runs again has its part again")
        after = len(_arrivals(rig, CREATE["tencent"]))
    finally:
        for child in children:
            child.end()
    parts = _parts(rig, began + 0.5, ended)
    times = [at for at in _arrivals(rig, CREATE["tencent"]) if began <= at < ended]
    rate = len(times) / (ended - began)
    jain = _jain([parts.get("p%d" % number, 0) for number in (2, 3, 4)])
    report.ok(rate >= 0.9 * PER_SECOND, "one killed, one stopped: the others use the rate", "%.2f/s" % rate)
    report.ok(jain >= 0.99, "one killed, one stopped: the others share alike", dict(parts))
    report.ok(granted(rig, CREATE["tencent"]) <= 21, "one killed, one stopped: never more granted in a second")
    report.note("one killed, one stopped: %.2f/s, Jain %.4f; %d more after it ran again" % (rate, jain, after - before))


def sixteen(rig: Rig, report: Report) -> None:
    """Sixteen processes with followed jobs: hardly any throttling answer, and no job ends for one."""
    jobs = 50 if LONG else 10
    keys = _keys(rig, str(rig.folder / "rates-sixteen"))
    rig.box.config(rate=PER_SECOND, duration=2.0)
    began = time.monotonic()
    children = _start(keys, 16, jobs, True)
    try:
        for child in children:
            child.go()
        said = [child.line() for child in children]
        took = time.monotonic() - began
    finally:
        for child in children:
            child.end()
    report.ok(said == ["good %d" % jobs] * 16, "sixteen processes: every job ends well", sorted(set(said))[:3])
    stats = rig.box.stats()
    report.ok(stats["duplicates"] == 0 and len(stats["jobs"]) == 16 * jobs, "sixteen processes: no job twice")
    refused: Dict[str, int] = Counter()
    strict = 0
    for operation in (CREATE["tencent"], DESCRIBE["tencent"]):
        refused.update(refusals(rig, "tencent", operation))
        strict += _strictly_refused(_arrivals(rig, operation), 20)
    report.ok(sum(refused.values()) <= 5, "sixteen processes: at most five throttling answers", dict(refused))
    if LONG:
        report.ok(strict <= 5, "sixteen processes: a strict cloud would have refused at most five", strict)
        alone = _alone(rig, 16 * jobs)
        report.ok(took <= 1.15 * alone, "sixteen processes: hardly slower than one", "%.1f s, one %.1f s" % (took, alone))
    report.note(
        "sixteen processes, %d jobs: %.1f s, %s refused, %d by a strict cloud" % (16 * jobs, took, dict(refused), strict)
    )


def _alone(rig: Rig, jobs: int) -> float:
    """The seconds of one process with so many jobs."""
    began = time.monotonic()
    (child,) = _start(_keys(rig, str(rig.folder / "rates-alone")), 1, jobs, True)
    try:
        child.go()
        child.line()
        return time.monotonic() - began
    finally:
        child.end()


def tasks(rig: Rig, report: Report) -> None:
    """Six tasks may run: what one process learns serves the others, and one that is killed holds nothing up."""
    jobs, most = (60, 6) if LONG else (15, 6)
    keys = _keys(rig, str(rig.folder / "rates-tasks"))
    rig.box.config(rate=0.0, duration=1.0, concurrency=float(most))
    children = _start(keys, 4, jobs, True)
    try:
        for child in children:
            child.go()
        until(lambda: len(rig.box.stats()["jobs"]) >= 2 * most, 60)
        children[0].process.kill()
        said = [child.line() for child in children[1:]]
    finally:
        for child in children:
            child.end()
    stats = rig.box.stats()
    places: Dict[str, int] = max(stats["places"]["tencent"].values(), key=lambda found: found["most"])
    report.ok(said == ["good %d" % jobs] * 3, "tasks of four processes: every job ends well", sorted(set(said)))
    report.ok(stats["duplicates"] == 0, "tasks of four processes: no job twice", stats["duplicates"])
    report.ok(places["most"] == most, "tasks of four processes: all places are used", places)
    report.ok(places["refused"] <= 30, "tasks of four processes: few submissions are refused", places)
    times = [job["time"] for job in stats["jobs"]]
    busy = len(times) / (most * (times[-1] - times[0] + 1.0))
    report.note(
        "four processes, six tasks, one killed: %d jobs, %d refused, %.0f %% busy"
        % (len(times), places["refused"], 100 * busy)
    )
    rig.box.config(concurrency=0.0)


def files(rig: Rig, report: Report) -> None:
    """Where the file is, and what is said of one that cannot be it."""
    rig.box.config(rate=0.0)
    keys = dict(_keys(rig, ""), **{"journal.path": str(rig.folder / "journal")})
    aigc.Client(keys).close()
    report.ok((rig.folder / "journal" / "rates").stat().st_size == 65536, "with a journal the file is in its folder")
    keys = dict(keys, **{"journal.path": str(rig.folder / "other"), "rate.path": "none"})
    with aigc.Client(keys):
        report.ok(not (rig.folder / "other" / "rates").exists(), "none: no file")
    diary = rig.folder / "diary"
    diary.write_text("dear diary", encoding="utf-8")
    diary.chmod(0o600)
    try:
        aigc.Client(_keys(rig, str(diary))).close()
        report.ok(False, "a file of something else is refused")
    except AigcError as error:
        good = error.status is Status.FILE and str(diary) in error.message and "name another file" in error.message
        report.ok(good, "a file of something else is refused", error.message)
    report.ok(diary.read_text(encoding="utf-8") == "dear diary", "and it is left alone")
    # Nobody has asked for the file in the journal's folder: a client without it is better than none.
    third = rig.folder / "third"
    third.mkdir(0o700)
    (third / "rates").mkdir()
    with aigc.Client(dict(_keys(rig, ""), **{"journal.path": str(third)})) as client:
        warnings = [event.message for event in client.events(timeout=0) if event.type is EventType.WARNING]
    report.ok(any("keeps its own rates" in text for text in warnings), "a warning tells where it cannot be", warnings)


if __name__ == "__main__":
    sys.exit(main("shared", [files, eight, killed_and_stopped, sixteen, tasks], "--duration", "0.1", "--rate", "0"))
