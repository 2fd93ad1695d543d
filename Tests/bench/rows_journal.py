"""What a journal costs: CPU of a submission that is written down, and resuming after a crash."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import List, Sequence

from lab import Figures, Lab, Measures, Row, cpu_per_call, limit, per_second


def submissions(lab: Lab) -> List[Row]:
    """CPU of a submission with a journal, against the same without one; beside it the commits alone, by a C program."""
    rows = []
    for width, calls, most in ((1, 2000, 200), (64, 30000, 20)):
        count = lab.count(calls)

        def kept(width: int = width, count: int = count) -> Figures:
            with tempfile.TemporaryDirectory(dir=lab.out, prefix="journal-") as folder:
                return lab.program("ours", lab.host, lab.ca, "submit", width, count, "journal.path=" + folder)

        def plain(width: int = width, count: int = count) -> Figures:
            return lab.program("ours", lab.host, lab.ca, "submit", width, count)

        def commits(width: int = width, count: int = count) -> Figures:
            with tempfile.TemporaryDirectory(dir=lab.out, prefix="commits-") as folder:
                return lab.program("commits", folder, max(1, width // 2), count)

        without, with_one, alone = lab.in_turns(5, plain, kept, commits)
        added = min(cpu_per_call(with_one)) - min(cpu_per_call(without))
        note = "%.3g without, %.3g with; %.0f a second; the commits alone take %.3g" % (
            min(cpu_per_call(without)), min(cpu_per_call(with_one)), max(per_second(with_one)), min(cpu_per_call(alone)))
        rows.append(limit("journal: CPU added to a submission, %d in flight" % width, "us", added, most, note))
        if width == 1:
            rows.append(at_the_same_pace(lab, count, most, with_one))
    return rows


def at_the_same_pace(lab: Lab, count: int, most: float, with_one: Sequence[Figures]) -> Row:
    """What waits for a disk between two submissions finds its caches cold: so does one without a journal that pauses."""
    pause = round(1e6 / max(per_second(with_one)))
    paused = [
        lab.run(lab.out / "bin" / "ours", lab.host, lab.ca, "submit", 1, count, BENCH_PAUSE_US=str(pause))
        for _ in range(lab.times(5))]
    added = min(cpu_per_call(with_one)) - min(cpu_per_call(paused))
    note = "%.3g without, after a pause of %d us each" % (min(cpu_per_call(paused)), pause)
    return limit("journal: CPU added to a submission, 1 in flight, at the same pace", "us", added, most, note)


def resume(lab: Lab) -> List[Row]:
    """A hundred thousand accepted jobs of a client that is gone."""
    jobs = 100_000
    folder = Path(tempfile.mkdtemp(dir=lab.out, prefix="journal-"))
    try:
        first = lab.program("resume", lab.host, lab.ca, 0, "journal.path=%s" % folder)
        assert first["calls"] == 0
        # Of the program that has just ended: nobody holds its file any more.
        connection = sqlite3.connect(folder / "jobs.db")
        (owner,) = connection.execute("SELECT max(id) FROM owner").fetchone()
        values = (
            ("batch-7/%06d" % number, "tencent", "aigc_image", "ap-guangzhou", "https://" + lab.host, b"d" * 32, owner,
             "4-AigcImage-%032x" % number) for number in range(jobs)
        )
        connection.executemany(
            "INSERT INTO job(key, provider, operation, region, endpoint, digest, owner, remote_id, state, outcome, "
            "claimed_at_ms, accepted_at_ms, changed_at_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, 3, 3, 1, 1, 1)", values)
        connection.commit()
        connection.close()
        run = lab.program("resume", lab.host, lab.ca, jobs, "journal.path=%s" % folder)
        note = "%.3g s of CPU; the file has %.0f bytes a job" % (
            run["cpu"], (folder / "jobs.db").stat().st_size / jobs)
        return [limit("journal: resuming 100,000 open jobs", "s", run["seconds"], 2, note)]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def unused(lab: Lab) -> List[Row]:
    """Without a journal SQLite is not even opened, and a submission runs none of the journal's code."""
    needed = subprocess.run(
        ["ldd", str(lab.library)], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    with tempfile.TemporaryDirectory(dir=lab.out, prefix="unused-") as folder:
        steps = []
        for number in (500, 2500):
            file = Path(folder, str(number))
            lab.run("valgrind", "--tool=callgrind", "--callgrind-out-file=%s" % file, lab.out / "bin" / "ours", lab.host,
                    lab.ca, "submit", 16, number)
            listed = subprocess.run(["callgrind_annotate", "--threshold=100", str(file)], stdout=subprocess.PIPE,
                                    encoding="utf-8", check=True).stdout
            # The module Journal, its C, and the engine's part.
            found = re.findall(r"^ *([\d,]+) .*:(?:\$s7Journal|aigcs_|\$s6Engine\d+(?:Journal|Mirror))", listed, re.M)
            steps.append(sum(int(figure.replace(",", "")) for figure in found))
    each = (steps[1] - steps[0]) / 2000
    return [
        limit("journal: libraries that are loaded for one that is not used", "libraries", needed.count("sqlite"), 0),
        limit("journal: instructions of a submission in the code of one that is not used", "instructions", each, 10),
    ]


MEASURES: Measures = [("journal", submissions), ("resume", resume), ("unused", unused)]
