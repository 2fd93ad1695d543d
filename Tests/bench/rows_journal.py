"""What a journal costs: CPU of a submission that is written down, and resuming after a crash."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import List

from lab import Lab, Measures, Row, cpu_per_call, limit


def submissions(lab: Lab) -> List[Row]:
    """CPU of a submission with a journal, against the same without one."""
    rows = []
    for width, calls, most in ((1, 2000, 200), (64, 30000, 20)):
        count = lab.count(calls)

        def kept(width: int = width, count: int = count) -> dict:
            folder = tempfile.mkdtemp(dir=lab.out, prefix="journal-")
            try:
                return lab.program("ours", lab.host, lab.ca, "submit", width, count, "journal.path=" + folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)

        def plain(width: int = width, count: int = count) -> dict:
            return lab.program("ours", lab.host, lab.ca, "submit", width, count)

        without, with_one = lab.in_turns(5, plain, kept)
        added = min(cpu_per_call(with_one)) - min(cpu_per_call(without))
        note = "%.3g without, %.3g with; %.0f a second" % (
            min(cpu_per_call(without)), min(cpu_per_call(with_one)),
            max(run["calls"] / run["seconds"] for run in with_one))
        rows.append(limit("journal: CPU added to a submission, %d in flight" % width, "us", added, most, note))
    return rows


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
    """Without a journal no call of SQLite's is made: the library is not even opened."""
    traced = subprocess.run(
        ["ldd", str(lab.library)], stdout=subprocess.PIPE, encoding="utf-8", check=True).stdout
    return [limit("journal: libraries that are loaded for one that is not used", "libraries", traced.count("sqlite"), 0)]


MEASURES: Measures = [("journal", submissions), ("resume", resume), ("unused", unused)]
